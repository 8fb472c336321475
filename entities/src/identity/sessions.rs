//! Sign-ins at the passport: what a browser's cookie stands for.

use super::{from_json, if_moment, json, moment, moment_if, rows, sql, taken};
use crate::error::StoreError;
use crate::store::Store;
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Sessions of one person that a list returns at most, the latest used first.
pub const SESSIONS_MAX: u32 = 500;

const COLUMNS: &str = "sid, cookie_hash, uid, made_at, seen_at, auth_time, expires_at, \
                       user_agent, acr, amr, ended_at";

/// A sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct PassportSession {
    /// Its id, which stands in tokens.
    pub sid: String,
    /// SHA-256 of the browser's secret.
    pub cookie_hash: Vec<u8>,
    /// Whose.
    pub uid: Uuid,
    /// When it began.
    pub made_at: Moment,
    /// When it was last used.
    pub seen_at: Moment,
    /// When they last proved who they are.
    pub auth_time: Moment,
    /// When it ends by itself.
    pub expires_at: Moment,
    /// What the browser calls itself, cut by the caller.
    pub user_agent: String,
    /// How well they proved it.
    pub acr: String,
    /// By what means.
    pub amr: BTreeSet<String>,
    /// When it was ended.
    pub ended_at: Option<Moment>,
}

impl std::fmt::Debug for PassportSession {
    /// Without the cookie's hash.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PassportSession")
            .field("sid", &self.sid)
            .field("uid", &self.uid)
            .field("expires_at", &self.expires_at)
            .field("acr", &self.acr)
            .field("ended_at", &self.ended_at)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps a session, or what has changed of the one with the same id; an ended one stays ended.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another has the cookie; as any write.
    pub async fn put_session(&self, session: &PassportSession) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO identity_session ({COLUMNS}) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (sid) DO UPDATE SET cookie_hash = excluded.cookie_hash, \
             seen_at = excluded.seen_at, auth_time = excluded.auth_time, \
             expires_at = excluded.expires_at, user_agent = excluded.user_agent, \
             acr = excluded.acr, amr = excluded.amr"
        );
        let values = [
            session.sid.as_str().into(),
            session.cookie_hash.clone().into(),
            session.uid.into(),
            session.made_at.0.into(),
            session.seen_at.0.into(),
            session.auth_time.0.into(),
            session.expires_at.0.into(),
            session.user_agent.as_str().into(),
            session.acr.as_str().into(),
            json(&session.amr)?.into(),
            if_moment(session.ended_at),
        ];
        match self.writer.execute_raw(sql(text, values)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(taken(error, "the session's cookie")),
        }
    }

    /// The session with an id, in whatever state it is.
    ///
    /// # Errors
    /// As any read.
    pub async fn passport_session(&self, sid: &str) -> Result<Option<PassportSession>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_session WHERE sid = $1");
        let row = self.readers.query_one_raw(sql(text, [sid.into()])).await?;
        row.as_ref().map(decode).transpose()
    }

    /// The session of a cookie, if it goes on at `now`.
    ///
    /// # Errors
    /// As any read.
    pub async fn session_by_cookie(
        &self,
        cookie_hash: &[u8],
        now: Moment,
    ) -> Result<Option<PassportSession>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM identity_session WHERE cookie_hash = $1 \
             AND ended_at IS NULL AND expires_at > $2"
        );
        let values = [cookie_hash.to_vec().into(), now.0.into()];
        let row = self.readers.query_one_raw(sql(text, values)).await?;
        row.as_ref().map(decode).transpose()
    }

    /// Sessions of a person that go on at `now`, the latest used first, at most [`SESSIONS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn sessions_of(
        &self,
        uid: Uuid,
        now: Moment,
    ) -> Result<Vec<PassportSession>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM identity_session WHERE uid = $1 AND ended_at IS NULL \
             AND expires_at > $2 ORDER BY seen_at DESC, sid LIMIT $3"
        );
        let values = [uid.into(), now.0.into(), i64::from(SESSIONS_MAX).into()];
        rows(&self.readers, sql(text, values), decode).await
    }

    /// Notes that a session was used; `false` when it has ended.
    ///
    /// # Errors
    /// As any write.
    pub async fn touch_session(&self, sid: &str, now: Moment) -> Result<bool, StoreError> {
        let text = "UPDATE identity_session SET seen_at = $2 \
                    WHERE sid = $1 AND ended_at IS NULL AND expires_at > $2";
        let done = self.writer.execute_raw(sql(text, [sid.into(), now.0.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends a session; `false` when it had ended or never was.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_session(&self, sid: &str, now: Moment) -> Result<bool, StoreError> {
        Ok(self.end_where("sid", sid.into(), now).await?.len() == 1)
    }

    /// Ends every session of a person and returns their ids.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_sessions_of(&self, uid: Uuid, now: Moment) -> Result<Vec<String>, StoreError> {
        self.end_where("uid", uid.into(), now).await
    }

    /// Forgets sessions that ended by their time before `before`; returns how many.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_sessions(&self, before: Moment) -> Result<u64, StoreError> {
        let text = "DELETE FROM identity_session WHERE expires_at < $1";
        Ok(self.writer.execute_raw(sql(text, [before.0.into()])).await?.rows_affected())
    }

    async fn end_where(
        &self,
        column: &str,
        value: Value,
        now: Moment,
    ) -> Result<Vec<String>, StoreError> {
        let text = format!(
            "UPDATE identity_session SET ended_at = $2 \
             WHERE {column} = $1 AND ended_at IS NULL RETURNING sid"
        );
        let values = [value, now.0.into()];
        rows(&self.writer, sql(text, values), |row| Ok(row.try_get_by_index(0)?)).await
    }
}

fn decode(row: &QueryResult) -> Result<PassportSession, StoreError> {
    Ok(PassportSession {
        sid: row.try_get_by_index(0)?,
        cookie_hash: row.try_get_by_index(1)?,
        uid: row.try_get_by_index(2)?,
        made_at: moment(row, 3)?,
        seen_at: moment(row, 4)?,
        auth_time: moment(row, 5)?,
        expires_at: moment(row, 6)?,
        user_agent: row.try_get_by_index(7)?,
        acr: row.try_get_by_index(8)?,
        amr: from_json(row, 9, "a session's amr")?,
        ended_at: moment_if(row, 10)?,
    })
}
