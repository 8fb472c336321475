//! The guard before every route: it finds the route's line in the permission table, verifies the
//! token and puts the [`Principal`] into the request. A route without a line is refused.

use super::door;
use super::permissions::{self, Permission, Who};
use super::possession::Request;
use super::principal::{NOBODY, Principal, SESSION_COOKIE};
use crate::app::App;
use crate::config::ServerConfig;
use crate::error::ApiError;
use crate::passport::oauth::fault::Fault;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};

/// Where a token was found.
enum Found {
    Bearer(String),
    Dpop(String),
    Cookie(String),
}

/// The proof of a bound token's key.
const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The nonce for the next one.
pub const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A refusal, and what the holder of a bound token must do.
struct Refused {
    error: ApiError,
    challenge: Option<String>,
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Refused {
        Refused { error, challenge: None }
    }
}

impl From<Fault> for Refused {
    /// A proof that cannot be remembered at this moment is another matter than a bad one.
    fn from(fault: Fault) -> Refused {
        let fault = fault.at_resource();
        let error = match fault.retry_after {
            Some(_) => ApiError::unavailable("no more proofs are taken at this moment"),
            None => ApiError::unauthorized(),
        };
        Refused { error, challenge: fault.challenge() }
    }
}

/// Middleware for the whole application: `App::new().wrap(from_fn(auth::guard))`.
///
/// # Errors
/// What the inner service fails with; refusals are responses.
pub async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let age = match door::door(request.request()).await {
        Ok(age) => age,
        Err(refusal) => {
            return Ok(request.into_response(refusal.map_into_right_body()));
        }
    };
    let nonce = nonce_for(request.request());
    match admit(request.request()) {
        Ok(principal) => {
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            let mut response = next.call(request).await?;
            door::tell(response.headers_mut(), age);
            if let Some(nonce) = nonce.filter(|_| !response.headers().contains_key(DPOP_NONCE)) {
                response.headers_mut().insert(DPOP_NONCE, nonce);
            }
            Ok(response.map_into_left_body())
        }
        Err(refused) => {
            let mut response = refused.error.error_response();
            let challenge = refused.challenge.and_then(|text| HeaderValue::try_from(text).ok());
            if let Some(value) = challenge {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
            }
            if let Some(nonce) = nonce {
                response.headers_mut().insert(DPOP_NONCE, nonce);
            }
            Ok(request.into_response(response.map_into_right_body()))
        }
    }
}

/// Whoever sends a proof of possession is told the nonce for the next one.
fn nonce_for(request: &HttpRequest) -> Option<HeaderValue> {
    let app = request.app_data::<web::Data<App>>()?;
    let proves = request.headers().contains_key(DPOP);
    proves.then(|| HeaderValue::try_from(app.auth.nonce()).ok()).flatten()
}

fn admit(request: &HttpRequest) -> Result<Option<Principal>, Refused> {
    // A path without a route is answered 404 by the router.
    let Some(pattern) = request.match_pattern() else { return Ok(None) };
    let Some(permission) = permissions::find(request.method().as_str(), &pattern) else {
        // The route exists with another method: the router answers 405.
        if permissions::known(&pattern) {
            return Ok(None);
        }
        tracing::error!(route = %pattern, "a route has no line in the permission table");
        return Err(ApiError::forbidden("this route has no permission").into());
    };
    // Where anybody may come a proof is not used up: the passport's own endpoints look at it.
    if permission.who == Who::Anyone && request.headers().contains_key(DPOP) {
        return Ok(None);
    }
    let principal = sign_in(request).and_then(|principal| Ok(within(principal, permission)?));
    match permission.who {
        Who::Anyone => Ok(principal.ok()),
        Who::SignedIn => principal.map(Some),
        Who::Roles(roles) => {
            let principal = principal?;
            if principal.has_any(roles) {
                return Ok(Some(principal));
            }
            Err(ApiError::forbidden(format!("only for: {}", permission.who)).into())
        }
    }
}

/// A token's limits beside its owner's roles: its scope, its audience, and whether it is anybody's
/// whom exams know.
fn within(principal: Principal, line: &Permission) -> Result<Principal, ApiError> {
    let Some(scope) = line.scope() else { return Ok(principal) };
    if principal.is_for_issuer() && !line.for_issuer() {
        return Err(ApiError::unauthorized());
    }
    if !principal.is_for_issuer() && !principal.may(scope) {
        return Err(ApiError::forbidden(format!("the token lacks the scope {scope}")));
    }
    if principal.person == NOBODY && !line.for_issuer() {
        return Err(ApiError::forbidden("the token's owner is no person of this station"));
    }
    Ok(principal)
}

fn sign_in(request: &HttpRequest) -> Result<Principal, Refused> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(ApiError::unauthorized)?;
    match token_of(request)? {
        Found::Bearer(token) => {
            let principal = app.auth.admit(&token)?;
            if principal.jkt.is_some() {
                tracing::debug!("a bound token without its proof");
                return Err(ApiError::unauthorized().into());
            }
            Ok(principal)
        }
        Found::Dpop(token) => {
            let principal = app.auth.admit(&token)?;
            let jkt = principal.jkt.clone().ok_or_else(ApiError::unauthorized)?;
            let mut proofs = request.headers().get_all(DPOP);
            let (proof, more) = (proofs.next().and_then(|p| p.to_str().ok()), proofs.next());
            let proof = proof.filter(|_| more.is_none()).ok_or_else(Fault::invalid_dpop)?;
            let (method, path) = (request.method().as_str(), request.path());
            app.auth.proves(&Request { method, path, token: &token, proof }, &jkt)?;
            Ok(principal)
        }
        Found::Cookie(token) => {
            let principal = app.auth.verify(&token)?;
            let safe = [Method::GET, Method::HEAD, Method::OPTIONS];
            if !safe.contains(request.method()) && !same_origin(request, &app.config.server) {
                return Err(ApiError::forbidden("the request comes from another site").into());
            }
            Ok(principal)
        }
    }
}

/// The bearer token of the `Authorization` header, else the session cookie. The header's scheme is
/// `Bearer`, or `Baerer` as legacy clients spell it, or `DPoP` for a bound token, in any case.
fn token_of(request: &HttpRequest) -> Result<Found, ApiError> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| ApiError::unauthorized())?;
        let (scheme, token) = value.split_once(' ').ok_or_else(ApiError::unauthorized)?;
        let known = ["bearer", "baerer"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
        let token = token.trim().to_owned();
        return if known {
            Ok(Found::Bearer(token))
        } else if scheme.eq_ignore_ascii_case("dpop") {
            Ok(Found::Dpop(token))
        } else {
            Err(ApiError::unauthorized())
        };
    }
    let cookie = request.cookie(SESSION_COOKIE).ok_or_else(ApiError::unauthorized)?;
    Ok(Found::Cookie(cookie.value().to_owned()))
}

/// Whether a browser's request comes from this site's own pages: its `Origin` names the request's
/// own `Host`, or one of the configured origins. A request without `Origin` does not. Where cookies
/// travel over TLS only, a page that did not come over TLS is another site.
pub fn same_origin(request: &HttpRequest, server: &ServerConfig) -> bool {
    let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return false };
    if server.origins.iter().any(|o| o.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let plain = origin.strip_prefix("http://").filter(|_| !server.secure_cookies);
    let host = origin.strip_prefix("https://").or(plain);
    match (host, text(header::HOST)) {
        (Some(origin), Some(own)) => origin.eq_ignore_ascii_case(own),
        _ => false,
    }
}
