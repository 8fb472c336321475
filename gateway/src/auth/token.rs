//! Tokens: PASETO v4.public, signed with this installation's Ed25519 key.
//!
//! The verifier goes one way and never falls back: length, header and strict base64url, signature
//! with footer and implicit assertion, strict JSON, then class, issuer, audience and times. The
//! implicit assertion names the token's class and issuer, so that a token made for one purpose
//! cannot pass as another even if a check of claims were forgotten.

use super::principal::Principal;
use super::strict_json;
use engine::exam::Role;
use engine::{Moment, PersonId, Span};
use paseto::Public;
use paseto::keys::{AsymmetricKeyPair, AsymmetricPublicKey, AsymmetricSecretKey, Generate};
use paseto::paserk::{FormatAsPaserk, Id};
use paseto::token::UntrustedToken;
use paseto::version4::{PublicToken, V4};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use time::OffsetDateTime;
use time::macros::format_description;

/// Longest token that is looked at, bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// A token may come from a clock that is so far ahead.
pub const SKEW: Span = Span::secs(60);
/// The class of tokens that a sign-in gives.
pub const CLASS: &str = "session";
/// The version of the claims.
const VERSION: u32 = 1;

/// What a token says. Every claim is required, and no other is allowed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The person's number.
    pub sub: String,
    /// For whom.
    pub aud: String,
    /// Issued at.
    pub iat: String,
    /// Not valid before.
    pub nbf: String,
    /// Not valid from.
    pub exp: String,
    /// The token's id.
    pub jti: String,
    /// The sign-in's id.
    pub sid: String,
    /// The version of these claims.
    pub ver: u32,
    /// The token's class.
    pub cls: String,
    /// The person's full name.
    pub name: String,
    /// The roles signed in with.
    pub roles: BTreeSet<Role>,
}

/// Why a token is refused. For the log: a client learns only that it must sign in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenFault {
    /// Longer than any token.
    #[error("too long")]
    TooLong,
    /// Not the form of a v4.public token.
    #[error("not a v4.public token")]
    Malformed,
    /// Signed by another key, for another purpose, or changed.
    #[error("the signature does not fit")]
    Forged,
    /// The claims are not those of this program.
    #[error("the claims are not sound")]
    Claims,
    /// Another class, issuer or audience.
    #[error("made for something else")]
    Foreign,
    /// Not valid yet.
    #[error("not valid yet")]
    Early,
    /// Expired.
    #[error("expired")]
    Expired,
    /// Revoked.
    #[error("revoked")]
    Revoked,
    /// Whether it was revoked cannot be said at this moment.
    #[error("revocations are not known well enough")]
    Unchecked,
}

/// This installation's signing key and what its tokens carry.
pub struct Signer {
    secret: AsymmetricSecretKey<V4>,
    public: AsymmetricPublicKey<V4>,
    footer: Vec<u8>,
    assertion: Vec<u8>,
    issuer: String,
    audience: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A key that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the signing key cannot be used")]
pub struct BadKey;

/// A new secret key: 32 bytes of seed and 32 of the public key.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn new_key() -> Result<Vec<u8>, BadKey> {
    let pair = AsymmetricKeyPair::<V4>::generate().map_err(|_| BadKey)?;
    Ok(pair.secret.as_bytes().to_vec())
}

impl Signer {
    /// A signer with a key that [`new_key`] made.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn new(key: &[u8], issuer: &str, audience: &str) -> Result<Signer, BadKey> {
        // The library panics on an all-zero seed, so it never sees one.
        if key.len() != 64 || key[..32].iter().all(|b| *b == 0) {
            return Err(BadKey);
        }
        let secret = AsymmetricSecretKey::<V4>::from(key).map_err(|_| BadKey)?;
        let public = AsymmetricPublicKey::<V4>::try_from(&secret).map_err(|_| BadKey)?;
        let mut kid = String::new();
        Id::from(&public).fmt(&mut kid).map_err(|_| BadKey)?;
        Ok(Signer {
            secret,
            public,
            footer: format!("{{\"kid\":\"{kid}\"}}").into_bytes(),
            assertion: format!("nsk1|{CLASS}|{issuer}").into_bytes(),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        })
    }

    /// Signs a token for a principal, valid from now until its `expires_at`.
    ///
    /// # Errors
    /// When a time cannot be written, or the key fails.
    pub fn sign(&self, principal: &Principal, now: Moment) -> Result<String, BadKey> {
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: principal.person.to_string(),
            aud: self.audience.clone(),
            iat: written(now).ok_or(BadKey)?,
            nbf: written(now).ok_or(BadKey)?,
            exp: written(principal.expires_at).ok_or(BadKey)?,
            jti: principal.jti.clone(),
            sid: principal.sid.clone(),
            ver: VERSION,
            cls: CLASS.to_owned(),
            name: principal.name.clone(),
            roles: principal.roles.clone(),
        };
        let payload = serde_json::to_vec(&claims).map_err(|_| BadKey)?;
        self.sign_payload(&payload)
    }

    fn sign_payload(&self, payload: &[u8]) -> Result<String, BadKey> {
        PublicToken::sign(&self.secret, payload, Some(&self.footer), Some(&self.assertion))
            .map_err(|_| BadKey)
    }

    /// Verifies a token, all but its revocation.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify(&self, token: &str, now: Moment) -> Result<Principal, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong);
        }
        let untrusted =
            UntrustedToken::<Public, V4>::try_from(token).map_err(|_| TokenFault::Malformed)?;
        let trusted = PublicToken::verify(
            &self.public,
            &untrusted,
            Some(&self.footer),
            Some(&self.assertion),
        )
        .map_err(|_| TokenFault::Forged)?;
        let claims: Claims =
            strict_json::from_str(trusted.payload()).map_err(|_| TokenFault::Claims)?;
        self.accept(claims, now)
    }

    fn accept(&self, claims: Claims, now: Moment) -> Result<Principal, TokenFault> {
        if claims.ver != VERSION || claims.cls != CLASS {
            return Err(TokenFault::Foreign);
        }
        if claims.iss != self.issuer || claims.aud != self.audience {
            return Err(TokenFault::Foreign);
        }
        let [iat, nbf, exp] = [&claims.iat, &claims.nbf, &claims.exp].map(|text| read(text));
        let (Some(iat), Some(nbf), Some(exp)) = (iat, nbf, exp) else {
            return Err(TokenFault::Claims);
        };
        if now + SKEW < nbf || now + SKEW < iat {
            return Err(TokenFault::Early);
        }
        if now >= exp {
            return Err(TokenFault::Expired);
        }
        let person = claims.sub.parse().map(PersonId).map_err(|_| TokenFault::Claims)?;
        if claims.jti.is_empty() || claims.sid.is_empty() {
            return Err(TokenFault::Claims);
        }
        let carried = Principal::bare(&claims.jti, &claims.sid, exp);
        Ok(Principal {
            person,
            name: claims.name,
            roles: claims.roles,
            jti: claims.jti,
            sid: claims.sid,
            expires_at: exp,
            carried,
        })
    }
}

/// `2026-11-03T09:00:00Z`, whole seconds.
fn written(at: Moment) -> Option<String> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let time = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).ok()?;
    time.format(format).ok()
}

/// Reads exactly what [`written`] writes: capital T and Z, no fractions, no offsets.
fn read(text: &str) -> Option<Moment> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let time = time::PrimitiveDateTime::parse(text, format).ok()?;
    let at = Moment(time.assume_utc().unix_timestamp().checked_mul(1_000)?);
    (written(at).as_deref() == Some(text)).then_some(at)
}

#[cfg(test)]
mod tests;
