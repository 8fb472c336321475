//! The state of the database file, for `nsk doctor`.

use crate::error::StoreError;
use crate::sqlite::{rows, scalar, sql, unsigned};
use crate::store::Store;

/// Problems that one check names at most.
pub const PROBLEMS_MAX: u32 = 100;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity {
    /// Damage to the file, in SQLite's words; empty when it is sound.
    pub problems: Vec<String>,
    /// Rows that refer to streams that are not there.
    pub dangling: u64,
    /// `wal`, unless someone changed the file.
    pub journal_mode: String,
    /// Whether each commit of this store's writer waits for the disk (`synchronous` FULL or more).
    pub durable: bool,
    /// Bytes in one page.
    pub page_bytes: u64,
    /// Pages of the file.
    pub pages: u64,
    /// Pages of the file that hold nothing.
    pub free_pages: u64,
    /// Bytes of the log beside the file.
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
        let check = format!("PRAGMA quick_check({PROBLEMS_MAX})");
        let mut problems: Vec<String> =
            rows(&self.readers, sql(check, []), |row| Ok(row.try_get_by_index(0)?)).await?;
        problems.retain(|line| line != "ok");
        let dangling = rows(&self.readers, sql("PRAGMA foreign_key_check", []), |_| Ok(())).await?;
        let mode = scalar(&self.writer, sql("PRAGMA journal_mode", [])).await?;
        let mut log = self.path.as_os_str().to_owned();
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
