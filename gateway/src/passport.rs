//! The digital passport: identity for people, services and field stations.
//!
//! `engine::identity` holds the rules; here they meet keys, stores and HTTP.

pub mod admin;
pub mod audit;
pub mod browser;
pub mod format;
pub mod keys;
pub mod names;
pub mod oauth;
pub mod pages;
pub mod qr;
pub mod replica;
pub mod seal;

use crate::adapters::StoreRevocation;
use crate::config::Config;
use actors::ports::{Clock, IdSource};
use entities::Store;
use seal::station::Station;
use std::sync::Arc;

/// What every part of the passport stands on. Cheap to clone.
#[derive(Clone)]
pub struct Passport {
    /// Records what is done; what cannot be recorded is not done.
    pub audit: audit::Audit,
    /// People, organisations, clients, keys, sessions.
    pub store: Store,
    /// What was revoked.
    pub revocation: Arc<StoreRevocation>,
    /// Signing keys.
    pub keys: keys::Keyring,
    /// What the OAuth endpoints remember between requests.
    pub oauth: Arc<oauth::Oauth>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn IdSource>,
    /// What the pages remember between requests.
    pub pages: pages::Pages,
    /// This station's device, where it has one: people sign in by PIN.
    pub station: Option<Station>,
    /// The configuration.
    pub config: Arc<Config>,
}
