//! Guesses of PINs: counted, durably, before anybody looks whether they are right. The transaction
//! is on disk when [`Store::begin_attempt`] returns.

use super::raise_mark;
use crate::error::StoreError;
use crate::sql::{rows, scalar, sql};
use crate::store::{Store, begin};
use engine::Moment;
use sea_orm::ConnectionTrait;

/// Names without a sealed record of which attempts are remembered; further ones are not looked at.
pub const ATTEMPT_SUBJECTS_MAX: i64 = 10_000;

/// Whose failure an attempt is, until it is said to have succeeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guess<'a> {
    /// A PIN alone: it is tried on every sealed record.
    Nameless,
    /// With the name of somebody who has a sealed record: it is tried on that one.
    Sealed(&'a str),
    /// With a name that no sealed record is for: it opens nothing, whatever the PIN.
    Unsealed(&'a str),
}

impl Guess<'_> {
    /// What it is counted under.
    pub fn subject(self) -> String {
        match self {
            Guess::Nameless => String::new(),
            Guess::Sealed(name) => format!("r:{name}"),
            Guess::Unsealed(name) => format!("u:{name}"),
        }
    }
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
    /// So many failures without a name are counted; then a PIN alone is not tried any more.
    pub nameless_most: u32,
    /// So many wrong PINs are tried on one sealed record; then none is tried on any.
    pub exposed_most: u32,
}

/// Whether an attempt may be made; it is counted as failed until it is said to have succeeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// It may: its counters with it, and what [`Store::exposed`] is now.
    May(Attempts, u32),
    /// Not yet, or not any more: the counters that stand against it.
    Refused(Attempts),
    /// Too many names without a record have tried.
    Crowded,
}

impl Store {
    /// Counts an attempt as failed, durably, before it is looked at; or refuses it and counts
    /// nothing. The clock's mark is raised with it.
    ///
    /// # Errors
    /// As any write: then nothing may be looked at.
    pub async fn begin_attempt(
        &self,
        guess: Guess<'_>,
        ladder: &Ladder,
        now: Moment,
    ) -> Result<Attempt, StoreError> {
        let subject = guess.subject();
        let tx = begin(&self.writer).await?;
        // One at a time in every database: what is read from here on stays as it is.
        let lock = "INSERT INTO attempt (subject, consecutive, cumulative, locked_until) \
                    VALUES ('', 0, 0, 0) ON CONFLICT (subject) DO UPDATE SET \
                    subject = excluded.subject";
        tx.execute_raw(sql(lock, [])).await?;
        let known = attempts_of(&tx, &subject).await?;
        if known.is_none() && matches!(guess, Guess::Unsealed(_)) {
            let all = "SELECT count(*) FROM attempt WHERE subject LIKE 'u:%'";
            if scalar::<i64>(&tx, sql(all, [])).await?.unwrap_or(0) >= ATTEMPT_SUBJECTS_MAX {
                tx.rollback().await?;
                return Ok(Attempt::Crowded);
            }
        }
        let before = known.unwrap_or_default();
        let off = guess == Guess::Nameless && before.cumulative >= ladder.nameless_most;
        let spent =
            !matches!(guess, Guess::Unsealed(_)) && exposed(&tx).await? >= ladder.exposed_most;
        if before.locked_until > now || off || spent {
            tx.rollback().await?;
            return Ok(Attempt::Refused(before));
        }
        let after = ladder.after(before, now);
        put_attempts(&tx, &subject, &after).await?;
        let exposed = exposed(&tx).await?;
        raise_mark(&tx, now).await?;
        tx.commit().await?;
        Ok(Attempt::May(after, exposed))
    }

    /// Takes back the failure that [`Store::begin_attempt`] counted: nobody has failed in a row.
    ///
    /// # Errors
    /// As any write.
    pub async fn attempt_succeeded(&self, guess: Guess<'_>) -> Result<(), StoreError> {
        let text = "UPDATE attempt SET consecutive = 0, locked_until = 0, \
                    cumulative = CASE WHEN cumulative > 0 THEN cumulative - 1 ELSE 0 END \
                    WHERE subject = $1";
        self.writer.execute_raw(sql(text, [guess.subject().into()])).await?;
        Ok(())
    }

    /// The counters of a guess.
    ///
    /// # Errors
    /// As any read.
    pub async fn attempts(&self, guess: Guess<'_>) -> Result<Attempts, StoreError> {
        Ok(attempts_of(&self.readers, &guess.subject()).await?.unwrap_or_default())
    }

    /// How many wrong PINs were tried on the sealed record that had most of them: those with its
    /// owner's name, and those without a name, which are tried on each.
    ///
    /// # Errors
    /// As any read.
    pub async fn exposed(&self) -> Result<u32, StoreError> {
        exposed(&self.readers).await
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

async fn exposed(db: &impl ConnectionTrait) -> Result<u32, StoreError> {
    let nameless = attempts_of(db, "").await?.unwrap_or_default().cumulative;
    let text = "SELECT coalesce(max(cumulative), 0) FROM attempt WHERE subject LIKE 'r:%'";
    let named = count(scalar::<i64>(db, sql(text, [])).await?.unwrap_or(0))?;
    Ok(nameless.saturating_add(named))
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
