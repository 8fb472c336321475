//! The audit over HTTP, for administrators: searching, and the export.

use super::checkpoints::public_keys;
use super::export::{self, Exporter};
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use crate::passport::audit::Entry;
use actix_web::{HttpResponse, web};
use engine::Moment;
use engine::identity::audit::Sealed;
use entities::{AUDIT_PER_READ_MAX, AuditFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Events of one page when nothing else is asked for.
const PAGE: u32 = 100;

/// The query of `GET /api/nsk/v1/passport/audit`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    kind: Option<String>,
    actor: Option<String>,
    subject: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    before: Option<u64>,
    limit: Option<u32>,
}

/// A page of the audit, the latest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// Name of the chain.
    pub stream: String,
    /// Whether commits work now.
    pub working: bool,
    /// Whether the chain contradicted a checkpoint when the program started.
    pub broken: bool,
    /// The events with their hashes.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Sealed>,
    /// `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// `GET /api/nsk/v1/passport/audit`.
///
/// # Errors
/// 503 when the store does not answer.
pub async fn list(
    app: web::Data<App>,
    query: web::Query<AuditQuery>,
) -> Result<web::Json<AuditPage>, ApiError> {
    let query = query.into_inner();
    let audit = &app.passport.audit;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, AUDIT_PER_READ_MAX);
    let filter = AuditFilter {
        stream: Some(audit.stream().to_owned()),
        kind: query.kind,
        actor: query.actor,
        subject: query.subject,
        since: query.since.map(Moment),
        until: query.until.map(Moment),
        before: query.before,
    };
    let events = app.passport.store.audit_search(&filter, limit).await.map_err(unanswered)?;
    let next = events.last().map(|last| last.event.seq);
    let next = next.filter(|_| events.len() == limit as usize);
    Ok(web::Json(AuditPage {
        stream: audit.stream().to_owned(),
        working: audit.is_working(),
        broken: audit.is_broken(),
        events,
        next,
    }))
}

/// `GET /api/nsk/v1/passport/audit/export`: the whole chain, a JSON object a line.
///
/// # Errors
/// 503 when the store does not answer, or that somebody exports cannot be recorded.
pub async fn download(app: web::Data<App>, principal: Principal) -> Result<HttpResponse, ApiError> {
    let audit = &app.passport.audit;
    let (actor, detail) = (Some(principal.person.to_string()), json!({}));
    audit.record(Entry { kind: "audit.export", actor, subject: None, detail }).await?;
    let keys = public_keys(&app.passport.keys);
    let (store, stream) = (app.passport.store.clone(), audit.stream().to_owned());
    let exporter = Exporter::new(store, stream, keys).await.map_err(unanswered)?;
    let body = futures_util::stream::try_unfold(exporter, |mut exporter| async move {
        let lines = exporter.next().await.map_err(unanswered)?;
        let Some(lines) = lines else { return Ok::<_, actix_web::Error>(None) };
        let text = export::text(&lines).map_err(|e| ApiError::internal(&e))?;
        Ok(Some((bytes::Bytes::from(text), exporter)))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/jsonl")
        .insert_header(("content-disposition", "attachment; filename=\"nsk-audit.jsonl\""))
        .streaming(body))
}

fn unanswered(error: entities::StoreError) -> ApiError {
    tracing::warn!(%error, "audit not read");
    ApiError::unavailable("the audit cannot be read at this moment")
}
