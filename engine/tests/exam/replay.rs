//! Deciding, folding and finishing: what must hold of every course that an exam can take.

use crate::consistency;
use crate::random::{begun, course, play};
use crate::rig::{Rig, issuer, kinds, name, person};
use engine::chain::verify;
use engine::exam::{Cameras, Command, Event, Exam, FoldError, Phase, Stamp};
use engine::{Record, Span};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The state after each record, rebuilt by its own fold from the first record.
fn at_every_prefix(rig: &Rig, live: &[Exam]) {
    for (n, exam) in live.iter().enumerate() {
        let folded = rig.refolded(n + 1);
        assert_eq!(folded.state_hash(), exam.state_hash(), "after record {}", n + 1);
        assert_eq!(folded, *exam);
    }
}

/// The live states after each of the newest records.
fn follow(live: &mut Vec<Exam>, records: &[Record]) {
    for record in &records[live.len()..] {
        let mut next = live.last().expect("a state").clone();
        let event = Event::from_record(record).expect("readable");
        next.apply(Stamp::of(record), &event);
        consistency::check_step(live.last().expect("a state"), &next);
        live.push(next);
    }
}

fn live_states(rig: &Rig) -> Vec<Exam> {
    let mut live = vec![rig.refolded(1)];
    follow(&mut live, &rig.records);
    live
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_course_is_consistent(mut rig in begun(), steps in course(120)) {
        let mut live = live_states(&rig);
        for step in &steps {
            let before = rig.exam.clone();
            let (who, command, accepted) = play(&mut rig, step);
            if !accepted {
                prop_assert_eq!(&before, &rig.exam, "{} {:?} was refused", who, command);
            }
            consistency::check(&rig.exam);
            follow(&mut live, &rig.records);
            prop_assert_eq!(live.last().map(Exam::state_hash), Some(rig.exam.state_hash()));
        }
        prop_assert_eq!(verify(&rig.records), Ok(rig.head.hash));
    }

    /// Nobody can bring an exam to where it cannot be ended.
    #[test]
    fn every_course_can_be_brought_to_an_end(mut rig in begun(), steps in course(80)) {
        for step in &steps {
            play(&mut rig, step);
        }
        finish(&mut rig);
        prop_assert!(rig.exam.phase.is_final());
        consistency::check(&rig.exam);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_crash_point_replays_to_the_same_state(mut rig in begun(), steps in course(60)) {
        let mut live = live_states(&rig);
        for step in &steps {
            play(&mut rig, step);
            follow(&mut live, &rig.records);
        }
        at_every_prefix(&rig, &live);
    }
}

/// Everybody does what is waited for.
pub fn finish(rig: &mut Rig) {
    rig.cameras = Cameras::Recording;
    let why = || "причина".to_owned();
    for _ in 0..64 {
        rig.now = rig.now + Span::secs(5);
        match rig.exam.phase {
            Phase::Planned | Phase::Synced => {
                drop(rig.must("operator", Command::Cancel { reason: why() }))
            }
            Phase::Gathering | Phase::Ready => {
                rig.must("chair", Command::RecordNoShow { reason: why() });
            }
            Phase::TheoryRunning => drop(rig.must("candidate", Command::SubmitTheory {})),
            Phase::TheoryScored | Phase::FailedTheory => {
                all_arrive(rig);
                rig.must("chair", Command::ConfirmTheory {});
            }
            Phase::PracticeAdmitted => {
                all_arrive(rig);
                rig.must("chair", Command::StartPractice {});
            }
            Phase::PracticeRunning => {
                all_arrive(rig);
                lock_what_is_awaited(rig);
            }
            Phase::PracticeScored => {
                let next = rig.exam.waits()[0].expert;
                rig.must(name(next), Command::Arrive {});
                rig.must(name(next), Command::VoteVerdict { passed: false, reason: Some(why()) });
            }
            Phase::ProtocolDraft => {
                let next = rig.exam.waits()[0].expert;
                rig.must(name(next), Command::SignProtocol { dissent: None });
            }
            Phase::Suspended => drop(rig.must("chair", Command::Resume {})),
            Phase::Completed | Phase::Aborted | Phase::Cancelled | Phase::NoShow => return,
        }
    }
    panic!("not finished: {:?}, waits {:?}", rig.exam.phase, rig.exam.waits());
}

fn all_arrive(rig: &mut Rig) {
    for member in rig.exam.plan.panel.clone() {
        rig.must(name(member.person), Command::Arrive {});
    }
}

/// The first one awaited marks as those before did, so that the marks agree, and locks.
fn lock_what_is_awaited(rig: &mut Rig) {
    let task = rig.exam.current_task().expect("a task").clone();
    let who = name(rig.exam.waits()[0].expert);
    let locks = rig.exam.practice.tasks[&task.id].locks.clone();
    for criterion in &task.criteria {
        let given = rig.exam.practice.tasks[&task.id].marks.get(&criterion.id);
        let locked = given.and_then(|by| by.iter().find(|(p, _)| locks.contains_key(p)));
        let value = locked.map_or(criterion.max, |(_, mark)| mark.value);
        let (task, criterion) = (task.id, criterion.id);
        rig.must(who, Command::PlaceMark { task, criterion, value, refers_at: None });
    }
    rig.must(who, Command::LockTask { task: task.id });
}

/// The random courses reach what they are meant to reach; else they would show nothing.
#[test]
fn random_courses_reach_every_phase_and_event() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut phases = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for _ in 0..150 {
        let mut rig = begun().new_tree(&mut runner).expect("an exam").current();
        let steps = course(120).new_tree(&mut runner).expect("a course").current();
        let prepared = rig.events.len();
        for step in &steps {
            play(&mut rig, step);
            *phases.entry(rig.exam.phase).or_insert(0) += 1;
        }
        for (kind, n) in kinds(&rig.events[prepared..]) {
            *seen.entry(kind).or_insert(0) += n;
        }
    }
    let missed: Vec<_> = Phase::ALL.iter().filter(|p| !phases.contains_key(p)).collect();
    assert!(missed.is_empty(), "{missed:?} of {phases:?}");
    let known = crate::events::kinds();
    // `planned` is the first event, and exams are moved in scenarios.
    let missed: Vec<_> = known
        .into_iter()
        .filter(|k| !seen.contains_key(k) && k != "planned" && k != "rescheduled")
        .collect();
    assert!(missed.is_empty(), "{missed:?} of {seen:?}");
}

#[test]
fn a_journal_with_a_hole_or_a_stranger_does_not_fold() {
    let rig = Rig::in_phase(Phase::TheoryRunning);
    let fold = |records: &[Record]| Exam::fold(records, rig.materials.clone()).map(|_| ());
    assert_eq!(fold(&[]), Err(FoldError::Empty));
    assert_eq!(fold(&rig.records[1..]), Err(FoldError::NotPlanned("synced".into())));
    let mut hole = rig.records.clone();
    hole.remove(4);
    assert_eq!(fold(&hole), Err(FoldError::Gap { expected: 5, found: 6 }));
    let mut unknown = rig.records.clone();
    unknown[3].kind = "teleported".into();
    assert!(matches!(fold(&unknown), Err(FoldError::Unreadable(u)) if u.seq == 4));
    let mut newer = rig.records.clone();
    newer[3].v = 2;
    let said = fold(&newer).expect_err("a newer version").to_string();
    assert_eq!(said, "record 4: event form_committed version 2 cannot be read: unknown version");
}

/// Without the rule that a suspension returns to where it began, the checker must complain.
#[test]
#[should_panic(expected = "returns to where it began")]
fn a_resume_to_another_phase_is_noticed() {
    let before = Rig::in_phase(Phase::Suspended).exam;
    let mut after = before.clone();
    (after.phase, after.suspended_from) = (Phase::Ready, None);
    consistency::check_step(&before, &after);
}

#[test]
#[should_panic(expected = "is no step")]
fn a_leap_is_noticed() {
    let before = Rig::in_phase(Phase::Ready).exam;
    let mut after = before.clone();
    after.phase = Phase::Completed;
    consistency::check_step(&before, &after);
}

#[test]
#[should_panic(expected = "waits for nobody")]
fn a_wait_for_nobody_is_noticed() {
    let mut rig = Rig::in_phase(Phase::PracticeScored);
    let reason = Some("причина".to_owned());
    rig.must("chair", Command::VoteVerdict { passed: true, reason });
    for who in ["expert1", "expert2"] {
        rig.exam.practice.votes.insert(person(who), (true, None));
    }
    consistency::check(&rig.exam);
}

/// A replayed exam decides as the live one: nothing that matters lies outside of the fold.
#[test]
fn a_replayed_exam_goes_on_as_the_live_one() {
    let mut rig = Rig::in_phase(Phase::PracticeRunning);
    rig.exam = rig.refolded(rig.records.len());
    finish(&mut rig);
    assert_eq!(rig.exam.phase, Phase::Completed);
    assert!(rig.act(&issuer("chair"), &Command::Resume {}).is_err());
}
