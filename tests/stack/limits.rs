//! Limits of live connections: what a client that is too eager, too slow or too numerous is told.
//! What was dropped is named, and the state is right again afterwards.

use actors::testing::plans::{answer, comment};
use engine::exam::Role;
use engine::{PersonId, WireId};
use tests::an_exam;
use tests::client::Client;
use tests::http::Http;
use tests::meddle::Hold;
use tests::setting::{commands, request};
use tests::stack::{OBSERVER, Setup, Stack};

const EXAM: WireId = WireId(42);

async fn theory(setup: Setup) -> Stack {
    let stack = setup.start().await;
    stack.keep_small_tools().await;
    stack.in_theory(&an_exam(EXAM.0)).await;
    stack
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_too_slow_is_told_what_it_lost_and_gets_a_snapshot() {
    let setup = Setup::new().with(|config| {
        config.actors.outbox_frames_max = 16;
        // However long a busy machine takes to say it all: slow is not gone.
        config.live.ping_ms = 120_000;
        config.live.write_ms_max = 600_000;
    });
    let stack = theory(setup).await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut slow = Client::new(stack.addr, &token);
    slow.receive_bytes = Some(4_096);
    slow.connect().await;
    slow.follow("exam:42").await;
    // Nothing is read while more is said than all buffers on the way hold.
    let chair = an_exam(EXAM.0).cast().chair();
    let mut http = stack.http_of(&chair);
    let long = "слово ".repeat(600);
    for n in 0..800 {
        let body = request(&comment(&format!("{n} {long}")));
        http.post(&commands(EXAM), &body).await.json_of(200);
    }
    slow.until("the lag to be named", |client| client.fold("exam:42").tally.lags > 0).await;
    slow.settle("exam:42").await;
    let fold = slow.fold("exam:42");
    assert!(fold.tally.snapshots >= 2, "{:?}", fold.tally);
    assert_eq!(fold.tally.gaps, 0, "nothing was missing without a word");
    let view = stack.view(EXAM, OBSERVER, Role::Observer).await;
    assert_eq!(
        (fold.state.as_ref(), fold.seq),
        (Some(&view["state"]), view["seq"].as_u64().unwrap_or(0))
    );
    assert_eq!(slow.violations(), Vec::<String>::new());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_nothing_for_too_long_is_given_up() {
    let setup = Setup::new().with(|config| {
        config.live.write_ms_max = 1_000;
        config.actors.outbox_frames_max = 16;
    });
    let stack = theory(setup).await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut stuck = Client::new(stack.addr, &token);
    stuck.receive_bytes = Some(4_096);
    stuck.connect().await;
    stuck.follow("exam:42").await;
    let chair = an_exam(EXAM.0).cast().chair();
    let mut http = stack.http_of(&chair);
    let long = "слово ".repeat(600);
    for n in 0..800 {
        let body = request(&comment(&format!("{n} {long}")));
        http.post(&commands(EXAM), &body).await.json_of(200);
    }
    tests::wait_until("its place to be given back", || async {
        let metrics = Http::new(stack.addr).get("/metrics").await.text();
        let open = metrics.lines().find(|line| line.starts_with("nsk_sockets "));
        open.is_none_or(|line| line.ends_with(" 0")).then_some(())
    })
    .await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_too_many_unanswered_commands_is_closed_and_loses_none() {
    let stack = theory(Setup::new()).await;
    let candidate = an_exam(EXAM.0).cast().candidate();
    let mut client = Client::connected(stack.addr, &stack.token_of(&candidate)).await;
    // Nothing can be committed while another process holds the database.
    let hold = Hold::of(&stack.place().database()).await;
    for n in 0..70 {
        client.give(EXAM, &answer(n % 4 + 1, n / 4 % 2 + 1)).await;
    }
    let gone = client.until_gone().await;
    assert_eq!((gone.code, gone.bye.map(|bye| bye.reconnect)), (Some(4008), Some(true)));
    hold.release().await;
    // Kept, and sent again: this time as many at once as it was told.
    let mut waiting: Vec<u64> = client.queue.waiting.keys().copied().collect();
    assert_eq!(waiting.len(), 70);
    let later = client.queue.waiting.split_off(&waiting.split_off(16)[0]);
    client.connect().await;
    client.until("the first answers", |client| client.queue.waiting.is_empty()).await;
    for (id, pending) in later {
        client.queue.waiting.insert(id, pending.clone());
        client.send(&pending.frame(id)).await;
        client.until("an answer", |client| client.queue.waiting.is_empty()).await;
    }
    assert_eq!(client.queue.acked().len(), 70);
    assert_eq!(client.violations(), Vec::<String>::new());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_limited_for_one_person_and_for_all() {
    let setup = Setup::new().with(|config| {
        config.live.connections_per_person_max = 2;
        config.live.connections_max = 4;
    });
    let stack = setup.start().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut open = vec![Client::connected(stack.addr, &token).await];
    open.push(Client::connected(stack.addr, &token).await);
    let mut third = Client::new(stack.addr, &token);
    third.upgrade().await.expect("an upgrade");
    third.hello(1).await;
    assert_eq!(third.until_gone().await.code, Some(4013));
    for person in [501, 502] {
        let token = stack.token(PersonId(person), Role::Observer);
        open.push(Client::connected(stack.addr, &token).await);
    }
    let fifth =
        Client::new(stack.addr, &stack.token(PersonId(503), Role::Observer)).upgrade().await;
    match fifth {
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
            assert_eq!(response.status().as_u16(), 503);
        }
        other => panic!("{:?}", other.map(|response| response.status())),
    }
    drop(open);
    tests::wait_until("places to be given back", || async {
        let mut again = Client::new(stack.addr, &stack.token(PersonId(503), Role::Observer));
        again.try_connect().await.ok()
    })
    .await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_in_a_second_is_refused_with_a_time_to_come_back() {
    let setup = Setup::new().with(|config| {
        config.live.requests_per_second_max = 40;
        config.live.frames_per_second_max = 40;
    });
    let stack = setup.start().await;
    let token = stack.token(OBSERVER, Role::Observer);
    let mut http = Http::bearer(stack.addr, &token);
    let mut refused = None;
    for _ in 0..400 {
        let reply = http.get("/api/nsk/v1/board").await;
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a refusal");
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
    let problem = refused.json();
    assert_eq!(
        (&problem["code"], &problem["temporary"]),
        (&"too_many_requests".into(), &true.into())
    );
    for _ in 0..100 {
        assert_eq!(http.get("/livez").await.status, 200, "health is always answered");
    }
    // A flood of frames ends its connection, and says that it may come back.
    let mut flood = tests::wait_until("a place in the next second", || async {
        let mut client = Client::new(stack.addr, &token);
        client.try_connect().await.ok().map(|()| client)
    })
    .await;
    for _ in 0..200 {
        flood.send(&serde_json::json!({"t": "pong"})).await;
    }
    assert_eq!(flood.until_gone().await.code, Some(4008));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_an_end() {
    let stack = Setup::new().with(|config| config.live.body_bytes_max = 16 * 1024).start().await;
    let mut http = stack.operator();
    let large = serde_json::json!({"cmd": "x", "plan": "y".repeat(20_000)});
    let reply = http.post("/api/nsk/v1/exams", &large).await;
    assert_eq!((reply.status, &reply.json()["code"]), (413, &"too_large".into()));
    stack.stop().await;
}
