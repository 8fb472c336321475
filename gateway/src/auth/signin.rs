//! The seam for the digital passport: it alone turns a credential into a [`Known`] person.
//!
//! Today the credential is a login and a password that this installation keeps. A passport's
//! token, a sealed token with its PIN or an assertion of another installation becomes another
//! function beside [`by_password`] with the same answer; what follows (tokens, permissions,
//! revocation, limits) does not change.

use super::password::{NO_PASSWORD, PasswordFault, Passwords};
use super::permissions::role_of;
use engine::exam::Role;
use engine::{Hash, Moment, PersonId};
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
    /// When the first of their roles ends: what they are given ends with it.
    pub until: Option<Moment>,
}

impl From<&Person> for Known {
    /// Roles that this program does not know give no rights.
    fn from(person: &Person) -> Known {
        Known {
            person: person.id,
            name: person.name.clone(),
            roles: person.roles.iter().filter_map(|word| role_of(word)).collect(),
            uid: None,
            until: None,
        }
    }
}

impl Known {
    /// With the roles that the passport says they hold at this moment, where it knows them: a list
    /// that was written down may be older than the end of a role.
    ///
    /// # Errors
    /// As any read.
    pub async fn as_of(self, store: &Store, now: Moment) -> Result<Known, StoreError> {
        let Some(user) = store.user_by_person(self.person).await? else { return Ok(self) };
        let held = store.roles_held(user.uid, now).await?;
        Ok(Known {
            roles: held.iter().filter_map(|one| role_of(&one.role)).collect(),
            uid: Some(user.uid),
            until: held.iter().filter_map(|one| one.until).min(),
            ..self
        })
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
    (login, password): (&str, &str),
    now: Moment,
) -> Result<Known, SignInFault> {
    if login.len() > LOGIN_BYTES_MAX {
        return Err(SignInFault::Wrong);
    }
    let person = store.person_by_login(&login_of(login)).await?;
    let person = person.filter(|p| p.active);
    let hash = person.as_ref().map(|p| p.password_hash.as_str());
    let hash = hash.filter(|hash| *hash != NO_PASSWORD);
    let fits = passwords.fits(password, hash).await?;
    match person {
        Some(person) if fits => Ok(Known::from(&person).as_of(store, now).await?),
        _ => Err(SignInFault::Wrong),
    }
}
