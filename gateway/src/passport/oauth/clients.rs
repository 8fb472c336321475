//! Who asks: clients prove who they are by a secret, by a signed assertion, or, when they are
//! public, not at all.

use super::assertion;
use super::fault::Fault;
use super::form::Form;
use super::secret::{same, sha256};
use crate::passport::Passport;
use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entities::{Client, ClientKind};
use serde_json::json;
use std::borrow::Cow;

/// Longest id of a client, bytes.
pub const CLIENT_ID_BYTES_MAX: usize = 200;

/// What was shown.
enum Shown<'f> {
    Secret { id: String, secret: String },
    Assertion(&'f str),
    Nothing(&'f str),
}

/// The client of a request to an endpoint for clients.
///
/// # Errors
/// `invalid_client` for whatever is wrong with the proof, one answer for all of it;
/// `invalid_request` when there is more than one; 503 when the store does not answer.
pub async fn authenticate(
    request: &HttpRequest,
    form: &Form,
    passport: &Passport,
) -> Result<Client, Fault> {
    passport.oauth.from_address(request)?;
    match proven(request, form, passport).await {
        Ok(client) => {
            passport.oauth.from_client(&client.id)?;
            Ok(client)
        }
        Err(fault) if fault.error == "invalid_client" => Err(passport.oauth.failed(request, fault)),
        Err(fault) => Err(fault),
    }
}

async fn proven(request: &HttpRequest, form: &Form, passport: &Passport) -> Result<Client, Fault> {
    let shown = shown(request, form)?;
    let id = match &shown {
        Shown::Secret { id, .. } => id.clone(),
        Shown::Assertion(assertion) => {
            assertion::named_client(assertion).ok_or_else(Fault::invalid_client)?
        }
        Shown::Nothing(id) => (*id).to_owned(),
    };
    if form.get("client_id").is_some_and(|named| named != id) {
        return Err(Fault::invalid_client());
    }
    let client = find(passport, &id).await?.ok_or_else(Fault::invalid_client)?;
    match shown {
        Shown::Secret { secret, .. } => {
            let known = client.secret_hash.as_deref().unwrap_or_default();
            let fits = same(&sha256(secret.as_bytes()), known);
            if client.kind == ClientKind::Public || !fits {
                return Err(Fault::invalid_client());
            }
        }
        Shown::Assertion(text) => {
            let keys = client.terms.jwks.as_ref().ok_or_else(Fault::invalid_client)?;
            let issuer = passport.keys.issuer();
            let endpoint = super::address(passport, request.path());
            let token = super::address(passport, super::TOKEN);
            let audiences = [issuer, endpoint.as_str(), token.as_str()];
            let now = passport.clock.now();
            let good = assertion::check(text, &client.id, keys, &audiences, now)
                .ok_or_else(Fault::invalid_client)?;
            let first = passport
                .store
                .put_once("assertion", &good.use_key, &json!({}), good.exp + assertion::SKEW)
                .await?;
            if !first {
                return Err(Fault::invalid_client());
            }
        }
        Shown::Nothing(_) => {
            if client.kind != ClientKind::Public {
                return Err(Fault::invalid_client());
            }
        }
    }
    Ok(client)
}

/// The client with an id.
///
/// # Errors
/// 503 when the store does not answer.
pub async fn find(passport: &Passport, id: &str) -> Result<Option<Client>, Fault> {
    if id.is_empty() || id.len() > CLIENT_ID_BYTES_MAX {
        return Ok(None);
    }
    Ok(passport.store.client(id).await?.filter(|client| client.active))
}

fn shown<'f>(request: &HttpRequest, form: &'f Form) -> Result<Shown<'f>, Fault> {
    let basic = basic(request)?;
    let assertion = form.get("client_assertion");
    let secret = form.get("client_secret");
    let several = Fault::invalid_request("more than one way to prove who the client is");
    match (basic, assertion, secret) {
        (Some((id, secret)), None, None) => Ok(Shown::Secret { id, secret }),
        (None, Some(assertion), None) => {
            if form.get("client_assertion_type") != Some(assertion::TYPE) {
                return Err(Fault::invalid_client());
            }
            Ok(Shown::Assertion(assertion))
        }
        (None, None, Some(secret)) => {
            let id = form.get("client_id").ok_or_else(Fault::invalid_client)?;
            Ok(Shown::Secret { id: id.to_owned(), secret: secret.to_owned() })
        }
        (None, None, None) => {
            Ok(Shown::Nothing(form.get("client_id").ok_or_else(Fault::invalid_client)?))
        }
        _ => Err(several),
    }
}

/// Id and secret of HTTP Basic, each of them urlencoded once more (RFC 6749, 2.3.1).
fn basic(request: &HttpRequest) -> Result<Option<(String, String)>, Fault> {
    let Some(value) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let read = || {
        let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((decoded(id)?, decoded(secret)?))
    };
    read().map(Some).ok_or_else(Fault::invalid_client)
}

fn decoded(text: &str) -> Option<String> {
    let pair = format!("v={}", text.replace('&', "%26"));
    let (_, value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
    let plain = !value.chars().any(|c| c.is_control() || c == '\u{fffd}');
    plain.then(|| Cow::into_owned(value))
}
