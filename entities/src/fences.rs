//! Who wrote a stream: for those who check a journal from outside.

use crate::error::StoreError;
use crate::sql::{rows, sql};
use crate::store::Store;
use engine::StreamId;

impl Store {
    /// The fence of the writer of each record of a stream, in the order of the records. In a sound
    /// journal it never goes down.
    ///
    /// # Errors
    /// As any read.
    pub async fn fences(&self, stream: StreamId) -> Result<Vec<i64>, StoreError> {
        let text = "SELECT epoch FROM event WHERE stream_id = $1 ORDER BY seq";
        rows(&self.readers, sql(text, [stream.0.into()]), |row| Ok(row.try_get_by_index(0)?)).await
    }
}
