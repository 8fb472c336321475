//! How the store does, as operators and readiness checks see it.

use crate::error::AppendError;
use engine::Moment;
use std::fmt;

/// Whether appends work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Health {
    /// The last attempt reached the store.
    Working,
    /// The last attempt failed for every caller; the journal probes by itself.
    Failing(AppendError),
    /// The writer has ended; nothing will be written any more.
    Stopped,
}

/// The state of the journal and since when it has been so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalHealth {
    /// Whether appends work.
    pub state: Health,
    /// By the wall clock.
    pub since: Moment,
}

impl JournalHealth {
    /// Whether appends may be expected to work.
    pub fn is_working(&self) -> bool {
        self.state == Health::Working
    }
}

impl fmt::Display for JournalHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            Health::Working => f.write_str("working"),
            Health::Failing(error) => error.fmt(f),
            Health::Stopped => f.write_str("stopped"),
        }
    }
}
