//! People as the passport knows them.

use super::{moment, rows, scalar, signed, sql, taken, unsigned};
use crate::error::StoreError;
use crate::people::{self, Person};
use crate::store::{Store, begin};
use engine::{Moment, PersonId};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

/// People that one page holds at most.
pub const USERS_PER_PAGE_MAX: u32 = 500;

const COLUMNS: &str = "uid, person, upn, skeleton, name, password_hash, active, delegable, made_at";

/// Somebody who may sign in at the passport.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The identity; never given to another.
    pub uid: Uuid,
    /// The number by which exams know them, where they take part in any.
    pub person: Option<PersonId>,
    /// The name to sign in with, in its normal form.
    pub upn: String,
    /// What the name looks like; unique.
    pub skeleton: String,
    /// The name to show.
    pub name: String,
    /// A password hash in the caller's format, never the password.
    pub password_hash: Option<String>,
    /// Whether they may sign in now.
    pub active: bool,
    /// Whether a service may act on their behalf at another.
    pub delegable: bool,
    /// When they were entered.
    pub made_at: Moment,
}

impl std::fmt::Debug for User {
    /// Without the password hash: what is printed ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("uid", &self.uid)
            .field("person", &self.person)
            .field("upn", &self.upn)
            .field("name", &self.name)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Enters somebody, or replaces the one with the same uid.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another has the UPN, one that looks like it, or the person; as
    /// any write.
    pub async fn put_user(&self, user: &User) -> Result<(), StoreError> {
        put(&self.writer, user).await
    }

    /// Enters somebody together with their row in the station's list of people, both or none.
    ///
    /// # Errors
    /// As [`Store::put_user`] and [`Store::put_person`].
    pub async fn put_user_and_person(
        &self,
        user: &User,
        person: &Person,
    ) -> Result<(), StoreError> {
        let transaction = begin(&self.writer).await?;
        people::put(&transaction, person).await?;
        put(&transaction, user).await?;
        Ok(transaction.commit().await?)
    }

    /// The one with a uid.
    ///
    /// # Errors
    /// As any read.
    pub async fn user(&self, uid: Uuid) -> Result<Option<User>, StoreError> {
        self.one_user("uid", uid.into()).await
    }

    /// The one with a UPN, compared exactly.
    ///
    /// # Errors
    /// As any read.
    pub async fn user_by_upn(&self, upn: &str) -> Result<Option<User>, StoreError> {
        self.one_user("upn", upn.into()).await
    }

    /// The one whose UPN looks like this.
    ///
    /// # Errors
    /// As any read.
    pub async fn user_by_skeleton(&self, skeleton: &str) -> Result<Option<User>, StoreError> {
        self.one_user("skeleton", skeleton.into()).await
    }

    /// The one whom exams know by this number.
    ///
    /// # Errors
    /// As any read.
    pub async fn user_by_person(&self, person: PersonId) -> Result<Option<User>, StoreError> {
        self.one_user("person", signed(person.0).into()).await
    }

    /// People by UPN: those whose UPN begins with `prefix` and follows `after`, at most `limit` and
    /// [`USERS_PER_PAGE_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn users(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM identity_user WHERE substr(upn, 1, length($1)) = $1 \
             AND upn > $2 ORDER BY upn LIMIT $3"
        );
        let limit = i64::from(limit.min(USERS_PER_PAGE_MAX));
        let values = [prefix.into(), after.unwrap_or_default().into(), limit.into()];
        rows(&self.readers, sql(text, values), decode).await
    }

    /// People by UPN: those whose UPN begins with `text` or in whose name it stands, and whose UPN
    /// follows `after`; at most `limit` and [`USERS_PER_PAGE_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn find_users(
        &self,
        text: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let part: String = text
            .chars()
            .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
            .collect();
        let statement = format!(
            "SELECT {COLUMNS} FROM identity_user WHERE upn > $1 \
             AND (upn LIKE $2 ESCAPE '!' OR name LIKE $3 ESCAPE '!') ORDER BY upn LIMIT $4"
        );
        let limit = i64::from(limit.min(USERS_PER_PAGE_MAX));
        let (begins, within) = (format!("{}%", part.to_lowercase()), format!("%{part}%"));
        let values = [after.into(), begins.into(), within.into(), limit.into()];
        rows(&self.readers, sql(statement, values), decode).await
    }

    /// How many people there are.
    ///
    /// # Errors
    /// As any read.
    pub async fn count_users(&self) -> Result<u64, StoreError> {
        let found = scalar::<i64>(&self.readers, sql("SELECT count(*) FROM identity_user", []));
        unsigned(found.await?.unwrap_or(0), "the number of people")
    }

    async fn one_user(&self, column: &str, value: Value) -> Result<Option<User>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_user WHERE {column} = $1");
        let row = self.readers.query_one_raw(sql(text, [value])).await?;
        row.as_ref().map(decode).transpose()
    }
}

async fn put(db: &impl ConnectionTrait, user: &User) -> Result<(), StoreError> {
    let text = format!(
        "INSERT INTO identity_user ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (uid) DO UPDATE SET person = excluded.person, upn = excluded.upn, \
         skeleton = excluded.skeleton, name = excluded.name, \
         password_hash = excluded.password_hash, active = excluded.active, \
         delegable = excluded.delegable, made_at = excluded.made_at"
    );
    let values = [
        user.uid.into(),
        Value::BigInt(user.person.map(|person| signed(person.0))),
        user.upn.as_str().into(),
        user.skeleton.as_str().into(),
        user.name.as_str().into(),
        Value::String(user.password_hash.clone()),
        user.active.into(),
        user.delegable.into(),
        user.made_at.0.into(),
    ];
    match db.execute_raw(sql(text, values)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(taken(error, "the UPN, one that looks like it, or the person")),
    }
}

fn decode(row: &QueryResult) -> Result<User, StoreError> {
    let person: Option<i64> = row.try_get_by_index(1)?;
    let person = person.map(|n| unsigned(n, "a person's number")).transpose()?;
    Ok(User {
        uid: row.try_get_by_index(0)?,
        person: person.map(PersonId),
        upn: row.try_get_by_index(2)?,
        skeleton: row.try_get_by_index(3)?,
        name: row.try_get_by_index(4)?,
        password_hash: row.try_get_by_index(5)?,
        active: row.try_get_by_index(6)?,
        delegable: row.try_get_by_index(7)?,
        made_at: moment(row, 8)?,
    })
}
