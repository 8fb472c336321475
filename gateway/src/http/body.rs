//! Request bodies: read up to a limit, then as JSON, as a form, or from the query.

use crate::error::{ApiError, brief};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, http::StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::Duration;

/// Longest wait for a whole body.
const BODY_WAIT: Duration = Duration::from_secs(20);
/// Most fields of a form or query.
const FIELDS_MAX: usize = 64;

/// The whole body.
///
/// # Errors
/// 413 when it is longer than the limit, 408 when it takes too long, 400 when it breaks off.
pub async fn read(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    read_within(payload, limit, BODY_WAIT).await
}

async fn read_within(payload: Payload, limit: usize, wait: Duration) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(wait, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_))) => Err(ApiError::bad_request("the body breaks off")),
        Ok(Err(_)) => {
            let message = format!("the body is longer than {limit} bytes");
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message))
        }
        Err(_) => {
            let message = "the body did not come in time";
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", message))
        }
    }
}

/// The whole body as JSON of one shape.
///
/// # Errors
/// As [`read`]; 400 when it is no JSON, 422 when it has another shape.
pub async fn json<T: DeserializeOwned>(payload: Payload, limit: usize) -> Result<T, ApiError> {
    let bytes = read(payload, limit).await?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let text = brief(&e);
        if e.is_data() { ApiError::invalid(text) } else { ApiError::bad_request(text) }
    })
}

/// The fields of a body, whatever form it has: JSON object or urlencoded form. An empty body has
/// none.
///
/// # Errors
/// As [`read`]; 400 when it is neither.
pub async fn fields(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Map<String, Value>, ApiError> {
    let bytes = read(payload, limit).await?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let urlencoded = kind.is_some_and(|k| k.starts_with("application/x-www-form-urlencoded"));
    // Some clients send JSON under any name: a form never begins with a brace.
    let bytes = bytes.trim_ascii();
    if !bytes.is_empty() && (!urlencoded || bytes.starts_with(b"{")) {
        return serde_json::from_slice(bytes).map_err(|e| ApiError::bad_request(brief(&e)));
    }
    form(bytes)
}

/// As [`fields`]; those of the query when the body has none. Not for secrets: addresses are kept
/// by proxies and browsers.
///
/// # Errors
/// As [`fields`].
pub async fn fields_or_query(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Map<String, Value>, ApiError> {
    let fields = fields(request, payload, limit).await?;
    if fields.is_empty() { form(request.query_string().as_bytes()) } else { Ok(fields) }
}

fn form(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_bytes(bytes).map_err(|e| ApiError::bad_request(brief(&e)))?;
    if pairs.len() > FIELDS_MAX {
        return Err(ApiError::bad_request(format!("at most {FIELDS_MAX} fields")));
    }
    Ok(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::FromRequest;
    use actix_web::test::TestRequest;

    async fn given(bytes: &'static [u8], kind: &str, query: &str) -> Map<String, Value> {
        let request = TestRequest::with_uri(&format!("/x?{query}")).set_payload(bytes);
        let (request, mut payload) = request.insert_header((CONTENT_TYPE, kind)).to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.expect("a payload");
        fields_or_query(&request, payload, 1_000).await.expect("fields")
    }

    #[actix_web::test]
    async fn fields_come_as_json_as_a_form_or_in_the_query() {
        const FORM: &str = "application/x-www-form-urlencoded";
        for (bytes, kind, query) in [
            (&b"{\"a\": \"1\"}"[..], "application/json", ""),
            (b" {\"a\": \"1\"}", FORM, "a=2"),
            (b"a=1", FORM, "a=2"),
            (b"", "application/json", "a=1"),
            (b" ", FORM, "a=1"),
        ] {
            let found = given(bytes, kind, query).await;
            assert_eq!(found.get("a"), Some(&Value::String("1".into())), "{bytes:?} {query}");
        }
    }

    #[actix_web::test]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let (request, _) = TestRequest::default().to_http_parts();
        let stream = futures_util::stream::pending();
        let payload: std::pin::Pin<Box<dyn futures_util::Stream<Item = _>>> = Box::pin(stream);
        let mut payload = actix_web::dev::Payload::Stream { payload };
        let payload = Payload::from_request(&request, &mut payload).await.expect("a payload");
        let error = read_within(payload, 1_000, Duration::ZERO).await.expect_err("too slow");
        assert_eq!((error.status.as_u16(), error.code), (408, "too_slow"));
    }
}
