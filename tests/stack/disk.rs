//! A store that cannot write under load, for a moment or for good: nothing acknowledged is lost,
//! what is refused is refused as temporary and says why, and the operator sees it.

use actors::testing::plans::answer;
use engine::WireId;
use engine::exam::{Command, Role};
use entities::sabotage;
use serde_json::{Value, json};
use tests::checker::check;
use tests::http::Http;
use tests::journal::streams;
use tests::load::{Doorman, Job, Work};
use tests::setting::{commands, request};
use tests::stack::{OBSERVER, Setup, Stack};
use tests::{an_exam, wait_until};

const EXAMS: u64 = 4;

fn numbers() -> Vec<WireId> {
    (1..=EXAMS).map(WireId).collect()
}

fn answers(n: u64) -> Command {
    answer(n % 4 + 1, n / 4 % 2 + 1)
}

async fn under_load(doorman: &mut Doorman) -> Stack {
    let stack = Setup::new().start().await;
    stack.keep_small_tools().await;
    for exam in (1..=EXAMS).map(an_exam) {
        stack.in_theory(&exam).await;
        let job = Job::new(exam.cast().exam, stack.token_of(&exam.cast().candidate()), answers);
        if exam.cast().exam.0.is_multiple_of(2) {
            doorman.over_http(job)
        } else {
            doorman.over_socket(job)
        }
    }
    doorman.station_at(Some(stack.addr));
    stack
}

async fn more_acks(doorman: &Doorman) {
    let enough = doorman.acks() + 100;
    wait_until("work to go on", || async { (doorman.acks() >= enough).then_some(()) }).await;
}

async fn ready(stack: &Stack) -> (u16, Value) {
    let reply = Http::new(stack.addr).get("/readyz").await;
    (reply.status, reply.json())
}

async fn alerts(stack: &Stack) -> Vec<Value> {
    let mut http = stack.http(OBSERVER, Role::Observer);
    let board = http.get("/api/nsk/v1/board").await.json_of(200);
    board["state"]["alerts"].as_object().map(|a| a.values().cloned().collect()).unwrap_or_default()
}

/// What is refused, how, and who sees it.
async fn refused(stack: &Stack, why: &str) {
    wait_until("the station to know that it cannot write", || async {
        (ready(stack).await.0 == 503).then_some(())
    })
    .await;
    assert!(ready(stack).await.1["why"].as_str().is_some_and(|text| text.contains(why)), "{why}");
    let mut http = stack.http_of(&an_exam(1).cast().chair());
    let body = request(&actors::testing::plans::comment("not now"));
    let reply = http.post(&commands(WireId(1)), &body).await;
    let problem = reply.json_of(503);
    assert_eq!((&problem["temporary"], &problem["code"]), (&json!(true), &json!("unavailable")));
    wait_until("the operator to see it", || async {
        let seen = alerts(stack).await;
        seen.iter()
            .any(|a| a["kind"] == "journal" && a["text"].to_string().contains(why))
            .then_some(())
    })
    .await;
    // Reading goes on.
    stack.view(WireId(1), OBSERVER, Role::Observer).await;
}

/// The limit is on one connection, which is thrown away with the append that it refused: a disk
/// that was full for a moment. One that stays full is among the faults of the real program.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_was_full_for_a_moment_costs_nothing() {
    let mut doorman = Doorman::new();
    let stack = under_load(&mut doorman).await;
    more_acks(&doorman).await;
    for _ in 0..5 {
        sabotage::fill_disk_after(&stack.app.store, 0).await.expect("a limit");
        more_acks(&doorman).await;
    }
    wait_until("the station to be ready", || async {
        (ready(&stack).await.0 == 200 && alerts(&stack).await.is_empty()).then_some(())
    })
    .await;
    let mut all = Work::default();
    for work in doorman.close().await {
        all.add(work);
    }
    assert_eq!((&all.refused, &all.violations), (&vec![], &vec![]));
    let place = stack.stop().await;
    assert_eq!(check(&streams(&place.store(), numbers()).await, &all.acked), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_turns_read_only_refuses_for_now_and_works_after_a_restart() {
    let mut doorman = Doorman::new();
    let mut stack = under_load(&mut doorman).await;
    more_acks(&doorman).await;
    sabotage::make_read_only(&stack.app.store).await.expect("read-only");
    refused(&stack, "read-only").await;
    doorman.station_at(None);
    let place = stack.place();
    // Its store cannot be written: it need not end cleanly, it must end.
    stack.end().await;
    let stack = Setup::new().on(&place).start().await;
    doorman.station_at(Some(stack.addr));
    more_acks(&doorman).await;
    let mut all = Work::default();
    for work in doorman.close().await {
        all.add(work);
    }
    assert_eq!((&all.refused, &all.violations), (&vec![], &vec![]));
    let place = stack.stop().await;
    assert_eq!(check(&streams(&place.store(), numbers()).await, &all.acked), Vec::<String>::new());
}
