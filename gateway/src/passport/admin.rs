//! The administrator's work: people, roles, organisations, groups, clients, services, whether it is
//! asked for by the API or by the command line. Every change is recorded before it is made.

pub mod api;
mod flaw;
mod keys;
mod people;
mod register;
pub mod shapes;

pub use crate::wire::passport::{ClientRequest as NewClient, GrantRequest as NewGrant};
pub use flaw::Flaw;
pub use keys::change_key;
pub use people::NewPerson;
pub use register::SECRET_BYTES;

use super::audit::{Audit, AuditDown, Entry};
use super::keys::KeyFault;
use super::names::{NameFault, RealmPolicy};
use crate::auth::permissions::role_of;
use crate::error::ApiError;
use actix_web::http::StatusCode;
use actors::ports::{Clock, IdSource};
use engine::exam::Role;
use entities::{Store, StoreError};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// What whoever works may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Powers {
    /// Everything.
    Administrator,
    /// The standing of experts and the rights of centres.
    Council,
}

impl Powers {
    /// Those of the roles that somebody holds, if any.
    pub fn of<'a>(roles: impl Iterator<Item = &'a str>) -> Option<Powers> {
        let mut found = None;
        for role in roles {
            match role_of(role) {
                Some(Role::Administrator) => return Some(Powers::Administrator),
                Some(Role::Council) => found = Some(Powers::Council),
                _ => {}
            }
        }
        found
    }
}

/// Who works, and on what.
#[derive(Clone)]
pub struct Desk {
    /// The registries.
    pub store: Store,
    /// Records what is done.
    pub audit: Audit,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn IdSource>,
    /// What names of people may look like.
    pub policy: RealmPolicy,
    /// Who does it: a person's number, a uid where they do it on the pages, or `cli`.
    pub actor: String,
    /// What they may do.
    pub powers: Powers,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminFault {
    /// A name is not one.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// Something else in what was given.
    #[error(transparent)]
    Wrong(#[from] Flaw),
    /// There is none.
    #[error("there is no {0}")]
    Unknown(&'static str),
    /// Another has it.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// It is for somebody else to do.
    #[error("{0}")]
    NotYours(&'static str),
    /// A key is not such that this could be done to it, or cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// It cannot be recorded.
    #[error(transparent)]
    Audit(#[from] AuditDown),
    /// The store does not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AdminFault {
    fn from(error: StoreError) -> AdminFault {
        match error {
            StoreError::Taken(what) => AdminFault::Taken(what),
            other => AdminFault::Store(other),
        }
    }
}

impl From<AdminFault> for ApiError {
    fn from(fault: AdminFault) -> ApiError {
        let text = fault.to_string();
        match fault {
            AdminFault::Name(_) | AdminFault::Wrong(_) => ApiError::invalid(text),
            AdminFault::Unknown(_) => ApiError::not_found(text),
            AdminFault::Taken(_) => ApiError::new(StatusCode::CONFLICT, "taken", text),
            AdminFault::NotYours(_) => ApiError::forbidden(text),
            AdminFault::Key(KeyFault::State(_)) => {
                ApiError::new(StatusCode::CONFLICT, "state", text)
            }
            AdminFault::Key(KeyFault::Unknown(_)) => ApiError::not_found("there is no such key"),
            AdminFault::Key(fault) => ApiError::internal(&fault),
            AdminFault::Audit(down) => down.into(),
            AdminFault::Store(error) => ApiError::internal(&error),
        }
    }
}

impl Desk {
    /// Records what is about to be done.
    async fn record(
        &self,
        kind: &'static str,
        subject: &str,
        detail: Value,
    ) -> Result<(), AdminFault> {
        let (actor, subject) = (Some(self.actor.clone()), Some(subject.to_owned()));
        Ok(self.audit.record(Entry { kind, actor, subject, detail }).await?)
    }

    /// A new identity.
    fn fresh_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.ids.salt()).into_uuid()
    }
}
