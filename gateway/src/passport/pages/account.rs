//! One's own page: who one is, as whom one works, where one is signed in.

use super::fail::Fail;
use super::form;
use super::standing;
use super::visit::{Person, Visit, when};
use crate::app::App;
use crate::auth::permissions::role_of;
use crate::passport::browser;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::exam::Role;
use engine::{Lang, Moment};
use entities::{Assignment, PassportSession};
use maud::{Markup, html};

/// The role's name for people; a word that this program does not know stays as it is.
pub fn role_name(lang: Lang, word: &str) -> &str {
    match role_of(word) {
        Some(Role::Candidate) => lang.pick("Соискатель", "Candidate"),
        Some(Role::Expert) => lang.pick("Эксперт", "Expert"),
        Some(Role::Operator) => lang.pick("Оператор", "Operator"),
        Some(Role::Observer) => lang.pick("Наблюдатель", "Observer"),
        Some(Role::Council) => lang.pick("Совет", "Council"),
        Some(Role::Administrator) => lang.pick("Администратор", "Administrator"),
        Some(Role::Service) => lang.pick("Служба", "Service"),
        None => word,
    }
}

/// `GET /passport`.
pub async fn home(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(show(&visit).await)
}

async fn show(visit: &Visit<'_>) -> Result<HttpResponse, Fail> {
    let person = visit.person().await?;
    let t = |ru, en| visit.t(ru, en);
    let title = t("Обо мне", "About me");
    let content = html! {
        h1 { (person.user.name) }
        dl {
            dt { (t("Имя в системе", "User name")) } dd { (person.user.upn) }
            dt { "uid" } dd { code { (person.user.uid) } }
            dt { (t("Вход", "Signed in")) } dd { (when(person.session.made_at)) ", " (means(visit.lang, &person)) }
        }
        (roles(visit, &person).await?)
        (sessions(visit, &person).await?)
    };
    Ok(visit.ok(&standing::frame(&person, title), &content))
}

/// By what means somebody proved who they are.
fn means(lang: Lang, person: &Person) -> String {
    let known = [
        ("pwd", lang.pick("пароль", "password")),
        ("otp", lang.pick("код", "code")),
        ("hwk", lang.pick("ключ доступа", "passkey")),
    ];
    let used = known.iter().filter(|(word, _)| person.session.amr.contains(*word));
    used.map(|(_, name)| *name).collect::<Vec<_>>().join(" + ")
}

/// The assignments that hold now, and which one is worked under.
async fn roles(visit: &Visit<'_>, person: &Person) -> Result<Markup, Fail> {
    let (t, now) = (|ru, en| visit.t(ru, en), visit.now());
    let store = &visit.passport().store;
    let held: Vec<Assignment> = store.roles_held(person.user.uid, now).await?;
    let chosen = store.chosen_role(&person.session.sid).await?;
    let mut rows = Vec::new();
    for assignment in &held {
        let organisation = match assignment.oid {
            Some(oid) => store.organisation(oid).await?.map(|o| o.name),
            None => None,
        };
        rows.push((assignment, organisation));
    }
    Ok(html! {
        h2 #roles { (t("Роль и организация", "Role and organisation")) }
        @if rows.len() > 1 {
            p.soft { (t("Выбранную роль получат программы, которые не называют роль сами.",
                        "Programs that name no role themselves get the chosen one.")) }
        }
        @if rows.is_empty() { p { (t("Вам не назначено ни одной роли.", "No role is assigned to you.")) } }
        ul.list aria-labelledby="roles" {
            @for (assignment, organisation) in &rows {
                li {
                    div {
                        p { strong { (role_name(visit.lang, &assignment.role)) } }
                        @if let Some(name) = organisation { p { (name) } }
                        @if let Some(until) = assignment.until {
                            p.soft { (t("до ", "until ")) (when(until)) }
                        }
                    }
                    @if chosen == Some(assignment.id) {
                        p.done { (t("Выбрана", "Chosen")) }
                    } @else {
                        (form::button(visit, "/passport/role",
                            &[("assignment", &assignment.id.to_string())],
                            t("Выбрать", "Choose")))
                    }
                }
            }
        }
    })
}

/// `POST /passport/role`.
pub async fn choose_role(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(choose(&visit, payload).await)
}

async fn choose(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    let store = &visit.passport().store;
    // The list that the person looked at may be old: what holds now counts.
    let now = visit.now();
    let held = store.roles_held(person.user.uid, now).await?;
    let chosen = held.iter().find(|a| a.id.to_string() == fields.get("assignment"));
    let chosen = chosen.ok_or(Fail::NotAllowed)?;
    let detail =
        serde_json::json!({"role": chosen.role, "oid": chosen.oid, "sid": person.session.sid});
    visit.note("role.choose", Some(person.user.uid), detail).await?;
    let forget = Moment(now.0 - browser::SESSION_LASTS.0);
    store.put_chosen_role(&person.session.sid, chosen.id, (now, forget)).await?;
    Ok(visit.go("/passport"))
}

async fn sessions(visit: &Visit<'_>, person: &Person) -> Result<Markup, Fail> {
    let (t, now) = (|ru, en| visit.t(ru, en), visit.now());
    let all: Vec<PassportSession> =
        visit.passport().store.sessions_of(person.user.uid, now).await?;
    let open = all.iter().filter(|session| browser::goes_on(session, now));
    Ok(html! {
        h2 #sessions { (t("Мои сеансы", "My sign-ins")) }
        ul.list aria-labelledby="sessions" {
            @for session in open {
                li {
                    div {
                        p { strong { (agent_name(&session.user_agent)) } }
                        p.soft {
                            (t("вход ", "since ")) (when(session.made_at))
                            (t(", замечен ", ", last seen ")) (when(session.seen_at))
                        }
                    }
                    @if session.sid == person.session.sid {
                        p.done { (t("Этот браузер", "This browser")) }
                    } @else {
                        (form::button(visit, "/passport/sessions/end", &[("sid", &session.sid)],
                            t("Завершить", "End")))
                    }
                }
            }
        }
    })
}

/// The part of a browser's name that people know, else all of it.
pub fn agent_name(text: &str) -> &str {
    const KNOWN: [(&str, &str); 6] = [
        ("YaBrowser/", "Яндекс Браузер"),
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let known = KNOWN.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name);
    known.unwrap_or(if text.is_empty() { "?" } else { text })
}

/// `POST /passport/sessions/end`.
pub async fn end_session(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(end(&visit, payload).await)
}

async fn end(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    let own = visit.passport().store.sessions_of(person.user.uid, visit.now()).await?;
    // One's own alone: another's id is as good as none.
    let session = own.iter().find(|session| session.sid == fields.get("sid"));
    let session = session.ok_or(Fail::Missing)?;
    visit
        .note("session.end", Some(person.user.uid), serde_json::json!({"sid": session.sid}))
        .await?;
    browser::end(visit.passport(), session, "ended by its owner").await?;
    Ok(visit.go("/passport"))
}

/// `POST /passport/logout`.
pub async fn sign_out(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let out = async {
        visit.fields(payload).await?;
        if let Ok(person) = visit.person().await {
            let detail = serde_json::json!({"sid": person.session.sid});
            visit.note("logout", Some(person.user.uid), detail).await?;
        }
        visit.set(browser::close(visit.passport(), &request).await?);
        Ok(visit.go("/passport/login"))
    };
    visit.answer(out.await)
}
