//! Reading a picture over HTTP: what the scanner saw goes in, a verdict comes out.

use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::http::body;
use crate::passport::format::qr::{SCANNED_BYTES_MAX, Verdict};
use crate::wire::qr::{ReadQr, Scanned, Shown};
use actix_web::web;

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
    let reader = principal.person.to_string();
    let verdict = app.passport.read_qr(scanned.scanned.as_bytes(), reader).await?;
    Ok(web::Json(said(&verdict)))
}

/// The verdict as the API writes it.
fn said(verdict: &Verdict) -> ReadQr {
    let (since, reason) = match verdict {
        Verdict::Valid(_) => (None, None),
        Verdict::ValidUncheckedSince(_, at) => (at.map(|at| at.0), None),
        Verdict::Invalid(fault) => (None, Some(fault.to_string())),
    };
    let shown = verdict.claims().map(|claims| Shown {
        uid: claims.sub,
        upn: claims.upn.clone(),
        name: claims.name.clone(),
        person: claims.person,
        roles: claims.roles.clone(),
        groups: claims.groups.clone(),
        oid: claims.oid,
        expires_at: claims.exp.0,
        jti: claims.jti.clone(),
    });
    ReadQr { verdict: verdict.word(), since, reason, shown }
}
