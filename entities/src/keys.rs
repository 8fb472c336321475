//! Signing keys: their public halves, states and times. The private half is bytes that only the
//! caller can open.

use crate::error::StoreError;
use crate::sql::{rows, scalar, sql, unsigned};
use crate::store::{Store, begin};
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// Keys that are kept at most, the retired among them.
pub const KEYS_MAX: u32 = 1_000;

const COLUMNS: &str =
    "kid, purpose, state, public, sealed, made_at, active_at, verifies_until, ended_at";

/// A signing key as it is kept. Purposes and states are the caller's words.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The key's id, made from its public half.
    pub kid: String,
    /// What it signs.
    pub purpose: String,
    /// Where in its life it is.
    pub state: String,
    /// The public half, in the raw form of its algorithm.
    pub public: Vec<u8>,
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub made_at: Moment,
    /// Since when it signs.
    pub active_at: Option<Moment>,
    /// Until when it verifies, once it signs no more.
    pub verifies_until: Option<Moment>,
    /// When it was retired or found compromised.
    pub ended_at: Option<Moment>,
}

impl std::fmt::Debug for KeyRow {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRow")
            .field("kid", &self.kid)
            .field("purpose", &self.purpose)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Every key, oldest first, and the version of the whole.
    ///
    /// # Errors
    /// As any read.
    pub async fn keys(&self) -> Result<(u64, Vec<KeyRow>), StoreError> {
        let version = self.keyring_version().await?;
        let text = format!("SELECT {COLUMNS} FROM signing_key ORDER BY made_at DESC, kid LIMIT $1");
        let mut all = rows(&self.writer, sql(text, [i64::from(KEYS_MAX).into()]), decode).await?;
        all.reverse();
        Ok((version, all))
    }

    /// Grows with every change of a key; cheap to ask.
    ///
    /// # Errors
    /// As any read.
    pub async fn keyring_version(&self) -> Result<u64, StoreError> {
        let text = "SELECT version FROM keyring WHERE id = 1";
        let version: Option<i64> = scalar(&self.writer, sql(text, [])).await?;
        unsigned(version.unwrap_or_default(), "the version of the keys")
    }

    /// Keeps changes of keys, all or none: new keys, and keys whose state and times moved on.
    /// Returns the new version, or `None` when somebody else changed a key since `version`; then
    /// nothing is kept.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_keys(
        &self,
        version: u64,
        changed: &[KeyRow],
    ) -> Result<Option<u64>, StoreError> {
        let own = begin(&self.writer).await?;
        let text = "UPDATE keyring SET version = version + 1 WHERE id = 1 AND version = $1";
        let expected = i64::try_from(version).unwrap_or(i64::MAX);
        let taken = own.execute_raw(sql(text, [expected.into()])).await?.rows_affected();
        if taken != 1 {
            own.rollback().await?;
            return Ok(None);
        }
        let text = format!(
            "INSERT INTO signing_key ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (kid) DO UPDATE SET state = excluded.state, \
             sealed = excluded.sealed, active_at = excluded.active_at, verifies_until = excluded.verifies_until, \
             ended_at = excluded.ended_at"
        );
        for row in changed {
            own.execute_raw(sql(text.as_str(), encode(row))).await?;
        }
        own.commit().await?;
        Ok(Some(version + 1))
    }
}

fn encode(row: &KeyRow) -> [Value; 9] {
    let at = |moment: Option<Moment>| Value::BigInt(moment.map(|m| m.0));
    [
        row.kid.as_str().into(),
        row.purpose.as_str().into(),
        row.state.as_str().into(),
        row.public.clone().into(),
        row.sealed.clone().into(),
        row.made_at.0.into(),
        at(row.active_at),
        at(row.verifies_until),
        at(row.ended_at),
    ]
}

fn decode(row: &QueryResult) -> Result<KeyRow, StoreError> {
    let at = |ix: usize| -> Result<Option<Moment>, StoreError> {
        Ok(row.try_get_by_index::<Option<i64>>(ix)?.map(Moment))
    };
    Ok(KeyRow {
        kid: row.try_get_by_index(0)?,
        purpose: row.try_get_by_index(1)?,
        state: row.try_get_by_index(2)?,
        public: row.try_get_by_index(3)?,
        sealed: row.try_get_by_index(4)?,
        made_at: Moment(row.try_get_by_index(5)?),
        active_at: at(6)?,
        verifies_until: at(7)?,
        ended_at: at(8)?,
    })
}
