//! Programs that ask for tokens.

use super::{Manager, faults, lines, shown_once, state_word, table};
use crate::app::App;
use crate::passport::admin::{AdminFault, NewClient};
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{self, Faults, Field};
use crate::passport::pages::visit::{Fields, Visit};
use crate::wire::passport::TermsRequest;
use actix_web::{HttpRequest, HttpResponse, web};
use entities::{Client, ClientFlags, ClientKind, ClientTerms};
use maud::{Markup, html};

const HERE: &str = "/passport/admin/clients";

/// `GET /passport/admin/clients`.
pub async fn show_clients(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let manager = Manager::administrator(&visit).await?;
        list(&visit, &manager, None, &Faults::default()).await
    };
    visit.answer(shown.await)
}

async fn list(
    visit: &Visit<'_>,
    manager: &Manager,
    fields: Option<&Fields>,
    faults: &Faults,
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let all = visit.passport().store.clients().await?;
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|one| {
            vec![
                html! { a href={ (HERE) "/" (one.id) } { (one.id) } },
                html! { (one.name) },
                html! { (kind_name(visit, one.kind)) },
                html! { (state_word(visit, one.active)) },
            ]
        })
        .collect();
    let head = ["id", t("Название", "Name"), t("Вид", "Kind"), t("Состояние", "State")];
    let title = t("Клиенты", "Clients");
    let content = html! {
        @if rows.is_empty() { p { (t("Клиентов ещё нет.", "There are none yet.")) } }
        @else { (table(title, &head, &rows)) }
        @if manager.fresh { (entry(visit, fields, faults)) }
    };
    Ok(manager.page(visit, (title, faults), &content))
}

fn kind_name(visit: &Visit<'_>, kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Public => visit.t("публичный", "public"),
        ClientKind::Confidential => visit.t("хранит секрет", "keeps a secret"),
        ClientKind::Service => visit.t("служба", "service"),
    }
}

fn entry(visit: &Visit<'_>, fields: Option<&Fields>, faults: &Faults) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let kept = |name| fields.map_or("", |fields| fields.trimmed(name));
    let kinds = [ClientKind::Public, ClientKind::Confidential, ClientKind::Service];
    let kinds = kinds.map(|kind| (kind.word(), kind_name(visit, kind)));
    let flags = fields.map(flags).unwrap_or_default();
    html! {
        section.card aria-labelledby="new" {
            h2 #new { (t("Завести клиента", "Enter a client")) }
            form method="post" action=(HERE) {
                (form::token(visit))
                (Field { name: "id", label: "id", value: kept("id"), ..Field::default() }.show(faults))
                (Field {
                    name: "name", label: t("Название", "Name"), value: kept("name"),
                    ..Field::default()
                }.show(faults))
                (form::choice("kind", t("Вид", "Kind"), &kinds, kept("kind")))
                (Field {
                    name: "spn", label: t("Какая это служба (SPN)", "The service that it is (SPN)"),
                    value: kept("spn"), optional: true, ..Field::default()
                }.show(faults))
                (terms_fields(visit, [kept("redirects"), kept("scopes"), kept("audiences")], faults))
                (flag_fields(visit, flags))
                button type="submit" { (t("Завести", "Enter")) }
            }
        }
    }
}

/// Fields of what a client may do: addresses, scopes, services.
fn terms_fields(
    visit: &Visit<'_>,
    [redirects, scopes, audiences]: [&str; 3],
    faults: &Faults,
) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let hint = t("По одному на строке.", "One a line.");
    let blank = Field { hint, optional: true, lines: true, ..Field::default() };
    html! {
        (Field {
            name: "redirects", label: t("Адреса для ответов", "Addresses for answers"),
            value: redirects, ..blank.clone()
        }.show(faults))
        (Field {
            name: "scopes", label: t("Области (scope)", "Scopes"), value: scopes, ..blank.clone()
        }.show(faults))
        (Field {
            name: "audiences", label: t("Службы, для которых даются токены (SPN)",
                                        "Services that it may have tokens for (SPN)"),
            value: audiences, ..blank.clone()
        }.show(faults))
    }
}

fn flag_fields(visit: &Visit<'_>, on: ClientFlags) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    html! {
        fieldset {
            legend { (t("Особенности", "Exceptions and obligations")) }
            (form::check("first_party", t("Свой: согласия не спрашивать",
                "The same owner's: nobody is asked for consent"), on.first_party))
            (form::check("dpop_required", t("Обязан подтверждать ключ (DPoP)",
                "Must prove a key (DPoP)"), on.dpop_required))
            (form::check("par_required", t("Обязан отправлять запросы заранее (PAR)",
                "Must push its requests (PAR)"), on.par_required))
            (form::check("legacy_lifetime", t("Токены до 30 суток, для старых программ",
                "Tokens of up to 30 days, for old programs"), on.legacy_lifetime))
        }
    }
}

fn flags(fields: &Fields) -> ClientFlags {
    let on = |name| fields.get(name) == "yes";
    ClientFlags {
        legacy_lifetime: on("legacy_lifetime"),
        first_party: on("first_party"),
        dpop_required: on("dpop_required"),
        par_required: on("par_required"),
    }
}

fn terms(fields: &Fields) -> TermsRequest {
    TermsRequest {
        redirect_uris: lines(fields.get("redirects")).collect(),
        scopes: lines(fields.get("scopes")).collect(),
        audiences: lines(fields.get("audiences")).collect(),
        flags: flags(fields),
    }
}

/// `POST /passport/admin/clients`.
pub async fn add_client(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(add(&visit, payload).await)
}

async fn add(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let (manager, fields) = Manager::changing(visit, payload, false).await?;
    let asked = terms(&fields);
    let new = NewClient {
        id: fields.trimmed("id").to_owned(),
        name: fields.trimmed("name").to_owned(),
        kind: fields.get("kind").to_owned(),
        spn: Some(fields.trimmed("spn").to_owned()).filter(|spn| !spn.is_empty()),
        redirect_uris: asked.redirect_uris,
        scopes: asked.scopes,
        audiences: asked.audiences,
        flags: asked.flags,
        ..NewClient::default()
    };
    match manager.desk(visit).add_client(new).await {
        Ok((client, secret)) => show(visit, &manager, &client, secret.as_deref()),
        Err(fault) => {
            let field = field_of(&fault, "id");
            let wrong = faults(visit, field, fault)?;
            list(visit, &manager, Some(&fields), &wrong).await
        }
    }
}

fn field_of(fault: &AdminFault, other: &'static str) -> &'static str {
    if matches!(fault, AdminFault::Wrong(_)) { "redirects" } else { other }
}

/// `GET /passport/admin/clients/{id}`.
pub async fn show_client(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let manager = Manager::administrator(&visit).await?;
        let client = visit.passport().store.client(&id).await?.ok_or(Fail::Missing)?;
        show(&visit, &manager, &client, None)
    };
    visit.answer(shown.await)
}

fn show(
    visit: &Visit<'_>,
    manager: &Manager,
    client: &Client,
    secret: Option<&str>,
) -> Result<HttpResponse, Fail> {
    let ClientTerms { redirect_uris, scopes, audiences, .. } = &client.terms;
    let joined = |all: &mut dyn Iterator<Item = &String>| {
        all.map(String::as_str).collect::<Vec<_>>().join("\n")
    };
    let kept = [
        joined(&mut redirect_uris.iter()),
        joined(&mut scopes.iter()),
        joined(&mut audiences.iter()),
    ];
    let kept = (kept.each_ref().map(String::as_str), client.terms.flags);
    one(visit, manager, client, (secret, kept, &Faults::default()))
}

type Kept<'a> = ([&'a str; 3], ClientFlags);

fn one(
    visit: &Visit<'_>,
    manager: &Manager,
    client: &Client,
    (secret, (kept, flags), faults): (Option<&str>, Kept<'_>, &Faults),
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let here = format!("{HERE}/{}", client.id);
    let (what, label) = if client.active {
        ("close", t("Закрыть", "Close"))
    } else {
        ("open", t("Открыть", "Open"))
    };
    let content = html! {
        @if let Some(secret) = secret { (shown_once(visit, t("Секрет клиента", "The client's secret"), secret)) }
        dl {
            dt { "id" } dd { code { (client.id) } }
            dt { "uid" } dd { code { (client.uid) } }
            dt { (t("Вид", "Kind")) } dd { (kind_name(visit, client.kind)) }
            dt { (t("Состояние", "State")) } dd { (state_word(visit, client.active)) }
            @if let Some(spn) = &client.terms.spn { dt { "SPN" } dd { (spn) } }
        }
        @if manager.fresh {
            section.card aria-labelledby="terms" {
                h2 #terms { (t("Что ему можно", "What it may do")) }
                form method="post" action=(here) {
                    (form::token(visit))
                    (form::hidden("do", "terms"))
                    (terms_fields(visit, kept, faults))
                    (flag_fields(visit, flags))
                    button type="submit" { (t("Сохранить", "Save")) }
                }
            }
            h2 { (t("Действия", "Actions")) }
            div.actions {
                @if client.kind != ClientKind::Public {
                    (form::button(visit, &here, &[("do", "secret")],
                        t("Выдать новый секрет", "Give a new secret")))
                }
                (form::button(visit, &here, &[("do", what)], label))
            }
        }
    };
    Ok(manager.page(visit, (&client.name, faults), &content))
}

/// `POST /passport/admin/clients/{id}`.
pub async fn change_client(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(change(&visit, &id, payload).await)
}

async fn change(visit: &Visit<'_>, id: &str, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let (manager, fields) = Manager::changing(visit, payload, false).await?;
    let (desk, what) = (manager.desk(visit), fields.get("do"));
    let client = visit.passport().store.client(id).await?.ok_or(Fail::Missing)?;
    let done = match what {
        "terms" => desk.set_terms(&client.id, terms(&fields)).await.map(drop),
        "open" | "close" => desk.set_client(&client.id, what == "open").await,
        "secret" => match desk.new_secret(&client.id).await {
            Ok(secret) => return show(visit, &manager, &client, Some(&secret)),
            Err(fault) => Err(fault),
        },
        _ => return Err(Fail::Missing),
    };
    match done {
        Ok(()) => Ok(visit.go(&format!("{HERE}/{id}?done=1"))),
        Err(fault) => {
            let field = field_of(&fault, "audiences");
            let wrong = faults(visit, field, fault)?;
            let kept = ["redirects", "scopes", "audiences"].map(|name| fields.get(name));
            one(visit, &manager, &client, (None, (kept, flags(&fields)), &wrong))
        }
    }
}
