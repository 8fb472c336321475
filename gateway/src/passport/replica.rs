//! Security groups as a signed document: a service that works without a network keeps a copy, and
//! knows from it who is in which group until it gets a newer one.
//!
//! A `v4.public` token of the manifest key, of its own assertion: no other token of the passport
//! can pass for one. A copy ends by itself after a week, and an older one never replaces a newer.

use super::format::{TokenFault, paseto, strict};
use super::keys::{KeyFault, Keyring, Ring};
use engine::identity::KeyPurpose;
use engine::{Moment, Span};
use entities::GroupReplica;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the form.
const VERSION: u32 = 1;
/// How long a copy may be used.
pub const REPLICA_LASTS: Span = Span::secs(7 * 86_400);
/// Longest document that is looked at, bytes: as many members as the store lists at most.
pub const REPLICA_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Groups with their members.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// The version of this form.
    pub ver: u32,
    /// Whose groups they are.
    pub iss: String,
    /// When it was made, ms since 1970.
    pub at: Moment,
    /// From when on it is good for nothing, ms since 1970.
    pub not_after: Moment,
    /// Members by group, as UPNs; a group without members is there too.
    pub groups: BTreeMap<String, Vec<String>>,
}

/// Why a copy is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReplicaFault {
    /// Its signature or form is wrong.
    #[error("the groups are refused: {0}")]
    Token(#[from] TokenFault),
    /// Its contents are not sound.
    #[error("the groups are not sound")]
    Unsound,
    /// Not newer than the copy before.
    #[error("the groups are not newer than those that are known")]
    Old,
}

fn assertion(issuer: &str) -> String {
    format!("nsk1|groups|{issuer}")
}

impl Keyring {
    /// The groups of this moment, signed.
    ///
    /// # Errors
    /// When they cannot be signed.
    pub fn replica(&self, groups: GroupReplica, now: Moment) -> Result<String, KeyFault> {
        let iss = self.issuer().to_owned();
        let assertion = assertion(&iss);
        let (ver, not_after, groups) = (VERSION, now + REPLICA_LASTS, groups.groups);
        let replica = Replica { ver, iss, at: now, not_after, groups };
        let payload = serde_json::to_vec(&replica)
            .map_err(|_| KeyFault::Unwritable("the groups are not JSON"))?;
        paseto::seal(self, KeyPurpose::Manifest, &payload, &assertion)
    }
}

impl Ring {
    /// Reads a copy that is newer than the one before, made at `known`.
    ///
    /// # Errors
    /// As [`ReplicaFault`] says; the copy before then stays.
    pub fn accept_replica(
        &self,
        token: &str,
        known: Option<Moment>,
        now: Moment,
    ) -> Result<Replica, ReplicaFault> {
        if token.len() > REPLICA_BYTES_MAX {
            return Err(TokenFault::TooLong.into());
        }
        let purposes = &[KeyPurpose::Manifest];
        let payload = paseto::open(self, purposes, token, &assertion(&self.issuer), now)?;
        let limits = strict::Limits { depth: 3, keys: 8 + entities::GROUPS_MAX };
        let replica: Replica =
            strict::from_str_within(&payload, limits).map_err(|_| ReplicaFault::Unsound)?;
        if replica.ver != VERSION || replica.iss != self.issuer {
            return Err(ReplicaFault::Unsound);
        }
        if now >= replica.not_after {
            return Err(TokenFault::Expired.into());
        }
        if known.is_some_and(|known| replica.at <= known) {
            return Err(ReplicaFault::Old);
        }
        Ok(replica)
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::tests::{NOW, desk};
    use super::*;

    fn groups() -> GroupReplica {
        let members = vec!["ivanova@nark.example".to_owned(), "petrov@nark.example".to_owned()];
        GroupReplica {
            groups: [("coc-12/expert".to_owned(), members), ("empty".to_owned(), Vec::new())]
                .into(),
        }
    }

    #[tokio::test]
    async fn a_copy_is_taken_once_while_it_is_fresh_and_whole() {
        let (ours, theirs) = (desk().await, desk().await);
        let now = NOW;
        let token = ours.keyring.replica(groups(), now).expect("signed");
        let ring = ours.keyring.ring();
        let read = ring.accept_replica(&token, None, now).expect("taken");
        assert_eq!((read.groups, read.at), (groups().groups, now));

        let refused = |ring: &Ring, token: &str, known, at| ring.accept_replica(token, known, at);
        let other = theirs.keyring.ring();
        let changed = token.replacen(&token[40..44], "AAAA", 1);
        for (what, given, expected) in [
            ("again", refused(&ring, &token, Some(now), now), ReplicaFault::Old),
            (
                "old",
                refused(&ring, &token, None, now + REPLICA_LASTS),
                ReplicaFault::Token(TokenFault::Expired),
            ),
            (
                "of another passport",
                refused(&other, &token, None, now),
                ReplicaFault::Token(TokenFault::Key),
            ),
            (
                "changed",
                refused(&ring, &changed, None, now),
                ReplicaFault::Token(TokenFault::Forged),
            ),
            (
                "a bundle of keys",
                refused(&ring, &ours.keyring.bundle().expect("a bundle"), None, now),
                ReplicaFault::Token(TokenFault::Forged),
            ),
        ] {
            assert_eq!(given, Err(expected), "{what}");
        }
        let last = now + REPLICA_LASTS + Span(-1);
        assert!(ring.accept_replica(&token, Some(now + Span(-1)), last).is_ok());
    }
}
