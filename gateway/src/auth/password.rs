//! Passwords: Argon2id hashes, made and checked off the request threads, a few at a time.
//!
//! A check of an unknown login costs as much as one of a known login: the time tells nothing. The
//! memory of a check is kept for the next one, and a check that nobody waits for any more still
//! holds its place: guessing costs so much memory and no more.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// What stands in place of the hash of a password that nobody has; no hash is spelt so.
pub const NO_PASSWORD: &str = "!";
/// Shortest password that may be set, characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Longest password, bytes: more is refused before it is hashed.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Why a password was not hashed or checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PasswordFault {
    /// Too many passwords wait to be checked.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// The hash cannot be made or read.
    #[error("the password hash cannot be made or read")]
    Broken,
}

/// Checks passwords with bounded memory and bounded waiting.
#[derive(Debug)]
pub struct Passwords {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    decoy: String,
    spare: Arc<Spare>,
    checks: AtomicU64,
}

/// The memory of finished checks, for the next ones: as many as run at once.
#[derive(Debug, Default)]
struct Spare(Mutex<Vec<Vec<Block>>>);

/// A running check: its place among those that run at once, and its memory.
struct Running {
    spare: Arc<Spare>,
    memory: Vec<Block>,
    _permit: OwnedSemaphorePermit,
}

impl Running {
    fn new(spare: Arc<Spare>, permit: OwnedSemaphorePermit) -> Running {
        let memory = spare.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Running { spare, memory: memory.unwrap_or_default(), _permit: permit }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        self.spare.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// Counts one waiting check for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    /// A checker that works on `at_once` passwords and lets `waiting_max` more wait.
    ///
    /// # Errors
    /// When the decoy for unknown logins cannot be hashed.
    pub fn new(
        at_once: usize,
        waiting_max: usize,
        salt: [u8; 16],
    ) -> Result<Passwords, PasswordFault> {
        let decoy = hash("no password fits this", salt)?;
        let (running, waiting) = (Arc::new(Semaphore::new(at_once)), AtomicUsize::new(0));
        let (spare, checks) = (Arc::default(), AtomicU64::new(0));
        Ok(Passwords { running, waiting, waiting_max, decoy, spare, checks })
    }

    /// How many hashes were computed to check passwords so far.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Whether the password fits the hash; without a hash it takes as long and never fits.
    ///
    /// # Errors
    /// `Busy` when too many wait, `Broken` when the hash cannot be read.
    pub async fn fits(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordFault> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= self.waiting_max {
            return Err(PasswordFault::Busy);
        }
        let permit = self.running.clone().acquire_owned().await;
        let permit = permit.map_err(|_| PasswordFault::Busy)?;
        self.checks.fetch_add(1, Ordering::Relaxed);
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        let password = password.to_owned();
        let spare = self.spare.clone();
        // The work cannot be called off: it takes its place along, even when its client has gone.
        let fits = spawn_blocking(move || {
            let mut running = Running::new(spare, permit);
            check(&password, &hash, &mut running.memory)
        });
        Ok(fits.await.map_err(|_| PasswordFault::Broken)?? && known)
    }
}

fn check(password: &str, hash: &str, memory: &mut Vec<Block>) -> Result<bool, PasswordFault> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let hash = PasswordHash::new(hash).map_err(|_| PasswordFault::Broken)?;
    let (Some(salt), Some(expected), Some(version)) = (hash.salt, hash.hash, hash.version) else {
        return Err(PasswordFault::Broken);
    };
    let algorithm =
        Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| PasswordFault::Broken)?;
    let version = Version::try_from(version).map_err(|_| PasswordFault::Broken)?;
    let params = Params::try_from(&hash).map_err(|_| PasswordFault::Broken)?;
    let mut found = [0; Output::MAX_LENGTH];
    let found = found.get_mut(..expected.len()).ok_or(PasswordFault::Broken)?;
    fill(&Argon2::new(algorithm, version, params), (password, &salt), found, memory)?;
    // Outputs are compared in constant time.
    Ok(Output::new(found).map_err(|_| PasswordFault::Broken)? == expected)
}

/// The hash of a password as a PHC string: Argon2id, 19 MiB, 2 passes. Takes tens of milliseconds.
///
/// # Errors
/// When the password is longer than [`PASSWORD_BYTES_MAX`].
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, PasswordFault> {
    Hasher::default().hash(password, salt)
}

/// Hashes one password after another in the same memory.
#[derive(Debug, Default)]
pub struct Hasher(Vec<Block>);

impl Hasher {
    /// As [`hash`].
    ///
    /// # Errors
    /// As [`hash`].
    pub fn hash(&mut self, password: &str, salt: [u8; 16]) -> Result<String, PasswordFault> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordFault::Broken);
        }
        let mut found = [0; Params::DEFAULT_OUTPUT_LEN];
        fill(&Argon2::default(), (password, &salt), &mut found, &mut self.0)?;
        let (algorithm, version, params) = Default::default();
        let hash = described(algorithm, version, &params, (&salt, &found));
        hash.map(|hash| hash.to_string()).map_err(|_| PasswordFault::Broken)
    }
}

/// What is kept of a hash, as a PHC string names it.
fn described(
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    (salt, found): (&[u8], &[u8]),
) -> Result<PasswordHash, argon2::password_hash::Error> {
    Ok(PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: params.try_into()?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(found)?),
    })
}

fn fill(
    argon2: &Argon2<'_>,
    (password, salt): (&str, &[u8]),
    found: &mut [u8],
    memory: &mut Vec<Block>,
) -> Result<(), PasswordFault> {
    memory.resize(argon2.params().block_count(), Block::new());
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, found, memory)
        .map_err(|_| PasswordFault::Broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::PasswordVerifier;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::new(1, 4, [7; 16]).expect("a checker");
        let hash = hash("пароль operator", [9; 16]).expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let read = PasswordHash::new(&hash).expect("a PHC string");
        let by_the_book = Argon2::default().verify_password("пароль operator".as_bytes(), &read);
        assert_eq!(by_the_book, Ok(()), "{hash}");
        assert_eq!(passwords.fits("пароль operator", Some(&hash)).await, Ok(true));
        assert_eq!(passwords.fits("пароль Operator", Some(&hash)).await, Ok(false));
        assert_eq!(passwords.fits("no password fits this", None).await, Ok(false));
        assert_eq!(passwords.fits("x", Some("x")).await, Err(PasswordFault::Broken));
        let long = "a".repeat(PASSWORD_BYTES_MAX + 1);
        assert_eq!(passwords.fits(&long, Some(&hash)).await, Ok(false));
    }

    #[tokio::test]
    async fn nobody_waits_in_a_queue_without_end() {
        let passwords = Passwords::new(1, 0, [7; 16]).expect("a checker");
        assert_eq!(passwords.fits("x", None).await, Err(PasswordFault::Busy));
        let passwords = Passwords::new(1, 1, [7; 16]).expect("a checker");
        assert_eq!(passwords.fits("x", None).await, Ok(false));
        assert_eq!(passwords.fits("x", None).await, Ok(false), "the place is given back");
    }

    #[tokio::test]
    async fn who_gives_up_does_not_make_room_for_more() {
        let passwords = Passwords::new(1, 40, [7; 16]).expect("a checker");
        for _ in 0..20 {
            let gone = tokio::time::timeout(std::time::Duration::ZERO, passwords.fits("x", None));
            let _ = gone.await;
        }
        assert_eq!(passwords.fits("x", None).await, Ok(false));
        let _all_done = passwords.running.acquire().await.expect("open");
        let kept = passwords.spare.0.lock().expect("kept").len();
        assert_eq!(kept, 1, "one at a time, with one and the same memory");
    }
}
