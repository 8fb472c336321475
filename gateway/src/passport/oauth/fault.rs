//! What a client is told when something is wrong: the JSON errors of RFC 6749 and their kin, and
//! the challenges of protected resources.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use entities::StoreError;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt;

/// The challenge that a 401 carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Challenge {
    /// Of an endpoint for clients.
    Basic,
    /// Of a resource: what was wrong with the token is said there too.
    Bearer,
    /// Of a resource to which nothing was shown.
    Bare,
    /// Of a resource whose tokens are bound to a key.
    Dpop,
}

/// An error of OAuth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The HTTP status.
    pub status: StatusCode,
    /// The registered word.
    pub error: &'static str,
    /// For developers; never repeats what the client sent.
    pub description: Cow<'static, str>,
    /// The challenge of a 401.
    pub challenge: Option<Challenge>,
    /// A nonce for the next proof.
    pub nonce: Option<String>,
    /// When to try again, s.
    pub retry_after: Option<u64>,
    /// More fields of the answer.
    pub more: Option<Value>,
}

impl Fault {
    /// An error with its status.
    pub fn new(
        status: StatusCode,
        error: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Fault {
        Fault {
            status,
            error,
            description: description.into(),
            challenge: None,
            nonce: None,
            retry_after: None,
            more: None,
        }
    }

    /// 400 with a word.
    pub fn bad(error: &'static str, description: impl Into<Cow<'static, str>>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, error, description)
    }

    /// The request is not as the specification wants it.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Fault {
        Fault::bad("invalid_request", description)
    }

    /// The code, refresh token or subject token is no good: one answer for all of it.
    pub fn invalid_grant() -> Fault {
        Fault::bad("invalid_grant", "the grant is not valid")
    }

    /// Whoever asks is not the client that they say.
    pub fn invalid_client() -> Fault {
        let mut fault =
            Fault::new(StatusCode::UNAUTHORIZED, "invalid_client", "the client is not known");
        fault.challenge = Some(Challenge::Basic);
        fault
    }

    /// The client may not do this.
    pub fn unauthorized_client(description: &'static str) -> Fault {
        Fault::bad("unauthorized_client", description)
    }

    /// The scope is unknown, or more than allowed.
    pub fn invalid_scope() -> Fault {
        Fault::bad("invalid_scope", "the scope is not allowed")
    }

    /// No such target, or not for this client.
    pub fn invalid_target() -> Fault {
        Fault::bad("invalid_target", "the target is not allowed")
    }

    /// A resource was asked with a token that is no good.
    pub fn invalid_token(description: &'static str) -> Fault {
        let mut fault = Fault::new(StatusCode::UNAUTHORIZED, "invalid_token", description);
        fault.challenge = Some(Challenge::Bearer);
        fault
    }

    /// A resource was asked without any token.
    pub fn no_token() -> Fault {
        let mut fault = Fault::invalid_token("a token is needed");
        fault.challenge = Some(Challenge::Bare);
        fault
    }

    /// The token does not cover this.
    pub fn insufficient_scope() -> Fault {
        let mut fault =
            Fault::new(StatusCode::FORBIDDEN, "insufficient_scope", "the scope is too narrow");
        fault.challenge = Some(Challenge::Bearer);
        fault
    }

    /// The proof of possession is no good.
    pub fn invalid_dpop() -> Fault {
        Fault::bad("invalid_dpop_proof", "the proof of possession is not valid")
    }

    /// The proof must carry this nonce.
    pub fn use_nonce(nonce: String) -> Fault {
        let mut fault = Fault::bad("use_dpop_nonce", "a nonce of this server is needed");
        fault.nonce = Some(nonce);
        fault
    }

    /// Something below does not answer: nothing was granted and nothing denied.
    pub fn unavailable() -> Fault {
        let text = "try again a little later";
        let mut fault =
            Fault::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text);
        fault.retry_after = Some(2);
        fault
    }

    /// As [`Fault::unavailable`], for so many seconds.
    pub fn closed(seconds: u64) -> Fault {
        Fault { retry_after: Some(seconds), ..Fault::unavailable() }
    }

    /// Too many requests.
    pub fn slow_down(wait_ms: u64) -> Fault {
        let text = "too many requests";
        let mut fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", text);
        fault.retry_after = Some(wait_ms.div_ceil(1_000).max(1));
        fault
    }

    /// At a resource: the same fault under its challenge.
    #[must_use]
    pub fn at_resource(mut self) -> Fault {
        if matches!(self.error, "invalid_dpop_proof" | "use_dpop_nonce") {
            self.status = StatusCode::UNAUTHORIZED;
            self.challenge = Some(Challenge::Dpop);
        }
        self
    }

    /// The challenge as its header says it.
    pub fn challenge(&self) -> Option<String> {
        Some(match self.challenge? {
            Challenge::Basic => "Basic realm=\"nsk\", charset=\"UTF-8\"".to_owned(),
            Challenge::Bare => "Bearer".to_owned(),
            Challenge::Bearer => {
                let (error, text) = (self.error, &self.description);
                format!("Bearer error=\"{error}\", error_description=\"{text}\"")
            }
            Challenge::Dpop => {
                let algs = "ES256 EdDSA";
                format!("DPoP error=\"{}\", algs=\"{algs}\"", self.error)
            }
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.description)
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(challenge) = self.challenge() {
            answer.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(nonce) = &self.nonce {
            answer.insert_header(("DPoP-Nonce", nonce.as_str()));
        }
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        let mut body = json!({"error": self.error, "error_description": self.description});
        if let (Some(body), Some(Value::Object(more))) = (body.as_object_mut(), self.more.clone()) {
            body.extend(more);
        }
        answer.json(body)
    }
}

impl From<StoreError> for Fault {
    /// The store's trouble is logged and not told.
    fn from(error: StoreError) -> Fault {
        tracing::error!(%error, "the passport's store does not answer");
        Fault::unavailable()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_status_and_challenge() {
        let header = |fault: &Fault, name: &str| {
            let answer = fault.error_response();
            answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
        };
        let basic = Fault::invalid_client();
        assert_eq!(basic.status.as_u16(), 401);
        assert!(header(&basic, "www-authenticate").is_some_and(|v| v.starts_with("Basic ")));
        let expired = Fault::invalid_token("expired");
        let told = "Bearer error=\"invalid_token\", error_description=\"expired\"";
        assert_eq!(header(&expired, "www-authenticate").as_deref(), Some(told));
        assert_eq!(header(&Fault::no_token(), "www-authenticate").as_deref(), Some("Bearer"));
        let nonce = Fault::use_nonce("n".to_owned());
        assert_eq!((nonce.status.as_u16(), header(&nonce, "dpop-nonce")), (400, Some("n".into())));
        assert_eq!(nonce.at_resource().status.as_u16(), 401);
        let busy = Fault::slow_down(1_200);
        assert_eq!(header(&busy, "retry-after").as_deref(), Some("2"));
        for fault in [Fault::unavailable(), Fault::invalid_grant(), busy] {
            assert_eq!(header(&fault, "cache-control").as_deref(), Some("no-store"));
        }
    }
}
