//! Proofs of possession that were used: each counts once.

use crate::passport::format::SKEW;
use crate::passport::format::dpop::Proof;
use engine::{Hash, Moment};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Proofs remembered at most. A proof counts for two minutes; beyond that many in such a time new
/// ones are refused.
const PROOFS_MAX: usize = 50_000;

/// Used proofs and when each may be forgotten.
#[derive(Debug, Default)]
pub(super) struct Proofs(Mutex<HashMap<Hash, Moment>>);

impl Proofs {
    /// Whether the proof is used for the first time.
    pub fn first_use(&self, proof: &Proof, now: Moment) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= PROOFS_MAX {
            used.retain(|_, until| now <= *until);
        }
        let key = Hash::of(&[proof.jkt.as_bytes(), b"|", proof.jti.as_bytes()]);
        used.len() < PROOFS_MAX && used.insert(key, proof.iat + SKEW).is_none()
    }
}
