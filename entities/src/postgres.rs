//! PostgreSQL connections as this program needs them.
//!
//! One connection writes, as with SQLite, and it is also the proof of ownership: it cannot come
//! about without the database's advisory lock, which ends with it. So there is no write without the
//! lock, however often the server restarts, and a second program on the same database gets no
//! writer at all. Readers are read-only sessions and need no lock.

use crate::error::StoreError;
use crate::sqlite::Access;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use std::path::PathBuf;
use std::time::Duration;

/// Connections to a PostgreSQL server that read at the same time.
pub const SERVER_READERS_MAX: u32 = 8;
/// How long a write or a read waits for a connection, a restart of the server included.
pub const SERVER_WAIT_MS_MAX: u64 = 5_000;
/// How long a program that starts waits for the one before it to be gone from the server.
pub const OWNER_WAIT_MS_MAX: u64 = 3_000;
/// Longest statement of the writer.
const WRITE_MS_MAX: u64 = 10_000;
/// Longest statement of a reader: the check of a whole journal.
const READ_MS_MAX: u64 = 600_000;
/// A client that vanished without a word is given up by the server after 5 + 3 × 2 s.
const KEEPALIVE: [(&str, &str); 3] =
    [("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "2"), ("tcp_keepalives_count", "3")];

/// The key of the advisory lock by which a program owns a database. `migrations` takes the same.
pub const OWNER_LOCK: i64 = 0x006e_736b;

/// A server's database: its address, which holds a password, and what may be shown of it.
#[derive(Clone)]
pub(crate) struct Address {
    options: PgConnectOptions,
    /// `host:port/database`.
    pub shown: String,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database`.
    pub(crate) fn parse(url: &str) -> Result<Address, StoreError> {
        let unusable = |reason: &str| StoreError::Unusable {
            path: PathBuf::from("the database address"),
            reason: reason.to_owned(),
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(unusable("it does not begin with postgres://"));
        }
        // The error could repeat a part of the address, and that part be the password.
        let options: PgConnectOptions = url
            .parse()
            .map_err(|_| unusable("it is not like postgres://user:password@host/name"))?;
        let database = options.get_database().unwrap_or(options.get_username());
        let shown = format!("{}:{}/{database}", options.get_host(), options.get_port());
        let options = options.disable_statement_logging();
        Ok(Address { options, shown })
    }

    /// The error of a database that cannot be used.
    fn unusable(&self, reason: impl std::fmt::Display) -> StoreError {
        StoreError::Unusable { path: PathBuf::from(&self.shown), reason: reason.to_string() }
    }

    fn session(&self, access: Access) -> PgConnectOptions {
        let (read_only, longest) = match access {
            Access::Write => ("off", WRITE_MS_MAX),
            Access::Read => ("on", READ_MS_MAX),
        };
        self.options
            .clone()
            .application_name(&format!("nsk {}", std::process::id()))
            // A commit that is answered is on the server's disk, whatever its configuration says.
            .options([("synchronous_commit", "on"), ("default_transaction_read_only", read_only)])
            .options([("statement_timeout", longest.to_string())])
            .options([("idle_in_transaction_session_timeout", WRITE_MS_MAX.to_string())])
            .options(KEEPALIVE)
    }

    /// Whether the server can be used at all, and is not another program's: said at once and in
    /// the server's words, which a pool would keep to itself.
    pub(crate) async fn check(&self, access: Access) -> Result<(), StoreError> {
        let session = self.session(access);
        let wait = Duration::from_millis(SERVER_WAIT_MS_MAX);
        let mut connection = match tokio::time::timeout(wait, session.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(self.unusable(database_words(&error))),
            Err(_) => return Err(self.unusable("no answer")),
        };
        if access == Access::Write && connection.execute(own()).await.is_err() {
            let by = holder(&mut connection).await;
            return Err(StoreError::Owned { database: self.shown.clone(), by });
        }
        connection.close().await.map_err(|e| self.unusable(e))
    }

    /// Opens a pool: one connection to write, a few to read.
    pub(crate) async fn connect(&self, access: Access) -> Result<DatabaseConnection, DbErr> {
        let session = self.session(access);
        // The true address stays out of the options, which the driver may write to a log.
        let mut options = ConnectOptions::new("postgres://");
        options
            .max_connections(if access == Access::Write { 1 } else { SERVER_READERS_MAX })
            .min_connections(1)
            .acquire_timeout(Duration::from_millis(SERVER_WAIT_MS_MAX))
            .idle_timeout(None)
            .max_lifetime(None)
            // A restart of the server costs nobody a statement.
            .test_before_acquire(true)
            .sqlx_logging(false)
            .map_sqlx_postgres_opts(move |_| session.clone());
        if access == Access::Write {
            options.map_sqlx_postgres_pool_opts(|pool| {
                pool.after_connect(|connection, _| {
                    Box::pin(async move { connection.execute(own()).await.map(|_| ()) })
                })
            });
        }
        Database::connect(options).await
    }
}

/// Takes the owner's lock for the session, or fails.
fn own() -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "SET lock_timeout = {OWNER_WAIT_MS_MAX}; SELECT pg_advisory_lock({OWNER_LOCK}); \
         SET lock_timeout = 0"
    ))
}

/// Who has the owner's lock, as far as the server says.
async fn holder(connection: &mut PgConnection) -> String {
    let text = format!(
        "SELECT a.application_name || coalesce(' at ' || host(a.client_addr), '') \
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {} AND l.objid = {} \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        OWNER_LOCK >> 32,
        OWNER_LOCK & 0xffff_ffff,
    );
    let found = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(text))
        .fetch_optional(connection)
        .await;
    found.ok().flatten().flatten().unwrap_or_else(|| String::from("unknown"))
}

/// The server's own words where there are some.
fn database_words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |e| e.message().to_owned())
}
