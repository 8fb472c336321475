//! What each role may see of an exam.
//!
//! A live client holds the view as JSON and folds RFC 7386 merge patches into it, so a view never
//! contains `null`, and everything that grows is a map by id and not a list.

mod board;
mod build;
mod practice;
mod theory;

pub use board::{BoardRow, BoardWait};
pub use practice::{CriterionView, MarkView, PracticeView, TaskView};
pub use theory::{TheoryResultView, TheoryView};

use super::command::{Category, Severity};
use super::event::Outcome;
use super::waits::WaitFor;
use super::{Event, Exam, ExamClass, PanelRole, Phase};
use crate::canon::Hash;
use crate::ids::{PersonId, WireId};
use crate::ledger::{Entry, Stage};
use crate::question::QuestionId;
use crate::time::{Moment, Span};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Whose view it is. The person's rights to it are checked before it is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Audience {
    /// Observers, operators, administrators: everything but answers, keys and unlocked marks.
    Staff,
    /// A member of the panel: as staff, with their own marks.
    Expert(PersonId),
    /// The candidate: their own test and time, nothing of the marks.
    Candidate,
}

/// The state of an exam as one audience sees it.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ExamView {
    /// The exam's number.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub exam: WireId,
    /// Where it stands.
    pub phase: Phase,
    /// Where it stood before the suspension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub suspended_from: Option<Phase>,
    /// Why it was suspended or ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub reason: Option<String>,
    /// Which parts it has.
    pub class: ExamClass,
    /// The qualification's name.
    pub title: String,
    /// The qualification's number.
    pub qualification: String,
    /// The centre.
    pub centre: String,
    /// The room.
    pub room: String,
    /// IANA zone of the place.
    pub tz: String,
    /// Planned start, ms UTC.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub begins_at: Moment,
    /// Planned end, ms UTC.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub ends_at: Moment,
    /// The candidate.
    pub candidate: CandidateView,
    /// The panel by person.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, SeatView>"))]
    pub panel: BTreeMap<PersonId, SeatView>,
    /// Experts needed.
    pub quorum: u32,
    /// The theory part.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub theory: Option<TheoryView>,
    /// The practice part.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub practice: Option<PracticeView>,
    /// The time of the current stage.
    pub time: TimeView,
    /// Who is waited for, by person.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, WaitView>"))]
    pub waits: BTreeMap<PersonId, WaitView>,
    /// The panel's decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub verdict: Option<VerdictView>,
    /// The protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub protocol: Option<ProtocolView>,
    /// The outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub outcome: Option<Outcome>,
    /// Incidents by the `seq` that reported them.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, IncidentView>"))]
    pub incidents: BTreeMap<u64, IncidentView>,
    /// Comments by `seq`.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, CommentView>"))]
    pub comments: BTreeMap<u64, CommentView>,
}

/// The candidate.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CandidateView {
    /// Who.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: PersonId,
    /// Full name.
    pub name: String,
    /// Experts who checked their identity, and when.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, number>"))]
    pub confirmed: BTreeMap<PersonId, Moment>,
}

/// A seat on the panel.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SeatView {
    /// Full name.
    pub name: String,
    /// Part on the panel.
    pub role: PanelRole,
    /// Since when they are present.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub present_since: Option<Moment>,
}

/// The time of the current stage: remaining = allowed − consumed − (now − running_since).
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TimeView {
    /// Which stage.
    #[cfg_attr(feature = "ts", ts(type = "'theory' | 'practice'"))]
    pub stage: Stage,
    /// The tool's time, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base: Span,
    /// All that the candidate may use, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub allowed: Span,
    /// What was used before the current run, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub consumed: Span,
    /// Since when the clock runs; absent while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub running_since: Option<Moment>,
    /// The ledger's entries by number from 1.
    #[cfg_attr(
        feature = "ts",
        ts(
            type = "Record<string, {stage: 'theory' | 'practice', effect: 'multiply' | 'grant' | 'outage', percent?: number, minutes?: number, lost?: number, approver?: number, reason: string, at: number}>"
        )
    )]
    pub entries: BTreeMap<u32, Entry>,
}

/// Somebody is awaited.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WaitView {
    /// For what.
    pub what: WaitFor,
    /// Since when.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub since: Moment,
}

/// The panel's decision.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VerdictView {
    /// Passed or not.
    pub passed: bool,
    /// It departs from the computed verdict.
    pub departed: bool,
    /// The chair decided a tie.
    pub by_chair: bool,
    /// Reasons for the departure.
    pub reasons: Vec<String>,
}

/// The protocol.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProtocolView {
    /// The outcome it states.
    pub outcome: Outcome,
    /// Hash of its content.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub hash: Hash,
    /// When it was drafted.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub drafted_at: Moment,
    /// Signatures by expert.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, SignatureView>"))]
    pub signatures: BTreeMap<PersonId, SignatureView>,
}

/// A signature.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SignatureView {
    /// When.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: Moment,
    /// A dissenting opinion.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub dissent: Option<String>,
}

/// An incident.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct IncidentView {
    /// About what.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// What happened.
    pub text: String,
    /// When.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: Moment,
    /// Who reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub by: Option<PersonId>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub resolved: Option<String>,
}

/// A comment.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CommentView {
    /// About what.
    pub category: Category,
    /// The text.
    pub text: String,
    /// When.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: Moment,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub by: Option<PersonId>,
}

/// The kind under which a sealed event is shown.
pub const SEALED: &str = "sealed";

impl Exam {
    /// Which audience a person belongs to by this exam's own panel and candidate.
    pub fn audience_of(&self, person: PersonId) -> Option<Audience> {
        if self.plan.candidate.person == person {
            Some(Audience::Candidate)
        } else {
            self.panel_role(person).map(|_| Audience::Expert(person))
        }
    }
}

impl Audience {
    /// Whether an event is shown to this audience by its kind, or as an opaque placeholder.
    pub fn may_see(self, event: &Event, by: Option<PersonId>) -> bool {
        match self {
            Audience::Staff => !matches!(event, Event::MarkPlaced { .. }),
            Audience::Expert(me) => !matches!(event, Event::MarkPlaced { .. }) || by == Some(me),
            Audience::Candidate => !matches!(
                event,
                Event::MarkPlaced { .. }
                    | Event::TaskLocked { .. }
                    | Event::SpreadExceeded { .. }
                    | Event::PracticeScored { .. }
                    | Event::VerdictVoted { .. }
                    | Event::VerdictDecided { .. }
                    | Event::ProtocolDrafted { .. }
                    | Event::ProtocolSigned { .. }
                    | Event::CommentAdded { .. }
                    | Event::IncidentReported { .. }
                    | Event::IncidentResolved { .. }
                    | Event::ActionNoted { .. }
            ),
        }
    }
}

/// The view as JSON, which holds no `null`.
pub fn to_json<T: Serialize>(view: &T) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

/// A set as a map to `true`, so that merge patches can grow and shrink it.
fn as_map(set: &BTreeSet<QuestionId>) -> BTreeMap<QuestionId, bool> {
    set.iter().map(|q| (*q, true)).collect()
}
