//! Groups and their members.

use super::{Manager, faults, table};
use crate::app::App;
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{self, Faults, Field};
use crate::passport::pages::visit::{Fields, Visit};
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

const HERE: &str = "/passport/admin/groups";

/// `GET /passport/admin/groups`.
pub async fn show_groups(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
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
    let (groups, replica) = (store.groups().await?, store.group_replica().await?);
    let rows: Vec<Vec<Markup>> = groups
        .iter()
        .map(|group| {
            let members = replica.groups.get(&group.name).map(Vec::as_slice).unwrap_or_default();
            vec![html! { (group.name) }, html! { (group.title) }, html! { (members.join(", ")) }]
        })
        .collect();
    let head = [t("Имя", "Name"), t("Название", "Title"), t("Состав", "Members")];
    let title = t("Группы", "Groups");
    let content = html! {
        @if rows.is_empty() { p { (t("Групп ещё нет.", "There are none yet.")) } }
        @else { (table(title, &head, &rows)) }
        @if manager.fresh { (forms(visit, fields, faults)) }
    };
    Ok(manager.page(visit, (title, faults), &content))
}

fn forms(visit: &Visit<'_>, fields: Option<&Fields>, faults: &Faults) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let kept = |name| fields.map_or("", |fields| fields.trimmed(name));
    html! {
        section.card aria-labelledby="members" {
            h2 #members { (t("Состав группы", "Members of a group")) }
            form method="post" action=(HERE) {
                (form::token(visit))
                (Field {
                    name: "group", label: t("Группа", "Group"), value: kept("group"),
                    ..Field::default()
                }.show(faults))
                (Field {
                    name: "upn", label: t("Имя человека в системе", "User name"),
                    value: kept("upn"), ..Field::default()
                }.show(faults))
                div.actions {
                    button type="submit" name="do" value="join" { (t("Включить", "Put in")) }
                    button.quiet type="submit" name="do" value="leave" { (t("Исключить", "Take out")) }
                }
            }
        }
        section.card aria-labelledby="new" {
            h2 #new { (t("Завести группу", "Make a group")) }
            form method="post" action=(HERE) {
                (form::token(visit))
                (form::hidden("do", "add"))
                (Field {
                    name: "name", label: t("Имя", "Name"), value: kept("name"),
                    hint: t("Например, coc-12/expert; стоит в токенах.",
                            "Such as coc-12/expert; it stands in tokens."),
                    ..Field::default()
                }.show(faults))
                (Field {
                    name: "title", label: t("Название", "Title"), value: kept("title"),
                    ..Field::default()
                }.show(faults))
                button type="submit" { (t("Завести", "Make")) }
            }
        }
    }
}

/// `POST /passport/admin/groups`.
pub async fn change_groups(
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
        "add" => desk.add_group(fields.trimmed("name"), fields.trimmed("title")).await,
        "join" | "leave" => match desk.by_upn(fields.trimmed("upn")).await {
            Ok(user) => desk.set_member(fields.trimmed("group"), user.uid, what == "join").await,
            Err(fault) => Err(fault),
        },
        _ => return Err(Fail::Missing),
    };
    match done {
        Ok(()) => Ok(visit.go("/passport/admin/groups?done=1")),
        Err(fault) => {
            let wrong = faults(visit, if what == "add" { "name" } else { "upn" }, fault)?;
            page(visit, &manager, Some(&fields), &wrong).await
        }
    }
}
