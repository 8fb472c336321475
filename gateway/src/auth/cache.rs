//! Tokens that were verified a moment ago, so that a busy client's signature is not computed for
//! each of its requests. Expiry is checked on every look; revocation is the caller's next question.

use super::principal::Principal;
use crate::passport::format::TOKEN_BYTES_MAX;
use engine::{Hash, Moment};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Tokens kept; more, and all are forgotten at once.
const KEPT_MAX: usize = 10_000;

/// Verified tokens by their SHA-256, each with the version of the keys that verified it: when a key
/// changes, nothing of before counts.
#[derive(Debug, Default)]
pub(super) struct Verified(RwLock<HashMap<Hash, (u64, Principal)>>);

fn key(token: &str) -> Hash {
    Hash::of(&[token.as_bytes()])
}

impl Verified {
    /// The principal of a token that was verified before and has not expired.
    pub fn get(&self, token: &str, keys: u64, now: Moment) -> Option<Principal> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (version, principal) = kept.get(&key(token))?;
        (*version == keys && now < principal.expires_at).then(|| principal.clone())
    }

    /// Keeps a token that was just verified.
    pub fn keep(&self, token: &str, keys: u64, principal: &Principal, now: Moment) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, (version, kept)| *version == keys && now < kept.expires_at);
        }
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key(token), (keys, principal.clone()));
    }
}
