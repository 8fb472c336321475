//! The administrator's pages: who sees what, what is done on them, and that nothing is changed by
//! whoever has not proved lately that they are there.

use crate::signin::{PASSWORD, location, role, sign_in, user};
use engine::Span;
use engine::exam::Role;
use std::sync::Arc;
use tests::browser::{Browser, between};
use tests::clock::MovedClock;
use tests::http::Reply;
use tests::stack::{Setup, Stack};

const ADMIN: &str = "petrova@nark.example";
const COUNCIL: &str = "council@nark.example";
const ANNA: &str = "anna@nark.example";
const PEOPLE: &str = "/passport/admin/people";
const SECTIONS: [&str; 7] =
    ["people", "organisations", "groups", "clients", "services", "keys", "audit"];

struct Desks {
    stack: Stack,
    clock: Arc<MovedClock>,
    admin: Browser,
    council: Browser,
}

async fn desks() -> Desks {
    let clock = Arc::new(MovedClock::default());
    let stack = Setup { clock: clock.clone(), ..Setup::new() }.start().await;
    for (uid, upn, held) in
        [(1, ADMIN, Some(Role::Administrator)), (2, COUNCIL, Some(Role::Council)), (3, ANNA, None)]
    {
        let user = user(&stack, uid, upn).await;
        if let Some(held) = held {
            role(&stack, user.uid, held).await;
        }
    }
    let mut admin = Browser::new(stack.addr);
    let mut council = Browser::new(stack.addr);
    location(&sign_in(&mut admin, ADMIN).await);
    location(&sign_in(&mut council, COUNCIL).await);
    Desks { stack, clock, admin, council }
}

/// Opens a page and sends a form that stands on it.
async fn fill(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
    assert_eq!(browser.open(path).await.status, 200, "{path}");
    browser.submit(path, fields).await
}

fn assert_done(reply: &Reply) {
    assert!(location(reply).ends_with("?done=1"), "{:?}", reply.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sees_what_is_theirs_to_see_to() {
    let Desks { stack, mut admin, mut council, .. } = desks().await;
    let (mut anna, mut nobody) = (Browser::new(stack.addr), Browser::new(stack.addr));
    location(&sign_in(&mut anna, ANNA).await);
    for section in SECTIONS {
        let path = format!("/passport/admin/{section}");
        let councils = if ["people", "organisations"].contains(&section) { 200 } else { 403 };
        assert_eq!(location(&nobody.open(&path).await), "/passport/login");
        assert_eq!(anna.open(&path).await.status, 403, "{path}");
        assert_eq!(council.open(&path).await.status, councils, "{path}");
        let page = admin.open(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.text().matches("<h1>").count(), 1, "{path}");
    }
    assert!(!anna.open("/passport").await.text().contains("/passport/admin"));
    assert!(admin.open("/passport").await.text().contains("href=\"/passport/admin\""));
    for path in [PEOPLE, "/passport/admin/clients", "/passport/admin/keys"] {
        anna.open("/passport").await;
        let reply = anna.submit(path, &[("do", "announce"), ("purpose", "qr")]).await;
        assert_eq!(reply.status, 403, "{path}");
    }
    for missing in ["x", "00000000-0000-0000-0000-000000000009"] {
        assert_eq!(admin.open(&format!("{PEOPLE}/{missing}")).await.status, 404);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_new_signs_in_once_and_chooses_a_password() {
    let Desks { stack, mut admin, .. } = desks().await;
    let new = [("upn", "Novikova@nark.example"), ("name", "Новикова <Н>"), ("personnel", "")];
    let made = fill(&mut admin, PEOPLE, &new).await;
    let once = between(&made.text(), "class=\"secret\">", "<").expect("a password");
    let again = fill(&mut admin, PEOPLE, &new).await;
    assert_eq!(again.status, 422);
    assert!(again.text().contains("id=\"upn-fault\"") && again.text().contains("Новикова &lt;Н"));
    let uid = between(&made.text(), "/passport/admin/people/", "\"").expect("a uid");
    let page = format!("{PEOPLE}/{uid}");
    assert!(!admin.open(&page).await.text().contains(&once), "it is shown once");

    let mut own = Browser::new(stack.addr);
    own.open("/passport/login").await;
    let fields = [("login", "novikova@nark.example"), ("password", once.as_str())];
    let next = "/passport/login/password";
    assert_eq!(location(&own.submit("/passport/login", &fields).await), next);
    assert_eq!(location(&own.open("/passport").await), "/passport/login", "not in yet");
    let fields = [("fresh", PASSWORD), ("again", PASSWORD)];
    assert_eq!(location(&fill(&mut own, next, &fields).await), "/passport");

    let granted =
        [("do", "grant"), ("role", "expert"), ("organisation", ""), ("until", "2999-12-31")];
    assert_done(&fill(&mut admin, &page, &granted).await);
    let shown = admin.open(&page).await.text();
    assert!(shown.contains("Эксперт") && shown.contains("3000-01-01 00:00 UTC"), "{shown}");
    let id = between(&shown, "name=\"grant\" value=\"", "\"").expect("a grant");
    for (field, value, fault) in
        [("until", "2001-01-01", "until"), ("organisation", "org/none@x.example", "organisation")]
    {
        let asked = [("do", "grant"), ("role", "expert"), (field, value)];
        let reply = fill(&mut admin, &page, &asked).await;
        assert_eq!(reply.status, 422, "{field}");
        assert!(reply.text().contains(&format!("href=\"#{fault}\"")), "{}", reply.text());
    }
    assert_done(&fill(&mut admin, &page, &[("do", "withdraw"), ("grant", &id)]).await);
    assert!(admin.open(&page).await.text().contains("отозвана"));
    assert_done(&fill(&mut admin, &page, &[("do", "sessions")]).await);
    assert_eq!(location(&own.open("/passport").await), "/passport/login");
    assert_done(&fill(&mut admin, &page, &[("do", "close")]).await);
    own.open("/passport/login").await;
    let fields = [("login", "novikova@nark.example"), ("password", PASSWORD)];
    assert_eq!(own.submit("/passport/login", &fields).await.status, 422, "closed");

    for (query, found) in
        [("q=novik", true), ("q=%D0%9D%D0%BE%D0%B2%D0%B8", true), ("q=%25", false)]
    {
        let list = admin.open(&format!("{PEOPLE}?{query}")).await.text();
        assert_eq!(list.contains(&uid), found, "{query}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_council_grants_what_is_its_own() {
    let Desks { stack, mut admin, mut council, .. } = desks().await;
    let organisations = "/passport/admin/organisations";
    let new = [("do", "add"), ("opn", "org/coc-12@nark.example"), ("name", "ЦОК 12")];
    assert_eq!(fill(&mut council, organisations, &new).await.status, 403);
    assert_done(&fill(&mut admin, organisations, &new).await);
    let oid = between(&council.open(organisations).await.text(), "name=\"oid\" value=\"", "\"");
    let oid = oid.expect("an organisation");
    for what in ["close", "open"] {
        assert_done(&fill(&mut council, organisations, &[("do", what), ("oid", &oid)]).await);
    }
    let page = format!("{PEOPLE}/00000000-0000-0000-0000-000000000003");
    let of = "org/coc-12@nark.example";
    for (role, organisation, status) in [
        ("expert", "", 303),
        ("expert", of, 303),
        ("operator", of, 303),
        ("operator", "", 403),
        ("council", of, 403),
        ("administrator", "", 403),
    ] {
        let asked = [("do", "grant"), ("role", role), ("organisation", organisation)];
        let reply = fill(&mut council, &page, &asked).await;
        assert_eq!(reply.status, status, "{role} {organisation}");
    }
    for what in ["close", "password", "sessions"] {
        assert_eq!(fill(&mut council, &page, &[("do", what)]).await.status, 403, "{what}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_services_and_keys_are_kept_on_pages() {
    let Desks { stack, mut admin, .. } = desks().await;
    let clients = "/passport/admin/clients";
    let new = [
        ("id", "portal"),
        ("name", "Портал"),
        ("kind", "confidential"),
        ("redirects", "https://portal.example/back\r\n\r\nhttps://portal.example/2"),
        ("scopes", "openid"),
        ("audiences", "mak/MAK-07"),
        ("dpop_required", "yes"),
    ];
    let mut bad = new;
    bad[3].1 = "http://portal.example/back";
    let refused = fill(&mut admin, clients, &bad).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("href=\"#redirects\""), "{}", refused.text());
    let made = fill(&mut admin, clients, &new).await;
    let secret = between(&made.text(), "class=\"secret\">", "<").expect("a secret");
    let client = stack.app.store.client("portal").await.expect("a read").expect("the client");
    assert_eq!(client.terms.redirect_uris.len(), 2);
    assert!(client.terms.flags.dpop_required && client.terms.audiences.contains("mak/mak-07"));
    let page = format!("{clients}/portal");
    assert!(!admin.open(&page).await.text().contains(&secret));
    let fresh = fill(&mut admin, &page, &[("do", "secret")]).await;
    assert_ne!(between(&fresh.text(), "class=\"secret\">", "<").expect("a secret"), secret);
    let terms = [("do", "terms"), ("redirects", "https://portal.example/3")];
    assert_done(&fill(&mut admin, &page, &terms).await);
    let client = stack.app.store.client("portal").await.expect("a read").expect("the client");
    assert_eq!(client.terms.redirect_uris, ["https://portal.example/3"]);
    assert!(!client.terms.flags.dpop_required && client.terms.audiences.is_empty());

    let services = "/passport/admin/services";
    for (requires, status) in [("{", 422), ("{\"kings\": []}", 422), ("{\"roles\": []}", 303)] {
        let put = [("do", "put"), ("spn", "mak/mak-07"), ("name", "МАК 7"), ("requires", requires)];
        assert_eq!(fill(&mut admin, services, &put).await.status, status, "{requires}");
    }
    let pair = |what| [("do", what), ("front", "coc/portal"), ("back", "mak/mak-07")];
    for (what, there) in [("allow", true), ("forbid", false)] {
        assert_done(&fill(&mut admin, services, &pair(what)).await);
        let listed = stack.app.store.delegations().await.expect("a read");
        assert_eq!(!listed.is_empty(), there, "{what}");
    }

    let keys = "/passport/admin/keys";
    let announce = [("do", "announce"), ("purpose", "qr")];
    assert_done(&fill(&mut admin, keys, &announce).await);
    assert_eq!(fill(&mut admin, keys, &announce).await.status, 422, "one is announced");
    let activate = [("do", "activate"), ("purpose", "qr")];
    assert_eq!(fill(&mut admin, keys, &activate).await.status, 422, "too early");
    let audit = admin.open("/passport/admin/audit?kind=key.*&since=2020-01-01").await.text();
    assert!(audit.contains("key.announce") && !audit.contains("admin.client.add"));
    let none = admin.open("/passport/admin/audit?until=2020-01-01").await.text();
    assert!(!none.contains("key.announce"));
    assert_eq!(admin.open("/passport/admin/audit?since=soon").await.status, 422);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_long_ago_looks_and_changes_nothing() {
    let Desks { stack, clock, mut admin, .. } = desks().await;
    let groups = "/passport/admin/groups";
    let new = [("do", "add"), ("name", "coc-12/expert"), ("title", "Эксперты")];
    clock.pass(Span::minutes(16));
    let page = admin.open(groups).await.text();
    let again = between(&page, "<a class=\"button\" href=\"", "\"").expect("a way to prove it");
    assert_eq!(again, "/passport/again?back=admin%2Fgroups");
    assert_eq!(location(&admin.submit(groups, &new).await), again);
    assert_eq!(stack.app.store.groups().await.map(|all| all.len()), Ok(0));
    admin.open(&again).await;
    for (back, leads) in [
        ("admin/groups", groups),
        ("admin/../logout", "/passport"),
        ("admin//evil.example", "/passport"),
        ("//evil.example", "/passport"),
    ] {
        let proof = [("password", PASSWORD), ("back", back)];
        assert_eq!(location(&admin.submit("/passport/again", &proof).await), leads, "{back}");
    }
    assert_done(&fill(&mut admin, groups, &new).await);
    let join = [("do", "join"), ("group", "coc-12/expert"), ("upn", ANNA)];
    assert_done(&fill(&mut admin, groups, &join).await);
    assert_eq!(fill(&mut admin, groups, &join).await.status, 422, "they are in it");
    stack.stop().await;
}
