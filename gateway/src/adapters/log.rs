//! The event log over the station's database.

use super::log_error;
use actors::error::{AppendError, LogError};
use actors::ports::{Append, Clock, EventLog, Fence, Quarantined, StreamKind, Summary};
use async_trait::async_trait;
use engine::{CommandId, Moment, Record, StreamId};
use entities::{AppendItem, Crash, Journal, Store, StreamSummary};
use std::sync::Arc;

/// Crashes are counted for each build: a new one gets another chance.
const BUILD: &str = env!("CARGO_PKG_VERSION");

/// The durable log: appends through the journal that booting gave, reads from the store.
pub struct JournalLog {
    store: Store,
    journal: Journal,
    clock: Arc<dyn Clock>,
}

impl JournalLog {
    /// The log of a booted store.
    pub fn new(store: Store, journal: Journal, clock: Arc<dyn Clock>) -> JournalLog {
        JournalLog { store, journal, clock }
    }
}

fn signed(fence: Fence) -> i64 {
    i64::try_from(fence.0).unwrap_or(i64::MAX)
}

fn item(append: &Append) -> AppendItem {
    let at = append.records.first().map_or(Moment(0), |record| record.at);
    let summary = append.summary.as_ref().map(|summary| row(summary, at));
    AppendItem { records: append.records.clone(), summary }
}

fn row(summary: &Summary, at: Moment) -> StreamSummary {
    StreamSummary {
        kind: match summary.kind {
            StreamKind::Exam => entities::StreamKind::Exam,
            StreamKind::Session => entities::StreamKind::Session,
        },
        wire_id: summary.wire_id,
        phase: summary.phase.clone(),
        begins_at: summary.begins_at.unwrap_or(at),
        ends_at: summary.ends_at,
        candidate_id: summary.candidate,
        title: summary.title.clone(),
        body: summary.body.clone(),
        live: summary.live,
    }
}

fn append_error(error: entities::AppendError) -> AppendError {
    use entities::AppendError as Stored;
    match error {
        Stored::Fenced => AppendError::Fenced,
        Stored::Conflict => AppendError::Conflict,
        Stored::Duplicate => AppendError::Duplicate,
        Stored::WireIdTaken(_) => AppendError::WireIdTaken,
        // Only one item can be at fault, and reloading its stream is all that may help: the others
        // of the batch must not suffer.
        Stored::Refused { stream, reason } => {
            tracing::error!(%stream, reason, "the store refused an append for good");
            AppendError::Conflict
        }
        Stored::Full => AppendError::Full,
        Stored::ReadOnly => AppendError::ReadOnly,
        Stored::Unavailable(reason) => AppendError::Unavailable(reason),
        Stored::Unknown(reason) => {
            tracing::warn!(reason, "a commit was not confirmed");
            AppendError::Unknown
        }
    }
}

#[async_trait]
impl EventLog for JournalLog {
    async fn append(&self, fence: Fence, batch: &[Append]) -> Result<(), AppendError> {
        let items: Vec<AppendItem> = batch.iter().map(item).collect();
        self.journal.append(signed(fence), &items).await.map_err(append_error)
    }

    async fn probe(&self, fence: Fence) -> Result<(), AppendError> {
        self.journal.probe(signed(fence)).await.map_err(append_error)
    }

    async fn read(&self, stream: StreamId, after: u64, max: u32) -> Result<Vec<Record>, LogError> {
        self.store.read_events(stream, after, max).await.map_err(log_error)
    }

    async fn find_command(
        &self,
        stream: StreamId,
        cmd: CommandId,
    ) -> Result<Option<u64>, LogError> {
        self.store.find_command(stream, cmd).await.map_err(log_error)
    }

    async fn note_crash(&self, stream: StreamId, seq: u64, detail: &str) -> Result<u32, LogError> {
        let at = self.clock.now();
        let crash = Crash { stream, seq, build: BUILD, at, detail };
        self.store.note_crash(&crash).await.map_err(log_error)
    }

    async fn note_poison(&self, stream: StreamId, cmd: CommandId) -> Result<u32, LogError> {
        self.store.note_poison(stream, cmd).await.map_err(log_error)
    }

    async fn quarantine(&self, stream: StreamId, reason: &str, at: Moment) -> Result<(), LogError> {
        let known = self.store.quarantined().await.map_err(log_error)?;
        if known.iter().any(|q| q.stream == stream) {
            return Ok(());
        }
        self.store.quarantine(stream, reason, at).await.map_err(log_error)
    }

    async fn release(&self, stream: StreamId) -> Result<bool, LogError> {
        self.store.clear_crashes(stream).await.map_err(log_error)?;
        self.store.release(stream, self.clock.now()).await.map_err(log_error)
    }

    async fn quarantined(&self) -> Result<Vec<Quarantined>, LogError> {
        let found = self.store.quarantined().await.map_err(log_error)?;
        let shown =
            |q: entities::Quarantined| Quarantined { stream: q.stream, reason: q.reason, at: q.at };
        Ok(found.into_iter().map(shown).collect())
    }
}
