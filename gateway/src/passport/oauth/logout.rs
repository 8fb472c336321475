//! Signing out at a client's request (OpenID Connect RP-Initiated Logout).

use super::authorize::see_other;
use super::clients;
use super::fault::Fault;
use super::form::Form;
use super::mint;
use super::redirect;
use crate::app::App;
use crate::auth::same_origin;
use crate::passport::browser;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

/// Where somebody is asked whether they want to sign out.
const ASK: &str = "/passport";

/// `GET /oauth/logout`.
///
/// # Errors
/// `invalid_request` for an address to return to that was not registered.
pub async fn get(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let form = Form::of_query(&request)?;
    end(&app, &request, &form).await
}

/// `POST /oauth/logout`.
///
/// # Errors
/// As [`get`].
pub async fn post(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Fault> {
    let form = Form::of_body(&request, payload).await?;
    end(&app, &request, &form).await
}

async fn end(app: &Data<App>, request: &HttpRequest, form: &Form) -> Result<HttpResponse, Fault> {
    let passport = &app.passport;
    passport.oauth.from_address(request)?;
    let now = passport.clock.now();
    let hint = match form.get("id_token_hint") {
        None => None,
        Some(hint) => {
            let read = passport.keys.read_id_token(hint, now);
            Some(read.map_err(|_| Fault::invalid_request("the id_token_hint is not valid"))?)
        }
    };
    let named = form.get("client_id").or(hint.as_ref().map(|hint| hint.aud.as_str()));
    if hint.as_ref().is_some_and(|hint| Some(hint.aud.as_str()) != named) {
        return Err(Fault::invalid_request("the client_id is another's"));
    }
    let back = match form.get("post_logout_redirect_uri") {
        None => None,
        Some(uri) => {
            let client = match named {
                None => None,
                Some(id) => clients::find(passport, id).await?,
            };
            let known = client.is_some_and(|client| {
                client.terms.post_logout_redirect_uris.iter().any(|known| known == uri)
            });
            if !known || !redirect::is_sound(uri) {
                let text = "the post_logout_redirect_uri is not registered";
                return Err(Fault::invalid_request(text));
            }
            Some(uri)
        }
    };
    let session = browser::current(passport, request).await?;
    // Another site may send a browser here: without the proof that it knows the sign-in, or a
    // request of our own pages, the person is asked.
    let own =
        hint.as_ref().zip(session.as_ref()).is_some_and(|(hint, session)| hint.sid == session.sid);
    let ours = request.method() == "POST" && same_origin(request, &app.config.server);
    Ok(match (session, own || ours) {
        (Some(session), true) => {
            let detail = json!({"sid": session.sid});
            let subject = Some(session.uid.to_string());
            mint::record(passport, "logout", named, subject, detail).await?;
            browser::end(passport, &session, "signed out").await?;
            let mut answer = leave(form, back)?;
            let cookie = browser::cleared(passport);
            answer.add_cookie(&cookie).map_err(|_| Fault::unavailable())?;
            answer
        }
        (Some(_), false) => see_other(ASK),
        (None, _) => leave(form, back)?,
    })
}

fn leave(form: &Form, back: Option<&str>) -> Result<HttpResponse, Fault> {
    let Some(uri) = back else { return Ok(see_other(ASK)) };
    let state: Vec<(&str, &str)> =
        form.get("state").map(|state| ("state", state)).into_iter().collect();
    let place =
        if state.is_empty() { Some(uri.to_owned()) } else { redirect::with_query(uri, &state) };
    Ok(see_other(&place.ok_or_else(|| Fault::invalid_request("the address is none"))?))
}
