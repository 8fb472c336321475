//! What holds of every state of an exam, written down once more from the rules.

use engine::exam::{Exam, Phase, WaitFor};
use engine::ledger::Stage;
use std::collections::BTreeSet;

/// The steps between phases that the rules of an exam allow.
pub const STEPS: [(Phase, Phase); 36] = [
    (Phase::Planned, Phase::Synced),
    (Phase::Planned, Phase::Gathering),
    (Phase::Synced, Phase::Gathering),
    (Phase::Gathering, Phase::Ready),
    (Phase::Gathering, Phase::NoShow),
    (Phase::Ready, Phase::NoShow),
    (Phase::Ready, Phase::TheoryRunning),
    // An exam without theory.
    (Phase::Ready, Phase::PracticeRunning),
    (Phase::TheoryRunning, Phase::TheoryScored),
    (Phase::TheoryRunning, Phase::FailedTheory),
    // The chair lets the candidate go on.
    (Phase::TheoryScored, Phase::TheoryRunning),
    (Phase::FailedTheory, Phase::TheoryRunning),
    (Phase::TheoryScored, Phase::PracticeAdmitted),
    // An exam without practice.
    (Phase::TheoryScored, Phase::ProtocolDraft),
    (Phase::FailedTheory, Phase::ProtocolDraft),
    (Phase::PracticeAdmitted, Phase::PracticeRunning),
    (Phase::PracticeRunning, Phase::PracticeScored),
    (Phase::PracticeScored, Phase::ProtocolDraft),
    (Phase::ProtocolDraft, Phase::Completed),
    (Phase::Ready, Phase::Suspended),
    (Phase::TheoryRunning, Phase::Suspended),
    (Phase::TheoryScored, Phase::Suspended),
    (Phase::FailedTheory, Phase::Suspended),
    (Phase::PracticeAdmitted, Phase::Suspended),
    (Phase::PracticeRunning, Phase::Suspended),
    (Phase::Suspended, Phase::Ready),
    (Phase::Suspended, Phase::TheoryRunning),
    (Phase::Suspended, Phase::TheoryScored),
    (Phase::Suspended, Phase::FailedTheory),
    (Phase::Suspended, Phase::PracticeAdmitted),
    (Phase::Suspended, Phase::PracticeRunning),
    (Phase::Suspended, Phase::Aborted),
    (Phase::Planned, Phase::Cancelled),
    (Phase::Synced, Phase::Cancelled),
    (Phase::Gathering, Phase::Cancelled),
    (Phase::Ready, Phase::Cancelled),
];

/// The phase may stay, or move along one of the steps; a suspension returns to where it came from.
pub fn check_step(before: &Exam, after: &Exam) {
    let (from, to) = (before.phase, after.phase);
    assert!(from == to || STEPS.contains(&(from, to)), "{from:?} to {to:?} is no step");
    if from == Phase::Suspended && to != from && to != Phase::Aborted {
        assert_eq!(before.suspended_from, Some(to), "a suspension returns to where it began");
    }
}

/// Panics with what does not hold.
pub fn check(exam: &Exam) {
    course(exam);
    clock(exam);
    marks(exam);
    endings(exam);
    waits(exam);
}

fn course(exam: &Exam) {
    let panel: BTreeSet<_> = exam.plan.panel.iter().map(|m| m.person).collect();
    assert_eq!(exam.phase == Phase::Suspended, exam.suspended_from.is_some());
    assert!(exam.present.keys().all(|p| panel.contains(p)), "only the panel is present");
    assert!(exam.identity.keys().all(|p| panel.contains(p)), "only the panel checks identity");
    let theory = exam.plan.class.has_theory();
    let opened = exam.opened_at.is_some();
    assert_eq!(exam.theory.seed.is_some(), opened && theory, "the seed is drawn at the opening");
    assert_eq!(exam.theory.commitment, exam.theory.seed.as_ref().map(|s| s.commitment()));
    assert_eq!(exam.theory.form_hash, exam.theory.form.as_ref().map(|f| f.hash()));
    if exam.theory.started_at.is_none() {
        assert!(exam.theory.answers.is_empty() && exam.theory.result.is_none());
    }
    if exam.practice.started_at.is_none() {
        assert!(exam.practice.tasks.is_empty() && exam.practice.scored.is_none());
    }
    let after_theory = exam.practice.started_at.is_some() && theory;
    assert!(!after_theory || exam.theory.result.is_some_and(|r| r.passed));
}

fn clock(exam: &Exam) {
    let running = exam.ledger.running().map(|r| r.stage);
    let expected = match exam.phase {
        Phase::TheoryRunning => Some(Stage::Theory),
        Phase::PracticeRunning if !exam.practice.time_over => Some(Stage::Practice),
        _ => None,
    };
    assert_eq!(running, expected, "the clock in {:?}", exam.phase);
    assert_eq!(exam.next_deadline().is_some(), running.is_some());
}

fn marks(exam: &Exam) {
    let Some(tool) = exam.practice_tool() else { return };
    let mut open = false;
    for task in &tool.tasks {
        let Some(state) = exam.practice.tasks.get(&task.id) else {
            open = true;
            continue;
        };
        assert!(!open || state.marks.is_empty(), "tasks are marked in their order");
        for expert in state.locks.keys() {
            let marked = task
                .criteria
                .iter()
                .all(|c| state.marks.get(&c.id).is_some_and(|by| by.contains_key(expert)));
            assert!(marked, "who locks has marked everything");
            assert!(!state.recalled.contains_key(expert), "locked and called back at once");
        }
        for (criterion, by) in &state.marks {
            let rule = task.criteria.iter().find(|c| c.id == *criterion).expect("a criterion");
            assert!(by.values().all(|m| rule.check_mark(&m.value).is_ok()));
        }
        match &state.results {
            Some(results) => {
                assert_eq!(results.len(), task.criteria.len(), "a settled task is settled whole");
                assert!(state.locks.len() >= exam.marking_quorum(), "settled without a quorum");
            }
            None => open = true,
        }
    }
}

fn endings(exam: &Exam) {
    assert_eq!(exam.outcome.is_some(), exam.phase == Phase::Completed);
    let sealed_open = exam.phase.is_final() && exam.theory.seed.is_some();
    assert!(!exam.theory.revealed || exam.phase.is_final(), "a seed is sealed until the end");
    assert_eq!(exam.theory.revealed, sealed_open, "the seed is revealed at every end");
    let drafted = matches!(exam.phase, Phase::ProtocolDraft | Phase::Completed);
    assert_eq!(exam.protocol.is_some(), drafted);
    let voted =
        matches!(exam.phase, Phase::PracticeScored | Phase::ProtocolDraft | Phase::Completed)
            && exam.practice.started_at.is_some();
    assert_eq!(exam.practice.scored.is_some(), voted);
    let Some(protocol) = &exam.protocol else { return };
    assert!(protocol.signers.len() >= exam.quorum(), "too few to sign");
    let chair = exam.chair().expect("a chair");
    if exam.phase == Phase::Completed {
        assert!(protocol.signatures.contains_key(&chair), "ended without the chair");
        assert!(protocol.signatures.len() >= exam.quorum(), "too few signatures");
    } else {
        assert!(!protocol.signatures.contains_key(&chair), "the chair's signature ends the exam");
    }
}

/// Somebody is awaited wherever only people can move the exam on.
fn waits(exam: &Exam) {
    let waits = exam.waits();
    let people: BTreeSet<_> = waits.iter().map(|w| w.expert).collect();
    assert_eq!(people.len(), waits.len(), "everybody is awaited once");
    let moved_by_people =
        matches!(exam.phase, Phase::PracticeRunning | Phase::PracticeScored | Phase::ProtocolDraft);
    assert!(!moved_by_people || !waits.is_empty(), "{:?} waits for nobody", exam.phase);
    for wait in waits {
        let here = exam.present.contains_key(&wait.expert);
        match wait.what {
            WaitFor::Arrival => assert!(!here),
            WaitFor::Lock | WaitFor::Vote => assert!(here),
            WaitFor::Signature => {}
        }
    }
}
