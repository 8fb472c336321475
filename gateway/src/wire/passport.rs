//! Bodies of the administrator's API of the passport. Moments are ms UTC.

mod programs;

pub use programs::{
    ClientInfo, ClientRequest, ClientSecret, ClientState, Delegation, DelegationRequest, EpochMade,
    EpochRequest, KeyRequest, ServiceInfo, ServiceRequest, SigningKey, TermsRequest,
};

use engine::{Moment, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody who may sign in at the passport.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PassportPerson {
    /// The identity.
    #[schema(value_type = String, format = "uuid")]
    pub uid: Uuid,
    /// The name to sign in with.
    pub upn: String,
    /// Full name.
    pub name: String,
    /// The number by which exams know them.
    #[schema(value_type = Option<u64>)]
    pub person: Option<PersonId>,
    /// Whether they may sign in.
    pub active: bool,
}

/// A page of people by UPN.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeoplePage {
    /// They.
    pub people: Vec<PassportPerson>,
    /// Give this as `after` to go on; absent on the last page.
    pub next: Option<String>,
}

/// Somebody to enter.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonRequest {
    /// The name to sign in with, in any case.
    pub upn: String,
    /// Full name.
    pub name: String,
    /// Without one they sign in by other means.
    pub password: Option<String>,
    /// Personnel number.
    pub personnel_no: Option<String>,
}

/// Whether somebody or something may be used.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateRequest {
    /// It may.
    pub active: bool,
}

/// What became of a person's state.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PersonState {
    /// Whose.
    #[schema(value_type = String, format = "uuid")]
    pub uid: Uuid,
    /// Whether they may sign in.
    pub active: bool,
}

/// A password for one sign-in, shown this once: at that sign-in they choose their own.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct OneTimePassword {
    /// Whose.
    #[schema(value_type = String, format = "uuid")]
    pub uid: Uuid,
    /// The password: a secret.
    pub password: String,
}

/// A role that somebody holds or held.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoleGrant {
    /// The grant.
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// The role's word.
    pub role: String,
    /// In which organisation's name.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub oid: Option<Uuid>,
    /// Counts from this moment on.
    #[schema(value_type = i64)]
    pub from: Moment,
    /// Does not count from this moment on.
    #[schema(value_type = Option<i64>)]
    pub until: Option<Moment>,
    /// Who granted it.
    pub granted_by: String,
    /// When.
    #[schema(value_type = i64)]
    pub granted_at: Moment,
    /// When it was taken back.
    #[schema(value_type = Option<i64>)]
    pub withdrawn_at: Option<Moment>,
}

/// A role to grant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRequest {
    /// The role's word.
    pub role: String,
    /// In which organisation's name: its OPN.
    #[serde(default)]
    pub organisation: Option<String>,
    /// Until when; for good when absent.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    pub until: Option<Moment>,
}

/// A sign-in that goes on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignInInfo {
    /// Its id, which stands in tokens.
    pub sid: String,
    /// When it began.
    #[schema(value_type = i64)]
    pub made_at: Moment,
    /// When it was last used.
    #[schema(value_type = i64)]
    pub seen_at: Moment,
    /// When it ends by itself.
    #[schema(value_type = i64)]
    pub expires_at: Moment,
    /// What the browser calls itself.
    pub user_agent: String,
    /// How well they proved who they are.
    pub acr: String,
}

/// How many sign-ins were ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignInsEnded {
    /// So many.
    pub ended: usize,
}

/// An organisation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OrganisationInfo {
    /// The identity.
    #[schema(value_type = String, format = "uuid")]
    pub oid: Uuid,
    /// Its name on the wire.
    pub opn: String,
    /// The name to show.
    pub name: String,
    /// The state's number of it.
    pub ogrn: Option<String>,
    /// Whether roles in its name count.
    pub active: bool,
}

/// An organisation to enter.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganisationRequest {
    /// Its name on the wire, `org/<slug>@realm`.
    pub opn: String,
    /// The name to show.
    pub name: String,
    /// The state's number of it.
    pub ogrn: Option<String>,
}

/// Groups with their members, as a service without a network keeps them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct GroupMembers {
    /// UPNs by group.
    #[schema(value_type = Object)]
    pub groups: std::collections::BTreeMap<String, Vec<String>>,
}

/// A group to make.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRequest {
    /// Its name, which stands in tokens.
    pub name: String,
    /// What to call it.
    pub title: String,
}

/// The group that was made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct GroupMade {
    /// Its name.
    pub name: String,
}

/// Who is to be in a group or not, and who is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// Who.
    #[schema(value_type = String, format = "uuid")]
    pub uid: Uuid,
    /// They are in it.
    pub member: bool,
}
