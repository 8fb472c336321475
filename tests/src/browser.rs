//! A browser without scripts: it keeps cookies, fills in forms and says where they come from.

use crate::http::{Ask, Http, Reply};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A browser.
pub struct Browser {
    http: Http,
    cookies: BTreeMap<String, String>,
    /// The token of the last page that had a form.
    pub form: String,
    /// The `Accept-Language` that it sends.
    pub language: &'static str,
    /// The `Origin` that it says of its forms; `None` for none.
    pub origin: Option<String>,
}

impl Browser {
    /// A browser that has been nowhere, in Russian.
    pub fn new(addr: SocketAddr) -> Browser {
        Browser {
            http: Http::new(addr),
            cookies: BTreeMap::new(),
            form: String::new(),
            language: "ru",
            origin: Some(format!("http://{addr}")),
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Takes or changes a cookie, as somebody at the browser can.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Opens a page; redirects are not followed.
    pub async fn open(&mut self, path: &str) -> Reply {
        let ask = Ask { method: "GET", path, ..Ask::default() };
        self.send(ask).await
    }

    /// Sends a form with the token of the last page.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut all = url_pair("form", &self.form);
        for (name, value) in fields {
            all.push('&');
            all.push_str(&url_pair(name, value));
        }
        let mut ask = Ask::form(path, &all);
        if let Some(origin) = &self.origin {
            ask = ask.with("origin", origin.clone());
        }
        self.send(ask).await
    }

    async fn send(&mut self, ask: Ask<'_>) -> Reply {
        let pairs: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let ask = ask.with("accept-language", self.language);
        let ask = if pairs.is_empty() { ask } else { ask.with("cookie", pairs.join("; ")) };
        let reply = self.http.must(ask).await;
        for line in reply.headers.get("set-cookie").map(String::as_str).unwrap_or("").lines() {
            let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
            match pair {
                Some((name, "")) => drop(self.cookies.remove(name)),
                Some((name, value)) => drop(self.cookies.insert(name.into(), value.into())),
                None => {}
            }
        }
        if let Some(token) = between(&reply.text(), "name=\"form\" value=\"", "\"") {
            self.form = token;
        }
        reply
    }
}

/// What stands between two marks.
pub fn between(text: &str, from: &str, to: &str) -> Option<String> {
    let rest = text.split_once(from)?.1;
    Some(rest.split_once(to)?.0.to_owned())
}

fn url_pair(name: &str, value: &str) -> String {
    let mut text = format!("{name}=");
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
