//! `POST /token` of the МАК: password or PIN, as a form or JSON, in the documented shapes.

use super::MakError;
use super::faults::Faults;
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiError;
use crate::http::{body, sessions};
use crate::wire::mak::Token;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

/// The grant for a PIN.
pub const PIN_GRANT: &str = "urn:nsk:grant:pin";

/// `POST /token`. The grant is `password` when none is named; a password without a name is a PIN.
pub async fn token(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, MakError> {
    let fields = body::fields(&request, payload, app.live.body_bytes_max).await?;
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let mut faults = Faults::default();
    let grant = text("grant_type").unwrap_or_default();
    if !matches!(grant, "" | "password" | PIN_GRANT) {
        faults.add(
            &["body", "grant_type"],
            "string does not match regex \"password\"",
            "str.regex",
        );
    }
    let by_pin = grant == PIN_GRANT;
    let secret = if by_pin { text("pin").or(text("password")) } else { text("password") };
    let Some(secret) = secret else {
        faults.missing(&["body", if by_pin { "pin" } else { "password" }]);
        return Err(faults.into());
    };
    faults.none()?;
    if !is_known(&app, &fields) {
        return Err(ApiError::unauthorized().into());
    }
    let name = text("username").filter(|name| !name.trim().is_empty());
    let (signed_in, pin) = sign_in(&app, &request, by_pin, (name, secret)).await?;
    let left = signed_in.principal.expires_at - app.clock.now();
    let token = Token {
        access_token: signed_in.token,
        token_type: app.config.mak.token_type.word().to_owned(),
        expires_in: pin.then_some(left.0 / 1_000),
    };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(token))
}

/// Signs in, and says whether it was by PIN.
async fn sign_in(
    app: &App,
    request: &HttpRequest,
    by_pin: bool,
    (name, secret): (Option<&str>, &str),
) -> Result<(SignedIn, bool), ApiError> {
    let station = app.passport.station.is_some();
    if by_pin || (station && name.is_none()) {
        if !may_carry_pins(app, request) {
            return Err(ApiError::forbidden("PINs are taken over HTTPS only"));
        }
        return Ok((sessions::sign_in_by_pin(app, request, name, secret).await?, true));
    }
    let login = name.unwrap_or_default();
    match sessions::sign_in(app, request, login, secret).await {
        // Whether it looks like a PIN is the client's own knowledge: nothing is told by the time.
        Err(error)
            if error.status == StatusCode::UNAUTHORIZED
                && station
                && is_pin(secret)
                && may_carry_pins(app, request) =>
        {
            Ok((sessions::sign_in_by_pin(app, request, name, secret).await?, true))
        }
        other => Ok((other?, false)),
    }
}

fn is_pin(text: &str) -> bool {
    (6..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// A PIN that is sent in clear is everybody's: only over TLS, or inside this machine.
fn may_carry_pins(app: &App, request: &HttpRequest) -> bool {
    let own = request.peer_addr().is_some_and(|address| address.ip().is_loopback());
    own || request.app_config().secure() || app.config.mak.pin_plain_http
}

/// Whether the client is one of those that may ask here.
fn is_known(app: &App, fields: &Map<String, Value>) -> bool {
    let clients = &app.config.mak.clients;
    let named = match fields.get("client_id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    };
    clients.is_empty() || clients.contains(&named)
}
