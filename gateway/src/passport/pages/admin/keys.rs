//! Signing keys and their states.

use super::{Manager, faults, table};
use crate::app::App;
use crate::passport::admin::change_key;
use crate::passport::keys::{KeyInfo, word_of, word_to};
use crate::passport::pages::fail::Fail;
use crate::passport::pages::form::{self, Faults};
use crate::passport::pages::visit::{Visit, when};
use crate::wire::passport::KeyRequest;
use actix_web::{HttpRequest, HttpResponse, web};
use engine::identity::{KeyPurpose, KeyState};
use maud::{Markup, html};

const HERE: &str = "/passport/admin/keys";

/// `GET /passport/admin/keys`.
pub async fn show_keys(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let shown = async {
        let manager = Manager::administrator(&visit).await?;
        page(&visit, &manager, &Faults::default())
    };
    visit.answer(shown.await)
}

fn purpose_name(visit: &Visit<'_>, purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::Paseto => visit.t("токены PASETO", "PASETO tokens"),
        KeyPurpose::JwtEs256 => visit.t("токены JWT, ES256", "JWT tokens, ES256"),
        KeyPurpose::JwtEddsa => visit.t("токены JWT, Ed25519", "JWT tokens, Ed25519"),
        KeyPurpose::JwtRs256 => visit.t("токены JWT, RS256", "JWT tokens, RS256"),
        KeyPurpose::Qr => visit.t("записи и QR-коды", "records and QR codes"),
        KeyPurpose::Manifest => visit.t("манифесты станций", "manifests of stations"),
        KeyPurpose::Audit => visit.t("отметки аудита", "checkpoints of the audit"),
    }
}

fn state_name(visit: &Visit<'_>, state: KeyState) -> &'static str {
    match state {
        KeyState::Announced => visit.t("объявлен", "announced"),
        KeyState::Active => visit.t("подписывает", "signs"),
        KeyState::VerifyOnly => visit.t("только проверяет", "verifies only"),
        KeyState::Retired => visit.t("выведен", "retired"),
        KeyState::Compromised => visit.t("раскрыт", "compromised"),
    }
}

fn page(visit: &Visit<'_>, manager: &Manager, faults: &Faults) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let all = visit.passport().keys.list();
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .map(|key| {
            let until = key.ended_at.or(key.verifies_until).map(when).unwrap_or_default();
            vec![
                html! { code { (key.kid) } },
                html! { (purpose_name(visit, key.purpose)) },
                html! { (state_name(visit, key.state)) },
                html! { (when(key.active_at.unwrap_or(key.made_at))) },
                html! { (until) },
                html! { @if manager.fresh { (actions(visit, key)) } },
            ]
        })
        .collect();
    let head = [
        "kid",
        t("Для чего", "What for"),
        t("Состояние", "State"),
        t("С", "Since"),
        t("До", "Until"),
        t("Действие", "Action"),
    ];
    let title = t("Ключи подписи", "Signing keys");
    let content = html! {
        p { (t("Смена идёт сама, раз в 30 дней: следующий ключ объявляется заранее, чтобы его успели \
                узнать все. Раскрытый ключ сразу перестаёт проверяться, и это навсегда.",
               "Keys change by themselves every 30 days: the next one is announced in time for \
                everybody to learn it. A compromised key verifies nothing at once, and for ever.")) }
        (table(title, &head, &rows))
        @if manager.fresh { (announce(visit)) }
    };
    Ok(manager.page(visit, (title, faults), &content))
}

fn actions(visit: &Visit<'_>, key: &KeyInfo) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let purpose = word_of(&key.purpose);
    let mut all = Vec::new();
    if key.state == KeyState::Announced {
        all.push(("activate", t("Пусть подписывает", "Let it sign")));
    }
    if matches!(key.state, KeyState::Announced | KeyState::VerifyOnly) {
        all.push(("retire", t("Вывести", "Retire")));
    }
    let asked = |what| [("do", what), ("kid", key.kid.as_str()), ("purpose", purpose.as_str())];
    html! {
        div.actions {
            @for (what, label) in all { (form::button(visit, HERE, &asked(what), label)) }
        }
        // What cannot be undone takes two steps.
        @if !matches!(key.state, KeyState::Compromised | KeyState::Retired) {
            details {
                summary { (t("Ключ раскрыт?", "Compromised?")) }
                p { (t("Всё, что он подписал, сразу перестанет проверяться.",
                       "Whatever it has signed verifies no more, at once.")) }
                (form::button(visit, HERE, &asked("compromise"),
                    t("Пометить раскрытым", "Mark as compromised")))
            }
        }
    }
}

fn announce(visit: &Visit<'_>) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let purposes = [
        KeyPurpose::Paseto,
        KeyPurpose::JwtEs256,
        KeyPurpose::JwtEddsa,
        KeyPurpose::JwtRs256,
        KeyPurpose::Qr,
        KeyPurpose::Manifest,
        KeyPurpose::Audit,
    ];
    let words = purposes.map(|purpose| (word_of(&purpose), purpose_name(visit, purpose)));
    let options: Vec<(&str, &str)> = words.iter().map(|(w, name)| (w.as_str(), *name)).collect();
    html! {
        section.card aria-labelledby="next" {
            h2 #next { (t("Объявить следующий ключ", "Announce the next key")) }
            form method="post" action=(HERE) {
                (form::token(visit))
                (form::hidden("do", "announce"))
                (form::choice("purpose", t("Для чего", "What for"), &options, ""))
                button type="submit" { (t("Объявить", "Announce")) }
            }
        }
    }
}

/// `POST /passport/admin/keys`.
pub async fn change_keys(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(change(&visit, payload).await)
}

async fn change(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let (manager, fields) = Manager::changing(visit, payload, false).await?;
    let purpose = || word_to::<KeyPurpose>(fields.get("purpose")).ok_or(Fail::Missing);
    let kid = fields.get("kid").to_owned();
    let asked = match fields.get("do") {
        "announce" => KeyRequest::Announce { purpose: purpose()? },
        "activate" => KeyRequest::Activate { purpose: purpose()? },
        "retire" => KeyRequest::Retire { kid },
        "compromise" => KeyRequest::Compromise { kid },
        _ => return Err(Fail::Missing),
    };
    let (passport, actor) = (visit.passport(), manager.person.user.uid.to_string());
    match change_key(&passport.keys, &passport.audit, &actor, (&asked, false)).await {
        Ok(()) => Ok(visit.go("/passport/admin/keys?done=1")),
        Err(fault) => page(visit, &manager, &faults(visit, "purpose", fault)?),
    }
}
