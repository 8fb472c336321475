//! What strangers try at the passport's doors: forged tokens, tokens for something else, tokens that
//! are over, replays over a power cut, guessing who exists, and what the logs keep of it all. Each
//! answer is exact, and no test here leaves a fault of the server behind.

mod epochs;
mod forgery;
mod guessing;
mod kinds;
mod lifetimes;
mod logs;

mod replays;
mod shapes;

use crate::oauth::kit::{Idp, exchanging};
use tests::http::{Ask, Http};
use tests::stack::{Setup, Stack};

/// What the doors answer to a token that is no good, whatever is wrong with it.
const REFUSED: [(&str, u16, &str); 6] = [
    ("userinfo", 401, r#"{"error":"invalid_token","error_description":"a token is needed"}"#),
    ("person/info", 401, r#"{"detail":"UNAUTHORIZED"}"#),
    (
        "session",
        401,
        r#"{"type":"urn:nsk:error:unauthorized","title":"Unauthorized","status":401,"code":"unauthorized","detail":"sign in first","temporary":false,"after_ms":0}"#,
    ),
    ("introspect", 200, r#"{"active":false}"#),
    ("exchange", 400, r#"{"error":"invalid_grant","error_description":"the grant is not valid"}"#),
    ("renew", 400, r#"{"error":"invalid_grant","error_description":"the grant is not valid"}"#),
];

/// Limits that many attacks from one address do not meet.
fn patient() -> Setup {
    Setup::new().with(|config| {
        config.passport.failures_per_address_per_minute = 1_000_000;
        config.passport.requests_per_address_per_minute = 1_000_000;
        config.passport.requests_per_client_per_minute = 1_000_000;
    })
}

/// Shows a token at one of the doors.
async fn shown(idp: &Idp, door: &str, token: &str) -> (u16, String) {
    let get = async |path| Http::bearer(idp.stack.addr, token).get(path).await;
    let reply = match door {
        "userinfo" => get("/oauth/userinfo").await,
        "person/info" => get("/api/v1/person/info").await,
        "session" => get("/api/nsk/v1/session").await,
        "introspect" => idp.post("/oauth/introspect", "portal", &vec![("token", token)]).await,
        "exchange" => {
            let pairs = exchanging(token, &[("audience", "coc/portal")]);
            idp.post("/oauth/token", "web", &pairs).await
        }
        _ => idp.post("/oauth/renew", "web", &vec![("token", token)]).await,
    };
    (reply.status, reply.text())
}

/// Every door refuses a token in its own words.
async fn refused_everywhere(idp: &Idp, token: &str, what: &str) {
    let header = token.bytes().all(|b| b.is_ascii_graphic());
    let form = !token.chars().any(char::is_control);
    for (door, status, body) in REFUSED {
        if !header && matches!(door, "userinfo" | "person/info" | "session") {
            continue;
        }
        let (found, text) = shown(idp, door, token).await;
        if !form {
            // Refused before anybody looks for a token.
            assert!(found == 400 && text.contains("invalid_request"), "{what}: {text}");
            continue;
        }
        assert_eq!((found, text.as_str()), (status, body), "{what} at {door}: {token}");
    }
}

/// Nothing that was asked so far was answered with a fault of the server.
async fn no_faults(stack: &Stack) {
    let page = Http::new(stack.addr).get("/metrics").await.text();
    let of = |class: &str| page.lines().find(|line| line.contains(class)).map(str::to_owned);
    assert!(of("nsk_http_requests_total{class=\"2xx\"}").is_some(), "the page counts: {page}");
    assert_eq!(of("nsk_http_requests_total{class=\"5xx\"}"), None);
}

/// A GET with header fields.
fn get<'a>(path: &'a str, fields: &[(&'a str, &str)]) -> Ask<'a> {
    let ask = Ask { method: "GET", path, ..Ask::default() };
    fields.iter().fold(ask, |ask, (name, value)| ask.with(name, *value))
}
