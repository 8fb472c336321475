//! Random courses of exams: mostly sensible, sometimes not, by anybody, at any time.

use crate::rig::{PANEL, PEOPLE, Rig, answer, issuer, name};
use engine::exam::{Cameras, Category, Command, ExamClass, Phase, Severity};
use engine::{CriterionId, Points, QuestionId, Span, TaskId};
use proptest::prelude::*;

/// One step: how long after the one before, and numbers that choose what is tried.
#[derive(Clone, Debug)]
pub struct Step {
    pub wait_ms: i64,
    pub dice: [u16; 5],
}

/// A course of at most `max` steps.
pub fn course(max: usize) -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        6 => 0..30_000_i64,
        3 => 30_000..600_000_i64,
        1 => 600_000..7_200_000_i64,
        // Clocks are set back now and then.
        1 => -60_000..0_i64,
    ];
    let step = (wait, any::<[u16; 5]>()).prop_map(|(wait_ms, dice)| Step { wait_ms, dice });
    prop::collection::vec(step, 1..max)
}

/// Which exam is played.
pub fn exam() -> impl Strategy<Value = Rig> {
    let class = prop_oneof![
        4 => Just(ExamClass::TheoryPractice),
        2 => Just(ExamClass::Practice),
        1 => Just(ExamClass::Theory),
    ];
    (class, 3..=4_usize).prop_map(|(class, panel)| Rig::new(class, panel, 3))
}

/// An exam in a phase from which something can still happen.
pub fn begun() -> impl Strategy<Value = Rig> {
    let phases: Vec<_> = Phase::ALL.into_iter().filter(|p| !p.is_final()).collect();
    prop_oneof![
        1 => exam(),
        2 => prop::sample::select(phases).prop_map(Rig::in_phase),
        1 => Just(Phase::PracticeRunning).prop_map(Rig::in_phase),
    ]
}

fn pick<T: Clone>(from: &[T], dice: u16) -> Option<T> {
    if from.is_empty() { None } else { Some(from[usize::from(dice) % from.len()].clone()) }
}

fn why() -> String {
    "причина".to_owned()
}

/// Makes the step; returns what was tried, and whether it was accepted.
pub fn play(rig: &mut Rig, step: &Step) -> (String, Command, bool) {
    rig.now = rig.now + Span(step.wait_ms);
    let [what, how, more, who, camera] = step.dice;
    rig.cameras = match camera % 12 {
        0 => Cameras::Missing(vec!["1".into()]),
        1 => Cameras::Armed,
        2 => Cameras::NotRequired,
        _ => Cameras::Recording,
    };
    let sensible = sensible(rig, how, more);
    let (who, command) = match pick(&sensible, what) {
        Some(chosen) if who % 5 != 0 => chosen,
        _ => {
            let somebody = pick(&PEOPLE, who / 5).unwrap_or("chair");
            (somebody.to_owned(), anything(rig, what, how, more))
        }
    };
    let accepted = rig.act(&issuer(&who), &command).is_ok();
    (who, command, accepted)
}

/// What people in this state would do next, more or less.
fn sensible(rig: &Rig, how: u16, more: u16) -> Vec<(String, Command)> {
    let exam = &rig.exam;
    let here: Vec<_> = exam.present.keys().map(|p| name(*p)).collect();
    let mut out = at_any_time(rig, &here, how, more);
    match exam.phase {
        Phase::Planned | Phase::Synced => {
            out.extend([("operator", Command::Open {}), ("system", Command::MarkSynced {})]);
        }
        Phase::Gathering if more % 16 == 7 => {
            out.push(("operator", Command::Cancel { reason: why() }));
            out.push(("chair", Command::RecordNoShow { reason: why() }));
        }
        Phase::Gathering => {
            out.extend(pick(&here, more).map(|n| (n, Command::ConfirmIdentity {})));
        }
        Phase::Ready => {
            out.push(("chair", Command::StartTheory {}));
            out.push(("chair", Command::StartPractice {}));
        }
        Phase::TheoryRunning => {
            out.extend(
                (0..6).filter_map(|n| some_answer(rig, how.wrapping_add(n), more.wrapping_add(n))),
            );
            if let Some((_, Command::SaveAnswer { question, .. })) = some_answer(rig, how, more) {
                let flagged = !rig.exam.theory.flags.contains(&question);
                out.push(("candidate", Command::FlagQuestion { question, flagged }));
            }
            out.push(("candidate", Command::SubmitTheory {}));
        }
        Phase::TheoryScored | Phase::FailedTheory => {
            out.push(("chair", Command::ConfirmTheory {}));
            out.push(("chair", Command::ReopenTheory { reason: why() }));
        }
        Phase::PracticeAdmitted => out.push(("chair", Command::StartPractice {})),
        Phase::PracticeRunning => out.extend(marking(rig, &here, how, more)),
        Phase::PracticeScored => {
            let vote = Command::VoteVerdict { passed: how.is_multiple_of(2), reason: Some(why()) };
            out.extend(here.iter().map(|n| (*n, vote.clone())));
        }
        Phase::ProtocolDraft => {
            let dissent = how.is_multiple_of(3).then(why);
            out.extend(
                here.iter().map(|n| (*n, Command::SignProtocol { dissent: dissent.clone() })),
            );
        }
        Phase::Suspended => {
            out.extend([("chair", Command::Resume {}), ("operator", Command::Resume {})]);
            if more % 8 == 3 {
                out.push(("chair", Command::Abort { reason: why() }));
            }
        }
        Phase::Completed | Phase::Aborted | Phase::Cancelled | Phase::NoShow => {}
    }
    out.into_iter().map(|(who, command)| (who.to_owned(), command)).collect()
}

/// What may happen whatever the phase: people come and go, time is given, clocks run out.
fn at_any_time<'a>(rig: &Rig, here: &[&'a str], how: u16, more: u16) -> Vec<(&'a str, Command)> {
    let exam = &rig.exam;
    let mut out: Vec<(&str, Command)> = Vec::new();
    let seats = PANEL.iter().take(exam.plan.panel.len()).map(|(n, _, _)| *n);
    let away: Vec<_> = seats.filter(|n| !here.contains(n)).collect();
    if !exam.phase.is_live() {
        return out;
    }
    out.extend(pick(&away, how).map(|n| (n, Command::Arrive {})));
    if more.is_multiple_of(4) {
        out.extend(pick(here, how).map(|n| (n, Command::Leave { reason: why() })));
    }
    if more % 4 == 1 {
        out.push(("operator", time(how)));
    }
    if more % 16 == 2 {
        out.push(("chair", Command::Suspend { reason: why() }));
    }
    let open = exam.incidents.iter().find(|(_, i)| i.resolved.is_none());
    if let Some((incident, _)) = open.filter(|_| more % 4 == 3) {
        let (incident, text) = (*incident, why());
        out.push(("operator", Command::ResolveIncident { incident, text }));
    }
    if exam.ledger.running().is_some() {
        out.push(("system", Command::EndTime {}));
    }
    out
}

fn time(how: u16) -> Command {
    let n = u32::from(how / 3 % 10) + 1;
    match how % 3 {
        0 => Command::GrantTime { minutes: n, reason: why() },
        1 => Command::Accommodate { percent: 100 + n, reason: why() },
        _ => Command::AcceptOutage { lost: Span(i64::from(n) * 7_001), reason: why() },
    }
}

fn some_answer(rig: &Rig, how: u16, more: u16) -> Option<(&'static str, Command)> {
    let form = rig.exam.theory.form.as_ref()?;
    let item = pick(&form.items, how)?;
    let question = rig.materials.tool.as_ref()?.question(item.question_id)?;
    let answer = answer(question, !more.is_multiple_of(8));
    Some(("candidate", Command::SaveAnswer { question: item.question_id, answer }))
}

/// Marks that mostly agree, locks where everything is marked, and sometimes an end to it.
fn marking<'a>(rig: &Rig, here: &[&'a str], how: u16, more: u16) -> Vec<(&'a str, Command)> {
    let Some(task) = rig.exam.current_task() else { return Vec::new() };
    let state = rig.exam.practice.tasks.get(&task.id).cloned().unwrap_or_default();
    let mut out = Vec::new();
    for who in here {
        let expert = crate::rig::person(who);
        let marked =
            |c: &CriterionId| state.marks.get(c).is_some_and(|by| by.contains_key(&expert));
        let open = task.criteria.iter().find(|c| !marked(&c.id));
        if open.is_none() && !state.recalled.contains_key(&expert) {
            out.push((*who, Command::LockTask { task: task.id }));
            continue;
        }
        let any = &task.criteria[usize::from(how / 32) % task.criteria.len()];
        let criterion = open.unwrap_or(any);
        let value =
            if how.is_multiple_of(32) { Points::whole(i64::from(more % 4)) } else { criterion.max };
        let refers_at = (more.is_multiple_of(2)).then_some(rig.now);
        let (task, criterion) = (task.id, criterion.id);
        out.push((*who, Command::PlaceMark { task, criterion, value, refers_at }));
        out.push((*who, Command::LockTask { task }));
    }
    if more % 32 == 5 {
        out.push(("chair", Command::ClosePractice { reason: why() }));
    }
    if rig.exam.practice.time_over {
        out.push(("operator", time(how)));
        out.push(("chair", Command::ReopenPractice { reason: why() }));
    }
    out
}

/// Any command at all, sensible or not.
fn anything(rig: &Rig, what: u16, how: u16, more: u16) -> Command {
    let (task, criterion) = (TaskId(u64::from(how % 4)), CriterionId(u64::from(more % 40)));
    let form = rig.exam.theory.form.as_ref();
    let question = form.and_then(|f| pick(&f.items, how)).map_or(QuestionId(1), |i| i.question_id);
    let category = Category::Other;
    match what % 28 {
        0 => Command::MarkSynced {},
        1 => Command::Open {},
        2 => Command::Arrive {},
        3 => Command::Leave { reason: why() },
        4 => Command::ConfirmIdentity {},
        5 => Command::StartTheory {},
        6 => Command::SubmitTheory {},
        7 => Command::ConfirmTheory {},
        8 => Command::ReopenTheory { reason: why() },
        9 => Command::StartPractice {},
        10 => Command::ReopenPractice { reason: why() },
        11 => Command::LockTask { task },
        12 => Command::ClosePractice { reason: why() },
        13 => Command::VoteVerdict {
            passed: how.is_multiple_of(2),
            reason: (more.is_multiple_of(2)).then(why),
        },
        14 => Command::SignProtocol { dissent: None },
        15 => Command::Suspend { reason: why() },
        16 => Command::Resume {},
        17 => Command::RecordStationOutage { lost: Span(i64::from(how)) },
        18 => Command::EndTime {},
        19 => Command::FlagQuestion { question, flagged: more.is_multiple_of(2) },
        20 => Command::SaveAnswer { question, answer: engine::Answer::Open { gaps: vec![why()] } },
        21 => Command::PlaceMark {
            task,
            criterion,
            value: Points::ratio(i64::from(more), 4).unwrap_or_default(),
            refers_at: None,
        },
        22 => Command::ReportIncident { category, severity: Severity::Serious, text: why() },
        23 => Command::ResolveIncident { incident: u64::from(how % 64), text: why() },
        24 => Command::AddComment { category, text: why() },
        25 => Command::NoteAction { a_type: "a".into(), data: serde_json::json!([how, null]) },
        26 if more.is_multiple_of(8) => Command::Abort { reason: why() },
        26 if more % 8 == 1 => Command::Cancel { reason: why() },
        26 if more % 8 == 2 => Command::RecordNoShow { reason: why() },
        _ => time(how),
    }
}
