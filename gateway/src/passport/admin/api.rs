//! The administrator's API, under `/api/nsk/v1/passport/`. Who may call what stands in the
//! permission table; what the council may do is decided at the [`Desk`].

mod clients;
mod keys;
mod people;
mod registries;

pub use clients::{
    add_client, clients, delegations, new_secret, put_service, services, set_client,
    set_delegation, set_terms,
};
pub use keys::{bump, change_key, keys};
pub use people::{
    add_person, end_sessions, grant, one_time_password, people, roles, sessions, set_person,
    withdraw,
};
pub use registries::{
    add_group, add_organisation, groups, organisations, replica, set_member, set_organisation,
};

use super::{AdminFault, Desk, Powers};
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiError;
use actix_web::web;
use engine::exam::Role;

/// Largest body, bytes.
const BODY_MAX: usize = 64 * 1_024;

type Reply<T> = Result<web::Json<T>, ApiError>;

fn desk(app: &App, principal: &Principal) -> Desk {
    let powers = match principal.has_any(&[Role::Administrator]) {
        true => Powers::Administrator,
        false => Powers::Council,
    };
    Desk {
        store: app.passport.store.clone(),
        audit: app.passport.audit.clone(),
        clock: app.passport.clock.clone(),
        ids: app.passport.ids.clone(),
        policy: app.config.passport.realm_policy(),
        actor: principal.person.to_string(),
        powers,
    }
}

fn unread(error: entities::StoreError) -> ApiError {
    AdminFault::from(error).into()
}
