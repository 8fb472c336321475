//! Tokens shown at the passport's own resources: verified, not revoked, and with the proof of the
//! key that they are bound to.

use super::clients;
use super::fault::{Challenge, Fault};
use super::possession;
use super::pushed;
use crate::passport::Passport;
use crate::passport::format::{Audience, Expect, TokenFault, in_time};
use actix_web::HttpRequest;
use actix_web::http::header;
use actors::ports::Revocation as _;
use engine::identity::{Claims, Class, Standing};
use engine::{Moment, Span};
use serde_json::json;

/// An expired token gets a hint for so long after its end.
const HINT_MAX: Span = Span::secs(2_592_000);

/// Classes with which a person's own affairs are seen to.
pub const OWN: &[Class] = &[Class::Base, Class::Role, Class::Legacy];

/// The claims of the token that a request shows.
///
/// # Errors
/// 401 with its challenge; 503 when the store does not answer.
pub async fn admitted(
    request: &HttpRequest,
    passport: &Passport,
    classes: &'static [Class],
) -> Result<(Claims, String), Fault> {
    passport.oauth.from_address(request)?;
    let (scheme, token) = shown(request)?;
    let expect = Expect { classes, audience: Audience::Issuer };
    let now = passport.clock.now();
    let claims = match passport.keys.ring().read(&token, &expect, now) {
        Ok(claims) => claims,
        // Whatever was wrong with a token that is not ours: no hint.
        Err(_) => return Err(bare()),
    };
    match in_time(&claims, now) {
        Ok(()) => {}
        Err(TokenFault::Expired) => return Err(expired(passport, &claims, now).await?),
        Err(_) => return Err(bare()),
    }
    let bound = claims.cnf.as_ref().and_then(|cnf| cnf.jkt.as_deref());
    match (bound, scheme) {
        (None, Scheme::Bearer) => {}
        (Some(jkt), Scheme::Dpop) => {
            let proven = possession::proven(request, passport, Some(&token));
            let proven = proven.map_err(Fault::at_resource)?;
            if proven.as_deref() != Some(jkt) {
                return Err(Fault::invalid_dpop().at_resource());
            }
        }
        _ => {
            let mut fault = Fault::invalid_token("the token is bound to a key");
            fault.challenge = Some(Challenge::Dpop);
            return Err(fault);
        }
    }
    if !stands(passport, &claims).await? {
        return Err(Fault::invalid_token("revoked"));
    }
    Ok((claims, token))
}

/// Whether a verified token is neither revoked nor its owner gone. Asks the database.
///
/// # Errors
/// 503 when it does not answer: then nothing is known.
pub async fn stands(passport: &Passport, claims: &Claims) -> Result<bool, Fault> {
    passport.revocation.refresh().await?;
    match passport.revocation.standing(&claims.carried()) {
        Standing::Revoked => return Ok(false),
        Standing::Unknown => return Err(Fault::unavailable()),
        Standing::Good => {}
    }
    if let Some(user) = passport.store.user(claims.sub).await? {
        return Ok(user.active);
    }
    // A client of its own: it goes by the client's id.
    let client = clients::find(passport, &claims.cid).await?;
    Ok(client.is_some_and(|client| client.uid == claims.sub))
}

enum Scheme {
    Bearer,
    Dpop,
}

/// The one token of the `Authorization` header.
fn shown(request: &HttpRequest) -> Result<(Scheme, String), Fault> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next().ok_or_else(Fault::no_token)?;
    if values.next().is_some() {
        return Err(Fault::invalid_request("more than one token"));
    }
    let read = value.to_str().ok().and_then(|text| text.split_once(' '));
    let (scheme, token) = read.ok_or_else(Fault::no_token)?;
    let is = |word: &str| scheme.eq_ignore_ascii_case(word);
    let scheme = if is("bearer") || is("baerer") {
        Scheme::Bearer
    } else if is("dpop") {
        Scheme::Dpop
    } else {
        return Err(Fault::no_token());
    };
    Ok((scheme, token.trim().to_owned()))
}

/// A bad token is told nothing.
fn bare() -> Fault {
    Fault::no_token()
}

/// A token of this server that has expired is told how to sign in again, unless it was revoked.
async fn expired(passport: &Passport, claims: &Claims, now: Moment) -> Result<Fault, Fault> {
    let revoked = passport.revocation.standing(&claims.carried()) == Standing::Revoked;
    if revoked || now - claims.exp >= HINT_MAX {
        return Ok(bare());
    }
    let mut fault = Fault::invalid_token("expired");
    if let Some(handle) = pushed::handle_for(passport, claims, now).await? {
        let authorize = super::address(passport, super::AUTHORIZE);
        let query = [("client_id", claims.cid.as_str()), ("request_uri", handle.as_str())];
        let authorize = super::redirect::with_query(&authorize, &query);
        fault.more = Some(json!({"reauth": {"handle": handle, "authorize": authorize}}));
    }
    Ok(fault)
}
