//! SQLite connections as this program needs them.
//!
//! WAL with `synchronous=FULL`: anything less may roll an acknowledged tail back after a power
//! loss. One writer, so that writers queue here and not in the database's busy handler; readers are
//! opened read-only and can disturb nobody.

use sea_orm::sqlx::{self, Connection as _};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use std::path::Path;
use std::time::Duration;

/// How long a statement waits for a lock that another connection holds.
pub const BUSY_MS_MAX: u64 = 5_000;
/// How long a write waits for the writes before it.
pub const WRITER_WAIT_MS_MAX: u64 = 10_000;
/// Connections that read at the same time.
pub const READERS_MAX: u32 = 4;
/// Page cache of the writer. A page that fell out of it must be read again to be changed; an exam
/// that takes commands keeps changing the same two or three.
const WRITER_CACHE_KIB: u32 = 16 * 1024;
/// Page cache of a reader.
const READER_CACHE_KIB: u32 = 8 * 1024;
/// The log is copied into the file when it has this many pages: often enough to stay small (16 MiB),
/// seldom enough that a page changed by many commits is copied once.
const CHECKPOINT_PAGES: u32 = 4_000;

/// How a connection may use the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
}

/// Opens a pool: one connection to write, a few to read.
pub(crate) async fn connect(path: &Path, access: Access) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite://nsk.db");
    options
        .max_connections(if access == Access::Write { 1 } else { READERS_MAX })
        .min_connections(1)
        .acquire_timeout(Duration::from_millis(WRITER_WAIT_MS_MAX))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |o| {
            let o = o
                .filename(&path)
                .create_if_missing(false)
                .read_only(access == Access::Read)
                .busy_timeout(Duration::from_millis(BUSY_MS_MAX))
                .foreign_keys(true);
            if access == Access::Read {
                return o.pragma("cache_size", format!("-{READER_CACHE_KIB}"));
            }
            o.journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
                .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
                .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        })
        // When a commit meets a full disk, SQLite rolls back by itself; the driver goes on
        // believing in that transaction and would start every later one as a savepoint, which
        // takes no lock. Such a connection is thrown away.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            let usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(usable) })
        });
    Database::connect(options).await
}

// Names from before there were two databases.
#[allow(unused_imports, reason = "until nobody uses them")]
pub(crate) use crate::failure::Failure;
#[allow(unused_imports, reason = "until nobody uses them")]
pub(crate) use crate::sql::{rows, scalar, signed, sql, unsigned};
#[allow(dead_code, reason = "until nobody uses it")]
pub(crate) const CONSTRAINT: crate::failure::Code = crate::failure::Code::Constraint;
