//! A write that leaves nothing behind, to find out whether writing works again.

use crate::error::AppendError;
use crate::journal::Journal;
use crate::sqlite::{self, Failure, sql};
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
