//! Groups such as `coc-12/expert`, and who is in them.

use super::{moment, rows, sql};
use crate::error::StoreError;
use crate::store::Store;
use engine::Moment;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Groups that one list returns at most.
pub const GROUPS_MAX: u32 = 10_000;
/// Memberships that one list returns at most.
pub const MEMBERS_MAX: u32 = 100_000;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name, which stands in tokens.
    pub name: String,
    /// What to call it.
    pub title: String,
    /// When it was made.
    pub made_at: Moment,
}

/// Every group with its members, as an offline service keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReplica {
    /// Members by group, as UPNs.
    pub groups: BTreeMap<String, Vec<String>>,
}

impl Store {
    /// Makes a group, or gives the one with the same name another title.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_group(&self, group: &Group) -> Result<(), StoreError> {
        let text = "INSERT INTO identity_group (name, title, made_at) VALUES ($1, $2, $3) \
                    ON CONFLICT (name) DO UPDATE SET title = excluded.title";
        let values =
            [group.name.as_str().into(), group.title.as_str().into(), group.made_at.0.into()];
        self.writer.execute_raw(sql(text, values)).await?;
        Ok(())
    }

    /// Removes a group and everybody from it; `false` when there is none.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove_group(&self, name: &str) -> Result<bool, StoreError> {
        let transaction = crate::store::begin(&self.writer).await?;
        let members = "DELETE FROM identity_member WHERE name = $1";
        transaction.execute_raw(sql(members, [name.into()])).await?;
        let group = "DELETE FROM identity_group WHERE name = $1";
        let done = transaction.execute_raw(sql(group, [name.into()])).await?;
        transaction.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Groups by name, at most [`GROUPS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        let text = "SELECT name, title, made_at FROM identity_group ORDER BY name LIMIT $1";
        rows(&self.readers, sql(text, [i64::from(GROUPS_MAX).into()]), decode).await
    }

    /// Puts somebody into a group; `false` when they are in it, or there is no such group.
    ///
    /// # Errors
    /// As any write.
    pub async fn put_member(&self, group: &str, uid: Uuid) -> Result<bool, StoreError> {
        let text = "INSERT INTO identity_member (name, uid) \
                    SELECT name, $2 FROM identity_group WHERE name = $1 \
                    ON CONFLICT (name, uid) DO NOTHING";
        let done = self.writer.execute_raw(sql(text, [group.into(), uid.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes somebody out of a group; `false` when they are not in it.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove_member(&self, group: &str, uid: Uuid) -> Result<bool, StoreError> {
        let text = "DELETE FROM identity_member WHERE name = $1 AND uid = $2";
        let done = self.writer.execute_raw(sql(text, [group.into(), uid.into()])).await?;
        Ok(done.rows_affected() == 1)
    }

    /// The groups that somebody is in, by name, at most [`GROUPS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn groups_of(&self, uid: Uuid) -> Result<Vec<String>, StoreError> {
        let text = "SELECT name FROM identity_member WHERE uid = $1 ORDER BY name LIMIT $2";
        let values = [uid.into(), i64::from(GROUPS_MAX).into()];
        rows(&self.readers, sql(text, values), |row| Ok(row.try_get_by_index(0)?)).await
    }

    /// Who is in a group, at most [`MEMBERS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn members(&self, group: &str) -> Result<Vec<Uuid>, StoreError> {
        let text = "SELECT uid FROM identity_member WHERE name = $1 ORDER BY uid LIMIT $2";
        let values = [group.into(), i64::from(MEMBERS_MAX).into()];
        rows(&self.readers, sql(text, values), |row| Ok(row.try_get_by_index(0)?)).await
    }

    /// Every group with its active members, for a service that must know them without a network.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] above [`MEMBERS_MAX`]: part of a list would pass for all of it. As
    /// any read.
    pub async fn group_replica(&self) -> Result<GroupReplica, StoreError> {
        let text = "SELECT m.name, u.upn FROM identity_member m \
                    JOIN identity_user u ON u.uid = m.uid AND u.active \
                    ORDER BY m.name, u.upn LIMIT $1";
        let limit = i64::from(MEMBERS_MAX) + 1;
        let found: Vec<(String, String)> = rows(&self.readers, sql(text, [limit.into()]), |row| {
            Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
        })
        .await?;
        let limit = MEMBERS_MAX as usize;
        if found.len() > limit {
            return Err(StoreError::TooMany { what: "members of groups", limit });
        }
        let mut groups: BTreeMap<String, Vec<String>> =
            self.groups().await?.into_iter().map(|group| (group.name, Vec::new())).collect();
        for (group, upn) in found {
            groups.entry(group).or_default().push(upn);
        }
        Ok(GroupReplica { groups })
    }
}

fn decode(row: &QueryResult) -> Result<Group, StoreError> {
    Ok(Group {
        name: row.try_get_by_index(0)?,
        title: row.try_get_by_index(1)?,
        made_at: moment(row, 2)?,
    })
}
