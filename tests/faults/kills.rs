//! kill -9 of the real program at random instants under load. Whatever a client saw acknowledged
//! is in the journal exactly once, at the number that was said, in an unbroken chain; and whoever
//! followed a stream over all the deaths has the state that the journal gives.

use engine::WireId;
use engine::exam::{Command, ExamClass};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tests::checker::check;
use tests::journal::streams;
use tests::load::{Doorman, Job, Work};
use tests::process::Nsk;
use tests::stack::{Place, Setup};
use tests::wait::pause;
use tests::{AnExam, Draws, SaysSeed, an_exam, asked_seed, wait_until};

/// Deaths.
const KILLS: u32 = 100;
/// Every so many deaths the program is only held, and goes on beside its successor for a moment.
const HELD_EVERY: u32 = 20;
/// In so many of 100 deaths it dies while it starts.
const STARTING_PERCENT: u64 = 20;
/// A death under load comes after at most so many acknowledgements.
const ACKS_MAX: u64 = 60;
/// One at start comes within so many ms.
const START_MS_MAX: u64 = 120;
/// Comments that one person writes: an exam takes a thousand.
const COMMENTS_MAX: u64 = 900;

fn theory() -> Vec<AnExam> {
    (1..=3).map(|n| an_exam(n).of_class(ExamClass::Theory)).collect()
}

fn practice() -> Vec<AnExam> {
    (4..=6).map(|n| an_exam(n).of_class(ExamClass::Practice)).collect()
}

pub(crate) fn numbers() -> Vec<WireId> {
    theory().iter().chain(&practice()).map(|exam| exam.cast().exam).collect()
}

/// Exams under way in a directory, and people with valid tokens who have yet to come.
pub(crate) async fn prepare(place: &Place, doorman: &mut Doorman) {
    let stack = Setup::new().on(place).start().await;
    stack.keep_small_tools().await;
    for exam in theory() {
        stack.in_theory(&exam).await;
        let cast = exam.cast();
        let token = stack.token_of(&cast.candidate());
        doorman.over_socket(job(&cast.exam, &token, 1, saves));
        doorman.over_http(job(&cast.exam, &token, 1, flags));
        doorman.over_http(job(&cast.exam, &stack.token_of(&cast.chair()), 1, notes));
    }
    for exam in practice() {
        stack.ready(&exam).await;
        let cast = exam.cast();
        stack.give(cast.exam, (cast.chair(), Command::StartPractice {})).await;
        for expert in 0..3 {
            let token = stack.token_of(&cast.expert(expert));
            match expert {
                0 => doorman.over_http(job(&cast.exam, &token, 1, marks)),
                _ => doorman.over_socket(job(&cast.exam, &token, 4, marks)),
            }
        }
    }
    stack.stop().await;
}

fn job(exam: &WireId, token: &str, depth: usize, next: fn(u64) -> Command) -> Job {
    Job { depth, ..Job::new(*exam, token.to_owned(), next) }
}

/// Another variant each time that a question's turn comes.
fn saves(n: u64) -> Command {
    actors::testing::plans::answer(n % 4 + 1, n / 4 % 2 + 1)
}

fn flags(n: u64) -> Command {
    let question = engine::QuestionId(n % 4 + 1);
    Command::FlagQuestion { question, flagged: (n / 4).is_multiple_of(2) }
}

/// Comments, and marks of time granted when there are enough of them.
fn notes(n: u64) -> Command {
    if n < COMMENTS_MAX {
        return actors::testing::plans::comment(&format!("comment {n}"));
    }
    let data = serde_json::json!({ "n": n });
    Command::NoteAction { a_type: "seen".to_owned(), data }
}

/// A mark is an event even when its value is the one before.
fn marks(n: u64) -> Command {
    actors::testing::plans::mark(1, i64::try_from(n % 3 + 1).unwrap_or(1))
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn start(data: &Path) -> Nsk {
    match Nsk::serve(data, None, anywhere()).await {
        Ok(nsk) => nsk,
        Err(said) => panic!("nsk does not start: {said:?}"),
    }
}

/// One life of the program, and its death.
async fn live_and_die(data: &Path, doorman: &Doorman, draws: &mut Draws, held: bool) {
    let path = data.to_string_lossy();
    if !held && draws.chance(STARTING_PERCENT) {
        let arguments = ["serve", "--data", &path, "--listen", "127.0.0.1:0"];
        let after = Duration::from_millis(draws.below(START_MS_MAX));
        return Nsk::start_and_kill(&arguments, after).await;
    }
    let mut nsk = start(data).await;
    doorman.station_at(Some(nsk.addr));
    let enough = doorman.acks() + draws.below(ACKS_MAX);
    wait_until("commands to be acknowledged", || async {
        (doorman.acks() >= enough).then_some(())
    })
    .await;
    if held {
        outlive(data, doorman, &nsk).await;
    }
    nsk.kill_9().await;
}

/// Holds a process, starts its successor as if it were dead, and lets it go on: it finds itself
/// replaced. Both die.
async fn outlive(data: &Path, doorman: &Doorman, old: &Nsk) {
    old.signal(Signal::STOP);
    // The lock of a process that only seems dead is in the way: whoever is sure removes it.
    std::fs::remove_file(data.join("nsk.lock")).expect("a lock file");
    let (mut new, ()) = tokio::join!(start(data), async {
        pause(Duration::from_millis(100)).await;
        old.signal(Signal::CONT);
    });
    doorman.station_at(Some(new.addr));
    let enough = doorman.acks() + 20;
    wait_until("commands to be acknowledged by the successor", || async {
        (doorman.acks() >= enough).then_some(())
    })
    .await;
    new.kill_9().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_by_100_deaths() {
    let seed = asked_seed().unwrap_or(20_260_302);
    let _says = SaysSeed(seed);
    let mut draws = Draws::new(seed);
    let place = Place::without_server();
    let mut doorman = Doorman::new();
    prepare(&place, &mut doorman).await;
    for death in 1..=KILLS {
        let held = death.is_multiple_of(HELD_EVERY);
        live_and_die(place.data(), &doorman, &mut draws, held).await;
        doorman.station_at(None);
    }

    let nsk = start(place.data()).await;
    doorman.station_at(Some(nsk.addr));
    let works = doorman.close().await;
    assert!(nsk.stop().await.success(), "the last process stops cleanly");

    let log = streams(place.data(), numbers()).await;
    let mut all = Work::default();
    for work in works {
        if let Some((stream, seq, _)) = &work.digest {
            let records = log.iter().find(|(exam, _)| format!("exam:{exam}") == *stream);
            let records = records.map_or(0, |(_, found)| found.records.len());
            assert!(*seq <= records as u64, "{stream} was seen at {seq} of {records}");
        }
        all.add(work);
    }
    eprintln!(
        "{KILLS} deaths, {} commands acknowledged, {} of them sent again after they were applied, \
         {} connections",
        all.acked.len(),
        all.dups,
        all.connections
    );
    assert_eq!(check(&log, &all.acked), Vec::<String>::new());
    assert_eq!(all.violations, Vec::<String>::new());
    assert_eq!(all.refused, Vec::<String>::new());
    assert!(all.acked.len() > 500, "too little was done under load");
    assert!(all.dups > 0, "no death fell between a commit and its answer");
}

/// The same run, checked against a journal from which one acknowledged record was taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lost_one_command_would_be_noticed() {
    let place = Place::without_server();
    let mut doorman = Doorman::new();
    prepare(&place, &mut doorman).await;
    live_and_die(place.data(), &doorman, &mut Draws::new(3), false).await;
    let nsk = start(place.data()).await;
    doorman.station_at(Some(nsk.addr));
    let works = doorman.close().await;
    assert!(nsk.stop().await.success());
    let mut log = streams(place.data(), numbers()).await;
    let acked: Vec<_> = works.into_iter().flat_map(|work| work.acked).collect();
    assert_eq!(check(&log, &acked), Vec::<String>::new());
    let last = acked.iter().max_by_key(|ack| (ack.exam, ack.seq)).expect("something was done");
    let stream = log.get_mut(&last.exam).expect("its stream");
    stream.records.truncate(usize::try_from(last.seq).expect("small") - 1);
    let wrong = check(&log, &acked);
    assert!(wrong.iter().any(|w| w.contains("is lost")), "{wrong:?}");
}
