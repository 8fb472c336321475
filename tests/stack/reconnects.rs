//! 1,000 cut connections, and on top of them steps that are lost, doubled and reordered before
//! they are folded. At the end every observer has the state that the server has, and no gap was
//! silent.

use engine::exam::Role;
use engine::exam::view::Audience;
use engine::{Hash, PersonId, WireId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tests::client::{Client, Mangle, Tally};
use tests::load::{Doorman, Job, Work};
use tests::proxy::Proxy;
use tests::stack::{Setup, Stack};
use tests::wait::{patiently, pause};
use tests::{Draws, SaysSeed, an_exam, asked_seed, wait_until};

/// Connections cut.
const CUTS: u64 = 1_000;
/// Observers; each follows the board and two exams.
const OBSERVERS: u64 = 40;
/// Exams under load.
const EXAMS: u64 = 8;
/// A connection is cut after at most so many bytes.
const BYTES_MAX: u64 = 24_000;
/// A candidate answers so often.
const REST: Duration = Duration::from_millis(25);

fn answers(n: u64) -> engine::exam::Command {
    actors::testing::plans::answer(n % 4 + 1, n / 4 % 2 + 1)
}

async fn stage(doorman: &mut Doorman) -> Stack {
    let stack = Setup::new().with(|config| config.actors.digest_ms = 200).start().await;
    stack.keep_small_tools().await;
    for exam in (1..=EXAMS).map(an_exam) {
        stack.in_theory(&exam).await;
        let cast = exam.cast();
        let token = stack.token_of(&cast.candidate());
        doorman.over_http(Job { rest: REST, ..Job::new(cast.exam, token, answers) });
    }
    stack
}

/// What an observer has at the end.
struct Seen {
    streams: Vec<(String, u64, String, Tally)>,
    violations: Vec<String>,
    connections: u64,
    mangled: [u64; 3],
}

/// Follows three streams over a line that breaks, until it is told that the line is whole.
async fn observe(mut client: Client, whole: Arc<AtomicBool>, agreed: Arc<AtomicU64>) -> Seen {
    while !whole.load(Ordering::Acquire) {
        if !client.is_connected() && client.try_connect().await.is_err() {
            client.drop_connection();
            pause(Duration::from_millis(5)).await;
            continue;
        }
        // A cut connection is made anew.
        let _ = client.next_within(Duration::from_millis(50)).await;
    }
    let mangled = client.mangle.take().map_or([0; 3], |mangle| mangle.done);
    // This connection may still be one that is cut.
    client.drop_connection();
    client.connect().await;
    let names: Vec<String> = client.streams();
    let mut streams = Vec::new();
    for name in names {
        client.settle(&name).await;
        let fold = client.fold(&name);
        streams.push((name, fold.seq, fold.digest(), fold.tally.clone()));
    }
    agreed.fetch_add(1, Ordering::AcqRel);
    let (violations, connections) = (client.violations(), client.connections);
    Seen { streams, violations, connections, mangled }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reconnects_leave_no_silent_gap() {
    let seed = asked_seed().unwrap_or(7);
    let _says = SaysSeed(seed);
    let draws = Draws::new(seed);
    let mut doorman = Doorman::new();
    let stack = stage(&mut doorman).await;
    let proxy = Proxy::before(stack.addr, draws.part(1)).await;
    let (whole, agreed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut observers = Vec::new();
    for n in 0..OBSERVERS {
        let token = stack.token(PersonId(50_000 + n), Role::Observer);
        let first = format!("exam:{}", n % EXAMS + 1);
        let second = format!("exam:{}", (n + 3) % EXAMS + 1);
        let mut client = Client::following(proxy.addr, &token, &["board", &first, &second]).await;
        client.mangle = Some(Mangle::new(draws.part(100 + n)));
        observers.push(tokio::spawn(observe(client, whole.clone(), agreed.clone())));
    }
    proxy.cut_within(BYTES_MAX);
    proxy.cut_open();
    doorman.station_at(Some(stack.addr));
    wait_until("a thousand cuts", || async { (proxy.cuts() >= CUTS).then_some(()) }).await;
    let mut work = Work::default();
    for one in doorman.close().await {
        work.add(one);
    }
    assert!(work.refused.is_empty(), "{:?}", work.refused);
    at_rest(&stack).await;
    proxy.cut_within(0);
    whole.store(true, Ordering::Release);

    let mut sum = Tally::default();
    let (mut connections, mut mangled) = (0, [0; 3]);
    for observer in observers {
        let seen = patiently("an observer", observer).await.expect("an observer");
        assert_eq!(seen.violations, Vec::<String>::new());
        connections += seen.connections;
        for (all, own) in mangled.iter_mut().zip(seen.mangled) {
            *all += own;
        }
        for (name, seq, digest, tally) in seen.streams {
            assert_eq!((seq, digest), at_the_server(&stack, &name).await, "{name}");
            add(&mut sum, &tally);
        }
    }
    eprintln!(
        "{} cuts, {connections} connections; lost, doubled, late: {mangled:?}; {} steps, {} known, \
         {} gaps named, {} resumed, {} snapshots, {} digests agreed",
        proxy.cuts(),
        sum.applied,
        sum.stale,
        sum.gaps,
        sum.recovered,
        sum.snapshots,
        sum.agreed
    );
    assert!(connections > CUTS, "every cut was followed by a new connection");
    assert!(mangled.iter().all(|n| *n > 0) && sum.gaps > 0 && sum.recovered > 0 && sum.stale > 0);
    assert_eq!(sum.mismatches, 0);
    stack.stop().await;
}

/// The board's last tick is over.
async fn at_rest(stack: &Stack) {
    wait_until("the board to come to rest", || async {
        let before = stack.app.board.snapshot().seq;
        pause(Duration::from_millis(700)).await;
        (stack.app.board.snapshot().seq == before).then_some(())
    })
    .await;
}

fn add(sum: &mut Tally, tally: &Tally) {
    sum.snapshots += tally.snapshots;
    sum.recovered += tally.recovered;
    sum.applied += tally.applied;
    sum.stale += tally.stale;
    sum.gaps += tally.gaps;
    sum.agreed += tally.agreed;
    sum.mismatches += tally.mismatches;
}

async fn at_the_server(stack: &Stack, name: &str) -> (u64, String) {
    let snapshot = match name.strip_prefix("exam:") {
        None => stack.app.board.snapshot(),
        Some(number) => {
            let exam = WireId(number.parse().expect("a number"));
            stack.app.exams.snapshot(exam, Audience::Staff).await.expect("a snapshot")
        }
    };
    (snapshot.seq, Hash::of_json(&snapshot.state).short())
}
