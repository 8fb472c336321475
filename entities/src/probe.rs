//! What the database says about itself: a write that leaves nothing behind, to find out whether
//! writing works again, and its version.

use crate::error::{AppendError, StoreError};
use crate::failure::{Code, Failure};
use crate::journal::Journal;
use crate::sql::{Backend, scalar, sql};
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
                    Some(Code::Full) => AppendError::Full,
                    Some(Code::ReadOnly) => AppendError::ReadOnly,
                    _ => AppendError::Unavailable(failure.message),
                })
            }
        }
    }
}

impl Store {
    /// The database's name and version: of the SQLite library that is built in, or of the server.
    ///
    /// # Errors
    /// As any read.
    pub async fn version(&self) -> Result<(&'static str, String), StoreError> {
        let (name, text) = Backend::of(&self.readers).pick(
            ("SQLite", "SELECT sqlite_version()"),
            ("PostgreSQL", "SELECT current_setting('server_version')"),
        );
        let version = scalar(&self.readers, sql(text, [])).await?;
        let version = version.ok_or_else(|| StoreError::Corrupt(String::from("no version")))?;
        Ok((name, version))
    }
}
