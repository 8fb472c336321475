//! The live protocol v1, rule by rule: hello, versions, frames that are none, rights, limits,
//! heartbeat, expiry and revocation. Each breach ends with the code that was documented.

use actors::testing::plans::comment;
use engine::exam::{Command, Role};
use engine::{PersonId, Span, WireId};
use gateway::auth::SESSION_COOKIE;
use gateway::wire::server::ServerFrame;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tests::client::{Client, Gone, Standing};
use tests::clock::MovedClock;
use tests::http::Ask;
use tests::meddle::execute_beside;
use tests::stack::{OBSERVER, OPERATOR, Setup, Stack};
use tests::{an_exam, wait_until};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};

const EXAM: WireId = WireId(42);

/// A station with one exam whose room is open.
async fn one_exam() -> Stack {
    with_exam(Setup::new()).await
}

async fn with_exam(setup: Setup) -> Stack {
    let stack = setup.start().await;
    stack.keep_small_tools().await;
    stack.ready(&an_exam(EXAM.0)).await;
    stack
}

/// A connection on which nothing has been said.
async fn silent(stack: &Stack) -> Client {
    let mut client = Client::new(stack.addr, &stack.token(OBSERVER, Role::Observer));
    client.upgrade().await.expect("an upgrade");
    client
}

fn code(gone: &Gone) -> u16 {
    gone.code.unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_say_hello_is_asked_to_come_back() {
    let stack = Setup::new().with(|config| config.live.hello_ms_max = 500).start().await;
    let mut client = silent(&stack).await;
    let gone = client.until_gone().await;
    assert_eq!((code(&gone), gone.bye.expect("a bye").reconnect), (4008, true));
    stack.stop().await;
}

/// Frames of somebody who has said hello, and of somebody who has not, and how they end.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frame_of_the_protocol_ends_for_good() {
    let stack = Setup::new().with(|config| config.live.frame_bytes_max = 16 * 1024).start().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let hello = |ver: u16| json!({"t": "hello", "ver": ver, "token": token}).to_string();
    let text = |text: &str| Message::text(text.to_owned());
    let resumes: Vec<Value> =
        (0..65).map(|n| json!({"s": format!("exam:{n}"), "epoch": "e", "seq": 0})).collect();
    let early: Vec<(&str, Message, u16)> = vec![
        ("anything before hello", text(r#"{"t":"sub","s":"board"}"#), 4500),
        ("another version", text(&hello(2)), 4506),
        ("no token", text(r#"{"t":"hello","ver":1}"#), 4503),
        ("a token that is none", text(r#"{"t":"hello","ver":1,"token":"v4.public.x"}"#), 4503),
        ("hello of another shape", text(r#"{"t":"hello","ver":"one"}"#), 4500),
        (
            "too many resumes",
            text(&json!({"t": "hello", "ver": 1, "token": token, "resume": resumes}).to_string()),
            4500,
        ),
    ];
    for (what, message, expected) in early {
        let mut client = silent(&stack).await;
        client.send_message(message).await;
        assert_eq!(code(&client.until_gone().await), expected, "{what}");
        assert_eq!(client.violations(), Vec::<String>::new(), "{what}");
    }
    let late: Vec<(&str, Message, u16)> = vec![
        ("a second hello", text(&hello(1)), 4500),
        ("no JSON", text("hello?"), 4500),
        ("no object", text("[1]"), 4500),
        ("no kind", text(r#"{"s":"board"}"#), 4500),
        ("a kind of another shape", text(r#"{"t":"sub","s":7}"#), 4500),
        ("a command without an id", text(r#"{"t":"cmd","s":"exam:42","body":{}}"#), 4500),
        ("a binary frame", Message::binary(vec![1, 2, 3]), 4500),
        ("a frame beyond the limit", text(&"x".repeat(16 * 1024 + 1)), 4500),
        ("too many messages in one frame", text(&"{\"t\":\"pong\"}\n".repeat(65)), 4500),
    ];
    for (what, message, expected) in late {
        let mut client = Client::connected(stack.addr, &token).await;
        client.send_message(message).await;
        let gone = client.until_gone().await;
        assert_eq!(
            (code(&gone), gone.bye.map(|bye| bye.reconnect)),
            (expected, Some(false)),
            "{what}"
        );
        assert_eq!(client.violations(), Vec::<String>::new(), "{what}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_frame_that_is_not_known_is_ignored() {
    let stack = one_exam().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut client = Client::connected(stack.addr, &token).await;
    client.send(&json!({"t": "teleport", "to": [1, 2]})).await;
    client.send(&json!({"t": "pong", "since": "version 1.1"})).await;
    client.follow("board").await;
    assert_eq!(client.fold("board").standing, Standing::Follows);
    let welcome = client.welcome.clone().expect("a welcome");
    assert_eq!((welcome.id, welcome.person.id, welcome.limits.inflight), (Some(1), OBSERVER, 16));
    assert_eq!(welcome.person.roles, [Role::Observer]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_given_to_those_who_have_a_right_to_them() {
    let stack = one_exam().await;
    stack.ready(&an_exam(43)).await;
    let (here, there) = (an_exam(42).cast(), an_exam(43).cast());
    let cases = [
        (here.candidate, Role::Candidate, "exam:42", None),
        (here.candidate, Role::Candidate, "exam:43", Some("forbidden")),
        (here.candidate, Role::Candidate, "board", Some("forbidden")),
        (here.panel[1], Role::Expert, "exam:42", None),
        (there.panel[1], Role::Expert, "exam:42", Some("forbidden")),
        (here.panel[1], Role::Expert, "board", Some("forbidden")),
        (OBSERVER, Role::Observer, "exam:42", None),
        (OBSERVER, Role::Observer, "board", None),
        (OBSERVER, Role::Observer, "exam:4242", Some("unknown_exam")),
        (OBSERVER, Role::Observer, "exam:-1", Some("unknown_stream")),
        (OBSERVER, Role::Observer, "session:1", Some("unknown_stream")),
        (PersonId(90_001), Role::Service, "board", Some("forbidden")),
    ];
    for (person, role, stream, refused) in cases {
        let mut client = Client::connected(stack.addr, &stack.token(person, role)).await;
        client.follow(stream).await;
        let found = client.fold(stream).refused.clone();
        assert_eq!(found.as_deref(), refused, "{role:?} {person} {stream}");
        // A refusal does not end the connection.
        client.send(&json!({"t": "teleport"})).await;
        assert!(client.next_within(Duration::from_millis(20)).await.is_ok());
        assert_eq!(client.violations(), Vec::<String>::new());
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_gets_no_socket_and_a_cookie_counts_for_pages_only() {
    let stack = Stack::start().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let cookie = format!("{SESSION_COOKIE}={token}");
    let own = format!("http://{}", stack.addr);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let mut client = Client::new(stack.addr, &token);
        client.headers = vec![("origin", origin.to_owned()), ("cookie", cookie.clone())];
        match client.upgrade().await {
            Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), 403, "{origin}"),
            other => panic!("{origin}: {:?}", other.map(|r| r.status())),
        }
    }
    let mut page = Client::new(stack.addr, &token);
    page.token = None;
    page.headers = vec![("origin", own), ("cookie", cookie.clone())];
    let response = page.upgrade().await.expect("an upgrade");
    let chosen = response.headers().get("sec-websocket-protocol").and_then(|v| v.to_str().ok());
    assert_eq!(chosen, Some("exam.v1.json"));
    page.connect().await;
    page.follow("board").await;
    assert_eq!(page.fold("board").standing, Standing::Follows);

    let mut program = Client::new(stack.addr, &token);
    program.token = None;
    program.headers = vec![("cookie", cookie)];
    program.upgrade().await.expect("an upgrade");
    program.hello(1).await;
    assert_eq!(code(&program.until_gone().await), 4503, "a cookie without a page");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_once_and_refusals_have_codes() {
    let stack = one_exam().await;
    let cast = an_exam(EXAM.0).cast();
    let mut chair = Client::connected(stack.addr, &stack.token_of(&cast.chair())).await;
    chair.give(EXAM, &comment("one")).await;
    chair.give(EXAM, &Command::SubmitTheory {}).await;
    chair.give(WireId(4_242), &comment("nowhere")).await;
    for (id, body, stream) in [
        (900, json!({"type": "fly"}), "exam:42"),
        (901, json!({"type": "open", "why": 1}), "exam:42"),
        (902, json!({"type": "open"}), "board"),
    ] {
        let frame = json!({"t": "cmd", "id": id, "s": stream, "cmd": tests::setting::fresh(), "body": body});
        chair.send(&frame).await;
    }
    let refusals = |client: &Client| -> Vec<(u64, String)> {
        let err = |frame: &ServerFrame| match frame {
            ServerFrame::Err(err) => Some((err.id.unwrap_or(0), err.code.clone())),
            _ => None,
        };
        client.others.iter().filter_map(err).collect()
    };
    chair.until("all answers", |c| c.queue.waiting.is_empty() && refusals(c).len() == 5).await;
    let mut found = refusals(&chair);
    found.sort();
    let expected = [
        (2, "not_allowed"),
        (3, "unknown_exam"),
        (900, "invalid"),
        (901, "invalid"),
        (902, "unknown_exam"),
    ];
    assert_eq!(found, expected.map(|(id, code)| (id, code.to_owned())));
    assert_eq!(chair.queue.acked().len(), 1);
    // A stale `if_seq` is told where the exam stands.
    let frame = json!({"t": "cmd", "id": 903, "s": "exam:42", "cmd": tests::setting::fresh(),
        "if_seq": 1, "body": comment("late")});
    chair.send(&frame).await;
    chair.until("the refusal", |c| refusals(c).len() == 6).await;
    assert_eq!(refusals(&chair).last(), Some(&(903, "stale".to_owned())));
    assert_eq!(chair.violations(), Vec::<String>::new());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_pings_stays_and_whoever_does_not_goes() {
    let quick = |config: &mut gateway::config::Config| {
        (config.live.ping_ms, config.live.pong_ms_max) = (1_000, 500);
    };
    let stack = Setup::new().with(quick).start().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut deaf = Client::connected(stack.addr, &token).await;
    deaf.mute = true;
    let mut alive = Client::connected(stack.addr, &token).await;
    assert_eq!(alive.welcome.as_ref().map(|welcome| welcome.ping), Some(1));
    let three = alive.until("three pings", |client| client.pings >= 3);
    let (gone, ()) = tokio::join!(deaf.until_gone(), three);
    assert_eq!((code(&gone), deaf.pings), (4012, 1));
    assert_eq!(alive.violations(), Vec::<String>::new());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_is_announced_and_can_be_renewed_in_place() {
    let clock = Arc::new(MovedClock::default());
    let setup = Setup { clock: clock.clone(), ..Setup::new() };
    // Time that passes at once must not look like silence.
    let setup = setup.with(|config| {
        config.auth.session_minutes = 10;
        (config.live.ping_ms, config.live.pong_ms_max) = (120_000, 120_000);
    });
    let stack = setup.start().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut renews = Client::following(stack.addr, &token, &["board"]).await;
    let mut does_not = Client::connected(stack.addr, &token).await;
    clock.pass(Span::secs(9 * 60 + 30));
    let announced = |client: &Client| {
        let soon =
            |frame: &ServerFrame| matches!(frame, ServerFrame::AuthSoon(a) if a.within <= 30);
        client.others.iter().any(soon)
    };
    renews.until("the announcement", announced).await;
    does_not.until("the announcement", announced).await;

    let fresh = stack.token(OBSERVER, Role::Observer);
    renews.send(&json!({"t": "auth", "id": 9, "token": fresh})).await;
    renews
        .until("the renewal", |client| {
            client.others.iter().any(|f| matches!(f, ServerFrame::Auth(a) if a.id == Some(9)))
        })
        .await;
    clock.pass(Span::secs(60));
    let gone = does_not.until_gone().await;
    assert_eq!((code(&gone), gone.bye.expect("a bye").reconnect), (4101, true));
    renews.settle("board").await;
    // The expired token does not open a new socket either.
    let mut again = Client::new(stack.addr, &token);
    again.upgrade().await.expect("an upgrade");
    again.hello(1).await;
    assert_eq!(code(&again.until_gone().await), 4101);
    // Somebody else's token does not renew.
    let other = stack.token(OPERATOR, Role::Operator);
    renews.send(&json!({"t": "auth", "id": 10, "token": other})).await;
    assert_eq!(code(&renews.until_gone().await), 4503);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_sign_in_reaches_every_open_socket_within_two_seconds() {
    let stack = one_exam().await;
    let signed_in = stack.signed_in(OBSERVER, Role::Observer);
    let other = stack.token(OBSERVER, Role::Observer);
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(Client::following(stack.addr, &signed_in.token, &["exam:42"]).await);
    }
    let mut stays = Client::following(stack.addr, &other, &["exam:42"]).await;
    let mut http = tests::http::Http::bearer(stack.addr, &signed_in.token);
    let asked = Instant::now();
    let ask = Ask { method: "DELETE", path: "/api/nsk/v1/session", ..Ask::default() };
    assert_eq!(http.must(ask).await.status, 204);
    for socket in &mut sockets {
        let gone = socket.until_gone().await;
        assert_eq!((code(&gone), gone.bye.expect("a bye").reconnect), (4501, false));
        assert!(asked.elapsed() <= Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    assert_eq!(http.get("/api/nsk/v1/session").await.status, 401);
    let mut again = Client::new(stack.addr, &signed_in.token);
    again.upgrade().await.expect("an upgrade");
    again.hello(1).await;
    assert_eq!(code(&again.until_gone().await), 4501);
    stays.settle("exam:42").await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_revoked_by_another_process_closes_its_sockets_here() {
    let stack = one_exam().await;
    let signed_in = stack.signed_in(OBSERVER, Role::Observer);
    let other = stack.token(OBSERVER, Role::Observer);
    let mut socket = Client::following(stack.addr, &signed_in.token, &["exam:42"]).await;
    let mut stays = Client::following(stack.addr, &other, &["exam:42"]).await;
    let sid = &signed_in.principal.sid;
    let elsewhere = format!(
        "UPDATE revocation_head SET seq = seq + 1; \
         INSERT INTO denial (kind, name, seq, reason, at, expires_at) \
         SELECT 'sid', '{sid}', seq, 'elsewhere', 0, 9000000000000000 FROM revocation_head"
    );
    execute_beside(&stack.place(), &elsewhere).await;
    let gone = socket.until_gone().await;
    assert_eq!((code(&gone), gone.bye.expect("a bye").reconnect), (4501, false));
    let mut http = tests::http::Http::bearer(stack.addr, &signed_in.token);
    assert_eq!(http.get("/api/nsk/v1/session").await.status, 401);
    stays.settle("exam:42").await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_asks_sockets_to_come_back() {
    let mut stack = one_exam().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut client = Client::following(stack.addr, &token, &["board", "exam:42"]).await;
    let (clean, gone) = tokio::join!(stack.end(), client.until_gone());
    let bye = gone.bye.clone().expect("a bye");
    assert_eq!((code(&gone), bye.reconnect, bye.after_ms < 10_000), (4001, true, true));
    assert!(clean, "stopped cleanly");
    // It goes on where it stood, with the next process on the same data.
    let stack = Setup::new().on(&stack.place()).start().await;
    client.addr = stack.addr;
    client.connect().await;
    client.settle("exam:42").await;
    client.settle("board").await;
    let tally = &client.fold("exam:42").tally;
    assert_eq!((tally.recovered, tally.snapshots, tally.gaps), (1, 1, 0), "no second snapshot");
    assert_eq!(client.violations(), Vec::<String>::new());
    wait_until("the socket to be counted", || async {
        let metrics = tests::http::Http::new(stack.addr).get("/metrics").await.text();
        metrics.lines().any(|l| l.contains("sockets") && l.ends_with(" 1")).then_some(())
    })
    .await;
    stack.stop().await;
}
