//! Passkeys: entering, removing, and signing in with one where the browser runs scripts. Without
//! scripts the pages work as they do without passkeys.
//!
//! What the browser must answer stands in the page, and what the server must remember of it in a
//! signed note beside; the note is used up by the first answer.

use super::fail::Fail;
use super::form::{self, Faults, Field};
use super::signin;
use super::standing;
use super::visit::{Fields, Person, Visit, when};
use crate::app::App;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Span;
use entities::{Passkey, StoreError, User};
use maud::{Markup, html};
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::{
    CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle16,
};
use webauthn_rp::request::{AsciiDomain, PublicKeyCredentialDescriptor, RpId};
use webauthn_rp::response::register::{DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
};

/// Answers that were used up, among what is used once.
const USED: &str = "passkey";
/// How long a used note is remembered: longer than the library takes an answer to it.
const USED_LASTS: Span = Span::minutes(30);
/// Longest name of a passkey, characters.
const NAME_CHARS_MAX: usize = 60;
const WRONG_RU: &str = "Ключ доступа не подошёл. Попробуйте ещё раз.";
const WRONG_EN: &str = "The passkey did not fit. Try again.";

/// The name that passkeys of this installation are bound to: the host of its issuer, when it has a
/// name. Addresses of numbers have no passkeys.
fn place(visit: &Visit<'_>) -> Option<(RpId, String)> {
    let url = Url::parse(visit.passport().keys.issuer()).ok()?;
    let Some(Host::Domain(host)) = url.host() else { return None };
    let domain = AsciiDomain::try_from(host.to_owned()).ok()?;
    Some((RpId::Domain(domain), url.origin().ascii_serialization()))
}

fn broken(error: impl std::fmt::Debug) -> Fail {
    Fail::Broken(format!("a passkey: {error:?}"))
}

/// Keeps a state in a note of the page.
fn noted(visit: &Visit<'_>, state: Vec<u8>) -> Result<String, Fail> {
    let note = visit.passport().pages.0.sealing.note(&(USED, state));
    note.ok_or_else(|| Fail::Broken("a note cannot be written".to_owned()))
}

/// The state of a note that came back for the first time.
async fn used_up(visit: &Visit<'_>, note: &str) -> Result<Option<Vec<u8>>, Fail> {
    let passport = visit.passport();
    let read: Option<(String, Vec<u8>)> = passport.pages.0.sealing.read_note(note);
    let Some((_, state)) = read.filter(|(kind, _)| kind == USED) else { return Ok(None) };
    let key = digest(&SHA256, note.as_bytes());
    let until = visit.now() + USED_LASTS;
    let first =
        passport.store.put_once(USED, key.as_ref(), &serde_json::Value::Null, until).await?;
    Ok(first.then_some(state))
}

/// `GET /passport/passkeys`.
pub async fn show_passkeys(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let person = visit.person().await?;
        page(&visit, &person, &Faults::default()).await
    };
    visit.answer(shown.await)
}

async fn page(visit: &Visit<'_>, person: &Person, faults: &Faults) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let title = t("Ключи доступа", "Passkeys");
    let kept = visit.passport().store.passkeys(person.user.uid).await?;
    let fresh = standing::proved_lately(visit, person).is_ok();
    let mut frame = standing::frame(person, title);
    frame.faulty = !faults.is_empty();
    frame.script = true;
    let content = html! {
        h1 { (title) }
        (faults.summary(visit))
        p { (t("С ключом доступа вход подтверждает телефон, компьютер или токен: отпечатком, лицом или кодом.",
               "With a passkey your phone, computer or token confirms the sign-in by finger, face or code.")) }
        @if kept.is_empty() { p { (t("Ключей ещё нет.", "There are none yet.")) } }
        ul.list {
            @for key in &kept {
                li {
                    div {
                        p { strong { (key.name) } }
                        p.soft {
                            (t("добавлен ", "added ")) (when(key.made_at))
                            @if let Some(used) = key.used_at { (t(", использован ", ", used ")) (when(used)) }
                        }
                    }
                    @if fresh {
                        (form::button(visit, "/passport/passkeys/remove", &[("id", &key.id)],
                            t("Удалить", "Remove")))
                    }
                }
            }
        }
        @if place(visit).is_none() {
            p.warn { (t("У этой установки нет имени в сети: ключи доступа здесь невозможны.",
                        "This installation has no name in the network: passkeys cannot be used here.")) }
        } @else if fresh { (entry(visit, person, &kept, faults)?) }
        @else {
            p { a.button href="/passport/again?back=passkeys" {
                (t("Подтвердить, что это вы, и добавить ключ", "Confirm that it is you, and add one"))
            } }
        }
    };
    let status = if frame.faulty { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(visit.page(status, &frame, &content))
}

fn entry(
    visit: &Visit<'_>,
    person: &Person,
    kept: &[Passkey],
    faults: &Faults,
) -> Result<Markup, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let (options, state) = creation(visit, &person.user, kept)?;
    Ok(html! {
        p.warn data-without-passkeys="" {
            (t("Чтобы добавить ключ, в браузере должны работать сценарии и ключи доступа.",
               "To add a passkey your browser must run scripts and know passkeys."))
        }
        section.card data-needs-passkeys="" hidden aria-labelledby="new" {
            h2 #new { (t("Добавить ключ", "Add a passkey")) }
            form method="post" action="/passport/passkeys" data-passkey-create=(options) {
                (form::token(visit))
                (form::hidden("state", &state))
                (form::hidden("credential", ""))
                (Field {
                    name: "name", label: t("Как его назвать", "What to call it"),
                    hint: t("Например, «телефон»", "Such as “phone”"), ..Field::default()
                }.show(faults))
                p.fault data-passkey-fault="" role="alert" hidden {
                    (t("Ключ не добавлен: устройство отказалось или время вышло.",
                       "Nothing was added: the device refused, or the time is over."))
                }
                button type="submit" { (t("Добавить", "Add")) }
            }
        }
    })
}

fn creation(visit: &Visit<'_>, user: &User, kept: &[Passkey]) -> Result<(String, String), Fail> {
    let (rp, _) = place(visit).ok_or(Fail::Missing)?;
    let handle = UserHandle16::decode(user.uid.into_bytes()).map_err(broken)?;
    let entity = PublicKeyCredentialUserEntity {
        name: user.upn.as_str().try_into().map_err(broken)?,
        id: &handle,
        display_name: user.name.as_str().try_into().ok(),
    };
    let mut known = Vec::with_capacity(kept.len());
    for key in kept {
        let id = B64.decode(&key.id).map_err(broken)?;
        known.push(PublicKeyCredentialDescriptor {
            id: CredentialId::<Vec<u8>>::decode(id).map_err(broken)?,
            transports: AuthTransports::decode(0).map_err(broken)?,
        });
    }
    let mut options = PublicKeyCredentialCreationOptions::passkey(&rp, entity, known);
    // Devices that do not know this extension would refuse. Every sign-in asks them to verify the
    // person all the same.
    options.extensions.cred_protect = CredProtect::None;
    let (server, client) = options.start_ceremony().map_err(broken)?;
    let options = serde_json::to_string(&client).map_err(broken)?;
    Ok((options, noted(visit, server.encode().map_err(broken)?)?))
}

/// `POST /passport/passkeys`.
pub async fn add_passkey(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(add(&visit, payload).await)
}

async fn add(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    standing::proved_lately(visit, &person)?;
    let name: String = fields.trimmed("name").chars().take(NAME_CHARS_MAX).collect();
    let Some(passkey) = registered(visit, &person.user, &fields, name).await? else {
        return page(visit, &person, &Faults::one("name", visit.t(WRONG_RU, WRONG_EN))).await;
    };
    let detail = serde_json::json!({"factor": "passkey", "id": passkey.id});
    visit.note("factor.add", Some(person.user.uid), detail).await?;
    match visit.passport().store.put_passkey(&passkey).await {
        Ok(()) => Ok(visit.go("/passport/passkeys")),
        Err(StoreError::TooMany { .. } | StoreError::Taken(_)) => {
            let text = visit.t(
                "Больше ключей добавить нельзя, или этот уже добавлен.",
                "There are too many passkeys, or this one is added already.",
            );
            page(visit, &person, &Faults::one("name", text)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The passkey that a browser has made, when everything about it holds.
async fn registered(
    visit: &Visit<'_>,
    user: &User,
    fields: &Fields,
    name: String,
) -> Result<Option<Passkey>, Fail> {
    let (rp, origin) = place(visit).ok_or(Fail::Missing)?;
    let Some(state) = used_up(visit, fields.get("state")).await? else { return Ok(None) };
    let Ok(state) = RegistrationServerState::<16>::decode(&state) else { return Ok(None) };
    let Ok(made) = serde_json::from_str::<Registration>(fields.get("credential")) else {
        return Ok(None);
    };
    let origins = [origin];
    let options = RegistrationVerificationOptions::<String, String> {
        allowed_origins: &origins,
        ..RegistrationVerificationOptions::default()
    };
    let credential = match state.verify(&rp, &made, &options) {
        Ok(credential) => credential,
        Err(error) => {
            tracing::info!(?error, "a passkey was not entered");
            return Ok(None);
        }
    };
    if credential.user_id().as_ref() != user.uid.as_bytes() {
        return Ok(None);
    }
    Ok(Some(Passkey {
        id: B64.encode(credential.id().as_ref()),
        uid: user.uid,
        name,
        fixed: credential.static_state().encode().map_err(broken)?,
        moving: credential.dynamic_state().encode().map_err(broken)?.to_vec(),
        made_at: visit.now(),
        used_at: None,
    }))
}

/// `POST /passport/passkeys/remove`.
pub async fn remove_passkey(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(remove(&visit, payload).await)
}

async fn remove(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    standing::proved_lately(visit, &person)?;
    let id = fields.get("id");
    let own = visit.passport().store.passkeys(person.user.uid).await?;
    if !own.iter().any(|key| key.id == id) {
        return Err(Fail::Missing);
    }
    let detail = serde_json::json!({"factor": "passkey", "id": id});
    visit.note("factor.remove", Some(person.user.uid), detail).await?;
    visit.passport().store.remove_passkey(person.user.uid, id).await?;
    Ok(visit.go("/passport/passkeys"))
}

/// The part of the sign-in page for whoever has a passkey; hidden until a script shows it.
pub fn offer(visit: &Visit<'_>, go_on: Option<&str>) -> Markup {
    let Some((rp, _)) = place(visit) else { return html! {} };
    match question(visit, &rp) {
        Ok((options, state)) => offered(visit, go_on, (&options, &state)),
        // Whoever has a password can do without.
        Err(fail) => {
            tracing::error!(?fail, "passkeys cannot be offered");
            html! {}
        }
    }
}

fn question(visit: &Visit<'_>, rp: &RpId) -> Result<(String, String), Fail> {
    let options = DiscoverableCredentialRequestOptions::passkey(rp);
    let (server, client) = options.start_ceremony().map_err(broken)?;
    let options = serde_json::to_string(&client).map_err(broken)?;
    Ok((options, noted(visit, server.encode().map_err(broken)?)?))
}

fn offered(visit: &Visit<'_>, go_on: Option<&str>, (options, state): (&str, &str)) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    html! {
        div data-needs-passkeys="" hidden {
            form method="post" action="/passport/login/passkey" data-passkey-get=(options) {
                (form::token(visit))
                @if let Some(id) = go_on { (form::hidden("continue", id)) }
                (form::hidden("state", state))
                (form::hidden("credential", ""))
                p.fault data-passkey-fault="" role="alert" hidden {
                    (t("Ключ не подошёл: устройство отказалось или время вышло.",
                       "No passkey was given: the device refused, or the time is over."))
                }
                button.quiet type="submit" { (t("Войти с ключом доступа", "Sign in with a passkey")) }
            }
        }
    }
}

/// `POST /passport/login/passkey`.
pub async fn check_passkey(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(check(&visit, payload).await)
}

async fn check(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let go_on = visit.continues(fields.get("continue"));
    visit.passport().pages.0.by_address.take(&visit.place()).map_err(Fail::TooMany)?;
    if let Some(user) = proven(visit, &fields).await? {
        return signin::enter(visit, &user, go_on, &["hwk", "user"]).await;
    }
    visit.note("login.fail", None, serde_json::json!({"step": "passkey"})).await?;
    let faults = Faults::one("login", visit.t(WRONG_RU, WRONG_EN));
    let shown = ("", go_on.as_deref());
    Ok(signin::signin_page(visit, StatusCode::UNPROCESSABLE_ENTITY, shown, &faults))
}

/// Whose passkey has answered, when everything about the answer holds.
async fn proven(visit: &Visit<'_>, fields: &Fields) -> Result<Option<User>, Fail> {
    let (rp, origin) = place(visit).ok_or(Fail::Missing)?;
    let store = &visit.passport().store;
    let Some(state) = used_up(visit, fields.get("state")).await? else { return Ok(None) };
    let Ok(state) = DiscoverableAuthenticationServerState::decode(&state) else {
        return Ok(None);
    };
    let answer: Result<DiscoverableAuthentication16, _> =
        serde_json::from_str(fields.get("credential"));
    let Ok(answer) = answer else { return Ok(None) };
    let handle = *answer.response().user_handle();
    let id = answer.raw_id();
    let id: &[u8] = id.as_ref();
    let Some(kept) = store.passkey(&B64.encode(id)).await? else { return Ok(None) };
    let uid = Uuid::from_bytes(handle.encode().map_err(broken)?);
    let user = store.user(kept.uid).await?.filter(|user| user.active && user.uid == uid);
    let Some(user) = user else { return Ok(None) };
    let moving = kept.moving.as_slice().try_into().map_err(broken)?;
    let mut credential = AuthenticatedCredential::new(
        CredentialId::<&[u8]>::decode(id).map_err(broken)?,
        &handle,
        StaticState::decode(kept.fixed.as_slice()).map_err(broken)?,
        DynamicState::decode(moving).map_err(broken)?,
    )
    .map_err(broken)?;
    let origins = [origin];
    let options = AuthenticationVerificationOptions::<String, String> {
        allowed_origins: &origins,
        ..AuthenticationVerificationOptions::default()
    };
    if let Err(error) = state.verify(&rp, &answer, &mut credential, &options) {
        tracing::info!(?error, "a passkey was refused");
        return Ok(None);
    }
    let after = credential.dynamic_state().encode().map_err(broken)?;
    // Of two answers with one counter the second finds it moved.
    let first = store.use_passkey(&kept.id, (&kept.moving, &after), visit.now()).await?;
    Ok(first.then_some(user))
}
