//! The board over plain HTTP.

use crate::app::App;
use crate::wire::VIEW_VERSION;
use crate::wire::exams::BoardSnapshot;
use actix_web::web;

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
