//! The station's device key: X25519, to which records are sealed, and Ed25519, with which the
//! station signs its own tokens. The private part lies in a file in the data directory, or half
//! there and half in another file, on a stick that is carried separately.

use super::secret_file;
use crate::error::Trouble;
use crate::passport::keys::material::{Algorithm, Private};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use uuid::Uuid;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The private key's file in the data directory.
pub const DEVICE_FILE: &str = "device.key";
const SECRET_BYTES: usize = 64;

/// A device's private key in memory.
pub struct DeviceKey {
    /// Opens what is sealed to the device.
    pub seal: StaticSecret,
    sign: Private,
    sign_public: Vec<u8>,
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKey")
    }
}

/// Where the private key lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPlace {
    /// The file in the data directory: the key, or its first half.
    pub file: PathBuf,
    /// The other half's file, when the key is split.
    pub other_half: Option<PathBuf>,
}

impl KeyPlace {
    /// Of a data directory.
    pub fn of(data: &Path, other_half: Option<&Path>) -> KeyPlace {
        KeyPlace { file: data.join(DEVICE_FILE), other_half: other_half.map(Path::to_owned) }
    }
}

/// What a passport must know of a device: goes there as a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevicePublic {
    /// The device's id.
    pub device_id: Uuid,
    /// The station's name.
    pub spn: String,
    /// X25519, base64url.
    pub seal_key: String,
    /// Ed25519, base64url.
    pub sign_key: String,
    /// The thumbprint of both.
    pub dkt: String,
    /// Whether half of the private key lies outside the station's disk.
    pub key_protected: bool,
}

impl DevicePublic {
    /// Both keys, after their thumbprint was compared.
    ///
    /// # Errors
    /// When they are no keys, or the thumbprint is of others.
    pub fn keys(&self) -> Result<([u8; 32], [u8; 32]), Trouble> {
        let key = |text: &str| B64.decode(text).ok()?.try_into().ok();
        let both: Option<([u8; 32], [u8; 32])> = key(&self.seal_key).zip(key(&self.sign_key));
        both.filter(|(seal, sign)| thumbprint(seal, sign) == self.dkt).ok_or_else(|| {
            Trouble::new("the station's public keys do not fit their thumbprint")
                .remedy("bring the file anew: `nsk station show --json` writes it")
        })
    }
}

/// The thumbprint of a device's public keys, which its sealed tokens name.
pub fn thumbprint(seal_public: &[u8], sign_public: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"nsk-device-v1\0");
    hash.update(seal_public);
    hash.update(sign_public);
    B64.encode(hash.finalize())
}

impl DeviceKey {
    /// Makes a key of two seeds and writes it; `pad` splits it when there is a second place.
    ///
    /// # Errors
    /// When a file exists already or cannot be written.
    pub fn create(
        place: &KeyPlace,
        seeds: [[u8; 32]; 2],
        pad: [[u8; 32]; 2],
    ) -> Result<DeviceKey, Trouble> {
        let mut secret = Zeroizing::new(seeds.concat());
        let key = DeviceKey::from_secret(&secret)?;
        if let Some(other) = &place.other_half {
            let pad = Zeroizing::new(pad.concat());
            secret_file::create(other, &pad)?;
            secret.iter_mut().zip(pad.iter()).for_each(|(byte, pad)| *byte ^= pad);
        }
        secret_file::create(&place.file, &secret)?;
        Ok(key)
    }

    /// Reads the key.
    ///
    /// # Errors
    /// When a file cannot be read, or others may read it.
    pub fn open(place: &KeyPlace) -> Result<DeviceKey, Trouble> {
        let mut secret = secret_file::read::<SECRET_BYTES>(&place.file)?;
        if let Some(other) = &place.other_half {
            let pad = secret_file::read::<SECRET_BYTES>(other)?;
            secret.iter_mut().zip(pad.iter()).for_each(|(byte, pad)| *byte ^= pad);
        }
        DeviceKey::from_secret(secret.as_slice())
    }

    fn from_secret(secret: &[u8]) -> Result<DeviceKey, Trouble> {
        let unusable = || Trouble::new("the device key cannot be used");
        let (seal, sign) = secret.split_at_checked(32).ok_or_else(unusable)?;
        let seal: [u8; 32] = seal.try_into().map_err(|_| unusable())?;
        let sign = Private::read(Algorithm::Ed25519, sign).map_err(|_| unusable())?;
        let sign_public = sign.public();
        Ok(DeviceKey { seal: StaticSecret::from(seal), sign, sign_public })
    }

    /// The public key that records are sealed to.
    pub fn seal_public(&self) -> [u8; 32] {
        PublicKey::from(&self.seal).to_bytes()
    }

    /// The public key that the station's own tokens are verified with.
    pub fn sign_public(&self) -> &[u8] {
        &self.sign_public
    }

    /// Signs the station's own tokens.
    pub(in crate::passport) fn signer(&self) -> &Private {
        &self.sign
    }

    /// The thumbprint of both.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.seal_public(), &self.sign_public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_whole_in_one_file_or_in_two() {
        let dir = tempfile::tempdir().expect("a directory");
        for other in [None, Some(dir.path().join("stick"))] {
            let data = dir.path().join(if other.is_some() { "split" } else { "whole" });
            std::fs::create_dir(&data).expect("made");
            let place = KeyPlace::of(&data, other.as_deref());
            let made = DeviceKey::create(&place, [[3; 32], [4; 32]], [[5; 32], [6; 32]]);
            let made = made.expect("made");
            let mode = std::fs::metadata(&place.file).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let read = DeviceKey::open(&place).expect("read");
            assert_eq!(read.thumbprint(), made.thumbprint());
            assert!(DeviceKey::create(&place, [[7; 32]; 2], [[8; 32]; 2]).is_err(), "never twice");
            if other.is_some() {
                let half = DeviceKey::open(&KeyPlace::of(&data, None)).expect("some key");
                assert_ne!(half.thumbprint(), made.thumbprint(), "half a key is another key");
            }
            std::fs::set_permissions(&place.file, std::fs::Permissions::from_mode(0o640))
                .expect("set");
            assert!(DeviceKey::open(&place).is_err(), "others may read it");
            secret_file::destroy(&place.file).expect("gone");
            assert!(DeviceKey::open(&place).is_err());
        }
    }

    #[test]
    fn public_keys_must_fit_their_thumbprint() {
        let seal_key = B64.encode([1; 32]);
        let sign_key = B64.encode([2; 32]);
        let dkt = thumbprint(&[1; 32], &[2; 32]);
        let device_id = Uuid::from_u128(1);
        let spn = "mak/mak-07".to_owned();
        let mut public =
            DevicePublic { device_id, spn, seal_key, sign_key, dkt, key_protected: false };
        assert!(public.keys().is_ok());
        public.seal_key = B64.encode([9; 32]);
        assert!(public.keys().is_err());
    }
}
