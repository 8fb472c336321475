//! Public keys by their ids: what a verifier needs, at the passport and at a station.

use super::KeyFault;
use super::material::{Algorithm, Public};
use engine::Moment;
use engine::identity::{KeyPurpose, KeyState};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A public key with its place in life.
pub struct Held {
    /// What it signs.
    pub purpose: KeyPurpose,
    /// Where in its life it is.
    pub state: KeyState,
    /// Until when it verifies, once it signs no more.
    pub verifies_until: Option<Moment>,
    /// The key.
    pub public: Public,
}

impl Held {
    /// Whether its signatures count at this moment.
    pub fn verifies(&self, now: Moment) -> bool {
        self.state.verifies() && self.verifies_until.is_none_or(|until| now < until)
    }
}

/// Public keys by kid.
#[derive(Default)]
pub struct Ring {
    /// The issuer whose keys they are.
    pub issuer: String,
    /// Grows with each change.
    pub version: u64,
    keys: BTreeMap<String, Held>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Ring {
    /// No keys yet.
    pub fn new(issuer: &str, version: u64) -> Ring {
        Ring { issuer: issuer.to_owned(), version, keys: BTreeMap::new() }
    }

    /// Takes a key; its kid is computed, never believed.
    ///
    /// # Errors
    /// When the bytes are no key of the purpose's algorithm.
    pub fn add(
        &mut self,
        (purpose, state): (KeyPurpose, KeyState),
        bytes: &[u8],
        verifies_until: Option<Moment>,
    ) -> Result<String, KeyFault> {
        let public = Public::read(Algorithm::of(purpose), bytes)?;
        let kid = public.kid(purpose)?;
        self.keys.insert(kid.clone(), Held { purpose, state, verifies_until, public });
        Ok(kid)
    }

    /// A key whatever its state.
    pub fn get(&self, kid: &str) -> Option<&Held> {
        self.keys.get(kid)
    }

    /// A key of one of the purposes whose signatures count now.
    pub fn verifying(&self, kid: &str, purposes: &[KeyPurpose], now: Moment) -> Option<&Held> {
        let key = self.keys.get(kid).filter(|key| purposes.contains(&key.purpose))?;
        key.verifies(now).then_some(key)
    }

    /// Every key by kid.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Held)> {
        self.keys.iter()
    }

    /// The JWK set of the keys that sign JWT, and of those that soon will or did not long ago.
    pub fn jwks(&self, now: Moment) -> Value {
        let published = |key: &Held| key.state == KeyState::Announced || key.verifies(now);
        let keys: Vec<Value> = self
            .keys
            .iter()
            .filter(|(_, key)| published(key))
            .filter_map(|(kid, key)| {
                let alg = match key.purpose {
                    KeyPurpose::JwtEs256 => "ES256",
                    KeyPurpose::JwtEddsa => "EdDSA",
                    KeyPurpose::JwtRs256 => "RS256",
                    _ => return None,
                };
                let mut jwk = key.public.jwk().ok()?;
                let members = json!({"kid": kid, "use": "sig", "alg": alg});
                jwk.as_object_mut()?.extend(members.as_object()?.clone());
                Some(jwk)
            })
            .collect();
        json!({ "keys": keys })
    }
}
