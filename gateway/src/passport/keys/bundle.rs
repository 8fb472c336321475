//! The bundle of public keys that a station carries, signed with the manifest key. Its version only
//! grows, so that an old bundle cannot bring a compromised key back.
//!
//! A station pins the manifest key that it was set up with; each accepted bundle brings those that
//! may sign the next one.

use super::ring::Ring;
use super::{KeyFault, Keyring, word_of, word_to};
use crate::passport::format::TokenFault;
use crate::passport::format::{paseto, strict};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Moment;
use engine::identity::{KeyPurpose, KeyState};
use serde::{Deserialize, Serialize};

/// The version of the bundle's form.
const VERSION: u32 = 1;
/// Longest bundle that is looked at, bytes.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024;
/// Keys of a bundle.
const KEYS_MAX: usize = 200;

/// Public keys as a station gets them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The version of this form.
    pub ver: u32,
    /// Whose keys they are.
    pub iss: String,
    /// Grows with each change of a key.
    pub seq: u64,
    /// When it was made, ms since 1970.
    pub at: Moment,
    /// The keys: announced, active, verify-only, and the compromised by name.
    pub keys: Vec<BundleKey>,
}

/// A key of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleKey {
    /// What it signs.
    pub purpose: String,
    /// Where in its life it is.
    pub state: String,
    /// The raw key, base64url.
    pub key: String,
    /// Until when it verifies, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Moment>,
}

/// Why a bundle is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BundleFault {
    /// Its signature or form is wrong.
    #[error("the key bundle is refused: {0}")]
    Token(#[from] TokenFault),
    /// Not newer than the one before.
    #[error("the key bundle is older than the one that is known")]
    Old,
    /// Its contents are not sound.
    #[error("the key bundle is not sound")]
    Unsound,
}

fn assertion(issuer: &str) -> String {
    format!("nsk1|bundle|{issuer}")
}

impl Keyring {
    /// The bundle of this moment, signed.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn bundle(&self) -> Result<String, KeyFault> {
        let ring = self.ring();
        let keys = ring
            .iter()
            .filter(|(_, key)| key.state != KeyState::Retired)
            .map(|(_, key)| BundleKey {
                purpose: word_of(&key.purpose),
                state: word_of(&key.state),
                key: B64.encode(key.public.bytes()),
                until: key.verifies_until,
            })
            .collect();
        let at = self.0.clock.now();
        let bundle = Bundle { ver: VERSION, iss: ring.issuer.clone(), seq: ring.version, at, keys };
        let payload = serde_json::to_vec(&bundle)
            .map_err(|_| KeyFault::Unwritable("the keys are not JSON"))?;
        paseto::seal(self, KeyPurpose::Manifest, &payload, &assertion(&ring.issuer))
    }
}

impl Ring {
    /// Reads a signed bundle with the keys that are known already: the keys to go on with.
    ///
    /// # Errors
    /// As [`BundleFault`] says; the known keys then stay in use.
    pub fn accept_bundle(&self, token: &str, now: Moment) -> Result<Ring, BundleFault> {
        if token.len() > BUNDLE_BYTES_MAX {
            return Err(TokenFault::TooLong.into());
        }
        let purposes = &[KeyPurpose::Manifest];
        let payload = paseto::open(self, purposes, token, &assertion(&self.issuer), now)?;
        let limits = strict::Limits { depth: 3, keys: 8 + 4 * KEYS_MAX as u32 };
        let bundle: Bundle =
            strict::from_str_within(&payload, limits).map_err(|_| BundleFault::Unsound)?;
        if bundle.ver != VERSION || bundle.iss != self.issuer || bundle.keys.len() > KEYS_MAX {
            return Err(BundleFault::Unsound);
        }
        if bundle.seq <= self.version {
            return Err(BundleFault::Old);
        }
        let mut ring = Ring::new(&bundle.iss, bundle.seq);
        for key in &bundle.keys {
            let place = word_to(&key.purpose).zip(word_to(&key.state));
            let bytes = B64.decode(&key.key).ok();
            let (Some(place), Some(bytes)) = (place, bytes) else {
                return Err(BundleFault::Unsound);
            };
            ring.add(place, &bytes, key.until).map_err(|_| BundleFault::Unsound)?;
        }
        Ok(ring)
    }
}
