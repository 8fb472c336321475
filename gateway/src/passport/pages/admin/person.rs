//! One person: state, roles, sign-ins, a password for one sign-in.

use super::{Manager, end_of_day, faults, shown_once, state_word, table};
use crate::app::App;
use crate::auth::permissions;
use crate::passport::admin::{AdminFault, NewGrant};
use crate::passport::pages::account::{agent_name, role_name};
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{self, Faults, Field};
use crate::passport::pages::visit::{Fields, Visit, when};
use actix_web::{HttpRequest, HttpResponse, web};
use engine::exam::Role;
use entities::{Assignment, User};
use maud::{Markup, html};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Roles that people hold, in the order of their numbers.
const ROLES: [Role; 6] = [
    Role::Candidate,
    Role::Expert,
    Role::Operator,
    Role::Observer,
    Role::Council,
    Role::Administrator,
];
/// Those that the council grants.
const COUNCILS: [Role; 2] = [Role::Expert, Role::Operator];
/// Organisations that a field offers at most; others can be typed.
const OFFERED_MAX: usize = 500;

/// `GET /passport/admin/people/{uid}`.
pub async fn show_person(
    app: web::Data<App>,
    request: HttpRequest,
    uid: web::Path<String>,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let manager = Manager::of(&visit).await?;
        let user = somebody(&visit, &uid).await?;
        page(&visit, &manager, &user, (None, &html! {}, &Faults::default())).await
    };
    visit.answer(shown.await)
}

async fn somebody(visit: &Visit<'_>, uid: &str) -> Result<User, Fail> {
    let uid = Uuid::parse_str(uid).map_err(|_| Fail::Missing)?;
    visit.passport().store.user(uid).await?.ok_or(Fail::Missing)
}

async fn page(
    visit: &Visit<'_>,
    manager: &Manager,
    user: &User,
    (fields, notice, faults): (Option<&Fields>, &Markup, &Faults),
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let all = visit.passport().store.organisations().await?;
    let names: BTreeMap<Uuid, (&str, &str)> =
        all.iter().map(|one| (one.oid, (one.name.as_str(), one.opn.as_str()))).collect();
    let content = html! {
        (notice)
        dl {
            dt { (t("Имя в системе", "User name")) } dd { (user.upn) }
            dt { "uid" } dd { code { (user.uid) } }
            @if let Some(person) = user.person {
                dt { (t("Номер в экзаменах", "Number in exams")) } dd { (person) }
            }
            dt { (t("Состояние", "State")) } dd { (state_word(visit, user.active)) }
        }
        (roles(visit, manager, user, &names).await?)
        @if manager.fresh { (grant_form(visit, manager, user, &names, (fields, faults))) }
        @if manager.is_administrator() {
            (sessions(visit, user).await?)
            @if manager.fresh { (actions(visit, user)) }
        }
    };
    Ok(manager.page(visit, (&user.name, faults), &content))
}

async fn roles(
    visit: &Visit<'_>,
    manager: &Manager,
    user: &User,
    names: &BTreeMap<Uuid, (&str, &str)>,
) -> Result<Markup, Fail> {
    let (t, now) = (|ru, en| visit.t(ru, en), visit.now());
    let grants = visit.passport().store.assignments_of(user.uid).await?;
    let here = format!("/passport/admin/people/{}", user.uid);
    let state = |one: &Assignment| match one.withdrawn_at {
        Some(at) => format!("{} {}", t("отозвана", "withdrawn"), when(at)),
        None if one.counts(now) => t("действует", "holds").to_owned(),
        None => t("срок вышел", "has ended").to_owned(),
    };
    let may = |one: &Assignment| manager.fresh && one.counts(now) && offered(manager, &one.role);
    let rows: Vec<Vec<Markup>> = grants
        .iter()
        .map(|one| {
            let name = one.oid.and_then(|oid| names.get(&oid)).map_or("", |name| name.0);
            let until = one.until.map_or_else(|| t("без срока", "for good").to_owned(), when);
            let id = one.id.to_string();
            vec![
                html! { (role_name(visit.lang, &one.role)) },
                html! { (name) },
                html! { (when(one.from)) " – " (until) },
                html! { (state(one)) },
                html! {
                    @if may(one) {
                        (form::button(visit, &here, &[("do", "withdraw"), ("grant", &id)],
                            t("Отозвать", "Withdraw")))
                    }
                },
            ]
        })
        .collect();
    let head = [
        t("Роль", "Role"),
        t("Организация", "Organisation"),
        t("Срок", "When"),
        t("Состояние", "State"),
        t("Действие", "Action"),
    ];
    Ok(html! {
        h2 { (t("Роли", "Roles")) }
        @if rows.is_empty() { p { (t("Ролей не было.", "There were no roles.")) } }
        @else { (table(t("Роли, последние сверху", "Roles, the latest first"), &head, &rows)) }
    })
}

fn offered(manager: &Manager, role: &str) -> bool {
    let role = permissions::role_of(role);
    manager.is_administrator() || role.is_some_and(|role| COUNCILS.contains(&role))
}

fn grant_form(
    visit: &Visit<'_>,
    manager: &Manager,
    user: &User,
    names: &BTreeMap<Uuid, (&str, &str)>,
    (fields, faults): (Option<&Fields>, &Faults),
) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let kept = |name| fields.map_or("", |fields| fields.trimmed(name));
    let words = ROLES.iter().map(|role| permissions::word(*role));
    let words = words.filter(|word| offered(manager, word));
    let options: Vec<(&str, &str)> = words.map(|w| (w, role_name(visit.lang, w))).collect();
    html! {
        section.card aria-labelledby="grant" {
            h2 #grant { (t("Дать роль", "Grant a role")) }
            form method="post" action={ "/passport/admin/people/" (user.uid) } {
                (form::token(visit))
                (form::hidden("do", "grant"))
                (form::choice("role", t("Роль", "Role"), &options, kept("role")))
                (Field {
                    name: "organisation", label: t("От организации", "In the name of"),
                    value: kept("organisation"), optional: true, list: "organisations",
                    hint: t("Например, org/coc-12@nark.example; пусто, если не от организации.",
                            "Such as org/coc-12@nark.example; empty for nobody's name."),
                    ..Field::default()
                }.show(faults))
                datalist #organisations {
                    @for (name, opn) in names.values().take(OFFERED_MAX) {
                        option value=(opn) { (name) }
                    }
                }
                (Field {
                    name: "until", label: t("По какой день", "Until which day"), kind: "date",
                    value: kept("until"), optional: true,
                    hint: t("Этот день ещё входит; пусто, если без срока.",
                            "That day still counts; empty for good."),
                    ..Field::default()
                }.show(faults))
                button type="submit" { (t("Дать", "Grant")) }
            }
        }
    }
}

async fn sessions(visit: &Visit<'_>, user: &User) -> Result<Markup, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let open = visit.passport().store.sessions_of(user.uid, visit.now()).await?;
    let rows: Vec<Vec<Markup>> = open
        .iter()
        .map(|one| {
            vec![
                html! { (when(one.made_at)) },
                html! { (when(one.seen_at)) },
                html! { (agent_name(&one.user_agent)) },
            ]
        })
        .collect();
    let head = [t("Вход", "Since"), t("Замечен", "Last seen"), t("Браузер", "Browser")];
    Ok(html! {
        h2 { (t("Сеансы", "Sign-ins")) }
        @if rows.is_empty() { p { (t("Сейчас нигде не вошёл.", "Signed in nowhere now.")) } }
        @else { (table(t("Где человек вошёл", "Where they are signed in"), &head, &rows)) }
    })
}

fn actions(visit: &Visit<'_>, user: &User) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let here = format!("/passport/admin/people/{}", user.uid);
    let state = if user.active {
        ("close", t("Закрыть вход", "Let them sign in no longer"))
    } else {
        ("open", t("Открыть вход", "Let them sign in again"))
    };
    let all = [
        ("sessions", t("Завершить все сеансы", "End all sign-ins")),
        ("password", t("Выдать одноразовый пароль", "Give a password for one sign-in")),
        state,
    ];
    html! {
        h2 { (t("Действия", "Actions")) }
        div.actions {
            @for (what, label) in all { (form::button(visit, &here, &[("do", what)], label)) }
        }
    }
}

/// `POST /passport/admin/people/{uid}`.
pub async fn change_person(
    app: web::Data<App>,
    request: HttpRequest,
    uid: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(change(&visit, &uid, payload).await)
}

async fn change(visit: &Visit<'_>, uid: &str, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let (manager, fields) = Manager::changing(visit, payload, true).await?;
    let (desk, what) = (manager.desk(visit), fields.get("do"));
    let user = somebody(visit, uid).await?;
    if !manager.is_administrator() && !["grant", "withdraw"].contains(&what) {
        return Err(Fail::NotAllowed);
    }
    let done = match what {
        "grant" => match asked(&fields) {
            Ok(new) => desk.grant(user.uid, new).await.map(drop),
            Err(fault) => Err(fault),
        },
        "withdraw" => {
            let id = Uuid::parse_str(fields.get("grant")).map_err(|_| Fail::Missing)?;
            desk.withdraw(id).await
        }
        "sessions" => desk.end_sessions(user.uid).await.map(drop),
        "open" | "close" => desk.set_active(user.uid, what == "open").await,
        "password" => match desk.one_time_password(user.uid).await {
            Ok(password) => {
                let name = visit.t("Одноразовый пароль", "Password for one sign-in");
                let notice = shown_once(visit, name, &password);
                return page(visit, &manager, &user, (None, &notice, &Faults::default())).await;
            }
            Err(fault) => Err(fault),
        },
        _ => return Err(Fail::Missing),
    };
    match done {
        Ok(()) => Ok(visit.go(&format!("/passport/admin/people/{uid}?done=1"))),
        Err(fault) => {
            let field = match &fault {
                AdminFault::Wrong(_) => "until",
                _ => "organisation",
            };
            let wrong = faults(visit, field, fault)?;
            page(visit, &manager, &user, (Some(&fields), &html! {}, &wrong)).await
        }
    }
}

fn asked(fields: &Fields) -> Result<NewGrant, AdminFault> {
    let organisation = Some(fields.trimmed("organisation").to_owned());
    Ok(NewGrant {
        role: fields.trimmed("role").to_owned(),
        organisation: organisation.filter(|opn| !opn.is_empty()),
        until: end_of_day(fields.trimmed("until"))?,
    })
}
