//! A station's device and the manifests that it accepted; `attempts` counts guesses of PINs.

mod attempts;

pub use attempts::{ATTEMPT_SUBJECTS_MAX, Attempt, Attempts, Guess, Ladder};

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::{Store, begin};
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

/// This station's own device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its id.
    pub device_id: Uuid,
    /// The station's name: for whom its sealed tokens are.
    pub spn: String,
    /// The passport that it belongs to.
    pub issuer: String,
    /// The public keys that the first manifest is verified with, in the caller's form.
    pub trust: String,
    /// The public key that records are sealed to: X25519.
    pub seal_public: Vec<u8>,
    /// The public key that its own tokens are verified with: Ed25519.
    pub sign_public: Vec<u8>,
    /// Whether its private key, or half of it, lies outside a plain disk.
    pub key_protected: bool,
    /// Whether its private key was destroyed.
    pub erased: bool,
    /// The latest moment that it ever saw.
    pub clock_mark: Moment,
    /// When it was made.
    pub made_at: Moment,
}

/// A manifest that was accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcceptedManifest {
    /// Grows with every manifest.
    pub seq: u64,
    /// Its id.
    pub manifest_id: Uuid,
    /// The signed text.
    pub token: String,
    /// The sealed records in the caller's form.
    pub records: Vec<u8>,
    /// When it was accepted.
    pub accepted_at: Moment,
}

const DEVICE: &str = "device_id, spn, issuer, trust, seal_public, sign_public, key_protected, \
                      erased, clock_mark, made_at";

impl Store {
    /// Enters the station's device; there must be none yet.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when there is one; as any write.
    pub async fn put_device(&self, device: &Device) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO device (id, {DEVICE}) VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (id) DO NOTHING"
        );
        let values = [
            device.device_id.into(),
            device.spn.as_str().into(),
            device.issuer.as_str().into(),
            device.trust.as_str().into(),
            device.seal_public.clone().into(),
            device.sign_public.clone().into(),
            device.key_protected.into(),
            device.erased.into(),
            device.clock_mark.0.into(),
            device.made_at.0.into(),
        ];
        let done = self.writer.execute_raw(sql(text, values)).await?;
        if done.rows_affected() == 0 { Err(StoreError::Taken("the device")) } else { Ok(()) }
    }

    /// The station's device, if it has one.
    ///
    /// # Errors
    /// As any read.
    pub async fn device(&self) -> Result<Option<Device>, StoreError> {
        let text = format!("SELECT {DEVICE} FROM device WHERE id = 1");
        Ok(rows(&self.readers, sql(text, []), device).await?.pop())
    }

    /// Forgets the device with its manifests and counters, for another in its place.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_device(&self) -> Result<(), StoreError> {
        let tx = begin(&self.writer).await?;
        for text in ["DELETE FROM device", "DELETE FROM manifest", "DELETE FROM attempt"] {
            tx.execute_raw(sql(text, [])).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Says that the device's private key was destroyed.
    ///
    /// # Errors
    /// As any write.
    pub async fn erase_device(&self) -> Result<(), StoreError> {
        let text = "UPDATE device SET erased = $1 WHERE id = 1";
        self.writer.execute_raw(sql(text, [true.into()])).await?;
        Ok(())
    }

    /// Raises the clock's high-water mark.
    ///
    /// # Errors
    /// As any write.
    pub async fn mark_clock(&self, now: Moment) -> Result<(), StoreError> {
        raise_mark(&self.writer, now).await
    }

    /// An operator says that the clock is right, though it was later before.
    ///
    /// # Errors
    /// As any write.
    pub async fn confirm_clock(&self, now: Moment) -> Result<(), StoreError> {
        let text = "UPDATE device SET clock_mark = $1 WHERE id = 1";
        self.writer.execute_raw(sql(text, [now.0.into()])).await?;
        Ok(())
    }

    /// Keeps a manifest with its records and the keys to `trust` from now on, forgets the records of
    /// earlier ones and every counter: all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when one of the same or a later number was accepted; as any write.
    pub async fn put_manifest(
        &self,
        manifest: &AcceptedManifest,
        trust: &str,
    ) -> Result<(), StoreError> {
        let tx = begin(&self.writer).await?;
        let seq = signed(manifest.seq);
        let last = "SELECT coalesce(max(seq), 0) FROM manifest";
        if scalar::<i64>(&tx, sql(last, [])).await?.unwrap_or(0) >= seq {
            tx.rollback().await?;
            return Err(StoreError::Taken("the manifest's number"));
        }
        tx.execute_raw(sql("UPDATE manifest SET records = NULL", [])).await?;
        tx.execute_raw(sql("DELETE FROM attempt", [])).await?;
        let text = "UPDATE device SET trust = $1 WHERE id = 1";
        tx.execute_raw(sql(text, [trust.into()])).await?;
        raise_mark(&tx, manifest.accepted_at).await?;
        let text = "INSERT INTO manifest (seq, manifest_id, token, records, accepted_at) \
                    VALUES ($1, $2, $3, $4, $5)";
        let values = [
            seq.into(),
            manifest.manifest_id.into(),
            manifest.token.as_str().into(),
            manifest.records.clone().into(),
            manifest.accepted_at.0.into(),
        ];
        tx.execute_raw(sql(text, values)).await?;
        Ok(tx.commit().await?)
    }

    /// The manifest that was accepted last.
    ///
    /// # Errors
    /// As any read.
    pub async fn last_manifest(&self) -> Result<Option<AcceptedManifest>, StoreError> {
        let text = "SELECT seq, manifest_id, token, records, accepted_at FROM manifest \
                    WHERE records IS NOT NULL ORDER BY seq DESC LIMIT 1";
        Ok(rows(&self.readers, sql(text, []), manifest).await?.pop())
    }
}

async fn raise_mark(db: &impl ConnectionTrait, now: Moment) -> Result<(), StoreError> {
    let text = "UPDATE device SET clock_mark = $1 WHERE id = 1 AND clock_mark < $1";
    db.execute_raw(sql(text, [now.0.into()])).await?;
    Ok(())
}

fn device(row: &QueryResult) -> Result<Device, StoreError> {
    Ok(Device {
        device_id: row.try_get_by_index(0)?,
        spn: row.try_get_by_index(1)?,
        issuer: row.try_get_by_index(2)?,
        trust: row.try_get_by_index(3)?,
        seal_public: row.try_get_by_index(4)?,
        sign_public: row.try_get_by_index(5)?,
        key_protected: row.try_get_by_index(6)?,
        erased: row.try_get_by_index(7)?,
        clock_mark: Moment(row.try_get_by_index(8)?),
        made_at: Moment(row.try_get_by_index(9)?),
    })
}

fn manifest(row: &QueryResult) -> Result<AcceptedManifest, StoreError> {
    Ok(AcceptedManifest {
        seq: unsigned(row.try_get_by_index(0)?, "a manifest's number")?,
        manifest_id: row.try_get_by_index(1)?,
        token: row.try_get_by_index(2)?,
        records: row.try_get_by_index(3)?,
        accepted_at: Moment(row.try_get_by_index(4)?),
    })
}
