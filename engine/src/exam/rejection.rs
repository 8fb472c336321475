//! Why a command was refused: a closed list that clients may branch on.

use super::Phase;
use crate::ids::PersonId;

/// A refusal. Nothing was journalled; sending the same again gives the same answer until the
/// exam's state changes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Rejection {
    /// The command does not fit the exam's phase.
    #[error("not possible while the exam is {}", .0.word())]
    WrongPhase(Phase),
    /// The issuer has no right to it.
    #[error("only {0} may do this")]
    NotAllowed(&'static str),
    /// Too few experts are present.
    #[error("{present} of {needed} experts are present")]
    NoQuorum {
        /// How many are present.
        present: usize,
        /// How many must be.
        needed: usize,
    },
    /// The candidate's identity has not been confirmed.
    #[error("the candidate's identity is not confirmed")]
    IdentityUnconfirmed,
    /// Required cameras do not deliver or do not record.
    #[error("cameras are not ready: {0}")]
    CamerasNotReady(String),
    /// Outside the time in which the exam may be opened.
    #[error("the exam may be opened from {from} to {to} (milliseconds UTC)")]
    OutsideInterval {
        /// Earliest.
        from: i64,
        /// Latest.
        to: i64,
    },
    /// The stage's time is over.
    #[error("time is over")]
    TimeOver,
    /// No such question, task, criterion or incident here.
    #[error("unknown {0}")]
    Unknown(&'static str),
    /// The content is not acceptable.
    #[error("{field}: {expected}")]
    Invalid {
        /// Which part.
        field: &'static str,
        /// What was expected.
        expected: String,
    },
    /// The expert has already locked this task.
    #[error("task is locked by you already")]
    AlreadyLocked,
    /// Another task is being marked.
    #[error("the current task is {0}")]
    NotCurrentTask(u64),
    /// Marks are missing.
    #[error("marks are missing for criteria {0}")]
    MarksMissing(String),
    /// Already done; doing it twice would mean nothing.
    #[error("already done")]
    AlreadyDone,
    /// Others must sign first.
    #[error("awaiting signatures of {}", list(.0))]
    SignaturesMissing(Vec<PersonId>),
    /// The state has moved on since the client's `if_seq`.
    #[error("the exam is at {0} already")]
    Stale(u64),
    /// A limit with a name was reached.
    #[error("limit reached: {0}")]
    Limit(&'static str),
}

fn list(ids: &[PersonId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Rejection {
    /// The stable code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::WrongPhase(_) => "wrong_phase",
            Rejection::NotAllowed(_) => "not_allowed",
            Rejection::NoQuorum { .. } => "no_quorum",
            Rejection::IdentityUnconfirmed => "identity_unconfirmed",
            Rejection::CamerasNotReady(_) => "cameras_not_ready",
            Rejection::OutsideInterval { .. } => "outside_interval",
            Rejection::TimeOver => "time_over",
            Rejection::Unknown(_) => "unknown",
            Rejection::Invalid { .. } => "invalid",
            Rejection::AlreadyLocked => "already_locked",
            Rejection::NotCurrentTask(_) => "not_current_task",
            Rejection::MarksMissing(_) => "marks_missing",
            Rejection::AlreadyDone => "already_done",
            Rejection::SignaturesMissing(_) => "signatures_missing",
            Rejection::Stale(_) => "stale",
            Rejection::Limit(_) => "limit",
        }
    }
}
