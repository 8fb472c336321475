//! One request for a page: its language, its browser, who is signed in, and the answers it can get.

use super::fail::Fail;
use super::layout::{self, Frame};
use crate::app::App;
use crate::auth::{place_of, same_origin};
use crate::http::body;
use crate::passport::Passport;
use crate::passport::admin::Powers;
use crate::passport::audit::Entry;
use crate::passport::browser;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use engine::{Lang, Moment};
use entities::{PassportSession, User};
use maud::Markup;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use uuid::Uuid;

/// Largest form, bytes.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// Most fields of a form.
const FIELDS_MAX: usize = 64;
/// Longest opaque id of a request that is continued, bytes.
const CONTINUE_BYTES_MAX: usize = 128;
/// Binds forms to a browser.
const FORM_COOKIE: &str = "nsk_form";
/// The language that was chosen.
const LANG_COOKIE: &str = "nsk_lang";
/// How long a chosen language is kept.
const LANG_DAYS: i64 = 365;

/// The fields of a form that has passed its checks.
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// A field, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A field without spaces around it.
    pub fn trimmed(&self, name: &str) -> &str {
        self.get(name).trim()
    }
}

/// Whoever is signed in at the passport.
#[derive(Clone)]
pub struct Person {
    /// Their sign-in.
    pub session: PassportSession,
    /// Who.
    pub user: User,
    /// What they may see to beside their own affairs.
    pub powers: Option<Powers>,
}

/// One request for a page.
pub struct Visit<'a> {
    /// The program's parts.
    pub app: &'a App,
    /// The request.
    pub request: &'a HttpRequest,
    /// The language of the answer.
    pub lang: Lang,
    query: BTreeMap<String, String>,
    browser: String,
    cookies: RefCell<Vec<Cookie<'static>>>,
}

impl<'a> Visit<'a> {
    /// Begins an answer.
    pub fn new(app: &'a web::Data<App>, request: &'a HttpRequest) -> Visit<'a> {
        let query: BTreeMap<String, String> =
            serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
        let asked = query.get("lang").and_then(|word| lang_of(word));
        let kept = request.cookie(LANG_COOKIE).and_then(|c| lang_of(c.value()));
        let lang = asked.or(kept).unwrap_or_else(|| accepted(request));
        let known = request.cookie(FORM_COOKIE).map(|c| c.value().to_owned());
        let known = known.filter(|v| v.len() == 32 && v.bytes().all(|b| b.is_ascii_hexdigit()));
        let fresh = known.is_none();
        let browser = known.unwrap_or_else(|| hex::encode(app.ids.salt()));
        let visit = Visit {
            app: app.get_ref(),
            request,
            lang,
            query,
            browser,
            cookies: RefCell::default(),
        };
        if fresh {
            visit.set(visit.cookie(FORM_COOKIE, visit.browser.clone()));
        }
        if asked.is_some() {
            let mut cookie = visit.cookie(LANG_COOKIE, lang.pick("ru", "en").to_owned());
            cookie.set_max_age(actix_web::cookie::time::Duration::days(LANG_DAYS));
            visit.set(cookie);
        }
        visit
    }

    /// The passport's parts.
    pub fn passport(&self) -> &'a Passport {
        &self.app.passport
    }

    /// This moment.
    pub fn now(&self) -> Moment {
        self.app.clock.now()
    }

    /// The text of the visitor's language.
    pub fn t(&self, ru: &'static str, en: &'static str) -> &'static str {
        self.lang.pick(ru, en)
    }

    /// A field of the query.
    pub fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The opaque id of the authorization that goes on after sign-in. Anything else than such an
    /// id is nothing: addresses are never followed.
    pub fn continues(&self, text: &str) -> Option<String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let fits = !text.is_empty() && text.len() <= CONTINUE_BYTES_MAX && text.bytes().all(plain);
        fits.then(|| text.to_owned())
    }

    /// What attempts of this visitor are counted under.
    pub fn place(&self) -> IpAddr {
        let peer = self.request.peer_addr().map(|peer| peer.ip());
        place_of(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    /// The browser's own name, for the list of sign-ins.
    pub fn agent(&self) -> String {
        let agent = self.request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        agent.unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// The token that a form must bring back.
    pub fn form_token(&self) -> String {
        self.passport().pages.0.sealing.form_token(&self.browser)
    }

    /// A form's fields, after its checks: this site's `Origin`, and this browser's token.
    ///
    /// # Errors
    /// [`Fail::Forged`], or what is wrong with the body.
    pub async fn fields(&self, payload: web::Payload) -> Result<Fields, Fail> {
        if !same_origin(self.request, &self.app.config.server) {
            return Err(Fail::Forged);
        }
        let bytes = body::read(payload, FORM_BYTES_MAX).await.map_err(|e| Fail::Body(e.status))?;
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes)
            .ok()
            .filter(|pairs: &Vec<_>| pairs.len() <= FIELDS_MAX)
            .ok_or(Fail::Body(StatusCode::BAD_REQUEST))?;
        let fields = Fields(pairs.into_iter().collect());
        let token = fields.get("form");
        if self.passport().pages.0.sealing.form_token_fits(&self.browser, token) {
            Ok(fields)
        } else {
            Err(Fail::Forged)
        }
    }

    /// Who is signed in here.
    ///
    /// # Errors
    /// [`Fail::SignIn`] when nobody is; [`Fail::Broken`] when the store does not answer.
    pub async fn person(&self) -> Result<Person, Fail> {
        let session = browser::current(self.passport(), self.request).await?;
        let session = session.ok_or(Fail::SignIn)?;
        let user = self.passport().store.user(session.uid).await?;
        let user = user.filter(|user| user.active).ok_or(Fail::SignIn)?;
        let held = self.passport().store.roles_held(user.uid, self.now()).await?;
        let powers = Powers::of(held.iter().map(|one| one.role.as_str()));
        Ok(Person { session, user, powers })
    }

    /// Records what is about to be done; nothing is done that cannot be recorded.
    ///
    /// # Errors
    /// [`Fail::Broken`].
    pub async fn note(
        &self,
        kind: &'static str,
        subject: Option<Uuid>,
        mut detail: serde_json::Value,
    ) -> Result<(), Fail> {
        detail["from"] = self.place().to_string().into();
        let subject = subject.map(|uid| uid.to_string());
        let entry = Entry { kind, actor: subject.clone(), subject, detail };
        self.record(entry).await
    }

    /// As [`Visit::note`], where one person does something to another or to a thing.
    ///
    /// # Errors
    /// [`Fail::Broken`].
    pub async fn record(&self, entry: Entry) -> Result<(), Fail> {
        let recorded = self.passport().audit.record(entry).await;
        recorded.map_err(|down| Fail::Broken(down.to_string()))
    }

    /// A cookie of the pages: no script reads it, no other site sends it along with a form.
    pub fn cookie(&self, name: &'static str, value: String) -> Cookie<'static> {
        Cookie::build(name, value)
            .path("/passport")
            .http_only(true)
            .secure(self.app.config.server.secure_cookies)
            .same_site(SameSite::Lax)
            .finish()
    }

    /// The answer will set this cookie.
    pub fn set(&self, cookie: Cookie<'static>) {
        self.cookies.borrow_mut().push(cookie);
    }

    /// A page.
    pub fn page(&self, status: StatusCode, frame: &Frame<'_>, content: &Markup) -> HttpResponse {
        let text = layout::document(self, frame, content).into_string();
        let mut response = HttpResponse::build(status);
        for cookie in self.cookies.borrow().iter() {
            response.cookie(cookie.clone());
        }
        response.insert_header((header::CONTENT_LANGUAGE, self.lang.pick("ru", "en")));
        response.insert_header((header::VARY, "Accept-Language, Cookie"));
        // Without it browsers hide where a form comes from.
        response.insert_header((header::REFERRER_POLICY, "same-origin"));
        if frame.leads_away {
            response.insert_header((header::CONTENT_SECURITY_POLICY, layout::CSP_LEADS_AWAY));
        }
        response.content_type("text/html; charset=utf-8").body(text)
    }

    /// An ordinary page.
    pub fn ok(&self, frame: &Frame<'_>, content: &Markup) -> HttpResponse {
        self.page(StatusCode::OK, frame, content)
    }

    /// On to another page of this site.
    pub fn go(&self, to: &str) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        for cookie in self.cookies.borrow().iter() {
            response.cookie(cookie.clone());
        }
        response.insert_header((header::REFERRER_POLICY, "same-origin"));
        response.insert_header((header::LOCATION, to)).finish()
    }

    /// The answer, or the page that says why there is none.
    pub fn answer(&self, result: Result<HttpResponse, Fail>) -> HttpResponse {
        result.unwrap_or_else(|fail| fail.page(self))
    }

    /// This page's address in the other language.
    pub fn other_language(&self) -> String {
        let mut query: Vec<(&str, &str)> = self
            .query
            .iter()
            .filter(|(name, _)| name.as_str() != "lang")
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        query.push(("lang", self.lang.pick("en", "ru")));
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        format!("{}?{query}", self.request.path())
    }
}

/// A moment as people read it, in UTC: pages know no time zone without a script.
pub fn when(moment: Moment) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(moment.0.div_euclid(1_000));
    at.map_or_else(
        |_| String::from("-"),
        |t| {
            let (date, month) = (t.date(), u8::from(t.month()));
            format!(
                "{:04}-{month:02}-{:02} {:02}:{:02} UTC",
                date.year(),
                date.day(),
                t.hour(),
                t.minute()
            )
        },
    )
}

fn lang_of(word: &str) -> Option<Lang> {
    match word {
        "ru" => Some(Lang::Ru),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// The first of our languages that the browser names, in its order of preference; Russian without.
fn accepted(request: &HttpRequest) -> Lang {
    let text = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let mut best = (0.0_f32, Lang::Ru);
    for part in text.unwrap_or_default().split(',').take(16) {
        let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let weight = rest.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(1.0);
        if let Some(lang) = lang_of(&primary).filter(|_| weight > best.0) {
            best = (weight, lang);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_browser_says_its_language() {
        for (header, lang) in [
            ("", Lang::Ru),
            ("en", Lang::En),
            ("en-GB,en;q=0.9,ru;q=0.8", Lang::En),
            ("en;q=0.3, ru-RU;q=0.8", Lang::Ru),
            ("de, fr;q=0.9", Lang::Ru),
            ("de, en;q=0.1", Lang::En),
            ("en;q=0", Lang::Ru),
            ("en;q=x;;,,", Lang::En),
        ] {
            let request = TestRequest::get().insert_header(("accept-language", header));
            assert_eq!(accepted(&request.to_http_request()), lang, "{header}");
        }
    }

    #[test]
    fn moments_read_as_dates() {
        assert_eq!(when(Moment(1_796_000_000_000)), "2026-11-30 00:53 UTC");
    }
}
