//! What somebody might try. Each answer is exact, and none of them is a fault of the server.

use super::kit::{CALLBACK, SECRET, VERIFIER, asked, changed, idp, location, query, redeeming};
use futures_util::future::join_all;
use serde_json::json;
use tests::http::Ask;

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_bring_a_code_one_gets_tokens_and_they_do_not_last() {
    let idp = idp().await;
    let code = idp.code("web", &vec![]).await;
    let replies = join_all((0..50).map(|_| idp.redeem("web", &code))).await;
    let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert!(won.len() <= 1, "{} winners", won.len());
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(reply.json_of(400)["error"], "invalid_grant");
    }
    if let Some(given) = won.first().map(|reply| reply.json()) {
        for name in ["access_token", "refresh_token"] {
            assert!(!idp.is_active("web", given[name].as_str().expect("a token")).await, "{name}");
        }
    }
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_bring_a_refresh_token_one_gets_another() {
    let idp = idp().await;
    let first = idp.tokens("web").await["refresh_token"].as_str().expect("one").to_owned();
    let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    let replies = join_all((0..50).map(|_| idp.post("/oauth/token", "web", &pairs))).await;
    let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(won.len(), 1);
    let next = won[0].json()["refresh_token"].as_str().expect("another").to_owned();
    assert!(!idp.is_active("web", &next).await, "the family has ended");
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_and_the_address_must_be_those_of_the_request() {
    let idp = idp().await;
    for (name, value, error) in [
        ("code_verifier", "", "invalid_request"),
        ("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "invalid_grant"),
        ("code_verifier", "short", "invalid_grant"),
        ("redirect_uri", "http://127.0.0.1/cb", "invalid_grant"),
        ("redirect_uri", "", "invalid_request"),
        ("code", "nonsense", "invalid_grant"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "implicit", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
    ] {
        let code = idp.code("web", &vec![]).await;
        let pairs = changed(&redeeming(&code), name, value);
        let reply = idp.post("/oauth/token", "web", &pairs).await;
        assert_eq!(reply.json_of(400)["error"], error, "{name}={value}");
    }
    let code = idp.code("web", &vec![]).await;
    assert_eq!(idp.redeem("app", &code).await.json_of(400)["error"], "invalid_grant");
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_sent_nowhere_that_was_not_registered() {
    let idp = idp().await;
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example@evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example/cb/../x",
        "http://app.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "javascript:alert(1)",
        "//evil.example/cb",
        "",
    ] {
        let reply = idp.authorize(&changed(&asked("web"), "redirect_uri", uri)).await;
        assert_eq!(reply.json_of(400)["error"], "invalid_request", "{uri}");
        assert!(!reply.headers.contains_key("location"), "{uri}");
    }
    let reply = idp.authorize(&changed(&asked("web"), "client_id", "nobody")).await;
    assert_eq!(reply.status, 400);
    let loopback = "http://127.0.0.1:49152/cb";
    let sent = location(&idp.authorize(&changed(&asked("web"), "redirect_uri", loopback)).await);
    assert_eq!((sent[""].as_str(), sent.contains_key("code")), (loopback, true));
    for (name, value, error) in [
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("scope", "openid admin", "invalid_scope"),
        ("request", "eyJ", "request_not_supported"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("lifetime", "2592000", "invalid_request"),
    ] {
        let sent = location(&idp.authorize(&changed(&asked("web"), name, value)).await);
        assert_eq!(
            (sent[""].as_str(), sent["error"].as_str()),
            (CALLBACK, error),
            "{name}={value}"
        );
        assert_eq!((&sent["state"], &sent["iss"]), (&"st/ate".to_owned(), &idp.issuer()));
        assert!(!sent.contains_key("code"));
    }
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_proves_itself_in_one_way_and_rightly() {
    let idp = idp().await;
    let basic = |text: &str| {
        let told = format!("python3 {text}");
        drop(told);
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
    };
    let good = format!("web:{SECRET}");
    let wrong = format!("web:{SECRET}x");
    let public = format!("app:{SECRET}");
    let secret = format!("&client_id=web&client_secret={SECRET}");
    for (header, more, status, error) in [
        (Some(wrong.as_str()), "", 401, "invalid_client"),
        (Some("nobody:x"), "", 401, "invalid_client"),
        (Some("web"), "", 401, "invalid_client"),
        (Some("web:"), "", 401, "invalid_client"),
        (Some(public.as_str()), "", 401, "invalid_client"),
        (Some(good.as_str()), "&client_id=app", 401, "invalid_client"),
        (Some(good.as_str()), secret.as_str(), 400, "invalid_request"),
        (None, "&client_id=web", 401, "invalid_client"),
        (None, "", 401, "invalid_client"),
        (Some(good.as_str()), "", 400, "invalid_grant"),
    ] {
        let body = format!("grant_type=refresh_token&refresh_token=x{more}");
        let mut ask = Ask::form("/oauth/token", &body);
        if let Some(header) = header {
            ask = ask.with("authorization", format!("Basic {}", basic(header)));
        }
        let reply = idp.http().must(ask).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (status, &json!(error)),
            "{header:?} {more}"
        );
        assert_eq!(reply.headers.contains_key("www-authenticate"), status == 401);
    }
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_request_is_refused_as_that() {
    let idp = idp().await;
    let long = format!("grant_type=refresh_token&refresh_token={}", "x".repeat(70_000));
    let bodies = [
        ("grant_type=refresh_token&grant_type=refresh_token", "twice"),
        ("grant_type=refresh_token&refresh_token=a&refresh_token=b", "twice"),
        ("grant_type=refresh_token&x=%0d%0aSet-Cookie:a", "a header"),
        ("grant_type=refresh_token&x=%ff", "no text"),
        (long.as_str(), "too long"),
        ("", "empty"),
    ];
    for path in ["/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke"] {
        for (body, what) in bodies {
            let basic = base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                format!("web:{SECRET}"),
            );
            let ask = Ask::form(path, body).with("authorization", format!("Basic {basic}"));
            let reply = idp.http().must(ask).await;
            assert_eq!(reply.json_of(400)["error"], "invalid_request", "{path} {what}");
        }
        let reply = idp.http().post(path, &json!({"grant_type": "refresh_token"})).await;
        assert_eq!(reply.json_of(400)["error"], "invalid_request", "{path} as JSON");
    }
    let twice = format!("/oauth/authorize?{}&state=2", query(&asked("web")));
    assert_eq!(idp.http().get(&twice).await.json_of(400)["error"], "invalid_request");
    let split = format!("/oauth/authorize?{}%0d%0aX-Evil:1", query(&asked("web")));
    let reply = idp.http().get(&split).await;
    assert_eq!(reply.json_of(400)["error"], "invalid_request");
    assert!(!reply.headers.contains_key("x-evil"));
    let code = VERIFIER;
    assert_eq!(idp.redeem("web", code).await.json_of(400)["error"], "invalid_grant");
    idp.stack.stop().await;
}
