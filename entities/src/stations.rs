//! A station's device, the manifests that it accepted, and how often PINs were guessed.
//!
//! An attempt is counted, durably, before anybody looks whether it is right: the transaction is on
//! disk when [`Store::begin_attempt`] returns.

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::{Store, begin};
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

/// Names of which attempts are remembered; beyond it no new name may try.
pub const ATTEMPT_SUBJECTS_MAX: i64 = 10_000;

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

/// Failures that are counted, and until when nobody may try.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attempts {
    /// Since the last success.
    pub consecutive: u32,
    /// Since the manifest was accepted.
    pub cumulative: u32,
    /// Refused before this moment.
    pub locked_until: Moment,
}

/// The rungs on which guessing is slowed and stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ladder {
    /// From so many failures in a row on: a short wait.
    pub short_from: u32,
    /// How long, ms.
    pub short_ms: i64,
    /// From so many on: a long wait.
    pub long_from: u32,
    /// How long, ms.
    pub long_ms: i64,
    /// So many failures in all are counted; then there is no further attempt.
    pub most: u32,
}

/// Whether an attempt may be made; it is counted as failed until it is said to have succeeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// It may; these are the counters with it.
    May(Attempts),
    /// Not yet, or not any more.
    Refused(Attempts),
    /// Too many names have tried.
    Crowded,
}

const DEVICE: &str = "device_id, spn, issuer, trust, seal_public, sign_public, erased, clock_mark, \
                      made_at";

impl Store {
    /// Enters the station's device; there must be none yet.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when there is one; as any write.
    pub async fn put_device(&self, device: &Device) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO device (id, {DEVICE}) VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (id) DO NOTHING"
        );
        let values = [
            device.device_id.into(),
            device.spn.as_str().into(),
            device.issuer.as_str().into(),
            device.trust.as_str().into(),
            device.seal_public.clone().into(),
            device.sign_public.clone().into(),
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

    /// Says that the device's private key was destroyed.
    ///
    /// # Errors
    /// As any write.
    pub async fn erase_device(&self) -> Result<(), StoreError> {
        let text = "UPDATE device SET erased = $1 WHERE id = 1";
        self.writer.execute_raw(sql(text, [true.into()])).await?;
        Ok(())
    }

    /// Raises the clock's high-water mark; it is lowered only by an operator (`confirmed`).
    ///
    /// # Errors
    /// As any write.
    pub async fn mark_clock(&self, now: Moment, confirmed: bool) -> Result<(), StoreError> {
        let text = if confirmed {
            "UPDATE device SET clock_mark = $1 WHERE id = 1"
        } else {
            "UPDATE device SET clock_mark = $1 WHERE id = 1 AND clock_mark < $1"
        };
        self.writer.execute_raw(sql(text, [now.0.into()])).await?;
        Ok(())
    }

    /// Keeps a manifest with its records, forgets those of earlier ones and every counter: all of
    /// it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when one of the same or a later number was accepted; as any write.
    pub async fn put_manifest(&self, manifest: &AcceptedManifest) -> Result<(), StoreError> {
        let tx = begin(&self.writer).await?;
        let seq = signed(manifest.seq);
        let last = "SELECT coalesce(max(seq), 0) FROM manifest";
        if scalar::<i64>(&tx, sql(last, [])).await?.unwrap_or(0) >= seq {
            tx.rollback().await?;
            return Err(StoreError::Taken("the manifest's number"));
        }
        tx.execute_raw(sql("UPDATE manifest SET records = NULL", [])).await?;
        tx.execute_raw(sql("DELETE FROM attempt", [])).await?;
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

    /// Counts an attempt as failed, durably, before it is looked at; or refuses it.
    ///
    /// # Errors
    /// As any write: then nothing may be looked at.
    pub async fn begin_attempt(
        &self,
        subject: &str,
        ladder: &Ladder,
        now: Moment,
    ) -> Result<Attempt, StoreError> {
        let tx = begin(&self.writer).await?;
        let known = "SELECT count(*) FROM attempt WHERE subject = $1";
        let all = "SELECT count(*) FROM attempt";
        if scalar::<i64>(&tx, sql(known, [subject.into()])).await? == Some(0) {
            if scalar::<i64>(&tx, sql(all, [])).await?.unwrap_or(0) >= ATTEMPT_SUBJECTS_MAX {
                tx.rollback().await?;
                return Ok(Attempt::Crowded);
            }
            let text = "INSERT INTO attempt (subject, consecutive, cumulative, locked_until) \
                        VALUES ($1, 0, 0, 0)";
            tx.execute_raw(sql(text, [subject.into()])).await?;
        }
        let before = attempts_of(&tx, subject).await?;
        if before.locked_until > now || before.cumulative >= ladder.most {
            tx.commit().await?;
            return Ok(Attempt::Refused(before));
        }
        let consecutive = before.consecutive.saturating_add(1);
        let wait = match consecutive {
            n if n >= ladder.long_from => ladder.long_ms,
            n if n >= ladder.short_from => ladder.short_ms,
            _ => 0,
        };
        let locked_until = if wait > 0 { Moment(now.0 + wait) } else { before.locked_until };
        let after = Attempts { consecutive, cumulative: before.cumulative + 1, locked_until };
        put_attempts(&tx, subject, &after).await?;
        tx.commit().await?;
        Ok(Attempt::May(after))
    }

    /// Takes back the failure that [`Store::begin_attempt`] counted: nobody has failed in a row.
    ///
    /// # Errors
    /// As any write.
    pub async fn attempt_succeeded(&self, subject: &str) -> Result<(), StoreError> {
        let text = "UPDATE attempt SET consecutive = 0, locked_until = 0, \
                    cumulative = CASE WHEN cumulative > 0 THEN cumulative - 1 ELSE 0 END \
                    WHERE subject = $1";
        self.writer.execute_raw(sql(text, [subject.into()])).await?;
        Ok(())
    }

    /// The counters of a subject.
    ///
    /// # Errors
    /// As any read.
    pub async fn attempts(&self, subject: &str) -> Result<Attempts, StoreError> {
        attempts_of(&self.readers, subject).await
    }

    /// An operator ends every wait. Failures in all stay counted.
    ///
    /// # Errors
    /// As any write.
    pub async fn unlock_attempts(&self) -> Result<u64, StoreError> {
        let text = "UPDATE attempt SET consecutive = 0, locked_until = 0";
        Ok(self.writer.execute_raw(sql(text, [])).await?.rows_affected())
    }
}

async fn put_attempts(
    db: &impl ConnectionTrait,
    subject: &str,
    after: &Attempts,
) -> Result<(), StoreError> {
    let text = "UPDATE attempt SET consecutive = $2, cumulative = $3, locked_until = $4 \
                WHERE subject = $1";
    let values = [
        subject.into(),
        i64::from(after.consecutive).into(),
        i64::from(after.cumulative).into(),
        after.locked_until.0.into(),
    ];
    db.execute_raw(sql(text, values)).await?;
    Ok(())
}

async fn attempts_of(db: &impl ConnectionTrait, subject: &str) -> Result<Attempts, StoreError> {
    let text = "SELECT consecutive, cumulative, locked_until FROM attempt WHERE subject = $1";
    let found = rows(db, sql(text, [subject.into()]), |row| {
        Ok(Attempts {
            consecutive: count(row.try_get_by_index(0)?)?,
            cumulative: count(row.try_get_by_index(1)?)?,
            locked_until: Moment(row.try_get_by_index(2)?),
        })
    });
    Ok(found.await?.pop().unwrap_or_default())
}

fn count(n: i64) -> Result<u32, StoreError> {
    u32::try_from(n).map_err(|_| StoreError::Corrupt(format!("a count of attempts is {n}")))
}

fn device(row: &QueryResult) -> Result<Device, StoreError> {
    Ok(Device {
        device_id: row.try_get_by_index(0)?,
        spn: row.try_get_by_index(1)?,
        issuer: row.try_get_by_index(2)?,
        trust: row.try_get_by_index(3)?,
        seal_public: row.try_get_by_index(4)?,
        sign_public: row.try_get_by_index(5)?,
        erased: row.try_get_by_index(6)?,
        clock_mark: Moment(row.try_get_by_index(7)?),
        made_at: Moment(row.try_get_by_index(8)?),
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
