//! Who is asking, and whether they may: tokens, passwords, the permission table and its guard.
//!
//! The first version signs people in by a password at this installation. `signin` is the seam for
//! the digital passport: it alone turns a credential into a person; everything after it (tokens,
//! permissions, revocation) stays as it is when another credential arrives.

mod guard;
mod limiter;
pub mod password;
pub mod permissions;
mod principal;
mod strict_json;
pub mod token;

pub use guard::{guard, same_origin};
pub use permissions::{PERMISSIONS, Permission, Who};
pub use principal::{Principal, SESSION_COOKIE};

use crate::error::ApiError;

/// Sign-in and tokens.
#[derive(Clone)]
pub struct Auth {}

impl Auth {
    /// Verifies a token, its revocation included.
    ///
    /// # Errors
    /// 401.
    pub fn verify(&self, _token: &str) -> Result<Principal, ApiError> {
        Err(ApiError::unauthorized())
    }
}
