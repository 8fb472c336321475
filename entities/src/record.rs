//! Rows of `event` ↔ [`engine::Record`]. A record comes back exactly as it was appended, so that
//! its hash still holds; the event itself is kept as JSON text for that reason.

use crate::error::StoreError;
use crate::journal::EVENT_BODY_BYTES_MAX;
use crate::sql::{Backend, unsigned};
use engine::{CommandId, Hash, Moment, Record, StreamId};
use sea_orm::Value;
use serde_json::Value as Json;
use uuid::Uuid;

/// Nesting of an event's JSON. Readers of JSON stop at 128.
const DEPTH_MAX: u32 = 100;

/// The columns, in the order of [`encode`].
pub(crate) const COLUMNS: &str =
    "stream_id, seq, epoch, cmd_id, cmd_ix, kind, v, at, \"by\", salt, body, prev, hash";

/// How many there are.
pub(crate) const COLUMN_COUNT: usize = 13;

/// Whole records as one text, in the order of their numbers, since SQLite's driver copies every row
/// across threads: [`RECORD`] between records, [`FIELD`] between columns, [`decode_text`] reads
/// one. JSON text, hexadecimal digits and checked names contain no control characters.
pub(crate) fn as_text(backend: Backend) -> &'static str {
    backend.pick(
        "group_concat(concat_ws(char(31), seq, coalesce(hex(cmd_id), ''), cmd_ix, kind, v, at, \
         \"by\", salt, body, hex(prev), hex(hash)), char(30) ORDER BY seq)",
        "string_agg(concat_ws(chr(31), seq, coalesce(cmd_id::text, ''), cmd_ix, kind, v, at, \
         \"by\", salt, body, encode(prev, 'hex'), encode(hash, 'hex')), chr(30) ORDER BY seq)",
    )
}

/// Between records of [`as_text`].
pub(crate) const RECORD: char = '\u{1e}';

/// Between the columns of [`as_text`].
const FIELD: char = '\u{1f}';

/// Appends a record's columns to `out`.
pub(crate) fn encode(
    record: &Record,
    epoch: i64,
    out: &mut Vec<Value>,
) -> Result<(), &'static str> {
    let seq = i64::try_from(record.seq).map_err(|_| "a number beyond 2^63")?;
    if seq == 0 {
        return Err("numbers start at 1");
    }
    for name in [&record.kind, &record.salt] {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err("kind and salt must be non-empty and free of control characters");
        }
    }
    if !shallower_than(&record.d, DEPTH_MAX) {
        return Err("the event is nested too deeply");
    }
    let body = serde_json::to_string(&record.d).map_err(|_| "the event is no JSON")?;
    if body.len() > EVENT_BODY_BYTES_MAX {
        return Err("the event is too large");
    }
    let by = serde_json::to_string(&record.by).map_err(|_| "the actor is no JSON")?;
    out.extend([
        record.stream.0.into(),
        seq.into(),
        epoch.into(),
        Value::Uuid(record.cmd.map(|id| id.0)),
        i64::from(record.cmd_ix).into(),
        record.kind.as_str().into(),
        i64::from(record.v).into(),
        record.at.0.into(),
        by.into(),
        record.salt.as_str().into(),
        body.into(),
        record.prev.0.to_vec().into(),
        record.hash.0.to_vec().into(),
    ]);
    Ok(())
}

fn shallower_than(value: &Json, depth: u32) -> bool {
    let Some(inner) = depth.checked_sub(1) else { return false };
    match value {
        Json::Array(items) => items.iter().all(|item| shallower_than(item, inner)),
        Json::Object(fields) => fields.values().all(|field| shallower_than(field, inner)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    }
}

/// Reads a text of [`as_text`].
pub(crate) fn decode_text(stream: StreamId, text: &str) -> Result<Record, StoreError> {
    let mut fields = text.split(FIELD);
    let seq: i64 = parsed(fields.next()).ok_or_else(|| corrupt(stream, 0, "seq"))?;
    let bad = |what| corrupt(stream, seq, what);
    let record = Record {
        stream,
        seq: unsigned(seq, "a record's number")?,
        cmd: command(fields.next()).ok_or_else(|| bad("cmd_id"))?,
        cmd_ix: parsed(fields.next()).ok_or_else(|| bad("cmd_ix"))?,
        kind: fields.next().ok_or_else(|| bad("kind"))?.to_owned(),
        v: parsed(fields.next()).ok_or_else(|| bad("v"))?,
        at: parsed(fields.next()).map(Moment).ok_or_else(|| bad("at"))?,
        by: json(fields.next()).ok_or_else(|| bad("by"))?,
        salt: fields.next().ok_or_else(|| bad("salt"))?.to_owned(),
        d: json(fields.next()).ok_or_else(|| bad("body"))?,
        prev: fields.next().and_then(Hash::parse).ok_or_else(|| bad("prev"))?,
        hash: fields.next().and_then(Hash::parse).ok_or_else(|| bad("hash"))?,
    };
    if fields.next().is_some() { Err(bad("columns")) } else { Ok(record) }
}

fn corrupt(stream: StreamId, seq: i64, what: &str) -> StoreError {
    StoreError::Corrupt(format!("record {seq} of stream {stream}: {what}"))
}

fn parsed<T: std::str::FromStr>(field: Option<&str>) -> Option<T> {
    field?.parse().ok()
}

fn json<T: serde::de::DeserializeOwned>(field: Option<&str>) -> Option<T> {
    serde_json::from_str(field?).ok()
}

/// Empty means that no command caused it.
fn command(field: Option<&str>) -> Option<Option<CommandId>> {
    match field? {
        "" => Some(None),
        text => Uuid::parse_str(text).ok().map(|id| Some(CommandId(id))),
    }
}
