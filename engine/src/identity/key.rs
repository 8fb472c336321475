//! Purposes and states of signing keys.

use serde::{Deserialize, Serialize};

/// What a key signs. One key has one purpose and one algorithm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPurpose {
    /// Native tokens (Ed25519).
    Paseto,
    /// JWT (P-256).
    JwtEs256,
    /// JWT for clients that asked for it (Ed25519).
    JwtEddsa,
    /// JWT for clients that asked for it (RSA).
    JwtRs256,
    /// Records and QR codes.
    Qr,
    /// Manifests and key bundles of stations.
    Manifest,
    /// Checkpoints of the audit.
    Audit,
}

/// The life of a key, in order; `Compromised` may follow any of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// Published, not used yet.
    Announced,
    /// Signs and verifies.
    Active,
    /// Verifies what it has signed.
    VerifyOnly,
    /// Kept for the record.
    Retired,
    /// Verifies nothing, at once.
    Compromised,
}

impl KeyState {
    /// Whether a signature of such a key counts.
    pub fn verifies(self) -> bool {
        matches!(self, KeyState::Active | KeyState::VerifyOnly)
    }

    /// Whether it signs.
    pub fn signs(self) -> bool {
        self == KeyState::Active
    }
}
