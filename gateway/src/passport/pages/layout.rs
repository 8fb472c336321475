//! The document around every page.

use super::visit::Visit;
use maud::{DOCTYPE, Markup, html};

/// Of pages whose form may lead back to another program: browsers apply `form-action` to what a
/// form's answer redirects to, and where that is only the authorization knows.
pub const CSP_LEADS_AWAY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                                  img-src 'self'; connect-src 'self'; base-uri 'none'; \
                                  frame-ancestors 'none'";

/// What a page tells the document around it.
#[derive(Clone, Default)]
pub struct Frame<'a> {
    /// The title.
    pub title: &'a str,
    /// The name of whoever is signed in: they get the navigation.
    pub name: Option<&'a str>,
    /// A script may let a device answer before a form is sent.
    pub script: bool,
    /// They see to others' affairs too.
    pub manages: bool,
    /// The page repeats a form in which something was wrong.
    pub faulty: bool,
    /// The form's answer may lead to another program.
    pub leads_away: bool,
}

impl<'a> Frame<'a> {
    /// A page for anybody.
    pub fn titled(title: &'a str) -> Frame<'a> {
        Frame { title, ..Frame::default() }
    }
}

/// The whole document.
pub fn document(visit: &Visit<'_>, frame: &Frame<'_>, content: &Markup) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let lang = visit.lang.pick("ru", "en");
    let product = t("Цифровой паспорт", "Digital passport");
    html! {
        (DOCTYPE)
        html lang=(lang) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title {
                    @if frame.faulty { (t("Ошибка: ", "Error: ")) }
                    (frame.title) " · " (product)
                }
                link rel="icon" href="/favicon.svg";
                link rel="stylesheet" href="/passport/style.css";
                @if frame.script { script src="/passport/passkeys.js" defer {} }
            }
            body {
                a.skip href="#main" { (t("К содержанию", "Skip to content")) }
                header.top {
                    p.brand { a href="/passport" { (product) } }
                    p.language {
                        a href=(visit.other_language()) hreflang=(t("en", "ru")) lang=(t("en", "ru")) {
                            (t("English", "Русский"))
                        }
                    }
                    @if let Some(name) = frame.name { (signed_in(visit, name, frame.manages)) }
                }
                main #main tabindex="-1" { (content) }
            }
        }
    }
}

fn signed_in(visit: &Visit<'_>, name: &str, manages: bool) -> Markup {
    let t = |ru, en| visit.t(ru, en);
    let mut own = vec![
        ("/passport", t("Обо мне", "About me")),
        ("/passport/password", t("Пароль", "Password")),
        ("/passport/codes", t("Коды", "Codes")),
        ("/passport/qr", t("QR-код", "QR code")),
        ("/passport/passkeys", t("Ключи доступа", "Passkeys")),
    ];
    if manages {
        own.push(("/passport/admin", t("Управление", "Administration")));
    }
    let here = visit.request.path();
    let within = |to: &str| to == "/passport/admin" && here.starts_with(to);
    let current = |to: &str| (to == here || within(to)).then_some("page");
    html! {
        nav aria-label=(t("Разделы", "Sections")) {
            ul {
                @for (to, label) in own {
                    li { a href=(to) aria-current=[current(to)] { (label) } }
                }
            }
        }
        form.out method="post" action="/passport/logout" {
            (super::form::token(visit))
            span { (name) }
            button.quiet type="submit" { (t("Выйти", "Sign out")) }
        }
    }
}
