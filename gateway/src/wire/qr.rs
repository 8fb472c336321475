//! A token as a picture, read.

use engine::PersonId;
use engine::exam::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// The body of `POST /api/nsk/v1/passport/qr`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scanned {
    /// What the scanner saw, byte for byte: JSON, or base64 of it.
    #[schema(max_length = 4096)]
    pub scanned: String,
}

/// What is said of a picture. It names somebody and entitles to nothing: compare face and name.
#[derive(Serialize, ToSchema, Debug)]
pub struct ReadQr {
    /// `valid`; `valid_unchecked_since` when what was revoked lately is not known here; `invalid`.
    pub verdict: &'static str,
    /// With `valid_unchecked_since`: when revocations were last heard of, ms since 1970; absent
    /// when never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// With `invalid`: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom it names, unless it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// Whom a picture names.
#[derive(Serialize, ToSchema, Debug)]
pub struct Shown {
    /// The person's identity.
    #[schema(value_type = String)]
    pub uid: Uuid,
    /// Their user name.
    pub upn: String,
    /// The name to compare with what they say and show.
    pub name: String,
    /// The number by which exams know them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub person: Option<PersonId>,
    /// As whom they work, if they chose it.
    #[schema(value_type = Vec<String>)]
    pub roles: BTreeSet<Role>,
    /// Those of their groups that this service asks for.
    pub groups: BTreeSet<String>,
    /// In whose name they work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub oid: Option<Uuid>,
    /// When it ends, ms since 1970.
    pub expires_at: i64,
    /// Its id, by which it can be revoked.
    pub jti: String,
}
