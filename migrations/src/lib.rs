//! The schema, as an ordered list of migrations, one file each.
//!
//! A migration that was ever released is never edited: a change is a new file (expand, backfill,
//! contract). The program applies them by `nsk migrate`, or when it creates a new database file;
//! it never changes the schema of existing data on its own. Each runs in one transaction, so that
//! a crash in the middle leaves the step before it.

mod m0001_journal;
mod m0002_material;
mod m0003_people;
mod m0004_supervision;
mod m0005_identity;
mod m0006_keys;
mod m0007_revocation;
mod m0008_audit;
mod m0009_station;
mod m0010_factors;
mod schema;

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use std::path::Path;
use std::time::Duration;

/// How long a server's answer is waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The ordered list of migrations.
pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_journal::Migration),
            Box::new(m0002_material::Migration),
            Box::new(m0003_people::Migration),
            Box::new(m0004_supervision::Migration),
            Box::new(m0005_identity::Migration),
            Box::new(m0006_keys::Migration),
            Box::new(m0007_revocation::Migration),
            Box::new(m0008_audit::Migration),
            Box::new(m0009_station::Migration),
            Box::new(m0010_factors::Migration),
        ]
    }
}

/// A migration that could not be read or applied.
#[derive(Debug, thiserror::Error)]
#[error("the schema of {url} could not be {verb}: {reason}")]
pub struct MigrateError {
    url: String,
    verb: &'static str,
    reason: String,
}

impl MigrateError {
    fn new(url: &str, verb: &'static str, reason: &DbErr) -> MigrateError {
        MigrateError { url: shown(url), verb, reason: reason.to_string() }
    }
}

/// An address without what is secret in it: user and password, and the parameters.
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|_| is_server(url)) else {
        return url.to_owned();
    };
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let place = place.split_once('?').map_or(place, |(place, _)| place);
    format!("{scheme}://{place}")
}

/// The database address of a station's file: `sqlite:///var/lib/nsk/nsk.db`.
pub fn file_url(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                url.push(char::from(*byte));
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url
}

/// Names of every migration of this build, oldest first.
pub fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|m| m.name().to_owned()).collect()
}

/// The key of the advisory lock by which a program owns a PostgreSQL database; the stores take the
/// same one.
pub const OWNER_LOCK: i64 = 0x006e_736b;

/// How long a migration waits for the program that owns the database to go.
pub const OWNER_WAIT_MS_MAX: u64 = 3_000;

/// Applies every migration that is still missing and returns their names, oldest first. A file
/// that is absent is created, and its directory's lock is the caller's; a database of a server
/// must be there, and is owned meanwhile.
///
/// # Errors
/// The database cannot be opened or written, another program owns it, or a newer build has changed
/// it.
pub async fn up(url: &str) -> Result<Vec<String>, MigrateError> {
    let failed = |e: DbErr| MigrateError::new(url, "migrated", &e);
    let db = connect(url, "?mode=rwc").await.map_err(failed)?;
    if is_server(url) {
        // The pool has one connection, whose session has the lock until it is closed.
        let own = format!(
            "SET lock_timeout = {OWNER_WAIT_MS_MAX}; SELECT pg_advisory_lock({OWNER_LOCK})"
        );
        db.execute_unprepared(&own).await.map_err(|e| MigrateError {
            reason: format!("a running nsk owns it ({e})"),
            ..failed(e)
        })?;
    }
    let missing = Migrator::get_pending_migrations(&db).await.map_err(failed)?;
    let names = missing.iter().map(|m| m.name().to_owned()).collect();
    Migrator::up(&db, None).await.map_err(failed)?;
    db.close().await.map_err(failed)?;
    Ok(names)
}

/// Names of the migrations that are still missing, oldest first; changes nothing.
///
/// # Errors
/// The database is absent or cannot be read, or a newer build has changed it.
pub async fn pending(url: &str) -> Result<Vec<String>, MigrateError> {
    let failed = |e: DbErr| MigrateError::new(url, "read", &e);
    let db = connect(url, "?mode=ro").await.map_err(failed)?;
    let missing = Migrator::get_pending_migrations_read_only(&db).await.map_err(failed)?;
    db.close().await.map_err(failed)?;
    Ok(missing.iter().map(|m| m.name().to_owned()).collect())
}

fn is_server(url: &str) -> bool {
    !url.starts_with("sqlite:")
}

async fn connect(url: &str, file_mode: &str) -> Result<DatabaseConnection, DbErr> {
    if !is_server(url) {
        return open(ConnectOptions::new(format!("{url}{file_mode}"))).await;
    }
    // The error could repeat a part of the address, and that part be the password.
    let session: PgConnectOptions = url.parse().map_err(|_| {
        DbErr::Custom(String::from("the address is not like postgres://user:password@host/name"))
    })?;
    let mut options = ConnectOptions::new("postgres://");
    options.map_sqlx_postgres_opts(move |_| session.clone());
    open(options).await
}

async fn open(mut options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    options.max_connections(1).acquire_timeout(CONNECT_TIMEOUT).sqlx_logging(false);
    Database::connect(options).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_and_carry_their_number() {
        for (name, number) in names().iter().zip(1..) {
            assert!(name.starts_with(&format!("m{number:04}_")), "{name} is out of order");
        }
    }

    #[test]
    fn odd_paths_become_addresses() {
        for (path, url) in [
            ("/var/lib/nsk/nsk.db", "sqlite:///var/lib/nsk/nsk.db"),
            ("data/a b.db", "sqlite://data/a%20b.db"),
            ("/50%/what?.db", "sqlite:///50%25/what%3F.db"),
            ("/я", "sqlite:///%D1%8F"),
        ] {
            assert_eq!(file_url(Path::new(path)), url);
        }
    }

    #[test]
    fn what_is_shown_of_an_address_has_no_password() {
        for (url, expected) in [
            ("postgres://nsk:se@cret@db.example:5432/nsk", "postgres://db.example:5432/nsk"),
            ("postgres://db/nsk?password=secret", "postgres://db/nsk"),
            ("sqlite:///var/a@b.db", "sqlite:///var/a@b.db"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[tokio::test]
    async fn a_new_file_gets_everything_once() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let url = file_url(&dir.path().join("станция 1?.db"));
        assert!(pending(&url).await.is_err(), "asking must not create the file");
        assert_eq!(up(&url).await.expect("a new file"), names());
        assert_eq!(pending(&url).await.expect("a readable file"), Vec::<String>::new());
        assert_eq!(up(&url).await.expect("nothing left to do"), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused_by_name() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("nsk.db");
        std::fs::write(&path, "not a database, and long enough to have a header".repeat(40))
            .expect("a writable directory");
        let error = up(&file_url(&path)).await.expect_err("no database").to_string();
        assert!(error.contains("nsk.db") && error.contains("not a database"), "{error}");
    }
}
