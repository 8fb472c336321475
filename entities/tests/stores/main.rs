//! The stores against real databases, each test on one of its own: a file, or in nextest's profile
//! `centre` a database of a PostgreSQL server. `opening` and `full` are about files alone, `server`
//! about servers alone.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod audit;
mod full;
mod identity;
mod journal;
mod opening;
mod place;
mod registries;
mod restart;
mod server;
mod stations;
mod streams;

use crate::place::Place;
use engine::{Actor, CommandId, Hash, Moment, PersonId, Record, StreamId, WireId};
use entities::{AppendItem, Boot, OpenOptions, Store, StreamKind, StreamSummary};
use serde_json::{Value, json};
use std::path::PathBuf;
use uuid::Uuid;

/// A booted station, or centre.
struct Station {
    place: Place,
    store: Store,
    boot: Boot,
}

impl Station {
    async fn new() -> Station {
        let place = Place::new().await;
        let store = place.open(OpenOptions::default()).await.unwrap();
        let boot = store.boot("00112233aabbccdd").await.unwrap();
        Station { place, store, boot }
    }

    fn path(&self) -> PathBuf {
        self.place.file()
    }

    async fn append(&self, batch: &[AppendItem]) -> Result<(), entities::AppendError> {
        self.boot.journal.append(self.boot.fence, batch).await
    }

    /// The whole stream, read by both ways, which must agree.
    async fn records(&self, stream: StreamId) -> Vec<Record> {
        let one = self.store.read_events(stream, 0, u32::MAX).await.unwrap();
        let mut many = Vec::new();
        self.store
            .bulk_events(&[stream], |id, records| {
                assert_eq!(id, stream);
                many = records.unwrap();
            })
            .await
            .unwrap();
        assert_eq!(one, many);
        one
    }

    /// Rows of `event` and `stream`.
    async fn counts(&self) -> (i64, i64) {
        let rows = self.store.list_streams(Default::default(), 500, None).await.unwrap().rows;
        let mut events = 0;
        for row in &rows {
            events += i64::try_from(self.records(row.stream).await.len()).unwrap();
        }
        (events, i64::try_from(rows.len()).unwrap())
    }
}

fn stream(n: u128) -> StreamId {
    StreamId(Uuid::from_u128(n << 64))
}

fn cmd(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

/// A record that continues `prev`.
fn record(stream: StreamId, seq: u64, prev: Hash, d: Value) -> Record {
    Record {
        stream,
        seq,
        at: Moment(1_700_000_000_000),
        by: Actor::Person(PersonId(7)),
        cmd: Some(cmd(stream.0.as_u128() | u128::from(seq))),
        cmd_ix: 0,
        kind: String::from("answer_saved"),
        v: 1,
        salt: String::from("0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"),
        d,
        prev,
        hash: Hash::default(),
    }
    .sealed()
}

/// Records `from..=to`, chained from zeros.
fn chain(stream: StreamId, from: u64, to: u64) -> Vec<Record> {
    let mut prev = Hash::default();
    let mut all = Vec::new();
    for seq in 1..=to {
        let one = record(stream, seq, prev, json!({"n": seq, "text": "ответ"}));
        prev = one.hash;
        all.push(one);
    }
    all.split_off(usize::try_from(from - 1).unwrap())
}

fn summary(wire_id: Option<u64>) -> StreamSummary {
    StreamSummary {
        kind: StreamKind::Exam,
        wire_id: wire_id.map(WireId),
        phase: String::from("planned"),
        begins_at: Moment(1_000),
        ends_at: None,
        candidate_id: Some(PersonId(7)),
        title: String::from("Экзамен"),
        body: json!({"questions": 40}),
        live: true,
    }
}

/// Records `from..=to` of a stream; with a summary when it begins.
fn item(stream: StreamId, from: u64, to: u64) -> AppendItem {
    let summary = (from == 1).then(|| summary(None));
    AppendItem { records: chain(stream, from, to), summary }
}
