//! The key that seals private keys: 32 bytes in a file outside the database, so that neither a copy
//! of the database nor one of the file alone gives a signing key away.

use crate::error::Trouble;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// The file's name in the data directory.
pub const KEK_FILE: &str = "kek";
const NONCE_BYTES: usize = 24;
/// Rights that nobody but the owner may have.
const OTHERS: u32 = 0o077;

/// The key-encryption key.
#[derive(Clone)]
pub struct Kek(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Kek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kek")
    }
}

impl Kek {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Kek {
        Kek(Zeroizing::new(bytes))
    }

    /// Reads the file: 64 hexadecimal digits, readable by its owner alone. Where there is none,
    /// `fresh` is written as the first key of a new installation.
    ///
    /// # Errors
    /// When it cannot be read or written, others may read it, or it holds no key.
    pub fn open(path: &Path, fresh: [u8; 32]) -> Result<Kek, Trouble> {
        let shown = path.display();
        let failed = |e: std::io::Error| {
            Trouble::new(format!("the key file {shown} cannot be used: {e}"))
                .remedy("check the rights of its directory, or name another with passport.kek_file")
        };
        let fresh = Zeroizing::new(fresh);
        match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                let text = Zeroizing::new(hex::encode(*fresh));
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                return Ok(Kek(fresh));
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed(e)),
        }
        let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(Trouble::new(format!("others may read the key file {shown}"))
                .remedy(format!("chmod 600 {shown}")));
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| {
            Trouble::new(format!("the key file {shown} holds no key"))
                .remedy("restore it from its copy: without it the signing keys cannot be opened")
        })?;
        Ok(Kek(bytes))
    }

    /// Seals a secret to a context that must be named again to open it.
    pub fn seal(&self, secret: &[u8], context: &str, nonce: [u8; NONCE_BYTES]) -> Option<Vec<u8>> {
        let payload = Payload { msg: secret, aad: context.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Kek::seal`] sealed to the same context.
    pub fn open_sealed(&self, sealed: &[u8], context: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        self.cipher().decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_with_its_key_and_its_context() {
        let kek = Kek::new([7; 32]);
        let sealed = kek.seal(b"secret", "kid|paseto", [1; 24]).expect("sealed");
        assert_eq!(kek.open_sealed(&sealed, "kid|paseto").expect("opened").as_slice(), b"secret");
        assert!(kek.open_sealed(&sealed, "kid|qr").is_none(), "another purpose");
        assert!(Kek::new([8; 32]).open_sealed(&sealed, "kid|paseto").is_none(), "another key");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(kek.open_sealed(&changed, "kid|paseto").is_none(), "byte {at}");
            assert!(kek.open_sealed(&sealed[..at], "kid|paseto").is_none(), "{at} bytes");
        }
    }

    #[test]
    fn the_file_is_made_once_and_must_be_the_owners_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(KEK_FILE);
        Kek::open(&path, [1; 32]).expect("made");
        let again = Kek::open(&path, [2; 32]).expect("read");
        assert_eq!(*again.0, [1; 32], "the first stays");
        let mode = |m| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(m));
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        mode(0o640).expect("changed");
        let refused = Kek::open(&path, [2; 32]).expect_err("others may read it").to_string();
        assert!(refused.contains("others"), "{refused}");
        mode(0o600).expect("changed");
        std::fs::write(&path, "not hex").expect("written");
        assert!(Kek::open(&path, [2; 32]).is_err());
    }
}
