//! Clients, services, signing keys and epochs.

use engine::Moment;
use engine::identity::{KeyPurpose, KeyState, Level};
use entities::{ClientFlags, ClientTerms};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A program that may ask for tokens.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientInfo {
    /// What it calls itself.
    pub id: String,
    /// The subject of tokens on its own behalf.
    #[schema(value_type = String, format = "uuid")]
    pub uid: Uuid,
    /// The name to show.
    pub name: String,
    /// `public`, `confidential` or `service`.
    pub kind: String,
    /// It has a secret.
    pub secret: bool,
    /// What it may do, and how.
    #[schema(value_type = Object)]
    pub terms: ClientTerms,
    /// Whether it may ask for anything.
    pub active: bool,
}

/// A client to enter.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientRequest {
    /// What it calls itself.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// `public`, `confidential` or `service`.
    pub kind: String,
    /// The service that it is.
    pub spn: Option<String>,
    /// Its public keys; it then has no secret.
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    /// The algorithm of its JWTs.
    pub jwt_alg: Option<String>,
    /// Where answers may go.
    pub redirect_uris: Vec<String>,
    /// Scopes it may ask for.
    pub scopes: BTreeSet<String>,
    /// SPNs it may have tokens for.
    pub audiences: BTreeSet<String>,
    /// Exceptions and obligations.
    #[schema(value_type = Object)]
    pub flags: ClientFlags,
}

/// What a client may do from now on, in place of what it might.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsRequest {
    /// Where answers may go.
    pub redirect_uris: Vec<String>,
    /// Scopes it may ask for.
    pub scopes: BTreeSet<String>,
    /// SPNs it may have tokens for.
    pub audiences: BTreeSet<String>,
    /// Exceptions and obligations.
    #[schema(value_type = Object)]
    pub flags: ClientFlags,
}

/// A client's secret, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ClientSecret {
    /// Which client.
    pub id: String,
    /// Its secret; absent where it keeps none.
    pub secret: Option<String>,
}

/// What became of a client's state.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientState {
    /// Which.
    pub id: String,
    /// Whether it may ask for tokens.
    pub active: bool,
}

/// A service that tokens are for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServiceInfo {
    /// Its SPN.
    pub spn: String,
    /// The name to show.
    pub name: String,
    /// What it requires of a token.
    #[schema(value_type = Object)]
    pub requires: Value,
    /// SPNs whose tokens it takes as its own.
    pub aliases: Vec<String>,
    /// Whether tokens are given for it.
    pub active: bool,
}

/// A service to enter, or what it requires from now on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceRequest {
    /// Its SPN.
    pub spn: String,
    /// The name to show.
    pub name: String,
    /// What it requires of a token; nothing when absent.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub requires: Option<Value>,
}

/// One service may act at another on people's behalf.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delegation {
    /// The one that acts.
    pub front: String,
    /// The one that it acts at.
    pub back: String,
}

/// Whether one service may act at another from now on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegationRequest {
    /// The one that acts.
    pub front: String,
    /// The one that it acts at.
    pub back: String,
    /// It may.
    pub allowed: bool,
}

/// A signing key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SigningKey {
    /// Its id.
    pub kid: String,
    /// What it signs.
    #[schema(value_type = String)]
    pub purpose: KeyPurpose,
    /// Where in its life it is.
    #[schema(value_type = String)]
    pub state: KeyState,
    /// When it was made.
    #[schema(value_type = i64)]
    pub made_at: Moment,
    /// Since when it signs.
    #[schema(value_type = Option<i64>)]
    pub active_at: Option<Moment>,
    /// Until when it verifies, once it signs no more.
    #[schema(value_type = Option<i64>)]
    pub verifies_until: Option<Moment>,
    /// When it was retired or found compromised.
    #[schema(value_type = Option<i64>)]
    pub ended_at: Option<Moment>,
}

/// What is to be done to a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "snake_case")]
pub enum KeyRequest {
    /// Publish the next key of a purpose.
    Announce {
        /// What it signs.
        #[schema(value_type = String)]
        purpose: KeyPurpose,
    },
    /// Let the announced key of a purpose sign, and the one before verify only.
    Activate {
        /// What it signs.
        #[schema(value_type = String)]
        purpose: KeyPurpose,
    },
    /// Let a key verify no more that signs no more.
    Retire {
        /// Which key.
        kid: String,
    },
    /// Stop a key from verifying, at once and for ever.
    Compromise {
        /// Which key.
        kid: String,
    },
}

/// Ends every token of somebody or something.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EpochRequest {
    /// Whose: `user`, `organisation`, `client`, `service`, `device` or `global`.
    #[schema(value_type = String)]
    pub level: Level,
    /// Which; empty for `global` alone.
    #[serde(default)]
    pub id: String,
    /// Why, for the audit.
    pub reason: String,
}

/// The epoch from now on: tokens with an older one are refused.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct EpochMade {
    /// Its number.
    pub epoch: u32,
}
