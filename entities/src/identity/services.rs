//! Services that tokens are for, and which of them may act at another on somebody's behalf.

use super::{from_json, json, moment, rows, scalar, sql};
use crate::error::StoreError;
use crate::store::Store;
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult};

/// Services that one list returns at most.
pub const SERVICES_MAX: u32 = 10_000;
/// Delegations that one list returns at most.
pub const DELEGATIONS_MAX: u32 = 10_000;

const COLUMNS: &str = "spn, name, requires, aliases, active, made_at";

/// A service that is registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its SPN, in its normal form.
    pub spn: String,
    /// The name to show.
    pub name: String,
    /// What it requires of a token, in the form of `engine::identity::Requirement`.
    pub requires: serde_json::Value,
    /// SPNs whose tokens it takes as its own when their services pass them on.
    pub aliases: Vec<String>,
    /// Whether tokens are given for it.
    pub active: bool,
    /// When it was entered.
    pub made_at: Moment,
}

impl Store {
    /// Enters a service, or replaces the one with the same SPN.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_service(&self, service: &Service) -> Result<(), StoreError> {
        let text = format!(
            "INSERT INTO identity_service ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (spn) DO UPDATE SET name = excluded.name, \
             requires = excluded.requires, aliases = excluded.aliases, active = excluded.active"
        );
        let values = [
            service.spn.as_str().into(),
            service.name.as_str().into(),
            json(&service.requires)?.into(),
            json(&service.aliases)?.into(),
            service.active.into(),
            service.made_at.0.into(),
        ];
        self.writer.execute_raw(sql(text, values)).await?;
        Ok(())
    }

    /// The service with an SPN, compared exactly.
    ///
    /// # Errors
    /// As any read.
    pub async fn service(&self, spn: &str) -> Result<Option<Service>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_service WHERE spn = $1");
        let row = self.readers.query_one_raw(sql(text, [spn.into()])).await?;
        row.as_ref().map(decode).transpose()
    }

    /// Services by SPN, at most [`SERVICES_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn services(&self) -> Result<Vec<Service>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM identity_service ORDER BY spn LIMIT $1");
        rows(&self.readers, sql(text, [i64::from(SERVICES_MAX).into()]), decode).await
    }

    /// Lets `front` act at `back` on people's behalf; `false` when it may already.
    ///
    /// # Errors
    /// As any write.
    pub async fn allow_delegation(&self, front: &str, back: &str) -> Result<bool, StoreError> {
        let text = "INSERT INTO identity_delegation (front, back) VALUES ($1, $2) \
                    ON CONFLICT (front, back) DO NOTHING";
        let done = self.writer.execute_raw(sql(text, [front.into(), back.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Forbids it again; `false` when it was not allowed.
    ///
    /// # Errors
    /// As any write.
    pub async fn forbid_delegation(&self, front: &str, back: &str) -> Result<bool, StoreError> {
        let text = "DELETE FROM identity_delegation WHERE front = $1 AND back = $2";
        let done = self.writer.execute_raw(sql(text, [front.into(), back.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether `front` may act at `back` on people's behalf.
    ///
    /// # Errors
    /// As any read.
    pub async fn may_delegate(&self, front: &str, back: &str) -> Result<bool, StoreError> {
        let text = "SELECT count(*) FROM identity_delegation WHERE front = $1 AND back = $2";
        let found = scalar::<i64>(&self.readers, sql(text, [front.into(), back.into()])).await?;
        Ok(found == Some(1))
    }

    /// Every allowed pair, front and back, at most [`DELEGATIONS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn delegations(&self) -> Result<Vec<(String, String)>, StoreError> {
        let text = "SELECT front, back FROM identity_delegation ORDER BY front, back LIMIT $1";
        let values = [i64::from(DELEGATIONS_MAX).into()];
        rows(&self.readers, sql(text, values), |row| {
            Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
        })
        .await
    }
}

fn decode(row: &QueryResult) -> Result<Service, StoreError> {
    Ok(Service {
        spn: row.try_get_by_index(0)?,
        name: row.try_get_by_index(1)?,
        requires: from_json(row, 2, "what a service requires")?,
        aliases: from_json(row, 3, "a service's aliases")?,
        active: row.try_get_by_index(4)?,
        made_at: moment(row, 5)?,
    })
}
