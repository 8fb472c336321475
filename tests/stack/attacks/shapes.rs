//! Requests that are too large, too deep, split where they should not be, or sent by another site.

use super::{get, no_faults, patient, refused_everywhere};
use crate::oauth::kit::{CALLBACK, Pairs, SECRET, asked, changed, idp_with, query};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use serde_json::json;
use tests::http::{Ask, Http};

const COOKIE: &str = "nsk_passport=the-browser-of-anna";

#[tokio::test(flavor = "multi_thread")]
async fn large_and_deep_input_is_refused_for_what_it_is() {
    let idp = idp_with(patient()).await;
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    let record = |inside: &str| format!(r#"{{"principal":"a","uid":"b","claims":{inside}}}"#);
    let part = |text: &str| B64.encode(text);
    let header = part(r#"{"alg":"ES256","typ":"at+jwt","kid":"x"}"#);
    for token in [
        "x".repeat(8_193),
        "v4.public.".to_owned() + &"A".repeat(8_192),
        format!("v4.public.{}", "A".repeat(7_000)),
        format!("{header}.{}.AAAA", part(&nested(5_000))),
        format!("{}.{}.AAAA", part(&format!(r#"{{"alg":{}}}"#, nested(2_000))), part("{}")),
        ".".repeat(8_000),
        "eyJ".to_owned() + &".".repeat(5_000),
        record(&nested(5_000)),
        record(&format!("[{}]", vec!["{\"type\":\"a\",\"value\":1}"; 300].join(","))),
        STANDARD.encode(record(&nested(3_000))),
        "{".repeat(8_000),
        "\u{0}".repeat(100),
    ] {
        refused_everywhere(&idp, &token, "large or deep").await;
    }
    let mut http = idp.http();
    let deep = nested(50_000).into_bytes();
    let kind = ("content-type", "application/json".to_owned());
    for (path, status) in [("/token", 422), ("/api/nsk/v1/session", 422)] {
        let origin = ("origin", format!("http://{}", idp.stack.addr));
        let headers = vec![kind.clone(), origin];
        let ask = Ask { method: "POST", path, headers, body: Some(deep.clone()) };
        assert_eq!(http.must(ask).await.status, status, "{path}");
    }
    let many: Vec<String> = (0..200).map(|n| format!("p{n}=1")).collect();
    let reply = http.must(Ask::form("/oauth/token", &many.join("&"))).await;
    assert_eq!(reply.json_of(400)["error"], "invalid_request");
    let long = format!("/oauth/authorize?{}&x={}", query(&asked("web")), "y".repeat(20_000));
    let reply = Http::new(idp.stack.addr).get(&long).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_becomes_a_header_and_no_host_becomes_an_address() {
    let idp = idp_with(patient()).await;
    for (name, value) in [
        ("state", "a\r\nset-cookie: x=y"),
        ("state", "a\nlocation: https://evil.example"),
        ("nonce", "a\r\n\r\n<script>"),
        ("redirect_uri", "https://app.example/cb\r\nx-evil: 1"),
        ("client_id", "web\r\nx-evil: 1"),
        ("scope", "openid\r\nx-evil: 1"),
    ] {
        let reply = idp.authorize(&changed(&asked("web"), name, value)).await;
        assert_eq!(reply.json_of(400)["error"], "invalid_request", "{name}");
        for header in ["x-evil", "location", "set-cookie"] {
            assert!(!reply.headers.contains_key(header), "{name}: {header}");
        }
    }
    let odd = "a&b=c#d?e=f/../\"<>%0d%0a é";
    let reply = idp.authorize(&changed(&asked("web"), "state", odd)).await;
    let place = &reply.headers["location"];
    assert!(place.starts_with(&format!("{CALLBACK}?")) && place.is_ascii(), "{place}");
    assert_eq!(crate::oauth::kit::location(&reply)["state"], odd);
    // Whatever the request calls this host: addresses are those of the issuer.
    for fields in [
        vec![("host", "evil.example")],
        vec![("host", "evil.example"), ("x-forwarded-host", "evil.example")],
        vec![("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")],
        vec![("forwarded", "host=evil.example;proto=https")],
        vec![("x-original-url", "/api/nsk/v1/passport/people")],
    ] {
        for path in ["/.well-known/openid-configuration", "/passport/login", "/oauth/logout"] {
            // A second `host` would be another attack; this one takes the place of ours.
            let ask = get(path, &fields);
            let reply = Http::new(idp.stack.addr).ask(ask).await;
            let Ok(reply) = reply else { continue };
            let all = format!("{:?} {}", reply.headers, reply.text());
            assert!(!all.contains("evil.example"), "{path} {fields:?}: {all}");
        }
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_ends_begins_and_changes_nothing() {
    let idp = idp_with(patient()).await;
    let evil = ("origin", "https://evil.example".to_owned());
    let post = |path: &'static str, body: &str| {
        let mut ask = Ask::form(path, body);
        ask.headers.push(evil.clone());
        ask.with("cookie", COOKIE)
    };
    let mut http = idp.http();
    // Forms of the pages.
    for path in [
        "/passport/login",
        "/passport/logout",
        "/passport/password",
        "/passport/again",
        "/passport/codes",
        "/passport/codes/remove",
        "/passport/role",
        "/passport/sessions/end",
    ] {
        let reply = http.must(post(path, "form=x&sid=sid-the-browser-of-anna")).await;
        assert_eq!(reply.status, 403, "{path}: {}", reply.text());
        let set = reply.headers.get("set-cookie").map_or("", String::as_str);
        assert!(!set.contains("nsk_passport"), "{path}: {set}");
    }
    // Signing out by a link or a form of another site: the person is asked first.
    for ask in [get("/oauth/logout", &[("cookie", COOKIE)]), post("/oauth/logout", "")] {
        let reply = http.must(ask).await;
        assert_eq!((reply.status, reply.headers["location"].as_str()), (303, "/passport"));
        assert!(!reply.headers.contains_key("set-cookie"), "nobody is signed out");
    }
    let reply = http.must(get("/passport", &[("cookie", COOKIE)])).await;
    assert_eq!(reply.status, 200, "Anna is still signed in");
    // No answer may be read by scripts of other sites, but the public documents.
    for (path, open) in [
        ("/oauth/jwks", true),
        ("/.well-known/openid-configuration", true),
        ("/oauth/userinfo", false),
        ("/passport", false),
        ("/v1/me/roles", false),
        ("/api/nsk/v1/session", false),
    ] {
        let reply =
            http.must(get(path, &[("origin", "https://evil.example"), ("cookie", COOKIE)])).await;
        let allowed = reply.headers.contains_key("access-control-allow-origin");
        assert_eq!(allowed, open, "{path}");
        assert!(!reply.headers.contains_key("access-control-allow-credentials"), "{path}");
        assert_eq!(reply.headers["x-frame-options"], "DENY", "{path}");
        assert!(reply.headers["content-security-policy"].contains("frame-ancestors 'none'"));
    }
    // The cookie of the passport opens no API, and the API's no passport.
    for path in ["/api/nsk/v1/session", "/oauth/userinfo", "/v1/me/roles"] {
        assert_eq!(http.must(get(path, &[("cookie", COOKIE)])).await.status, 401, "{path}");
    }
    // Secrets come in the body or the header, never in an address.
    let pairs: Pairs<'_> = vec![
        ("grant_type", "client_credentials"),
        ("client_id", "portal"),
        ("client_secret", SECRET),
    ];
    let path = format!("/oauth/token?{}", query(&pairs));
    assert_eq!(http.must(Ask::form(&path, "")).await.json_of(400)["error"], "invalid_request");
    assert_eq!(http.get(&path).await.status, 405);
    let token = idp.tokens("web").await["access_token"].as_str().expect("a token").to_owned();
    let reply = http.get(&format!("/oauth/userinfo?access_token={token}")).await;
    assert_eq!(reply.status, 401);
    let reply = http.post("/oauth/introspect", &json!({"token": token})).await;
    assert_eq!(reply.json_of(400)["error"], "invalid_request");
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}
