//! Why a page cannot be given, and the page that says so.

use super::layout::Frame;
use super::visit::Visit;
use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use entities::StoreError;
use maud::html;

/// Why there is no such page, or nothing was done.
#[derive(Debug)]
pub enum Fail {
    /// The form is of another site or another browser, or too old.
    Forged,
    /// The body cannot be read.
    Body(StatusCode),
    /// Nobody is signed in.
    SignIn,
    /// The person must prove again that they are there.
    Prove,
    /// The person has no right to it.
    NotAllowed,
    /// There is no such thing.
    Missing,
    /// Too many attempts; come back after so many ms.
    TooMany(u64),
    /// The database is away; come back after so many seconds.
    Closed(u64),
    /// Something inside does not work at this moment; said in the log.
    Broken(String),
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Fail {
        Fail::Broken(error.to_string())
    }
}

impl Fail {
    /// The page, with the status that programs go by.
    pub fn page(&self, visit: &Visit<'_>) -> HttpResponse {
        let t = |ru, en| visit.t(ru, en);
        let (status, title, text) = match self {
            Fail::SignIn => return visit.go("/passport/login"),
            Fail::Prove => return visit.go(&prove_again(visit)),
            Fail::Forged => (
                StatusCode::FORBIDDEN,
                t("Форма устарела", "The form is out of date"),
                t(
                    "Ничего не изменено. Откройте страницу заново и повторите.",
                    "Nothing was changed. Open the page again and repeat.",
                ),
            ),
            Fail::Body(status) => (
                *status,
                t("Форму не удалось прочитать", "The form cannot be read"),
                t("Ничего не изменено.", "Nothing was changed."),
            ),
            Fail::NotAllowed => (
                StatusCode::FORBIDDEN,
                t("Нет доступа", "No access"),
                t("У вас нет права на эту страницу.", "You have no right to this page."),
            ),
            Fail::Missing => (
                StatusCode::NOT_FOUND,
                t("Не найдено", "Not found"),
                t("Здесь ничего нет.", "There is nothing here."),
            ),
            Fail::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                t("Слишком много попыток", "Too many attempts"),
                t("Подождите и попробуйте снова.", "Wait a little and try again."),
            ),
            Fail::Closed(_) | Fail::Broken(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                t("Сейчас не получается", "This does not work now"),
                t("Попробуйте через минуту.", "Try again in a minute."),
            ),
        };
        if let Fail::Broken(reason) = self {
            tracing::error!(%reason, "a passport page failed inside");
        }
        let wait = match self {
            Fail::TooMany(ms) => Some(ms.div_ceil(1_000).max(1)),
            Fail::Closed(seconds) => Some(*seconds),
            Fail::Broken(_) => Some(60),
            _ => None,
        };
        let content = html! {
            h1 { (title) }
            p { (text) }
            @if let (Some(seconds), Fail::TooMany(_)) = (wait, self) {
                p { (t("Можно через, с: ", "Possible after, s: ")) strong { (seconds) } }
            }
            p { a.button href="/passport" { (t("На главную", "To the start")) } }
        };
        let mut response = visit.page(status, &Frame::titled(title), &content);
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        response
    }
}

/// Where a person proves again that they are there; afterwards they return to a page they only
/// looked at, or to the list it belongs to.
fn prove_again(visit: &Visit<'_>) -> String {
    let back = visit.request.path().strip_prefix("/passport/").unwrap_or_default();
    let query = serde_urlencoded::to_string([("back", back)]).unwrap_or_default();
    format!("/passport/again?{query}")
}
