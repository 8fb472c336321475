//! Organisations: assessment centres, councils, employers.

use super::{moment, rows, sql, taken};
use crate::error::StoreError;
use crate::store::Store;
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use uuid::Uuid;

/// Organisations that one list returns at most.
pub const ORGANISATIONS_MAX: u32 = 10_000;

const COLUMNS: &str = "oid, opn, name, ogrn, active, made_at";

/// In whose name a role may be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// The identity; never given to another.
    pub oid: Uuid,
    /// Its name on the wire, `org/<slug>@realm`, in its normal form.
    pub opn: String,
    /// The name to show.
    pub name: String,
    /// The state's number of it, where there is one.
    pub ogrn: Option<String>,
    /// Whether roles in its name count.
    pub active: bool,
    /// When it was entered.
    pub made_at: Moment,
}

impl Store {
    /// Enters an organisation, or replaces the one with the same oid.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another has the OPN or the OGRN; as any write.
    pub async fn put_organisation(&self, organisation: &Organisation) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO identity_organisation ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (oid) DO UPDATE SET opn = excluded.opn, name = excluded.name, \
             ogrn = excluded.ogrn, active = excluded.active, made_at = excluded.made_at"
        );
        let values = [
            organisation.oid.into(),
            organisation.opn.as_str().into(),
            organisation.name.as_str().into(),
            Value::String(organisation.ogrn.clone()),
            organisation.active.into(),
            organisation.made_at.0.into(),
        ];
        match self.writer.execute_raw(sql(text, values)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(taken(error, "the organisation's OPN or OGRN")),
        }
    }

    /// The organisation with an oid.
    ///
    /// # Errors
    /// As any read.
    pub async fn organisation(&self, oid: Uuid) -> Result<Option<Organisation>, StoreError> {
        self.one_organisation("oid", oid.into()).await
    }

    /// The organisation with an OPN, compared exactly.
    ///
    /// # Errors
    /// As any read.
    pub async fn organisation_by_opn(&self, opn: &str) -> Result<Option<Organisation>, StoreError> {
        self.one_organisation("opn", opn.into()).await
    }

    /// Organisations by OPN, at most [`ORGANISATIONS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn organisations(&self) -> Result<Vec<Organisation>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_organisation ORDER BY opn LIMIT $1");
        rows(&self.readers, sql(text, [i64::from(ORGANISATIONS_MAX).into()]), decode).await
    }

    async fn one_organisation(
        &self,
        column: &str,
        value: Value,
    ) -> Result<Option<Organisation>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_organisation WHERE {column} = $1");
        let row = self.readers.query_one_raw(sql(text, [value])).await?;
        row.as_ref().map(decode).transpose()
    }
}

fn decode(row: &QueryResult) -> Result<Organisation, StoreError> {
    Ok(Organisation {
        oid: row.try_get_by_index(0)?,
        opn: row.try_get_by_index(1)?,
        name: row.try_get_by_index(2)?,
        ogrn: row.try_get_by_index(3)?,
        active: row.try_get_by_index(4)?,
        made_at: moment(row, 5)?,
    })
}
