//! Looking through the audit.

use super::{Manager, end_of_day, faults, start_of_day, table};
use crate::app::App;
use crate::passport::admin::AdminFault;
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{Faults, Field};
use crate::passport::pages::visit::{Visit, when};
use actix_web::{HttpRequest, HttpResponse, web};
use engine::identity::audit::Sealed;
use entities::AuditFilter;
use maud::{Markup, html};

/// Events of one page.
const PAGE: u32 = 50;
/// Fields of a search, as the query names them.
const ASKED: [&str; 5] = ["kind", "actor", "subject", "since", "until"];

/// `GET /passport/admin/audit`.
pub async fn show_audit(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(show(&visit).await)
}

async fn show(visit: &Visit<'_>) -> Result<HttpResponse, Fail> {
    let manager = Manager::administrator(visit).await?;
    let (filter, wrong) = match filter(visit) {
        Ok(filter) => (filter, Faults::default()),
        Err(fault) => (AuditFilter::default(), faults(visit, "since", fault)?),
    };
    let mut found = match wrong.is_empty() {
        true => visit.passport().store.audit_search(&filter, PAGE + 1).await?,
        false => Vec::new(),
    };
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| further(visit, last.event.seq));
    Ok(page(visit, &manager, (&found, next.as_deref()), &wrong))
}

fn filter(visit: &Visit<'_>) -> Result<AuditFilter, AdminFault> {
    let given = |name| Some(visit.query(name).trim().to_owned()).filter(|text| !text.is_empty());
    Ok(AuditFilter {
        stream: Some(visit.passport().audit.stream().to_owned()),
        kind: given("kind"),
        actor: given("actor"),
        subject: given("subject"),
        since: start_of_day(visit.query("since").trim())?,
        until: end_of_day(visit.query("until").trim())?,
        before: visit.query("before").parse().ok(),
    })
}

fn further(visit: &Visit<'_>, before: u64) -> String {
    let before = before.to_string();
    let mut query: Vec<(&str, &str)> = ASKED.map(|name| (name, visit.query(name))).into();
    query.push(("before", &before));
    serde_urlencoded::to_string(query).unwrap_or_default()
}

fn page(
    visit: &Visit<'_>,
    manager: &Manager,
    (found, next): (&[Sealed], Option<&str>),
    faults: &Faults,
) -> HttpResponse {
    let t = |ru, en| visit.t(ru, en);
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|Sealed { event, .. }| {
            vec![
                html! { (event.seq) },
                html! { (when(event.at)) },
                html! { (event.kind) },
                html! { (event.actor.as_deref().unwrap_or_default()) },
                html! { (event.subject.as_deref().unwrap_or_default()) },
                html! { code { (event.detail) } },
            ]
        })
        .collect();
    let head = [
        "№",
        t("Когда", "When"),
        t("Что", "What"),
        t("Кто", "By whom"),
        t("С кем или чем", "To whom or what"),
        t("Подробности", "Details"),
    ];
    let title = t("Аудит", "Audit");
    let content = html! {
        @if visit.passport().audit.is_broken() {
            p.faults { (t("Цепочка расходится с отметками: проверьте её командой nsk audit verify.",
                          "The chain contradicts its checkpoints: check it by nsk audit verify.")) }
        }
        (search(visit, faults))
        @if rows.is_empty() { p { (t("Ничего не нашлось.", "Nothing was found.")) } }
        @else { (table(t("События, последние сверху", "Events, the latest first"), &head, &rows)) }
        @if let Some(query) = next {
            p { a.button href={ "/passport/admin/audit?" (query) } rel="next" {
                (t("Раньше", "Earlier"))
            } }
        }
    };
    manager.page(visit, (title, faults), &content)
}

fn search(visit: &Visit<'_>, faults: &Faults) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let field = |name, label| Field {
        name,
        label,
        value: visit.query(name),
        optional: true,
        ..Field::default()
    };
    let day = |name, label| Field { kind: "date", ..field(name, label) };
    html! {
        form.search method="get" action="/passport/admin/audit" role="search" {
            (Field {
                hint: t("login.fail или login.*", "login.fail or login.*"),
                ..field("kind", t("Что", "What"))
            }.show(faults))
            (field("actor", t("Кто", "By whom")).show(faults))
            (field("subject", t("С кем или чем", "To whom or what")).show(faults))
            (day("since", t("С дня", "From the day")).show(faults))
            (day("until", t("По день", "To the day")).show(faults))
            button type="submit" { (t("Найти", "Find")) }
        }
    }
}
