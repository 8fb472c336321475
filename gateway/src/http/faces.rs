//! The face that an error shows: problem+json on the modern API, `{"detail": …}` on the legacy
//! routes of the МАК. Errors travel inside as [`ApiError`]; here, outermost, they get their body.

use crate::auth::DPOP_NONCE;
use crate::error::ApiError;
use crate::wire::mak::{Fault, Unauthorized, ValidationError};
use crate::wire::problem::PROBLEM_JSON;
use actix_web::HttpResponse;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;

/// Middleware: gives every refused request the body that its clients know.
///
/// # Errors
/// None of its own.
pub async fn faces<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let legacy = is_legacy(request.path());
    let response = match next.call(request).await {
        Ok(response) => response,
        // Only middleware fails this way, and ours does not.
        Err(error) => return Err(error),
    };
    let inside = response.response().extensions().get::<ApiError>().cloned();
    let Some(error) = inside.or_else(|| faceless(&response)) else {
        return Ok(response.map_into_left_body());
    };
    let mut dressed = if legacy { legacy_face(&error) } else { modern_face(&error) };
    let kept = [header::ALLOW, header::SEC_WEBSOCKET_VERSION, header::UPGRADE];
    for name in kept.into_iter().chain([header::WWW_AUTHENTICATE, DPOP_NONCE]) {
        if let Some(value) = response.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response.into_response(dressed.map_into_right_body()))
}

/// What the framework refuses by itself (another method, a broken upgrade) has no body, or one of
/// plain text.
fn faceless<B>(response: &ServiceResponse<B>) -> Option<ApiError> {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let bare = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    if !bare || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let code = match status {
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::BAD_REQUEST => "bad_request",
        _ => "refused",
    };
    Some(ApiError::new(status, code, status.canonical_reason().unwrap_or("refused")))
}

/// The routes whose error bodies are documented by the legacy МАК.
pub fn is_legacy(path: &str) -> bool {
    path == "/token" || path.starts_with("/api/v1/")
}

fn builder(error: &ApiError) -> actix_web::HttpResponseBuilder {
    let mut builder = HttpResponse::build(error.status);
    if error.temporary {
        builder.insert_header((header::RETRY_AFTER, error.after_ms.div_ceil(1_000).max(1)));
    }
    if error.status == StatusCode::UNAUTHORIZED {
        builder.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    builder
}

fn modern_face(error: &ApiError) -> HttpResponse {
    let text = serde_json::to_string(&error.problem()).unwrap_or_default();
    builder(error).content_type(PROBLEM_JSON).body(text)
}

fn legacy_face(error: &ApiError) -> HttpResponse {
    let mut builder = builder(error);
    match error.status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            builder.status(StatusCode::UNPROCESSABLE_ENTITY);
            let kind = format!("value_error.{}", error.code);
            let fault = Fault { loc: vec!["body".into()], msg: error.message.to_string(), kind };
            builder.json(ValidationError { detail: vec![fault] })
        }
        status => {
            let reason = status.canonical_reason().unwrap_or("ERROR").to_uppercase();
            builder.json(Unauthorized { detail: reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::problem::Problem;
    use actix_web::body::to_bytes;

    async fn text(response: HttpResponse) -> String {
        let bytes = to_bytes(response.into_body()).await.expect("a body");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[actix_web::test]
    async fn legacy_routes_answer_as_documented() {
        for (error, status, body) in [
            (ApiError::unauthorized(), 401, r#"{"detail":"UNAUTHORIZED"}"#),
            (ApiError::forbidden("only for: administrator"), 403, r#"{"detail":"FORBIDDEN"}"#),
            (
                ApiError::bad_request("no JSON"),
                422,
                r#"{"detail":[{"loc":["body"],"msg":"no JSON","type":"value_error.bad_request"}]}"#,
            ),
        ] {
            let response = legacy_face(&error);
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(text(response).await, body);
        }
    }

    #[actix_web::test]
    async fn modern_routes_answer_with_a_problem() {
        let response = modern_face(&ApiError::too_many(1_200));
        assert_eq!(response.headers().get(header::RETRY_AFTER).expect("a header"), "2");
        assert_eq!(response.headers().get(header::CONTENT_TYPE).expect("a header"), PROBLEM_JSON);
        let problem: Problem = serde_json::from_str(&text(response).await).expect("a problem");
        assert_eq!(problem.kind, "urn:nsk:error:too_many_requests");
        assert_eq!((problem.status, problem.temporary, problem.after_ms), (429, true, 1_200));
        let response = modern_face(&ApiError::unauthorized());
        assert_eq!(response.headers().get(header::WWW_AUTHENTICATE).expect("a header"), "Bearer");
    }

    #[test]
    fn the_modern_api_is_not_legacy() {
        assert!(is_legacy("/token") && is_legacy("/api/v1/exam/42"));
        assert!(!is_legacy("/api/nsk/v1/exams") && !is_legacy("/live") && !is_legacy("/token2"));
    }
}
