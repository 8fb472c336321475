//! The span of each request: its id is in every log line below it and in the answer's header.

use crate::app::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use tracing::Instrument;

/// The header that carries a request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken over from a client.
const ID_CHARS_MAX: usize = 64;

/// The id of the request at hand, in its extensions.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Middleware for the whole application, outermost: `wrap(from_fn(telemetry::trace))`.
///
/// # Errors
/// What the inner service fails with.
pub async fn trace<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
        return next.call(request).await;
    };
    let id = given_id(&request).unwrap_or_else(|| app.ids.command_id().to_string());
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let exam = segment(&route, request.path(), "{exam_id}").unwrap_or_default();
    let span = tracing::info_span!(
        "request",
        id = %id,
        method = %request.method(),
        route = %route,
        exam,
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let begun = app.clock.monotonic_us();
    let result = next.call(request).instrument(span.clone()).await;
    let took_us = app.clock.monotonic_us() - begun;
    let status = match &result {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    app.metrics.request(status, took_us);
    span.in_scope(|| tracing::debug!(status, took_us, "answered"));
    result.map(|mut response| {
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    })
}

/// The part of a path that stands where its pattern has the placeholder. The router has not run
/// yet, so it is not asked.
fn segment<'p>(pattern: &str, path: &'p str, placeholder: &str) -> Option<&'p str> {
    let at = pattern.split('/').position(|part| part == placeholder)?;
    path.split('/').nth(at)
}

/// A client's own id, when it is short and plain: it goes into logs.
fn given_id(request: &ServiceRequest) -> Option<String> {
    let text = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let sound = !text.is_empty() && text.len() <= ID_CHARS_MAX && text.bytes().all(plain);
    sound.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exam_is_read_from_the_path() {
        let pattern = "/api/v1/exam/{exam_id}/action";
        assert_eq!(segment(pattern, "/api/v1/exam/42/action", "{exam_id}"), Some("42"));
        assert_eq!(segment("/token", "/token", "{exam_id}"), None);
    }
}
