//! Tokens and sessions that were revoked before they expired.

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::Store;
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// Revocations that one read returns at most; ask again from the last id.
pub const REVOCATIONS_PER_READ_MAX: u32 = 10_000;

/// A revocation to keep: of one token, of a whole session, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevocation {
    /// The token's id.
    pub jti: Option<String>,
    /// The session's id: all its tokens.
    pub sid: Option<String>,
    /// Why, for the operator.
    pub reason: String,
    /// When.
    pub at: Moment,
    /// When the last token it concerns expires by itself; it may be forgotten then.
    pub expires_at: Moment,
}

/// A revocation as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Grows with every revocation.
    pub id: u64,
    /// What was revoked.
    pub revoked: NewRevocation,
}

impl Store {
    /// Keeps a revocation and returns its id; the id it has already when that token was revoked
    /// before.
    ///
    /// # Errors
    /// As any write.
    pub async fn revoke(&self, new: &NewRevocation) -> Result<u64, StoreError> {
        let text = "INSERT INTO revocation (jti, sid, reason, at, expires_at) \
                    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (jti) DO NOTHING RETURNING id";
        let values = [
            Value::String(new.jti.clone()),
            Value::String(new.sid.clone()),
            new.reason.as_str().into(),
            new.at.0.into(),
            new.expires_at.0.into(),
        ];
        if let Some(id) = scalar::<i64>(&self.writer, sql(text, values)).await? {
            return unsigned(id, "a revocation's number");
        }
        let text = "SELECT id FROM revocation WHERE jti = $1";
        let id = scalar::<i64>(&self.writer, sql(text, [Value::String(new.jti.clone())])).await?;
        id.map_or_else(
            || Err(StoreError::Corrupt(String::from("a revocation did not stay"))),
            |id| unsigned(id, "a revocation's number"),
        )
    }

    /// Revocations with ids above `id`, in order, at most [`REVOCATIONS_PER_READ_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn revoked_since(&self, id: u64) -> Result<Vec<Revocation>, StoreError> {
        let text = "SELECT id, jti, sid, reason, at, expires_at FROM revocation \
                    WHERE id > $1 ORDER BY id LIMIT $2";
        let values = [signed(id).into(), i64::from(REVOCATIONS_PER_READ_MAX).into()];
        rows(&self.readers, sql(text, values), decode).await
    }

    /// Forgets revocations of tokens that expired before `now`; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_expired_revocations(&self, now: Moment) -> Result<u64, StoreError> {
        let text = "DELETE FROM revocation WHERE expires_at < $1";
        Ok(self.writer.execute_raw(sql(text, [now.0.into()])).await?.rows_affected())
    }
}

fn decode(row: &QueryResult) -> Result<Revocation, StoreError> {
    Ok(Revocation {
        id: unsigned(row.try_get_by_index(0)?, "a revocation's number")?,
        revoked: NewRevocation {
            jti: row.try_get_by_index(1)?,
            sid: row.try_get_by_index(2)?,
            reason: row.try_get_by_index(3)?,
            at: Moment(row.try_get_by_index(4)?),
            expires_at: Moment(row.try_get_by_index(5)?),
        },
    })
}
