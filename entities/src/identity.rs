//! Tables of the digital passport.
//!
//! | Noun | Table `identity_…` | File |
//! |---|---|---|
//! | person or service account | `user` | `users.rs` |
//! | organisation | `organisation` | `organisations.rs` |
//! | role held | `assignment` | `assignments.rs` |
//! | group and its members | `group`, `member` | `groups.rs` |
//! | client | `client` | `clients.rs` |
//! | service, delegation | `service`, `delegation` | `services.rs` |
//! | what is used once | `once` | `once.rs` |
//! | refresh token and its family | `refresh`, `refresh_family` | `refresh.rs` |
//! | sign-in | `session` | `sessions.rs` |
//!
//! Whatever may happen once happens by one statement whose row count or returned row says who was
//! first: a read before a write would let two be first.

mod assignments;
mod clients;
mod groups;
mod once;
mod organisations;
mod refresh;
mod services;
mod sessions;
mod users;

pub use assignments::{ASSIGNMENTS_MAX, Assignment};
pub use clients::{CLIENTS_MAX, Client, ClientFlags, ClientKind, ClientTerms};
pub use groups::{GROUPS_MAX, Group, GroupReplica, MEMBERS_MAX};
pub use once::{ONCE_BODY_BYTES_MAX, ONCE_FORGOTTEN_PER_CALL_MAX};
pub use organisations::{ORGANISATIONS_MAX, Organisation};
pub use refresh::{Refresh, Rotation};
pub use services::{DELEGATIONS_MAX, SERVICES_MAX, Service};
pub use sessions::{PassportSession, SESSIONS_MAX};
pub use users::{USERS_PER_PAGE_MAX, User};

use crate::error::StoreError;
use crate::failure::{Code, Failure};
use crate::sql::{rows, scalar, signed, sql, unsigned};
use engine::Moment;
use sea_orm::{DbErr, QueryResult, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A write that failed because `what` must be unique, or for another reason.
fn taken(error: DbErr, what: &'static str) -> StoreError {
    match Failure::from(error.clone()).code {
        Some(Code::Constraint) => StoreError::Taken(what),
        _ => error.into(),
    }
}

/// The JSON of a column.
fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// A column of JSON.
fn from_json<T: DeserializeOwned>(
    row: &QueryResult,
    column: usize,
    what: &str,
) -> Result<T, StoreError> {
    let text: String = row.try_get_by_index(column)?;
    serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(format!("{what}: {e}")))
}

fn moment(row: &QueryResult, column: usize) -> Result<Moment, StoreError> {
    Ok(Moment(row.try_get_by_index(column)?))
}

fn moment_if(row: &QueryResult, column: usize) -> Result<Option<Moment>, StoreError> {
    Ok(row.try_get_by_index::<Option<i64>>(column)?.map(Moment))
}

/// A moment that may be absent.
fn if_moment(moment: Option<Moment>) -> Value {
    Value::BigInt(moment.map(|m| m.0))
}
