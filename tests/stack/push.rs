//! Saving does not depend on the push channel: the same commands over plain HTTP while no socket
//! gets through, the same id over both ways, and server-sent events as a second way to look.

use actors::testing::plans::{answer, comment};
use engine::WireId;
use engine::exam::{Command, Role};
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::events::Events;
use tests::http::Http;
use tests::proxy::Proxy;
use tests::setting::{commands, fresh};
use tests::stack::{OBSERVER, Setup, Stack};
use tests::{Draws, an_exam, wait_until};

const EXAM: WireId = WireId(42);
const STREAM: &str = "/api/nsk/v1/streams?s=exam:42";

async fn theory() -> Stack {
    let stack = Setup::new().with(|config| config.actors.digest_ms = 100).start().await;
    stack.keep_small_tools().await;
    stack.in_theory(&an_exam(EXAM.0)).await;
    stack
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_goes_over_http_while_the_socket_is_blocked() {
    let stack = theory().await;
    let proxy = Proxy::before(stack.addr, Draws::new(1)).await;
    let candidate = an_exam(EXAM.0).cast().candidate();
    let token = stack.token_of(&candidate);
    let mut socket = Client::following(proxy.addr, &token, &["exam:42"]).await;
    socket.give(EXAM, &answer(1, 1)).await;
    socket.until("the first answer", |client| client.queue.waiting.is_empty()).await;
    proxy.block(true);
    proxy.cut_open();
    let _ = socket.until_gone().await;
    // What it cannot send waits in its queue; the same commands go over HTTP under the same ids.
    let mut sent = Vec::new();
    for n in 2..=4 {
        sent.push((socket.give(EXAM, &answer(n, 1)).await, answer(n, 1)));
    }
    assert!(socket.try_connect().await.is_err(), "the socket is blocked");
    let mut http = Http::bearer(stack.addr, &token);
    let mut seqs = Vec::new();
    for (cmd, command) in &sent {
        let reply = http.post(&commands(EXAM), &json!({"cmd": cmd, "body": command})).await;
        let reply = reply.json_of(200);
        assert_eq!(reply["dup"], false);
        seqs.push(reply["seq"].as_u64());
    }
    proxy.block(false);
    socket.connect().await;
    socket.until("all answers", |client| client.queue.waiting.is_empty()).await;
    for ((cmd, _), seq) in sent.iter().zip(seqs) {
        match &socket.queue.answers[cmd] {
            Answer::Acked(acked, true) => assert_eq!(Some(acked.seq), seq),
            other => panic!("not known from before: {other:?}"),
        }
    }
    socket.settle("exam:42").await;
    let answered = socket.state("exam:42")["theory"]["answers"].as_object().map(|a| a.len());
    assert_eq!(answered, Some(4), "{}", socket.state("exam:42")["theory"]);
    assert_eq!(socket.violations(), Vec::<String>::new());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_applied_once_over_all_ways_and_over_a_restart() {
    let stack = theory().await;
    let chair = an_exam(EXAM.0).cast().chair();
    let token = stack.token_of(&chair);
    let (cmd, command) = (fresh(), comment("once"));
    let mut socket = Client::connected(stack.addr, &token).await;
    socket.give_as(EXAM, cmd, &command).await;
    socket.until("the answer", |client| client.queue.waiting.is_empty()).await;
    let Answer::Acked(first, false) = socket.queue.answers[&cmd].clone() else {
        panic!("no answer")
    };
    let body = json!({"cmd": cmd, "body": command});
    let mut http = Http::bearer(stack.addr, &token);
    for _ in 0..3 {
        let reply = http.post(&commands(EXAM), &body).await.json_of(200);
        assert_eq!((reply["seq"].as_u64(), &reply["dup"]), (Some(first.seq), &json!(true)));
    }
    let place = stack.stop().await;
    let stack = Setup::new().on(&place).start().await;
    let mut http = Http::bearer(stack.addr, &token);
    let reply = http.post(&commands(EXAM), &body).await.json_of(200);
    assert_eq!((reply["seq"].as_u64(), &reply["dup"]), (Some(first.seq), &json!(true)));
    let view = stack.view(EXAM, OBSERVER, Role::Observer).await;
    assert_eq!(view["state"]["comments"].as_object().map(|c| c.len()), Some(1));
    stack.stop().await;
}

async fn ticket(http: &mut Http) -> String {
    let reply = http.post("/api/nsk/v1/tickets", &json!({})).await.json_of(200);
    reply["ticket"].as_str().expect("a ticket").to_owned()
}

fn fold(state: &mut Value, event: &Value) {
    if let Some(patch) = event.get("d") {
        engine::patch::merge(state, patch);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_opens_with_a_ticket_and_resumes_by_its_last_id() {
    let stack = theory().await;
    let mut observer = stack.http(OBSERVER, Role::Observer);
    let chair = an_exam(EXAM.0).cast().chair();
    let path = format!("{STREAM}&ticket={}", ticket(&mut observer).await);
    let mut events = Events::open(stack.addr, &path, &[]).await.expect("a stream");
    assert_eq!(Events::open(stack.addr, &path, &[]).await.err(), Some(401), "used once");
    assert_eq!(events.next_of("sub").await["recovered"], false);
    let snap = events.next_of("snap").await;
    let mut state = snap["state"].clone();
    stack.give(EXAM, (chair.clone(), comment("one"))).await;
    let ev = events.next_of("ev").await;
    fold(&mut state, &ev);
    assert_eq!(ev["seq"].as_u64(), snap["seq"].as_u64().map(|seq| seq + 1));
    let digest = events.next_of("dig").await;
    assert_eq!(digest["d"], json!(engine::Hash::of_json(&state).short()));
    let last = events.last_id.clone().expect("an id");
    assert_eq!(last, format!("{}:{}", snap["epoch"].as_str().expect("an epoch"), ev["seq"]));
    drop(events);

    for n in 2..=4 {
        stack.give(EXAM, (chair.clone(), comment(&format!("comment {n}")))).await;
    }
    let path = format!("{STREAM}&ticket={}", ticket(&mut observer).await);
    let headers = [("last-event-id", last.as_str())];
    let mut events = Events::open(stack.addr, &path, &headers).await.expect("a stream");
    assert_eq!(events.next_of("sub").await["recovered"], true);
    for _ in 2..=4 {
        let ev = events.next_of("ev").await;
        fold(&mut state, &ev);
    }
    let view = stack.view(EXAM, OBSERVER, Role::Observer).await;
    assert_eq!(state, view["state"]);
    drop(events);

    // From a place of another log, a snapshot.
    let auth = format!("Bearer {}", stack.token(OBSERVER, Role::Observer));
    let headers = [("last-event-id", "ffff:3"), ("authorization", auth.as_str())];
    let mut events = Events::open(stack.addr, STREAM, &headers).await.expect("a stream");
    assert_eq!(events.next_of("sub").await["recovered"], false);
    assert_eq!(events.next_of("snap").await["seq"], view["seq"]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_are_given_by_the_same_rights() {
    let stack = theory().await;
    let cast = an_exam(EXAM.0).cast();
    let candidate = format!("Bearer {}", stack.token_of(&cast.candidate()));
    let auth = [("authorization", candidate.as_str())];
    let board = "/api/nsk/v1/streams?s=board";
    assert_eq!(Events::open(stack.addr, board, &auth).await.err(), Some(403));
    assert_eq!(
        Events::open(stack.addr, "/api/nsk/v1/streams?s=exam:43", &auth).await.err(),
        Some(404)
    );
    assert_eq!(Events::open(stack.addr, board, &[]).await.err(), Some(401));
    assert_eq!(
        Events::open(stack.addr, &format!("{board}&ticket=00"), &auth).await.err(),
        Some(401)
    );

    // A sign-in that is revoked ends its event streams too.
    let signed_in = stack.signed_in(OBSERVER, Role::Observer);
    let auth = format!("Bearer {}", signed_in.token);
    let mut events =
        Events::open(stack.addr, board, &[("authorization", &auth)]).await.expect("a stream");
    events.next_of("snap").await;
    stack.revoke(&signed_in.principal).await;
    let bye = events.next_of("bye").await;
    assert_eq!((&bye["code"], &bye["reconnect"]), (&json!(4501), &json!(false)));
    assert_eq!(events.next().await, None);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_sees_nothing_of_marks_and_nobody_sees_keys() {
    let stack = theory().await;
    let cast = an_exam(EXAM.0).cast();
    let mut seen = Vec::new();
    for issuer in [cast.candidate(), cast.chair(), actors::testing::plans::operator()] {
        let mut client =
            Client::following(stack.addr, &stack.token_of(&issuer), &["exam:42"]).await;
        client.settle("exam:42").await;
        seen.push(client.state("exam:42").to_string());
    }
    for text in &seen {
        assert!(!text.contains("correct") && !text.contains("accepted"), "{text}");
    }
    stack.give(EXAM, (cast.candidate(), answer(1, 1))).await;
    wait_until("the answer to be counted", || async {
        let view = stack.view(EXAM, OBSERVER, Role::Observer).await;
        assert!(view["state"]["theory"].get("answers").is_none(), "answers are the candidate's");
        (view["state"]["theory"]["answered"] == 1).then_some(())
    })
    .await;
    let _ = Command::Open {};
    stack.stop().await;
}
