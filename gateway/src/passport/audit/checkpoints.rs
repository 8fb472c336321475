//! Checkpoints: the chain's head, signed, kept in the database and appended to a file beside it.
//! The file is there to be shipped to another machine; the one that stays here only shows careless
//! tampering.

use crate::passport::keys::{Algorithm, Keyring, Public};
use engine::identity::KeyPurpose;
use engine::identity::audit::{Checkpoint, SignedCheckpoint};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file's name in the data directory: a JSON object a line.
pub const CHECKPOINTS_FILE: &str = "audit-checkpoints.jsonl";
/// Longest line of such a file, bytes.
const LINE_BYTES_MAX: u64 = 8 * 1024;

/// Signs checkpoints with the installation's audit key.
pub trait Signer: Send + Sync {
    /// The key's id and its Ed25519 signature over the message; `None` when it cannot sign now.
    fn sign(&self, message: &[u8]) -> Option<(String, Vec<u8>)>;
}

impl Signer for Keyring {
    fn sign(&self, message: &[u8]) -> Option<(String, Vec<u8>)> {
        Keyring::sign(self, KeyPurpose::Audit, message).ok()
    }
}

/// The public audit keys of a keyring by id, in hexadecimal.
pub(super) fn public_keys(keys: &Keyring) -> BTreeMap<String, String> {
    let ring = keys.ring();
    let audit = ring.iter().filter(|(_, held)| held.purpose == KeyPurpose::Audit);
    audit.map(|(kid, held)| (kid.clone(), hex::encode(held.public.bytes()))).collect()
}

/// Whether a signature, in hexadecimal, is of one of these keys over the message.
pub(super) fn verifies(
    keys: &BTreeMap<String, String>,
    kid: &str,
    message: &[u8],
    sig: &str,
) -> bool {
    let key = keys.get(kid).and_then(|key| hex::decode(key).ok());
    let key = key.and_then(|key| Public::read(Algorithm::Ed25519, &key).ok());
    match (key, hex::decode(sig)) {
        (Some(key), Ok(sig)) => key.verifies(message, &sig),
        _ => false,
    }
}

/// Signs a checkpoint, where there is somebody to sign it.
pub(super) fn signed(checkpoint: Checkpoint, signer: Option<&dyn Signer>) -> SignedCheckpoint {
    let signature = signer.and_then(|signer| signer.sign(&checkpoint.message()));
    if signer.is_some() && signature.is_none() {
        tracing::error!(seq = checkpoint.seq, "audit checkpoint not signed");
    }
    let (kid, sig) = signature.map(|(kid, sig)| (kid, hex::encode(sig))).unzip();
    SignedCheckpoint { checkpoint, kid, sig }
}

/// Appends a checkpoint to the file and waits until it is on disk.
pub(super) fn append(dir: &Path, signed: &SignedCheckpoint) -> io::Result<()> {
    let path = dir.join(CHECKPOINTS_FILE);
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let line = serde_json::to_string(signed)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}

/// The checkpoints of a file, each handed to `take`. A last line that broke off is passed over: the
/// power may have gone while it was written.
///
/// # Errors
/// When the file cannot be read or a line is no checkpoint; an absent file has none.
pub fn read(path: &Path, mut take: impl FnMut(SignedCheckpoint)) -> io::Result<()> {
    let mut lines = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let got = io::Read::take(&mut lines, LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if got == 0 || (line.last() != Some(&b'\n') && got < LINE_BYTES_MAX as usize) {
            return Ok(());
        }
        take(serde_json::from_slice(&line)?);
    }
}
