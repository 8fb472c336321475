//! Proof of possession (RFC 9449): the server's nonces, which need no memory, and the one memory of
//! proofs that were seen, at the passport's endpoints and everywhere else.

use super::fault::Fault;
use super::secret::same;
use crate::passport::format::dpop::Proof;
use actors::ports::IdSource;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::Moment;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// A nonce is the same for so long, ms; it is good until the end of the next such time.
const BUCKET_MS: i64 = 10_000;
/// Proofs that are remembered of one generation; more are refused until the next begins.
const SEEN_MAX: usize = 200_000;
/// How long a generation lasts, ms: longer than any proof is good.
const GENERATION_MS: i64 = 180_000;

/// Nonces and the proofs that were seen.
pub struct Proofs {
    key: hmac::Key,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    began: i64,
    now: BTreeSet<[u8; 16]>,
    before: BTreeSet<[u8; 16]>,
}

impl Proofs {
    /// With a key of its own: nonces end with the program, which costs clients one more request.
    pub fn new(ids: &dyn IdSource) -> Proofs {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &ids.seed());
        Proofs { key, seen: Mutex::default() }
    }

    /// The nonce of this moment.
    pub fn nonce(&self, now: Moment) -> String {
        self.of_bucket(now.0.div_euclid(BUCKET_MS))
    }

    /// Whether a nonce is one of this server's, and fresh.
    pub fn knows(&self, nonce: &str, now: Moment) -> bool {
        let bucket = now.0.div_euclid(BUCKET_MS);
        let fits = |bucket| same(self.of_bucket(bucket).as_bytes(), nonce.as_bytes());
        fits(bucket) || fits(bucket - 1)
    }

    fn of_bucket(&self, bucket: i64) -> String {
        let tag = hmac::sign(&self.key, &bucket.to_be_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }

    /// Takes a proof that was checked: it must carry a nonce of this server, and be new.
    ///
    /// # Errors
    /// `use_dpop_nonce` with a nonce, and then the proof is not used up; as [`Proofs::first_use`].
    pub fn admit(&self, proof: &Proof, now: Moment) -> Result<(), Fault> {
        if !proof.nonce.as_deref().is_some_and(|nonce| self.knows(nonce, now)) {
            return Err(Fault::use_nonce(self.nonce(now)));
        }
        self.first_use(&proof.jkt, &proof.jti, now)
    }

    /// Remembers a proof.
    ///
    /// # Errors
    /// `invalid_dpop_proof` when it was seen before; `temporarily_unavailable` when no more can be
    /// remembered.
    pub fn first_use(&self, jkt: &str, jti: &str, now: Moment) -> Result<(), Fault> {
        let tag = hmac::sign(&self.key, format!("{jkt}\n{jti}").as_bytes());
        let mut mark = [0; 16];
        mark.copy_from_slice(tag.as_ref().get(..16).unwrap_or(&[0; 16]));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.0 - seen.began >= GENERATION_MS {
            let old = now.0 - seen.began >= 2 * GENERATION_MS;
            seen.before = if old { BTreeSet::new() } else { std::mem::take(&mut seen.now) };
            seen.now.clear();
            seen.began = now.0;
        }
        if seen.before.contains(&mark) || seen.now.contains(&mark) {
            return Err(Fault::invalid_dpop());
        }
        if seen.now.len() >= SEEN_MAX {
            return Err(Fault::unavailable());
        }
        seen.now.insert(mark);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actors::clock::SystemIds;

    #[test]
    fn a_nonce_lives_for_two_buckets() {
        let proofs = Proofs::new(&SystemIds);
        let now = Moment(1_800_000_000_000);
        let nonce = proofs.nonce(now);
        for (later, good) in [(0, true), (9_999, true), (19_999, true), (20_000, false)] {
            assert_eq!(proofs.knows(&nonce, Moment(now.0 + later)), good, "{later}");
        }
        assert!(!proofs.knows(&Proofs::new(&SystemIds).nonce(now), now), "another server's");
        assert!(!proofs.knows("", now));
    }

    #[test]
    fn a_proof_is_good_once() {
        let proofs = Proofs::new(&SystemIds);
        let now = Moment(1_800_000_000_000);
        assert_eq!(proofs.first_use("k", "a", now), Ok(()));
        for later in [0, GENERATION_MS - 1, GENERATION_MS] {
            let again = proofs.first_use("k", "a", Moment(now.0 + later));
            assert_eq!(again, Err(Fault::invalid_dpop()), "{later}");
        }
        assert_eq!(proofs.first_use("other", "a", now), Ok(()));
    }
}
