//! The time ledger against a calculator that was written differently, and in any order.

use crate::rig::{Rig, issuer};
use engine::exam::{Command, Phase};
use engine::ledger::{Effect, Entry, Ledger, Stage};
use engine::{Moment, PersonId, Span};
use proptest::prelude::*;

/// What happens to a clock.
#[derive(Clone, Debug)]
enum Turn {
    Enter(Stage, Effect),
    Run(Stage),
    Stop,
}

fn stage() -> impl Strategy<Value = Stage> {
    prop_oneof![Just(Stage::Theory), Just(Stage::Practice)]
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        (100..=500_u32).prop_map(|percent| Effect::Multiply { percent }),
        (1..=1_440_u32).prop_map(|minutes| Effect::Grant { minutes }),
        (1..=604_800_000_i64).prop_map(|lost| Effect::Outage { lost: Span(lost) }),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        4 => (stage(), effect()).prop_map(|(stage, effect)| Turn::Enter(stage, effect)),
        3 => stage().prop_map(Turn::Run),
        2 => Just(Turn::Stop),
    ]
}

fn turns() -> impl Strategy<Value = Vec<(i64, Turn)>> {
    // Sometimes the clock is set back.
    let wait = prop_oneof![8 => 0..5_000_000_i64, 1 => -86_400_000..0_i64];
    prop::collection::vec((wait, turn()), 0..60)
}

fn entry(stage: Stage, effect: Effect, at: Moment) -> Entry {
    Entry { stage, effect, approver: Some(PersonId(1)), reason: "причина".into(), at }
}

/// The same rule from its description: hundredths of milliseconds, a list of stretches, i128.
struct Calculator {
    base_ms: i128,
    stage: Stage,
    effects: Vec<Effect>,
    stretches: Vec<(i128, Option<i128>)>,
}

impl Calculator {
    fn new(stage: Stage, base_minutes: u32) -> Calculator {
        let base_ms = i128::from(base_minutes) * 60_000;
        Calculator { base_ms, stage, effects: Vec::new(), stretches: Vec::new() }
    }

    fn take(&mut self, at: Moment, turn: &Turn) {
        let at = i128::from(at.0);
        match turn {
            Turn::Enter(stage, effect) if *stage == self.stage => self.effects.push(*effect),
            Turn::Enter(..) => {}
            Turn::Run(stage) => {
                self.close(at);
                if *stage == self.stage {
                    self.stretches.push((at, None));
                }
            }
            Turn::Stop => self.close(at),
        }
    }

    fn close(&mut self, at: i128) {
        if let Some((_, end @ None)) = self.stretches.last_mut() {
            *end = Some(at);
        }
    }

    fn allowed(&self) -> i128 {
        let hundredths: i128 = self
            .effects
            .iter()
            .map(|effect| match effect {
                Effect::Multiply { percent } => self.base_ms * (i128::from(*percent) - 100),
                Effect::Grant { minutes } => i128::from(*minutes) * 6_000_000,
                Effect::Outage { lost } => i128::from(lost.0) * 100,
            })
            .sum();
        (self.base_ms * 100 + hundredths) / 100
    }

    fn remaining(&self, now: Moment) -> i128 {
        let now = i128::from(now.0);
        let used = self.stretches.iter().map(|(from, to)| (to.unwrap_or(now) - from).max(0));
        (self.allowed() - used.sum::<i128>()).max(0)
    }
}

fn take(ledger: &mut Ledger, at: Moment, turn: &Turn) {
    match turn {
        Turn::Enter(stage, effect) => ledger.enter(entry(*stage, *effect, at)),
        Turn::Run(stage) => ledger.run(*stage, at),
        Turn::Stop => ledger.stop(at),
    }
}

/// Whether a rule over entries gives the same time in every order of them.
fn commutes(rule: impl Fn(&[Effect]) -> i64, effects: &[Effect], order: &[usize]) -> bool {
    let moved: Vec<_> = order.iter().map(|i| effects[*i]).collect();
    rule(effects) == rule(&moved)
}

fn by_ledger(effects: &[Effect]) -> i64 {
    let mut ledger = Ledger::new(30, 60);
    for effect in effects {
        ledger.enter(entry(Stage::Theory, *effect, Moment(0)));
    }
    ledger.allowed(Stage::Theory).0
}

fn effects_in_two_orders() -> impl Strategy<Value = (Vec<Effect>, Vec<usize>)> {
    prop::collection::vec(effect(), 2..20).prop_flat_map(|effects| {
        let order: Vec<_> = (0..effects.len()).collect();
        (Just(effects), Just(order).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn agrees_with_the_calculator(theory in 1..1_440_u32, practice in 1..1_440_u32, turns in turns()) {
        let mut ledger = Ledger::new(theory, practice);
        let mut calculators =
            [Calculator::new(Stage::Theory, theory), Calculator::new(Stage::Practice, practice)];
        let mut now = Moment(1_772_409_600_000);
        for (wait, turn) in &turns {
            now = now + Span(*wait);
            take(&mut ledger, now, turn);
            for calculator in &mut calculators {
                calculator.take(now, turn);
            }
            for later in [0, 1, 59_999, 100_000_000] {
                let then = now + Span(later);
                for calculator in &calculators {
                    let remaining = ledger.remaining(calculator.stage, then);
                    prop_assert_eq!(i128::from(remaining.0), calculator.remaining(then));
                }
            }
            if let (Some(run), Some(end)) = (ledger.running(), ledger.deadline()) {
                prop_assert_eq!(ledger.remaining(run.stage, end), Span::ZERO);
                let before = Moment(end.0 - 1);
                let left = ledger.remaining(run.stage, before);
                prop_assert!(before < run.since || left == Span(1), "left {:?}", left);
            }
        }
    }

    #[test]
    fn entries_commute((effects, order) in effects_in_two_orders()) {
        prop_assert!(commutes(by_ledger, &effects, &order));
    }

    /// The same through commands: whoever is first, the candidate has the same time.
    #[test]
    fn commands_of_time_commute((effects, order) in effects_in_two_orders()) {
        let give = |order: &[usize]| {
            let mut rig = Rig::in_phase(Phase::TheoryRunning);
            for i in order {
                let reason = "причина".to_owned();
                let command = match effects[*i] {
                    Effect::Multiply { percent } => {
                        Command::Accommodate { percent: percent.max(101), reason }
                    }
                    Effect::Grant { minutes } => Command::GrantTime { minutes, reason },
                    Effect::Outage { lost } => Command::AcceptOutage { lost, reason },
                };
                rig.must(if i % 2 == 0 { "chair" } else { "operator" }, command);
            }
            rig.exam.next_deadline()
        };
        let first: Vec<_> = (0..effects.len()).collect();
        prop_assert_eq!(give(&first), give(&order));
    }
}

/// Negative control: a rule that multiplies whatever has come together so far depends on the
/// order, and the same check finds it out.
#[test]
fn a_rule_that_does_not_commute_is_noticed() {
    let running_total = |effects: &[Effect]| {
        effects.iter().fold(30 * 60_000_i64, |total, effect| match effect {
            Effect::Multiply { percent } => total * i64::from(*percent) / 100,
            Effect::Grant { minutes } => total + i64::from(*minutes) * 60_000,
            Effect::Outage { lost } => total + lost.0,
        })
    };
    let effects = [Effect::Multiply { percent: 150 }, Effect::Grant { minutes: 10 }];
    assert!(!commutes(running_total, &effects, &[1, 0]));
    assert!(commutes(by_ledger, &effects, &[1, 0]));
}

/// Only the candidate's own running stage consumes its time.
#[test]
fn nothing_but_the_running_stage_consumes() {
    let mut rig = Rig::in_phase(Phase::TheoryRunning);
    let left = |rig: &Rig, stage| rig.exam.ledger.remaining(stage, rig.now).0 / 1_000;
    rig.now = rig.now + Span::minutes(10);
    assert_eq!(left(&rig, Stage::Theory), 20 * 60);
    assert_eq!(left(&rig, Stage::Practice), 60 * 60);
    rig.answers(usize::MAX);
    rig.must("candidate", Command::SubmitTheory {});
    rig.now = rig.now + Span::minutes(50);
    rig.must("chair", Command::ConfirmTheory {});
    assert_eq!(left(&rig, Stage::Theory), 20 * 60);
    assert_eq!(left(&rig, Stage::Practice), 60 * 60);
    rig.must("chair", Command::StartPractice {});
    rig.now = rig.now + Span::minutes(15);
    assert_eq!(left(&rig, Stage::Theory), 20 * 60);
    assert_eq!(left(&rig, Stage::Practice), 45 * 60);
}

/// A third of a minute more is a third of a minute more: percents of whole minutes are exact.
#[test]
fn percents_are_exact() {
    for minutes in 1..=180_u32 {
        for percent in 100..=200_u32 {
            let mut ledger = Ledger::new(minutes, 1);
            ledger.enter(entry(Stage::Theory, Effect::Multiply { percent }, Moment(0)));
            let exact = i64::from(minutes) * i64::from(percent) * 600;
            assert_eq!(ledger.allowed(Stage::Theory), Span(exact), "{percent}% of {minutes}");
        }
    }
}

/// However far the entries go, the moments stay moments.
#[test]
fn the_largest_ledger_does_not_overflow() {
    let mut ledger = Ledger::new(u32::MAX, 0);
    for _ in 0..engine::ledger::ENTRIES_MAX {
        ledger.enter(entry(Stage::Theory, Effect::Multiply { percent: 500 }, Moment(0)));
        ledger.enter(entry(Stage::Theory, Effect::Outage { lost: Span(i64::MAX) }, Moment(0)));
    }
    ledger.run(Stage::Theory, Moment(i64::MAX - 5));
    assert_eq!(ledger.deadline(), Some(Moment(i64::MAX)));
    assert!(ledger.remaining(Stage::Theory, Moment(i64::MAX)) > Span::ZERO);
}

#[test]
fn the_ledger_of_an_exam_is_not_endless() {
    let mut rig = Rig::in_phase(Phase::TheoryRunning);
    let more = Command::GrantTime { minutes: 1, reason: "ещё".into() };
    for _ in 0..engine::ledger::ENTRIES_MAX {
        rig.must("operator", more.clone());
    }
    let refused = rig.act(&issuer("operator"), &more).map_err(|e| e.code());
    assert_eq!(refused, Err("limit"));
}
