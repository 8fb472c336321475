//! Roles that people hold, from when until when and by whose grant.

use super::{if_moment, moment, moment_if, rows, sql, taken};
use crate::error::StoreError;
use crate::people::PEOPLE_MAX;
use crate::store::Store;
use engine::{Moment, PersonId};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Assignments of one person that a list returns at most, the latest grant first.
pub const ASSIGNMENTS_MAX: u32 = 1_000;

const COLUMNS: &str =
    "id, uid, role, oid, valid_from, valid_until, granted_by, granted_at, withdrawn_at";

/// One role of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: Uuid,
    /// Who holds it.
    pub uid: Uuid,
    /// The role's word.
    pub role: String,
    /// In whose name, where the role is held in anybody's.
    pub oid: Option<Uuid>,
    /// Counts from this moment on.
    pub from: Moment,
    /// Does not count from this moment on.
    pub until: Option<Moment>,
    /// Who granted it: a uid, or a word for the command line.
    pub granted_by: String,
    /// When.
    pub granted_at: Moment,
    /// When it was taken back.
    pub withdrawn_at: Option<Moment>,
}

impl Assignment {
    /// Whether it counts at a moment.
    pub fn counts(&self, now: Moment) -> bool {
        self.withdrawn_at.is_none()
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
    }
}

impl Store {
    /// Grants a role.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the id is used; as any write.
    pub async fn put_assignment(&self, assignment: &Assignment) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO identity_assignment ({COLUMNS}) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        );
        let values = [
            assignment.id.into(),
            assignment.uid.into(),
            assignment.role.as_str().into(),
            Value::Uuid(assignment.oid),
            assignment.from.0.into(),
            if_moment(assignment.until),
            assignment.granted_by.as_str().into(),
            assignment.granted_at.0.into(),
            if_moment(assignment.withdrawn_at),
        ];
        match self.writer.execute_raw(sql(text, values)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(taken(error, "the assignment's id")),
        }
    }

    /// Takes a role back; `false` when it is not there or was taken back before.
    ///
    /// # Errors
    /// As any write.
    pub async fn withdraw_assignment(&self, id: Uuid, now: Moment) -> Result<bool, StoreError> {
        let text = "UPDATE identity_assignment SET withdrawn_at = $2 \
                    WHERE id = $1 AND withdrawn_at IS NULL";
        let done = self.writer.execute_raw(sql(text, [id.into(), now.0.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// The assignment with an id.
    ///
    /// # Errors
    /// As any read.
    pub async fn assignment(&self, id: Uuid) -> Result<Option<Assignment>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_assignment WHERE id = $1");
        let row = self.readers.query_one_raw(sql(text, [id.into()])).await?;
        row.as_ref().map(decode).transpose()
    }

    /// Everything a person was ever granted, the latest first, at most [`ASSIGNMENTS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn assignments_of(&self, uid: Uuid) -> Result<Vec<Assignment>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM identity_assignment WHERE uid = $1 \
             ORDER BY granted_at DESC, id LIMIT $2"
        );
        let values = [uid.into(), i64::from(ASSIGNMENTS_MAX).into()];
        rows(&self.readers, sql(text, values), decode).await
    }

    /// What a person holds at a moment, in the order of roles; roles of inactive organisations are
    /// not held. At most [`ASSIGNMENTS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn roles_held(&self, uid: Uuid, now: Moment) -> Result<Vec<Assignment>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM identity_assignment a WHERE uid = $1 \
             AND withdrawn_at IS NULL AND valid_from <= $2 \
             AND (valid_until IS NULL OR valid_until > $2) AND (oid IS NULL OR EXISTS \
             (SELECT 1 FROM identity_organisation o WHERE o.oid = a.oid AND o.active)) \
             ORDER BY role, granted_at, id LIMIT $3"
        );
        let values = [uid.into(), now.0.into(), i64::from(ASSIGNMENTS_MAX).into()];
        rows(&self.readers, sql(text, values), decode).await
    }

    /// What each person whom exams know by a number holds at a moment, as [`Store::roles_held`]
    /// says; those who hold nothing are there with nothing. At most [`PEOPLE_MAX`] people.
    ///
    /// # Errors
    /// As any read.
    pub async fn roles_by_person(
        &self,
        now: Moment,
    ) -> Result<BTreeMap<PersonId, BTreeSet<String>>, StoreError> {
        let text = "SELECT u.person, a.role FROM (SELECT uid, person FROM identity_user \
                    WHERE person IS NOT NULL ORDER BY person LIMIT $1) u \
                    LEFT JOIN identity_assignment a ON a.uid = u.uid \
                    AND a.withdrawn_at IS NULL AND a.valid_from <= $2 \
                    AND (a.valid_until IS NULL OR a.valid_until > $2) \
                    AND (a.oid IS NULL OR EXISTS \
                    (SELECT 1 FROM identity_organisation o WHERE o.oid = a.oid AND o.active))";
        let values = [i64::from(PEOPLE_MAX).into(), now.0.into()];
        let found = rows(&self.readers, sql(text, values), |row| {
            let person = super::unsigned(row.try_get_by_index(0)?, "a person's number")?;
            Ok((PersonId(person), row.try_get_by_index::<Option<String>>(1)?))
        });
        let mut held: BTreeMap<PersonId, BTreeSet<String>> = BTreeMap::new();
        for (person, role) in found.await? {
            held.entry(person).or_default().extend(role);
        }
        Ok(held)
    }

    /// How many people hold a role at a moment.
    ///
    /// # Errors
    /// As any read.
    pub async fn count_holders(&self, role: &str, now: Moment) -> Result<u64, StoreError> {
        let text = "SELECT count(DISTINCT a.uid) FROM identity_assignment a \
                    JOIN identity_user u ON u.uid = a.uid AND u.active \
                    WHERE a.role = $1 AND a.withdrawn_at IS NULL AND a.valid_from <= $2 \
                    AND (a.valid_until IS NULL OR a.valid_until > $2)";
        let found = super::scalar::<i64>(&self.readers, sql(text, [role.into(), now.0.into()]));
        super::unsigned(found.await?.unwrap_or(0), "a number of people")
    }
}

fn decode(row: &QueryResult) -> Result<Assignment, StoreError> {
    Ok(Assignment {
        id: row.try_get_by_index(0)?,
        uid: row.try_get_by_index(1)?,
        role: row.try_get_by_index(2)?,
        oid: row.try_get_by_index(3)?,
        from: moment(row, 4)?,
        until: moment_if(row, 5)?,
        granted_by: row.try_get_by_index(6)?,
        granted_at: moment(row, 7)?,
        withdrawn_at: moment_if(row, 8)?,
    })
}
