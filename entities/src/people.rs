//! The people of a station: candidates, experts, operators, observers.

use crate::error::StoreError;
use crate::failure::{Code, Failure};
use crate::sql::{rows, scalar, signed, sql, unsigned};
use crate::store::Store;
use engine::{Moment, PersonId};
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// People that one list returns at most.
pub const PEOPLE_MAX: u32 = 10_000;

const COLUMNS: &str = "id, login, name, password_hash, roles, personnel_no, active, made_at";

/// Someone who may sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The number by which the wire names them.
    pub id: PersonId,
    /// Unique; compared exactly, so the caller decides about case.
    pub login: String,
    /// The name to show.
    pub name: String,
    /// A password hash in the caller's format, never the password.
    pub password_hash: String,
    /// The caller's names of roles.
    pub roles: Vec<String>,
    /// Personnel number, where there is one.
    pub personnel_no: Option<String>,
    /// Whether they may sign in now.
    pub active: bool,
    /// When they were entered.
    pub made_at: Moment,
}

impl std::fmt::Debug for Person {
    /// Without the password hash: what is printed ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .field("login", &self.login)
            .field("name", &self.name)
            .field("roles", &self.roles)
            .field("personnel_no", &self.personnel_no)
            .field("active", &self.active)
            .field("made_at", &self.made_at)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Enters a person, or replaces the one with the same id.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another person has the login; as any write.
    pub async fn put_person(&self, person: &Person) -> Result<(), StoreError> {
        put(&self.writer, person).await
    }

    /// The person with a login.
    ///
    /// # Errors
    /// As any read.
    pub async fn person_by_login(&self, login: &str) -> Result<Option<Person>, StoreError> {
        self.one_person("login", login.into()).await
    }

    /// The person with an id.
    ///
    /// # Errors
    /// As any read.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError> {
        self.one_person("id", signed(id.0).into()).await
    }

    /// People by id, at most `limit` and [`PEOPLE_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn people(&self, limit: u32) -> Result<Vec<Person>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM person ORDER BY id LIMIT $1");
        let limit = i64::from(limit.min(PEOPLE_MAX));
        rows(&self.readers, sql(text, [limit.into()]), decode).await
    }

    /// An id above every present person's; taken only when a person is put with it.
    ///
    /// # Errors
    /// As any read.
    pub async fn next_person_id(&self) -> Result<PersonId, StoreError> {
        let text = "SELECT coalesce(max(id), 0) + 1 FROM person";
        let id = scalar::<i64>(&self.writer, sql(text, [])).await?.unwrap_or(1);
        Ok(PersonId(unsigned(id, "a person's number")?))
    }

    async fn one_person(&self, column: &str, value: Value) -> Result<Option<Person>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM person WHERE {column} = $1");
        let row = self.readers.query_one_raw(sql(text, [value])).await?;
        row.as_ref().map(decode).transpose()
    }
}

/// As [`Store::put_person`], inside the caller's transaction.
pub(crate) async fn put(db: &impl ConnectionTrait, person: &Person) -> Result<(), StoreError> {
    let text = format!(
        "INSERT INTO person ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (id) DO UPDATE SET login = excluded.login, name = excluded.name, \
         password_hash = excluded.password_hash, roles = excluded.roles, \
         personnel_no = excluded.personnel_no, active = excluded.active, \
         made_at = excluded.made_at"
    );
    let roles = serde_json::Value::from(person.roles.clone()).to_string();
    let values = [
        signed(person.id.0).into(),
        person.login.as_str().into(),
        person.name.as_str().into(),
        person.password_hash.as_str().into(),
        roles.into(),
        Value::String(person.personnel_no.clone()),
        person.active.into(),
        person.made_at.0.into(),
    ];
    match db.execute_raw(sql(text, values)).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = Failure::from(error.clone());
            if failure.code == Some(Code::Constraint) {
                return Err(StoreError::Taken("the login"));
            }
            Err(error.into())
        }
    }
}

fn decode(row: &QueryResult) -> Result<Person, StoreError> {
    let id = PersonId(unsigned(row.try_get_by_index(0)?, "a person's number")?);
    let roles: String = row.try_get_by_index(4)?;
    Ok(Person {
        id,
        login: row.try_get_by_index(1)?,
        name: row.try_get_by_index(2)?,
        password_hash: row.try_get_by_index(3)?,
        roles: serde_json::from_str(&roles)
            .map_err(|_| StoreError::Corrupt(format!("the roles of person {id}")))?,
        personnel_no: row.try_get_by_index(5)?,
        active: row.try_get_by_index(6)?,
        made_at: Moment(row.try_get_by_index(7)?),
    })
}
