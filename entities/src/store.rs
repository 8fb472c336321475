//! Opening and closing a database: a station's file, or a centre's on a PostgreSQL server.

use crate::error::StoreError;
use crate::lock::DirectoryLock;
use crate::postgres::Address;
use crate::schema;
use crate::sql::Backend;
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

/// A database: reads of everything, writes of the small registries. Clones share it.
#[derive(Clone)]
pub struct Store {
    pub(crate) writer: DatabaseConnection,
    pub(crate) readers: DatabaseConnection,
    pub(crate) place: Arc<Place>,
    access: Access,
    /// Released by [`Store::close`], or when the last clone (and the journal) is gone. `None` also
    /// when it only reads.
    lock: Arc<Mutex<Option<DirectoryLock>>>,
}

/// Where a database is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A PostgreSQL server, as `host:port/name`.
    Server(String),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("place", &self.place).finish_non_exhaustive()
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
        let place = Place::File(path.to_owned());
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
            place: Arc::new(place),
            access,
            lock: Arc::new(Mutex::new(lock)),
        })
    }

    /// Opens a database of a PostgreSQL server by its address and, unless it only reads, owns it:
    /// no other program writes there before this store is closed. It must have this build's
    /// schema; `migrations::up` sees to that. The lock of the program's own directory, if there is
    /// one, is kept until the store is closed.
    ///
    /// # Errors
    /// [`StoreError::Owned`], [`StoreError::SchemaOld`], [`StoreError::SchemaNewer`],
    /// [`StoreError::ReadOnly`], [`StoreError::Unusable`]; none of them repeats the password.
    pub async fn connect(
        url: &str,
        options: OpenOptions,
        lock: Option<DirectoryLock>,
    ) -> Result<Store, StoreError> {
        let address = Address::parse(url)?;
        let access = if options.read_only { Access::Read } else { Access::Write };
        address.check(access).await?;
        let writer = address.connect(access).await?;
        schema::check(&writer).await?;
        let readers = address.connect(Access::Read).await?;
        Ok(Store {
            writer,
            readers,
            place: Arc::new(Place::Server(address.shown)),
            access,
            lock: Arc::new(Mutex::new(lock)),
        })
    }

    /// Where the database is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The database file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match &*self.place {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        }
    }

    /// Waits for running statements, copies the log into the file (if it is one), closes every
    /// connection (those of clones and of the journal too) and releases database and directory.
    ///
    /// # Errors
    /// The log could not be copied; it is then read at the next start, and nothing is lost.
    pub async fn close(&self) -> Result<(), StoreError> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.readers.close_by_ref().await?;
        let copied = match (Backend::of(&self.writer), self.access) {
            (Backend::Sqlite, Access::Write) => {
                self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.map(|_| ())
            }
            _ => Ok(()),
        };
        self.writer.close_by_ref().await?;
        drop(lock);
        Ok(copied?)
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
