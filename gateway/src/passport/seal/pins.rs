//! PINs at the passport: drawn by the server, shown once, kept only as a stretched and wrapped key
//! with a blind index that tells equal ones apart.

use super::scheme::{self, KdfParams, PinKey, SealFault};
use crate::passport::keys::Kek;
use actors::ports::IdSource;
use argon2::Block;
use entities::{PinGrant, PinKept, PinScope, Store, StoreError};
use hkdf::hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The pepper's file in the passport's data directory: outside the database, for a million PINs
/// are tried at once by whoever has both.
pub const PEPPER_FILE: &str = "pin-pepper";
/// New PINs that a person may be given in a day.
pub const PINS_PER_DAY_MAX: u32 = 3;
/// Draws after which a scope is too full for PINs of this length.
const DRAWS_MAX: u32 = 64;
/// Fewest and most digits.
pub const DIGITS: std::ops::RangeInclusive<u32> = 6..=12;
const DAY_MS: i64 = 86_400_000;

/// Why there is no new PIN.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PinFault {
    /// Too many were made for this person today.
    #[error("this person was given {PINS_PER_DAY_MAX} PINs today: try again tomorrow")]
    TooMany,
    /// Hardly any free PIN is left.
    #[error("there are too many people for PINs of this length")]
    Crowded,
    /// The length is out of bounds.
    #[error("a PIN has 6 to 12 digits")]
    Digits,
    /// A kept PIN cannot be unwrapped: another key-encryption key.
    #[error("the kept PINs do not fit the key file")]
    Wrapped,
    /// The derivation failed.
    #[error(transparent)]
    Seal(#[from] SealFault),
    /// The store does not answer.
    #[error("PINs cannot be kept: {0}")]
    Store(String),
}

impl From<StoreError> for PinFault {
    fn from(error: StoreError) -> PinFault {
        PinFault::Store(error.to_string())
    }
}

/// Draws and keeps PINs.
pub struct Pins {
    /// Where grants are kept.
    pub store: Store,
    /// Randomness.
    pub ids: Arc<dyn IdSource>,
    kek: Kek,
    pepper: Zeroizing<[u8; 32]>,
    memory: Mutex<Vec<Block>>,
}

impl std::fmt::Debug for Pins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pins")
    }
}

/// A PIN on its way to its owner, and the key made from it.
pub struct NewPin {
    /// Shown once.
    pub pin: Zeroizing<String>,
    /// Kept.
    pub key: PinKey,
}

impl Pins {
    /// Over a store, with the key that wraps and the pepper that blinds.
    pub fn new(store: Store, ids: Arc<dyn IdSource>, kek: Kek, pepper: &[u8; 32]) -> Pins {
        Pins { store, ids, kek, pepper: Zeroizing::new(*pepper), memory: Mutex::default() }
    }

    /// The key of a person's PIN in a scope, when it has at least so many digits.
    ///
    /// # Errors
    /// When the store does not answer or the key cannot be unwrapped.
    pub async fn key_of(
        &self,
        scope: &PinScope,
        uid: Uuid,
        digits: u32,
    ) -> Result<Option<PinKey>, PinFault> {
        let Some(grant) = self.store.pin_grant(scope.scope_id, uid).await? else {
            return Ok(None);
        };
        if grant.digits < digits {
            return Ok(None);
        }
        let opened = self.kek.open_sealed(&grant.wrapped, &context(scope, uid));
        let bytes = opened.and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok());
        Ok(Some(PinKey::from_bytes(bytes.ok_or(PinFault::Wrapped)?)))
    }

    /// Draws a PIN that nobody else in the scope has, and keeps its key. Takes as long as one key
    /// derivation.
    ///
    /// # Errors
    /// As [`PinFault`] says.
    pub async fn draw(
        &self,
        scope: &PinScope,
        uid: Uuid,
        digits: u32,
        now: engine::Moment,
    ) -> Result<NewPin, PinFault> {
        if !DIGITS.contains(&digits) {
            return Err(PinFault::Digits);
        }
        let seed: [u8; 32] = scope.seed.as_slice().try_into().map_err(|_| SealFault::Broken)?;
        let params: KdfParams = serde_json::from_str(&scope.kdf).map_err(|_| SealFault::Params)?;
        let salt = scheme::salt(scope.scope_id.as_bytes(), scope.epoch, &seed);
        for _ in 0..DRAWS_MAX {
            let pin = drawn(self.ids.as_ref(), digits);
            let key = {
                let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
                scheme::pin_key(&pin, &salt, params, &mut memory)?
            };
            let nonce = self.ids.seed();
            let nonce = nonce.first_chunk().copied().unwrap_or_default();
            let wrapped = self.kek.seal(key.as_bytes(), &context(scope, uid), nonce);
            let grant = PinGrant {
                scope_id: scope.scope_id,
                uid,
                blind: self.blind(scope, &pin),
                wrapped: wrapped.ok_or(SealFault::Broken)?,
                digits,
                day: now.0.div_euclid(DAY_MS),
                made_on_day: 0,
            };
            match self.store.put_pin_grant(&grant, PINS_PER_DAY_MAX).await? {
                PinKept::Kept => return Ok(NewPin { pin, key }),
                PinKept::TooMany => return Err(PinFault::TooMany),
                PinKept::Clash => {}
            }
        }
        Err(PinFault::Crowded)
    }

    fn blind(&self, scope: &PinScope, pin: &str) -> Vec<u8> {
        // A key of 32 bytes is never refused.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.pepper.as_slice()) else {
            return Vec::new();
        };
        mac.update(scope.scope_id.as_bytes());
        mac.update(&scope.epoch.to_be_bytes());
        mac.update(pin.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}

fn context(scope: &PinScope, uid: Uuid) -> String {
    format!("nsk-pin-v1|{}|{}|{uid}", scope.scope_id, scope.epoch)
}

/// Digits that are all equally likely.
fn drawn(ids: &dyn IdSource, digits: u32) -> Zeroizing<String> {
    let count = 10_u64.pow(digits);
    let fair = u64::MAX - u64::MAX % count;
    loop {
        let seed = Zeroizing::new(ids.seed());
        for bytes in seed.as_chunks::<8>().0 {
            let number = u64::from_be_bytes(*bytes);
            if number < fair {
                let width = usize::try_from(digits).unwrap_or(0);
                return Zeroizing::new(format!("{:0width$}", number % count));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::directory;
    use actors::clock::SystemIds;
    use engine::Moment;

    fn scope(n: u128) -> PinScope {
        let kdf = KdfParams { m: scheme::KDF_KIB_MIN, t: 3, p: 1 };
        PinScope {
            scope_id: Uuid::from_u128(n),
            centre: "org/coc-12@nark".to_owned(),
            epoch: 1,
            seed: vec![7; 32],
            kdf: serde_json::to_string(&kdf).expect("JSON"),
            ends_at: Moment(i64::MAX),
        }
    }

    #[tokio::test]
    async fn a_pin_is_random_digits_and_only_its_key_is_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = directory::open(dir.path()).await.expect("a store");
        let pepper = &[1; 32];
        let pins = Pins::new(store.clone(), Arc::new(SystemIds), Kek::new([2; 32]), pepper);
        let (scope, uid, now) = (scope(1), Uuid::from_u128(5), Moment(20_000 * DAY_MS));
        let new = pins.draw(&scope, uid, 6, now).await.expect("a PIN");
        assert!(new.pin.len() == 6 && new.pin.bytes().all(|b| b.is_ascii_digit()), "six digits");
        let kept = pins.key_of(&scope, uid, 6).await.expect("kept").expect("there");
        assert_eq!(kept.as_bytes(), new.key.as_bytes());
        assert!(pins.key_of(&scope, uid, 8).await.expect("read").is_none(), "too short for eight");
        let grant = store.pin_grant(scope.scope_id, uid).await.expect("read").expect("there");
        let holds = |bytes: &[u8]| bytes.windows(6).any(|w| w == new.pin.as_bytes());
        assert!(!holds(&grant.wrapped) && !holds(&grant.blind));
        assert_eq!(grant.blind, pins.blind(&scope, &new.pin));
        assert_ne!(grant.blind, pins.blind(&self::scope(2), &new.pin), "another scope");
        for _ in 0..2 {
            pins.draw(&scope, uid, 6, now).await.expect("three a day");
        }
        assert_eq!(pins.draw(&scope, uid, 6, now).await.err(), Some(PinFault::TooMany));
        assert_eq!(pins.draw(&scope, uid, 4, now).await.err(), Some(PinFault::Digits));
        let other = Pins::new(store, Arc::new(SystemIds), Kek::new([3; 32]), pepper);
        assert_eq!(other.key_of(&scope, uid, 6).await.err(), Some(PinFault::Wrapped));
    }

    #[test]
    fn digits_are_drawn_from_the_whole_range() {
        let drawn: Vec<_> = (0..2_000).map(|_| drawn(&SystemIds, 6)).collect();
        for digit in b'0'..=b'9' {
            for place in 0..6 {
                let many = drawn.iter().filter(|pin| pin.as_bytes()[place] == digit).count();
                assert!((100..=320).contains(&many), "{many} of 2000");
            }
        }
    }
}
