//! The seam for the digital passport: it alone turns a credential into a [`Known`] person.
//!
//! Today the credential is a login and a password that this installation keeps. A passport's
//! token, a sealed token with its PIN or an assertion of another installation becomes another
//! function beside [`by_password`] with the same answer; what follows (tokens, permissions,
//! revocation, limits) does not change.

use super::password::{PasswordFault, Passwords};
use super::permissions::role_of;
use engine::exam::Role;
use engine::{Hash, PersonId};
use entities::{Person, Store, StoreError};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Longest login, bytes.
pub const LOGIN_BYTES_MAX: usize = 200;

/// A person whose credential was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Who.
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// Their uid at the passport, where they have one.
    pub uid: Option<Uuid>,
}

impl From<&Person> for Known {
    /// Roles that this program does not know give no rights.
    fn from(person: &Person) -> Known {
        Known {
            person: person.id,
            name: person.name.clone(),
            roles: person.roles.iter().filter_map(|word| role_of(word)).collect(),
            uid: None,
        }
    }
}

/// Why nobody was recognised.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignInFault {
    /// No such login, a wrong password, or a person who may not sign in: never said which.
    #[error("the login or the password is wrong")]
    Wrong,
    /// Too many passwords wait to be checked.
    #[error("too many sign in at this moment")]
    Busy,
    /// The store does not answer, or a stored hash cannot be read.
    #[error("sign-in does not work: {0}")]
    Broken(String),
}

impl From<StoreError> for SignInFault {
    fn from(error: StoreError) -> SignInFault {
        SignInFault::Broken(error.to_string())
    }
}

impl From<PasswordFault> for SignInFault {
    fn from(fault: PasswordFault) -> SignInFault {
        match fault {
            PasswordFault::Busy => SignInFault::Busy,
            PasswordFault::Broken => SignInFault::Broken(fault.to_string()),
        }
    }
}

/// The uid of a person whom only this station knows: the same at each sign-in, and no other's.
pub fn uid_of(issuer: &str, person: PersonId) -> Uuid {
    let hash =
        Hash::of(&[b"nsk-person\0", issuer.as_bytes(), b"\0", person.to_string().as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.0[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A login as it is kept and compared: without spaces around it, in lower case.
pub fn login_of(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Recognises a person by login and password.
///
/// # Errors
/// `Wrong`, in the same time whichever of the two is wrong; `Busy` and `Broken` otherwise.
pub async fn by_password(
    store: &Store,
    passwords: &Passwords,
    login: &str,
    password: &str,
) -> Result<Known, SignInFault> {
    if login.len() > LOGIN_BYTES_MAX {
        return Err(SignInFault::Wrong);
    }
    let person = store.person_by_login(&login_of(login)).await?;
    let person = person.filter(|p| p.active);
    let hash = person.as_ref().map(|p| p.password_hash.as_str());
    let fits = passwords.fits(password, hash).await?;
    match person {
        Some(person) if fits => Ok(Known::from(&person)),
        _ => Err(SignInFault::Wrong),
    }
}
