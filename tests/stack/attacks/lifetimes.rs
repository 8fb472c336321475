//! The last instant of everything that ends: good a millisecond before its end, and not at it.

use super::{no_faults, shown};
use crate::oauth::kit::{Idp, Key, asked, changed, idp_with, location, query, redeeming};
use engine::Span;
use entities::{ClientKind, ClientTerms};
use serde_json::json;
use std::sync::Arc;
use tests::clock::StillClock;
use tests::http::Ask;
use tests::stack::Setup;

/// A station whose clock stands still but for what a test adds.
async fn still() -> (Idp, Arc<StillClock>) {
    let clock = Arc::new(StillClock::default());
    let idp = idp_with(Setup { clock: clock.clone(), ..Setup::new() }).await;
    (idp, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_ends_at_its_exp() {
    for (after_ms, good) in [(-1_000, true), (-1, true), (0, false), (1, false), (1_000, false)] {
        let (idp, clock) = still().await;
        let token = idp.tokens("web").await["access_token"].as_str().expect("a token").to_owned();
        let exp = crate::oauth::kit::payload(&token)["exp"].as_i64().expect("seconds") * 1_000;
        clock.pass(Span(exp + after_ms - idp.stack.app.clock.now().0));
        let (status, text) = shown(&idp, "userinfo", &token).await;
        assert_eq!(status, if good { 200 } else { 401 }, "{after_ms} ms after exp: {text}");
        assert_eq!(text.contains("\"reauth\""), !good, "who is late is told the way: {text}");
        let introspected = shown(&idp, "introspect", &token).await;
        assert_eq!(introspected.1.contains("\"active\":true"), good, "{introspected:?}");
        let exchanged = shown(&idp, "exchange", &token).await.0;
        assert_eq!(exchanged, if good { 200 } else { 400 }, "{after_ms} ms after exp");
        no_faults_after_refusals(&idp).await;
        idp.stack.stop().await;
    }
}

async fn no_faults_after_refusals(idp: &Idp) {
    let _ = shown(idp, "userinfo", "x").await;
    no_faults(&idp.stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_once_ends_by_itself() {
    let (idp, clock) = still().await;
    // A code lives for a minute.
    for (ms, status) in [(59_999, 200), (60_000, 400), (60_001, 400)] {
        let code = idp.code("web", &vec![]).await;
        clock.pass(Span(ms));
        let reply = idp.redeem("web", &code).await;
        assert_eq!(reply.status, status, "a code after {ms} ms: {}", reply.text());
    }
    // A pushed request for ninety seconds.
    for (ms, good) in [(89_999, true), (90_000, false), (90_001, false)] {
        let pushed = changed(&asked("web"), "client_id", "");
        let pushed = idp.post("/oauth/par", "web", &pushed).await.json_of(201);
        let uri = pushed["request_uri"].as_str().expect("a handle").to_owned();
        clock.pass(Span(ms));
        let reply = idp.authorize(&vec![("client_id", "web"), ("request_uri", &uri)]).await;
        assert_eq!(reply.status, if good { 303 } else { 400 }, "pushed {ms} ms before");
    }
    // A refresh token that nobody uses for eight hours. Browsers are forgotten sooner.
    for (ms, status) in [(28_799_999, 200), (28_800_000, 400), (28_800_001, 400)] {
        let cookie = format!("browser-{ms}");
        idp.sign_in(&cookie, idp.stack.app.clock.now()).await;
        let path = format!("/oauth/authorize?{}", query(&asked("web")));
        let ask = super::get(&path, &[("cookie", &format!("nsk_passport={cookie}"))]);
        let code = location(&idp.http().must(ask).await)["code"].clone();
        let given = idp.redeem("web", &code).await.json_of(200);
        let refresh = given["refresh_token"].as_str().expect("one").to_owned();
        clock.pass(Span(ms));
        let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let reply = idp.post("/oauth/token", "web", &pairs).await;
        assert_eq!(reply.status, status, "a refresh token after {ms} ms: {}", reply.text());
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_and_assertions_end_by_themselves() {
    let (idp, clock) = still().await;
    let key = Key::new();
    let terms = ClientTerms { jwks: Some(key.set()), ..ClientTerms::default() };
    idp.client("signer", ClientKind::Service, terms).await;
    // Whole seconds, so that the edge is one.
    let odd = idp.stack.app.clock.now().0.rem_euclid(1_000);
    clock.pass(Span(1_000 - odd));
    for (n, (ms, status)) in
        [(59_999, 200), (60_000, 401), (60_001, 401), (-1, 200)].into_iter().enumerate()
    {
        let exp = idp.stack.app.clock.now().0 / 1_000 + 60;
        let claims = json!({"iss": "signer", "sub": "signer", "aud": idp.issuer(),
            "jti": format!("j{n}"), "exp": exp});
        let assertion = key.sign(&json!({"alg": "EdDSA"}), &claims);
        clock.pass(Span(ms.max(0)));
        let body = query(&vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ]);
        let reply = idp.http().must(Ask::form("/oauth/token", &body)).await;
        assert_eq!(reply.status, status, "an assertion after {ms} ms: {}", reply.text());
        let odd = idp.stack.app.clock.now().0.rem_euclid(1_000);
        clock.pass(Span(1_000 - odd));
    }
    // A proof counts for a minute, its nonce for less.
    let to = ("POST", "/oauth/token");
    let code = idp.code("app", &vec![]).await;
    for (ms, error) in [(60_001, "invalid_dpop_proof"), (60_000, "use_dpop_nonce")] {
        let nonce = idp.stack.app.passport.oauth.proofs.nonce(idp.stack.app.clock.now());
        let proof = key.proof(&idp, to, Some(&nonce), None);
        let odd = idp.stack.app.clock.now().0.rem_euclid(1_000);
        clock.pass(Span(ms - odd));
        let reply = idp.post_with(to.1, "app", &redeeming(&code), &[("DPoP", proof)]).await;
        assert_eq!(reply.json_of(400)["error"], error, "a proof of {ms} ms ago");
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}
