//! The bare read: every row of every live stream's events, straight from SQLite.

use super::writer::open;
use futures_util::TryStreamExt as _;
use sqlx::Row as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What the bare read found.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// Rows.
    pub rows: u64,
    /// Bytes of their bodies, so that none is skipped.
    pub bytes: u64,
    /// How long it took, the opening of the file included.
    pub took: Duration,
}

/// Reads all columns of all events of live streams, in order.
///
/// # Errors
/// When SQLite fails.
pub async fn run(path: &Path) -> sqlx::Result<Read> {
    let began = Instant::now();
    let mut db = open(path).await?;
    let sql = "SELECT event.* FROM event JOIN stream USING (stream_id) WHERE stream.live \
               ORDER BY stream_id, seq";
    let (mut rows, mut bytes) = (0, 0);
    {
        let mut found = sqlx::query(sql).fetch(&mut db);
        while let Some(row) = found.try_next().await? {
            let body: &str = row.try_get("body")?;
            rows += 1;
            bytes += body.len() as u64;
        }
    }
    let took = began.elapsed();
    sqlx::Connection::close(db).await?;
    Ok(Read { rows, bytes, took })
}
