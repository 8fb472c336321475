//! The authenticator app: entering it, checking its codes, recovery codes, removing it.

use super::fail::Fail;
use super::form::{self, Faults, Field};
use super::standing;
use super::visit::{Person, Visit};
use crate::app::App;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use entities::TotpFactor;
use maud::{Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;

/// Bytes of an app's secret: as long as the hash it goes through.
const SECRET_BYTES: usize = 20;
/// Longest time step, s.
const STEP_S: u64 = 30;
/// Recovery codes that are given at once.
const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code: 5 bits each.
const RECOVERY_CHARS: usize = 16;
/// Letters of recovery codes: none that is easily taken for another.
const RECOVERY_LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz0";
/// Width of the picture, in its own units.
const PICTURE: u32 = 220;

fn totp(secret: Vec<u8>, upn: &str, issuer: &str) -> Result<Totp, Fail> {
    // Names in such an address are parted by a colon.
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_secret(Secret::from(secret))
        .with_step_duration(STEP_S)
        .with_account_name(plain(upn))
        .with_issuer(Some(plain(issuer)))
        .build()
        .map_err(|e| Fail::Broken(e.to_string()))
}

/// Whether a code fits the person's app, or is one of their recovery codes; it is used up by that.
/// Tries are counted per person.
///
/// # Errors
/// [`Fail::TooMany`], [`Fail::Broken`].
pub async fn fits(visit: &Visit<'_>, uid: Uuid, code: &str) -> Result<bool, Fail> {
    visit.passport().pages.0.by_code.take(&uid).map_err(Fail::TooMany)?;
    let store = &visit.passport().store;
    let Some(factor) = store.totp(uid).await? else { return Ok(false) };
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
    if code.len() == RECOVERY_CHARS {
        let hash = visit.passport().pages.0.sealing.code_hash(uid, &code.to_lowercase());
        return Ok(store.take_recovery_code(uid, &hash).await?);
    }
    match step_of(visit, &factor, &code)? {
        Some(step) if step > factor.last_step => Ok(store.use_totp_step(uid, step).await?),
        _ => Ok(false),
    }
}

/// The time step whose code this is.
fn step_of(visit: &Visit<'_>, factor: &TotpFactor, code: &str) -> Result<Option<i64>, Fail> {
    let secret = visit.passport().pages.0.sealing.open(factor.uid, &factor.secret);
    let secret = secret.ok_or_else(|| Fail::Broken("a sealed secret does not open".to_owned()))?;
    let now = u64::try_from(visit.now().0 / 1_000).unwrap_or_default();
    let step = totp(secret, "nobody", "nsk")?.check(code, now);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// `GET /passport/codes`.
pub async fn show_codes(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(show(&visit).await)
}

async fn show(visit: &Visit<'_>) -> Result<HttpResponse, Fail> {
    let person = visit.person().await?;
    let factor = visit.passport().store.totp(person.user.uid).await?;
    if factor.is_some_and(|factor| factor.confirmed) {
        return present(visit, &person).await;
    }
    standing::proved_lately(visit, &person)?;
    entry(visit, &person, StatusCode::OK, &Faults::default()).await
}

async fn present(visit: &Visit<'_>, person: &Person) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let left = visit.passport().store.recovery_codes_left(person.user.uid).await?;
    let title = t("Коды подтверждения", "Confirmation codes");
    let content = html! {
        h1 { (title) }
        p { (t("Приложение подключено: при входе нужен код.",
               "Your app is set up: sign-in asks for a code.")) }
        p { (t("Осталось кодов восстановления: ", "Recovery codes left: ")) strong { (left) } }
        (form::button(visit, "/passport/codes/renew", &[],
            t("Выдать новые коды восстановления", "Give new recovery codes")))
        " "
        (form::button(visit, "/passport/codes/remove", &[],
            t("Отключить приложение", "Remove the app")))
    };
    Ok(visit.ok(&standing::frame(person, title), &content))
}

/// The page on which an app is entered: a secret that counts for nothing until a code confirms it.
async fn entry(
    visit: &Visit<'_>,
    person: &Person,
    status: StatusCode,
    faults: &Faults,
) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let (uid, passport) = (person.user.uid, visit.passport());
    let sealing = &passport.pages.0.sealing;
    let kept = passport.store.totp(uid).await?.filter(|_| status != StatusCode::OK);
    let secret = match kept.and_then(|factor| sealing.open(uid, &factor.secret)) {
        Some(secret) => secret,
        None => {
            let secret = passport.ids.seed()[..SECRET_BYTES].to_vec();
            let sealed = sealing.seal(uid, &secret, passport.ids.seed());
            let sealed = sealed.ok_or_else(|| Fail::Broken("a secret is not sealed".to_owned()))?;
            passport.store.put_totp(uid, &sealed, visit.now()).await?;
            secret
        }
    };
    let totp = totp(secret, &person.user.upn, t("Цифровой паспорт", "Digital passport"))?;
    let address = totp.to_url().map_err(|e| Fail::Broken(e.to_string()))?;
    let text = spaced(&totp.secret().to_base32());
    let title = t("Подключить приложение", "Set up an app");
    let mut frame = standing::frame(person, title);
    frame.faulty = !faults.is_empty();
    let content = html! {
        div.card {
            h1 { (title) }
            (faults.summary(visit))
            p { (t("Отсканируйте картинку приложением для кодов или введите ключ вручную.",
                   "Scan the picture with an authenticator app, or type the key.")) }
            div.qr { (picture(&address, t("QR-код с ключом", "QR code of the key"))?) }
            p { (t("Ключ: ", "Key: ")) span.secret { (text) } }
            form method="post" action="/passport/codes" {
                (form::token(visit))
                (Field {
                    name: "code", label: t("Код из приложения", "Code of the app"),
                    autocomplete: "one-time-code", inputmode: "numeric", ..Field::default()
                }.show(faults))
                button type="submit" { (t("Подключить", "Set up")) }
            }
        }
    };
    Ok(visit.page(status, &frame, &content))
}

/// A QR code as SVG that takes part in the document.
fn picture(text: &str, label: &str) -> Result<Markup, Fail> {
    let code = QrCode::new(text).map_err(|e| Fail::Broken(e.to_string()))?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(PICTURE, PICTURE).build();
    let inner = drawn.find("<svg").map_or("", |at| &drawn[at..]);
    // What is drawn consists of numbers and colours alone.
    Ok(html! { div role="img" aria-label=(label) { (PreEscaped(inner)) } })
}

fn spaced(text: &str) -> String {
    let parts: Vec<&str> =
        text.as_bytes().chunks(4).filter_map(|c| std::str::from_utf8(c).ok()).collect();
    parts.join(" ")
}

/// `POST /passport/codes`: the first code of an app makes it count.
pub async fn confirm_codes(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(confirm(&visit, payload).await)
}

async fn confirm(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    let fields = visit.fields(payload).await?;
    let person = visit.person().await?;
    standing::proved_lately(visit, &person)?;
    let factor = visit.passport().store.totp(person.user.uid).await?;
    if factor.is_none_or(|factor| factor.confirmed) {
        return Ok(visit.go("/passport/codes"));
    }
    if !fits(visit, person.user.uid, fields.trimmed("code")).await? {
        let wrong = visit.t(
            "Код не подходит. Проверьте часы телефона и введите следующий код.",
            "The code does not fit. Check the clock of your phone and type the next code.",
        );
        let faults = Faults::one("code", wrong);
        return entry(visit, &person, StatusCode::UNPROCESSABLE_ENTITY, &faults).await;
    }
    visit.note("factor.add", Some(person.user.uid), serde_json::json!({"factor": "otp"})).await?;
    give(visit, &person).await
}

/// New recovery codes, shown this once.
async fn give(visit: &Visit<'_>, person: &Person) -> Result<HttpResponse, Fail> {
    let t = |ru, en| visit.t(ru, en);
    let passport = visit.passport();
    let codes: Vec<String> =
        (0..RECOVERY_CODES).map(|_| recovery_code(passport.ids.seed())).collect();
    let hash = |code: &String| passport.pages.0.sealing.code_hash(person.user.uid, code);
    let hashes: Vec<String> = codes.iter().map(hash).collect();
    passport.store.put_recovery_codes(person.user.uid, &hashes).await?;
    let title = t("Коды восстановления", "Recovery codes");
    let content = html! {
        div.card {
            h1 { (title) }
            p.done { (t("Приложение подключено.", "Your app is set up.")) }
            p { (t("Сохраните коды: каждый заменяет код приложения один раз. Больше они показаны не будут.",
                   "Keep these codes: each stands for a code of the app once. They are not shown again.")) }
            ol.codes { @for code in &codes { li { (spaced(code)) } } }
            p { a.button href="/passport" { (t("Я сохранил коды", "I have kept the codes")) } }
        }
    };
    Ok(visit.ok(&standing::frame(person, title), &content))
}

fn recovery_code(seed: [u8; 32]) -> String {
    let letter = |byte: &u8| char::from(RECOVERY_LETTERS[usize::from(byte % 32)]);
    seed.iter().take(RECOVERY_CHARS).map(letter).collect()
}

/// `POST /passport/codes/renew`.
pub async fn renew_codes(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(renew(&visit, payload).await)
}

async fn renew(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    visit.fields(payload).await?;
    let person = visit.person().await?;
    standing::proved_lately(visit, &person)?;
    if !visit.passport().store.totp(person.user.uid).await?.is_some_and(|f| f.confirmed) {
        return Ok(visit.go("/passport/codes"));
    }
    visit.note("factor.renew", Some(person.user.uid), serde_json::json!({"factor": "otp"})).await?;
    give(visit, &person).await
}

/// `POST /passport/codes/remove`.
pub async fn remove_codes(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let visit = Visit::new(&app, &request);
    visit.answer(remove(&visit, payload).await)
}

async fn remove(visit: &Visit<'_>, payload: web::Payload) -> Result<HttpResponse, Fail> {
    visit.fields(payload).await?;
    let person = visit.person().await?;
    standing::proved_lately(visit, &person)?;
    visit
        .note("factor.remove", Some(person.user.uid), serde_json::json!({"factor": "otp"}))
        .await?;
    visit.passport().store.remove_totp(person.user.uid).await?;
    Ok(visit.go("/passport"))
}
