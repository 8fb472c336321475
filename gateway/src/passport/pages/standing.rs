//! Whether the person in front of the browser is still the one who signed in: sensitive steps ask
//! for the password again when it was given longer ago than a quarter of an hour.

use super::codes;
use super::fail::Fail;
use super::form::{self, Faults, Field};
use super::layout::Frame;
use super::signin::{code_field, recognise};
use super::visit::{Person, Visit};
use crate::app::App;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::Span;
use maud::html;

/// How long a proof of presence counts.
pub const PROOF_LASTS: Span = Span::minutes(15);
/// Pages to which one may return; the first is where an unknown one leads.
const BACK: [&str; 4] = ["", "codes", "passkeys", "password"];

/// The page of this site that a word stands for: one of [`BACK`], or one of the administrator's.
fn way_back(back: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    let of_admin = back == "admin" || back.starts_with("admin/");
    let safe = back.bytes().all(plain) && !back.contains("..") && !back.contains("//");
    let to = BACK.into_iter().find(|page| *page == back);
    let to = to.unwrap_or(if of_admin && safe { back } else { "" });
    format!("/passport/{to}").trim_end_matches('/').to_owned()
}

/// The frame of a page for whoever is signed in.
pub fn frame<'f>(person: &'f Person, title: &'f str) -> Frame<'f> {
    let manages = person.powers.is_some();
    Frame { title, name: Some(&person.user.name), manages, ..Frame::default() }
}

/// Leads to the page that asks again, unless the person proved lately that they are there.
///
/// # Errors
/// [`Fail::Prove`].
pub fn proved_lately(visit: &Visit<'_>, person: &Person) -> Result<(), Fail> {
    let lately = visit.now() - person.session.auth_time < PROOF_LASTS;
    if lately { Ok(()) } else { Err(Fail::Prove) }
}

/// `GET /passport/again`.
pub async fn show_prove_again(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let person = match visit.person().await {
        Ok(person) => person,
        Err(fail) => return visit.answer(Err(fail)),
    };
    let back = visit.query("back").to_owned();
    visit.answer(ask(&visit, &person, (StatusCode::OK, &back), &Faults::default()).await)
}

async fn ask(
    visit: &Visit<'_>,
    person: &Person,
    (status, back): (StatusCode, &str),
    faults: &Faults,
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let title = t("Подтвердите, что это вы", "Confirm that it is you");
    let mut frame = frame(person, title);
    frame.faulty = !faults.is_empty();
    let second = visit.passport().store.totp(person.user.uid).await?.is_some_and(|f| f.confirmed);
    let content = html! {
        div.card {
            h1 { (title) }
            (faults.summary(visit))
            p { (t("Для этого действия нужен недавний вход.",
                   "This step needs a recent sign-in.")) }
            form method="post" action="/passport/again" {
                (form::token(visit))
                (form::hidden("back", back))
                (Field {
                    name: "password", label: t("Пароль", "Password"), kind: "password",
                    autocomplete: "current-password", ..Field::default()
                }.show(faults))
                @if second { (code_field(visit, faults)) }
                button type="submit" { (t("Подтвердить", "Confirm")) }
            }
        }
    };
    Ok(visit.page(status, &frame, &content))
}

/// `POST /passport/again`.
pub async fn prove_again(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(prove(&visit, payload).await)
}

async fn prove(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    let back = fields.get("back");
    let known = recognise(visit, &person.user.upn, fields.get("password")).await?;
    let totp = visit.passport().store.totp(person.user.uid).await?;
    let second = totp.is_some_and(|factor| factor.confirmed);
    // A code is used up only after the password has fitted.
    let fits = known.is_some()
        && (!second || codes::fits(visit, person.user.uid, fields.trimmed("code")).await?);
    if !fits {
        visit
            .note("login.fail", Some(person.user.uid), serde_json::json!({"step": "again"}))
            .await?;
        let wrong =
            visit.t("Пароль или код не подходит.", "The password or the code does not fit.");
        let faults = Faults::one("password", wrong);
        return ask(visit, &person, (StatusCode::UNPROCESSABLE_ENTITY, back), &faults).await;
    }
    let mut session = person.session.clone();
    session.auth_time = visit.now();
    visit.passport().store.put_session(&session).await?;
    visit.note("login.again", Some(person.user.uid), serde_json::json!({})).await?;
    Ok(visit.go(&way_back(back)))
}
