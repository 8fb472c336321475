//! Canonical JSON (RFC 8785) and SHA-256 over it: the one way in which this program hashes data.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A SHA-256 value, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hash(#[serde(with = "hex::serde")] pub [u8; 32]);

impl Hash {
    /// SHA-256 of the parts, one after another.
    pub fn of(parts: &[&[u8]]) -> Hash {
        let mut h = Sha256::new();
        for part in parts {
            h.update(part);
        }
        Hash(h.finalize().into())
    }

    /// SHA-256 of the RFC 8785 form of a value.
    pub fn of_json<T: Serialize + ?Sized>(value: &T) -> Hash {
        Hash::of(&[&canonical(value)])
    }

    /// The first 16 bytes in hexadecimal: the digest that a live client compares.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..16])
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Hash> {
        let mut out = [0; 32];
        hex::decode_to_slice(text, &mut out).ok()?;
        Some(Hash(out))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The RFC 8785 form of a value.
///
/// # Panics
/// Only for a value whose `Serialize` fails or that holds a map with keys that are not strings;
/// the engine's own types do neither.
pub fn canonical<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    #[allow(clippy::expect_used)]
    serde_json_canonicalizer::to_vec(&value).expect("engine types serialize to JSON")
}
