//! The guard before every route: it finds the route's line in the permission table, verifies the
//! token and puts the [`Principal`] into the request. A route without a line is refused.

use super::Request;
use super::door;
use super::permissions::{self, Permission, Who};
use super::principal::{NOBODY, Principal, SESSION_COOKIE};
use crate::app::App;
use crate::config::ServerConfig;
use crate::error::ApiError;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};

/// Where a token was found.
enum Found {
    Bearer(String),
    Dpop(String),
    Cookie(String),
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
    match admit(request.request()) {
        Ok(principal) => {
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            let mut response = next.call(request).await?;
            door::tell(response.headers_mut(), age);
            Ok(response.map_into_left_body())
        }
        Err(error) => {
            let response = error.error_response().map_into_right_body();
            Ok(request.into_response(response))
        }
    }
}

fn admit(request: &HttpRequest) -> Result<Option<Principal>, ApiError> {
    // A path without a route is answered 404 by the router.
    let Some(pattern) = request.match_pattern() else { return Ok(None) };
    let Some(permission) = permissions::find(request.method().as_str(), &pattern) else {
        // The route exists with another method: the router answers 405.
        if permissions::known(&pattern) {
            return Ok(None);
        }
        tracing::error!(route = %pattern, "a route has no line in the permission table");
        return Err(ApiError::forbidden("this route has no permission"));
    };
    let principal = sign_in(request).and_then(|principal| within(principal, permission));
    match permission.who {
        Who::Anyone => Ok(principal.ok()),
        Who::SignedIn => principal.map(Some),
        Who::Roles(roles) => {
            let principal = principal?;
            if principal.has_any(roles) {
                return Ok(Some(principal));
            }
            Err(ApiError::forbidden(format!("only for: {}", permission.who)))
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

fn sign_in(request: &HttpRequest) -> Result<Principal, ApiError> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(ApiError::unauthorized)?;
    match token_of(request)? {
        Found::Bearer(token) => {
            let principal = app.auth.admit(&token)?;
            if principal.jkt.is_some() {
                tracing::debug!("a bound token without its proof");
                return Err(ApiError::unauthorized());
            }
            Ok(principal)
        }
        Found::Dpop(token) => {
            let principal = app.auth.admit(&token)?;
            let jkt = principal.jkt.clone().ok_or_else(ApiError::unauthorized)?;
            let mut proofs = request.headers().get_all("DPoP");
            let (proof, more) = (proofs.next().and_then(|p| p.to_str().ok()), proofs.next());
            let proof = proof.filter(|_| more.is_none()).ok_or_else(ApiError::unauthorized)?;
            let (method, path) = (request.method().as_str(), request.path());
            let shown = Request { method, path, token: &token, proof };
            if app.auth.proves(&shown, &jkt) {
                Ok(principal)
            } else {
                Err(ApiError::unauthorized())
            }
        }
        Found::Cookie(token) => {
            let principal = app.auth.verify(&token)?;
            let safe = [Method::GET, Method::HEAD, Method::OPTIONS];
            if !safe.contains(request.method()) && !same_origin(request, &app.config.server) {
                return Err(ApiError::forbidden("the request comes from another site"));
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
