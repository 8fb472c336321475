//! The sealed token as pure functions: salt, key of a PIN, seal, open.
//!
//! The device's key carries the secrecy and the PIN only chooses and activates, but both go into
//! one key: neither gives an oracle without the other. A PIN is stretched once per sign-in; each
//! record then costs one HKDF. The key is committed to, because ChaCha20-Poly1305 does not do so
//! by itself: without it one crafted ciphertext could open under many PINs.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use blake2::{Blake2b256, Digest};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const SALT_LABEL: &[u8] = b"nsk-mak-pin-v1\0";
const SEAL_LABEL: &[u8] = b"nsk-mak-seal-v1\0";
const OWNER_LABEL: &[u8] = b"nsk-mak-owner-v1\0";
const AAD_LABEL: &[u8] = b"NSKS\x01";
/// Least memory of the key derivation that any build accepts, KiB.
pub const KDF_KIB_MIN: u32 = 64 * 1024;
/// Most memory that a station spends on one sign-in, KiB: a manifest must not fill it.
pub const KDF_KIB_MAX: u32 = 1024 * 1024;
/// Fewest passes of the key derivation that any build accepts.
pub const KDF_PASSES_MIN: u32 = 3;
/// Most passes: a manifest must not stop a station.
pub const KDF_PASSES_MAX: u32 = 16;
/// Token and padding together are a multiple of this, bytes.
pub const PADDING: usize = 2_048;
/// Longest PIN that is looked at, bytes.
pub const PIN_BYTES_MAX: usize = 64;
/// Longest name that is looked at, bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Why nothing was sealed or opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealFault {
    /// The parameters are below what this build accepts, or above what it can afford.
    #[error("the parameters of the key derivation are out of bounds")]
    Params,
    /// A public key of small order: everybody would know the shared secret.
    #[error("the public key cannot be used")]
    WeakKey,
    /// A cipher or derivation failed: lengths out of range.
    #[error("the record cannot be made")]
    Broken,
}

/// How a PIN is stretched: Argon2id, version 1.3, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KdfParams {
    /// Memory, KiB.
    pub m: u32,
    /// Passes.
    pub t: u32,
    /// Lanes.
    pub p: u32,
}

impl KdfParams {
    /// What this build seals with.
    pub const STANDARD: KdfParams = KdfParams { m: 256 * 1024, t: 3, p: 1 };

    /// Checks them against the compiled bounds: whoever feeds records must not weaken them.
    ///
    /// # Errors
    /// [`SealFault::Params`].
    pub fn check(self) -> Result<KdfParams, SealFault> {
        let sound = (KDF_KIB_MIN..=KDF_KIB_MAX).contains(&self.m)
            && (KDF_PASSES_MIN..=KDF_PASSES_MAX).contains(&self.t)
            && self.p == 1;
        if sound { Ok(self) } else { Err(SealFault::Params) }
    }
}

/// The key of a PIN: as secret as the PIN.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PinKey([u8; 32]);

impl PinKey {
    /// A key that was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> PinKey {
        PinKey(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for PinKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinKey")
    }
}

/// For which device and manifest a record is sealed; everything in it is authenticated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The device.
    pub device_id: [u8; 16],
    /// The manifest that the record belongs to.
    pub manifest_id: [u8; 16],
    /// The scope's epoch.
    pub epoch: u32,
    /// When the record loses its use, seconds since 1970.
    pub not_after: u64,
}

/// What sealing needs fresh for each record.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Fresh {
    /// The ephemeral X25519 key.
    pub esk: [u8; 32],
    /// The nonce of XChaCha20.
    pub nonce: [u8; 24],
    /// The record's id.
    #[zeroize(skip)]
    pub tid: [u8; 16],
}

/// A sealed token. No name, uid or UPN is in it in clear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The record's id.
    pub tid: [u8; 16],
    /// The ephemeral public key.
    pub epk: [u8; 32],
    /// The nonce.
    pub nonce: [u8; 24],
    /// Commitment to the key.
    pub com: [u8; 32],
    /// Whose it is: only the device can tell, and only of a name that it is given.
    pub owner: [u8; 32],
    /// The ciphertext.
    pub ct: Vec<u8>,
}

/// The salt of a scope: one for all its records, so that a sign-in stretches a PIN once.
pub fn salt(scope_id: &[u8; 16], epoch: u32, seed: &[u8; 32]) -> [u8; 32] {
    let mut hash = Blake2b256::new();
    hash.update(SALT_LABEL);
    hash.update(scope_id);
    hash.update(epoch.to_be_bytes());
    hash.update(seed);
    hash.finalize().into()
}

/// A name (UPN) as it is counted and compared.
pub fn named(name: &str) -> String {
    let name = name.trim().to_lowercase();
    name[..name.floor_char_boundary(NAME_BYTES_MAX)].to_owned()
}

/// Stretches a PIN. `memory` is kept by the caller for the next one.
///
/// # Errors
/// When the parameters are out of bounds.
pub fn pin_key(
    pin: &str,
    salt: &[u8; 32],
    params: KdfParams,
    memory: &mut Vec<Block>,
) -> Result<PinKey, SealFault> {
    let KdfParams { m, t, p } = params.check()?;
    let params = Params::new(m, t, p, Some(32)).map_err(|_| SealFault::Params)?;
    memory.resize(params.block_count(), Block::new());
    let pin = pin.as_bytes().get(..PIN_BYTES_MAX).unwrap_or(pin.as_bytes());
    let mut key = PinKey([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(pin, salt, &mut key.0, memory)
        .map_err(|_| SealFault::Params)?;
    Ok(key)
}

/// Seals a token to a device, for the owner of a name.
///
/// # Errors
/// When the device's public key is weak or the token too long to pad.
pub fn seal(
    (token, name): (&str, &str),
    padding: usize,
    (key, device): (&PinKey, &[u8; 32]),
    binding: &Binding,
    fresh: &Fresh,
) -> Result<Record, SealFault> {
    let esk = StaticSecret::from(fresh.esk);
    let epk = PublicKey::from(&esk).to_bytes();
    let shared = esk.diffie_hellman(&PublicKey::from(*device));
    if !shared.was_contributory() {
        return Err(SealFault::WeakKey);
    }
    let lock = Lock { epk: &epk, device, tid: &fresh.tid, manifest_id: &binding.manifest_id };
    let okm = lock.derive(key, shared.as_bytes())?;
    let (cipher_key, com) = okm.split_at(32);
    let cipher = XChaCha20Poly1305::new_from_slice(cipher_key).map_err(|_| SealFault::Broken)?;
    let plain = padded(token, padding)?;
    let aad = aad(binding, &fresh.tid);
    let ct = cipher
        .encrypt(&XNonce::from(fresh.nonce), Payload { msg: &plain, aad: &aad })
        .map_err(|_| SealFault::Broken)?;
    let com = com.try_into().map_err(|_| SealFault::Broken)?;
    let owner = lock.owner(name, shared.as_bytes())?;
    Ok(Record { tid: fresh.tid, epk, nonce: fresh.nonce, com, owner, ct })
}

/// The records of a manifest with what the device's key has in common with each: made once when
/// the manifest is loaded, so that a sign-in pays for no curve arithmetic.
pub struct Opener {
    device: [u8; 32],
    binding: Binding,
    records: Vec<(Record, Zeroizing<[u8; 32]>)>,
}

/// Which records of an [`Opener`] a PIN is tried on.
#[derive(Clone, Debug)]
pub struct Owned(Vec<Choice>);

impl Owned {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        !self.0.iter().any(|own| bool::from(*own))
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

impl Opener {
    /// Prepares records for sign-ins.
    ///
    /// # Errors
    /// When a record has a weak key.
    pub fn new(
        secret: &StaticSecret,
        binding: Binding,
        records: Vec<Record>,
    ) -> Result<Opener, SealFault> {
        let device = PublicKey::from(secret).to_bytes();
        let with_secret = |record: Record| {
            let shared = secret.diffie_hellman(&PublicKey::from(record.epk));
            let whole = shared.was_contributory();
            whole.then(|| (record, Zeroizing::new(shared.to_bytes()))).ok_or(SealFault::WeakKey)
        };
        let records = records.into_iter().map(with_secret).collect::<Result<_, _>>()?;
        Ok(Opener { device, binding, records })
    }

    /// How many records there are.
    pub fn count(&self) -> usize {
        self.records.len()
    }

    /// Which records are for the owner of a name.
    ///
    /// # Errors
    /// Never with secrets of the right length.
    pub fn of(&self, name: &str) -> Result<Owned, SealFault> {
        let whose = |(record, shared): &(Record, Zeroizing<[u8; 32]>)| {
            Ok(self.lock(record).owner(name, shared)?.ct_eq(&record.owner))
        };
        Ok(Owned(self.records.iter().map(whose).collect::<Result<_, _>>()?))
    }

    /// All records: for a PIN without a name.
    pub fn all(&self) -> Owned {
        Owned(vec![Choice::from(1); self.records.len()])
    }

    fn lock<'a>(&'a self, record: &'a Record) -> Lock<'a> {
        let manifest_id = &self.binding.manifest_id;
        Lock { epk: &record.epk, device: &self.device, tid: &record.tid, manifest_id }
    }

    /// Every token of these records that the key opens. All commitments are derived and compared
    /// whatever is found on the way; what fits is then decrypted. A record that was tampered with
    /// opens nothing.
    ///
    /// # Errors
    /// Never with keys of the right length.
    pub fn open(&self, key: &PinKey, whose: &Owned) -> Result<Vec<Zeroizing<String>>, SealFault> {
        let mut hits = Vec::with_capacity(self.records.len());
        let mut keys = Vec::with_capacity(self.records.len());
        for ((record, shared), own) in self.records.iter().zip(&whose.0) {
            let okm = self.lock(record).derive(key, shared)?;
            let (cipher_key, com) = okm.split_at(32);
            let fits: Choice = com.ct_eq(&record.com) & *own;
            // A key that does not fit is blanked without a branch.
            let mut kept = Zeroizing::new([0_u8; 32]);
            for (to, from) in kept.iter_mut().zip(cipher_key) {
                *to = u8::conditional_select(&0, from, fits);
            }
            keys.push(kept);
            hits.push(fits);
        }
        let mut found = Vec::new();
        for ((hit, cipher_key), (record, _)) in hits.into_iter().zip(&keys).zip(&self.records) {
            if bool::from(hit)
                && let Some(token) = self.decrypt(record, cipher_key)
            {
                found.push(token);
            }
        }
        Ok(found)
    }

    fn decrypt(&self, record: &Record, key: &[u8; 32]) -> Option<Zeroizing<String>> {
        let cipher = XChaCha20Poly1305::new_from_slice(key).ok()?;
        let aad = aad(&self.binding, &record.tid);
        let payload = Payload { msg: &record.ct, aad: &aad };
        let plain = cipher.decrypt(&XNonce::from(record.nonce), payload).ok()?;
        let plain = Zeroizing::new(plain);
        let end = plain.iter().rposition(|b| *b != 0).filter(|end| plain[*end] == 0x80)?;
        String::from_utf8(plain[..end].to_vec()).ok().map(Zeroizing::new)
    }
}

/// What the key of one record depends on beside the PIN and the shared secret.
struct Lock<'a> {
    epk: &'a [u8; 32],
    device: &'a [u8; 32],
    tid: &'a [u8; 16],
    manifest_id: &'a [u8; 16],
}

impl Lock<'_> {
    fn derive(&self, key: &PinKey, shared: &[u8; 32]) -> Result<Zeroizing<[u8; 64]>, SealFault> {
        let mut okm = Zeroizing::new([0_u8; 64]);
        let info = [SEAL_LABEL, self.epk, self.device, self.tid, self.manifest_id].concat();
        Hkdf::<Sha256>::new(Some(&key.0), shared)
            .expand(&info, okm.as_mut_slice())
            .map_err(|_| SealFault::Broken)?;
        Ok(okm)
    }

    /// What tells the device that a record is for the owner of this name.
    fn owner(&self, name: &str, shared: &[u8; 32]) -> Result<[u8; 32], SealFault> {
        let mut owner = [0_u8; 32];
        let place = [OWNER_LABEL, self.epk, self.device, self.tid, self.manifest_id].concat();
        Hkdf::<Sha256>::new(None, shared)
            .expand_multi_info(&[&place, name.as_bytes()], &mut owner)
            .map_err(|_| SealFault::Broken)?;
        Ok(owner)
    }
}

fn aad(binding: &Binding, tid: &[u8; 16]) -> Vec<u8> {
    let (epoch, not_after) = (binding.epoch.to_be_bytes(), binding.not_after.to_be_bytes());
    [AAD_LABEL, &binding.device_id, &binding.manifest_id, tid, &epoch, &not_after].concat()
}

/// The token, 0x80, and zeros up to a multiple of `block`: lengths tell nobody apart.
fn padded(token: &str, block: usize) -> Result<Zeroizing<Vec<u8>>, SealFault> {
    let whole = (token.len() + 1).checked_next_multiple_of(block).ok_or(SealFault::Broken)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(whole));
    plain.extend_from_slice(token.as_bytes());
    plain.push(0x80);
    plain.resize(whole, 0);
    Ok(plain)
}

#[cfg(test)]
mod tests;
