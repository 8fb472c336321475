//! Whether a route is open while revocations are not known as they should be.

use super::permissions::{self, Who};
use crate::app::App;
use crate::error::ApiError;
use crate::passport::oauth::fault::Fault;
use crate::passport::pages;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use engine::Span;
use engine::identity::standing::{Door, Kind};

/// How old, in whole seconds, the knowledge of revocations was behind an answer.
pub const AGE_HEADER: HeaderName = HeaderName::from_static("x-revocation-age");

/// What stale knowledge of revocations may harm on a route.
fn kind_of(method: &str, pattern: &str) -> Kind {
    let safe = matches!(method, "GET" | "HEAD" | "OPTIONS");
    match pattern {
        "/oauth/jwks" | "/passport/style.css" => Kind::Public,
        "/oauth/introspect" => Kind::Introspects,
        "/token" | "/passport" | "/v1/me/roles" | "/api/nsk/v1/tickets" => Kind::Grants,
        "/api/nsk/v1/session" if !safe => Kind::Grants,
        _ if pattern.starts_with("/oauth/") || pattern.starts_with("/passport/") => Kind::Grants,
        _ if permissions::find(method, pattern).is_none_or(|line| line.who == Who::Anyone) => {
            Kind::Public
        }
        _ if safe => Kind::Reads,
        _ => Kind::Changes,
    }
}

/// Looks whether a request may go on; answers the age to tell, where it must be told.
///
/// # Errors
/// 503 with `Retry-After`, in the shape that the route's clients know.
pub async fn door(request: &HttpRequest) -> Result<Option<Span>, HttpResponse> {
    let Some(app) = request.app_data::<web::Data<App>>() else { return Ok(None) };
    let Some(pattern) = request.match_pattern() else { return Ok(None) };
    match app.revocation.open(kind_of(request.method().as_str(), &pattern)).await {
        Door::Open => Ok(None),
        Door::OpenWithAge(age) => Ok(Some(age)),
        Door::ClosedRetry(wait) => Err(refusal(app, request, &pattern, wait)),
    }
}

/// The refusal of a closed door.
pub fn closed(wait: Span) -> ApiError {
    let mut error = ApiError::unavailable("revocations are not known well enough at this moment");
    error.after_ms = wait.0.unsigned_abs();
    error
}

/// The same as the clients of a route know it.
fn refusal(app: &web::Data<App>, request: &HttpRequest, pattern: &str, wait: Span) -> HttpResponse {
    let seconds = wait.0.unsigned_abs().div_ceil(1_000);
    if pattern.starts_with("/oauth/") || pattern.starts_with("/v1/me/") {
        return Fault::closed(seconds).error_response();
    }
    if pattern.starts_with("/passport") {
        return pages::closed(app, request, seconds);
    }
    closed(wait).error_response()
}

/// Writes the age of the knowledge into an answer.
pub fn tell(headers: &mut HeaderMap, age: Option<Span>) {
    if let Some(age) = age {
        headers.insert(AGE_HEADER, HeaderValue::from(age.0.div_euclid(1_000).unsigned_abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_is_of_the_kind_that_its_harm_makes_it() {
        for (method, pattern, kind) in [
            ("GET", "/oauth/jwks", Kind::Public),
            ("GET", "/.well-known/openid-configuration", Kind::Public),
            ("GET", "/readyz", Kind::Public),
            ("GET", "/live", Kind::Public),
            ("GET", "/board", Kind::Public),
            ("POST", "/oauth/introspect", Kind::Introspects),
            ("POST", "/oauth/token", Kind::Grants),
            ("POST", "/oauth/par", Kind::Grants),
            ("POST", "/oauth/revoke", Kind::Grants),
            ("GET", "/oauth/authorize", Kind::Grants),
            ("GET", "/passport/login", Kind::Grants),
            ("POST", "/token", Kind::Grants),
            ("POST", "/api/nsk/v1/session", Kind::Grants),
            ("DELETE", "/api/nsk/v1/session", Kind::Grants),
            ("POST", "/api/nsk/v1/tickets", Kind::Grants),
            ("GET", "/api/nsk/v1/session", Kind::Reads),
            ("HEAD", "/api/nsk/v1/board", Kind::Reads),
            ("POST", "/api/nsk/v1/exams/{exam_id}/commands", Kind::Changes),
            ("POST", "/api/v1/admin/poweroff", Kind::Changes),
            ("POST", "/api/nsk/v1/passport/people", Kind::Changes),
        ] {
            assert_eq!(kind_of(method, pattern), kind, "{method} {pattern}");
        }
    }
}
