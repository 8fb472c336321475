//! On the wire nobody sees an expert's mark before that expert locks: others get a sealed step
//! with its number, and the mark when it is locked. The board moves in ticks, an exam at once.

use actors::testing::plans::{comment, mark};
use engine::exam::{Command, ExamClass, Role};
use engine::{TaskId, WireId};
use serde_json::{Value, json};
use tests::client::Client;
use tests::stack::{OBSERVER, OPERATOR, Setup, Stack};
use tests::{AnExam, an_exam, wait_until};

const EXAM: WireId = WireId(42);

fn exam() -> AnExam {
    an_exam(EXAM.0).of_class(ExamClass::Practice)
}

async fn practice() -> Stack {
    let stack = Setup::new().start().await;
    stack.keep_small_tools().await;
    stack.ready(&exam()).await;
    stack.give(EXAM, (exam().cast().chair(), Command::StartPractice {})).await;
    stack
}

/// What a client has of a task's marks.
fn marks(client: &Client, task: u64) -> Value {
    client.state("exam:42")["practice"]["tasks"][task.to_string()].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_is_sealed_for_everybody_else_until_its_expert_locks() {
    let stack = practice().await;
    let cast = exam().cast();
    let (own, other, candidate) = (cast.expert(0), cast.expert(1), cast.candidate());
    let mut clients = Vec::new();
    for token in [
        stack.token_of(&own),
        stack.token_of(&other),
        stack.token(OBSERVER, Role::Observer),
        stack.token(OPERATOR, Role::Operator),
        stack.token_of(&candidate),
    ] {
        clients.push(Client::following(stack.addr, &token, &["exam:42"]).await);
    }
    let mut before = Vec::new();
    for client in &mut clients {
        client.settle("exam:42").await;
        before.push(marks(client, 1));
    }
    let placed =
        stack.give(EXAM, (own.clone(), mark(1, 3))).await["seq"].as_u64().expect("a number");
    for (n, client) in clients.iter_mut().enumerate() {
        client.until("the step", |client| client.fold("exam:42").seq >= placed).await;
        client.settle("exam:42").await;
        let tally = &client.fold("exam:42").tally;
        match n {
            0 => {
                assert_eq!(tally.sealed, 0);
                assert!(marks(client, 1).to_string().contains("\"3\""), "{}", marks(client, 1));
            }
            _ => {
                assert_eq!((tally.sealed, tally.gaps), (1, 0), "client {n} counts it");
                assert_eq!(marks(client, 1), before[n], "client {n} sees nothing of it");
            }
        }
    }
    let locked = stack.give(EXAM, (own, Command::LockTask { task: TaskId(1) })).await;
    let locked = locked["seq"].as_u64().expect("a number");
    for (n, client) in clients.iter_mut().enumerate() {
        client.until("the lock", |client| client.fold("exam:42").seq >= locked).await;
        client.settle("exam:42").await;
        let shows = marks(client, 1).to_string().contains("\"3\"");
        assert_eq!(shows, n < 4, "client {n}: {}", marks(client, 1));
        assert_eq!(client.violations(), Vec::<String>::new());
    }
    // By every other way to look, too: plain HTTP, the list of records, the legacy REST.
    stack.give(EXAM, (other, mark(1, 2))).await;
    let mut observer = stack.http(OBSERVER, Role::Observer);
    for path in ["/api/nsk/v1/exams/42", "/api/v1/exam/42/action"] {
        let text = observer.get(path).await.json_of(200).to_string();
        assert!(text.contains(r#""value":"3""#), "{path}: the locked mark is open");
        assert!(!text.contains(r#""value":"2""#), "{path}: {text}");
    }
    let records = observer.get("/api/nsk/v1/exams/42/records").await.json_of(200);
    let last = records["records"].as_array().and_then(|r| r.last()).cloned().expect("a record");
    assert_eq!((&last["kind"], last.get("by")), (&json!("sealed"), None));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_moves_in_ticks_and_an_exam_at_once() {
    let stack = practice().await;
    let observer = stack.token(OBSERVER, Role::Observer);
    let mut client = Client::following(stack.addr, &observer, &["board", "exam:42"]).await;
    let before = (client.fold("board").seq, client.fold("exam:42").seq);
    let chair = exam().cast().chair();
    let mut last = 0;
    for n in 0..60 {
        let reply = stack.give(EXAM, (chair.clone(), comment(&format!("comment {n}")))).await;
        last = reply["seq"].as_u64().unwrap_or(0);
    }
    client.until("every step of the exam", |client| client.fold("exam:42").seq == last).await;
    assert_eq!(last - before.1, 60, "one step for each");
    client.settle("exam:42").await;
    wait_until("the board to come to rest", || async {
        let now = stack.app.board.snapshot();
        tests::wait::pause(std::time::Duration::from_millis(600)).await;
        (stack.app.board.snapshot().seq == now.seq).then_some(())
    })
    .await;
    client.settle("board").await;
    let steps = client.fold("board").seq - before.0;
    assert!(steps < 60, "{steps} steps of the board for 60 events");
    assert_eq!(client.state("board")["rows"]["42"]["phase"], "practice_running");
    assert_eq!(client.violations(), Vec::<String>::new());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_is_shown_and_who_has_gone_is_not() {
    use gateway::wire::server::ServerFrame;
    let stack = practice().await;
    let cast = exam().cast();
    let observer = stack.token(OBSERVER, Role::Observer);
    let mut client = Client::following(stack.addr, &observer, &["exam:42"]).await;
    let seen = |client: &Client| {
        let last = client.others.iter().rev().find_map(|frame| match frame {
            ServerFrame::Pres(pres) => Some((pres.members.len(), pres.observers)),
            _ => None,
        });
        last.unwrap_or((0, 0))
    };
    let expert =
        Client::following(stack.addr, &stack.token_of(&cast.expert(1)), &["exam:42"]).await;
    client.until("the expert to be seen", |client| seen(client) == (1, 1)).await;
    drop(expert);
    client.until("the expert to be gone", |client| seen(client) == (0, 1)).await;
    stack.stop().await;
}
