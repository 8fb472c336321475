//! One's own picture for a service, and reading those of others by a scanner that types.

use super::fail::Fail;
use super::form::{self, Faults};
use super::standing;
use super::visit::{Person, Visit, when};
use crate::app::App;
use crate::passport::format::qr::{self as picture, Verdict};
use crate::passport::oauth::fault::Fault;
use crate::passport::qr::{Issued, Wanted};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use engine::exam::Role;
use entities::Assignment;
use maud::{Markup, PreEscaped, html};

/// Who reads pictures: those who let people in.
const READERS: [Role; 5] =
    [Role::Expert, Role::Operator, Role::Observer, Role::Council, Role::Administrator];

/// `GET /passport/qr`.
pub async fn show_qr(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(ask(&visit).await)
}

async fn ask(visit: &Visit<'_>) -> Result<HttpResponse, Fail> {
    let person = visit.person().await?;
    page(visit, &person, StatusCode::OK, "", &html! {}).await
}

/// `POST /passport/qr`.
pub async fn make_qr(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(make(&visit, payload).await)
}

async fn make(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    let role = chosen(visit, &person).await?;
    let spn = fields.get("service");
    let wanted = Wanted { user: &person.user, session: &person.session, role: role.as_ref(), spn };
    let issued = match visit.passport().qr(&wanted).await {
        Ok(issued) => issued,
        Err(fault) if fault.status == StatusCode::BAD_REQUEST => {
            let text = visit
                .t("Для этой службы код сделать нельзя.", "No code can be made for this service.");
            let faults = Faults::one("service", text).summary(visit);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return page(visit, &person, status, spn, &faults).await;
        }
        Err(fault) => return Err(broken(&fault)),
    };
    if fields.get("as") == "png" {
        let png = picture::png(&issued.record).map_err(|e| Fail::Broken(e.to_string()))?;
        return Ok(HttpResponse::Ok()
            .content_type("image/png")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"nsk-qr.png\""))
            .body(png));
    }
    let shown = card(visit, &person, role.as_ref(), &issued)?;
    page(visit, &person, StatusCode::OK, spn, &shown).await
}

/// The role that was chosen in this sign-in, while it is held.
async fn chosen(visit: &Visit<'_>, person: &Person) -> Result<Option<Assignment>, Fail> {
    let store = &visit.passport().store;
    let Some(id) = store.chosen_role(&person.session.sid).await? else { return Ok(None) };
    let held = store.roles_held(person.user.uid, visit.now()).await?;
    Ok(held.into_iter().find(|assignment| assignment.id == id))
}

fn broken(fault: &Fault) -> Fail {
    Fail::Broken(fault.to_string())
}

/// The picture with what a person compares it with.
fn card(
    visit: &Visit<'_>,
    person: &Person,
    role: Option<&Assignment>,
    issued: &Issued,
) -> Result<Markup, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let svg = picture::svg(&issued.record).map_err(|e| Fail::Broken(e.to_string()))?;
    // The part from its root element on: a document's declaration has no place within a page.
    let svg = svg.find("<svg").map_or("", |at| &svg[at..]);
    Ok(html! {
        section.card aria-labelledby="picture" {
            h2 #picture { (person.user.name) }
            @if let Some(role) = role {
                p { (super::account::role_name(visit.lang, &role.role)) }
            }
            div.qr role="img" aria-label=(t("QR-код", "QR code")) { (PreEscaped(svg)) }
            p { (t("Действует до ", "Valid until ")) strong { (when(issued.exp)) } }
        }
    })
}

async fn page(
    visit: &Visit<'_>,
    person: &Person,
    status: StatusCode,
    chosen: &str,
    above: &Markup,
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let title = t("QR-код", "QR code");
    let readers = visit.passport().readers().await.map_err(|fault| broken(&fault))?;
    let reads = reads(visit, person).await?;
    let here = &visit.app.config.auth.audience;
    let content = html! {
        h1 { (title) }
        (above)
        p { (t("Код называет вас там, где нет связи. Его можно скопировать, поэтому он ничего не \
                разрешает: сверяют имя и лицо.",
               "The code names you where there is no network. Anybody may copy it, so it permits \
                nothing: name and face are compared.")) }
        form method="post" action="/passport/qr" {
            (form::token(visit))
            div.field {
                label for="service" { (t("Кто будет читать", "Who will read it")) }
                select id="service" name="service" {
                    @for (spn, name) in &readers {
                        option value=(spn) selected[spn == chosen] {
                            @if spn == here { (t("Здесь", "Here")) " (" (name) ")" }
                            @else { (name) }
                        }
                    }
                }
            }
            button type="submit" { (t("Показать", "Show")) }
            " "
            button.quiet type="submit" name="as" value="png" { (t("Скачать PNG", "Download PNG")) }
        }
        @if reads { p { a href="/passport/qr/read" { (t("Прочитать код другого", "Read another's code")) } } }
    };
    Ok(visit.page(status, &standing::frame(person, title), &content))
}

async fn reads(visit: &Visit<'_>, person: &Person) -> Result<bool, Fail> {
    let held = visit.passport().store.roles_held(person.user.uid, visit.now()).await?;
    let may = |assignment: &Assignment| {
        crate::auth::permissions::role_of(&assignment.role).is_some_and(|r| READERS.contains(&r))
    };
    Ok(held.iter().any(may))
}

/// `GET /passport/qr/read`.
pub async fn show_reading(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    let reader = async {
        let person = reader(&visit).await?;
        Ok(reading(&visit, &person, &html! {}))
    };
    visit.answer(reader.await)
}

async fn reader(visit: &Visit<'_>) -> Result<Person, Fail> {
    let person = visit.person().await?;
    if reads(visit, &person).await? { Ok(person) } else { Err(Fail::NotAllowed) }
}

/// `POST /passport/qr/read`.
pub async fn read_qr(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(read(&visit, payload).await)
}

async fn read(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = reader(visit).await?;
    // A scanner that types ends with the Enter key.
    let scanned = fields.get("scanned").trim_end_matches(['\r', '\n']);
    let reader = person.user.uid.to_string();
    let verdict = visit.passport().read_qr(scanned.as_bytes(), reader).await;
    let verdict = verdict.map_err(|down| Fail::Broken(down.to_string()))?;
    Ok(reading(visit, &person, &said(visit, &verdict)))
}

/// The verdict for people.
fn said(visit: &Visit<'_>, verdict: &Verdict) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let (claims, since) = match verdict {
        Verdict::Valid(claims) => (claims, None),
        Verdict::ValidUncheckedSince(claims, at) => (claims, Some(*at)),
        Verdict::Invalid(fault) => {
            return html! {
                section.faults role="alert" tabindex="-1" autofocus aria-labelledby="verdict" {
                    h2 #verdict { (t("Код не годится", "The code is no good")) }
                    p { (t("Причина: ", "Reason: ")) (reason(visit, *fault)) }
                }
            };
        }
    };
    html! {
        section.card role="status" tabindex="-1" autofocus aria-labelledby="verdict" {
            h2 #verdict { (claims.name) }
            @match since {
                None => { p.done { (t("Код действителен", "The code is valid")) } }
                Some(at) => p.fault {
                    (t("Подпись верна, но не отозван ли код, здесь неизвестно",
                       "The signature is good, but whether the code was revoked is not known here"))
                    @if let Some(at) = at { (t(" с ", " since ")) (when(at)) }
                }
            }
            dl {
                dt { (t("Имя в системе", "User name")) } dd { (claims.upn) }
                @for role in &claims.roles {
                    dt { (t("Роль", "Role")) }
                    dd { (super::account::role_name(visit.lang, crate::auth::permissions::word(*role))) }
                }
                @for group in &claims.groups { dt { (t("Группа", "Group")) } dd { (group) } }
                dt { (t("Действует до", "Valid until")) } dd { (when(claims.exp)) }
            }
            p { (t("Сверьте имя и лицо.", "Compare name and face.")) }
        }
    }
}

fn reason(visit: &Visit<'_>, fault: crate::passport::format::TokenFault) -> &'static str {
    use crate::passport::format::TokenFault;
    match fault {
        TokenFault::Expired => visit.t("срок истёк", "it has expired"),
        TokenFault::Early => visit.t("срок ещё не начался", "it is not valid yet"),
        TokenFault::Revoked => visit.t("отозван", "it was revoked"),
        TokenFault::Foreign => visit.t("сделан не для этой службы", "it is for another service"),
        TokenFault::Key => visit.t("подписан неизвестным ключом", "its key is unknown"),
        TokenFault::Forged => visit.t("подпись не подходит", "its signature does not fit"),
        _ => visit.t("это не код паспорта", "it is no code of the passport"),
    }
}

fn reading(visit: &Visit<'_>, person: &Person, above: &Markup) -> HttpResponse {
    let t = |ru, en| visit.t(ru, en);
    let title = t("Прочитать код", "Read a code");
    let content = html! {
        h1 { (title) }
        (above)
        form method="post" action="/passport/qr/read" {
            (form::token(visit))
            div.field {
                label for="scanned" { (t("Содержимое кода", "What the code says")) }
                p.hint #scanned-hint { (t("Поставьте сюда курсор и наведите сканер.",
                       "Put the cursor here and point the scanner.")) }
                textarea id="scanned" name="scanned" rows="4" required maxlength="4096"
                    autocomplete="off" spellcheck="false" aria-describedby="scanned-hint" {}
            }
            button type="submit" { (t("Проверить", "Check")) }
        }
    };
    visit.ok(&standing::frame(person, title), &content)
}
