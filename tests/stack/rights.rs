//! Every route of the program is refused to whoever has no right to it, by the table that `nsk
//! routes` prints; a sitting ends where its person begins another.

use engine::PersonId;
use engine::exam::Role;
use gateway::auth::Who;
use gateway::http::{ROUTES, Service};
use serde_json::json;
use tests::client::Client;
use tests::http::{Ask, Http};
use tests::stack::{Setup, Stack};
use tests::{an_exam, wait_until};

const ROLES: [Role; 7] = [
    Role::Candidate,
    Role::Expert,
    Role::Operator,
    Role::Observer,
    Role::Council,
    Role::Administrator,
    Role::Service,
];

/// A path of the route with numbers that no exam has.
fn path(pattern: &str) -> String {
    pattern
        .replace("{exam_id}", "4242")
        .replace("{skill_id}", "70")
        .replace("{file:.*}", "index.html")
}

async fn status(http: &mut Http, method: &str, path: &str) -> u16 {
    let ask = Ask { method, path, ..Ask::json(method, path, &json!({})) };
    http.must(ask).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_looks_at_who_asks() {
    let stack = Stack::start().await;
    let mut checked = 0;
    for route in ROUTES.iter().filter(|route| route.service != Service::Live) {
        let who = route.who().expect("a line in the table");
        let (method, path) = (route.method, path(route.path));
        let named = format!("{method} {path}");
        let nobody = status(&mut Http::new(stack.addr), method, &path).await;
        let forged = status(&mut Http::bearer(stack.addr, "v4.public.AAAA"), method, &path).await;
        match who {
            // The door itself refuses an empty key.
            Who::Anyone if matches!(route.path, "/token" | "/api/nsk/v1/session") => {}
            // Forms of the passport's pages come with a token of their own.
            Who::Anyone if method == "POST" && route.path.starts_with("/passport") => {
                assert_eq!(nobody, 403, "{named}");
            }
            // Its doors ask for a client, a token or a session of their own, in OAuth's words.
            Who::Anyone if route.service == Service::Passport => {
                assert!(nobody < 500, "{named}: {nobody}");
            }
            Who::Anyone => assert!(![401, 403].contains(&nobody), "{named}: {nobody}"),
            Who::SignedIn | Who::Roles(_) => assert_eq!((nobody, forged), (401, 401), "{named}"),
        }
        let Who::Roles(allowed) = who else { continue };
        for role in ROLES {
            let found = status(&mut stack.http(PersonId(600), role), method, &path).await;
            assert_eq!(found == 403, !allowed.contains(&role), "{named} as {role:?}: {found}");
            checked += 1;
        }
    }
    assert!(checked >= 7 * 8, "only {checked} pairs of route and role");
    let mut other = Http::new(stack.addr);
    assert_eq!(status(&mut other, "GET", "/api/nsk/v1/nowhere").await, 404);
    assert_eq!(status(&mut other, "DELETE", "/token").await, 405);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_writes_for_pages_of_this_site_only() {
    let stack = Stack::start().await;
    let mut operator = Http::new(stack.addr);
    stack.enter(PersonId(1), "operator", Role::Operator).await;
    let (path, own) = ("/api/nsk/v1/session", format!("http://{}", stack.addr));
    let body = json!({"login": "operator", "password": "operator"});
    let from_elsewhere = Ask::json("POST", path, &body).with("origin", "https://evil.example");
    assert_eq!(operator.must(from_elsewhere).await.status, 403);
    let reply = operator.must(Ask::json("POST", path, &body).with("origin", own.clone())).await;
    let set = reply.headers.get("set-cookie").cloned().expect("a cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!reply.text().contains("v4.public"), "no script reads the token");
    let cookie = set.split(';').next().expect("a pair").to_owned();
    let write = |origin: Option<&str>| {
        let ask =
            Ask::json("POST", "/api/nsk/v1/tickets", &json!({})).with("cookie", cookie.clone());
        match origin {
            Some(origin) => ask.with("origin", origin),
            None => ask,
        }
    };
    assert_eq!(operator.must(write(Some(&own))).await.status, 200);
    assert_eq!(operator.must(write(Some("https://evil.example"))).await.status, 403);
    assert_eq!(operator.must(write(None)).await.status, 403);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_sits_in_one_place_and_an_expert_may_in_two() {
    let stack = Setup::new().start().await;
    stack.keep_small_tools().await;
    stack.ready(&an_exam(42)).await;
    let cast = an_exam(42).cast();
    stack.enter(cast.candidate, "candidate", Role::Candidate).await;
    stack.enter(cast.panel[0], "chair", Role::Expert).await;
    let token =
        |reply: serde_json::Value| reply["access_token"].as_str().expect("a token").to_owned();
    let door = async |login: &str| {
        let form = format!("username={login}&password={login}");
        token(Http::new(stack.addr).must(Ask::form("/token", &form)).await.json_of(200))
    };
    let (first, tablet) = (door("candidate").await, door("chair").await);
    let mut seat = Client::following(stack.addr, &first, &["exam:42"]).await;
    let mut expert = Client::following(stack.addr, &tablet, &["exam:42"]).await;
    let (second, _) = (door("candidate").await, door("chair").await);
    let gone = seat.until_gone().await;
    assert_eq!((gone.code, gone.bye.map(|bye| bye.reconnect)), (Some(4501), Some(false)));
    wait_until("the first token to be refused", || async {
        let status = Http::bearer(stack.addr, &first).get("/api/v1/person/info").await.status;
        (status == 401).then_some(())
    })
    .await;
    let mut seat = Client::following(stack.addr, &second, &["exam:42"]).await;
    seat.settle("exam:42").await;
    expert.settle("exam:42").await;
    stack.stop().await;
}
