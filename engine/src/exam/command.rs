//! What can be asked of an exam, by whom, and with which facts of the moment.

use super::Plan;
use crate::form::Seed;
use crate::ids::PersonId;
use crate::points::Points;
use crate::practice::{CriterionId, TaskId};
use crate::question::{Answer, QuestionId};
use crate::time::{Moment, Span};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest free text in a command, characters.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// Most bytes of a free-form action's data.
pub const ACTION_BYTES_MAX: usize = 16 * 1024;
/// Deepest nesting of a free-form action's data.
pub const ACTION_DEPTH_MAX: usize = 32;

/// Roles beyond those that an exam's own panel and candidate give.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sits exams.
    Candidate,
    /// Sits on panels; which part there, the panel says.
    Expert,
    /// Schedules, opens, cancels and helps.
    Operator,
    /// Watches everything, changes nothing.
    Observer,
    /// The council: grants rights, confirms results.
    Council,
    /// Runs the installation.
    Administrator,
    /// A program.
    Service,
}

/// Who gives a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issuer {
    /// The person, or `None` for the program itself.
    pub person: Option<PersonId>,
    /// The roles with which they signed in.
    pub roles: BTreeSet<Role>,
}

impl Issuer {
    /// The program itself: timers, rules, recovery.
    pub fn system() -> Issuer {
        Issuer { person: None, roles: BTreeSet::new() }
    }

    /// A signed-in person.
    pub fn person(person: PersonId, roles: impl IntoIterator<Item = Role>) -> Issuer {
        Issuer { person: Some(person), roles: roles.into_iter().collect() }
    }

    /// Has one of the roles.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// What the cameras of an exam say. Until they exist the answer is [`Cameras::NotRequired`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Cameras {
    /// The policy asks for none.
    #[default]
    NotRequired,
    /// All required cameras deliver frames.
    Armed,
    /// All required cameras record, confirmed.
    Recording,
    /// These do not deliver.
    Missing(Vec<String>),
}

/// The facts of the moment that a decision may use; the shell supplies them.
#[derive(Clone, Debug)]
pub struct Context {
    /// Now.
    pub now: Moment,
    /// A fresh seed, used if this command draws a form.
    pub seed: Seed,
    /// The state of the cameras.
    pub cameras: Cameras,
}

/// How bad an incident is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a note.
    Notice,
    /// May bear on the result.
    Serious,
    /// Stops the exam.
    Critical,
}

/// What an incident or comment is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Equipment, network, power.
    Technical,
    /// The order of the exam was broken.
    Procedure,
    /// The candidate's conduct.
    Conduct,
    /// Health and safety.
    Safety,
    /// The work that is being assessed.
    Work,
    /// Anything else.
    Other,
}

/// A command to one exam. `type` on the wire is the variant in snake case.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Schedules the exam: always the first command.
    Plan {
        /// The whole schedule entry.
        plan: Box<Plan>,
    },
    /// Moves the exam; only before it is opened.
    Reschedule {
        /// New start.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        begins_at: Moment,
        /// New end.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        ends_at: Moment,
        /// New room.
        room: String,
    },
    /// Says that all that the exam needs is on the station.
    MarkSynced {},
    /// Opens the room: the form is drawn and its seed committed.
    Open {},
    /// An expert takes their seat on the panel.
    Arrive {},
    /// An expert leaves the panel.
    Leave {
        /// Why.
        reason: String,
    },
    /// An expert has checked the candidate's passport against the card.
    ConfirmIdentity {},
    /// The candidate did not come.
    RecordNoShow {
        /// What was done to find them.
        reason: String,
    },
    /// Starts the theory test.
    StartTheory {},
    /// Saves the candidate's answer to one question; the latest counts.
    SaveAnswer {
        /// Which question.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        question: QuestionId,
        /// The whole answer.
        #[cfg_attr(feature = "ts", ts(type = "Answer"))]
        answer: Answer,
    },
    /// Marks a question to come back to, or takes the mark away.
    FlagQuestion {
        /// Which question.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        question: QuestionId,
        /// Set or cleared.
        flagged: bool,
    },
    /// The candidate hands the theory test in.
    SubmitTheory {},
    /// The chair confirms the theory result.
    ConfirmTheory {},
    /// The chair lets the candidate go on after time ran out.
    ReopenTheory {
        /// Why.
        reason: String,
    },
    /// Starts the practice part.
    StartPractice {},
    /// The chair lets the candidate go on after the practice time ran out and more was granted.
    ReopenPractice {
        /// Why.
        reason: String,
    },
    /// An expert's mark for a criterion; blind to the others until that expert locks the task.
    PlaceMark {
        /// The task.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        task: TaskId,
        /// The criterion.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        criterion: CriterionId,
        /// The points, such as `2` or `5/2`.
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        value: Points,
        /// The moment of the work that the mark refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(type = "number", optional))]
        refers_at: Option<Moment>,
    },
    /// An expert locks their marks of a task.
    LockTask {
        /// The task.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        task: TaskId,
    },
    /// The chair ends the practice part although marks are missing; those count as nothing.
    ClosePractice {
        /// Why.
        reason: String,
    },
    /// An expert confirms the computed verdict or departs from it.
    VoteVerdict {
        /// Passed or not.
        passed: bool,
        /// Required when the vote departs from the computed verdict.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        reason: Option<String>,
    },
    /// An expert signs the protocol; the chair signs last.
    SignProtocol {
        /// A dissenting opinion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "ts", ts(optional))]
        dissent: Option<String>,
    },
    /// Freezes the exam and the candidate's clock.
    Suspend {
        /// Why.
        reason: String,
    },
    /// Goes on after a suspension.
    Resume {},
    /// Ends the exam without a result.
    Abort {
        /// Why.
        reason: String,
    },
    /// Calls the exam off before it begins.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Adds minutes to the candidate's current stage.
    GrantTime {
        /// How many.
        minutes: u32,
        /// Why.
        reason: String,
    },
    /// Gives the candidate a multiple of the base time.
    Accommodate {
        /// Percent of the base time, over 100.
        percent: u32,
        /// Why.
        reason: String,
    },
    /// Gives back time that an outage took.
    AcceptOutage {
        /// Milliseconds.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        lost: Span,
        /// What happened.
        reason: String,
    },
    /// Reports an incident.
    ReportIncident {
        /// What it is about.
        category: Category,
        /// How bad it is.
        severity: Severity,
        /// What happened.
        text: String,
    },
    /// Closes an incident.
    ResolveIncident {
        /// The `seq` under which it was reported.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        incident: u64,
        /// How it ended.
        text: String,
    },
    /// Adds a comment for the protocol.
    AddComment {
        /// What it is about.
        category: Category,
        /// The comment.
        text: String,
    },
    /// A legacy client's free-form expert action.
    NoteAction {
        /// The action's type.
        a_type: String,
        /// Whatever belongs to it.
        #[cfg_attr(feature = "ts", ts(type = "unknown"))]
        data: Value,
    },
    /// The time of the running stage is over. Only the program itself says so.
    EndTime {},
    /// The station was down while a stage ran. Only the program itself says so.
    RecordStationOutage {
        /// How long, milliseconds.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        lost: Span,
    },
}
