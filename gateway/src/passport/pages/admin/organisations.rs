//! Organisations: the list, entering one, and whether roles in its name count.

use super::{Manager, faults, state_word, table};
use crate::app::App;
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{self, Faults, Field};
use crate::passport::pages::visit::{Fields, Visit};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use uuid::Uuid;

const HERE: &str = "/passport/admin/organisations";

/// `GET /passport/admin/organisations`.
pub async fn show_organisations(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
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
    let all = visit.passport().store.organisations().await?;
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|one| {
            let oid = one.oid.to_string();
            let (what, label) = if one.active {
                ("close", t("Закрыть", "Close"))
            } else {
                ("open", t("Открыть", "Open"))
            };
            vec![
                html! { (one.name) },
                html! { (one.opn) },
                html! { (one.ogrn.as_deref().unwrap_or_default()) },
                html! { (state_word(visit, one.active)) },
                html! {
                    @if manager.fresh {
                        (form::button(visit, HERE, &[("do", what), ("oid", &oid)], label))
                    }
                },
            ]
        })
        .collect();
    let head = [
        t("Название", "Name"),
        "OPN",
        t("ОГРН", "OGRN"),
        t("Состояние", "State"),
        t("Действие", "Action"),
    ];
    let title = t("Организации", "Organisations");
    let content = html! {
        p { (t("Пока организация закрыта, роли от её имени не действуют.",
               "While an organisation is closed, roles in its name do not count.")) }
        @if rows.is_empty() { p { (t("Организаций ещё нет.", "There are none yet.")) } }
        @else { (table(title, &head, &rows)) }
        @if manager.is_administrator() && manager.fresh { (entry(visit, fields, faults)) }
    };
    Ok(manager.page(visit, (title, faults), &content))
}

fn entry(visit: &Visit<'_>, fields: Option<&Fields>, faults: &Faults) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let kept = |name| fields.map_or("", |fields| fields.trimmed(name));
    html! {
        section.card aria-labelledby="new" {
            h2 #new { (t("Завести организацию", "Enter an organisation")) }
            form method="post" action=(HERE) {
                (form::token(visit))
                (form::hidden("do", "add"))
                (Field {
                    name: "opn", label: t("Имя в системе (OPN)", "Name in the system (OPN)"),
                    hint: t("Например, org/coc-12@nark.example", "Such as org/coc-12@nark.example"),
                    value: kept("opn"), ..Field::default()
                }.show(faults))
                (Field {
                    name: "name", label: t("Название", "Name"), value: kept("name"),
                    ..Field::default()
                }.show(faults))
                (Field {
                    name: "ogrn", label: t("ОГРН", "State number (OGRN)"), value: kept("ogrn"),
                    inputmode: "numeric", optional: true, ..Field::default()
                }.show(faults))
                button type="submit" { (t("Завести", "Enter")) }
            }
        }
    }
}

/// `POST /passport/admin/organisations`.
pub async fn change_organisations(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(change(&visit, payload).await)
}

async fn change(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let (manager, fields) = Manager::changing(visit, payload, true).await?;
    let (desk, what) = (manager.desk(visit), fields.get("do"));
    let done = match what {
        "add" if manager.is_administrator() => {
            let ogrn = Some(fields.trimmed("ogrn").to_owned()).filter(|text| !text.is_empty());
            desk.add_organisation(fields.trimmed("opn"), fields.trimmed("name"), ogrn)
                .await
                .map(drop)
        }
        "open" | "close" => {
            let oid = Uuid::parse_str(fields.get("oid")).map_err(|_| Fail::Missing)?;
            match desk.organisation_of(oid).await {
                Ok(organisation) => desk.set_organisation(organisation, what == "open").await,
                Err(fault) => Err(fault),
            }
        }
        "add" => return Err(Fail::NotAllowed),
        _ => return Err(Fail::Missing),
    };
    match done {
        Ok(()) => Ok(visit.go("/passport/admin/organisations?done=1")),
        Err(fault) => {
            let wrong = faults(visit, "opn", fault)?;
            page(visit, &manager, Some(&fields), &wrong).await
        }
    }
}
