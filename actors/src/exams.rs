//! The handle to all exams: what the gateway calls. It finds or starts the actor of an exam and
//! follows it through restarts.

mod handle;

pub use handle::Exams;
pub(crate) use handle::Families;

use crate::feed::{Outbox, Resume, Viewer};
use engine::exam::view::Audience;
use engine::exam::{Command, Issuer, Rejection};
use engine::{CommandId, WireId};
use std::sync::Arc;

/// A command to one exam.
#[derive(Clone, Debug)]
pub struct Submit {
    /// Which exam.
    pub exam: WireId,
    /// The client-made id: the same id is applied once.
    pub cmd: CommandId,
    /// Refuse when the exam has moved beyond this number.
    pub if_seq: Option<u64>,
    /// Who commands.
    pub issuer: Issuer,
    /// What.
    pub command: Command,
}

/// A command is journalled: from here on nothing loses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ack {
    /// The number of its last event, or of the newest event when it changed nothing.
    pub seq: u64,
    /// It had been applied before.
    pub dup: bool,
}

/// Why a command or question was not answered with success.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SubmitError {
    /// The exam's rules refuse it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// There is no such exam.
    #[error("there is no such exam")]
    UnknownExam,
    /// An exam with this number exists already.
    #[error("an exam with this number exists already")]
    ExamExists,
    /// The exam failed too often and is read-only until an operator releases it.
    // Why it did is for operators: the board tells them.
    #[error("the exam is read-only until an operator releases it")]
    Quarantined(String),
    /// This very command makes the program fail; it is refused for good.
    #[error("this command cannot be carried out; an operator has been told")]
    Poisoned,
    /// The outcome is not known: send the same command id again.
    #[error("the outcome is not known yet: send the same command again")]
    Retry,
    /// Nothing was saved: the store or the exam is not available now.
    #[error("not available now: {0}")]
    Unavailable(&'static str),
    /// Too much waits already.
    #[error("too many commands wait; send it again")]
    Busy,
}

impl SubmitError {
    /// The stable code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            SubmitError::Rejected(r) => r.code(),
            SubmitError::UnknownExam => "unknown_exam",
            SubmitError::ExamExists => "exam_exists",
            SubmitError::Quarantined(_) => "quarantined",
            SubmitError::Poisoned => "poisoned",
            SubmitError::Retry => "retry",
            SubmitError::Unavailable(_) => "unavailable",
            SubmitError::Busy => "busy",
        }
    }

    /// The same command may succeed later.
    pub fn temporary(&self) -> bool {
        matches!(self, SubmitError::Retry | SubmitError::Unavailable(_) | SubmitError::Busy)
    }

    /// How long to wait before trying again, ms.
    pub fn after_ms(&self) -> u64 {
        match self {
            SubmitError::Retry | SubmitError::Busy => 250,
            SubmitError::Unavailable(_) => 2_000,
            _ => 0,
        }
    }
}

/// One connection of a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// A connection asks to follow a stream. What it gets arrives in its outbox.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// Which connection.
    pub conn: ConnId,
    /// Where its items go.
    pub outbox: Arc<Outbox>,
    /// Whose view it gets; the gateway has checked the right to it.
    pub audience: Audience,
    /// Who looks.
    pub viewer: Viewer,
    /// Where it stood.
    pub resume: Option<Resume>,
    /// The request's id, echoed in [`crate::feed::Item::Subscribed`].
    pub id: Option<u64>,
}
