//! Tokens as time passes, and when the store takes nothing more.

use super::kit::{asked, idp, idp_with, location, query};
use engine::Span;
use entities::sabotage;
use serde_json::{Value, json};
use std::sync::Arc;
use tests::clock::MovedClock;
use tests::http::{Ask, Http};
use tests::stack::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_in_its_window_and_its_owner_is_told_how_to_sign_in_after() {
    let clock = Arc::new(MovedClock::default());
    let idp = idp_with(Setup { clock: clock.clone(), ..Setup::new() }).await;
    let given = idp.tokens("web").await;
    let access = given["access_token"].as_str().expect("a token").to_owned();
    let renew = |token: String| {
        let addr = idp.stack.addr;
        async move { Http::bearer(addr, &token).must(Ask::form("/oauth/renew", "")).await }
    };
    assert_eq!(renew(access.clone()).await.json_of(400)["error"], "invalid_grant", "too early");
    clock.pass(Span::secs(6 * 3_600 + 60));
    let renewed = renew(access.clone()).await.json_of(200);
    let expires_in = renewed["expires_in"].as_i64().expect("seconds");
    assert!((28_700..=28_800).contains(&expires_in), "{expires_in}");
    clock.pass(Span::secs(2 * 3_600));
    let mut http = Http::bearer(idp.stack.addr, &access);
    let reply = http.get("/oauth/userinfo").await;
    let challenge = "Bearer error=\"invalid_token\", error_description=\"expired\"";
    assert_eq!(reply.headers["www-authenticate"], challenge);
    let told = reply.json_of(401);
    assert_eq!(told["error"], "invalid_token");
    let place = told["reauth"]["authorize"].as_str().expect("a place");
    assert!(place.starts_with(&format!("{}/oauth/authorize?", idp.issuer())), "{place}");
    let handle = told["reauth"]["handle"].as_str().expect("a handle").to_owned();
    let mut pairs = asked("web");
    pairs.retain(|(name, _)| {
        ["client_id", "state", "code_challenge", "code_challenge_method"].contains(name)
    });
    pairs.push(("request_uri", &handle));
    let sent = location(&idp.http().get(&format!("/oauth/authorize?{}", query(&pairs))).await);
    assert_eq!(sent[""], "/passport/login");
    assert_eq!(renew(access.clone()).await.status, 401, "an expired token is never renewed");
    let forged = format!("{}AAAA", &access[..access.len() - 4]);
    let reply = Http::bearer(idp.stack.addr, &forged).get("/oauth/userinfo").await;
    assert_eq!(reply.headers["www-authenticate"], "Bearer");
    assert_eq!(reply.json_of(401)["reauth"], Value::Null, "a forged one is told nothing");
    let still = renewed["access_token"].as_str().expect("a token");
    let mut http = Http::bearer(idp.stack.addr, still);
    assert_eq!(http.get("/oauth/userinfo").await.status, 200);
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_or_revoked_by_a_store_that_cannot_write() {
    let mut idp = idp().await;
    let access = idp.tokens("web").await["access_token"].as_str().expect("a token").to_owned();
    let code = idp.code("web", &vec![]).await;
    sabotage::make_read_only(&idp.stack.app.store).await.expect("read-only");
    for reply in [
        idp.redeem("web", &code).await,
        idp.authorize(&asked("web")).await,
        idp.post("/oauth/revoke", "web", &vec![("token", access.as_str())]).await,
    ] {
        assert_eq!(reply.json_of(503)["error"], "temporarily_unavailable");
        assert_eq!(reply.headers["retry-after"], "2");
    }
    let document = idp.http().get("/.well-known/openid-configuration").await;
    assert_eq!(document.json_of(200)["issuer"], json!(idp.issuer()));
    idp.stack.end().await;
}
