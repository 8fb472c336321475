//! The state of the protocol, and everything that is said beside the marks.

use super::{Category, Outcome, Severity};
use crate::canon::Hash;
use crate::ids::PersonId;
use crate::time::Moment;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The protocol and its signatures.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Protocol {
    /// The outcome it states.
    pub outcome: Outcome,
    /// Hash of its content.
    pub hash: Hash,
    /// When it was drafted.
    pub drafted_at: Moment,
    /// Who must sign.
    pub signers: BTreeSet<PersonId>,
    /// Who has signed, when, with which dissent.
    pub signatures: BTreeMap<PersonId, (Moment, Option<String>)>,
}

/// An incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Incident {
    /// About what.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// What happened.
    pub text: String,
    /// When.
    pub at: Moment,
    /// Who reported it.
    pub by: Option<PersonId>,
    /// How it ended.
    pub resolved: Option<String>,
}

/// A comment for the protocol.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Comment {
    /// About what.
    pub category: Category,
    /// The text.
    pub text: String,
    /// When.
    pub at: Moment,
    /// Who made it.
    pub by: Option<PersonId>,
}

/// A legacy client's free-form action.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Action {
    /// Its type.
    pub a_type: String,
    /// Its data.
    pub data: Value,
    /// When.
    pub at: Moment,
    /// The expert.
    pub by: Option<PersonId>,
}
