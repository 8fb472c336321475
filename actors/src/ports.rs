//! The ports: what the actors need from outside. Each has an in-process implementation that a
//! station runs on (`ports/local.rs`) or that tests use (`testing.rs`); the gateway implements them
//! over the database and the brokers. No trait here without a second real implementation.

mod local;

pub use engine::identity::Revoked;
pub use local::{LocalHints, LocalJobs, LocalOwner, LocalPresence, LocalRevocation};

use crate::error::{AppendError, LogError, QueueError};
use async_trait::async_trait;
use engine::identity::{Carried, Standing};
use engine::{CommandId, Moment, PersonId, Record, Span, StreamId, WireId};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use uuid::Uuid;

/// Proof of ownership, checked by the store in the same transaction as an append.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fence(pub u64);

/// What kind of thing a stream describes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// One candidate's exam.
    Exam,
    /// One expert's or candidate's sitting.
    Session,
}

/// The row by which a stream is listed and found; rewritten in the same transaction as its events.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// What the stream describes.
    pub kind: StreamKind,
    /// The stream.
    pub stream: StreamId,
    /// The exam's number on the wire, unique among all streams.
    pub wire_id: Option<WireId>,
    /// The phase's wire name.
    pub phase: String,
    /// Planned begin.
    pub begins_at: Option<Moment>,
    /// Planned end.
    pub ends_at: Option<Moment>,
    /// Whose exam or sitting it is.
    pub candidate: Option<PersonId>,
    /// A short human name.
    pub title: String,
    /// Whether an actor is wanted for it after a restart.
    pub live: bool,
    /// What lists need beside the columns.
    pub body: serde_json::Value,
}

/// What one decision adds to the log: all of it or nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Append {
    /// New records of one stream, in order of `seq`, already sealed.
    pub records: Vec<Record>,
    /// The stream's new summary, if it changed.
    pub summary: Option<Summary>,
}

/// A stream that no actor may touch until an operator releases it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quarantined {
    /// The stream.
    pub stream: StreamId,
    /// Why, for the operator.
    pub reason: String,
    /// Since when.
    pub at: Moment,
}

/// The durable log of events.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Writes the whole batch in one transaction, or nothing of it.
    ///
    /// # Errors
    /// `Conflict`, `Duplicate` and `WireIdTaken` blame one item; the caller retries by parts.
    /// After `Unknown` the batch may be stored.
    async fn append(&self, fence: Fence, batch: &[Append]) -> Result<(), AppendError>;

    /// Tries whether appends would work now, leaving no event behind. Called only while the journal
    /// is in trouble. A store that notices a full disk only when it writes should write here.
    ///
    /// # Errors
    /// As [`EventLog::append`].
    async fn probe(&self, fence: Fence) -> Result<(), AppendError> {
        self.append(fence, &[]).await
    }

    /// Records of a stream with `seq > after`, in order, at most `max`.
    ///
    /// # Errors
    /// When the store does not answer or holds what this build cannot read.
    async fn read(&self, stream: StreamId, after: u64, max: u32) -> Result<Vec<Record>, LogError>;

    /// The seq of the last event that a command caused in a stream, if it caused any.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn find_command(&self, stream: StreamId, cmd: CommandId)
    -> Result<Option<u64>, LogError>;

    /// Counts a crash of a stream's actor at `seq` under this build, durably; answers the new count.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn note_crash(&self, stream: StreamId, seq: u64, detail: &str) -> Result<u32, LogError>;

    /// Counts a panic caused by a command, durably; answers the new count.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn note_poison(&self, stream: StreamId, cmd: CommandId) -> Result<u32, LogError>;

    /// Marks a stream as quarantined. The first reason is kept when it already is.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn quarantine(&self, stream: StreamId, reason: &str, at: Moment) -> Result<(), LogError>;

    /// Ends a stream's quarantine and forgets its crash counts; answers whether it was quarantined.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn release(&self, stream: StreamId) -> Result<bool, LogError>;

    /// Every quarantined stream.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn quarantined(&self) -> Result<Vec<Quarantined>, LogError>;
}

/// Whether this process owns the streams it serves.
pub trait Ownership: Send + Sync {
    /// The present fence; none while this process must not write.
    fn fence(&self) -> Option<Fence>;
}

/// A wake-up: a stream has new events. Lossy by contract; the log is the truth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hint {
    /// The stream.
    pub stream: StreamId,
    /// First new seq.
    pub from_seq: u64,
    /// Last new seq.
    pub to_seq: u64,
}

/// Wake-ups between processes. May lose, repeat and reorder.
pub trait Hints: Send + Sync {
    /// Tells every subscriber, if it can.
    fn publish(&self, hint: Hint);
    /// Hints from now on. A slow receiver sees `Lagged` and must read the log.
    fn subscribe(&self) -> broadcast::Receiver<Hint>;
}

/// A scheduled job's run: what it is lies in the database.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JobRef {
    /// Which consumer it is for.
    pub target: String,
    /// The run's row.
    pub run: Uuid,
}

/// Hands job runs to consumers, at least once.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Queues a run.
    ///
    /// # Errors
    /// When the queue is full or its broker does not answer.
    async fn dispatch(&self, job: JobRef) -> Result<(), QueueError>;
    /// Waits for the next run for a target; it comes again unless [`JobQueue::done`] follows.
    async fn next(&self, target: &str) -> JobRef;
    /// Says that a run was dealt with.
    async fn done(&self, job: &JobRef);
}

/// Someone who is looking at a topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Member {
    /// The session or connection; a person may have several.
    pub key: String,
    /// The person.
    pub person: PersonId,
    /// The role's wire name.
    pub role: String,
}

/// Who is looking at what. A hint for screens, never evidence.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Says that a member is there now; it stays listed until it leaves or is not touched for long.
    fn touch(&self, topic: &str, member: Member);
    /// Says that a member has left.
    fn leave(&self, topic: &str, key: &str);
    /// Members of a topic, in order of key; `None` while that is not known.
    async fn list(&self, topic: &str) -> Option<Vec<Member>>;
}

/// Which tokens are revoked. Answers from memory; the database is the truth behind it.
pub trait Revocation: Send + Sync {
    /// Whether a verified token may still be used. `Unknown` when what is known is older than
    /// anything may rely on; who needs younger knowledge asks [`Revocation::age`] as well.
    fn standing(&self, carried: &Carried) -> Standing;
    /// How long ago it was last known that nothing is missing.
    fn age(&self) -> Span;
    /// Revocations from now on; a receiver that sees `Lagged` must check all it holds.
    fn changes(&self) -> broadcast::Receiver<Revoked>;
}

/// The only source of time.
pub trait Clock: Send + Sync {
    /// The wall clock. May jump; evidence, never order.
    fn now(&self) -> Moment;
    /// Microseconds since an arbitrary point; never goes back, counts time spent suspended.
    fn monotonic_us(&self) -> i64;
    /// [`Clock::monotonic_us`] in milliseconds.
    fn monotonic_ms(&self) -> i64 {
        self.monotonic_us() / 1_000
    }
}

/// The only source of ids and randomness.
pub trait IdSource: Send + Sync {
    /// A new stream's id.
    fn stream_id(&self) -> StreamId;
    /// A new id for a command that the program itself gives.
    fn command_id(&self) -> CommandId;
    /// Salt for one record.
    fn salt(&self) -> [u8; 16];
    /// A seed from which a form is drawn.
    fn seed(&self) -> [u8; 32];
}
