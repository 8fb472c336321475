//! Stops under load: each ends cleanly, nothing acknowledged is lost, and people go on with the
//! next process as if nothing had been.

use engine::WireId;
use engine::exam::Command;
use tests::checker::check;
use tests::journal::streams;
use tests::load::{Doorman, Job, Work};
use tests::stack::Setup;
use tests::{an_exam, wait_until};

const EXAMS: u64 = 6;
const STOPS: u64 = 5;

fn answers(n: u64) -> Command {
    actors::testing::plans::answer(n % 4 + 1, n / 4 % 2 + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_is_clean_and_loses_nothing() {
    let mut doorman = Doorman::new();
    let stack = Setup::new().start().await;
    stack.keep_small_tools().await;
    for exam in (1..=EXAMS).map(an_exam) {
        stack.in_theory(&exam).await;
        let cast = exam.cast();
        let job = Job::new(cast.exam, stack.token_of(&cast.candidate()), answers);
        match cast.exam.0 % 2 {
            0 => doorman.over_http(job),
            _ => doorman.over_socket(job),
        }
    }
    let mut place = stack.stop().await;
    for _ in 0..STOPS {
        let stack = Setup::new().on(&place).start().await;
        doorman.station_at(Some(stack.addr));
        let enough = doorman.acks() + 150;
        wait_until("work to go on", || async { (doorman.acks() >= enough).then_some(()) }).await;
        place = stack.stop().await;
        doorman.station_at(None);
    }
    let stack = Setup::new().on(&place).start().await;
    doorman.station_at(Some(stack.addr));
    let mut all = Work::default();
    for work in doorman.close().await {
        all.add(work);
    }
    let place = stack.stop().await;
    assert_eq!((&all.refused, &all.violations), (&vec![], &vec![]));
    let log = streams(&place.store(), (1..=EXAMS).map(WireId)).await;
    assert_eq!(check(&log, &all.acked), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "dropped without stop")]
async fn a_stack_that_is_dropped_accuses() {
    let _dropped = Setup::new().start().await;
}
