//! What the database says about itself: a write that leaves nothing behind, to find out whether
//! writing works again, and SQLite's version.

use crate::error::{AppendError, StoreError};
use crate::journal::Journal;
use crate::sqlite::{self, Failure, scalar, sql};
use crate::store::Store;
use sea_orm::ConnectionTrait;

impl Journal {
    /// Writes the station's row as it is, durably: an append would work now if this does.
    ///
    /// # Errors
    /// As [`Journal::append`], of what a whole batch can meet: fenced, full, read-only,
    /// unavailable.
    pub async fn probe(&self, fence: i64) -> Result<(), AppendError> {
        let text = "UPDATE station SET boot = boot WHERE id = 1 AND boot = $1";
        let written = self.store().writer.execute_raw(sql(text, [fence.into()])).await;
        match written {
            Ok(done) if done.rows_affected() == 1 => Ok(()),
            Ok(_) => Err(AppendError::Fenced),
            Err(error) => {
                let failure = Failure::from(error);
                Err(match failure.code {
                    Some(sqlite::FULL) => AppendError::Full,
                    Some(sqlite::READ_ONLY) => AppendError::ReadOnly,
                    _ => AppendError::Unavailable(failure.message),
                })
            }
        }
    }
}

impl Store {
    /// The version of the SQLite library that is built in.
    ///
    /// # Errors
    /// As any read.
    pub async fn sqlite_version(&self) -> Result<String, StoreError> {
        let version = scalar(&self.readers, sql("SELECT sqlite_version()", [])).await?;
        version.ok_or_else(|| StoreError::Corrupt(String::from("no version")))
    }
}
