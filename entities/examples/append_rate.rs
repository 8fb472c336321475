//! Prints how many events a second the journal appends durably, beside a plain hand-written writer
//! over the same driver, table and settings; then how fast whole streams are read back.
//!
//! `cargo run --release -p entities --example append_rate [directory]`: the directory decides which
//! disk is measured.
#![allow(clippy::disallowed_methods, reason = "its work is to measure time")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails has no result")]

use engine::{Actor, CommandId, Hash, Moment, PersonId, Record, StreamId};
use entities::{AppendItem, OpenOptions, Store, StreamKind, StreamSummary};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, Executor as _};
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

const STREAMS: usize = 200;
const EVENTS: usize = 20_000;
const SINGLE_EVENTS: usize = 2_000;
const RESTART_STREAMS: usize = 2_000;
const RESTART_EVENTS: u64 = 200;

fn record(stream: StreamId, seq: u64) -> Record {
    let at = 1_700_000_000_000 + i64::try_from(seq).unwrap();
    Record {
        stream,
        seq,
        at: Moment(at),
        by: Actor::Person(PersonId(5)),
        cmd: Some(CommandId(Uuid::from_u128(u128::from(seq) << 64 | stream.0.as_u128() >> 64))),
        cmd_ix: 0,
        kind: String::from("answer_saved"),
        v: 1,
        salt: String::from("0123456789abcdef0123456789abcdef"),
        d: serde_json::json!({"question": seq, "choice": [3, seq], "text": "Проверьте инструмент"}),
        prev: Hash::default(),
        hash: Hash::of(&[&seq.to_le_bytes()]),
    }
}

fn item(stream: StreamId, seq: u64, summary: bool) -> AppendItem {
    let summary = (summary || seq == 1).then(|| StreamSummary {
        kind: StreamKind::Exam,
        wire_id: None,
        phase: String::from("theory"),
        begins_at: Moment(0),
        ends_at: None,
        candidate_id: Some(PersonId(1)),
        title: String::from("Экзамен"),
        body: serde_json::json!({"answered": seq}),
        live: true,
    });
    AppendItem { records: vec![record(stream, seq)], summary }
}

fn stream(n: usize) -> StreamId {
    StreamId(Uuid::from_u128((n as u128) << 100 | 77))
}

async fn fresh(path: &Path) -> Store {
    migrations::up(&migrations::file_url(path)).await.unwrap();
    Store::open(path, OpenOptions::default()).await.unwrap()
}

/// Round robin over all streams, so that every event of a batch is another stream's.
async fn journal(dir: &Path, batch: usize, total: usize, summary: bool) -> Duration {
    let dir = tempfile::tempdir_in(dir).unwrap();
    let store = fresh(&dir.path().join("nsk.db")).await;
    let boot = store.boot("0123456789abcdef").await.unwrap();
    let all: Vec<AppendItem> = (0..STREAMS).map(|n| item(stream(n), 1, true)).collect();
    boot.journal.append(boot.fence, &all).await.unwrap();
    let events: Vec<AppendItem> = (STREAMS..STREAMS + total)
        .map(|n| item(stream(n % STREAMS), (n / STREAMS) as u64 + 1, summary))
        .collect();
    let start = Instant::now();
    for chunk in events.chunks(batch) {
        boot.journal.append(boot.fence, chunk).await.unwrap();
    }
    let taken = start.elapsed();
    store.close().await.unwrap();
    taken
}

async fn plain(dir: &Path, batch: usize, total: usize) -> Duration {
    let dir = tempfile::tempdir_in(dir).unwrap();
    let path = dir.path().join("nsk.db");
    migrations::up(&migrations::file_url(&path)).await.unwrap();
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", "-65536")
        .pragma("wal_autocheckpoint", "4000")
        .foreign_keys(false)
        .disable_statement_logging();
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let row = "(?, ?, 1, ?, 0, 'answer_saved', 1, ?, '{\"person\":5}', ?, ?, ?, ?)";
    let text = format!("INSERT INTO event VALUES {}", vec![row; batch].join(", "));
    let events: Vec<Record> = (STREAMS..STREAMS + total)
        .map(|n| record(stream(n % STREAMS), (n / STREAMS) as u64 + 1))
        .collect();
    let start = Instant::now();
    for chunk in events.chunks_exact(batch) {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(text.as_str()));
        for one in chunk {
            query = query
                .bind(one.stream.0)
                .bind(i64::try_from(one.seq).unwrap())
                .bind(one.cmd.unwrap().0)
                .bind(one.at.0)
                .bind(one.salt.as_str())
                .bind(one.d.to_string())
                .bind(one.prev.0.to_vec())
                .bind(one.hash.0.to_vec());
        }
        let mut transaction = db.begin_with("BEGIN IMMEDIATE").await.unwrap();
        transaction.execute(query).await.unwrap();
        transaction.commit().await.unwrap();
    }
    let taken = start.elapsed();
    db.close().await.unwrap();
    taken
}

async fn restart(dir: &Path) {
    let dir = tempfile::tempdir_in(dir).unwrap();
    let store = fresh(&dir.path().join("nsk.db")).await;
    let boot = store.boot("0123456789abcdef").await.unwrap();
    for seq in (1..=RESTART_EVENTS).step_by(10) {
        let all: Vec<AppendItem> = (0..RESTART_STREAMS)
            .map(|n| {
                let mut item = item(stream(n), seq, true);
                item.records.extend((seq + 1..seq + 10).map(|seq| record(stream(n), seq)));
                item
            })
            .collect();
        for chunk in all.chunks(100) {
            boot.journal.append(boot.fence, chunk).await.unwrap();
        }
    }
    for round in 1..=2 {
        let start = Instant::now();
        let live = store.live_streams().await.unwrap();
        let ids: Vec<StreamId> = live.iter().map(|one| one.stream).collect();
        let mut events = 0;
        store.bulk_events(&ids, |_, records| events += records.unwrap().len()).await.unwrap();
        println!(
            "{} streams, {events} events read, round {round}: {:.2?}",
            ids.len(),
            start.elapsed()
        );
    }
    store.close().await.unwrap();
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = std::env::args().nth(1).unwrap_or_else(|| String::from("."));
    let dir = Path::new(&dir);
    println!(
        "{:>6} {:>12} {:>16} {:>20} {:>7}",
        "batch", "plain/s", "journal/s", "with summaries/s", "ratio"
    );
    for batch in [1, 16, 64] {
        let total = if batch == 1 { SINGLE_EVENTS } else { EVENTS / batch * batch };
        let rate = |taken: Duration| total as f64 / taken.as_secs_f64();
        let (plain, journal, summed) = (
            rate(plain(dir, batch, total).await),
            rate(journal(dir, batch, total, false).await),
            rate(self::journal(dir, batch, total, true).await),
        );
        println!(
            "{batch:>6} {plain:>12.0} {journal:>16.0} {summed:>20.0} {:>7.2}",
            journal / plain
        );
    }
    restart(dir).await;
}
