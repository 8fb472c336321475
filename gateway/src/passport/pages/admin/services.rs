//! Services that tokens are for, what they require, and which may act at which.

use super::{Manager, faults, state_word, table};
use crate::app::App;
use crate::passport::admin::{AdminFault, Flaw};
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{self, Faults, Field};
use crate::passport::pages::visit::{Fields, Visit};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

const HERE: &str = "/passport/admin/services";

/// `GET /passport/admin/services`.
pub async fn show_services(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let manager = Manager::administrator(&visit).await?;
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
    let store = &visit.passport().store;
    let rows: Vec<Vec<Markup>> = store
        .services()
        .await?
        .iter()
        .map(|one| {
            vec![
                html! { (one.spn) },
                html! { (one.name) },
                html! { code { (one.requires) } },
                html! { (state_word(visit, one.active)) },
            ]
        })
        .collect();
    let head = ["SPN", t("Название", "Name"), t("Требует", "Requires"), t("Состояние", "State")];
    let pairs: Vec<Vec<Markup>> = store
        .delegations()
        .await?
        .iter()
        .map(|(front, back)| {
            let asked = [("do", "forbid"), ("front", front.as_str()), ("back", back.as_str())];
            vec![
                html! { (front) },
                html! { (back) },
                html! {
                    @if manager.fresh {
                        (form::button(visit, HERE, &asked, t("Запретить", "Forbid")))
                    }
                },
            ]
        })
        .collect();
    let between = [
        t("Кто действует", "Who acts"),
        t("Где действует", "Where it acts"),
        t("Действие", "Action"),
    ];
    let title = t("Службы", "Services");
    let content = html! {
        @if rows.is_empty() { p { (t("Служб ещё нет.", "There are none yet.")) } }
        @else { (table(title, &head, &rows)) }
        h2 { (t("Кто за кого", "Who acts for people where")) }
        @if pairs.is_empty() {
            p { (t("Ни одна служба не действует от имени людей в другой.",
                   "No service acts at another on people's behalf.")) }
        } @else {
            (table(t("Разрешённые пары", "Allowed pairs"), &between, &pairs))
        }
        @if manager.fresh { (forms(visit, fields, faults)) }
    };
    Ok(manager.page(visit, (title, faults), &content))
}

fn forms(visit: &Visit<'_>, fields: Option<&Fields>, faults: &Faults) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let kept = |name| fields.map_or("", |fields| fields.trimmed(name));
    let requires = if kept("requires").is_empty() { "{}" } else { kept("requires") };
    html! {
        section.card aria-labelledby="new" {
            h2 #new { (t("Завести службу или изменить требования",
                         "Enter a service, or say anew what it requires")) }
            form method="post" action=(HERE) {
                (form::token(visit))
                (form::hidden("do", "put"))
                (Field {
                    name: "spn", label: "SPN", value: kept("spn"),
                    hint: t("Например, mak/mak-07", "Such as mak/mak-07"), ..Field::default()
                }.show(faults))
                (Field {
                    name: "name", label: t("Название", "Name"), value: kept("name"),
                    ..Field::default()
                }.show(faults))
                (Field {
                    name: "requires", label: t("Что требует от токена, JSON",
                                               "What it requires of a token, JSON"),
                    hint: t("Например, {\"roles\": [\"expert\"]}; {} не требует ничего.",
                            "Such as {\"roles\": [\"expert\"]}; {} requires nothing."),
                    value: requires, lines: true, ..Field::default()
                }.show(faults))
                button type="submit" { (t("Сохранить", "Save")) }
            }
        }
        section.card aria-labelledby="pair" {
            h2 #pair { (t("Разрешить действовать за людей", "Let one act for people at another")) }
            form method="post" action=(HERE) {
                (form::token(visit))
                (form::hidden("do", "allow"))
                (Field {
                    name: "front", label: t("Кто действует (SPN)", "Who acts (SPN)"),
                    value: kept("front"), ..Field::default()
                }.show(faults))
                (Field {
                    name: "back", label: t("Где действует (SPN)", "Where it acts (SPN)"),
                    value: kept("back"), ..Field::default()
                }.show(faults))
                button type="submit" { (t("Разрешить", "Allow")) }
            }
        }
    }
}

/// `POST /passport/admin/services`.
pub async fn change_services(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(change(&visit, payload).await)
}

async fn change(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let (manager, fields) = Manager::changing(visit, payload, false).await?;
    let (desk, what) = (manager.desk(visit), fields.get("do"));
    let done = match what {
        "put" => match serde_json::from_str(fields.get("requires")) {
            Ok(requires) => {
                let (spn, name) = (fields.trimmed("spn"), fields.trimmed("name"));
                desk.put_service(spn, name, requires).await.map(drop)
            }
            Err(error) => Err(Flaw::Requires(error.to_string()).into()),
        },
        "allow" | "forbid" => {
            let (front, back) = (fields.trimmed("front"), fields.trimmed("back"));
            desk.set_delegation(front, back, what == "allow").await
        }
        _ => return Err(Fail::Missing),
    };
    match done {
        Ok(()) => Ok(visit.go("/passport/admin/services?done=1")),
        Err(fault) => {
            let field = match &fault {
                AdminFault::Wrong(Flaw::Requires(_)) => "requires",
                AdminFault::Wrong(_) => "name",
                _ if what == "put" => "spn",
                _ => "front",
            };
            let wrong = faults(visit, field, fault)?;
            page(visit, &manager, Some(&fields), &wrong).await
        }
    }
}
