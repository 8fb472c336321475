//! Reading records: one stream from a number on, a stream's head, or many whole streams at once.

use crate::error::StoreError;
use crate::record::{RECORD, as_text, decode_text};
use crate::sql::{Backend, marks, rows, scalar, signed, sql, unsigned};
use crate::store::Store;
use engine::{CommandId, Hash, Record, StreamId};
use sea_orm::{ConnectionTrait, DatabaseConnection, Value};
use uuid::Uuid;

/// Records that one read returns at most.
pub const EVENTS_PER_READ_MAX: u32 = 10_000;

/// Whole streams that [`Store::bulk_events`] holds in memory at a time, twice.
pub const BULK_STREAMS_PER_QUERY: usize = 25;

/// The last record of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub seq: u64,
    /// Its hash, which the next record continues.
    pub hash: Hash,
}

impl Store {
    /// Records of a stream with numbers above `after_seq`, in order, at most `max` and at most
    /// [`EVENTS_PER_READ_MAX`]. Fewer than that means the end of the stream.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Unavailable`].
    pub async fn read_events(
        &self,
        stream: StreamId,
        after_seq: u64,
        max: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let page = "SELECT * FROM event WHERE stream_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let as_text = as_text(Backend::of(&self.readers));
        let text = format!("SELECT {as_text} FROM ({page}) AS page");
        let max = i64::from(max.min(EVENTS_PER_READ_MAX));
        let values = [stream.0.into(), signed(after_seq).into(), max.into()];
        let text = scalar::<Option<String>>(&self.readers, sql(text, values)).await?.flatten();
        let Some(text) = text else { return Ok(Vec::new()) };
        text.split(RECORD).map(|one| decode_text(stream, one)).collect()
    }

    /// The last record's number and hash; `None` for a stream without records.
    ///
    /// # Errors
    /// As any read.
    pub async fn head(&self, stream: StreamId) -> Result<Option<Head>, StoreError> {
        let text = "SELECT seq, hash FROM event WHERE stream_id = $1 ORDER BY seq DESC LIMIT 1";
        let Some(row) = self.readers.query_one_raw(sql(text, [stream.0.into()])).await? else {
            return Ok(None);
        };
        let hash: Vec<u8> = row.try_get_by_index(1)?;
        let hash = hash
            .try_into()
            .map_err(|_| StoreError::Corrupt(format!("the head of stream {stream}: hash")))?;
        Ok(Some(Head {
            seq: unsigned(row.try_get_by_index(0)?, "a record's number")?,
            hash: Hash(hash),
        }))
    }

    /// The number of the last record that a command caused in a stream; `None` if it was never
    /// applied.
    ///
    /// # Errors
    /// As any read.
    pub async fn find_command(
        &self,
        stream: StreamId,
        cmd: CommandId,
    ) -> Result<Option<u64>, StoreError> {
        let text = "SELECT seq FROM event WHERE stream_id = $1 AND cmd_id = $2 \
                    ORDER BY cmd_ix DESC LIMIT 1";
        let values = [stream.0.into(), cmd.0.into()];
        let seq = scalar::<i64>(&self.readers, sql(text, values)).await?;
        seq.map(|seq| unsigned(seq, "a record's number")).transpose()
    }

    /// Reads whole streams, each given to `each` once with all its records in order; streams
    /// without records are left out. A stream that cannot be read is told to `each` and does not
    /// keep the others. The next streams are read while `each` works on these.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the streams that `each` has not seen are not read.
    pub async fn bulk_events(
        &self,
        streams: &[StreamId],
        mut each: impl FnMut(StreamId, Result<Vec<Record>, StoreError>),
    ) -> Result<(), StoreError> {
        let mut chunks = streams.chunks(BULK_STREAMS_PER_QUERY);
        let mut reading = chunks.next().map(|chunk| self.start_reading(chunk));
        while let Some(current) = reading {
            let texts = current.await.map_err(|e| StoreError::Unavailable(e.to_string()))??;
            reading = chunks.next().map(|chunk| self.start_reading(chunk));
            for (stream, text) in texts {
                let stream = StreamId(stream);
                each(stream, text.split(RECORD).map(|one| decode_text(stream, one)).collect());
            }
        }
        Ok(())
    }

    /// A task of its own, so that the database works while its caller decodes.
    fn start_reading(
        &self,
        streams: &[StreamId],
    ) -> tokio::task::JoinHandle<Result<Vec<(Uuid, String)>, StoreError>> {
        let readers = self.readers.clone();
        let ids: Vec<Value> = streams.iter().map(|id| id.0.into()).collect();
        tokio::spawn(async move { read_texts(&readers, ids).await })
    }
}

/// One row per stream instead of one per record.
async fn read_texts(
    readers: &DatabaseConnection,
    ids: Vec<Value>,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let marks = marks(1, ids.len());
    let as_text = as_text(Backend::of(readers));
    let text = format!(
        "SELECT stream_id, {as_text} FROM event WHERE stream_id IN ({marks}) GROUP BY stream_id"
    );
    rows(readers, sql(text, ids), |row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .await
}
