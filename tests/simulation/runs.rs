//! Runs by seed, and the runs that must fail.

use crate::adversary::{look_after, torment};
use crate::audit::audit;
use crate::history::Told;
use crate::observers::{Observer, What, come_to_rest, observe};
use crate::people::{PARTS, participate};
use crate::world::{Sabotage, World};
use actors::testing::{in_paused_system, pass};
use engine::Hash;
use engine::exam::view::Audience;
use futures_util::future::join_all;
use std::rc::Rc;
use std::time::Duration;
use tests::{SaysSeed, asked_seed};
use tokio::task::spawn_local;

/// Exams of one run.
const EXAMS: u64 = 2;
/// A run that takes longer has come to a standstill. Paused time: it costs nothing to wait.
const RUN_MAX: Duration = Duration::from_secs(1_800);
/// Without a fence an exam may never come to rest: that is noticed sooner.
const SABOTAGED_MAX: Duration = Duration::from_secs(120);
/// Seeds of one test; there are [`TESTS`] of them, so that both cores have work.
const SEEDS: u64 = 50;
const TESTS: u64 = 4;
/// Reconnects that all seeds together must have forced.
const RECONNECTS_MIN: u64 = 1_000;

/// What a run put its clients through. All of it must happen, or the runs show little.
#[derive(Clone, Copy, Default, Debug)]
struct Trials {
    acked: u64,
    refused: u64,
    reconnects: u64,
    lost: u64,
    gaps: u64,
    lagged: u64,
    quarantines: u64,
}

impl Trials {
    fn of(world: &World, observers: &[Observer]) -> Trials {
        let told = world.history.all();
        let sum = |f: fn(&Observer) -> u64| observers.iter().map(f).sum();
        Trials {
            acked: told.iter().filter(|t| t.acked.is_some()).count() as u64,
            refused: told.iter().filter(|t| t.refused.is_some()).count() as u64,
            reconnects: world.reconnects.get(),
            lost: sum(|o| o.lost),
            gaps: sum(|o| o.gaps),
            lagged: sum(|o| o.lagged),
            quarantines: world.quarantines.get(),
        }
    }

    fn add(&mut self, more: Trials) {
        self.acked += more.acked;
        self.refused += more.refused;
        self.reconnects += more.reconnects;
        self.lost += more.lost;
        self.gaps += more.gaps;
        self.lagged += more.lagged;
        self.quarantines += more.quarantines;
    }

    /// Whether so many seeds were enough of a trial.
    fn check(&self, seeds: u64) {
        assert!(self.reconnects * SEEDS * TESTS >= RECONNECTS_MIN * seeds, "{self:?}");
        assert!(self.acked > seeds * 40 && self.refused > seeds, "{self:?}");
        assert!(self.lost > seeds && self.gaps > seeds, "{self:?}");
        assert!(self.lagged > 0 && self.quarantines > 0, "{self:?}");
    }
}

/// What a run came to.
struct Outcome {
    wrong: Vec<String>,
    trials: Trials,
    /// Of all that was journalled and told.
    fingerprint: Hash,
}

fn run(seed: u64, sabotage: Sabotage) -> Outcome {
    let _says = SaysSeed(seed);
    in_paused_system(async move {
        let world = Rc::new(World::new(seed, EXAMS, sabotage).await);
        let max = if sabotage.no_fence { SABOTAGED_MAX } else { RUN_MAX };
        match tokio::time::timeout(max, live(&world)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome {
                wrong: vec![format!("standstill: {:?}", unanswered(&world))],
                trials: Trials::default(),
                fingerprint: fingerprint(&world),
            },
        }
    })
}

fn unanswered(world: &World) -> Vec<Told> {
    let open = |t: &Told| t.acked.is_none() && t.refused.is_none();
    world.history.all().into_iter().filter(open).collect()
}

async fn live(world: &Rc<World>) -> Outcome {
    let mut parts = 0;
    let mut draws = || {
        parts += 1;
        world.draws.part(parts)
    };
    let torment = spawn_local(torment(world.clone(), draws()));
    let look_after = spawn_local(look_after(world.clone(), draws()));
    let mut looking = vec![spawn_local(observe(world.clone(), What::Board, draws()))];
    let mut acting = Vec::new();
    for cast in &world.casts {
        let expert = Audience::Expert(cast.panel[1]);
        for audience in [Audience::Staff, Audience::Staff, Audience::Candidate, expert] {
            let what = What::Exam(cast.exam, audience);
            looking.push(spawn_local(observe(world.clone(), what, draws())));
        }
        for part in PARTS {
            let acts = participate(world.clone(), cast.clone(), part, draws());
            acting.push(spawn_local(acts));
        }
    }
    for ended in join_all(acting).await {
        ended.expect("a participant does not fail");
    }
    world.closing.set(true);
    torment.await.expect("the adversary does not fail");
    settle(world).await;
    let mut observers = Vec::new();
    for ended in join_all(looking).await {
        observers.push(ended.expect("an observer does not fail"));
    }
    let mut wrong = Vec::new();
    for observer in &mut observers {
        wrong.extend(come_to_rest(world, observer).await.err());
    }
    look_after.abort();
    wrong.extend(audit(world, &observers));
    Outcome { wrong, trials: Trials::of(world, &observers), fingerprint: fingerprint(world) }
}

/// Nothing goes wrong any more: quarantined exams are released, timers fire, ticks are sent.
async fn settle(world: &World) {
    let exams: Vec<_> = world.casts.iter().map(|cast| cast.exam).collect();
    world.quarantined.borrow_mut().extend(exams);
    pass(10_000).await;
}

fn fingerprint(world: &World) -> Hash {
    let mut all = Vec::new();
    for cast in &world.casts {
        let records = world.records(cast.exam);
        all.extend(records.last().map(|r| r.hash.to_string()));
    }
    all.extend(world.history.all().iter().map(|t| format!("{t:?}")));
    Hash::of(&[all.join("\n").as_bytes()])
}

/// A quarter of all seeds, or the one that was asked for.
fn quarter(n: u64) {
    let first = n * SEEDS;
    let seeds = asked_seed().map_or(first..first + SEEDS, |seed| seed..seed + 1);
    let mut trials = Trials::default();
    for seed in seeds {
        let outcome = run(seed, Sabotage::default());
        assert!(outcome.wrong.is_empty(), "seed {seed}: {:#?}", outcome.wrong);
        trials.add(outcome.trials);
    }
    match asked_seed() {
        Some(seed) => println!("seed {seed}: {trials:?}"),
        None => trials.check(SEEDS),
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nobody_is_deceived_1() {
    quarter(0);
}

#[test]
fn nothing_acknowledged_is_lost_and_nobody_is_deceived_2() {
    quarter(1);
}

#[test]
fn nothing_acknowledged_is_lost_and_nobody_is_deceived_3() {
    quarter(2);
}

#[test]
fn nothing_acknowledged_is_lost_and_nobody_is_deceived_4() {
    quarter(3);
}

#[test]
fn a_seed_is_one_run() {
    for seed in [7, 8] {
        let (one, two) = (run(seed, Sabotage::default()), run(seed, Sabotage::default()));
        assert_eq!(one.fingerprint, two.fingerprint, "seed {seed}");
    }
    let other = run(9, Sabotage::default());
    assert_ne!(run(7, Sabotage::default()).fingerprint, other.fingerprint);
}

#[test]
fn a_client_that_ignores_gaps_is_caught() {
    for seed in 0..4 {
        let blind = Sabotage { blind_observers: true, ..Sabotage::default() };
        let wrong = run(seed, blind).wrong;
        let caught = wrong.iter().filter(|w| w.contains("took another state")).count();
        assert!(caught > 0, "seed {seed}: {wrong:#?}");
    }
}

#[test]
fn a_log_without_unique_keys_and_fence_is_caught() {
    let open = Sabotage { no_fence: true, ..Sabotage::default() };
    let caught = (0..8).filter(|seed| !run(*seed, open).wrong.is_empty()).count();
    assert!(caught >= 6, "two owners wrote side by side and only {caught} of 8 runs noticed");
}
