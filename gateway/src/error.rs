//! The two faces of an error: [`Trouble`] for a person at a terminal, [`ApiError`] for a client.
//!
//! A `Trouble` is one line that says what happened and one that says what to do. An `ApiError` has
//! an outside face (status, stable code, text) and an inside face that is logged once and never
//! sent.

use crate::wire::problem::{PROBLEM_JSON, Problem};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use actors::exams::SubmitError;
use engine::exam::Rejection;
use serde_json::json;
use std::borrow::Cow;
use std::fmt;

/// Longest part of a parser's complaint that is told to a client, characters: it may quote the
/// whole input.
const COMPLAINT_CHARS_MAX: usize = 200;

/// A parser's complaint, short enough to be told.
pub fn brief(complaint: &dyn fmt::Display) -> String {
    complaint.to_string().chars().take(COMPLAINT_CHARS_MAX).collect()
}

/// What went wrong, for a person, and what they can do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    what: String,
    remedy: Option<String>,
}

impl Trouble {
    /// One line: what happened.
    pub fn new(what: impl Into<String>) -> Trouble {
        Trouble { what: what.into(), remedy: None }
    }

    /// One line: what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Trouble {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same trouble, with the file or thing in which it was found.
    #[must_use]
    pub fn at(mut self, place: &str) -> Trouble {
        self.what = format!("{place}: {}", self.what);
        self
    }

    /// What happened.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do, if there is something.
    pub fn to_do(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  -> {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Trouble {}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable word that clients may branch on.
    pub code: &'static str,
    /// A sentence for people; tells nothing of the inside.
    pub message: Cow<'static, str>,
    /// The same request may succeed later.
    pub temporary: bool,
    /// How long to wait before it is tried again, ms.
    pub after_ms: u64,
}

impl ApiError {
    /// An answer that will not change by itself.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> ApiError {
        ApiError { status, code, message: message.into(), temporary: false, after_ms: 0 }
    }

    /// 401: no token, or none that is valid.
    pub fn unauthorized() -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "sign in first")
    }

    /// 403: signed in, but without the right.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 422: understood, but not acceptable.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    /// 429: too many attempts; come back after so many ms.
    pub fn too_many(after_ms: u64) -> ApiError {
        let mut error = ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "too many attempts: wait a little and try again",
        );
        error.temporary = true;
        error.after_ms = after_ms;
        error
    }

    /// 503: not now.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> ApiError {
        let mut error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
        error.temporary = true;
        error.after_ms = 2_000;
        error
    }

    /// 500. The inside face is logged here, once, and goes nowhere else.
    pub fn internal(inside: &dyn fmt::Display) -> ApiError {
        tracing::error!(error = %inside, "a request failed inside");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong inside; the details are in the log",
        )
    }

    /// The problem document (RFC 9457).
    pub fn problem(&self) -> Problem {
        Problem {
            kind: format!("urn:nsk:error:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.message.to_string(),
            temporary: self.temporary,
            after_ms: self.after_ms,
        }
    }

    /// `Retry-After` in whole seconds, when it makes sense to wait.
    fn retry_after(&self) -> Option<u64> {
        self.temporary.then(|| self.after_ms.div_ceil(1_000).max(1))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The legacy face of a missing sign-in, the modern face of everything else. The error itself
    /// travels along, so that `http::faces` can give it the face that the route's clients know.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        let mut response = if self.status == StatusCode::UNAUTHORIZED {
            // The shape that legacy clients of the МАК know; nothing may be added to it.
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            response.json(json!({ "detail": "UNAUTHORIZED" }))
        } else {
            let text = serde_json::to_string(&self.problem()).unwrap_or_default();
            response.content_type(PROBLEM_JSON).body(text)
        };
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> ApiError {
        let status = match &error {
            SubmitError::Rejected(rejection) => status_of(rejection),
            SubmitError::UnknownExam => StatusCode::NOT_FOUND,
            SubmitError::ExamExists | SubmitError::Poisoned => StatusCode::CONFLICT,
            SubmitError::Quarantined(_) => StatusCode::LOCKED,
            SubmitError::Retry | SubmitError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            SubmitError::Busy => StatusCode::TOO_MANY_REQUESTS,
        };
        ApiError {
            status,
            code: error.code(),
            message: error.to_string().into(),
            temporary: error.temporary(),
            after_ms: error.after_ms(),
        }
    }
}

/// A refusal is a conflict with the exam's state, unless the content or the issuer is at fault.
fn status_of(rejection: &Rejection) -> StatusCode {
    match rejection {
        Rejection::NotAllowed(_) => StatusCode::FORBIDDEN,
        Rejection::Invalid { .. } | Rejection::Unknown(_) | Rejection::Limit(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Rejection::Stale(_) => StatusCode::PRECONDITION_FAILED,
        _ => StatusCode::CONFLICT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[actix_web::test]
    async fn a_missing_sign_in_has_exactly_the_legacy_shape() {
        let response = ApiError::unauthorized().error_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let body = to_bytes(response.into_body()).await.expect("a body");
        assert_eq!(&body[..], br#"{"detail":"UNAUTHORIZED"}"#);
    }

    #[test]
    fn what_may_succeed_later_says_when() {
        for (error, status, after) in [
            (SubmitError::Busy, 429, Some(1)),
            (SubmitError::Unavailable("the disk is full"), 503, Some(2)),
            (SubmitError::Retry, 503, Some(1)),
            (SubmitError::UnknownExam, 404, None),
            (SubmitError::Rejected(Rejection::AlreadyDone), 409, None),
            (SubmitError::Rejected(Rejection::NotAllowed("the chair")), 403, None),
        ] {
            let api = ApiError::from(error.clone());
            assert_eq!(api.status.as_u16(), status, "{error}");
            let header = api.error_response().headers().get(header::RETRY_AFTER).cloned();
            let seconds = header.and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
            assert_eq!(seconds, after, "{error}");
        }
    }

    #[test]
    fn a_trouble_is_a_line_and_a_way_out() {
        let trouble = Trouble::new("x is wrong").remedy("put y").at("a.toml");
        assert_eq!(trouble.to_string(), "a.toml: x is wrong\n  -> put y");
    }
}
