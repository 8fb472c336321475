//! Errors of the actors crate. Each says what the caller may do next; none carries text for a client.

/// Why an append to the journal was not acknowledged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendError {
    /// Another process owns the store now; every actor of this one must stop. Nothing was written.
    #[error("fenced: another process owns the store")]
    Fenced,
    /// Someone else wrote this `(stream, seq)`. Reload the stream and decide again.
    #[error("conflict: the stream has moved on")]
    Conflict,
    /// This command is already journalled in the stream. Look up its seq and acknowledge it.
    #[error("duplicate: the command is already journalled")]
    Duplicate,
    /// The summary's `wire_id` belongs to another stream.
    #[error("the wire id belongs to another stream")]
    WireIdTaken,
    /// The disk is full. Nothing was written; the journal tries again by itself.
    #[error("the disk is full")]
    Full,
    /// The store cannot be written (permissions, a read-only file system). Nothing was written.
    #[error("the store is read-only")]
    ReadOnly,
    /// The store cannot be reached, or the journal's queue is full. Nothing was written.
    #[error("the journal is unavailable: {0}")]
    Unavailable(String),
    /// It may or may not have been written. Reload the stream; the client resends the same command.
    #[error("the outcome of the append is unknown")]
    Unknown,
}

impl AppendError {
    /// Whether only one item of a batch is to blame, so that the others deserve another try.
    pub fn blames_one(&self) -> bool {
        match self {
            Self::Conflict | Self::Duplicate | Self::WireIdTaken => true,
            Self::Fenced | Self::Full | Self::ReadOnly | Self::Unavailable(_) | Self::Unknown => {
                false
            }
        }
    }
}

/// Why the event log could not be read, or a note could not be kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LogError {
    /// The store does not answer now; try again.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be understood by this build.
    #[error("the log is corrupt: {0}")]
    Corrupt(String),
}

/// Why a job could not be handed to the queue.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue holds as many jobs as it may.
    #[error("the job queue is full")]
    Full,
    /// The broker does not answer; the job's row stays unsent and is sent again.
    #[error("the job queue is unavailable: {0}")]
    Unavailable(String),
}

/// Why an actor did not answer a question.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AskError {
    /// The actor's mailbox is full, or too many children run already. Temporary.
    #[error("busy")]
    Busy,
    /// The actor ended while it was asked, and so did the one after it. Temporary.
    #[error("gone")]
    Gone,
    /// No answer within the limit; what was asked may have happened. Temporary.
    #[error("timed out")]
    TimedOut,
    /// The actor is being restarted and was not back within the limit. Temporary.
    #[error("restarting")]
    Restarting,
    /// The stream is quarantined: it failed too often. Only an operator can help.
    #[error("quarantined: {0}")]
    Quarantined(String),
    /// The program is stopping. Temporary: another process will answer.
    #[error("stopping")]
    Stopping,
}
