//! Opaque secrets: drawn with 256 bits, kept as hashes, compared in constant time.

use actors::ports::IdSource;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A fresh secret: 256 random bits, base64url.
pub fn draw(ids: &dyn IdSource) -> String {
    URL_SAFE_NO_PAD.encode(ids.seed())
}

/// A fresh id of a token: 128 random bits, base64url.
pub fn draw_id(ids: &dyn IdSource) -> String {
    URL_SAFE_NO_PAD.encode(ids.salt())
}

/// SHA-256, as stores keep secrets.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 in base64url. What is hashed has 256 bits of its own, so that nothing slower is needed.
pub fn sha256_b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

/// Whether both are the same; takes as long wherever they differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
