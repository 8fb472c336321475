//! Secrets in files: hexadecimal, readable by their owner alone.

use crate::error::Trouble;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Rights that nobody but the owner may have.
const OTHERS: u32 = 0o077;
/// Longest file that is looked at, bytes.
const FILE_BYTES_MAX: u64 = 4_096;

fn failed(path: &Path, e: &std::io::Error) -> Trouble {
    Trouble::new(format!("the key file {} cannot be used: {e}", path.display()))
        .remedy("check its path and rights, and whether what it lies on is plugged in")
}

/// Writes a new file; one that exists is never overwritten.
///
/// # Errors
/// When it exists or cannot be written.
pub fn create(path: &Path, secret: &[u8]) -> Result<(), Trouble> {
    let text = Zeroizing::new(hex::encode(secret));
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(|e| failed(path, &e))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| failed(path, &e))
}

/// Reads a file of exactly so many secret bytes.
///
/// # Errors
/// When it cannot be read, others may read it, or it holds something else.
pub fn read<const N: usize>(path: &Path) -> Result<Zeroizing<[u8; N]>, Trouble> {
    let meta = std::fs::metadata(path).map_err(|e| failed(path, &e))?;
    let shown = path.display();
    if meta.permissions().mode() & OTHERS != 0 {
        return Err(Trouble::new(format!("others may read the key file {shown}"))
            .remedy(format!("chmod 600 {shown}; a stick needs a file system that knows owners")));
    }
    let unsound = || {
        Trouble::new(format!("the key file {shown} holds no such key"))
            .remedy("name the file that was written beside this station's device")
    };
    if meta.len() > FILE_BYTES_MAX {
        return Err(unsound());
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| failed(path, &e))?);
    let mut bytes = Zeroizing::new([0; N]);
    hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| unsound())?;
    Ok(bytes)
}

/// Reads the file, or writes `fresh` as the first secret of a new installation.
///
/// # Errors
/// As [`create`] and [`read`].
pub fn read_or_create<const N: usize>(
    path: &Path,
    fresh: &[u8; N],
) -> Result<Zeroizing<[u8; N]>, Trouble> {
    if !path.exists() {
        create(path, fresh)?;
    }
    read(path)
}

/// Overwrites a file with zeros and removes it. On a drive that spreads its writes the old bytes
/// may survive: only a key outside the disk is really gone.
///
/// # Errors
/// When it is still there.
pub fn destroy(path: &Path) -> Result<(), Trouble> {
    if !path.exists() {
        return Ok(());
    }
    if let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(path) {
        let length = file.metadata().map_or(0, |m| m.len()).min(FILE_BYTES_MAX);
        let zeros = vec![b'0'; usize::try_from(length).unwrap_or(0)];
        // What cannot be overwritten is still removed.
        let _ = file.write_all(&zeros).and_then(|()| file.sync_all());
    }
    std::fs::remove_file(path).map_err(|e| failed(path, &e))
}
