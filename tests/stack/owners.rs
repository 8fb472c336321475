//! Two writers on one journal: with the guards in place the log keeps every promise, and without
//! them the same checker says what was broken.

use engine::WireId;
use entities::sabotage;
use tests::checker::check;
use tests::journal::streams;
use tests::owners::{Guards, Owners};
use tests::{AnExam, an_exam};

const CLIENTS: u64 = 8;
const COMMANDS: u64 = 40;

fn exams() -> Vec<AnExam> {
    (1..=3).map(an_exam).collect()
}

fn numbers() -> Vec<WireId> {
    exams().iter().map(|exam| exam.cast().exam).collect()
}

/// What the checker says after two writers were under load, and how many commands were
/// acknowledged.
async fn findings(guards: Guards, keys: bool) -> (Vec<String>, usize) {
    let owners = Owners::start(guards, exams()).await;
    if !keys {
        sabotage::drop_unique_keys(&owners.store).await.expect("broken on purpose");
    }
    let acked = owners.load(&numbers(), CLIENTS, COMMANDS, 7).await;
    let place = owners.stop().await;
    (check(&streams(&place.store(), numbers()).await, &acked), acked.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_was_replaced_writes_nothing_more() {
    let (wrong, acked) = findings(Guards { second_start: true, fence: true }, true).await;
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(acked, usize::try_from(CLIENTS * COMMANDS).expect("small"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_with_one_fence_are_kept_apart_by_the_unique_key() {
    let (wrong, acked) = findings(Guards { second_start: false, fence: true }, true).await;
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(acked, usize::try_from(CLIENTS * COMMANDS).expect("small"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_fence_the_checker_fails() {
    let (wrong, _) = findings(Guards { second_start: true, fence: false }, true).await;
    assert!(wrong.iter().any(|w| w.contains("after writer 2 had begun")), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_unique_key_the_checker_fails() {
    let (wrong, _) = findings(Guards { second_start: false, fence: true }, false).await;
    assert!(wrong.iter().any(|w| w.contains("where")), "{wrong:?}");
    assert!(wrong.iter().any(|w| w.contains("chain")), "{wrong:?}");
}
