//! Every event as it is stored: version 1 stays readable for ever.

use crate::golden;
use crate::rig::{Rig, at, materials, plan};
use engine::chain::{Cause, Content, Head};
use engine::exam::event::EVENT_VERSION;
use engine::exam::{Category, Event, Exam, ExamClass, Outcome, Phase, Severity, Verdict};
use engine::ledger::{Effect, Entry, Stage};
use engine::{
    Actor, Answer, CriterionId, Hash, PersonId, Points, QuestionId, Record, Seed, Span, StreamId,
    TaskId, VariantId,
};
use std::collections::BTreeMap;

fn text() -> String {
    "текст \"в кавычках\"".to_owned()
}

fn hash(byte: u8) -> Hash {
    Hash([byte; 32])
}

fn course() -> Vec<Event> {
    let plan = plan(ExamClass::TheoryPractice, 3, 3, &materials(ExamClass::TheoryPractice));
    let expert = PersonId(2);
    vec![
        Event::Planned(Box::new(plan)),
        Event::Rescheduled { begins_at: at(9, 0, 0), ends_at: at(12, 0, 0), room: text() },
        Event::Synced {},
        Event::Opened {},
        Event::FormCommitted {
            commitment: hash(1),
            form_hash: hash(2),
            blueprint_hash: hash(3),
            seed: Seed([4; 32]),
        },
        Event::ExpertArrived { expert },
        Event::ExpertLeft { expert, reason: text() },
        Event::IdentityConfirmed { expert },
        Event::Readied {},
        Event::NoShowRecorded { reason: text() },
        Event::Suspended { reason: text() },
        Event::Resumed {},
        Event::Aborted { reason: text() },
        Event::Cancelled { reason: text() },
    ]
}

fn theory() -> Vec<Event> {
    let question = QuestionId(1333);
    let (a, b) = (VariantId(7), VariantId(8));
    let answers = [
        Answer::Choice { chosen: [a, b].into() },
        Answer::Matching { pairs: [(a, b)].into() },
        Answer::Ordering { order: vec![b, a] },
        Answer::Open { gaps: vec![text(), String::new()] },
    ];
    let mut events = vec![Event::TheoryStarted {}];
    events.extend(answers.map(|answer| Event::AnswerSaved { question, answer }));
    events.extend([
        Event::QuestionFlagged { question, flagged: true },
        Event::TheoryEnded { by_time: true },
        Event::TheoryScored {
            score: Points::ratio(35, 2).unwrap_or_default(),
            max: Points::whole(100),
            pass: Points::whole(60),
            passed: false,
        },
        Event::TheoryConfirmed {},
        Event::TheoryReopened { reason: text() },
        Event::SeedRevealed { seed: Seed([4; 32]) },
    ]);
    events
}

fn practice() -> Vec<Event> {
    let (task, criterion, expert) = (TaskId(1), CriterionId(11), PersonId(2));
    let value = Points::ratio(5, 2).unwrap_or_default();
    let verdict = Verdict { passed: true, departed: true, by_chair: true, reasons: vec![text()] };
    vec![
        Event::PracticeStarted {},
        Event::PracticeTimedOut {},
        Event::PracticeReopened { reason: text() },
        Event::MarkPlaced { task, criterion, value, refers_at: at(9, 30, 0) },
        Event::TaskLocked { task, expert },
        Event::SpreadExceeded { task, criteria: vec![criterion], recalled: vec![expert] },
        Event::TaskSettled { task, results: [(criterion, value)].into() },
        Event::PracticeClosed { reason: text() },
        Event::PracticeScored { total: value, passed: false },
        Event::VerdictVoted { expert, passed: true, reason: Some(text()) },
        Event::VerdictVoted { expert, passed: false, reason: None },
        Event::VerdictDecided { verdict },
        Event::ProtocolDrafted { outcome: Outcome::Fail, protocol_hash: hash(5) },
        Event::ProtocolSigned { expert, dissent: Some(text()) },
        Event::ProtocolSigned { expert, dissent: None },
        Event::Completed { outcome: Outcome::Pass },
    ]
}

fn entries() -> Vec<Event> {
    let effects = [
        (Effect::Multiply { percent: 150 }, Some(PersonId(1))),
        (Effect::Grant { minutes: 10 }, Some(PersonId(200))),
        (Effect::Outage { lost: Span(90_000) }, None),
    ];
    let entry = |(effect, approver)| {
        let entry =
            Entry { stage: Stage::Theory, effect, approver, reason: text(), at: at(9, 10, 0) };
        Event::TimeEntered { entry }
    };
    effects.into_iter().map(entry).collect()
}

fn notes() -> Vec<Event> {
    vec![
        Event::IncidentReported {
            category: Category::Technical,
            severity: Severity::Critical,
            text: text(),
        },
        Event::IncidentResolved { incident: 17, text: text() },
        Event::CommentAdded { category: Category::Work, text: text() },
        Event::ActionNoted {
            a_type: "note".into(),
            data: serde_json::json!({"n": [1, 2.5, null, true], "текст": "я"}),
        },
    ]
}

/// One or more of every event.
fn all() -> Vec<Event> {
    [course(), theory(), practice(), entries(), notes()].concat()
}

/// Each kind of event by its word; a new event breaks the build here and belongs into the golden
/// file.
fn word(event: &Event) -> &'static str {
    match event {
        Event::Planned(_) => "planned",
        Event::Rescheduled { .. } => "rescheduled",
        Event::Synced {} => "synced",
        Event::Opened {} => "opened",
        Event::FormCommitted { .. } => "form_committed",
        Event::ExpertArrived { .. } => "expert_arrived",
        Event::ExpertLeft { .. } => "expert_left",
        Event::IdentityConfirmed { .. } => "identity_confirmed",
        Event::Readied {} => "readied",
        Event::NoShowRecorded { .. } => "no_show_recorded",
        Event::TheoryStarted {} => "theory_started",
        Event::AnswerSaved { .. } => "answer_saved",
        Event::QuestionFlagged { .. } => "question_flagged",
        Event::TheoryEnded { .. } => "theory_ended",
        Event::TheoryScored { .. } => "theory_scored",
        Event::TheoryConfirmed {} => "theory_confirmed",
        Event::TheoryReopened { .. } => "theory_reopened",
        Event::PracticeStarted {} => "practice_started",
        Event::PracticeTimedOut {} => "practice_timed_out",
        Event::PracticeReopened { .. } => "practice_reopened",
        Event::MarkPlaced { .. } => "mark_placed",
        Event::TaskLocked { .. } => "task_locked",
        Event::SpreadExceeded { .. } => "spread_exceeded",
        Event::TaskSettled { .. } => "task_settled",
        Event::PracticeClosed { .. } => "practice_closed",
        Event::PracticeScored { .. } => "practice_scored",
        Event::VerdictVoted { .. } => "verdict_voted",
        Event::VerdictDecided { .. } => "verdict_decided",
        Event::ProtocolDrafted { .. } => "protocol_drafted",
        Event::ProtocolSigned { .. } => "protocol_signed",
        Event::Completed { .. } => "completed",
        Event::SeedRevealed { .. } => "seed_revealed",
        Event::Suspended { .. } => "suspended",
        Event::Resumed {} => "resumed",
        Event::Aborted { .. } => "aborted",
        Event::Cancelled { .. } => "cancelled",
        Event::TimeEntered { .. } => "time_entered",
        Event::IncidentReported { .. } => "incident_reported",
        Event::IncidentResolved { .. } => "incident_resolved",
        Event::CommentAdded { .. } => "comment_added",
        Event::ActionNoted { .. } => "action_noted",
    }
}

const KINDS: usize = 41;

/// The words of all kinds of events.
pub fn kinds() -> Vec<String> {
    let mut words: Vec<_> = all().iter().map(|e| word(e).to_owned()).collect();
    words.sort();
    words.dedup();
    words
}

/// The events as the records of one stream: one line each.
fn stored() -> Vec<Record> {
    let contents = all().into_iter().map(|event| {
        let (kind, d) = event.to_parts();
        Content { kind, v: EVENT_VERSION, d, salt: [9; 16] }
    });
    let cause = Cause { at: at(9, 0, 0), by: Actor::Person(PersonId(1)), cmd: None };
    Head::default().extend(StreamId(uuid::Uuid::from_u128(1)), cause, contents)
}

#[test]
fn every_kind_of_event_is_in_the_golden_file() {
    assert_eq!(kinds().len(), KINDS);
    for event in all() {
        assert_eq!(event.to_parts().0, word(&event));
    }
}

#[test]
fn events_are_stored_as_they_always_were() {
    let lines: Vec<_> =
        stored().iter().map(|r| serde_json::to_string(r).expect("JSON") + "\n").collect();
    golden::expect("events-v1.jsonl", &lines.concat());
}

#[test]
fn stored_events_are_read_as_what_they_were() {
    let text = golden::read("events-v1.jsonl");
    let records = text.lines().map(|l| serde_json::from_str::<Record>(l).expect("a record"));
    let read: Vec<_> = records
        .map(|r| {
            assert_eq!(r.computed_hash(), r.hash, "record {}", r.seq);
            Event::from_record(&r).expect("readable")
        })
        .collect();
    assert_eq!(read, all());
}

/// A whole exam that was stored by the first build: this one folds it to the same state.
#[test]
fn a_stored_exam_folds_to_the_state_it_had() {
    let text = golden::read("exam-v1.json");
    let export: engine::exam::export::Export = serde_json::from_str(&text).expect("an export");
    let exam = export.verify().expect("a sound export");
    assert_eq!(exam.phase, Phase::Completed);
    assert_eq!(exam.state_hash(), export.state_hash);
    let then = "6446d5d781e901afc4f7db5fd7c5d8403bf1fdba2657b55b5f0ef62323e3943c";
    assert_eq!(export.state_hash.to_string(), then);
}

/// Today's build stores the same course in the same way.
#[test]
fn an_exam_is_stored_as_it_always_was() {
    let mut rig = Rig::in_phase(Phase::PracticeRunning);
    eventful(&mut rig);
    crate::replay::finish(&mut rig);
    let export = crate::export::export(&rig);
    golden::expect("exam-v1.json", &(serde_json::to_string(&export).expect("JSON") + "\n"));
    let seen: BTreeMap<_, _> = crate::rig::kinds(&rig.events);
    assert!(seen.len() > 24, "{seen:?}");
    assert_eq!(Exam::fold(&rig.records, rig.materials.clone()).as_ref(), Ok(&rig.exam));
}

/// Some of everything that can happen beside the straight way.
fn eventful(rig: &mut Rig) {
    use crate::rig::points;
    use crate::script::command;
    use serde_json::json;
    let note = json!({"type": "note_action", "a_type": "note", "data": {"n": 1.5}});
    for (who, value) in [
        ("tech", json!({"type": "arrive"})),
        (
            "candidate",
            json!({"type": "report_incident", "category": "technical", "severity": "serious", "text": "шум"}),
        ),
        ("chair", json!({"type": "suspend", "reason": "шум"})),
        ("operator", json!({"type": "accept_outage", "lost": 90_000, "reason": "шум"})),
        ("chair", json!({"type": "accommodate", "percent": 125, "reason": "слух"})),
        ("chair", json!({"type": "resume"})),
        ("expert1", note),
        ("tech", json!({"type": "add_comment", "category": "work", "text": "аккуратно"})),
    ] {
        rig.now = rig.now + Span::secs(20);
        rig.must(who, command(value));
    }
    let task = TaskId(1);
    for (who, marks) in [("chair", "2 2"), ("expert1", "2 3"), ("expert2", "2 1"), ("tech", "2 2")]
    {
        rig.marks(who, task, &points(marks));
        rig.must(who, engine::exam::Command::LockTask { task });
    }
}
