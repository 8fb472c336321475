//! Whether the program lives, whether it can work, and what it counts.

use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use engine::exam::Role;
use serde_json::json;

/// `GET /livez`: this thread answers. Asks nothing of the store.
pub async fn livez() -> web::Json<serde_json::Value> {
    web::Json(json!({"status": "alive"}))
}

/// `GET /readyz`: 503 while the journal is in trouble or the program stops.
pub async fn readyz(app: web::Data<App>) -> HttpResponse {
    match app.not_ready() {
        None => HttpResponse::Ok().json(json!({"status": "ready"})),
        Some(why) => {
            HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "why": why}))
        }
    }
}

/// `GET /metrics`: for programs of this machine, and elsewhere for services, operators and
/// administrators. What came through a proxy does not count as this machine.
pub async fn metrics(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if !is_local(&request) {
        let principal = request.extensions().get::<Principal>().cloned();
        let principal = principal.ok_or_else(ApiError::unauthorized)?;
        if !principal.has_any(&[Role::Service, Role::Operator, Role::Administrator]) {
            return Err(ApiError::forbidden("only for: service, operator, administrator"));
        }
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(HttpResponse::Ok().content_type(kind).body(app.metrics_page()))
}

fn is_local(request: &HttpRequest) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip"];
    let direct = !forwarded.iter().any(|name| request.headers().contains_key(*name));
    direct && request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
}
