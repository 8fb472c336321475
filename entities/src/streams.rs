//! Streams as lists show them. The row is written with the events it sums up, in one transaction.

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::Store;
use engine::{Moment, PersonId, StreamId, WireId};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde_json::Value as Json;

/// Rows on one page of a list.
pub const STREAMS_PER_PAGE_MAX: u32 = 500;
/// Streams that may be live at the same time.
pub const LIVE_STREAMS_MAX: usize = 20_000;

/// The columns, in the order of [`StreamSummary::row`] and [`StreamRow`].
pub(crate) const COLUMNS: &str = "stream_id, kind, wire_id, phase, begins_at, ends_at, \
                                  candidate_id, title, body, last_seq, live";
/// How many there are.
pub(crate) const COLUMN_COUNT: usize = 11;
/// What a later summary changes; a stream's kind and wire id are for life.
pub(crate) const CHANGES: &str = "phase = excluded.phase, begins_at = excluded.begins_at, \
     ends_at = excluded.ends_at, candidate_id = excluded.candidate_id, title = excluded.title, \
     body = excluded.body, last_seq = excluded.last_seq, live = excluded.live";

/// What a stream is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StreamKind {
    /// One candidate's exam.
    Exam,
    /// One person's sitting at a tablet.
    Session,
}

impl StreamKind {
    fn name(self) -> &'static str {
        match self {
            StreamKind::Exam => "exam",
            StreamKind::Session => "session",
        }
    }

    fn parse(name: &str) -> Result<StreamKind, StoreError> {
        match name {
            "exam" => Ok(StreamKind::Exam),
            "session" => Ok(StreamKind::Session),
            other => Err(StoreError::Corrupt(format!("a stream of kind {other}"))),
        }
    }
}

/// What lists show of a stream without reading its events.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSummary {
    /// Kept from the first summary of a stream; later ones cannot change it.
    pub kind: StreamKind,
    /// Unique among all streams; kept from the first summary as well.
    pub wire_id: Option<WireId>,
    /// The caller's word for where the stream stands.
    pub phase: String,
    /// When it begins, by plan or in fact; lists are in this order.
    pub begins_at: Moment,
    /// When it ends, by plan or in fact.
    pub ends_at: Option<Moment>,
    /// Whom an exam is about.
    pub candidate_id: Option<PersonId>,
    /// What to call it.
    pub title: String,
    /// Anything else that a list shows; numbers keep their value, keys may change order.
    pub body: Json,
    /// Whether it is loaded at a restart.
    pub live: bool,
}

impl StreamSummary {
    pub(crate) fn row(&self, stream: StreamId, last_seq: u64) -> Vec<Value> {
        let number = |n: Option<u64>| Value::BigInt(n.map(signed));
        vec![
            stream.0.into(),
            self.kind.name().into(),
            number(self.wire_id.map(|id| id.0)),
            self.phase.as_str().into(),
            self.begins_at.0.into(),
            Value::BigInt(self.ends_at.map(|at| at.0)),
            number(self.candidate_id.map(|id| id.0)),
            self.title.as_str().into(),
            self.body.to_string().into(),
            signed(last_seq).into(),
            self.live.into(),
        ]
    }
}

/// A stream in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRow {
    /// Its id.
    pub stream: StreamId,
    /// The number of its last record.
    pub last_seq: u64,
    /// The latest summary.
    pub summary: StreamSummary,
}

/// A stream to load at a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveStream {
    /// Its id.
    pub stream: StreamId,
    /// What it is about.
    pub kind: StreamKind,
    /// Its wire id, if it has one.
    pub wire_id: Option<WireId>,
}

/// Which streams a list wants; the default wants all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamFilter {
    /// Only this kind.
    pub kind: Option<StreamKind>,
    /// Beginning at or after.
    pub from: Option<Moment>,
    /// Beginning before.
    pub to: Option<Moment>,
    /// Only exams of this candidate.
    pub candidate: Option<PersonId>,
    /// Only live ones, or only others.
    pub live: Option<bool>,
}

/// Where the next page begins: after this stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamCursor {
    /// Its beginning.
    pub begins_at: Moment,
    /// Its id, for streams that begin together.
    pub stream: StreamId,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamPage {
    /// In order of beginning.
    pub rows: Vec<StreamRow>,
    /// For the next page; `None` on the last one.
    pub next: Option<StreamCursor>,
}

impl Store {
    /// The stream with a wire id.
    ///
    /// # Errors
    /// As any read.
    pub async fn stream_by_wire(&self, wire_id: WireId) -> Result<Option<StreamId>, StoreError> {
        let text = "SELECT stream_id FROM stream WHERE wire_id = $1";
        let found = scalar(&self.readers, sql(text, [signed(wire_id.0).into()])).await?;
        Ok(found.map(StreamId))
    }

    /// One stream as lists show it.
    ///
    /// # Errors
    /// As any read.
    pub async fn stream(&self, stream: StreamId) -> Result<Option<StreamRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM stream WHERE stream_id = $1");
        let row = self.readers.query_one_raw(sql(text, [stream.0.into()])).await?;
        row.as_ref().map(decode).transpose()
    }

    /// Every live stream, in order of beginning.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] beyond [`LIVE_STREAMS_MAX`]: none is left out in silence.
    pub async fn live_streams(&self) -> Result<Vec<LiveStream>, StoreError> {
        let text = "SELECT stream_id, kind, wire_id FROM stream WHERE live = TRUE \
                    ORDER BY begins_at, stream_id LIMIT $1";
        let limit = signed(LIVE_STREAMS_MAX as u64) + 1;
        let found = rows(&self.readers, sql(text, [limit.into()]), |row| {
            Ok(LiveStream {
                stream: StreamId(row.try_get_by_index(0)?),
                kind: StreamKind::parse(&row.try_get_by_index::<String>(1)?)?,
                wire_id: number(row, 2)?.map(WireId),
            })
        })
        .await?;
        if found.len() > LIVE_STREAMS_MAX {
            return Err(StoreError::TooMany { what: "live streams", limit: LIVE_STREAMS_MAX });
        }
        Ok(found)
    }

    /// A page of the streams that the filter lets through, in order of beginning; `limit` is
    /// capped at [`STREAMS_PER_PAGE_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn list_streams(
        &self,
        filter: StreamFilter,
        limit: u32,
        after: Option<StreamCursor>,
    ) -> Result<StreamPage, StoreError> {
        let limit = limit.clamp(1, STREAMS_PER_PAGE_MAX);
        let (conditions, mut values) = conditions(filter, after);
        values.push((i64::from(limit) + 1).into());
        let text = format!(
            "SELECT {COLUMNS} FROM stream WHERE {conditions} \
             ORDER BY begins_at, stream_id LIMIT ${}",
            values.len()
        );
        let mut found = rows(&self.readers, sql(text, values), decode).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found
            .last()
            .filter(|_| more)
            .map(|row| StreamCursor { begins_at: row.summary.begins_at, stream: row.stream });
        Ok(StreamPage { rows: found, next })
    }
}

fn conditions(filter: StreamFilter, after: Option<StreamCursor>) -> (String, Vec<Value>) {
    let mut parts = vec![String::from("TRUE")];
    let mut values: Vec<Value> = Vec::new();
    let mut put = |part: &str, value: Value| {
        values.push(value);
        parts.push(format!("{part} ${}", values.len()));
    };
    if let Some(kind) = filter.kind {
        put("kind =", kind.name().into());
    }
    if let Some(from) = filter.from {
        put("begins_at >=", from.0.into());
    }
    if let Some(to) = filter.to {
        put("begins_at <", to.0.into());
    }
    if let Some(candidate) = filter.candidate {
        put("candidate_id =", signed(candidate.0).into());
    }
    if let Some(live) = filter.live {
        put("live =", live.into());
    }
    if let Some(after) = after {
        values.extend([after.begins_at.0.into(), after.stream.0.into()]);
        let n = values.len();
        parts.push(format!("(begins_at, stream_id) > (${}, ${n})", n - 1));
    }
    (parts.join(" AND "), values)
}

pub(crate) fn decode(row: &QueryResult) -> Result<StreamRow, StoreError> {
    let stream = StreamId(row.try_get_by_index(0)?);
    let body: String = row.try_get_by_index(8)?;
    Ok(StreamRow {
        stream,
        last_seq: unsigned(row.try_get_by_index(9)?, "a record's number")?,
        summary: StreamSummary {
            kind: StreamKind::parse(&row.try_get_by_index::<String>(1)?)?,
            wire_id: number(row, 2)?.map(WireId),
            phase: row.try_get_by_index(3)?,
            begins_at: Moment(row.try_get_by_index(4)?),
            ends_at: row.try_get_by_index::<Option<i64>>(5)?.map(Moment),
            candidate_id: number(row, 6)?.map(PersonId),
            title: row.try_get_by_index(7)?,
            body: serde_json::from_str(&body)
                .map_err(|_| StoreError::Corrupt(format!("the summary of stream {stream}")))?,
            live: row.try_get_by_index(10)?,
        },
    })
}

fn number(row: &QueryResult, index: usize) -> Result<Option<u64>, StoreError> {
    row.try_get_by_index::<Option<i64>>(index)?.map(|n| unsigned(n, "a number")).transpose()
}
