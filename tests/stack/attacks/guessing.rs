//! Who exists is told by no answer, and by no work: as many hashes are computed for nobody as for
//! somebody.

use super::{no_faults, patient};
use crate::oauth::kit::{SECRET, idp_with};
use actors::clock::SystemIds;
use actors::ports::IdSource;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::PersonId;
use engine::exam::Role;
use entities::User;
use gateway::auth::password;
use serde_json::json;
use std::collections::BTreeMap;
use tests::browser::Browser;
use tests::http::{Ask, Http, Reply};
use tests::stack::Stack;
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery";

async fn user(stack: &Stack, n: u128, name: &str, hashed: bool, active: bool) {
    let hash = || password::hash(PASSWORD, SystemIds.salt()).expect("a hash");
    let upn = format!("{name}@nark.example");
    let user = User {
        uid: Uuid::from_u128(n),
        person: None,
        upn: upn.clone(),
        skeleton: upn,
        name: name.to_owned(),
        password_hash: hashed.then(hash),
        active,
        delegable: true,
        made_at: stack.app.clock.now(),
    };
    stack.app.store.put_user(&user).await.expect("a user");
}

/// What a stranger sees of an answer, without what differs each time.
fn seen(reply: &Reply, hidden: &[&str]) -> (u16, BTreeMap<String, String>, String) {
    let mut headers = reply.headers.clone();
    for name in ["date", "x-request-id", "dpop-nonce", "set-cookie", "content-length"] {
        headers.remove(name);
    }
    let text = hidden.iter().fold(reply.text(), |text, word| text.replace(word, "…"));
    (reply.status, headers, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_work_are_the_same_for_somebody_and_nobody() {
    let stack = patient().start().await;
    for (n, name, hashed, active) in
        [(1, "anna", true, true), (2, "gone", true, false), (3, "keyless", false, true)]
    {
        user(&stack, n, name, hashed, active).await;
    }
    stack.enter(PersonId(31), "vera", Role::Expert).await;
    let long = "x".repeat(300);
    let logins = ["anna", "gone", "keyless", "nobody", "no body", "анна", "' OR 1=1 --", &long];
    let checks = || stack.app.auth.passwords().checks();
    let mut pages = Vec::new();
    for login in logins {
        let upn = format!("{login}@nark.example");
        let mut browser = Browser::new(stack.addr);
        browser.open("/passport/login").await;
        let before = checks();
        let fields = [("login", upn.as_str()), ("password", "wrong")];
        let reply = browser.submit("/passport/login", &fields).await;
        assert_eq!(checks() - before, 1, "{login}: one hash");
        let escaped = upn.replace('\'', "&#39;");
        let form = browser.form.clone();
        let (status, headers, text) = seen(&reply, &[&form, &upn, &escaped]);
        assert_eq!(status, 422);
        if login == "anna" || login == "nobody" || login == "gone" || login == "keyless" {
            pages.push((headers, text));
        }
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
    let mut doors = Vec::new();
    for login in ["vera", "nobody", "anna@nark.example", "gone@nark.example"] {
        let before = checks();
        let form = format!("username={}&password=wrong", login.replace(' ', "+"));
        let token = Http::new(stack.addr).must(Ask::form("/token", &form)).await;
        let body = json!({"login": login, "password": "wrong"});
        let ask = Ask::json("POST", "/api/nsk/v1/session", &body);
        let session =
            Http::new(stack.addr).must(ask.with("origin", format!("http://{}", stack.addr))).await;
        assert_eq!(checks() - before, 2, "{login}: one hash at each door");
        assert_eq!((token.status, session.status), (401, 401), "{login}");
        assert_eq!(token.text(), r#"{"detail":"UNAUTHORIZED"}"#);
        doors.push((seen(&token, &[]), seen(&session, &[])));
    }
    assert!(doors.iter().all(|door| *door == doors[0]), "{doors:?}");
    // The negative control: a right password is another answer, for the same work.
    let before = checks();
    let mut browser = Browser::new(stack.addr);
    browser.open("/passport/login").await;
    let fields = [("login", "anna@nark.example"), ("password", PASSWORD)];
    assert_eq!(browser.submit("/passport/login", &fields).await.status, 303);
    assert_eq!(checks() - before, 1);
    no_faults(&stack).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_tokens_are_not_told_apart_either() {
    let idp = idp_with(patient()).await;
    let ask = async |path: &str, basic: &str, body: &str| {
        let basic = STANDARD.encode(basic);
        let ask = Ask::form(path, body).with("authorization", format!("Basic {basic}"));
        seen(&idp.http().must(ask).await, &[])
    };
    let wrong = format!("web:{SECRET}x");
    let body = "grant_type=client_credentials&token=x";
    for path in ["/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke"] {
        let known = ask(path, &wrong, body).await;
        assert_eq!(known.0, 401, "{path}");
        let text = r#"{"error":"invalid_client","error_description":"the client is not known"}"#;
        assert_eq!(known.2, text);
        for other in ["nobody:x", "app:x", "web:", ":", "web", "portal:wrong"] {
            assert_eq!(ask(path, other, body).await, known, "{path} {other}");
        }
    }
    // A refresh token or a code of another client is as unknown as none.
    let given = idp.tokens("web").await;
    let refresh = given["refresh_token"].as_str().expect("one");
    let code = idp.code("web", &vec![]).await;
    let own = format!("portal:{SECRET}");
    let form = |rest: &str| {
        format!(
            "redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&{rest}"
        )
    };
    for (theirs, nobodys) in [
        (
            form(&format!("grant_type=refresh_token&refresh_token={refresh}")),
            form("grant_type=refresh_token&refresh_token=nonsense"),
        ),
        (
            form(&format!("grant_type=authorization_code&code={code}")),
            form("grant_type=authorization_code&code=nonsense"),
        ),
    ] {
        let (a, b) =
            (ask("/oauth/token", &own, &theirs).await, ask("/oauth/token", &own, &nobodys).await);
        assert_eq!((a.0, &a), (400, &b));
    }
    let told = ask("/oauth/introspect", &own, &format!("token={refresh}")).await;
    assert_eq!(told, ask("/oauth/introspect", &own, "token=nonsense").await);
    let done = ask("/oauth/revoke", &own, &format!("token={refresh}")).await;
    assert_eq!(done, ask("/oauth/revoke", &own, "token=nonsense").await);
    assert!(idp.is_active("web", refresh).await, "another's revocation did nothing");
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}
