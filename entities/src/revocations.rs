//! What was revoked before it expired: tokens, sessions, and whole epochs, in one numbered list.
//!
//! A writer takes its number by changing the one row of `revocation_head` first. Until it commits,
//! the next writer waits there, so that numbers become visible in their order: whoever has read up
//! to `n` misses nothing by asking what came after it.

use crate::error::StoreError;
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::{Store, begin};
use engine::Moment;
use engine::identity::{Level, Revoked};
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// Revocations that one read returns at most; ask again from the last number.
pub const REVOCATIONS_PER_READ_MAX: u32 = 10_000;

/// A revocation to keep: of one token, of a whole session, of what was made from a token, or of
/// several of these at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRevocation {
    /// The token's id: it and all that were made from it.
    pub jti: Option<String>,
    /// The session's id: all its tokens.
    pub sid: Option<String>,
    /// A token's id: all that were made from it, not itself.
    pub orig: Option<String>,
    /// Why, for the operator.
    pub reason: String,
    /// When.
    pub at: Moment,
    /// When the last token it concerns expires by itself; it may be forgotten then.
    pub expires_at: Moment,
}

impl NewRevocation {
    /// What it hits, one by one.
    pub fn hits(&self) -> impl Iterator<Item = Revoked> {
        let all = [
            self.jti.clone().map(Revoked::Token),
            self.sid.clone().map(Revoked::Session),
            self.orig.clone().map(Revoked::Origin),
        ];
        all.into_iter().flatten()
    }
}

/// A revocation as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Grows with every revocation, over both lists.
    pub seq: u64,
    /// What was revoked.
    pub what: Revoked,
    /// When it may be forgotten; an epoch never is, and the moment says nothing then.
    pub expires_at: Moment,
}

/// Where the list ends, and how much of it the cache was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationHead {
    /// The last number.
    pub seq: u64,
    /// Which filling of the cache is the present one; empty before the first.
    pub cache_gen: String,
    /// The cache holds everything up to this number. What is above waits to be sent.
    pub cache_seq: u64,
}

impl Store {
    /// Keeps a revocation and answers the last number of the list. What is denied already stays
    /// where it is, unless this one lasts longer.
    ///
    /// # Errors
    /// As any write; nothing is kept then.
    pub async fn revoke(&self, new: &NewRevocation) -> Result<u64, StoreError> {
        let tx = begin(&self.writer).await?;
        let mut last = 0;
        for what in new.hits() {
            let (kind, name) = match &what {
                Revoked::Token(jti) => ("jti", jti),
                Revoked::Session(sid) => ("sid", sid),
                Revoked::Origin(jti) => ("orig", jti),
                Revoked::Epoch(..) => continue,
            };
            last = next_seq(&tx).await?;
            let text = "INSERT INTO denial (kind, name, seq, reason, at, expires_at) \
                        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, name) DO UPDATE \
                        SET seq = excluded.seq, expires_at = excluded.expires_at \
                        WHERE excluded.expires_at > denial.expires_at";
            let values: [Value; 6] = [
                kind.into(),
                name.as_str().into(),
                signed(last).into(),
                new.reason.as_str().into(),
                new.at.0.into(),
                new.expires_at.0.into(),
            ];
            tx.execute_raw(sql(text, values)).await?;
        }
        tx.commit().await?;
        Ok(last)
    }

    /// Revokes every token that somebody or something was given so far, by letting its epoch grow;
    /// answers the new epoch and its number in the list.
    ///
    /// # Errors
    /// As any write; the epoch is the old one then.
    pub async fn bump_epoch(
        &self,
        level: Level,
        id: &str,
        reason: &str,
        at: Moment,
    ) -> Result<(u32, u64), StoreError> {
        let tx = begin(&self.writer).await?;
        let seq = next_seq(&tx).await?;
        let text = "INSERT INTO epoch (level, id, epoch, seq, reason, at) \
                    VALUES ($1, $2, 1, $3, $4, $5) ON CONFLICT (level, id) DO UPDATE \
                    SET epoch = epoch.epoch + 1, seq = excluded.seq, reason = excluded.reason, \
                    at = excluded.at RETURNING epoch";
        let values: [Value; 5] =
            [level.letter().into(), id.into(), signed(seq).into(), reason.into(), at.0.into()];
        let epoch = scalar::<i64>(&tx, sql(text, values)).await?;
        tx.commit().await?;
        Ok((whole(epoch.unwrap_or_default())?, seq))
    }

    /// Revocations with numbers above `seq`, in order, at most [`REVOCATIONS_PER_READ_MAX`]. Of
    /// an epoch that grew several times only the last is told.
    ///
    /// # Errors
    /// As any read.
    pub async fn revoked_since(&self, seq: u64) -> Result<Vec<Revocation>, StoreError> {
        // One statement, so that both lists are of the same instant.
        let text = "SELECT seq, kind, name, 0 AS epoch, expires_at FROM denial WHERE seq > $1 \
                    UNION ALL SELECT seq, level, id, epoch, 0 FROM epoch WHERE seq > $2 \
                    ORDER BY 1 LIMIT $3";
        let seq = signed(seq);
        let values = [seq.into(), seq.into(), i64::from(REVOCATIONS_PER_READ_MAX).into()];
        rows(&self.readers, sql(text, values), decode).await
    }

    /// Where the list ends.
    ///
    /// # Errors
    /// As any read.
    pub async fn revocation_head(&self) -> Result<RevocationHead, StoreError> {
        let text = "SELECT seq, cache_gen, cache_seq FROM revocation_head WHERE id = 1";
        let head = rows(&self.readers, sql(text, []), |row| {
            Ok(RevocationHead {
                seq: unsigned(row.try_get_by_index(0)?, NUMBER)?,
                cache_gen: row.try_get_by_index(1)?,
                cache_seq: unsigned(row.try_get_by_index(2)?, NUMBER)?,
            })
        });
        head.await?.pop().ok_or_else(headless)
    }

    /// Notes that a filling of the cache holds everything up to `seq`. Another filling than the
    /// present one takes its place; the present one's number never goes back.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_cached(&self, cache_gen: &str, seq: u64) -> Result<(), StoreError> {
        let text = "UPDATE revocation_head SET cache_gen = $1, cache_seq = $2 \
                    WHERE id = 1 AND (cache_gen <> $3 OR cache_seq < $4)";
        let values: [Value; 4] =
            [cache_gen.into(), signed(seq).into(), cache_gen.into(), signed(seq).into()];
        self.writer.execute_raw(sql(text, values)).await?;
        Ok(())
    }

    /// Forgets revocations of tokens that expired before `now`; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_expired_revocations(&self, now: Moment) -> Result<u64, StoreError> {
        let text = "DELETE FROM denial WHERE expires_at < $1";
        Ok(self.writer.execute_raw(sql(text, [now.0.into()])).await?.rows_affected())
    }
}

const NUMBER: &str = "a revocation's number";

fn headless() -> StoreError {
    StoreError::Corrupt(String::from("the list of revocations has no head"))
}

async fn next_seq(tx: &impl ConnectionTrait) -> Result<u64, StoreError> {
    let text = "UPDATE revocation_head SET seq = seq + 1 WHERE id = 1 RETURNING seq";
    let seq = scalar::<i64>(tx, sql(text, [])).await?.ok_or_else(headless)?;
    unsigned(seq, NUMBER)
}

fn whole(epoch: i64) -> Result<u32, StoreError> {
    u32::try_from(epoch).map_err(|_| StoreError::Corrupt(format!("an epoch is {epoch}")))
}

fn decode(row: &QueryResult) -> Result<Revocation, StoreError> {
    let (kind, name): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    let what = match kind.as_str() {
        "jti" => Revoked::Token(name),
        "sid" => Revoked::Session(name),
        "orig" => Revoked::Origin(name),
        letter => {
            let level = Level::ALL.into_iter().find(|level| level.letter() == letter);
            let unknown = || StoreError::Corrupt(format!("a revocation of kind {letter}"));
            Revoked::Epoch(level.ok_or_else(unknown)?, name, whole(row.try_get_by_index(3)?)?)
        }
    };
    Ok(Revocation {
        seq: unsigned(row.try_get_by_index(0)?, NUMBER)?,
        what,
        expires_at: Moment(row.try_get_by_index(4)?),
    })
}
