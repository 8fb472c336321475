//! The manifest: what the passport tells a station, signed, and the sealed records beside it in one
//! file. Nothing in the file names a person in clear.

use super::policy::Policy;
use super::scheme::{Binding, KdfParams, Record};
use crate::passport::format::{TokenFault, paseto, strict};
use crate::passport::keys::{BundleFault, KeyFault, Keyring, Ring};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::identity::{KeyPurpose, KeyState, Level, Revoked, Snapshot};
use engine::{Hash, Moment};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The version of the manifest's form.
pub const VERSION: u32 = 1;
/// Records of one manifest.
pub const RECORDS_MAX: usize = 2_000;
/// Longest manifest file, bytes.
pub const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Revocations that one manifest names.
pub const REVOKED_MAX: usize = 20_000;
const LIMITS: strict::Limits = strict::Limits { depth: 8, keys: 4_000 };

/// What a manifest says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    pub ver: u32,
    /// The passport that made it.
    pub iss: String,
    /// Its id, which every record is bound to.
    pub manifest_id: Uuid,
    /// For which device.
    pub device_id: Uuid,
    /// The thumbprint of the device's keys.
    pub dkt: String,
    /// The station's name: for whom the sealed tokens are.
    pub spn: String,
    /// Grows with each manifest of the device.
    pub seq: u64,
    /// The scope whose PINs these are.
    pub scope_id: Uuid,
    /// The scope's epoch.
    pub epoch: u32,
    /// The scope's seed of the salt, base64url.
    pub salt: String,
    /// How PINs are stretched.
    pub kdf: KdfParams,
    /// How many records there are.
    pub n: usize,
    /// SHA-256 of each record, base64url, in their order.
    pub records: Vec<String>,
    /// The public keys of the passport, signed on their own.
    pub bundle: String,
    /// What was revoked when it was made.
    pub revoked: RevokedList,
    /// How PINs are used.
    pub policy: Policy,
    /// When it was made, ms since 1970.
    pub made_at: Moment,
    /// When it loses its use, seconds since 1970.
    pub not_after: u64,
}

/// Revocations as a station carries them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedList {
    /// Ids of tokens.
    pub tokens: BTreeSet<String>,
    /// Ids of sign-ins.
    pub sessions: BTreeSet<String>,
    /// Ids of tokens of which those made from them are revoked.
    pub origins: BTreeSet<String>,
    /// Level, whose epoch, and which it is now.
    pub epochs: Vec<(Level, String, u32)>,
}

impl RevokedList {
    /// Takes one over.
    pub fn add(&mut self, what: &Revoked) {
        match what {
            Revoked::Token(id) => drop(self.tokens.insert(id.clone())),
            Revoked::Session(id) => drop(self.sessions.insert(id.clone())),
            Revoked::Origin(id) => drop(self.origins.insert(id.clone())),
            Revoked::Epoch(level, id, epoch) => self.epochs.push((*level, id.clone(), *epoch)),
        }
    }

    /// As a verifier holds it.
    pub fn snapshot(&self) -> Snapshot {
        let ids = |ids: &BTreeSet<String>, what: fn(String) -> Revoked| -> Vec<Revoked> {
            ids.iter().cloned().map(what).collect()
        };
        let mut all = ids(&self.tokens, Revoked::Token);
        all.extend(ids(&self.sessions, Revoked::Session));
        all.extend(ids(&self.origins, Revoked::Origin));
        all.extend(self.epochs.iter().cloned().map(|(l, id, epoch)| Revoked::Epoch(l, id, epoch)));
        let mut snapshot = Snapshot::default();
        for what in &all {
            snapshot.revoke(what, Moment(i64::MAX));
        }
        snapshot
    }

    fn count(&self) -> usize {
        self.tokens.len() + self.sessions.len() + self.origins.len() + self.epochs.len()
    }
}

/// A manifest with its records, as it is carried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// The signed manifest.
    pub manifest: String,
    /// The records in the manifest's order.
    pub records: Vec<RecordText>,
}

/// A record in base64url.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordText {
    tid: String,
    epk: String,
    nonce: String,
    com: String,
    owner: String,
    ct: String,
}

impl From<&Record> for RecordText {
    fn from(record: &Record) -> RecordText {
        RecordText {
            tid: B64.encode(record.tid),
            epk: B64.encode(record.epk),
            nonce: B64.encode(record.nonce),
            com: B64.encode(record.com),
            owner: B64.encode(record.owner),
            ct: B64.encode(&record.ct),
        }
    }
}

impl RecordText {
    /// The record, when the text is one.
    pub fn record(&self) -> Option<Record> {
        Some(Record {
            tid: fixed(&self.tid)?,
            epk: fixed(&self.epk)?,
            nonce: fixed(&self.nonce)?,
            com: fixed(&self.com)?,
            owner: fixed(&self.owner)?,
            ct: B64.decode(&self.ct).ok()?,
        })
    }
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    B64.decode(text).ok()?.try_into().ok()
}

/// The SHA-256 of a record, as the manifest names it.
fn hash_of(record: &Record) -> String {
    let mut hash = Sha256::new();
    let Record { tid, epk, nonce, com, owner, ct } = record;
    for part in [&tid[..], epk, nonce, com, owner, ct] {
        hash.update(part);
    }
    B64.encode(hash.finalize())
}

/// Why a manifest is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ManifestFault {
    /// Its form is wrong.
    #[error("this is not a manifest file")]
    Form,
    /// Not signed by the passport that this station belongs to.
    #[error("the manifest is not signed by this station's passport: {0}")]
    Signature(#[from] TokenFault),
    /// Its keys are not sound.
    #[error(transparent)]
    Bundle(#[from] BundleFault),
    /// Made for another device or station.
    #[error("the manifest is for another station")]
    Foreign,
    /// A later one was accepted.
    #[error("the manifest is not newer than the one that this station has")]
    Old,
    /// Its PINs are shorter, or stretched less, than this program demands for such a device.
    #[error("the manifest's parameters are too weak")]
    Weak,
    /// A record is missing, changed, or there are too many.
    #[error("the records are not those that the manifest names")]
    Records,
    /// It has ended.
    #[error("the manifest has ended")]
    Ended,
}

fn assertion(issuer: &str) -> String {
    format!("nsk1|manifest|{issuer}")
}

impl Manifest {
    /// Signs it, and writes it into one file with its records.
    ///
    /// # Errors
    /// When there is no key for it.
    pub fn sign(mut self, keyring: &Keyring, records: &[Record]) -> Result<ManifestFile, KeyFault> {
        if self.revoked.count() > REVOKED_MAX {
            return Err(KeyFault::Unwritable("too many revocations"));
        }
        self.n = records.len();
        self.records = records.iter().map(hash_of).collect();
        let payload =
            serde_json::to_vec(&self).map_err(|_| KeyFault::Unwritable("the manifest"))?;
        let signed = paseto::seal(keyring, KeyPurpose::Manifest, &payload, &assertion(&self.iss))?;
        let records = records.iter().map(RecordText::from).collect();
        Ok(ManifestFile { manifest: signed, records })
    }

    /// What every record is bound to.
    pub fn binding(&self) -> Binding {
        Binding {
            device_id: self.device_id.into_bytes(),
            manifest_id: self.manifest_id.into_bytes(),
            epoch: self.epoch,
            not_after: self.not_after,
        }
    }

    /// The salt of its PINs.
    pub fn pin_salt(&self) -> Option<[u8; 32]> {
        let seed = fixed(&self.salt)?;
        Some(super::scheme::salt(self.scope_id.as_bytes(), self.epoch, &seed))
    }
}

/// What a station compares a manifest with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Own {
    /// Its passport.
    pub issuer: String,
    /// The manifest keys that it trusts, base64url.
    pub trust: Vec<String>,
    /// Its device.
    pub device_id: Uuid,
    /// The thumbprint of its keys.
    pub dkt: String,
    /// Its name.
    pub spn: String,
    /// The number of the manifest that it has.
    pub seq: u64,
    /// Whether its private key, or half of it, lies outside a plain disk.
    pub key_protected: bool,
}

/// A manifest that was verified.
#[derive(Debug)]
pub struct Accepted {
    /// What it says.
    pub manifest: Manifest,
    /// Its records.
    pub records: Vec<Record>,
    /// The passport's keys.
    pub ring: Ring,
    /// The manifest keys to trust from now on, base64url.
    pub trust: Vec<String>,
}

impl ManifestFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ManifestFault::Form`].
    pub fn parse(bytes: &[u8]) -> Result<ManifestFile, ManifestFault> {
        let file: ManifestFile = serde_json::from_slice(bytes).map_err(|_| ManifestFault::Form)?;
        let sound = file.records.len() <= RECORDS_MAX && bytes.len() as u64 <= FILE_BYTES_MAX;
        if sound { Ok(file) } else { Err(ManifestFault::Form) }
    }

    /// Verifies everything about it; `own.seq` must be below its number.
    ///
    /// # Errors
    /// The first thing that is wrong; the station then goes on with what it has.
    pub fn accept(&self, own: &Own, now: Moment) -> Result<Accepted, ManifestFault> {
        let known = trusted(own)?;
        // The bundle is signed by a key that is known; the manifest by a key of the bundle. Which
        // bundle it is, is known only after an unverified look: nothing of it is used before.
        let bundle = claimed_bundle(&self.manifest).ok_or(ManifestFault::Form)?;
        let ring = known.accept_bundle(&bundle, now)?;
        let purposes = &[KeyPurpose::Manifest];
        let payload = paseto::open(&ring, purposes, &self.manifest, &assertion(&own.issuer), now)?;
        let manifest: Manifest =
            strict::from_str_within(&payload, LIMITS).map_err(|_| ManifestFault::Form)?;
        if manifest.ver != VERSION || manifest.bundle != bundle {
            return Err(ManifestFault::Form);
        }
        let own_one = (&manifest.iss, &manifest.dkt, &manifest.spn);
        if own_one != (&own.issuer, &own.dkt, &own.spn) || manifest.device_id != own.device_id {
            return Err(ManifestFault::Foreign);
        }
        if manifest.seq <= own.seq {
            return Err(ManifestFault::Old);
        }
        manifest.kdf.check().map_err(|_| ManifestFault::Weak)?;
        let least = Policy::of(manifest.n, own.key_protected);
        if manifest.policy.pin_digits < least.pin_digits {
            return Err(ManifestFault::Weak);
        }
        if i128::from(manifest.not_after) * 1_000 <= i128::from(now.0) {
            return Err(ManifestFault::Ended);
        }
        let records = self.records(&manifest)?;
        let trust = ring
            .iter()
            .filter(|(_, key)| key.purpose == KeyPurpose::Manifest)
            .filter(|(_, key)| key.state == KeyState::Announced || key.state.verifies())
            .map(|(_, key)| B64.encode(key.public.bytes()))
            .collect();
        Ok(Accepted { manifest, records, ring, trust })
    }

    fn records(&self, manifest: &Manifest) -> Result<Vec<Record>, ManifestFault> {
        let records: Option<Vec<Record>> = self.records.iter().map(RecordText::record).collect();
        let records = records.ok_or(ManifestFault::Records)?;
        let fits = manifest.n == records.len()
            && manifest.records.len() == records.len()
            && records.iter().zip(&manifest.records).all(|(r, hash)| hash_of(r) == *hash);
        if fits { Ok(records) } else { Err(ManifestFault::Records) }
    }
}

/// The keys that a station knows before it has read the bundle.
fn trusted(own: &Own) -> Result<Ring, ManifestFault> {
    let mut ring = Ring::new(&own.issuer, 0);
    for key in &own.trust {
        let bytes = B64.decode(key).map_err(|_| BundleFault::Unsound)?;
        let place = (KeyPurpose::Manifest, KeyState::Active);
        ring.add(place, &bytes, None).map_err(|_| BundleFault::Unsound)?;
    }
    Ok(ring)
}

/// The bundle that an unverified manifest carries.
fn claimed_bundle(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        bundle: String,
    }
    Some(serde_json::from_slice::<Claimed>(&claimed(token)?).ok()?.bundle)
}

fn claimed(token: &str) -> Option<Vec<u8>> {
    let body = token.strip_prefix("v4.public.")?.split('.').next()?;
    let mut bytes = B64.decode(body).ok()?;
    bytes.truncate(bytes.len().checked_sub(64)?);
    Some(bytes)
}

/// What a manifest says, to be shown: it was verified when it was accepted, and is not now.
pub fn shown(token: &str) -> Option<Manifest> {
    serde_json::from_slice(&claimed(token)?).ok()
}

/// A short name of a manifest for logs: never its contents.
pub fn digest(token: &str) -> String {
    let hash = Hash::of(&[token.as_bytes()]);
    hex::encode(&hash.0[..8])
}
