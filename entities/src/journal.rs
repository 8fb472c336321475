//! The append side of the journal: one transaction for a whole batch, whatever streams it touches.
//!
//! The database is the only arbiter: the fence is checked in the same transaction, `(stream_id,
//! seq)` decides which of two writers was first, `(stream_id, cmd_id, cmd_ix)` that a command
//! applies once. What fails here was not written, unless it is [`AppendError::Unknown`].

mod statements;

use crate::error::AppendError;
use crate::failure::{Code, Failure};
use crate::record;
use crate::sql::{Backend, scalar, signed, sql};
use crate::store::{Store, begin};
use crate::streams::StreamSummary;
use engine::{Record, StreamId, WireId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use statements::{EVENTS, SUMMARIES, Shape, TOUCHED};
use std::collections::BTreeMap;

/// Events in one append, over all its items.
pub const EVENTS_PER_APPEND_MAX: usize = 4_096;
/// An event's own JSON, in bytes.
pub const EVENT_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Records of one stream that are written together or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct AppendItem {
    /// At least one, all of the same stream, numbered without a gap.
    pub records: Vec<Record>,
    /// The stream's summary after these records. Needed with a stream's first record; afterwards
    /// only when it changed.
    pub summary: Option<StreamSummary>,
}

/// Writes records. Given out by [`Store::boot`] only.
#[derive(Clone, Debug)]
pub struct Journal {
    store: Store,
    fenced: bool,
}

impl Journal {
    pub(crate) fn new(store: &Store) -> Journal {
        Journal { store: store.clone(), fenced: true }
    }

    /// The store it writes to.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// For negative controls of tests only: a journal that ignores the fence.
    pub fn without_fence(mut self) -> Journal {
        self.fenced = false;
        self
    }

    /// Appends a batch durably: when this returns `Ok`, all of it is on disk.
    ///
    /// # Errors
    /// Nothing of the batch was written, unless it is [`AppendError::Unknown`]. After
    /// [`AppendError::Conflict`], [`AppendError::Duplicate`] or [`AppendError::WireIdTaken`] the
    /// caller may append the items one by one to find the one at fault.
    pub async fn append(&self, fence: i64, batch: &[AppendItem]) -> Result<(), AppendError> {
        let plan = Plan::of(fence, batch)?;
        if plan.events.is_empty() {
            return Ok(());
        }
        let fence = self.fenced.then_some(fence);
        let transaction = begin(&self.store.writer).await.map_err(|e| before_commit(e, &plan))?;
        if let Err(error) = write(&transaction, fence, &plan).await {
            if let Err(e) = transaction.rollback().await {
                // The connection is thrown away with its transaction.
                tracing::warn!(error = %e, "append not rolled back");
            }
            return Err(error);
        }
        transaction.commit().await.map_err(at_commit)
    }
}

/// A batch as rows.
struct Plan<'a> {
    /// Streams whose summary changes, or that begin.
    summaries: Vec<Vec<Value>>,
    /// The other streams and their last numbers.
    touched: Vec<Vec<Value>>,
    events: Vec<Vec<Value>>,
    /// Wire ids in `summaries`.
    wire_ids: Vec<WireId>,
    streams: BTreeMap<StreamId, Heads<'a>>,
}

/// Where a stream stands after the batch.
struct Heads<'a> {
    last: u64,
    summary: Option<&'a StreamSummary>,
}

impl<'a> Plan<'a> {
    fn of(fence: i64, batch: &'a [AppendItem]) -> Result<Plan<'a>, AppendError> {
        let mut plan = Plan {
            summaries: Vec::new(),
            touched: Vec::new(),
            events: Vec::with_capacity(batch.iter().map(|item| item.records.len()).sum()),
            wire_ids: Vec::new(),
            streams: BTreeMap::new(),
        };
        for item in batch {
            plan.add(fence, item)?;
        }
        for (stream, heads) in &plan.streams {
            match heads.summary {
                Some(summary) => {
                    plan.wire_ids.extend(summary.wire_id);
                    plan.summaries.push(summary.row(*stream, heads.last));
                }
                None => plan.touched.push(vec![stream.0.into(), signed(heads.last).into()]),
            }
        }
        Ok(plan)
    }

    /// The error of a batch that the database can never take. Which item is at fault is known only
    /// when there is one: a batch of several is appended again one by one, as after a conflict.
    fn refused(&self) -> AppendError {
        let mut streams = self.streams.keys();
        match (streams.next(), streams.next()) {
            (Some(&stream), None) => {
                AppendError::Refused { stream, reason: "a value that the database does not take" }
            }
            _ => AppendError::Conflict,
        }
    }

    fn add(&mut self, fence: i64, item: &'a AppendItem) -> Result<(), AppendError> {
        let Some(first) = item.records.first() else {
            let stream = StreamId(uuid::Uuid::nil());
            return Err(AppendError::Refused { stream, reason: "an item without records" });
        };
        let stream = first.stream;
        let refused = |reason| AppendError::Refused { stream, reason };
        for (record, seq) in item.records.iter().zip(first.seq..) {
            if record.stream != stream || record.seq != seq {
                return Err(refused("records of one item must be of one stream, without a gap"));
            }
            let mut row = Vec::with_capacity(record::COLUMN_COUNT);
            record::encode(record, fence, &mut row).map_err(refused)?;
            self.events.push(row);
        }
        if self.events.len() > EVENTS_PER_APPEND_MAX {
            return Err(refused("too many events in one append"));
        }
        let last = first.seq + item.records.len() as u64 - 1;
        let heads = self.streams.entry(stream).or_insert(Heads { last, summary: None });
        heads.last = heads.last.max(last);
        heads.summary = item.summary.as_ref().or(heads.summary);
        Ok(())
    }
}

async fn write(
    transaction: &DatabaseTransaction,
    fence: Option<i64>,
    plan: &Plan<'_>,
) -> Result<(), AppendError> {
    if Backend::of(transaction) == Backend::Postgres {
        hold_fence(transaction, fence).await?;
    }
    let result = async {
        let mut streams = 0;
        for (shape, rows) in [(&SUMMARIES, &plan.summaries), (&TOUCHED, &plan.touched)] {
            streams += insert(transaction, shape, rows, Some(fence.into())).await?;
        }
        insert(transaction, &EVENTS, &plan.events, None).await?;
        Ok(streams)
    }
    .await;
    match result {
        Ok(streams) if streams == plan.streams.len() as u64 => Ok(()),
        // Either the fence or the streams kept rows from being written.
        Ok(_) => Err(fenced_or(transaction, fence, AppendError::Conflict).await?),
        Err(error) => {
            let error = before_commit(error, plan);
            // PostgreSQL answers nothing more in this transaction, and the fence is held anyway.
            if Backend::of(transaction) == Backend::Sqlite
                && matches!(error, AppendError::Conflict | AppendError::Duplicate)
            {
                return Err(fenced_or(transaction, fence, error).await?);
            }
            Err(error)
        }
    }
}

/// Keeps the station's row as it is until the transaction ends: a later start, which changes it,
/// waits for this append, and what comes after it finds the new fence. In SQLite nobody else
/// writes meanwhile.
async fn hold_fence(
    transaction: &DatabaseTransaction,
    fence: Option<i64>,
) -> Result<(), AppendError> {
    let text = "SELECT boot FROM station WHERE id = 1 FOR SHARE";
    let boot = scalar::<i64>(transaction, sql(text, [])).await?;
    if fence.is_some() && boot != fence { Err(AppendError::Fenced) } else { Ok(()) }
}

/// Writes rows by as few statements as the prepared sizes allow; returns how many were written.
async fn insert(
    transaction: &DatabaseTransaction,
    shape: &Shape,
    rows: &[Vec<Value>],
    last: Option<Value>,
) -> Result<u64, DbErr> {
    let mut written = 0;
    for (text, chunk) in shape.chunks(Backend::of(transaction), rows) {
        let values = chunk.iter().flatten().cloned().chain(last.clone());
        written += transaction.execute_raw(sql(text, values)).await?.rows_affected();
    }
    Ok(written)
}

/// A stale fence explains everything else.
async fn fenced_or(
    transaction: &DatabaseTransaction,
    fence: Option<i64>,
    error: AppendError,
) -> Result<AppendError, AppendError> {
    let boot = scalar::<i64>(transaction, sql("SELECT boot FROM station WHERE id = 1", [])).await?;
    Ok(if fence.is_some() && boot != fence { AppendError::Fenced } else { error })
}

/// No COMMIT was sent, so nothing was written.
fn before_commit(error: DbErr, plan: &Plan<'_>) -> AppendError {
    let failure = Failure::from(error);
    match failure.code {
        Some(Code::Constraint) => violated(&failure.message, plan),
        Some(Code::Full) => AppendError::Full,
        Some(Code::ReadOnly) => AppendError::ReadOnly,
        Some(Code::BadValue) => plan.refused(),
        _ => AppendError::Unavailable(failure.message),
    }
}

fn violated(message: &str, plan: &Plan<'_>) -> AppendError {
    // SQLite names the columns, PostgreSQL the key.
    if message.contains("event.cmd_id") || message.contains("\"event_cmd\"") {
        AppendError::Duplicate
    } else if message.contains("stream.wire_id") || message.contains("\"stream_wire_id_key\"") {
        AppendError::WireIdTaken(match plan.wire_ids[..] {
            [only] => Some(only),
            _ => None,
        })
    } else {
        // The number is taken, or the stream is not there.
        AppendError::Conflict
    }
}

/// A commit that the database itself refused wrote nothing; anything else may have reached the
/// disk.
fn at_commit(error: DbErr) -> AppendError {
    let failure = Failure::from(error);
    match failure.code {
        Some(Code::Full) => AppendError::Full,
        Some(Code::ReadOnly) => AppendError::ReadOnly,
        Some(Code::Busy | Code::Constraint) => AppendError::Unavailable(failure.message),
        _ => AppendError::Unknown(failure.message),
    }
}
