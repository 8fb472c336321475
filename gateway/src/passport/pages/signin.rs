//! Sign-in: UPN and password, then a code where the person has an authenticator app.
//!
//! Whatever is wrong, the answer is the same, and takes as long. Between password and code the
//! browser carries a signed note; the session begins after the last step.

use super::codes;
use super::fail::Fail;
use super::form::{self, Faults, Field};
use super::layout::Frame;
use super::passkeys;
use super::password::{fresh_faults, fresh_fields, set};
use super::visit::{Fields, Visit};
use crate::app::App;
use crate::auth::password::PasswordFault;
use crate::auth::signin::{LOGIN_BYTES_MAX, login_of};
use crate::passport::browser;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::{Moment, Span};
use entities::User;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The step between password and code.
const STEP_COOKIE: &str = "nsk_step";
/// How long it may take.
const STEP_LASTS: Span = Span::minutes(5);
/// One factor.
pub const ACR_PASSWORD: &str = "urn:nsk:acr:password";
/// Two factors.
pub const ACR_TWO: &str = "urn:nsk:acr:two-factor";

/// What the browser carries between password and code.
#[derive(Serialize, Deserialize)]
struct Step {
    uid: Uuid,
    until: Moment,
    go_on: Option<String>,
    /// By what means they have proved who they are; empty while the code is awaited.
    proved: Vec<String>,
}

/// `GET /passport/login`.
pub async fn show_signin(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let go_on = visit.continues(visit.query("continue"));
    if go_on.is_none() && visit.person().await.is_ok() {
        return visit.go("/passport");
    }
    signin_page(&visit, StatusCode::OK, ("", go_on.as_deref()), &Faults::default())
}

/// The sign-in page, with what is wrong where something is.
pub(super) fn signin_page(
    visit: &Visit<'_>,
    status: StatusCode,
    (login, go_on): (&str, Option<&str>),
    faults: &Faults,
) -> HttpResponse {
    let t = |ru, en| visit.t(ru, en);
    let title = t("Вход", "Sign in");
    let frame = Frame {
        title,
        faulty: !faults.is_empty(),
        leads_away: go_on.is_some(),
        script: true,
        ..Frame::default()
    };
    let content = html! {
        div.card {
            h1 { (title) }
            (faults.summary(visit))
            form method="post" action="/passport/login" {
                (form::token(visit))
                @if let Some(id) = go_on { (form::hidden("continue", id)) }
                (Field {
                    name: "login", label: t("Имя в системе", "User name"), value: login,
                    hint: t("Например, ivanov.ii@nark.example", "Such as ivanov.ii@nark.example"),
                    autocomplete: "username", ..Field::default()
                }.show(faults))
                (Field {
                    name: "password", label: t("Пароль", "Password"), kind: "password",
                    autocomplete: "current-password", ..Field::default()
                }.show(faults))
                button type="submit" { (t("Войти", "Sign in")) }
            }
            (passkeys::offer(visit, go_on))
        }
    };
    visit.page(status, &frame, &content)
}

/// `POST /passport/login`.
pub async fn check_password(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(password(&visit, payload).await)
}

async fn password(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let go_on = visit.continues(fields.get("continue"));
    let login = fields.trimmed("login");
    let user = recognise(visit, login, fields.get("password")).await?;
    let Some(user) = user else {
        visit.note("login.fail", None, serde_json::json!({"step": "password"})).await?;
        let wrong = visit.t(
            "Имя или пароль не подходят. Проверьте раскладку и регистр.",
            "The user name or the password does not fit. Check the keyboard layout and the case.",
        );
        let faults = Faults::one("login", wrong);
        let shown = (login, go_on.as_deref());
        return Ok(signin_page(visit, StatusCode::UNPROCESSABLE_ENTITY, shown, &faults));
    };
    let totp = visit.passport().store.totp(user.uid).await?;
    if !totp.is_some_and(|totp| totp.confirmed) {
        return enter(visit, &user, go_on, &["pwd"]).await;
    }
    carry(visit, &Step { uid: user.uid, until: visit.now() + STEP_LASTS, go_on, proved: vec![] })?;
    Ok(visit.go("/passport/login/code"))
}

fn carry(visit: &Visit<'_>, step: &Step) -> Result<(), Fail> {
    let note = visit.passport().pages.0.sealing.note(step);
    let note = note.ok_or_else(|| Fail::Broken("a note cannot be written".to_owned()))?;
    visit.set(visit.cookie(STEP_COOKIE, note));
    Ok(())
}

/// The person of a UPN and a password. Both limits count before the password is looked at.
///
/// # Errors
/// [`Fail::TooMany`], [`Fail::Broken`].
pub async fn recognise(
    visit: &Visit<'_>,
    login: &str,
    password: &str,
) -> Result<Option<User>, Fail> {
    let pages = &visit.passport().pages.0;
    let cut = &login[..login.floor_char_boundary(LOGIN_BYTES_MAX)];
    let login = login_of(cut);
    pages.by_address.take(&visit.place()).map_err(Fail::TooMany)?;
    pages.by_login.take(&login).map_err(Fail::TooMany)?;
    let user = visit.passport().store.user_by_upn(&login).await?.filter(|user| user.active);
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    match visit.app.auth.passwords().fits(password, hash).await {
        Ok(fits) => Ok(user.filter(|_| fits)),
        Err(PasswordFault::Busy) => Err(Fail::TooMany(1_000)),
        Err(PasswordFault::Broken) => Err(Fail::Broken("a password hash".to_owned())),
    }
}

/// `GET /passport/login/code`.
pub async fn ask_code(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    match step_of(&visit).filter(|step| step.proved.is_empty()) {
        Some(step) => code_page(&visit, StatusCode::OK, &step, &Faults::default()),
        None => visit.go("/passport/login"),
    }
}

fn code_page(visit: &Visit<'_>, status: StatusCode, step: &Step, faults: &Faults) -> HttpResponse {
    let t = |ru, en| visit.t(ru, en);
    let title = t("Код подтверждения", "Confirmation code");
    let frame = Frame {
        title,
        faulty: !faults.is_empty(),
        leads_away: step.go_on.is_some(),
        ..Frame::default()
    };
    let content = html! {
        div.card {
            h1 { (title) }
            (faults.summary(visit))
            form method="post" action="/passport/login/code" {
                (form::token(visit))
                (code_field(visit, faults))
                button type="submit" { (t("Войти", "Sign in")) }
            }
        }
    };
    visit.page(status, &frame, &content)
}

/// The field of a code, wherever one is asked for.
pub fn code_field(visit: &Visit<'_>, faults: &Faults) -> Markup {
    Field {
        name: "code",
        label: visit.t("Код", "Code"),
        hint: visit.t(
            "Шесть цифр из приложения или один из кодов восстановления.",
            "Six digits from your app, or one of your recovery codes.",
        ),
        autocomplete: "one-time-code",
        ..Field::default()
    }
    .show(faults)
}

/// `POST /passport/login/code`.
pub async fn check_code(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(code(&visit, payload).await)
}

async fn code(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields: Fields = visit.fields(payload).await?;
    let step = step_of(visit).filter(|step| step.proved.is_empty()).ok_or(Fail::SignIn)?;
    let user = visit.passport().store.user(step.uid).await?.filter(|user| user.active);
    let user = user.ok_or(Fail::SignIn)?;
    if codes::fits(visit, step.uid, fields.trimmed("code")).await? {
        return enter(visit, &user, step.go_on, &["pwd", "otp"]).await;
    }
    visit.note("login.fail", Some(user.uid), serde_json::json!({"step": "code"})).await?;
    let wrong = visit.t(
        "Код не подходит или уже использован. Дождитесь следующего.",
        "The code does not fit or was used already. Wait for the next one.",
    );
    let faults = Faults::one("code", wrong);
    Ok(code_page(visit, StatusCode::UNPROCESSABLE_ENTITY, &step, &faults))
}

fn step_of(visit: &Visit<'_>) -> Option<Step> {
    let cookie = visit.request.cookie(STEP_COOKIE)?;
    let step: Step = visit.passport().pages.0.sealing.read_note(cookie.value())?;
    (visit.now() < step.until).then_some(step)
}

/// Goes on after the last proof: to a new password where the old one was for once, else into the
/// session.
///
/// # Errors
/// [`Fail::Broken`].
pub async fn enter(
    visit: &Visit<'_>,
    user: &User,
    go_on: Option<String>,
    amr: &[&str],
) -> Result<HttpResponse, Fail> {
    if visit.passport().store.password_due(user.uid).await? {
        let proved = amr.iter().map(|&word| word.to_owned()).collect();
        carry(visit, &Step { uid: user.uid, until: visit.now() + STEP_LASTS, go_on, proved })?;
        return Ok(visit.go("/passport/login/password"));
    }
    begin(visit, user, go_on, amr).await
}

/// Begins the session and goes on to where the person came from.
async fn begin(
    visit: &Visit<'_>,
    user: &User,
    go_on: Option<String>,
    amr: &[&str],
) -> Result<HttpResponse, Fail> {
    let acr = if amr.len() > 1 || amr.contains(&"hwk") { ACR_TWO } else { ACR_PASSWORD };
    let detail = serde_json::json!({"acr": acr, "amr": amr});
    visit.note("login.ok", Some(user.uid), detail).await?;
    let begun = browser::Begun { uid: user.uid, acr, amr, user_agent: &visit.agent() };
    let (_, cookie) = browser::open(visit.passport(), visit.request, begun).await?;
    visit.set(cookie);
    let mut gone = visit.cookie(STEP_COOKIE, String::new());
    gone.make_removal();
    visit.set(gone);
    Ok(match go_on {
        Some(id) => visit.go(&format!("/oauth/authorize?continue={id}")),
        None => visit.go("/passport"),
    })
}

/// `GET /passport/login/password`: whoever signed in with a password for once chooses their own.
pub async fn ask_own_password(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    match step_of(&visit).filter(|step| !step.proved.is_empty()) {
        Some(step) => own_page(&visit, StatusCode::OK, &step, &Faults::default()),
        None => visit.go("/passport/login"),
    }
}

fn own_page(visit: &Visit<'_>, status: StatusCode, step: &Step, faults: &Faults) -> HttpResponse {
    let t = |ru, en| visit.t(ru, en);
    let title = t("Выберите свой пароль", "Choose your own password");
    let leads_away = step.go_on.is_some();
    let frame = Frame { title, faulty: !faults.is_empty(), leads_away, ..Frame::default() };
    let content = html! {
        div.card {
            h1 { (title) }
            p { (t("Пароль, с которым вы вошли, был одноразовым.",
                   "The password that you signed in with was for once.")) }
            (faults.summary(visit))
            form method="post" action="/passport/login/password" {
                (form::token(visit))
                (fresh_fields(visit, faults))
                button type="submit" { (t("Сохранить и войти", "Keep it and sign in")) }
            }
        }
    };
    visit.page(status, &frame, &content)
}

/// `POST /passport/login/password`.
pub async fn set_own_password(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(own(&visit, payload).await)
}

async fn own(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let step = step_of(visit).filter(|step| !step.proved.is_empty()).ok_or(Fail::SignIn)?;
    let user = visit.passport().store.user(step.uid).await?.filter(|user| user.active);
    let user = user.ok_or(Fail::SignIn)?;
    // A note that was kept from before must not set the password a second time.
    if !visit.passport().store.password_due(user.uid).await? {
        return Err(Fail::SignIn);
    }
    let old = user.password_hash.as_deref();
    let same = visit.app.auth.passwords().fits(fields.get("fresh"), old).await.unwrap_or(true);
    let faults = fresh_faults(visit, &user, &fields, same);
    if !faults.is_empty() {
        return Ok(own_page(visit, StatusCode::UNPROCESSABLE_ENTITY, &step, &faults));
    }
    set(visit, &user, fields.get("fresh"), None).await?;
    let amr: Vec<&str> = step.proved.iter().map(String::as_str).collect();
    begin(visit, &user, step.go_on, &amr).await
}
