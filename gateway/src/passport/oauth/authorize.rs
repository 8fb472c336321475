//! The authorization endpoint: code with PKCE, for whoever is signed in at the passport.

use super::clients;
use super::code::{self, Code};
use super::fault::Fault;
use super::form::Form;
use super::mint::Granted;
use super::secret::{draw, draw_id, sha256};
use super::{pkce, pushed, redirect, scope};
use crate::app::App;
use crate::passport::{Passport, browser};
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use engine::{Moment, Span};
use entities::{Client, PassportSession};
use serde_json::{Value, json};

/// How long a request waits for its person to sign in.
const WAIT: Span = Span::secs(900);
const KIND: &str = "authorize";
/// Longest state or nonce, bytes.
const OPAQUE_BYTES_MAX: usize = 1_024;
/// A person who has just typed a PIN; given by the page that asks for it.
pub const ACR_PIN: &str = "urn:nsk:acr:pin";
/// A life above this must be pushed, s.
const PUSHED_FROM: i64 = 86_400;
/// Where people sign in.
const LOGIN: &str = "/passport/login";

/// A sound request.
pub struct Asked {
    redirect_uri: String,
    challenge: String,
    scope: std::collections::BTreeSet<String>,
    lifetime: Option<i64>,
    max_age: Option<i64>,
    prompt: Prompt,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Prompt {
    none: bool,
    login: bool,
}

/// `GET /oauth/authorize`.
///
/// # Errors
/// What cannot be told to the client, because it is not known where it is.
pub async fn get(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let form = Form::of_query(&request)?;
    app.passport.oauth.from_address(&request)?;
    if let Some(id) = form.get("continue") {
        let hash = sha256(id.as_bytes());
        let now = app.passport.clock.now();
        let kept = app.passport.store.take_once(KIND, &hash, now).await?;
        let again = Fault::invalid_request("the sign-in took too long: begin again");
        let kept = kept.ok_or(again)?;
        let since = kept.get("since").and_then(Value::as_i64).map(Moment);
        let form = kept.get("form").and_then(Value::as_object).map(Form::from_json);
        let pushed = kept.get("pushed").and_then(Value::as_bool).unwrap_or(false);
        let waited = Waited { since, returns: true, pushed };
        return decide(&request, &app.passport, form.unwrap_or_default(), waited).await;
    }
    begin(&request, &app.passport, form).await
}

/// `POST /oauth/authorize`: the same with a form.
///
/// # Errors
/// As [`get`].
pub async fn post(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let form = Form::of_body(&request, payload).await?;
    app.passport.oauth.from_address(&request)?;
    begin(&request, &app.passport, form).await
}

/// What is known of a request that comes back from the sign-in.
#[derive(Clone, Copy, Default)]
struct Waited {
    /// The sign-in must be younger.
    since: Option<Moment>,
    returns: bool,
    pushed: bool,
}

async fn begin(
    request: &HttpRequest,
    passport: &Passport,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let Some(uri) = form.get("request_uri") else {
        return decide(request, passport, form, Waited::default()).await;
    };
    let mut kept = pushed::take(passport, form.need("client_id")?, uri).await?;
    if kept.get("nsk_reauth").is_some() {
        // Only the client itself can make what proves that the answer is for it.
        for name in ["code_challenge", "code_challenge_method", "state", "nonce"] {
            if let Some(value) = form.get(name) {
                kept = kept.with(name, value);
            }
        }
    }
    decide(request, passport, kept, Waited { pushed: true, ..Waited::default() }).await
}

async fn decide(
    request: &HttpRequest,
    passport: &Passport,
    form: Form,
    waited: Waited,
) -> Result<HttpResponse, Fault> {
    let client = clients::find(passport, form.need("client_id")?).await?;
    let client = client.ok_or_else(|| Fault::bad("invalid_client", "the client is not known"))?;
    let uri = form.need("redirect_uri")?;
    if !redirect::allowed(uri, &client.terms.redirect_uris) {
        return Err(Fault::invalid_request("the redirect_uri is not registered"));
    }
    // From here on the client is told.
    let answered = match check(&client, &form, waited.pushed) {
        Ok(asked) => for_person(request, passport, (&client, &form), &asked, waited).await,
        Err(fault) => Err(fault),
    };
    match answered {
        Err(fault) if fault.status.is_server_error() => Err(fault),
        Err(fault) => {
            let error = [("error", fault.error), ("error_description", &*fault.description)];
            send(passport, uri, &form, &error)
        }
        sent => sent,
    }
}

/// Checks everything that does not depend on the person.
///
/// # Errors
/// What the client is told.
pub fn check(client: &Client, form: &Form, pushed: bool) -> Result<Asked, Fault> {
    let uri = form.need("redirect_uri")?;
    if !redirect::allowed(uri, &client.terms.redirect_uris) {
        return Err(Fault::invalid_request("the redirect_uri is not registered"));
    }
    if form.get("request").is_some() {
        return Err(Fault::bad("request_not_supported", "push the request instead"));
    }
    if form.need("response_type")? != "code" {
        return Err(Fault::bad("unsupported_response_type", "only code is given"));
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Fault::invalid_request("response_mode must be query"));
    }
    let opaque = ["state", "nonce"].into_iter().filter_map(|name| form.get(name));
    if opaque.into_iter().any(|text| text.len() > OPAQUE_BYTES_MAX) {
        return Err(Fault::invalid_request("state or nonce is too long"));
    }
    let lifetime = form.number("lifetime")?;
    let pin = form.get("acr_values").is_some_and(|all| all.split(' ').any(|acr| acr == ACR_PIN));
    let privileged =
        pin || lifetime.is_some_and(|s| s > PUSHED_FROM) || form.get("nsk_role").is_some();
    if (client.terms.flags.par_required || privileged) && !pushed {
        return Err(Fault::invalid_request("this request must be pushed"));
    }
    let mut prompt = Prompt::default();
    for word in form.get("prompt").into_iter().flat_map(|words| words.split(' ')) {
        match word {
            "none" => prompt.none = true,
            "login" | "select_account" => prompt.login = true,
            "consent" => {}
            _ => return Err(Fault::invalid_request("the prompt is not known")),
        }
    }
    if prompt.none && prompt.login {
        return Err(Fault::invalid_request("prompt=none stands alone"));
    }
    Ok(Asked {
        redirect_uri: uri.to_owned(),
        challenge: pkce::challenge(form)?,
        scope: scope::within(form.get("scope"), &client.terms.scopes)?,
        lifetime,
        max_age: form.number("max_age")?,
        prompt,
    })
}

async fn for_person(
    request: &HttpRequest,
    passport: &Passport,
    (client, form): (&Client, &Form),
    asked: &Asked,
    waited: Waited,
) -> Result<HttpResponse, Fault> {
    let now = passport.clock.now();
    let session = browser::current(passport, request).await?;
    let session = match session {
        Some(session) => {
            let user = passport.store.user(session.uid).await?;
            user.is_some_and(|user| user.active).then_some(session)
        }
        None => None,
    };
    let fresh_from = if waited.returns {
        waited.since
    } else if asked.prompt.login {
        Some(now)
    } else {
        asked.max_age.map(|age| now + Span::secs(-age))
    };
    let fresh = |session: &PassportSession| fresh_from.is_none_or(|from| session.auth_time >= from);
    let Some(session) = session.filter(fresh) else {
        if asked.prompt.none || (waited.returns && fresh_from.is_some()) {
            return Err(Fault::bad("login_required", "nobody has signed in, or too long ago"));
        }
        return sign_in(passport, form, fresh_from, waited.pushed).await;
    };
    if form.get("nsk_reauth").is_some_and(|uid| uid != session.uid.to_string()) {
        return Err(Fault::bad("login_required", "somebody else is signed in"));
    }
    let acr_values = form.get("acr_values").unwrap_or_default();
    if acr_values.split(' ').any(|acr| acr == ACR_PIN) && session.acr != ACR_PIN {
        let text = "a PIN was not asked for";
        return Err(Fault::bad("unmet_authentication_requirements", text));
    }
    let granted = Granted {
        uid: session.uid,
        sid: session.sid.clone(),
        cid: client.id.clone(),
        scope: asked.scope.clone(),
        auth_time: session.auth_time.0,
        acr: session.acr.clone(),
        amr: session.amr.clone(),
        jkt: form.get("dpop_jkt").map(str::to_owned),
        lifetime: asked.lifetime,
    };
    let code = Code {
        granted,
        redirect_uri: asked.redirect_uri.clone(),
        challenge: asked.challenge.clone(),
        nonce: form.get("nonce").map(str::to_owned),
        jti: draw_id(&*passport.ids),
        family: super::uuid(passport),
    };
    let code = code::keep(passport, &code).await?;
    send(passport, &asked.redirect_uri, form, &[("code", &code)])
}

/// Keeps the request and sends the person to sign in.
async fn sign_in(
    passport: &Passport,
    form: &Form,
    since: Option<Moment>,
    pushed: bool,
) -> Result<HttpResponse, Fault> {
    let id = draw(&*passport.ids);
    let until = passport.clock.now() + WAIT;
    let body = json!({"form": form.to_json(), "since": since.map(|m| m.0), "pushed": pushed});
    passport.store.put_once(KIND, &sha256(id.as_bytes()), &body, until).await?;
    let mut place = format!("{LOGIN}?continue={id}");
    if since.is_some() {
        place.push_str("&fresh=1");
    }
    Ok(see_other(&place))
}

/// Sends the browser back to the client, with state and issuer.
fn send(
    passport: &Passport,
    uri: &str,
    form: &Form,
    answer: &[(&str, &str)],
) -> Result<HttpResponse, Fault> {
    let mut query = answer.to_vec();
    if let Some(state) = form.get("state").filter(|state| state.len() <= OPAQUE_BYTES_MAX) {
        query.push(("state", state));
    }
    query.push(("iss", passport.keys.issuer()));
    let place = redirect::with_query(uri, &query);
    let place = place.ok_or_else(|| Fault::invalid_request("the redirect_uri is none"))?;
    Ok(see_other(&place))
}

/// Sends a browser elsewhere, whatever method it came with.
pub fn see_other(place: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER)
        .insert_header((header::LOCATION, place))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
