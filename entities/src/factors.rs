//! What proves a person besides the password: authenticator apps, recovery codes, passkeys.

use crate::error::StoreError;
use crate::sqlite::{rows, scalar, sql};
use crate::store::{Store, begin};
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

/// Passkeys that one person may have.
pub const PASSKEYS_MAX: u32 = 10;

/// An authenticator app (RFC 6238).
#[derive(Clone, PartialEq, Eq)]
pub struct TotpFactor {
    /// Whose.
    pub uid: Uuid,
    /// The secret as the caller has sealed it.
    pub secret: Vec<u8>,
    /// A code of it was shown once; until then it is no factor.
    pub confirmed: bool,
    /// The last time step whose code was used.
    pub last_step: i64,
    /// When it was entered.
    pub made_at: Moment,
}

impl std::fmt::Debug for TotpFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpFactor").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A passkey (WebAuthn credential). Only its public half is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passkey {
    /// The credential's id, base64url.
    pub id: String,
    /// Whose.
    pub uid: Uuid,
    /// The person's own name for it.
    pub name: String,
    /// Its key, and what else never changes, in the caller's format.
    pub fixed: Vec<u8>,
    /// Its counters, in the caller's format.
    pub moving: Vec<u8>,
    /// When it was entered.
    pub made_at: Moment,
    /// When it was last used.
    pub used_at: Option<Moment>,
}

impl Store {
    /// Enters an authenticator app that is not confirmed yet, in place of another such. A confirmed
    /// one stays, and the answer is `false`.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_totp(&self, uid: Uuid, secret: &[u8], at: Moment) -> Result<bool, StoreError> {
        let text = "INSERT INTO totp_factor (uid, secret, confirmed, last_step, made_at) \
                    VALUES ($1, $2, $3, 0, $4) ON CONFLICT (uid) DO UPDATE SET \
                    secret = excluded.secret, last_step = 0, made_at = excluded.made_at \
                    WHERE totp_factor.confirmed = $3";
        let values = [uid.into(), secret.to_vec().into(), false.into(), at.0.into()];
        Ok(self.writer.execute_raw(sql(text, values)).await?.rows_affected() == 1)
    }

    /// A person's authenticator app, confirmed or not.
    ///
    /// # Errors
    /// As any read.
    pub async fn totp(&self, uid: Uuid) -> Result<Option<TotpFactor>, StoreError> {
        let text = "SELECT secret, confirmed, last_step, made_at FROM totp_factor WHERE uid = $1";
        let row = self.readers.query_one_raw(sql(text, [uid.into()])).await?;
        let read = |row: QueryResult| -> Result<TotpFactor, StoreError> {
            Ok(TotpFactor {
                uid,
                secret: row.try_get_by_index(0)?,
                confirmed: row.try_get_by_index(1)?,
                last_step: row.try_get_by_index(2)?,
                made_at: Moment(row.try_get_by_index(3)?),
            })
        };
        row.map(read).transpose()
    }

    /// Uses up the code of a time step. Of two that come with the same step one gets `true`; the
    /// first use confirms the app.
    ///
    /// # Errors
    /// As any write.
    pub async fn use_totp_step(&self, uid: Uuid, step: i64) -> Result<bool, StoreError> {
        let text = "UPDATE totp_factor SET last_step = $2, confirmed = $3 \
                    WHERE uid = $1 AND last_step < $2";
        let values = [uid.into(), step.into(), true.into()];
        Ok(self.writer.execute_raw(sql(text, values)).await?.rows_affected() == 1)
    }

    /// Removes a person's authenticator app and their recovery codes.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove_totp(&self, uid: Uuid) -> Result<(), StoreError> {
        let both = begin(&self.writer).await?;
        for table in ["totp_factor", "recovery_code"] {
            let text = format!("DELETE FROM {table} WHERE uid = $1");
            both.execute_raw(sql(text, [uid.into()])).await?;
        }
        Ok(both.commit().await?)
    }

    /// Recovery codes in place of those that were there.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_recovery_codes(&self, uid: Uuid, hashes: &[String]) -> Result<(), StoreError> {
        let all = begin(&self.writer).await?;
        all.execute_raw(sql("DELETE FROM recovery_code WHERE uid = $1", [uid.into()])).await?;
        for hash in hashes {
            let text = "INSERT INTO recovery_code (uid, hash) VALUES ($1, $2)";
            all.execute_raw(sql(text, [uid.into(), hash.as_str().into()])).await?;
        }
        Ok(all.commit().await?)
    }

    /// Uses up a recovery code; `false` when there is no such code (any more).
    ///
    /// # Errors
    /// As any write.
    pub async fn take_recovery_code(&self, uid: Uuid, hash: &str) -> Result<bool, StoreError> {
        let text = "DELETE FROM recovery_code WHERE uid = $1 AND hash = $2";
        let done = self.writer.execute_raw(sql(text, [uid.into(), hash.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// How many recovery codes a person has left.
    ///
    /// # Errors
    /// As any read.
    pub async fn recovery_codes_left(&self, uid: Uuid) -> Result<i64, StoreError> {
        let text = "SELECT count(*) FROM recovery_code WHERE uid = $1";
        Ok(scalar(&self.readers, sql(text, [uid.into()])).await?.unwrap_or(0))
    }

    /// Enters a passkey.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when it is entered already, [`StoreError::TooMany`] when the person
    /// has [`PASSKEYS_MAX`]; as any write.
    pub async fn put_passkey(&self, passkey: &Passkey) -> Result<(), StoreError> {
        let both = begin(&self.writer).await?;
        let count = "SELECT count(*) FROM passkey WHERE uid = $1";
        let present: i64 = scalar(&both, sql(count, [passkey.uid.into()])).await?.unwrap_or(0);
        if present >= i64::from(PASSKEYS_MAX) {
            return Err(StoreError::TooMany { what: "passkeys", limit: PASSKEYS_MAX as usize });
        }
        let text = "INSERT INTO passkey (id, uid, name, fixed, moving, made_at) \
                    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
        let values = [
            passkey.id.as_str().into(),
            passkey.uid.into(),
            passkey.name.as_str().into(),
            passkey.fixed.clone().into(),
            passkey.moving.clone().into(),
            passkey.made_at.0.into(),
        ];
        let done = both.execute_raw(sql(text, values)).await?;
        both.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Taken("the passkey")) }
    }

    /// A person's passkeys, oldest first.
    ///
    /// # Errors
    /// As any read.
    pub async fn passkeys(&self, uid: Uuid) -> Result<Vec<Passkey>, StoreError> {
        let text = format!("{PASSKEY} WHERE uid = $1 ORDER BY made_at, id LIMIT {PASSKEYS_MAX}");
        rows(&self.readers, sql(text, [uid.into()]), passkey).await
    }

    /// The passkey of an id.
    ///
    /// # Errors
    /// As any read.
    pub async fn passkey(&self, id: &str) -> Result<Option<Passkey>, StoreError> {
        let text = format!("{PASSKEY} WHERE id = $1");
        let row = self.readers.query_one_raw(sql(text, [id.into()])).await?;
        row.as_ref().map(passkey).transpose()
    }

    /// Keeps a passkey's counters after a use. `false` when `before` is not what is kept: another
    /// use was first.
    ///
    /// # Errors
    /// As any write.
    pub async fn use_passkey(
        &self,
        id: &str,
        (before, after): (&[u8], &[u8]),
        at: Moment,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE passkey SET moving = $3, used_at = $4 WHERE id = $1 AND moving = $2";
        let values = [id.into(), before.to_vec().into(), after.to_vec().into(), at.0.into()];
        Ok(self.writer.execute_raw(sql(text, values)).await?.rows_affected() == 1)
    }

    /// Removes a passkey of a person.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove_passkey(&self, uid: Uuid, id: &str) -> Result<bool, StoreError> {
        let text = "DELETE FROM passkey WHERE uid = $1 AND id = $2";
        let done = self.writer.execute_raw(sql(text, [uid.into(), id.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Keeps as whom a person works in a sign-in; forgets choices older than `forget_before`.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_chosen_role(
        &self,
        sid: &str,
        assignment: Uuid,
        (at, forget_before): (Moment, Moment),
    ) -> Result<(), StoreError> {
        let both = begin(&self.writer).await?;
        let old = "DELETE FROM chosen_role WHERE at < $1";
        both.execute_raw(sql(old, [forget_before.0.into()])).await?;
        let text = "INSERT INTO chosen_role (sid, assignment, at) VALUES ($1, $2, $3) \
                    ON CONFLICT (sid) DO UPDATE SET assignment = excluded.assignment, \
                    at = excluded.at";
        both.execute_raw(sql(text, [sid.into(), assignment.into(), at.0.into()])).await?;
        Ok(both.commit().await?)
    }

    /// The assignment under which a person works in a sign-in, if they chose one. Whether it still
    /// holds is for the caller to look at.
    ///
    /// # Errors
    /// As any read.
    pub async fn chosen_role(&self, sid: &str) -> Result<Option<Uuid>, StoreError> {
        let text = "SELECT assignment FROM chosen_role WHERE sid = $1";
        scalar(&self.readers, sql(text, [sid.into()])).await
    }

    /// Says that a person must choose a new password at the next sign-in, or that they have.
    ///
    /// # Errors
    /// As any write.
    pub async fn set_password_due(&self, uid: Uuid, due: Option<Moment>) -> Result<(), StoreError> {
        let statement = match due {
            Some(at) => sql(
                "INSERT INTO password_due (uid, at) VALUES ($1, $2) ON CONFLICT (uid) DO NOTHING",
                [uid.into(), at.0.into()],
            ),
            None => sql("DELETE FROM password_due WHERE uid = $1", [uid.into()]),
        };
        self.writer.execute_raw(statement).await?;
        Ok(())
    }

    /// Whether a person must choose a new password.
    ///
    /// # Errors
    /// As any read.
    pub async fn password_due(&self, uid: Uuid) -> Result<bool, StoreError> {
        let text = "SELECT at FROM password_due WHERE uid = $1";
        Ok(scalar::<i64>(&self.readers, sql(text, [uid.into()])).await?.is_some())
    }
}

const PASSKEY: &str = "SELECT id, uid, name, fixed, moving, made_at, used_at FROM passkey";

fn passkey(row: &QueryResult) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        id: row.try_get_by_index(0)?,
        uid: row.try_get_by_index(1)?,
        name: row.try_get_by_index(2)?,
        fixed: row.try_get_by_index(3)?,
        moving: row.try_get_by_index(4)?,
        made_at: Moment(row.try_get_by_index(5)?),
        used_at: row.try_get_by_index::<Option<i64>>(6)?.map(Moment),
    })
}
