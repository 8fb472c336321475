//! The bare batched writer: rows of the product's own schema, written straight into SQLite (WAL,
//! `synchronous=FULL`), each transaction with whatever waits by then. No rules, no chain, no HTTP.

use crate::latency::Latencies;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Row as _, ValueRef as _,
};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Rows that one transaction may hold, as many as writers are in flight.
const BATCH_MAX: usize = 64;

/// How the bare writer did.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Rows that were durable within the time.
    pub rows: u64,
    /// How long it wrote.
    pub took: Duration,
    /// From handing a row over until it was durable.
    pub latencies: Latencies,
    /// Transactions.
    pub batches: u64,
}

impl Written {
    /// Rows in a second.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn per_second(&self) -> f64 {
        self.rows as f64 / self.took.as_secs_f64()
    }

    /// Rows in a transaction, on average.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn per_batch(&self) -> f64 {
        self.rows as f64 / self.batches.max(1) as f64
    }

    /// Adds another run.
    pub fn merge(&mut self, other: &Written) {
        self.rows += other.rows;
        self.took += other.took;
        self.batches += other.batches;
        self.latencies.merge(&other.latencies);
    }
}

/// A value of a row, as SQLite stores it.
#[derive(Clone, PartialEq, Debug)]
enum Cell {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// A table like the product's event table, and one of its rows to repeat.
#[derive(Clone, Debug)]
pub struct Template {
    schema: Vec<String>,
    columns: Vec<String>,
    row: Vec<Cell>,
}

/// Opens a database file as the product does.
///
/// # Errors
/// When SQLite cannot.
pub async fn open(path: &Path) -> sqlx::Result<SqliteConnection> {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .disable_statement_logging()
        .connect()
        .await
}

impl Template {
    /// Takes the event table's definition and its newest row of a kind from a database.
    ///
    /// # Errors
    /// When the database has no such row.
    pub async fn take(path: &Path, kind: &str) -> sqlx::Result<Template> {
        let mut db = open(path).await?;
        let schema = "SELECT sql FROM sqlite_master WHERE tbl_name = 'event' AND sql IS NOT NULL \
                      ORDER BY type DESC";
        let schema = sqlx::query_scalar(schema).fetch_all(&mut db).await?;
        let newest = "SELECT * FROM event WHERE kind = ? ORDER BY at DESC LIMIT 1";
        let row = sqlx::query(newest).bind(kind).fetch_one(&mut db).await?;
        let columns = row.columns().iter().map(|c| c.name().to_owned()).collect();
        let row = (0..row.len()).map(|i| cell(&row, i)).collect::<sqlx::Result<_>>()?;
        db.close().await?;
        Ok(Template { schema, columns, row })
    }

    fn insert(&self, rows: usize) -> String {
        let quoted: Vec<String> = self.columns.iter().map(|c| format!("\"{c}\"")).collect();
        let marks = format!("({})", vec!["?"; quoted.len()].join(","));
        let all = vec![marks; rows].join(",");
        format!("BEGIN IMMEDIATE; INSERT INTO event({}) VALUES {all}; COMMIT", quoted.join(","))
    }
}

fn cell(row: &SqliteRow, at: usize) -> sqlx::Result<Cell> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    row.try_get(at)
        .map(Cell::Int)
        .or_else(|_| row.try_get(at).map(Cell::Text))
        .or_else(|_| row.try_get(at).map(Cell::Blob))
}

/// One row to write: its stream and number make it unique, as do those of the product.
struct Job {
    stream: u8,
    seq: i64,
    done: oneshot::Sender<()>,
}

/// Writes for a while with so many writers in flight.
///
/// # Errors
/// When SQLite fails.
pub async fn run(
    dir: &Path,
    template: &Template,
    in_flight: u8,
    lasting: Duration,
) -> sqlx::Result<Written> {
    let path = dir.join("bare.db");
    let mut db = open(&path).await?;
    for sql in &template.schema {
        sqlx::query(AssertSqlSafe(sql.as_str())).execute(&mut db).await?;
    }
    let (jobs, waiting) = mpsc::channel(BATCH_MAX);
    let writer = tokio::spawn(write(db, template.clone(), waiting));
    let began = Instant::now();
    let mut writers = JoinSet::new();
    for stream in 0..in_flight {
        writers.spawn(submit(stream, jobs.clone(), began + lasting));
    }
    drop(jobs);
    let mut written = Written::default();
    for latencies in writers.join_all().await {
        written.latencies.merge(&latencies);
    }
    written.took = began.elapsed();
    written.rows = written.latencies.count();
    let finished = writer.await.map_err(|e| sqlx::Error::Io(std::io::Error::other(e)))?;
    let (db, batches) = finished?;
    written.batches = batches;
    db.close().await?;
    for ending in ["bare.db", "bare.db-wal", "bare.db-shm"] {
        // What is left goes with the directory.
        let _ = std::fs::remove_file(dir.join(ending));
    }
    Ok(written)
}

async fn submit(stream: u8, jobs: mpsc::Sender<Job>, until: Instant) -> Latencies {
    let mut latencies = Latencies::default();
    let mut seq = 0;
    while Instant::now() < until {
        seq += 1;
        let began = Instant::now();
        let (done, durable) = oneshot::channel();
        if jobs.send(Job { stream, seq, done }).await.is_err() || durable.await.is_err() {
            break;
        }
        latencies.record(began.elapsed());
    }
    latencies
}

async fn write(
    mut db: SqliteConnection,
    template: Template,
    mut waiting: mpsc::Receiver<Job>,
) -> sqlx::Result<(SqliteConnection, u64)> {
    let place = |name: &str| template.columns.iter().position(|c| c == name);
    let (stream_at, seq_at, cmd_at) = (place("stream_id"), place("seq"), place("cmd_id"));
    let statements: Vec<String> = (1..=BATCH_MAX).map(|n| template.insert(n)).collect();
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut batches = 0;
    while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let mut query = sqlx::query(AssertSqlSafe(statements[batch.len() - 1].as_str()));
        for job in &batch {
            for (at, cell) in template.row.iter().enumerate() {
                query = match (Some(at), cell) {
                    (at, _) if at == stream_at => query.bind(vec![job.stream; 16]),
                    (at, _) if at == seq_at => query.bind(job.seq),
                    (at, _) if at == cmd_at => query.bind(command_id(job)),
                    (_, Cell::Null) => query.bind(None::<i64>),
                    (_, Cell::Int(n)) => query.bind(*n),
                    (_, Cell::Text(text)) => query.bind(text.as_str()),
                    (_, Cell::Blob(bytes)) => query.bind(bytes.as_slice()),
                };
            }
        }
        query.execute(&mut db).await?;
        batches += 1;
        for job in batch.drain(..) {
            // A writer that has gone does not need to know.
            let _ = job.done.send(());
        }
    }
    Ok((db, batches))
}

/// Spread over the index like real ids, which are made by many clients.
fn command_id(job: &Job) -> Vec<u8> {
    let n = u128::from(job.seq.unsigned_abs()) << 8 | u128::from(job.stream);
    n.to_be_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) async fn sample(path: &Path) {
        let mut db = open(path).await.expect("a database");
        for sql in [
            "CREATE TABLE event (stream_id blob, seq bigint, cmd_id blob, kind text, at bigint, \
             gone text, PRIMARY KEY (stream_id, seq)) WITHOUT ROWID",
            "CREATE UNIQUE INDEX event_cmd ON event (stream_id, cmd_id)",
            "INSERT INTO event VALUES (x'01', 1, x'02', 'answer_saved', 5, NULL)",
        ] {
            sqlx::query(sql).execute(&mut db).await.expect(sql);
        }
        db.close().await.expect("closed");
    }

    #[tokio::test]
    async fn rows_like_the_template_are_durable_when_counted() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let source = dir.path().join("source.db");
        sample(&source).await;
        let template = Template::take(&source, "answer_saved").await.expect("a template");
        assert_eq!(template.columns, ["stream_id", "seq", "cmd_id", "kind", "at", "gone"]);
        assert_eq!(template.schema.len(), 2, "the table, then its index");
        assert_eq!(
            template.row[3..],
            [Cell::Text("answer_saved".into()), Cell::Int(5), Cell::Null]
        );
        assert!(Template::take(&source, "other").await.is_err());
        let written =
            run(dir.path(), &template, 8, Duration::from_millis(50)).await.expect("a bare run");
        assert!(written.rows >= 8 && written.batches > 0, "{written:?}");
        assert!(written.per_batch() <= 8.0, "no more than are in flight");
        assert!(!dir.path().join("bare.db").exists());
    }

    #[tokio::test]
    async fn a_batch_is_one_transaction() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let source = dir.path().join("source.db");
        sample(&source).await;
        let template = Template::take(&source, "answer_saved").await.expect("a template");
        let mut db = open(&source).await.expect("a database");
        let twice = template.insert(2);
        let mut query = sqlx::query(AssertSqlSafe(twice.as_str()));
        for seq in [7, 1] {
            query = query.bind(vec![1_u8]).bind(seq).bind(vec![9_u8]).bind("k").bind(1).bind("");
        }
        assert!(query.execute(&mut db).await.is_err(), "number 1 exists");
        drop(db);
        let mut db = open(&source).await.expect("a database");
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM event")
            .fetch_one(&mut db)
            .await
            .expect("a count");
        assert_eq!(rows, 1, "nothing of the failed batch is there");
    }
}
