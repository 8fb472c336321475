//! Signing keys: separate ones for each purpose, their states, their encryption at rest, the bundle
//! for stations.
//!
//! announced → active → verify-only → retired, and from anywhere → compromised. A key's id is made
//! from the key itself; what a token names is looked up among these and nowhere else. Several
//! processes may share a database: each reads the keys again when their version has grown.

mod bundle;
mod kek;
mod life;
pub mod material;
mod ring;

pub use bundle::{Bundle, BundleFault};
pub use kek::{KEK_FILE, Kek};
pub use life::{ANNOUNCED_ONLINE, KeyInfo};
pub use material::{Algorithm, Public, thumbprint};
pub use ring::{Held, Ring};

use crate::error::Trouble;
use actors::ports::{Clock, IdSource};
use engine::identity::{KeyPurpose, KeyState};
use entities::{KeyRow, Store, StoreError};
use material::Private;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Purposes whose keys are made at the first start. RSA takes its time and few want it: its key is
/// made when a client first does.
const AT_START: [KeyPurpose; 6] = [
    KeyPurpose::Paseto,
    KeyPurpose::JwtEs256,
    KeyPurpose::JwtEddsa,
    KeyPurpose::Qr,
    KeyPurpose::Manifest,
    KeyPurpose::Audit,
];

/// How often a change is tried again when another process changed a key in between.
const TRIES_MAX: u32 = 5;

/// The keys of this installation. Cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    issuer: String,
    store: Store,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
    kek: Kek,
    now: RwLock<Arc<Loaded>>,
}

/// The keys as they were read last.
struct Loaded {
    ring: Arc<Ring>,
    rows: Vec<KeyRow>,
    signing: BTreeMap<KeyPurpose, Signing>,
}

struct Signing {
    kid: String,
    private: Private,
}

/// A key that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyFault {
    /// Not a key, or its library failed.
    #[error("the signing key cannot be used")]
    Unusable,
    /// The key-encryption key does not open it.
    #[error("the key file does not fit the keys in the database")]
    Sealed,
    /// There is no active key of this purpose.
    #[error("there is no active key for {0:?}")]
    None(KeyPurpose),
    /// What is to be signed cannot be written in that format, or is over its size.
    #[error("this cannot be written as such a token: {0}")]
    Unwritable(&'static str),
    /// There is no such key.
    #[error("there is no key {0}")]
    Unknown(String),
    /// The key is not where in its life that this could be done.
    #[error("this cannot be done to a key in its state: {0}")]
    State(&'static str),
    /// The store does not answer.
    #[error("the keys cannot be read or kept: {0}")]
    Store(String),
}

impl From<aws_lc_rs::error::Unspecified> for KeyFault {
    fn from(_: aws_lc_rs::error::Unspecified) -> KeyFault {
        KeyFault::Unusable
    }
}

impl From<StoreError> for KeyFault {
    fn from(error: StoreError) -> KeyFault {
        KeyFault::Store(error.to_string())
    }
}

impl Keyring {
    /// Reads the keys, and makes those that are missing.
    ///
    /// # Errors
    /// When the store does not answer, or the keys cannot be opened with this `kek`.
    pub async fn start(
        store: &Store,
        ids: Arc<dyn IdSource>,
        clock: Arc<dyn Clock>,
        kek: Kek,
        issuer: &str,
    ) -> Result<Keyring, Trouble> {
        let empty = Loaded { ring: Arc::default(), rows: Vec::new(), signing: BTreeMap::new() };
        let keyring = Keyring(Arc::new(Inner {
            issuer: issuer.to_owned(),
            store: store.clone(),
            ids,
            clock,
            kek,
            now: RwLock::new(Arc::new(empty)),
        }));
        let trouble = |fault: KeyFault| {
            let remedy = match fault {
                KeyFault::Sealed => "restore the file passport.kek_file from its copy",
                _ => "check the data directory with `nsk doctor`",
            };
            Trouble::new(format!("the signing keys cannot be used: {fault}")).remedy(remedy)
        };
        keyring.reload().await.map_err(trouble)?;
        for purpose in AT_START {
            keyring.want(purpose).await.map_err(trouble)?;
        }
        Ok(keyring)
    }

    /// The issuer that its tokens name.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The public keys at this moment.
    pub fn ring(&self) -> Arc<Ring> {
        self.loaded().ring.clone()
    }

    /// The public keys of JWT.
    pub fn jwks(&self) -> Value {
        self.loaded().ring.jwks(self.0.clock.now())
    }

    /// Signs a message with the active key of a purpose; answers its kid and the signature.
    ///
    /// # Errors
    /// When there is no such key, or it fails.
    pub fn sign(&self, purpose: KeyPurpose, message: &[u8]) -> Result<(String, Vec<u8>), KeyFault> {
        self.signing(purpose, |kid, private| Ok((kid.to_owned(), private.sign(message)?)))
    }

    /// Uses the active key of a purpose.
    pub(in crate::passport) fn signing<T>(
        &self,
        purpose: KeyPurpose,
        job: impl FnOnce(&str, &Private) -> Result<T, KeyFault>,
    ) -> Result<T, KeyFault> {
        let loaded = self.loaded();
        let key = loaded.signing.get(&purpose).ok_or(KeyFault::None(purpose))?;
        job(&key.kid, &key.private)
    }

    fn loaded(&self) -> Arc<Loaded> {
        self.0.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again if another process has changed them.
    ///
    /// # Errors
    /// When the store does not answer or a key cannot be opened; the keys stay as they were.
    pub async fn refresh(&self) -> Result<(), KeyFault> {
        if self.0.store.keyring_version().await? == self.loaded().ring.version {
            return Ok(());
        }
        self.reload().await
    }

    async fn reload(&self) -> Result<(), KeyFault> {
        let (version, rows) = self.0.store.keys().await?;
        let mut ring = Ring::new(&self.0.issuer, version);
        let mut signing = BTreeMap::new();
        for row in &rows {
            let (purpose, state) = placed(row)?;
            let kid = ring.add((purpose, state), &row.public, row.verifies_until)?;
            if kid != row.kid {
                return Err(KeyFault::Unusable);
            }
            if state.signs() {
                let opened = self.0.kek.open_sealed(&row.sealed, &context(row));
                let opened = opened.ok_or(KeyFault::Sealed)?;
                let private = Private::read(Algorithm::of(purpose), &opened)?;
                if private.public() != row.public {
                    return Err(KeyFault::Unusable);
                }
                signing.insert(purpose, Signing { kid, private });
            }
        }
        let loaded = Arc::new(Loaded { ring: Arc::new(ring), rows, signing });
        let mut now = self.0.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.ring.version <= version {
            *now = loaded;
        }
        Ok(())
    }
}

/// The context to which a private key is sealed.
fn context(row: &KeyRow) -> String {
    format!("nsk-key-v1|{}|{}", row.kid, row.purpose)
}

fn placed(row: &KeyRow) -> Result<(KeyPurpose, KeyState), KeyFault> {
    let purpose = word_to(&row.purpose).ok_or(KeyFault::Unusable)?;
    Ok((purpose, word_to(&row.state).ok_or(KeyFault::Unusable)?))
}

/// The word of a purpose or state.
pub(crate) fn word_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Reads the word of a purpose or state.
pub(crate) fn word_to<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::String(word.to_owned())).ok()
}

#[cfg(test)]
mod tests;
