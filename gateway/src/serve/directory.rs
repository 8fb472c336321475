//! The data directory: made with mode 0700, held by one program at a time; and the database, which
//! is a file in it or a server's, given its schema when it is new and refused when that is another.

use crate::config::{DatabaseUrl, StoreConfig};
use crate::error::Trouble;
use entities::{DirectoryLock, OpenOptions, Store, StoreError};
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The database's name in the directory.
const DATABASE: &str = "nsk.db";

/// The database file of a directory.
pub fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// Makes the directory if it is absent, takes its lock and opens the store; a new database gets
/// its schema, an older one is left alone.
///
/// # Errors
/// What is in the way, and what to do.
pub async fn open(place: impl Into<StoreConfig>) -> Result<Store, Trouble> {
    let place = place.into();
    let dir = &place.data;
    let lock = hold(dir)?;
    let Some(server) = place.server()? else {
        let path = database(dir);
        if !path.exists() {
            migrations::up(&migrations::file_url(&path)).await.map_err(|e| {
                Trouble::new(e.to_string())
                    .remedy("check the free space and the rights of the data directory")
            })?;
            tracing::info!(path = %path.display(), "database created");
        }
        return Store::open_locked(&path, lock).await.map_err(|e| store_trouble(dir, &e));
    };
    let missing = migrations::pending(server.secret()).await.map_err(unreachable)?;
    if missing == migrations::names() {
        migrations::up(server.secret()).await.map_err(unreachable)?;
        tracing::info!(database = ?server, "schema created");
    }
    let opened = Store::connect(server.secret(), OpenOptions::default(), Some(lock)).await;
    opened.map_err(|e| server_trouble(dir, &e))
}

fn unreachable(error: migrations::MigrateError) -> Trouble {
    Trouble::new(error.to_string()).remedy(
        "check store.url, that the server runs, and that the database is there and this user's",
    )
}

/// Makes the directory if it is absent, and takes its lock.
///
/// # Errors
/// What is in the way, and what to do.
pub fn hold(dir: &Path) -> Result<DirectoryLock, Trouble> {
    let shown = dir.display();
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| {
        Trouble::new(format!("the data directory {shown} cannot be made: {e}"))
            .remedy("choose another with --data, or make it and give it to this user")
    })?;
    if let Ok(meta) = std::fs::metadata(dir)
        && meta.mode() & 0o077 != 0
    {
        tracing::warn!(dir = %shown, "data directory open to others; chmod 700 it");
    }
    DirectoryLock::take(dir).map_err(|e| store_trouble(dir, &e))
}

/// Opens the store of a directory to look at it, beside a running server or without one.
///
/// # Errors
/// What is in the way, and what to do.
pub async fn look(place: impl Into<StoreConfig>) -> Result<Store, Trouble> {
    let (place, options) = (place.into(), OpenOptions { read_only: true });
    let dir = &place.data;
    match place.server()? {
        None => Store::open(&database(dir), options).await.map_err(|e| store_trouble(dir, &e)),
        Some(server) => Store::connect(server.secret(), options, None)
            .await
            .map_err(|e| server_trouble(dir, &e)),
    }
}

/// Brings the database to this program's schema, or with `check` only says what it lacks; no
/// server may run meanwhile. Answers the names of the migrations.
///
/// # Errors
/// What is in the way, and what to do.
pub async fn migrate(place: &StoreConfig, check: bool) -> Result<Vec<String>, Trouble> {
    let failed = |e: migrations::MigrateError| {
        Trouble::new(e.to_string()).remedy(
            "check --data or store.url, the rights and the free space; after a failed step the \
             database is as it was before it",
        )
    };
    let url = match place.server()? {
        Some(server) => server,
        None => DatabaseUrl::new(migrations::file_url(&database(&place.data))),
    };
    if check {
        return migrations::pending(url.secret()).await.map_err(failed);
    }
    let _held_until_the_end = hold(&place.data)?;
    migrations::up(url.secret()).await.map_err(failed)
}

/// The error of a server's database that does not open.
fn server_trouble(dir: &Path, error: &StoreError) -> Trouble {
    let to_do = match error {
        StoreError::SchemaOld { .. } => "back the database up, then run `nsk migrate`",
        StoreError::Unusable { .. } => {
            "check store.url, that the server runs, and that the database is there and this user's"
        }
        _ => return store_trouble(dir, error),
    };
    Trouble::new(error.to_string()).remedy(to_do)
}

/// A store's error for the person who must act.
pub fn store_trouble(dir: &Path, error: &StoreError) -> Trouble {
    let trouble = Trouble::new(error.to_string());
    let shown = dir.display();
    match error {
        StoreError::Locked { .. } => trouble.remedy(
            "stop that one, or choose another directory with --data; two may not share one",
        ),
        StoreError::Owned { .. } => trouble.remedy(
            "stop that one, or choose another database with store.url; two may not share one",
        ),
        StoreError::Missing(_) => trouble
            .remedy(format!("check --data, or make a new one with `nsk migrate --data {shown}`")),
        StoreError::SchemaOld { .. } => {
            trouble.remedy(format!("copy the database file, then run `nsk migrate --data {shown}`"))
        }
        StoreError::SchemaNewer { .. } => {
            trouble.remedy("run the newer program, or restore a copy from before the upgrade")
        }
        StoreError::Full => trouble.remedy(format!("free some space on the disk of {shown}")),
        StoreError::ReadOnly => trouble
            .remedy(format!("give this user the right to write to {shown} and the files in it")),
        StoreError::Corrupt(_) => {
            trouble.remedy("run `nsk doctor`; restore the database file from a copy if it says so")
        }
        StoreError::Unusable { .. }
        | StoreError::Unavailable(_)
        | StoreError::Taken(_)
        | StoreError::WireIdsUsedUp
        | StoreError::TooMany { .. } => trouble.remedy(format!("run `nsk doctor --data {shown}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_directory_is_private_and_held() {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("a/b");
        let store = open(&data).await.expect("a store");
        let mode = std::fs::metadata(&data).expect("made").mode();
        assert_eq!(mode & 0o777, 0o700);
        let second = open(&data).await.expect_err("held");
        assert!(second.what().contains("another nsk runs"), "{second}");
        assert!(second.to_do().is_some());
        assert!(look(&data).await.is_ok(), "looking needs no lock");
        store.close().await.expect("closed");
        drop(store);
        assert!(open(&data).await.is_ok(), "and it opens again");
    }

    #[tokio::test]
    async fn every_obstacle_has_a_way_out() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("file");
        std::fs::write(&file, "x").expect("written");
        let trouble = open(&file).await.expect_err("no directory");
        assert!(trouble.to_do().is_some(), "{trouble}");
        let missing = look(dir.path()).await.expect_err("nothing there");
        assert!(missing.to_do().is_some_and(|t| t.contains("nsk migrate")), "{missing}");
        std::fs::write(database(dir.path()), "not a database").expect("written");
        let rubbish = open(dir.path()).await.expect_err("rubbish");
        assert!(rubbish.to_do().is_some(), "{rubbish}");
    }
}
