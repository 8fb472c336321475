//! Opening and closing a station's database.

use crate::error::StoreError;
use crate::lock::DirectoryLock;
use crate::schema;
use crate::sqlite::{self, Access};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How to open a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Look without writing: needs no lock, so that `doctor` and exports work beside a running
    /// program. Every write then fails with [`StoreError::ReadOnly`].
    pub read_only: bool,
}

/// A station's database: reads of everything, writes of the small registries. Clones share it.
#[derive(Clone)]
pub struct Store {
    pub(crate) writer: DatabaseConnection,
    pub(crate) readers: DatabaseConnection,
    pub(crate) path: Arc<PathBuf>,
    /// Released by [`Store::close`], or when the last clone (and the journal) is gone. `None` also
    /// when it only reads.
    lock: Arc<Mutex<Option<DirectoryLock>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database file of a station and takes its directory's lock. The file must exist
    /// and have this build's schema; `migrations::up` sees to both.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Missing`], [`StoreError::SchemaOld`],
    /// [`StoreError::SchemaNewer`], [`StoreError::ReadOnly`], [`StoreError::Unusable`].
    pub async fn open(path: &Path, options: OpenOptions) -> Result<Store, StoreError> {
        if options.read_only {
            return Store::open_inner(path, None).await;
        }
        let lock = DirectoryLock::take(directory(path))?;
        Store::open_inner(path, Some(lock)).await
    }

    /// As [`Store::open`], under a lock that the caller took before it migrated the file.
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::Unusable`] when the lock is of another directory.
    pub async fn open_locked(path: &Path, lock: DirectoryLock) -> Result<Store, StoreError> {
        if lock.dir() != directory(path) {
            return Err(StoreError::Unusable {
                path: path.to_owned(),
                reason: format!("the lock is of {}", lock.dir().display()),
            });
        }
        Store::open_inner(path, Some(lock)).await
    }

    async fn open_inner(path: &Path, lock: Option<DirectoryLock>) -> Result<Store, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let unusable = |error| match StoreError::from(error) {
            StoreError::ReadOnly => StoreError::ReadOnly,
            StoreError::Full => StoreError::Full,
            other => StoreError::Unusable { path: path.to_owned(), reason: other.to_string() },
        };
        let access = if lock.is_some() { Access::Write } else { Access::Read };
        let writer = sqlite::connect(path, access).await.map_err(unusable)?;
        schema::check(&writer).await?;
        if lock.is_some() {
            // A file that cannot be written is found out now and not by the first candidate.
            begin(&writer).await.map_err(unusable)?.rollback().await.map_err(unusable)?;
        }
        let readers = sqlite::connect(path, Access::Read).await.map_err(unusable)?;
        Ok(Store {
            writer,
            readers,
            path: Arc::new(path.to_owned()),
            lock: Arc::new(Mutex::new(lock)),
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for running statements, copies the log into the file, closes every connection (those
    /// of clones and of the journal too) and releases the directory.
    ///
    /// # Errors
    /// The log could not be copied; it is then read at the next start, and nothing is lost.
    pub async fn close(&self) -> Result<(), StoreError> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.readers.close_by_ref().await?;
        let copied = match lock {
            Some(_) => self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await,
            None => return Ok(self.writer.close_by_ref().await?),
        };
        self.writer.close_by_ref().await?;
        drop(lock);
        copied?;
        Ok(())
    }
}

/// Starts a transaction that may write. A plain BEGIN would fail as soon as it wants to write
/// after another connection did, without waiting.
pub(crate) async fn begin(
    db: &DatabaseConnection,
) -> Result<sea_orm::DatabaseTransaction, sea_orm::DbErr> {
    db.begin_with_options(TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    })
    .await
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SQLite does by itself when a commit meets a full disk. The driver goes on believing in
    /// the transaction, and the next one would be a savepoint of nothing.
    #[tokio::test]
    async fn a_transaction_rolled_back_by_the_database_costs_only_its_connection() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("nsk.db");
        migrations::up(&migrations::file_url(&path)).await.expect("a new file");
        let store = Store::open(&path, OpenOptions::default()).await.expect("a store");
        let lost = begin(&store.writer).await.expect("a usable connection");
        lost.execute_unprepared("ROLLBACK").await.expect("an open transaction");
        lost.rollback().await.expect_err("no transaction is left to roll back");

        let next = begin(&store.writer).await.expect("a usable connection");
        let savepoint = next.execute_unprepared("RELEASE _sqlx_savepoint_1").await;
        savepoint.expect_err("a whole transaction, no savepoint");
        next.commit().await.expect("an open transaction");
        let durable = store.integrity_check().await.expect("a sound file");
        assert!(durable.sound(), "the new connection has the old one's settings: {durable:?}");
    }
}
