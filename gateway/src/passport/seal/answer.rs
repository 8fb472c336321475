//! The station's answer to a nonce: proof that it holds the key that a tablet has pinned by its
//! thumbprint, so that nobody else on the network passes for it.

use super::device::{DeviceKey, DevicePublic};
use crate::passport::keys::KeyFault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Moment;
use serde::Serialize;
use std::ops::RangeInclusive;

/// What is signed begins with this: a signature for it is one for nothing else.
const LABEL: &[u8] = b"nsk-device-answer-v1\0";
/// Shortest and longest nonce, bytes.
pub const NONCE_BYTES: RangeInclusive<usize> = 16..=64;

/// Who the station is, and the proof. The signature (Ed25519, by `sign_key`) covers the label
/// `nsk-device-answer-v1` and a zero byte, the 32 bytes of `dkt`, the moment as eight bytes, highest
/// first, and the nonce.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Answer {
    /// The station's keys and their thumbprint: the tablet compares it with the one that it pinned.
    #[serde(flatten)]
    pub device: DevicePublic,
    /// When, ms since 1970, by the station's clock.
    pub at: Moment,
    /// The signature, base64url.
    pub signature: String,
}

/// Answers a nonce.
///
/// # Errors
/// When it cannot be signed.
pub fn answer(
    key: &DeviceKey,
    device: DevicePublic,
    nonce: &[u8],
    at: Moment,
) -> Result<Answer, KeyFault> {
    let dkt = B64.decode(&device.dkt).map_err(|_| KeyFault::Unwritable("the thumbprint"))?;
    let message = [LABEL, &dkt, &at.0.to_be_bytes(), nonce].concat();
    let signature = B64.encode(key.signer().sign(&message)?);
    Ok(Answer { device, at, signature })
}
