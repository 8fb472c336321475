//! The administrator's pages: people, organisations, groups, clients, services, keys, audit. The
//! council sees people and organisations, and may do there what is the council's.
//!
//! Everything is done at the [`Desk`], as it is for the API. Who changes anything must have proved
//! lately that they are there; until then the pages only show.

mod audit;
mod clients;
mod groups;
mod keys;
mod organisations;
mod people;
mod person;
mod services;

pub use audit::show_audit;
pub use clients::{add_client, change_client, show_client, show_clients};
pub use groups::{change_groups, show_groups};
pub use keys::{change_keys, show_keys};
pub use organisations::{change_organisations, show_organisations};
pub use people::{add_person, show_people};
pub use person::{change_person, show_person};
pub use services::{change_services, show_services};

use super::fail::Fail;
use super::form::Faults;
use super::standing;
use super::visit::{Fields, Person, Visit};
use crate::app::App;
use crate::passport::admin::{AdminFault, Desk, Flaw, Powers};
use crate::passport::keys::KeyFault;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::{Lang, Moment};
use maud::{Markup, html};
use time::{Date, Month};

/// A day, ms.
const DAY_MS: i64 = 86_400_000;

/// Somebody who sees to others' affairs.
pub(super) struct Manager {
    person: Person,
    powers: Powers,
    /// They have proved lately that they are there.
    fresh: bool,
}

impl Manager {
    /// Whoever is signed in here, when they may see to anything.
    async fn of(visit: &Visit<'_>) -> Result<Manager, Fail> {
        let person = visit.person().await?;
        let powers = person.powers.ok_or(Fail::NotAllowed)?;
        let fresh = standing::proved_lately(visit, &person).is_ok();
        Ok(Manager { person, powers, fresh })
    }

    /// An administrator.
    async fn administrator(visit: &Visit<'_>) -> Result<Manager, Fail> {
        let manager = Manager::of(visit).await?;
        if manager.is_administrator() { Ok(manager) } else { Err(Fail::NotAllowed) }
    }

    /// The same, about to change something: the form is theirs, and so is the chair.
    async fn changing(
        visit: &Visit<'_>,
        payload: web::Payload,
        council_too: bool,
    ) -> Result<(Manager, Fields), Fail> {
        let fields = visit.fields(payload).await?;
        let manager = Manager::of(visit).await?;
        if !manager.is_administrator() && !council_too {
            return Err(Fail::NotAllowed);
        }
        if manager.fresh { Ok((manager, fields)) } else { Err(Fail::Prove) }
    }

    fn is_administrator(&self) -> bool {
        self.powers == Powers::Administrator
    }

    /// Where everything is done.
    fn desk(&self, visit: &Visit<'_>) -> Desk {
        let passport = visit.passport();
        Desk {
            store: passport.store.clone(),
            audit: passport.audit.clone(),
            clock: passport.clock.clone(),
            ids: passport.ids.clone(),
            policy: visit.app.config.passport.realm_policy(),
            actor: self.person.user.uid.to_string(),
            powers: self.powers,
        }
    }

    /// A page of the administrator's.
    fn page(
        &self,
        visit: &Visit<'_>,
        (title, faults): (&str, &Faults),
        content: &Markup,
    ) -> HttpResponse {
        let t = |ru, en| visit.t(ru, en);
        let mut frame = standing::frame(&self.person, title);
        frame.faulty = !faults.is_empty();
        let status = if frame.faulty { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let done = !frame.faulty && !visit.query("done").is_empty();
        let content = html! {
            (self.sections(visit))
            h1 { (title) }
            @if done { p.done role="status" { (t("Готово.", "Done.")) } }
            @if !self.fresh { (prove(visit)) }
            (faults.summary(visit))
            (content)
        };
        visit.page(status, &frame, &content)
    }

    fn sections(&self, visit: &Visit<'_>) -> Markup {
        let t = |ru, en| visit.t(ru, en);
        let all = [
            ("people", t("Люди", "People")),
            ("organisations", t("Организации", "Organisations")),
            ("groups", t("Группы", "Groups")),
            ("clients", t("Клиенты", "Clients")),
            ("services", t("Службы", "Services")),
            ("keys", t("Ключи подписи", "Signing keys")),
            ("audit", t("Аудит", "Audit")),
        ];
        let shown = if self.is_administrator() { &all[..] } else { &all[..2] };
        let here = visit.request.path().strip_prefix("/passport/admin/").unwrap_or_default();
        let here = here.split('/').next().unwrap_or_default();
        html! {
            nav.sections aria-label=(t("Управление", "Administration")) {
                ul {
                    @for (path, label) in shown {
                        li {
                            a href={ "/passport/admin/" (path) }
                                aria-current=[(*path == here).then_some("page")] { (label) }
                        }
                    }
                }
            }
        }
    }
}

/// `GET /passport/admin`.
pub async fn index(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let to = Manager::of(&visit).await.map(|_| visit.go("/passport/admin/people"));
    visit.answer(to)
}

fn prove(visit: &Visit<'_>) -> Markup {
    let back = visit.request.path().strip_prefix("/passport/").unwrap_or_default();
    let query = serde_urlencoded::to_string([("back", back)]).unwrap_or_default();
    let text = visit.t(
        "Вы вошли давно. Чтобы что-то изменить, подтвердите, что это вы.",
        "You signed in a while ago. To change anything, confirm that it is you.",
    );
    html! {
        div.warn {
            p { (text) }
            p { a.button href={ "/passport/again?" (query) } { (visit.t("Подтвердить", "Confirm")) } }
        }
    }
}

/// What a fault says of a field, where whoever filled it in can do something about it.
///
/// # Errors
/// [`Fail::NotAllowed`] and [`Fail::Broken`] where they cannot.
fn faults(visit: &Visit<'_>, field: &'static str, fault: AdminFault) -> Result<Faults, Fail> {
    match &fault {
        AdminFault::NotYours(_) => return Err(Fail::NotAllowed),
        AdminFault::Audit(_)
        | AdminFault::Store(_)
        | AdminFault::Wrong(Flaw::Hash)
        | AdminFault::Key(
            KeyFault::Unusable
            | KeyFault::Sealed
            | KeyFault::None(_)
            | KeyFault::Unwritable(_)
            | KeyFault::Store(_),
        ) => return Err(Fail::Broken(fault.to_string())),
        _ => {}
    }
    let text = match visit.lang {
        Lang::Ru => fault.in_russian(),
        Lang::En => fault.to_string(),
    };
    Ok(Faults::one(field, text))
}

/// A table that scrolls by itself where it is wider than the page. On a narrow page its rows stand
/// below each other; the roles keep it a table for assistive technology all the same.
fn table(caption: &str, head: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table role="table" {
                caption { (caption) }
                thead role="rowgroup" {
                    tr role="row" {
                        @for name in head { th scope="col" role="columnheader" { (name) } }
                    }
                }
                tbody role="rowgroup" {
                    @for row in rows {
                        tr role="row" {
                            @for (at, (name, cell)) in head.iter().zip(row).enumerate() {
                                @if at == 0 { th scope="row" role="rowheader" { (cell) } }
                                @else { td role="cell" data-label=(name) { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether something may be used, as a word.
fn state_word(visit: &Visit<'_>, active: bool) -> &'static str {
    if active { visit.t("действует", "open") } else { visit.t("закрыто", "closed") }
}

/// A secret that is shown this once.
fn shown_once(visit: &Visit<'_>, what: &str, secret: &str) -> Markup {
    let text = visit.t(
        "Показано один раз: сохраните сейчас, потом узнать будет негде.",
        "Shown this once: keep it now, nobody can tell it later.",
    );
    html! {
        div.warn role="status" {
            p { strong { (what) } }
            p { code.secret { (secret) } }
            p { (text) }
        }
    }
}

/// The entries of a text, one a line.
fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

/// The first moment of a day after this one's last: `2026-11-30` counts whole.
///
/// # Errors
/// [`Flaw::Date`].
fn end_of_day(text: &str) -> Result<Option<Moment>, AdminFault> {
    Ok(start_of_day(text)?.map(|at| Moment(at.0 + DAY_MS)))
}

/// The first moment of a day, UTC; nothing of an empty text.
///
/// # Errors
/// [`Flaw::Date`].
fn start_of_day(text: &str) -> Result<Option<Moment>, AdminFault> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let mut parts = text.splitn(3, '-');
        let year = parts.next()?.parse().ok()?;
        let month = Month::try_from(parts.next()?.parse::<u8>().ok()?).ok()?;
        let day = parts.next()?.parse().ok()?;
        Date::from_calendar_date(year, month, day).ok()
    };
    let date = read().ok_or_else(|| Flaw::Date(text.to_owned()))?;
    let at = date.midnight().assume_utc().unix_timestamp();
    Ok(Some(Moment(at.saturating_mul(1_000))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_dates_are_dates() {
        let start = |text| start_of_day(text).ok().flatten();
        assert_eq!(start("2026-11-30"), Some(Moment(1_795_996_800_000)));
        let next = Moment(1_795_996_800_000 + DAY_MS);
        assert_eq!(end_of_day("2026-11-30").ok().flatten(), Some(next));
        assert_eq!(start_of_day("").ok(), Some(None));
        for text in ["x", "2026-02-30", "2026-13-01", "30.11.2026", "99999999-01-01"] {
            assert!(start_of_day(text).is_err(), "{text}");
        }
    }
}
