//! The passport's pages at their doors: forms of others, guessing, codes, languages, addresses.

mod qr;

use actors::clock::SystemIds;
use actors::ports::IdSource;
use engine::exam::Role;
use engine::{Moment, PersonId, Span};
use entities::{Assignment, User};
use gateway::auth::signin::Known;
use gateway::auth::{password, permissions};
use std::sync::Arc;
use tests::browser::{Browser, between};
use tests::clock::MovedClock;
use tests::http::{Http, Reply};
use tests::stack::{Setup, Stack};
use totp_rs::{Builder, Secret};
use uuid::Uuid;

const UPN: &str = "sidorov.ss@nark.example";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A person of the passport.
pub(crate) async fn user(stack: &Stack, uid: u128, upn: &str) -> User {
    let salt = SystemIds.salt();
    let hashed = tokio::task::spawn_blocking(move || password::hash(PASSWORD, salt)).await;
    let Ok(Ok(hash)) = hashed else { panic!("no hash") };
    let user = User {
        uid: Uuid::from_u128(uid),
        person: None,
        upn: upn.to_owned(),
        skeleton: upn.to_owned(),
        name: "Иванов <Иван>".to_owned(),
        password_hash: Some(hash),
        active: true,
        delegable: true,
        made_at: stack.app.clock.now(),
    };
    stack.app.store.put_user(&user).await.expect("a user");
    user
}

pub(crate) async fn role(stack: &Stack, uid: Uuid, role: Role) -> Uuid {
    let now = stack.app.clock.now();
    let assignment = Assignment {
        id: Uuid::from_bytes(SystemIds.salt()),
        uid,
        role: permissions::word(role).to_owned(),
        oid: None,
        from: Moment(now.0 - 1_000),
        until: None,
        granted_by: "test".to_owned(),
        granted_at: now,
        withdrawn_at: None,
    };
    stack.app.store.put_assignment(&assignment).await.expect("an assignment");
    assignment.id
}

pub(crate) fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.headers.get("location").map_or("", String::as_str)
}

pub(crate) async fn sign_in(browser: &mut Browser, upn: &str) -> Reply {
    browser.open("/passport/login").await;
    browser.submit("/passport/login", &[("login", upn), ("password", PASSWORD)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_counts_from_its_own_browser_and_site_only() {
    let stack = Stack::start().await;
    user(&stack, 1, UPN).await;
    let right = [("login", UPN), ("password", PASSWORD)];
    let (mut other, mut browser) = (Browser::new(stack.addr), Browser::new(stack.addr));
    other.open("/passport/login").await;
    browser.open("/passport/login").await;
    let own = browser.form.clone();
    for (form, origin) in [
        (String::new(), Some(format!("http://{}", stack.addr))),
        (other.form.clone(), Some(format!("http://{}", stack.addr))),
        (own.clone(), Some("https://evil.example".to_owned())),
        (own.clone(), Some("null".to_owned())),
        (own.clone(), None),
    ] {
        (browser.form, browser.origin) = (form, origin);
        let reply = browser.submit("/passport/login", &right).await;
        assert_eq!(reply.status, 403, "{:?}", browser.origin);
        assert!(browser.cookie("nsk_passport").is_none());
    }
    (browser.form, browser.origin) = (own, Some(format!("http://{}", stack.addr)));
    assert_eq!(location(&browser.submit("/passport/login", &right).await), "/passport");
    let home = browser.open("/passport").await;
    assert_eq!(home.status, 200);
    assert!(home.text().contains("Иванов &lt;Иван&gt;"), "names are escaped");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_exists_is_not_told() {
    let stack = Stack::start().await;
    let gone = user(&stack, 2, "gone@nark.example").await;
    stack.app.store.put_user(&User { active: false, ..gone }).await.expect("a user");
    user(&stack, 1, UPN).await;
    let mut bodies = Vec::new();
    for (login, password) in
        [(UPN, "wrong"), ("nobody@nark.example", "wrong"), ("gone@nark.example", PASSWORD)]
    {
        let mut browser = Browser::new(stack.addr);
        browser.open("/passport/login").await;
        let reply =
            browser.submit("/passport/login", &[("login", login), ("password", password)]).await;
        assert_eq!(reply.status, 422);
        assert!(browser.cookie("nsk_passport").is_none());
        let same = reply.text().replace(login, "LOGIN").replace(&browser.form, "FORM");
        assert!(!same.contains(password) || password == "wrong", "a password is not sent back");
        bodies.push(same);
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], bodies[2]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_ends_in_a_page_that_says_when() {
    let setup = Setup::new().with(|c| c.auth.limits.attempts_per_login_per_minute = 3);
    let stack = setup.start().await;
    user(&stack, 1, UPN).await;
    let mut browser = Browser::new(stack.addr);
    browser.open("/passport/login").await;
    let wrong = [("login", UPN), ("password", "wrong")];
    for _ in 0..3 {
        assert_eq!(browser.submit("/passport/login", &wrong).await.status, 422);
    }
    let reply = browser.submit("/passport/login", &[("login", UPN), ("password", PASSWORD)]).await;
    assert_eq!(reply.status, 429);
    assert!(reply.headers.contains_key("retry-after") && reply.text().contains("попыток"));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_ids_are_followed() {
    let stack = Stack::start().await;
    user(&stack, 1, UPN).await;
    for (go_on, leads) in [
        ("Abc-9_x", "/oauth/authorize?continue=Abc-9_x"),
        ("https://evil.example/", "/passport"),
        ("//evil.example", "/passport"),
        ("/\\evil.example", "/passport"),
        ("a\r\nset-cookie: x=y", "/passport"),
        ("", "/passport"),
    ] {
        let mut browser = Browser::new(stack.addr);
        browser.open("/passport/login").await;
        let fields = [("login", UPN), ("password", PASSWORD), ("continue", go_on)];
        assert_eq!(location(&browser.submit("/passport/login", &fields).await), leads, "{go_on}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_speak_the_language_that_was_asked_for() {
    let stack = Stack::start().await;
    let mut browser = Browser::new(stack.addr);
    let text = browser.open("/passport/login?continue=abc").await.text();
    assert!(text.contains("<html lang=\"ru\">") && text.contains("Пароль"));
    let other = between(&text, "<p class=\"language\"><a href=\"", "\"").expect("a switch");
    assert_eq!(other, "/passport/login?continue=abc&amp;lang=en");
    let text = browser.open(&other.replace("&amp;", "&")).await.text();
    assert!(text.contains("<html lang=\"en\">") && text.contains("Password"));
    let text = browser.open("/passport/login").await.text();
    assert!(text.contains("<html lang=\"en\">"), "the choice is kept");
    let mut english = Browser::new(stack.addr);
    english.language = "de, en;q=0.5";
    assert!(english.open("/passport/login").await.text().contains("<html lang=\"en\">"));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_once_and_a_recovery_code_once() {
    let clock = Arc::new(MovedClock::default());
    let stack = Setup { clock: clock.clone(), ..Setup::new() }.start().await;
    user(&stack, 1, UPN).await;
    let mut browser = Browser::new(stack.addr);
    sign_in(&mut browser, UPN).await;
    let page = browser.open("/passport/codes").await.text();
    assert!(page.contains("<svg"), "the picture is part of the page");
    let secret = between(&page, "class=\"secret\">", "<").expect("a secret").replace(' ', "");
    let secret = Secret::try_from_base32(secret).expect("base32");
    let app = Builder::new().with_secret(secret).with_account_name("a").build().expect("an app");
    let code = || app.generate(stack.app.clock.now().0.unsigned_abs() / 1_000).to_string();
    let first = code();
    assert_eq!(browser.submit("/passport/codes", &[("code", "000000x")]).await.status, 422);
    let given = browser.submit("/passport/codes", &[("code", &first)]).await;
    assert_eq!(given.status, 200, "{}", given.text());
    let recovery = between(&given.text(), "<ol class=\"codes\"><li>", "<").expect("codes");

    let mut again = Browser::new(stack.addr);
    let wrong = "/passport/login/code";
    assert_eq!(location(&sign_in(&mut again, UPN).await), wrong);
    assert!(again.cookie("nsk_passport").is_none(), "one factor opens nothing");
    assert_eq!(location(&again.open("/passport").await), "/passport/login");
    again.open(wrong).await;
    assert_eq!(again.submit(wrong, &[("code", &first)]).await.status, 422, "used to set up");
    clock.pass(Span::minutes(6));
    sign_in(&mut again, UPN).await;
    let second = code();
    assert_eq!(location(&again.submit(wrong, &[("code", &second)]).await), "/passport");

    let mut thief = Browser::new(stack.addr);
    sign_in(&mut thief, UPN).await;
    assert_eq!(thief.submit(wrong, &[("code", &second)]).await.status, 422, "a replay");
    let step = thief.cookie("nsk_step").expect("a step").to_owned();
    thief.set_cookie("nsk_step", &step.replace(&step[..4], "AAAA"));
    assert_eq!(location(&thief.submit(wrong, &[("code", &second)]).await), "/passport/login");

    sign_in(&mut thief, UPN).await;
    assert_eq!(location(&thief.submit(wrong, &[("code", &recovery)]).await), "/passport");
    sign_in(&mut thief, UPN).await;
    assert_eq!(thief.submit(wrong, &[("code", &recovery)]).await.status, 422, "used up");
    let mut last = 0;
    for _ in 0..6 {
        last = thief.submit(wrong, &[("code", "123456")]).await.status;
    }
    assert_eq!(last, 429, "codes are not guessed for long");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_ended_is_over_everywhere() {
    let stack = Stack::start().await;
    let own = user(&stack, 1, UPN).await;
    user(&stack, 2, "petrov@nark.example").await;
    let (mut here, mut there) = (Browser::new(stack.addr), Browser::new(stack.addr));
    let mut foreign = Browser::new(stack.addr);
    sign_in(&mut here, UPN).await;
    sign_in(&mut there, UPN).await;
    sign_in(&mut foreign, "petrov@nark.example").await;
    let page = here.open("/passport").await.text();
    let sid = between(&page, "name=\"sid\" value=\"", "\"").expect("the other sign-in");
    foreign.open("/passport").await;
    let reply = foreign.submit("/passport/sessions/end", &[("sid", &sid)]).await;
    assert_eq!(reply.status, 404, "of another person");
    assert_eq!(there.open("/passport").await.status, 200);
    let known = Known {
        person: PersonId(7),
        name: "Ivanov".to_owned(),
        roles: [].into(),
        uid: None,
        until: None,
    };
    let token = stack.app.auth.issue(&known, sid.clone()).expect("a token").token;
    assert_eq!(Http::bearer(stack.addr, &token).get("/api/nsk/v1/session").await.status, 200);
    here.open("/passport").await;
    location(&here.submit("/passport/sessions/end", &[("sid", &sid)]).await);
    assert_eq!(location(&there.open("/passport").await), "/passport/login");
    assert_eq!(Http::bearer(stack.addr, &token).get("/api/nsk/v1/session").await.status, 401);

    sign_in(&mut there, UPN).await;
    there.open("/passport/password").await;
    let fields = [("current", PASSWORD), ("fresh", "short"), ("again", "other")];
    let faulty = there.submit("/passport/password", &fields).await;
    assert_eq!(faulty.status, 422);
    for part in
        ["href=\"#fresh\"", "href=\"#again\"", "aria-describedby=\"fresh-hint fresh-fault\""]
    {
        assert!(faulty.text().contains(part), "{part}");
    }
    let fresh = "a wholly new phrase";
    let fields = [("current", PASSWORD), ("fresh", fresh), ("again", fresh)];
    assert_eq!(there.submit("/passport/password", &fields).await.status, 200);
    assert_eq!(location(&here.open("/passport").await), "/passport/login");
    assert_eq!(there.open("/passport").await.status, 200);

    let assignment = role(&stack, own.uid, Role::Expert).await;
    there.open("/passport").await;
    let fields = [("assignment", assignment.to_string())];
    let fields = fields.each_ref().map(|(n, v)| (*n, v.as_str()));
    assert_eq!(location(&there.submit("/passport/role", &fields).await), "/passport");
    let withdrawn = stack.app.store.withdraw_assignment(assignment, stack.app.clock.now()).await;
    assert_eq!(withdrawn, Ok(true));
    let reply = there.submit("/passport/role", &fields).await;
    assert_eq!(reply.status, 403, "it was taken back: {:?}", reply.headers);
    location(&there.submit("/passport/logout", &[]).await);
    assert_eq!(location(&there.open("/passport").await), "/passport/login");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_opens_nothing() {
    let setup = Setup::new().with(|c| c.passport.issuer = "http://localhost:8080".to_owned());
    let stack = setup.start().await;
    user(&stack, 1, UPN).await;
    let mut browser = Browser::new(stack.addr);
    let page = browser.open("/passport/login").await.text();
    let state = between(&page, "name=\"state\" value=\"", "\"").expect("a note");
    let door = "/passport/login/passkey";
    let (step, form) = ("eyJ1aWQiOiJ4In0.AAAA", browser.form.clone());
    for (state, credential) in [
        (state.as_str(), "{}"),
        (state.as_str(), "{\"id\": 1}"),
        (step, "{}"),
        (form.as_str(), ""),
        ("", ""),
    ] {
        let reply = browser.submit(door, &[("state", state), ("credential", credential)]).await;
        assert_eq!(reply.status, 422, "{state} {credential}");
        assert!(browser.cookie("nsk_passport").is_none());
    }
    sign_in(&mut browser, UPN).await;
    let page = browser.open("/passport/passkeys").await.text();
    assert!(
        page.contains("data-passkey-create=") && page.contains("data-needs-passkeys=\"\" hidden")
    );
    let state = between(&page, "name=\"state\" value=\"", "\"").expect("a note");
    let fields = [("state", state.as_str()), ("credential", "{}"), ("name", "x")];
    assert_eq!(browser.submit("/passport/passkeys", &fields).await.status, 422);
    let foreign = [("id", "AAAA")];
    assert_eq!(browser.submit("/passport/passkeys/remove", &foreign).await.status, 404);
    stack.stop().await;
    // Where the issuer is an address of numbers there is nothing to offer.
    let stack = Stack::start().await;
    let mut browser = Browser::new(stack.addr);
    assert!(!browser.open("/passport/login").await.text().contains("data-passkey-get"));
    assert_eq!(browser.submit(door, &[("state", "x")]).await.status, 404);
    stack.stop().await;
}
