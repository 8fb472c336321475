//! The state of the database, for `nsk doctor`.

use crate::error::StoreError;
use crate::sql::{rows, scalar, sql, unsigned};
use crate::store::{Place, Store};
use std::path::Path;

/// Problems that one check names at most.
pub const PROBLEMS_MAX: u32 = 100;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity {
    /// Damage to the file, in SQLite's words; empty when it is sound. A server looks after its
    /// own files: of it only the settings and the references are known.
    pub problems: Vec<String>,
    /// Rows that refer to streams that are not there.
    pub dangling: u64,
    /// `wal`, unless someone changed the file; a server knows no other way.
    pub journal_mode: String,
    /// Whether each commit of this store's writer waits for the disk: `synchronous` FULL or more
    /// in SQLite; `fsync`, `full_page_writes` and `synchronous_commit` in PostgreSQL.
    pub durable: bool,
    /// Bytes in one page.
    pub page_bytes: u64,
    /// Pages of the file.
    pub pages: u64,
    /// Pages of the file that hold nothing; 0 where that is not known.
    pub free_pages: u64,
    /// Bytes of the log beside the file; 0 of a server, whose log serves all its databases.
    pub log_bytes: u64,
}

impl Integrity {
    /// Whether nothing needs a person's attention.
    pub fn sound(&self) -> bool {
        self.problems.is_empty() && self.dangling == 0 && self.journal_mode == "wal" && self.durable
    }
}

impl Store {
    /// Reads the whole file and checks it; takes about a second per gigabyte.
    ///
    /// # Errors
    /// As any read; damage that can still be described is no error but a result.
    pub async fn integrity_check(&self) -> Result<Integrity, StoreError> {
        match &*self.place {
            Place::File(path) => self.check_file(path).await,
            Place::Server(_) => self.check_server().await,
        }
    }

    async fn check_server(&self) -> Result<Integrity, StoreError> {
        let dangling = "SELECT count(*) FROM event e \
                        WHERE NOT EXISTS (SELECT 1 FROM stream s WHERE s.stream_id = e.stream_id)";
        let dangling = scalar::<i64>(&self.readers, sql(dangling, [])).await?.unwrap_or(0);
        let durable = "SELECT current_setting('fsync') = 'on' \
                       AND current_setting('full_page_writes') = 'on' \
                       AND current_setting('synchronous_commit') <> 'off'";
        let durable = scalar(&self.writer, sql(durable, [])).await?.unwrap_or(false);
        let page = "SELECT current_setting('block_size')::bigint";
        let page_bytes = scalar::<i64>(&self.readers, sql(page, [])).await?.unwrap_or(8_192);
        let size = "SELECT pg_database_size(current_database())";
        let size = scalar::<i64>(&self.readers, sql(size, [])).await?.unwrap_or(0);
        let page_bytes = unsigned(page_bytes, "a page's size")?.max(1);
        Ok(Integrity {
            problems: Vec::new(),
            dangling: unsigned(dangling, "a count")?,
            journal_mode: String::from("wal"),
            durable,
            page_bytes,
            pages: unsigned(size, "a size")? / page_bytes,
            free_pages: 0,
            log_bytes: 0,
        })
    }

    async fn check_file(&self, path: &Path) -> Result<Integrity, StoreError> {
        let check = format!("PRAGMA quick_check({PROBLEMS_MAX})");
        let mut problems: Vec<String> =
            rows(&self.readers, sql(check, []), |row| Ok(row.try_get_by_index(0)?)).await?;
        problems.retain(|line| line != "ok");
        let dangling = rows(&self.readers, sql("PRAGMA foreign_key_check", []), |_| Ok(())).await?;
        let mode = scalar(&self.writer, sql("PRAGMA journal_mode", [])).await?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Integrity {
            problems,
            dangling: dangling.len() as u64,
            journal_mode: mode.unwrap_or_default(),
            durable: self.pragma("synchronous").await? >= 2,
            page_bytes: self.pragma("page_size").await?,
            pages: self.pragma("page_count").await?,
            free_pages: self.pragma("freelist_count").await?,
            log_bytes: std::fs::metadata(log).map_or(0, |meta| meta.len()),
        })
    }

    async fn pragma(&self, name: &str) -> Result<u64, StoreError> {
        let value = scalar::<i64>(&self.writer, sql(format!("PRAGMA {name}"), [])).await?;
        unsigned(value.unwrap_or(0), name)
    }
}
