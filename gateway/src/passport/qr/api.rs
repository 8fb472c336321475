//! Reading a picture over HTTP: what the scanner saw goes in, a verdict comes out.

use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::http::body;
use crate::passport::audit::Entry;
use crate::passport::format::qr::{SCANNED_BYTES_MAX, Verdict};
use crate::wire::qr::{ReadQr, Scanned, Shown};
use actix_web::web;
use serde_json::json;

/// Longest body, bytes: every byte that was scanned may be written as an escape of six.
const BODY_BYTES_MAX: usize = 6 * SCANNED_BYTES_MAX + 256;

/// `POST /api/nsk/v1/passport/qr`.
///
/// # Errors
/// 400 and 422 for a body that is not `{"scanned": "…"}`; 503 when the reading cannot be recorded.
/// A picture that is no good is no error: its verdict says so.
pub async fn read(
    app: web::Data<App>,
    principal: Principal,
    payload: web::Payload,
) -> Result<web::Json<ReadQr>, ApiError> {
    let scanned: Scanned = body::json(payload, BODY_BYTES_MAX).await?;
    let verdict = app.passport.read_qr(scanned.scanned.as_bytes());
    let answer = said(verdict);
    let shown = answer.shown.as_ref();
    let entry = Entry {
        kind: "qr.read",
        actor: Some(principal.person.to_string()),
        subject: shown.map(|shown| shown.uid.to_string()),
        detail: json!({"verdict": answer.verdict, "jti": shown.map(|shown| &shown.jti)}),
    };
    app.passport.audit.record(entry).await?;
    Ok(web::Json(answer))
}

/// The verdict as the API writes it.
pub fn said(verdict: Verdict) -> ReadQr {
    let known =
        |verdict, since: Option<engine::Moment>, claims: &engine::identity::Claims| ReadQr {
            verdict,
            since: since.map(|at| at.0),
            reason: None,
            shown: Some(Shown {
                uid: claims.sub,
                upn: claims.upn.clone(),
                name: claims.name.clone(),
                person: claims.person,
                roles: claims.roles.clone(),
                groups: claims.groups.clone(),
                oid: claims.oid,
                expires_at: claims.exp.0,
                jti: claims.jti.clone(),
            }),
        };
    match verdict {
        Verdict::Valid(claims) => known("valid", None, &claims),
        Verdict::ValidUncheckedSince(claims, at) => known("valid_unchecked_since", at, &claims),
        Verdict::Invalid(fault) => {
            ReadQr { verdict: "invalid", since: None, reason: Some(fault.to_string()), shown: None }
        }
    }
}
