//! Starting up: the log's identity, the fence, and the block of wire ids.

use crate::error::StoreError;
use crate::journal::Journal;
use crate::sql::{scalar, signed, sql, unsigned};
use crate::store::Store;
use engine::WireId;
use sea_orm::ConnectionTrait;
use std::ops::Range;

/// Wire ids that a station gives out before it was given a block by a centre. High enough not to
/// meet those that older clients choose for themselves.
pub const OWN_WIRE_IDS: Range<u64> = 1_000_000..2_000_000;

/// How many ids of the block may be found taken by a client before one call gives up.
pub const WIRE_ID_TRIES_MAX: u32 = 1_000;

/// What a start gives the process that made it.
#[derive(Debug)]
pub struct Boot {
    /// Names the log: 16 hexadecimal digits made when the database was created. Numbers of streams
    /// mean something only together with it.
    pub log_epoch: String,
    /// Carried by every append; a later start makes it stale.
    pub fence: i64,
    /// The append side. Hand it to the one place that appends.
    pub journal: Journal,
}

impl Store {
    /// Counts a start, which fences every process that started before; `fresh_log_epoch` names the
    /// log if this is its first start.
    ///
    /// # Errors
    /// As any write.
    pub async fn boot(&self, fresh_log_epoch: &str) -> Result<Boot, StoreError> {
        let text = "INSERT INTO station (id, log_epoch, boot, wire_next, wire_end) \
                    VALUES (1, $1, 1, $2, $3) \
                    ON CONFLICT (id) DO UPDATE SET boot = station.boot + 1 \
                    RETURNING log_epoch, boot";
        let own = [signed(OWN_WIRE_IDS.start), signed(OWN_WIRE_IDS.end)];
        let values = [fresh_log_epoch.into(), own[0].into(), own[1].into()];
        let row = self.writer.query_one_raw(sql(text, values)).await?;
        let row = row.ok_or_else(|| StoreError::Corrupt(String::from("no row for the station")))?;
        Ok(Boot {
            log_epoch: row.try_get_by_index(0)?,
            fence: row.try_get_by_index(1)?,
            journal: Journal::new(self),
        })
    }

    /// Gives the station another block of wire ids, to be used from its start.
    ///
    /// # Errors
    /// As any write; [`StoreError::Corrupt`] before the first boot.
    pub async fn set_wire_ids(&self, block: Range<u64>) -> Result<(), StoreError> {
        let text = "UPDATE station SET wire_next = $1, wire_end = $2 WHERE id = 1";
        let values = [signed(block.start).into(), signed(block.end).into()];
        match self.writer.execute_raw(sql(text, values)).await?.rows_affected() {
            1 => Ok(()),
            _ => Err(not_booted()),
        }
    }

    /// Takes the next wire id of the block that no stream has. It is never given out again, used
    /// or not.
    ///
    /// # Errors
    /// As any write; [`StoreError::WireIdsUsedUp`]; [`StoreError::TooMany`] when
    /// [`WIRE_ID_TRIES_MAX`] ids in a row were taken (call again: the search goes on from there).
    pub async fn next_wire_id(&self) -> Result<WireId, StoreError> {
        let take = "UPDATE station SET wire_next = wire_next + 1 \
                    WHERE id = 1 AND wire_next < wire_end RETURNING wire_next - 1";
        for _ in 0..WIRE_ID_TRIES_MAX {
            let Some(id) = scalar::<i64>(&self.writer, sql(take, [])).await? else {
                let any = scalar::<i64>(&self.writer, sql("SELECT boot FROM station", [])).await?;
                return Err(any.map_or_else(not_booted, |_| StoreError::WireIdsUsedUp));
            };
            let taken = sql("SELECT wire_id FROM stream WHERE wire_id = $1", [id.into()]);
            if scalar::<i64>(&self.writer, taken).await?.is_none() {
                return Ok(WireId(unsigned(id, "a wire id")?));
            }
        }
        Err(StoreError::TooMany { what: "taken exam numbers", limit: WIRE_ID_TRIES_MAX as usize })
    }
}

fn not_booted() -> StoreError {
    StoreError::Corrupt(String::from("no row for the station: it was never booted"))
}
