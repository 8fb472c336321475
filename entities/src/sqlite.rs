//! SQLite connections as this program needs them, and its error codes as ours.
//!
//! WAL with `synchronous=FULL`: anything less may roll an acknowledged tail back after a power
//! loss. One writer, so that writers queue here and not in the database's busy handler; readers are
//! opened read-only and can disturb nobody.

use crate::error::{AppendError, StoreError};
use sea_orm::sqlx::{self, Connection as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult,
    RuntimeErr, Statement, Value,
};
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

/// A statement with its values; `$1` is the first.
pub(crate) fn sql(text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, text, values)
}

/// The first column of the first row, if there is one.
pub(crate) async fn scalar<T: sea_orm::TryGetable>(
    db: &impl ConnectionTrait,
    statement: Statement,
) -> Result<Option<T>, StoreError> {
    match db.query_one_raw(statement).await? {
        Some(row) => Ok(Some(row.try_get_by_index(0)?)),
        None => Ok(None),
    }
}

/// Every row, read by `read`.
pub(crate) async fn rows<T>(
    db: &impl ConnectionTrait,
    statement: Statement,
    read: impl Fn(&QueryResult) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    db.query_all_raw(statement).await?.iter().map(read).collect()
}

/// Numbers are unsigned here and signed in SQL.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Numbers are unsigned here and signed in SQL.
pub(crate) fn unsigned(n: i64, what: &str) -> Result<u64, StoreError> {
    u64::try_from(n).map_err(|_| StoreError::Corrupt(format!("{what} is {n}")))
}

/// What the database said, without the driver's types.
#[derive(Debug)]
pub(crate) struct Failure {
    /// SQLite's primary result code; `None` when the database was not even asked.
    pub code: Option<u8>,
    pub message: String,
}

pub(crate) const BUSY: u8 = 5;
pub(crate) const LOCKED: u8 = 6;
pub(crate) const READ_ONLY: u8 = 8;
pub(crate) const DAMAGED: u8 = 11;
pub(crate) const FULL: u8 = 13;
pub(crate) const CONSTRAINT: u8 = 19;
pub(crate) const NOT_A_DATABASE: u8 = 26;

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Failure {
        if let DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) = &error
            && let Some(e) = e.as_database_error()
        {
            // The low byte of an extended code is the primary one.
            let code = e.code().and_then(|c| c.parse::<u32>().ok());
            let code = code.and_then(|c| u8::try_from(c & 0xff).ok());
            return Failure { code, message: e.message().to_owned() };
        }
        Failure { code: None, message: error.to_string() }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> StoreError {
        if let DbErr::Type(reason) | DbErr::Json(reason) = error {
            return StoreError::Corrupt(reason);
        }
        let failure = Failure::from(error);
        match failure.code {
            Some(FULL) => StoreError::Full,
            Some(READ_ONLY) => StoreError::ReadOnly,
            Some(DAMAGED | NOT_A_DATABASE) => StoreError::Corrupt(failure.message),
            _ => StoreError::Unavailable(failure.message),
        }
    }
}

impl From<StoreError> for AppendError {
    /// For reads that an append makes on its way, before anything is written.
    fn from(error: StoreError) -> AppendError {
        match error {
            StoreError::Full => AppendError::Full,
            StoreError::ReadOnly => AppendError::ReadOnly,
            other => AppendError::Unavailable(other.to_string()),
        }
    }
}
