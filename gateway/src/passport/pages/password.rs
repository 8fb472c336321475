//! Choosing a new password.

use super::fail::Fail;
use super::form::{self, Faults, Field};
use super::signin::recognise;
use super::standing;
use super::visit::{Fields, Person, Visit};
use crate::app::App;
use crate::auth::password::{self, PASSWORD_BYTES_MAX};
use crate::passport::browser;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use entities::User;
use maud::{Markup, html};

/// Shortest password that a person may choose, characters: there may be no second factor.
pub const CHARS_MIN: usize = 12;

/// `GET /passport/password`.
pub async fn show_password(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let person = visit.person().await?;
        page(&visit, &person, (StatusCode::OK, false), &Faults::default()).await
    };
    visit.answer(shown.await)
}

async fn page(
    visit: &Visit<'_>,
    person: &Person,
    (status, done): (StatusCode, bool),
    faults: &Faults,
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let title = t("Сменить пароль", "Change the password");
    let mut frame = standing::frame(person, title);
    frame.faulty = !faults.is_empty();
    let content = html! {
        div.card {
            h1 { (title) }
            @if done {
                p.done role="status" { (t("Пароль изменён. Другие сеансы завершены.",
                                          "The password was changed. Other sign-ins have ended.")) }
            }
            (faults.summary(visit))
            form method="post" action="/passport/password" {
                (form::token(visit))
                (Field {
                    name: "current", label: t("Нынешний пароль", "Present password"),
                    kind: "password", autocomplete: "current-password", ..Field::default()
                }.show(faults))
                (fresh_fields(visit, faults))
                button type="submit" { (title) }
            }
        }
    };
    Ok(visit.page(status, &frame, &content))
}

/// `POST /passport/password`.
pub async fn change_password(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(change(&visit, payload).await)
}

async fn change(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    let current = fields.get("current");
    let known = recognise(visit, &person.user.upn, current).await?.is_some();
    let mut faults = Faults::default();
    if !known {
        let text = visit.t("Нынешний пароль не подходит.", "The present password does not fit.");
        faults.add("current", text);
    }
    faults.join(fresh_faults(
        visit,
        &person.user,
        &fields,
        known && fields.get("fresh") == current,
    ));
    if !faults.is_empty() {
        let shown = (StatusCode::UNPROCESSABLE_ENTITY, false);
        return page(visit, &person, shown, &faults).await;
    }
    set(visit, &person.user, fields.get("fresh"), Some(&person.session.sid)).await?;
    page(visit, &person, (StatusCode::OK, true), &faults).await
}

/// The two fields of a new password.
pub fn fresh_fields(visit: &Visit<'_>, faults: &Faults) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    html! {
        (Field {
            name: "fresh", label: t("Новый пароль", "New password"), kind: "password",
            hint: t("Не короче 12 знаков. Подойдёт фраза из нескольких слов.",
                    "At least 12 characters. A phrase of several words will do."),
            autocomplete: "new-password", ..Field::default()
        }.show(faults))
        (Field {
            name: "again", label: t("Новый пароль ещё раз", "New password again"),
            kind: "password", autocomplete: "new-password", ..Field::default()
        }.show(faults))
    }
}

/// What is wrong with a new password; `same` says that it is the old one.
pub fn fresh_faults(visit: &Visit<'_>, user: &User, fields: &Fields, same: bool) -> Faults {
    let (fresh, t) = (fields.get("fresh"), |ru, en| visit.t(ru, en));
    let own_name = user.upn.split('@').next().filter(|name| name.len() >= 4);
    let mut faults = Faults::default();
    if fresh.chars().count() < CHARS_MIN || fresh.len() > PASSWORD_BYTES_MAX {
        let text = t("Новый пароль: не короче 12 знаков.", "New password: at least 12 characters.");
        faults.add("fresh", text);
    } else if same {
        let text = t("Новый пароль совпадает с прежним.", "The new password is the old one.");
        faults.add("fresh", text);
    } else if own_name.is_some_and(|name| fresh.to_lowercase().contains(name)) {
        let text =
            t("Пароль не должен содержать имя.", "The password must not contain your user name.");
        faults.add("fresh", text);
    }
    if fields.get("again") != fresh {
        faults.add("again", t("Пароли не совпадают.", "The passwords differ."));
    }
    faults
}

/// Hashes a password off the request threads.
///
/// # Errors
/// [`Fail::Broken`].
pub async fn hashed(visit: &Visit<'_>, fresh: &str) -> Result<String, Fail> {
    let (salt, text) = (visit.passport().ids.salt(), fresh.to_owned());
    let hash = tokio::task::spawn_blocking(move || password::hash(&text, salt)).await;
    let hash = hash.ok().and_then(Result::ok);
    hash.ok_or_else(|| Fail::Broken("a password was not hashed".to_owned()))
}

/// Sets the password and ends every sign-in of the person but the one kept.
///
/// # Errors
/// [`Fail::Broken`].
pub async fn set(
    visit: &Visit<'_>,
    user: &User,
    fresh: &str,
    keep: Option<&str>,
) -> Result<(), Fail> {
    let passport = visit.passport();
    let hash = hashed(visit, fresh).await?;
    visit.note("password.change", Some(user.uid), serde_json::json!({})).await?;
    let mut user = user.clone();
    user.password_hash = Some(hash.clone());
    let person = match user.person {
        Some(id) => passport.store.person(id).await?,
        None => None,
    };
    match person {
        // The station's own door opens with the same password, and no longer with the old one.
        Some(mut person) => {
            person.password_hash = hash;
            passport.store.put_user_and_person(&user, &person).await?;
        }
        None => passport.store.put_user(&user).await?,
    }
    passport.store.set_password_due(user.uid, None).await?;
    for session in passport.store.sessions_of(user.uid, visit.now()).await? {
        if keep != Some(session.sid.as_str()) {
            browser::end(passport, &session, "password changed").await?;
        }
    }
    Ok(())
}
