//! The wall clock jumps by a day, forward and back, while an exam runs: no candidate gains or
//! loses a second, no deadline fires, the operator is told, and a restart does not go back in time.

use actors::testing::plans::answer;
use engine::exam::Role;
use engine::{Span, WireId};
use serde_json::{Value, json};
use std::sync::Arc;
use tests::client::Client;
use tests::clock::MovedClock;
use tests::journal::streams;
use tests::stack::{OBSERVER, Setup, Stack};
use tests::{an_exam, wait_until};

const EXAM: WireId = WireId(42);
const DAY: Span = Span::minutes(24 * 60);

async fn clock_alert(stack: &Stack) -> Option<String> {
    let mut http = stack.http(OBSERVER, Role::Observer);
    let board = http.get("/api/nsk/v1/board").await.json_of(200);
    let alerts = board["state"]["alerts"].as_object().cloned().unwrap_or_default();
    alerts.values().find(|a| a["kind"] == "clock").map(|a| a["text"].to_string())
}

async fn told(stack: &Stack, side: &str) {
    wait_until("the jump to be told", || async {
        clock_alert(stack).await.filter(|text| text.contains(side))
    })
    .await;
}

/// Allowed, consumed and running since: what a screen counts down from.
fn time_of(view: &Value) -> Value {
    view["state"]["time"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_by_a_day_takes_no_time_from_anybody() {
    let clock = Arc::new(MovedClock::default());
    let setup = Setup { clock: clock.clone(), ..Setup::new() };
    let stack = setup.start().await;
    stack.keep_small_tools().await;
    stack.in_theory(&an_exam(EXAM.0)).await;
    let candidate = an_exam(EXAM.0).cast().candidate();
    let token = stack.token_of(&candidate);
    let mut screen = Client::following(stack.addr, &token, &["exam:42"]).await;
    let before = stack.view(EXAM, OBSERVER, Role::Observer).await;
    for (n, (jump, side)) in (1..).zip([(DAY, "ahead of"), (Span(-2 * DAY.0), "behind")]) {
        clock.jump(jump);
        told(&stack, side).await;
        let now = stack.view(EXAM, OBSERVER, Role::Observer).await;
        assert_eq!(
            (time_of(&now), &now["state"]["phase"]),
            (time_of(&before), &json!("theory_running"))
        );
        stack.give(EXAM, (candidate.clone(), answer(n, 1))).await;
    }
    clock.jump(DAY);
    wait_until("the clocks to agree again", || async {
        clock_alert(&stack).await.is_none().then_some(())
    })
    .await;
    screen.settle("exam:42").await;
    assert_eq!(screen.violations(), Vec::<String>::new());

    // The next start finds a wall clock that is a day behind the last sign of life.
    let place = stack.stop().await;
    clock.jump(Span(-DAY.0));
    let setup = Setup { clock: clock.clone(), ..Setup::new() };
    let stack = setup.on(&place).start().await;
    told(&stack, "behind").await;
    stack.give(EXAM, (candidate, answer(3, 1))).await;
    let place = stack.stop().await;
    let log = streams(&place.store(), [EXAM]).await;
    let records = &log[&EXAM].records;
    assert!(records.is_sorted_by_key(|record| record.at), "records do not go back in time");
    assert!(records.iter().all(|record| record.kind != "theory_ended"));
}
