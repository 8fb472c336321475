//! What a service requires of a token, and whether a token has it.

use super::claims::{Claims, Class};
use crate::exam::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one list of a requirement at most.
pub const REQUIRED_MAX: usize = 64;

/// What a service requires. Every part that is not empty must be met; an empty requirement takes
/// every token that is for the service at all.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requirement {
    /// One of these roles.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<Role>,
    /// All of these groups.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// One of these groups.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub any_group: BTreeSet<String>,
    /// All of these scopes.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub scope: BTreeSet<String>,
    /// One of these ways of having proved who they are.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub acr: BTreeSet<String>,
    /// Claims with exactly this value; with an array here, one of its values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, Value>,
}

/// What a token lacks: the first thing that was found.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Lack {
    /// A picture of a token identifies somebody and entitles them to nothing.
    #[error("a token of class {0} entitles to nothing")]
    Class(Class),
    /// None of the roles.
    #[error("none of the required roles")]
    Role,
    /// A group, or any of several.
    #[error("the required group {0} is missing")]
    Group(String),
    /// A scope.
    #[error("the required scope {0} is missing")]
    Scope(String),
    /// The sign-in was not good enough.
    #[error("the sign-in is not of a required kind")]
    Acr,
    /// A claim is missing or has another value.
    #[error("the claim {0} is not as required")]
    Claim(String),
}

impl Requirement {
    /// Reads what a service states. Nothing in it is ignored: a misspelt part would let everybody
    /// in.
    ///
    /// # Errors
    /// What is wrong with it, for the one who states it.
    pub fn read(stated: &Value) -> Result<Requirement, String> {
        if !stated.is_object() {
            return Err(String::from("a requirement is an object"));
        }
        let read = Requirement::deserialize(stated).map_err(|e| e.to_string())?;
        let lists = [&read.groups, &read.any_group, &read.scope, &read.acr];
        let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
        if longest.max(read.claims.len()) > REQUIRED_MAX {
            return Err(format!("more than {REQUIRED_MAX} entries in one list"));
        }
        Ok(read)
    }

    /// Whether verified claims meet it. Signature, audience, times and revocation are somebody
    /// else's.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn check(&self, claims: &Claims) -> Result<(), Lack> {
        if claims.cls == Class::Qr {
            return Err(Lack::Class(claims.cls));
        }
        if !self.roles.is_empty() && self.roles.is_disjoint(&claims.roles) {
            return Err(Lack::Role);
        }
        if let Some(group) = self.groups.difference(&claims.groups).next() {
            return Err(Lack::Group(group.clone()));
        }
        if !self.any_group.is_empty() && self.any_group.is_disjoint(&claims.groups) {
            let all: Vec<&str> = self.any_group.iter().map(String::as_str).collect();
            return Err(Lack::Group(all.join(" or ")));
        }
        if let Some(scope) = self.scope.difference(&claims.scope).next() {
            return Err(Lack::Scope(scope.clone()));
        }
        if !self.acr.is_empty() && !self.acr.contains(&claims.acr) {
            return Err(Lack::Acr);
        }
        for (name, wanted) in &self.claims {
            let met = claims.claims.get(name).is_some_and(|found| match wanted {
                Value::Array(several) => several.contains(found),
                one => one == found,
            });
            if !met {
                return Err(Lack::Claim(name.clone()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
