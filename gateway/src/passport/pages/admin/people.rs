//! The list of people, and entering somebody.

use super::{Manager, faults, shown_once, state_word, table};
use crate::app::App;
use crate::passport::admin::NewPerson;
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{self, Faults, Field};
use crate::passport::pages::visit::{Fields, Visit};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

/// People of one page.
const PAGE: u32 = 50;

/// `GET /passport/admin/people`.
pub async fn show_people(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let manager = Manager::of(&visit).await?;
        page(&visit, &manager, None, &Faults::default()).await
    };
    visit.answer(shown.await)
}

async fn page(
    visit: &Visit<'_>,
    manager: &Manager,
    fields: Option<&Fields>,
    faults: &Faults,
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let wanted = visit.query("q").trim();
    let store = &visit.passport().store;
    let mut found = store.find_users(wanted, visit.query("after"), PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| {
        serde_urlencoded::to_string([("q", wanted), ("after", &last.upn)]).unwrap_or_default()
    });
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|user| {
            let to = format!("/passport/admin/people/{}", user.uid);
            let state = state_word(visit, user.active);
            vec![html! { a href=(to) { (user.upn) } }, html! { (user.name) }, html! { (state) }]
        })
        .collect();
    let head = [t("Имя в системе", "User name"), t("Имя", "Name"), t("Состояние", "State")];
    let content = html! {
        form.search method="get" action="/passport/admin/people" role="search" {
            (Field {
                name: "q", label: t("Найти", "Find"), value: wanted, optional: true,
                hint: t("Начало имени в системе или часть имени.",
                        "The beginning of a user name, or a part of a name."),
                ..Field::default()
            }.show(&Faults::default()))
            button type="submit" { (t("Найти", "Find")) }
        }
        @if rows.is_empty() { p { (t("Никого не нашлось.", "Nobody was found.")) } }
        @else { (table(t("Люди", "People"), &head, &rows)) }
        @if let Some(query) = next {
            p { a.button href={ "/passport/admin/people?" (query) } rel="next" {
                (t("Дальше", "Next page"))
            } }
        }
        @if manager.is_administrator() && manager.fresh { (new_person(visit, fields, faults)) }
    };
    Ok(manager.page(visit, (t("Люди", "People"), faults), &content))
}

fn new_person(visit: &Visit<'_>, fields: Option<&Fields>, faults: &Faults) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let kept = |name| fields.map_or("", |fields| fields.trimmed(name));
    html! {
        section.card aria-labelledby="new" {
            h2 #new { (t("Завести человека", "Enter somebody")) }
            form method="post" action="/passport/admin/people" {
                (form::token(visit))
                (Field {
                    name: "upn", label: t("Имя в системе", "User name"), value: kept("upn"),
                    hint: t("Например, ivanova.ii@nark.example", "Such as ivanova.ii@nark.example"),
                    ..Field::default()
                }.show(faults))
                (Field {
                    name: "name", label: t("Фамилия, имя, отчество", "Full name"),
                    value: kept("name"), ..Field::default()
                }.show(faults))
                (Field {
                    name: "personnel", label: t("Табельный номер", "Personnel number"),
                    value: kept("personnel"), optional: true, ..Field::default()
                }.show(faults))
                p.hint { (t("Система выдаст одноразовый пароль: при первом входе человек выберет свой.",
                            "A password for one sign-in is given: at the first sign-in they choose their own.")) }
                button type="submit" { (t("Завести", "Enter")) }
            }
        }
    }
}

/// `POST /passport/admin/people`.
pub async fn add_person(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(add(&visit, payload).await)
}

async fn add(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let (manager, fields) = Manager::changing(visit, payload, false).await?;
    let desk = manager.desk(visit);
    let new = NewPerson {
        upn: fields.trimmed("upn").to_owned(),
        name: fields.trimmed("name").to_owned(),
        password_hash: None,
        personnel_no: Some(fields.trimmed("personnel").to_owned()),
    };
    let user = match desk.add_person(new).await {
        Ok(user) => user,
        Err(fault) => {
            let wrong = faults(visit, "upn", fault)?;
            return page(visit, &manager, Some(&fields), &wrong).await;
        }
    };
    let password = desk.one_time_password(user.uid).await;
    let password = password.map_err(|fault| Fail::Broken(fault.to_string()))?;
    let t = |ru, en| visit.t(ru, en);
    let content = html! {
        p { (user.name) ", " (user.upn) }
        (shown_once(visit, t("Одноразовый пароль", "Password for one sign-in"), &password))
        p { a.button href={ "/passport/admin/people/" (user.uid) } {
            (t("К человеку", "To the person"))
        } }
    };
    let title = t("Человек заведён", "Somebody was entered");
    Ok(manager.page(visit, (title, &Faults::default()), &content))
}
