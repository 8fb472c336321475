//! Refresh tokens. Each is used once and leaves another of its family; one that comes a second time
//! was stolen from somebody, and ends the family.

use super::{from_json, if_moment, json, moment, moment_if, sql, taken};
use crate::error::StoreError;
use crate::store::{Store, begin};
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

const COLUMNS: &str = "r.hash, r.family, r.parent, f.sid, f.uid, f.cid, r.body, r.issued_at, \
                       r.idle_until, f.absolute_until, r.used_at, f.ended_at";

/// A refresh token as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Refresh {
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// The family: every token since the sign-in.
    pub family: Uuid,
    /// The hash of the one before.
    pub parent: Option<Vec<u8>>,
    /// The sign-in.
    pub sid: String,
    /// Whose.
    pub uid: Uuid,
    /// For which client.
    pub cid: String,
    /// What the next tokens are made from; the caller's form.
    pub body: serde_json::Value,
    /// When it was given.
    pub issued_at: Moment,
    /// Unused, it ends at this moment.
    pub idle_until: Moment,
    /// The family ends at this moment.
    pub absolute_until: Moment,
    /// When it was used.
    pub used_at: Option<Moment>,
    /// When the family was ended.
    pub ended_at: Option<Moment>,
}

/// What came of using a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The old one is used, the new one is there.
    Rotated,
    /// It was used before, and the family goes on: the caller decides about the grace.
    Reused {
        /// The family to end.
        family: Uuid,
        /// When it was used.
        used_at: Moment,
    },
    /// It or its family has ended.
    Ended,
    /// There is no such token.
    Unknown,
}

impl Store {
    /// Keeps the first token of a family.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the token or the family is there already; as any write.
    pub async fn put_refresh(&self, refresh: &Refresh) -> Result<(), StoreError> {
        let text = "INSERT INTO identity_refresh_family \
                    (family, sid, uid, cid, absolute_until, ended_at) \
                    VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            refresh.family.into(),
            refresh.sid.as_str().into(),
            refresh.uid.into(),
            refresh.cid.as_str().into(),
            refresh.absolute_until.0.into(),
            if_moment(refresh.ended_at),
        ];
        let transaction = begin(&self.writer).await?;
        let family = transaction.execute_raw(sql(text, values)).await;
        family.map_err(|error| taken(error, "the family of refresh tokens"))?;
        insert(&transaction, refresh).await?;
        Ok(transaction.commit().await?)
    }

    /// The token with a hash, in whatever state it is.
    ///
    /// # Errors
    /// As any read.
    pub async fn refresh(&self, hash: &[u8]) -> Result<Option<Refresh>, StoreError> {
        find(&self.readers, hash).await
    }

    /// Uses the token with hash `old` and keeps `new`, of the same family, both or nothing. Of all
    /// who come with the same token, one gets [`Rotation::Rotated`].
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the new token is there already; as any write.
    pub async fn rotate_refresh(
        &self,
        old: &[u8],
        new: &Refresh,
        now: Moment,
    ) -> Result<Rotation, StoreError> {
        let text = "UPDATE identity_refresh SET used_at = $2 WHERE hash = $1 AND family = $3 \
                    AND used_at IS NULL AND idle_until > $2 AND EXISTS \
                    (SELECT 1 FROM identity_refresh_family f WHERE f.family = $3 \
                    AND f.ended_at IS NULL AND f.absolute_until > $2) RETURNING hash";
        let values = [old.to_vec().into(), now.0.into(), new.family.into()];
        let transaction = begin(&self.writer).await?;
        if transaction.query_one_raw(sql(text, values)).await?.is_some() {
            insert(&transaction, new).await?;
            transaction.commit().await?;
            return Ok(Rotation::Rotated);
        }
        let found = find(&transaction, old).await?;
        transaction.rollback().await?;
        Ok(match found {
            None => Rotation::Unknown,
            Some(Refresh { ended_at: Some(_), .. }) => Rotation::Ended,
            Some(Refresh { used_at: Some(used_at), family, .. }) => {
                Rotation::Reused { family, used_at }
            }
            Some(_) => Rotation::Ended,
        })
    }

    /// Ends a family; `false` when it had ended.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_family(&self, family: Uuid, now: Moment) -> Result<bool, StoreError> {
        Ok(self.end_families("family", family.into(), now).await? == 1)
    }

    /// Ends every family of a sign-in; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_families_of_session(&self, sid: &str, now: Moment) -> Result<u64, StoreError> {
        self.end_families("sid", sid.into(), now).await
    }

    /// Ends every family of a person; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_families_of_user(&self, uid: Uuid, now: Moment) -> Result<u64, StoreError> {
        self.end_families("uid", uid.into(), now).await
    }

    /// Ends every family of a client; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_families_of_client(&self, cid: &str, now: Moment) -> Result<u64, StoreError> {
        self.end_families("cid", cid.into(), now).await
    }

    /// Forgets families that ended by their time before `before`, with their tokens; returns how
    /// many families.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_families(&self, before: Moment) -> Result<u64, StoreError> {
        let transaction = begin(&self.writer).await?;
        let tokens = "DELETE FROM identity_refresh WHERE family IN (SELECT family \
                      FROM identity_refresh_family WHERE absolute_until < $1)";
        transaction.execute_raw(sql(tokens, [before.0.into()])).await?;
        let families = "DELETE FROM identity_refresh_family WHERE absolute_until < $1";
        let done = transaction.execute_raw(sql(families, [before.0.into()])).await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }

    async fn end_families(
        &self,
        column: &str,
        value: Value,
        now: Moment,
    ) -> Result<u64, StoreError> {
        let text = format!(
            "UPDATE identity_refresh_family SET ended_at = $2 \
             WHERE {column} = $1 AND ended_at IS NULL"
        );
        Ok(self.writer.execute_raw(sql(text, [value, now.0.into()])).await?.rows_affected())
    }
}

async fn insert(db: &impl ConnectionTrait, refresh: &Refresh) -> Result<(), StoreError> {
    let text = "INSERT INTO identity_refresh \
                (hash, family, parent, body, issued_at, idle_until, used_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        refresh.hash.clone().into(),
        refresh.family.into(),
        Value::Bytes(refresh.parent.clone()),
        json(&refresh.body)?.into(),
        refresh.issued_at.0.into(),
        refresh.idle_until.0.into(),
        if_moment(refresh.used_at),
    ];
    match db.execute_raw(sql(text, values)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(taken(error, "the refresh token")),
    }
}

async fn find(db: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<Refresh>, StoreError> {
    let text = format!(
        "SELECT {COLUMNS} FROM identity_refresh r \
         JOIN identity_refresh_family f ON f.family = r.family WHERE r.hash = $1"
    );
    let row = db.query_one_raw(sql(text, [hash.to_vec().into()])).await?;
    row.as_ref().map(decode).transpose()
}

fn decode(row: &QueryResult) -> Result<Refresh, StoreError> {
    Ok(Refresh {
        hash: row.try_get_by_index(0)?,
        family: row.try_get_by_index(1)?,
        parent: row.try_get_by_index(2)?,
        sid: row.try_get_by_index(3)?,
        uid: row.try_get_by_index(4)?,
        cid: row.try_get_by_index(5)?,
        body: from_json(row, 6, "a refresh token's body")?,
        issued_at: moment(row, 7)?,
        idle_until: moment(row, 8)?,
        absolute_until: moment(row, 9)?,
        used_at: moment_if(row, 10)?,
        ended_at: moment_if(row, 11)?,
    })
}
