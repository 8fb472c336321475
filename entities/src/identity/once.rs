//! What is used once: authorization codes, pushed requests, tickets, proofs.
//!
//! Keys are hashes of what the other side holds, so that nobody can use what stands here.

use super::{from_json, json, sql};
use crate::error::StoreError;
use crate::store::Store;
use engine::Moment;
use sea_orm::ConnectionTrait;
use serde_json::Value;

/// Largest body, bytes of JSON.
pub const ONCE_BODY_BYTES_MAX: usize = 64 * 1_024;
/// Rows that one call of [`Store::forget_expired_once`] removes at most.
pub const ONCE_FORGOTTEN_PER_CALL_MAX: u32 = 10_000;

impl Store {
    /// Keeps something to be taken once; `false` when the key is there already and does not change
    /// (a replay, where keys are what was seen).
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when the body is larger than [`ONCE_BODY_BYTES_MAX`]; as any write.
    pub async fn put_once(
        &self,
        kind: &str,
        key_hash: &[u8],
        body: &Value,
        expires_at: Moment,
    ) -> Result<bool, StoreError> {
        let text = "INSERT INTO identity_once (kind, key_hash, body, expires_at) \
                    VALUES ($1, $2, $3, $4) ON CONFLICT (kind, key_hash) DO NOTHING";
        let values =
            [kind.into(), key_hash.to_vec().into(), bounded(body)?.into(), expires_at.0.into()];
        Ok(self.writer.execute_raw(sql(text, values)).await?.rows_affected() == 1)
    }

    /// Takes it: of all who ask, one gets it. What has expired nobody gets.
    ///
    /// # Errors
    /// As any write.
    pub async fn take_once(
        &self,
        kind: &str,
        key_hash: &[u8],
        now: Moment,
    ) -> Result<Option<Value>, StoreError> {
        let text = "DELETE FROM identity_once WHERE kind = $1 AND key_hash = $2 \
                    AND expires_at > $3 RETURNING body";
        let values = [kind.into(), key_hash.to_vec().into(), now.0.into()];
        let row = self.writer.query_one_raw(sql(text, values)).await?;
        row.as_ref().map(|row| from_json(row, 0, kind)).transpose()
    }

    /// Looks at it and leaves it.
    ///
    /// # Errors
    /// As any read.
    pub async fn look_once(
        &self,
        kind: &str,
        key_hash: &[u8],
        now: Moment,
    ) -> Result<Option<Value>, StoreError> {
        let text = "SELECT body FROM identity_once WHERE kind = $1 AND key_hash = $2 \
                    AND expires_at > $3";
        let values = [kind.into(), key_hash.to_vec().into(), now.0.into()];
        let row = self.readers.query_one_raw(sql(text, values)).await?;
        row.as_ref().map(|row| from_json(row, 0, kind)).transpose()
    }

    /// Replaces the body of what is there and has not expired; `false` when there is none.
    ///
    /// # Errors
    /// As [`Store::put_once`].
    pub async fn change_once(
        &self,
        kind: &str,
        key_hash: &[u8],
        body: &Value,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE identity_once SET body = $3 WHERE kind = $1 AND key_hash = $2 \
                    AND expires_at > $4";
        let values = [kind.into(), key_hash.to_vec().into(), bounded(body)?.into(), now.0.into()];
        Ok(self.writer.execute_raw(sql(text, values)).await?.rows_affected() == 1)
    }

    /// Forgets what has expired, at most [`ONCE_FORGOTTEN_PER_CALL_MAX`]; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_expired_once(&self, now: Moment) -> Result<u64, StoreError> {
        let text = "DELETE FROM identity_once WHERE (kind, key_hash) IN (SELECT kind, key_hash \
                    FROM identity_once WHERE expires_at <= $1 LIMIT $2)";
        let values = [now.0.into(), i64::from(ONCE_FORGOTTEN_PER_CALL_MAX).into()];
        Ok(self.writer.execute_raw(sql(text, values)).await?.rows_affected())
    }
}

fn bounded(body: &Value) -> Result<String, StoreError> {
    let text = json(body)?;
    if text.len() > ONCE_BODY_BYTES_MAX {
        return Err(StoreError::TooMany {
            what: "bytes to keep for one use",
            limit: ONCE_BODY_BYTES_MAX,
        });
    }
    Ok(text)
}
