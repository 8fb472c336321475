//! What the passport keeps of stations and PINs: which stations there are, the scopes within which
//! PINs are unique, and of each PIN its wrapped key and a blind index. Never a PIN.

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::{Store, begin};
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

/// A station as the passport knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldStation {
    /// Its device's id.
    pub device_id: Uuid,
    /// Its name.
    pub spn: String,
    /// What records are sealed to.
    pub seal_public: Vec<u8>,
    /// What its own tokens are verified with.
    pub sign_public: Vec<u8>,
    /// Whether its private key lies outside its disk.
    pub key_protected: bool,
    /// The number of the last manifest made for it.
    pub seq: u64,
    /// When it was entered.
    pub made_at: Moment,
}

/// A centre for a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PinScope {
    /// Its id.
    pub scope_id: Uuid,
    /// The centre's name.
    pub centre: String,
    /// Grows when all PINs are made anew.
    pub epoch: u32,
    /// 32 random bytes that go into the salt.
    pub seed: Vec<u8>,
    /// How its PINs are stretched, in the caller's form.
    pub kdf: String,
    /// When the period ends.
    pub ends_at: Moment,
}

/// A person's PIN in a scope.
#[derive(Clone, PartialEq, Eq)]
pub struct PinGrant {
    /// The scope.
    pub scope_id: Uuid,
    /// Whose.
    pub uid: Uuid,
    /// Tells equal PINs apart from different ones, to whoever has the pepper.
    pub blind: Vec<u8>,
    /// The stretched key, wrapped.
    pub wrapped: Vec<u8>,
    /// How many digits it has.
    pub digits: u32,
    /// The day on which it was made, days since 1970.
    pub day: i64,
    /// How many were made on that day, it included.
    pub made_on_day: u32,
}

impl std::fmt::Debug for PinGrant {
    /// Without what depends on the PIN.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinGrant")
            .field("scope_id", &self.scope_id)
            .field("uid", &self.uid)
            .field("digits", &self.digits)
            .finish_non_exhaustive()
    }
}

/// What became of a new PIN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PinKept {
    /// It is kept.
    Kept,
    /// Somebody else has it: draw another. Never told to people.
    Clash,
    /// The person had too many new ones on that day.
    TooMany,
}

const STATION: &str = "device_id, spn, seal_public, sign_public, key_protected, seq, made_at";

impl Store {
    /// Enters a station, or changes what is known of it; the number of its last manifest stays.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_field_station(&self, station: &FieldStation) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO field_station ({STATION}) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (device_id) DO UPDATE SET spn = excluded.spn, \
             seal_public = excluded.seal_public, sign_public = excluded.sign_public, \
             key_protected = excluded.key_protected"
        );
        let values = [
            station.device_id.into(),
            station.spn.as_str().into(),
            station.seal_public.clone().into(),
            station.sign_public.clone().into(),
            station.key_protected.into(),
            signed(station.seq).into(),
            station.made_at.0.into(),
        ];
        self.writer.execute_raw(sql(text, values)).await?;
        Ok(())
    }

    /// A station by its device.
    ///
    /// # Errors
    /// As any read.
    pub async fn field_station(&self, id: Uuid) -> Result<Option<FieldStation>, StoreError> {
        let text = format!("SELECT {STATION} FROM field_station WHERE device_id = $1");
        Ok(rows(&self.readers, sql(text, [id.into()]), station).await?.pop())
    }

    /// The next manifest's number of a station; it is used up even when no manifest follows.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when there is no such station; as any write.
    pub async fn next_manifest_seq(&self, device: Uuid) -> Result<u64, StoreError> {
        let tx = begin(&self.writer).await?;
        let text = "UPDATE field_station SET seq = seq + 1 WHERE device_id = $1";
        tx.execute_raw(sql(text, [device.into()])).await?;
        let text = "SELECT seq FROM field_station WHERE device_id = $1";
        let seq = scalar::<i64>(&tx, sql(text, [device.into()])).await?;
        tx.commit().await?;
        let seq = seq.ok_or_else(|| StoreError::Corrupt(format!("no station {device}")))?;
        unsigned(seq, "a manifest's number")
    }

    /// The newest scope of a centre that has not ended; `fresh` is kept and returned when there is
    /// none.
    ///
    /// # Errors
    /// As any write.
    pub async fn pin_scope(&self, fresh: &PinScope, now: Moment) -> Result<PinScope, StoreError> {
        let tx = begin(&self.writer).await?;
        let text = "SELECT scope_id, centre, epoch, seed, kdf, ends_at FROM pin_scope \
                    WHERE centre = $1 AND ends_at > $2 ORDER BY ends_at DESC LIMIT 1";
        let values = [fresh.centre.as_str().into(), now.0.into()];
        if let Some(found) = rows(&tx, sql(text, values), scope).await?.pop() {
            tx.rollback().await?;
            return Ok(found);
        }
        let text = "INSERT INTO pin_scope (scope_id, centre, epoch, seed, kdf, ends_at) \
                    VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            fresh.scope_id.into(),
            fresh.centre.as_str().into(),
            i64::from(fresh.epoch).into(),
            fresh.seed.clone().into(),
            fresh.kdf.as_str().into(),
            fresh.ends_at.0.into(),
        ];
        tx.execute_raw(sql(text, values)).await?;
        tx.commit().await?;
        Ok(fresh.clone())
    }

    /// A person's PIN in a scope.
    ///
    /// # Errors
    /// As any read.
    pub async fn pin_grant(&self, scope: Uuid, uid: Uuid) -> Result<Option<PinGrant>, StoreError> {
        let text = "SELECT scope_id, uid, blind, wrapped, digits, day, made_on_day FROM pin_grant \
                    WHERE scope_id = $1 AND uid = $2";
        Ok(rows(&self.readers, sql(text, [scope.into(), uid.into()]), grant).await?.pop())
    }

    /// Keeps a person's new PIN in place of the one before; `day` and `made_on_day` are counted
    /// here, against at most `per_day`.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_pin_grant(&self, new: &PinGrant, per_day: u32) -> Result<PinKept, StoreError> {
        let tx = begin(&self.writer).await?;
        let clash = "SELECT count(*) FROM pin_grant \
                     WHERE scope_id = $1 AND blind = $2 AND uid <> $3";
        let values = [new.scope_id.into(), new.blind.clone().into(), new.uid.into()];
        if scalar::<i64>(&tx, sql(clash, values)).await?.unwrap_or(0) > 0 {
            tx.rollback().await?;
            return Ok(PinKept::Clash);
        }
        let made = "SELECT made_on_day FROM pin_grant \
                    WHERE scope_id = $1 AND uid = $2 AND day = $3";
        let values = [new.scope_id.into(), new.uid.into(), new.day.into()];
        let made = scalar::<i64>(&tx, sql(made, values)).await?.unwrap_or(0);
        if made >= i64::from(per_day) {
            tx.rollback().await?;
            return Ok(PinKept::TooMany);
        }
        let text = "INSERT INTO pin_grant \
                    (scope_id, uid, blind, wrapped, digits, day, made_on_day) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7) \
                    ON CONFLICT (scope_id, uid) DO UPDATE SET blind = excluded.blind, \
                    wrapped = excluded.wrapped, digits = excluded.digits, day = excluded.day, \
                    made_on_day = excluded.made_on_day";
        let values = [
            new.scope_id.into(),
            new.uid.into(),
            new.blind.clone().into(),
            new.wrapped.clone().into(),
            i64::from(new.digits).into(),
            new.day.into(),
            (made + 1).into(),
        ];
        tx.execute_raw(sql(text, values)).await?;
        tx.commit().await?;
        Ok(PinKept::Kept)
    }
}

fn station(row: &QueryResult) -> Result<FieldStation, StoreError> {
    Ok(FieldStation {
        device_id: row.try_get_by_index(0)?,
        spn: row.try_get_by_index(1)?,
        seal_public: row.try_get_by_index(2)?,
        sign_public: row.try_get_by_index(3)?,
        key_protected: row.try_get_by_index(4)?,
        seq: unsigned(row.try_get_by_index(5)?, "a manifest's number")?,
        made_at: Moment(row.try_get_by_index(6)?),
    })
}

fn scope(row: &QueryResult) -> Result<PinScope, StoreError> {
    Ok(PinScope {
        scope_id: row.try_get_by_index(0)?,
        centre: row.try_get_by_index(1)?,
        epoch: small(row.try_get_by_index(2)?)?,
        seed: row.try_get_by_index(3)?,
        kdf: row.try_get_by_index(4)?,
        ends_at: Moment(row.try_get_by_index(5)?),
    })
}

fn grant(row: &QueryResult) -> Result<PinGrant, StoreError> {
    Ok(PinGrant {
        scope_id: row.try_get_by_index(0)?,
        uid: row.try_get_by_index(1)?,
        blind: row.try_get_by_index(2)?,
        wrapped: row.try_get_by_index(3)?,
        digits: small(row.try_get_by_index(4)?)?,
        day: row.try_get_by_index(5)?,
        made_on_day: small(row.try_get_by_index(6)?)?,
    })
}

fn small(n: i64) -> Result<u32, StoreError> {
    u32::try_from(n).map_err(|_| StoreError::Corrupt(format!("a small number is {n}")))
}
