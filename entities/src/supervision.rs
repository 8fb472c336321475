//! What supervision must remember over a restart, so that one bad exam does not take the program
//! down again and again.

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql};
use crate::store::Store;
use engine::{CommandId, Moment, StreamId};
use sea_orm::{ConnectionTrait, Statement};

/// Text kept of a crash or a quarantine, in bytes.
pub const DETAIL_BYTES_MAX: usize = 2_000;
/// Quarantined streams that one list returns at most, the latest first.
pub const QUARANTINED_MAX: u32 = 1_000;

/// A crash to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash<'a> {
    /// The stream that crashed.
    pub stream: StreamId,
    /// The record it was at.
    pub seq: u64,
    /// The build it ran under; another build counts from one again.
    pub build: &'a str,
    /// When.
    pub at: Moment,
    /// What is known of it, kept up to [`DETAIL_BYTES_MAX`].
    pub detail: &'a str,
}

/// A stream that is shown but not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The stream.
    pub stream: StreamId,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Moment,
}

impl Store {
    /// Counts a crash; returns how many there were of the same stream, record and build.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_crash(&self, crash: &Crash<'_>) -> Result<u32, StoreError> {
        let text = "INSERT INTO crash (stream_id, seq, build, count, last_at, detail) \
                    VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT (stream_id, seq, build) \
                    DO UPDATE SET count = crash.count + 1, last_at = excluded.last_at, \
                    detail = excluded.detail RETURNING count";
        let values = [
            crash.stream.0.into(),
            signed(crash.seq).into(),
            crash.build.into(),
            crash.at.0.into(),
            cut(crash.detail).into(),
        ];
        self.count(sql(text, values)).await
    }

    /// Forgets the crashes of a stream.
    ///
    /// # Errors
    /// As any write.
    pub async fn clear_crashes(&self, stream: StreamId) -> Result<(), StoreError> {
        let text = "DELETE FROM crash WHERE stream_id = $1";
        self.writer.execute_raw(sql(text, [stream.0.into()])).await?;
        Ok(())
    }

    /// Puts a stream into quarantine; a reason and time already there are replaced.
    ///
    /// # Errors
    /// As any write.
    pub async fn quarantine(
        &self,
        stream: StreamId,
        reason: &str,
        at: Moment,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO quarantine (stream_id, reason, at) VALUES ($1, $2, $3) \
                    ON CONFLICT (stream_id) DO UPDATE SET reason = excluded.reason, \
                    at = excluded.at, released_at = NULL";
        let values = [stream.0.into(), cut(reason).into(), at.0.into()];
        self.writer.execute_raw(sql(text, values)).await?;
        Ok(())
    }

    /// The streams in quarantine, the latest first, at most [`QUARANTINED_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn quarantined(&self) -> Result<Vec<Quarantined>, StoreError> {
        let text = "SELECT stream_id, reason, at FROM quarantine WHERE released_at IS NULL \
                    ORDER BY at DESC, stream_id LIMIT $1";
        rows(&self.readers, sql(text, [i64::from(QUARANTINED_MAX).into()]), |row| {
            Ok(Quarantined {
                stream: StreamId(row.try_get_by_index(0)?),
                reason: row.try_get_by_index(1)?,
                at: Moment(row.try_get_by_index(2)?),
            })
        })
        .await
    }

    /// Ends a stream's quarantine; `false` when it was in none.
    ///
    /// # Errors
    /// As any write.
    pub async fn release(&self, stream: StreamId, at: Moment) -> Result<bool, StoreError> {
        let text = "UPDATE quarantine SET released_at = $2 \
                    WHERE stream_id = $1 AND released_at IS NULL";
        let done = self.writer.execute_raw(sql(text, [stream.0.into(), at.0.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Counts a command that made its stream crash; returns how often it did.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_poison(&self, stream: StreamId, cmd: CommandId) -> Result<u32, StoreError> {
        let text = "INSERT INTO poison_command (stream_id, cmd_id, count) VALUES ($1, $2, 1) \
                    ON CONFLICT (stream_id, cmd_id) \
                    DO UPDATE SET count = poison_command.count + 1 RETURNING count";
        self.count(sql(text, [stream.0.into(), cmd.0.into()])).await
    }

    /// How often a command made its stream crash.
    ///
    /// # Errors
    /// As any read.
    pub async fn poison_count(&self, stream: StreamId, cmd: CommandId) -> Result<u32, StoreError> {
        let text = "SELECT count FROM poison_command WHERE stream_id = $1 AND cmd_id = $2";
        let found =
            scalar::<i64>(&self.readers, sql(text, [stream.0.into(), cmd.0.into()])).await?;
        Ok(small(found.unwrap_or(0)))
    }

    async fn count(&self, statement: Statement) -> Result<u32, StoreError> {
        Ok(small(scalar::<i64>(&self.writer, statement).await?.unwrap_or(0)))
    }
}

fn small(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(DETAIL_BYTES_MAX)]
}
