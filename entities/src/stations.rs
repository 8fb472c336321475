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
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// It may; these are the counters with it, in the order in which they were named.
    May(Vec<Attempts>),
    /// Not yet, or not any more: the first counter that stands against it.
    Refused(Attempts),
    /// Too many names have tried.
    Crowded,
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

    /// Counts an attempt as failed under each of the subjects, durably, before it is looked at; or
    /// refuses it and counts nothing. The clock's mark is raised with it.
    ///
    /// # Errors
    /// As any write: then nothing may be looked at.
    pub async fn begin_attempt(
        &self,
        subjects: &[(&str, Ladder)],
        now: Moment,
    ) -> Result<Attempt, StoreError> {
        let tx = begin(&self.writer).await?;
        let mut counted = Vec::with_capacity(subjects.len());
        for (subject, ladder) in subjects {
            let known = attempts_of(&tx, subject).await?;
            if known.is_none() {
                let all = "SELECT count(*) FROM attempt";
                if scalar::<i64>(&tx, sql(all, [])).await?.unwrap_or(0) >= ATTEMPT_SUBJECTS_MAX {
                    tx.rollback().await?;
                    return Ok(Attempt::Crowded);
                }
            }
            // The row is this transaction's own from here on, in every database.
            let lock = "INSERT INTO attempt (subject, consecutive, cumulative, locked_until) \
                        VALUES ($1, 0, 0, 0) ON CONFLICT (subject) DO UPDATE SET \
                        subject = excluded.subject";
            tx.execute_raw(sql(lock, [(*subject).into()])).await?;
            let before = attempts_of(&tx, subject).await?.unwrap_or_default();
            if before.locked_until > now || before.cumulative >= ladder.most {
                tx.rollback().await?;
                return Ok(Attempt::Refused(before));
            }
            let after = ladder.after(before, now);
            put_attempts(&tx, subject, &after).await?;
            counted.push(after);
        }
        raise_mark(&tx, now).await?;
        tx.commit().await?;
        Ok(Attempt::May(counted))
    }

    /// Takes back the failures that [`Store::begin_attempt`] counted: nobody has failed in a row.
    ///
    /// # Errors
    /// As any write.
    pub async fn attempt_succeeded(&self, subjects: &[&str]) -> Result<(), StoreError> {
        let tx = begin(&self.writer).await?;
        for subject in subjects {
            let text = "UPDATE attempt SET consecutive = 0, locked_until = 0, \
                        cumulative = CASE WHEN cumulative > 0 THEN cumulative - 1 ELSE 0 END \
                        WHERE subject = $1";
            tx.execute_raw(sql(text, [(*subject).into()])).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The counters of a subject.
    ///
    /// # Errors
    /// As any read.
    pub async fn attempts(&self, subject: &str) -> Result<Attempts, StoreError> {
        Ok(attempts_of(&self.readers, subject).await?.unwrap_or_default())
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

async fn raise_mark(db: &impl ConnectionTrait, now: Moment) -> Result<(), StoreError> {
    let text = "UPDATE device SET clock_mark = $1 WHERE id = 1 AND clock_mark < $1";
    db.execute_raw(sql(text, [now.0.into()])).await?;
    Ok(())
}

impl Ladder {
    /// The counters with one failure more.
    fn after(&self, before: Attempts, now: Moment) -> Attempts {
        let consecutive = before.consecutive.saturating_add(1);
        let wait = match consecutive {
            n if n >= self.long_from => self.long_ms,
            n if n >= self.short_from => self.short_ms,
            _ => 0,
        };
        let locked_until = if wait > 0 { Moment(now.0 + wait) } else { before.locked_until };
        Attempts { consecutive, cumulative: before.cumulative.saturating_add(1), locked_until }
    }
}

async fn put_attempts(
    db: &impl ConnectionTrait,
    subject: &str,
    after: &Attempts,
) -> Result<(), StoreError> {
    let text = "INSERT INTO attempt (subject, consecutive, cumulative, locked_until) \
                VALUES ($1, $2, $3, $4) ON CONFLICT (subject) DO UPDATE SET \
                consecutive = excluded.consecutive, cumulative = excluded.cumulative, \
                locked_until = excluded.locked_until";
    let values = [
        subject.into(),
        i64::from(after.consecutive).into(),
        i64::from(after.cumulative).into(),
        after.locked_until.0.into(),
    ];
    db.execute_raw(sql(text, values)).await?;
    Ok(())
}

async fn attempts_of(
    db: &impl ConnectionTrait,
    subject: &str,
) -> Result<Option<Attempts>, StoreError> {
    let text = "SELECT consecutive, cumulative, locked_until FROM attempt WHERE subject = $1";
    let found = rows(db, sql(text, [subject.into()]), |row| {
        Ok(Attempts {
            consecutive: count(row.try_get_by_index(0)?)?,
            cumulative: count(row.try_get_by_index(1)?)?,
            locked_until: Moment(row.try_get_by_index(2)?),
        })
    });
    Ok(found.await?.pop())
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
