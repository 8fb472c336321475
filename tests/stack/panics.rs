//! One of 200 live exams panics under load. The others do not notice: each of their commands is
//! acknowledged, none is even put off. The one that was hit answers again with its state intact;
//! one that cannot be replayed is quarantined, and an operator sees and releases it.

use actors::faults::Faults;
use actors::testing::plans::comment;
use engine::WireId;
use engine::exam::{Command, Role};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::checker::check;
use tests::client::Client;
use tests::journal::streams;
use tests::load::{Doorman, Job, Work};
use tests::setting::{commands, fresh};
use tests::stack::{OBSERVER, Setup, Stack};
use tests::{AnExam, an_exam, wait_until};

/// Live exams.
const EXAMS: u64 = 200;
/// Prepared at the same time.
const AT_ONCE: usize = 16;
/// Acknowledgements of the others before, between and after the faults.
const ACKS: u64 = 600;
/// The exam that panics once, and the one that cannot be replayed. Nobody else works on them.
const HIT: WireId = WireId(77);
const POISONED: WireId = WireId(133);

fn exams() -> impl Iterator<Item = AnExam> {
    (1..=EXAMS).map(an_exam)
}

async fn two_hundred(faults: &Faults) -> Stack {
    let mut setup = Setup::new();
    setup.faults = faults.clone();
    let stack = setup.start().await;
    stack.keep_small_tools().await;
    let preparing = stream::iter(exams()).map(|exam| {
        let stack = &stack;
        async move {
            stack.in_theory(&exam).await;
            Ok::<_, ()>(())
        }
    });
    let prepared: Result<Vec<()>, ()> = preparing.buffer_unordered(AT_ONCE).try_collect().await;
    assert_eq!(prepared.map(|all| all.len()), Ok(200));
    stack
}

/// The candidates of all other exams answer without a pause.
fn load(stack: &Stack) -> Doorman {
    let mut doorman = Doorman::new();
    for exam in exams() {
        let cast = exam.cast();
        if ![HIT, POISONED].contains(&cast.exam) {
            let job = Job::new(cast.exam, stack.token_of(&cast.candidate()), answers);
            match cast.exam.0 % 2 {
                0 => doorman.over_http(job),
                _ => doorman.over_socket(job),
            }
        }
    }
    doorman.station_at(Some(stack.addr));
    doorman
}

fn answers(n: u64) -> Command {
    actors::testing::plans::answer(n % 4 + 1, n / 4 % 2 + 1)
}

async fn more_acks(doorman: &Doorman) {
    let enough = doorman.acks() + ACKS;
    wait_until("the others to go on", || async { (doorman.acks() >= enough).then_some(()) }).await;
}

fn state_of(view: &Value) -> (&Value, &Value, &Value) {
    (&view["seq"], &view["hash"], &view["state"])
}

/// A command that changes nothing, given until it is answered for good.
async fn nudge(stack: &Stack, exam: WireId, cmd: engine::CommandId) -> (u16, Value) {
    let candidate = an_exam(exam.0).cast().candidate();
    let mut http = stack.http_of(&candidate);
    let clear = Command::FlagQuestion { question: engine::QuestionId(1), flagged: false };
    let body = json!({"cmd": cmd, "body": clear});
    loop {
        let reply = http.post(&commands(exam), &body).await;
        if reply.status != 503 {
            return (reply.status, reply.json());
        }
        assert_eq!(reply.json()["temporary"], true);
        tokio::task::yield_now().await;
    }
}

async fn panics_seen(stack: &Stack, least: u64) {
    wait_until("the panic to be counted", || async {
        (stack.app.picture.borrow().exams.num_panics >= least).then_some(())
    })
    .await;
}

async fn board(stack: &Stack) -> Value {
    let mut http = stack.http(OBSERVER, Role::Observer);
    http.get("/api/nsk/v1/board").await.json_of(200)["state"].clone()
}

fn alerts_about(board: &Value, exam: WireId) -> Vec<String> {
    let alerts = board["alerts"].as_object().expect("alerts by key");
    let about = alerts.values().filter(|alert| alert["exam"] == exam.0);
    about.filter_map(|alert| alert["kind"].as_str().map(ToOwned::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_hundred_exams_may_fail_alone() {
    let faults = Faults::default();
    let stack = two_hundred(&faults).await;
    let doorman = load(&stack);
    more_acks(&doorman).await;

    let watcher = stack.token(OBSERVER, Role::Observer);
    let (hit, name) = (HIT, format!("exam:{HIT}"));
    let mut follower = Client::following(stack.addr, &watcher, &[&name]).await;
    let before = stack.view(hit, OBSERVER, Role::Observer).await;
    faults.panic_in_decide(hit, 1);
    let (status, _) = nudge(&stack, hit, fresh()).await;
    assert_eq!(status, 200);
    panics_seen(&stack, 1).await;
    let after = stack.view(hit, OBSERVER, Role::Observer).await;
    assert_eq!(state_of(&before), state_of(&after), "its state is intact");
    follower.settle(&name).await;
    assert_eq!(follower.violations(), Vec::<String>::new());
    assert_eq!(follower.fold(&name).digest(), digest(&after), "who followed it has its state");
    more_acks(&doorman).await;

    a_replay_that_panics(&stack, &faults).await;
    more_acks(&doorman).await;

    let mut all = Work::default();
    for work in doorman.close().await {
        assert!(work.acked.len() > 1, "somebody was left out");
        all.add(work);
    }
    assert_eq!((all.refused, all.put_off, all.violations), (vec![], 0, vec![]));
    let worked: BTreeSet<WireId> = all.acked.iter().map(|ack| ack.exam).collect();
    assert_eq!(worked.len(), 198, "everybody else worked");
    let place = stack.stop().await;
    let log = streams(&place.store(), exams().map(|exam| exam.cast().exam)).await;
    assert_eq!(check(&log, &all.acked), Vec::<String>::new());
}

fn digest(view: &Value) -> String {
    engine::Hash::of_json(&view["state"]).short()
}

/// The budget ends in quarantine: readable, not writable, on the board; the operator releases it.
async fn a_replay_that_panics(stack: &Stack, faults: &Faults) {
    let before = stack.view(POISONED, OBSERVER, Role::Observer).await;
    faults.panic_in_replay(POISONED, 3);
    faults.panic_in_decide(POISONED, 1);
    let (status, refusal) = nudge(stack, POISONED, fresh()).await;
    assert_eq!((status, &refusal["code"]), (423, &json!("quarantined")), "{refusal}");
    wait_until("the operator to see the quarantine", || async {
        let about = alerts_about(&board(stack).await, POISONED);
        about.contains(&"quarantined".to_owned()).then_some(())
    })
    .await;
    let others = board(stack).await;
    assert_eq!(others["alerts"].as_object().map(|alerts| alerts.len()), Some(1), "{others}");

    let path = format!("/api/nsk/v1/exams/{POISONED}/release");
    let mut operator = stack.operator();
    faults.forgive_replays();
    assert_eq!(operator.post(&path, &json!({})).await.json_of(200), json!({"released": true}));
    assert_eq!(operator.post(&path, &json!({})).await.json_of(200), json!({"released": false}));
    let (status, _) = nudge(stack, POISONED, fresh()).await;
    assert_eq!(status, 200);
    let after = stack.view(POISONED, OBSERVER, Role::Observer).await;
    assert_eq!(state_of(&before), state_of(&after), "its state is intact");
    // The board moves in ticks.
    wait_until("the alert to go", || async {
        alerts_about(&board(stack).await, POISONED).is_empty().then_some(())
    })
    .await;
    let chair = an_exam(POISONED.0).cast().chair();
    stack.give(POISONED, (chair, comment("it works again"))).await;
}
