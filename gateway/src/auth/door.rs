//! Whether a route is open while revocations are not known as they should be.

use super::permissions::{self, Who};
use crate::app::App;
use crate::error::ApiError;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, web};
use engine::Span;
use engine::identity::standing::{Door, Kind};

/// How old, in whole seconds, the knowledge of revocations was behind an answer.
pub const AGE_HEADER: HeaderName = HeaderName::from_static("x-revocation-age");

/// What stale knowledge of revocations may harm on a route that is not open to everybody.
fn kind_of(method: &Method) -> Kind {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS];
    if safe.contains(method) { Kind::Reads } else { Kind::Changes }
}

/// Looks whether a request may go on; answers the age to tell, where it must be told.
///
/// # Errors
/// 503 with `Retry-After`.
pub fn door(request: &HttpRequest) -> Result<Option<Span>, ApiError> {
    let Some(app) = request.app_data::<web::Data<App>>() else { return Ok(None) };
    let door = app.revocation.door(kind_of(request.method()));
    if door == Door::Open || is_public(request) {
        return Ok(None);
    }
    match door {
        Door::Open => Ok(None),
        Door::OpenWithAge(age) => Ok(Some(age)),
        Door::ClosedRetry(wait) => Err(closed(wait)),
    }
}

/// The refusal of a closed door.
pub fn closed(wait: Span) -> ApiError {
    let mut error = ApiError::unavailable("revocations are not known well enough at this moment");
    error.after_ms = wait.0.unsigned_abs();
    error
}

/// Writes the age of the knowledge into an answer.
pub fn tell(headers: &mut HeaderMap, age: Option<Span>) {
    if let Some(age) = age {
        headers.insert(AGE_HEADER, HeaderValue::from(age.0.div_euclid(1_000).unsigned_abs()));
    }
}

fn is_public(request: &HttpRequest) -> bool {
    let pattern = request.match_pattern();
    let found = pattern.and_then(|p| permissions::find(request.method().as_str(), &p));
    found.is_none_or(|permission| permission.who == Who::Anyone)
}
