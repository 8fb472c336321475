//! The board over plain HTTP.

use crate::app::App;
use crate::error::ApiError;
use crate::wire::VIEW_VERSION;
use crate::wire::exams::{BoardSnapshot, Present, PresentList};
use actix_web::web;
use actors::feed::Topic;
use serde::Deserialize;

/// `GET /api/nsk/v1/board`.
pub async fn show(app: web::Data<App>) -> web::Json<BoardSnapshot> {
    let now = app.board.snapshot();
    web::Json(BoardSnapshot {
        epoch: now.epoch.to_string(),
        seq: now.seq,
        hash: now.hash,
        v: VIEW_VERSION,
        state: now.state,
    })
}

/// Which stream is meant.
#[derive(Deserialize)]
pub struct PresenceQuery {
    s: String,
}

/// `GET /api/nsk/v1/presence`: who looks at a stream now, on any node.
///
/// # Errors
/// 404 for what is no stream.
pub async fn presence(
    app: web::Data<App>,
    query: web::Query<PresenceQuery>,
) -> Result<web::Json<PresentList>, ApiError> {
    let topic = Topic::parse(&query.s);
    let topic = topic.ok_or_else(|| ApiError::not_found("there is no such stream"))?;
    let found = app.presence.list(&topic.to_string()).await;
    let known = found.is_some();
    let mut people = found.unwrap_or_default();
    people.truncate(usize::try_from(app.live.list_max).unwrap_or(usize::MAX));
    let people = people.into_iter().map(|m| Present { person: m.person, role: m.role }).collect();
    Ok(web::Json(PresentList { known, people }))
}
