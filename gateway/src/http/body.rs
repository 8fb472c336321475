//! Request bodies: read up to a limit, then as JSON, as a form, or from the query.

use crate::error::ApiError;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, http::StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Most fields of a form or query.
const FIELDS_MAX: usize = 64;

/// The whole body.
///
/// # Errors
/// 413 when it is longer than the limit, 400 when it breaks off.
pub async fn read(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(ApiError::bad_request("the body breaks off")),
        Err(_) => Err(ApiError {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            code: "too_large",
            message: format!("the body is longer than {limit} bytes").into(),
            temporary: false,
            after_ms: 0,
        }),
    }
}

/// The whole body as JSON of one shape.
///
/// # Errors
/// As [`read`]; 400 when it is no JSON, 422 when it has another shape.
pub async fn json<T: DeserializeOwned>(payload: Payload, limit: usize) -> Result<T, ApiError> {
    let bytes = read(payload, limit).await?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let text = e.to_string();
        if e.is_data() { ApiError::invalid(text) } else { ApiError::bad_request(text) }
    })
}

/// The fields of a body, whatever form it has: JSON object, urlencoded form, or, when the body is
/// empty, the query.
///
/// # Errors
/// As [`read`]; 400 when it is neither.
pub async fn fields(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Map<String, Value>, ApiError> {
    let bytes = read(payload, limit).await?;
    if bytes.is_empty() {
        return form(request.query_string().as_bytes());
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let urlencoded = kind.is_some_and(|k| k.starts_with("application/x-www-form-urlencoded"));
    // Some clients send JSON under any name: a form never begins with a brace.
    if !urlencoded || bytes.trim_ascii_start().starts_with(b"{") {
        return serde_json::from_slice(&bytes).map_err(|e| ApiError::bad_request(e.to_string()));
    }
    form(&bytes)
}

fn form(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_bytes(bytes).map_err(|e| ApiError::bad_request(e.to_string()))?;
    if pairs.len() > FIELDS_MAX {
        return Err(ApiError::bad_request(format!("at most {FIELDS_MAX} fields")));
    }
    Ok(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}
