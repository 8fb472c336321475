//! What happened to an exam. The stored shape is a reviewed artefact: version 1 stays readable.

use super::command::{Category, Severity};
use super::{Plan, Verdict};
use crate::canon::Hash;
use crate::chain::Record;
use crate::form::Seed;
use crate::ids::PersonId;
use crate::ledger::Entry;
use crate::points::Points;
use crate::practice::{CriterionId, TaskId};
use crate::question::{Answer, QuestionId};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of the stored shape that this build writes.
pub const EVENT_VERSION: u16 = 1;

/// How an exam ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The qualification is confirmed.
    Pass,
    /// It is not.
    Fail,
}

/// One thing that happened. Fields are named as in the command that led to it.
#[allow(missing_docs, reason = "each variant says what its fields mean")]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "d", rename_all = "snake_case")]
pub enum Event {
    /// The exam was scheduled.
    Planned(Box<Plan>),
    /// It was moved.
    Rescheduled { begins_at: Moment, ends_at: Moment, room: String },
    /// Everything it needs is on the station.
    Synced {},
    /// The room was opened.
    Opened {},
    /// The form was drawn: the commitment is public, the seed is sealed until the end.
    FormCommitted { commitment: Hash, form_hash: Hash, blueprint_hash: Hash, seed: Seed },
    /// An expert took their seat.
    ExpertArrived { expert: PersonId },
    /// An expert left.
    ExpertLeft { expert: PersonId, reason: String },
    /// An expert confirmed the candidate's identity.
    IdentityConfirmed { expert: PersonId },
    /// All guards of `ready` hold.
    Readied {},
    /// The candidate did not come.
    NoShowRecorded { reason: String },
    /// The theory clock runs.
    TheoryStarted {},
    /// An answer was saved.
    AnswerSaved { question: QuestionId, answer: Answer },
    /// A question was flagged, or not any more.
    QuestionFlagged { question: QuestionId, flagged: bool },
    /// Theory is over: handed in, or by time.
    TheoryEnded { by_time: bool },
    /// The test was scored.
    TheoryScored { score: Points, max: Points, pass: Points, passed: bool },
    /// The chair confirmed the theory result.
    TheoryConfirmed {},
    /// The chair let the candidate go on.
    TheoryReopened { reason: String },
    /// The practice clock runs.
    PracticeStarted {},
    /// The practice time is over; marks may still come in.
    PracticeTimedOut {},
    /// The chair let the candidate go on with practice.
    PracticeReopened { reason: String },
    /// A mark, sealed for others until its expert locks the task.
    MarkPlaced { task: TaskId, criterion: CriterionId, value: Points, refers_at: Moment },
    /// An expert locked a task; their marks of it are open from here on.
    TaskLocked { task: TaskId, expert: PersonId },
    /// Marks lie too far apart: these experts are called back.
    SpreadExceeded { task: TaskId, criteria: Vec<CriterionId>, recalled: Vec<PersonId> },
    /// A task's criteria have their points.
    TaskSettled { task: TaskId, results: BTreeMap<CriterionId, Points> },
    /// The chair ended practice with marks missing.
    PracticeClosed { reason: String },
    /// The practice part was scored and a verdict computed.
    PracticeScored { total: Points, passed: bool },
    /// An expert voted on the verdict.
    VerdictVoted { expert: PersonId, passed: bool, reason: Option<String> },
    /// The panel decided.
    VerdictDecided { verdict: Verdict },
    /// The protocol is ready to be signed.
    ProtocolDrafted { outcome: Outcome, protocol_hash: Hash },
    /// An expert signed it.
    ProtocolSigned { expert: PersonId, dissent: Option<String> },
    /// All signed, the chair last.
    Completed { outcome: Outcome },
    /// The seed behind the commitment.
    SeedRevealed { seed: Seed },
    /// Frozen.
    Suspended { reason: String },
    /// Goes on.
    Resumed {},
    /// Ended without a result.
    Aborted { reason: String },
    /// Called off.
    Cancelled { reason: String },
    /// An entry of the time ledger.
    TimeEntered { entry: Entry },
    /// An incident.
    IncidentReported { category: Category, severity: Severity, text: String },
    /// An incident ended.
    IncidentResolved { incident: u64, text: String },
    /// A comment.
    CommentAdded { category: Category, text: String },
    /// A legacy client's free-form action.
    ActionNoted { a_type: String, data: Value },
}

/// A stored event that this build cannot read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("record {seq}: event {kind} version {v} cannot be read: {why}")]
pub struct Unreadable {
    /// Where it stands.
    pub seq: u64,
    /// Its kind.
    pub kind: String,
    /// Its version.
    pub v: u16,
    /// What the reader said.
    pub why: String,
}

impl Event {
    /// The kind and the body, as a record stores them.
    pub fn to_parts(&self) -> (String, Value) {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        (kind, value["d"].take())
    }

    /// Reads an event from its record.
    ///
    /// # Errors
    /// When the kind or version is unknown or the body has another shape.
    pub fn from_record(record: &Record) -> Result<Event, Unreadable> {
        Event::read((record.seq, record.v), record.kind.clone(), record.d.clone())
    }

    /// As [`Event::from_record`], taking kind and body out of a record that nobody needs any more:
    /// a replay reads every record of every exam.
    ///
    /// # Errors
    /// As [`Event::from_record`].
    pub fn take(record: &mut Record) -> Result<Event, Unreadable> {
        let (kind, d) = (std::mem::take(&mut record.kind), record.d.take());
        Event::read((record.seq, record.v), kind, d)
    }

    fn read((seq, v): (u64, u16), kind: String, d: Value) -> Result<Event, Unreadable> {
        let fail = |kind: &Value, why: String| {
            let kind = kind.as_str().unwrap_or_default().to_owned();
            Unreadable { seq, kind, v, why }
        };
        let kind = Value::String(kind);
        if v != EVENT_VERSION {
            return Err(fail(&kind, "unknown version".into()));
        }
        let named = kind.clone();
        let whole = serde_json::Map::from_iter([("kind".to_owned(), kind), ("d".to_owned(), d)]);
        serde_json::from_value(Value::Object(whole)).map_err(|e| fail(&named, e.to_string()))
    }
}
