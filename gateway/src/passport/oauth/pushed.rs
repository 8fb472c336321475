//! Pushed authorization requests (RFC 9126), and the handle with which an expired token's owner
//! signs in again.

use super::authorize;
use super::clients::{self, authenticate};
use super::fault::Fault;
use super::form::Form;
use super::possession;
use super::secret::{draw, sha256};
use crate::app::App;
use crate::passport::Passport;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use engine::identity::Claims;
use engine::{Moment, Span};
use serde_json::json;

/// How long a pushed request waits.
const LIFE: Span = Span::secs(90);
/// How long a handle to sign in again waits.
const HANDLE_LIFE: Span = Span::secs(600);
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
const KIND: &str = "par";

/// `POST /oauth/par`.
///
/// # Errors
/// As RFC 9126 and RFC 6749 say.
pub async fn push(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    let form = Form::of_body(&request, payload).await?;
    let client = authenticate(&request, &form, passport).await?;
    if form.get("request_uri").is_some() {
        return Err(Fault::invalid_request("a pushed request has no request_uri"));
    }
    let mut form = form
        .without("client_secret")
        .without("client_assertion")
        .without("client_assertion_type")
        .with("client_id", &client.id);
    if let Some(jkt) = possession::proven(&request, passport, None)? {
        if form.get("dpop_jkt").is_some_and(|named| named != jkt) {
            return Err(Fault::invalid_dpop());
        }
        form = form.with("dpop_jkt", &jkt);
    }
    authorize::check(&client, &form, true)?;
    let now = passport.clock.now();
    let uri = keep(passport, &form, now + LIFE).await?;
    let body = json!({"request_uri": uri, "expires_in": LIFE.0 / 1_000});
    Ok(super::answer(passport, StatusCode::CREATED).json(body))
}

async fn keep(passport: &Passport, form: &Form, until: Moment) -> Result<String, Fault> {
    let secret = draw(&*passport.ids);
    passport.store.put_once(KIND, &sha256(secret.as_bytes()), &form.to_json(), until).await?;
    Ok(format!("{PREFIX}{secret}"))
}

/// Takes a pushed request of a client: once.
///
/// # Errors
/// `invalid_request_uri` when there is none such.
pub async fn take(passport: &Passport, client: &str, uri: &str) -> Result<Form, Fault> {
    let unknown = || Fault::bad("invalid_request_uri", "the request_uri is not known");
    let secret = uri.strip_prefix(PREFIX).ok_or_else(unknown)?;
    let hash = sha256(secret.as_bytes());
    let now = passport.clock.now();
    // Looked at first: another client must not use it up.
    let kept = passport.store.look_once(KIND, &hash, now).await?.ok_or_else(unknown)?;
    let form = Form::from_json(kept.as_object().ok_or_else(unknown)?);
    if form.get("client_id") != Some(client) {
        return Err(unknown());
    }
    passport.store.take_once(KIND, &hash, now).await?.ok_or_else(unknown)?;
    Ok(form)
}

/// A handle for the owner of an expired token; nothing for clients that cannot send people to sign
/// in. Who, for which organisation and service is kept here and not told. The client adds its own
/// proof key, as to any request.
///
/// # Errors
/// 503 when the store does not answer.
pub async fn handle_for(
    passport: &Passport,
    claims: &Claims,
    now: Moment,
) -> Result<Option<String>, Fault> {
    let Some(client) = clients::find(passport, &claims.cid).await? else { return Ok(None) };
    let Some(uri) = client.terms.redirect_uris.first() else { return Ok(None) };
    let mut form = Form::default()
        .with("client_id", &client.id)
        .with("response_type", "code")
        .with("redirect_uri", uri)
        .with("scope", &super::scope::join(&claims.scope))
        .with("login_hint", &claims.upn)
        .with("nsk_reauth", &claims.sub.to_string());
    if let Some(oid) = claims.oid {
        form = form.with("nsk_org", &oid.to_string());
    }
    if claims.aud != passport.keys.issuer() {
        form = form.with("nsk_audience", &claims.aud);
    }
    Ok(Some(keep(passport, &form, now + HANDLE_LIFE).await?))
}
