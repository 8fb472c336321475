//! What can go wrong here, in words for the person who must act. No sea-orm type is inside.

use engine::{StreamId, WireId};
use std::path::PathBuf;

/// A read or a small write that failed, or a store that did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the directory.
    #[error("another nsk runs on this directory{}: {}", pid.map(|p| format!(" (pid {p})")).unwrap_or_default(), dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The process that holds it, where it left its number.
        pid: Option<u32>,
    },
    /// Another program owns the database of the server.
    #[error("another nsk owns the database {database} ({by})")]
    Owned {
        /// `host:port/name`.
        database: String,
        /// What the server knows of the other one.
        by: String,
    },
    /// There is no database file.
    #[error("no database at {}: `nsk migrate` creates it", .0.display())]
    Missing(PathBuf),
    /// The directory or the file cannot be used at all.
    #[error("{} cannot be opened: {reason}", path.display())]
    Unusable {
        /// What was opened.
        path: PathBuf,
        /// The system's or the database's reason.
        reason: String,
    },
    /// The schema lacks migrations of this build.
    #[error("the database is older than this program, {} missing: run `nsk migrate`", missing.join(", "))]
    SchemaOld {
        /// Names of the missing migrations, oldest first.
        missing: Vec<String>,
    },
    /// The schema has migrations that this build does not know.
    #[error("the database was changed by a newer nsk ({}): use that one", unknown.join(", "))]
    SchemaNewer {
        /// Names of the unknown migrations.
        unknown: Vec<String>,
    },
    /// Another row has that value already.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// The station's block of wire ids is used up.
    #[error("the station's block of exam numbers is used up: it needs a new one from its centre")]
    WireIdsUsedUp,
    /// More rows than the named limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The disk, or the space the database may use, is full. Nothing was written.
    #[error("the disk is full: nothing was written")]
    Full,
    /// The file, its directory or this store is read-only. Nothing was written.
    #[error("the database is read-only: nothing was written")]
    ReadOnly,
    /// The database did not answer; the same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A stored row does not mean anything.
    #[error("corrupt data: {0}")]
    Corrupt(String),
}

/// An append that did not happen, or whose fate is unknown. In every case but
/// [`AppendError::Unknown`] nothing of the batch was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A later process took over this database: stop writing.
    #[error("another nsk has taken over this database")]
    Fenced,
    /// Some record's number is taken, or its stream is not there: reload and decide again.
    #[error("another writer was first")]
    Conflict,
    /// Some command was applied before.
    #[error("the command was applied before")]
    Duplicate,
    /// Another stream has the wire id of a new one.
    #[error("the exam number {} is taken", .0.map_or_else(|| String::from("chosen"), |id| id.to_string()))]
    WireIdTaken(Option<WireId>),
    /// The batch can never be written as it is: an error of the caller.
    #[error("stream {stream}: {reason}")]
    Refused {
        /// The stream of the item at fault.
        stream: StreamId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The disk, or the space the database may use, is full.
    #[error("the disk is full: nothing was written")]
    Full,
    /// The file, its directory or this store is read-only.
    #[error("the database is read-only: nothing was written")]
    ReadOnly,
    /// The database did not answer; the same batch may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The commit was not confirmed: the batch may be there or not. Reload before going on.
    #[error("the database did not confirm the commit: {0}")]
    Unknown(String),
}
