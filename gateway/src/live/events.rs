//! `GET /api/nsk/v1/streams`: one stream as server-sent events, for networks through which no socket
//! gets. The same frames, resumed by `Last-Event-ID`; commands go over plain HTTP.

use super::conn::Conn;
use super::encode::Path;
use super::socket::Body;
use super::streams::{self, Ask};
use super::worker::Worker;
use crate::auth::Principal;
use crate::error::ApiError;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use actors::feed::{Resume, Topic};
use serde::Deserialize;
use std::rc::Rc;

/// Where the browser stood when the connection broke.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Keeps proxies from collecting events.
const NO_BUFFERING: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// The query.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// The stream, such as `exam:42` or `board`.
    s: String,
    /// A ticket, where neither a cookie nor a header can be sent.
    ticket: Option<String>,
}

/// `GET /api/nsk/v1/streams`.
///
/// # Errors
/// 401 and 403 without a right to the stream, 404 when it does not exist, 503 when there are too
/// many connections or the program stops.
pub async fn events(
    request: HttpRequest,
    query: web::Query<StreamQuery>,
) -> Result<HttpResponse, ApiError> {
    let worker = request.app_data::<Rc<Worker>>().cloned();
    let worker = worker.ok_or_else(|| ApiError::internal(&"no worker for live connections"))?;
    let app = worker.app.clone();
    let principal = match &query.ticket {
        // Whoever asked for it may have signed out since.
        Some(ticket) => {
            let taken = worker.hub.tickets.take(ticket, app.clock.now());
            taken.filter(|principal| app.auth.still_holds(principal))
        }
        None => request.extensions().get::<Principal>().cloned(),
    };
    let principal = principal.ok_or_else(ApiError::unauthorized)?;
    let topic = Topic::parse(&query.s);
    let topic = topic.ok_or_else(|| ApiError::not_found("there is no such stream"))?;
    if *app.draining.borrow() {
        return Err(ApiError::unavailable("the program stops"));
    }
    streams::audience(&app, &principal, &topic).await?;
    let busy = || ApiError::unavailable("too many connections");
    let mut place = worker.hub.enter().ok_or_else(busy)?;
    if !worker.hub.name(&mut place, principal.person) {
        return Err(busy());
    }
    let resume = request.headers().get(LAST_EVENT_ID).and_then(last_event);
    let conn = Conn::new(worker, place, Path::Events);
    conn.state().principal = Some(principal);
    streams::follow(&conn, Ask { topic, id: None, resume }, 0);
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(NO_BUFFERING)
        .body(Body::sending(conn)))
}

/// `<epoch>:<seq>`.
fn last_event(value: &HeaderValue) -> Option<Resume> {
    let (epoch, seq) = value.to_str().ok()?.rsplit_once(':')?;
    Some(Resume { epoch: epoch.to_owned(), seq: seq.parse().ok()?, hash: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_event_names_epoch_and_number() {
        let read = |text: &'static str| last_event(&HeaderValue::from_static(text));
        let at = |epoch: &str, seq| Some(Resume { epoch: epoch.into(), seq, hash: None });
        assert_eq!(read("7f3a-1:118"), at("7f3a-1", 118));
        assert_eq!(read("7f3a:1:118"), at("7f3a:1", 118));
        assert_eq!(read("118"), None);
        assert_eq!(read("e:"), None);
        assert_eq!(read("e:-1"), None);
    }
}
