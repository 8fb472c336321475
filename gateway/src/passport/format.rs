//! Formats of tokens: PASETO, JWT, the JSON record and its QR code.
//!
//! One set of claims, written in each format's own way: `payload` for PASETO and JWT, `record` for
//! the documented JSON. A verifier goes one way, chosen by the token's first bytes, and never falls
//! back to another format after a failure.
//!
//! Our choices where the documentation leaves it open: `role` holds the one role of a token;
//! a local sign-in with several writes `roles` instead. `sid` names the sign-in, `person` the number
//! by which exams know the person. `scope` is one string of words, as in RFC 8693.

pub mod dpop;
pub mod fuzz;
pub mod jws;
pub mod jwt;
pub mod paseto;
mod payload;
pub mod qr;
pub mod record;
pub mod strict;

use super::keys::{KeyFault, Keyring, Ring};
use engine::identity::{Claims, Class};
use engine::{Moment, Span};
use std::borrow::Cow;

/// Longest token that is looked at or made, bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// A token may come from a clock that is so far ahead.
pub const SKEW: Span = Span::secs(60);

/// How a token is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// PASETO v4.public: the native one.
    Paseto,
    /// A JWT of type `at+jwt`.
    Jwt(JwtAlg),
    /// The documented JSON record.
    Record {
        /// In base64, as legacy clients carry it.
        base64: bool,
    },
}

/// The algorithm of a JWT, as the client registered it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum JwtAlg {
    /// ECDSA on P-256: for everybody.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519 under its older name.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// Ed25519 under its own name (RFC 9864).
    #[serde(rename = "Ed25519")]
    Ed25519,
    /// RSA, for clients that know nothing else.
    #[serde(rename = "RS256")]
    Rs256,
}

/// For whom a verifier takes tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Audience {
    /// This service.
    Spn(String),
    /// The issuer itself.
    Issuer,
    /// Whomever: the caller decides by the claims.
    Any,
}

/// What a verifier takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    /// The classes.
    pub classes: &'static [Class],
    /// The audience.
    pub audience: Audience,
}

impl Expect {
    /// Any class and audience: for introspection and revocation, which judge nothing.
    pub fn anything() -> Expect {
        Expect { classes: &Class::ALL, audience: Audience::Any }
    }
}

/// Why a token is refused. For the log: a client learns only that it must sign in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenFault {
    /// Longer than any token.
    #[error("too long")]
    TooLong,
    /// Not the form of any token, or not that of its format.
    #[error("not a token")]
    Malformed,
    /// Names a key that is unknown, signs something else, or verifies no more.
    #[error("no such key")]
    Key,
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

impl Keyring {
    /// Writes and signs a token.
    ///
    /// # Errors
    /// When there is no key for the format (see [`Keyring::want`] for RSA), or the claims do not
    /// fit into it.
    pub fn issue(&self, claims: &Claims, format: Format) -> Result<String, KeyFault> {
        if claims.iss != self.issuer() {
            return Err(KeyFault::Unwritable("another issuer's claims"));
        }
        let token = match format {
            Format::Paseto => paseto::issue(self, claims)?,
            Format::Jwt(alg) => jwt::issue(self, claims, alg)?,
            Format::Record { base64 } => record::issue(self, claims, base64)?,
        };
        if token.len() > TOKEN_BYTES_MAX {
            return Err(KeyFault::Unwritable("it is too long"));
        }
        Ok(token)
    }

    /// Verifies a token, all but its revocation and the proof of a bound key.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify(&self, token: &str, expect: &Expect, now: Moment) -> Result<Claims, TokenFault> {
        self.ring().verify(token, expect, now)
    }
}

impl Ring {
    /// As [`Keyring::verify`], with the keys that are held here.
    ///
    /// # Errors
    /// The first thing that is wrong with the token.
    pub fn verify(&self, token: &str, expect: &Expect, now: Moment) -> Result<Claims, TokenFault> {
        let claims = self.read(token, expect, now)?;
        in_time(&claims, now)?;
        Ok(claims)
    }

    /// Reads a token that may have expired: everything but its times is checked.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(&self, token: &str, expect: &Expect, now: Moment) -> Result<Claims, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong);
        }
        let claims = match kind(token) {
            Kind::Paseto => paseto::read(self, token, expect, now)?,
            Kind::Jwt => jwt::read(self, token, now)?,
            Kind::Record => record::read(self, token, now)?,
        };
        let audience = match &expect.audience {
            Audience::Spn(spn) => Cow::Borrowed(spn),
            Audience::Issuer => Cow::Borrowed(&self.issuer),
            Audience::Any => Cow::Borrowed(&claims.aud),
        };
        let fits = claims.iss == self.issuer
            && expect.classes.contains(&claims.cls)
            && claims.aud == *audience;
        if fits { Ok(claims) } else { Err(TokenFault::Foreign) }
    }
}

/// Whether a token is valid at this moment: `nbf − 60 s ≤ now < exp`.
///
/// # Errors
/// `Early` and `Expired`; `Claims` for times in a wrong order.
pub fn in_time(claims: &Claims, now: Moment) -> Result<(), TokenFault> {
    if claims.exp <= claims.nbf || claims.exp <= claims.iat {
        return Err(TokenFault::Claims);
    }
    if now + SKEW < claims.nbf || now + SKEW < claims.iat {
        return Err(TokenFault::Early);
    }
    if now >= claims.exp {
        return Err(TokenFault::Expired);
    }
    Ok(())
}

enum Kind {
    Paseto,
    Jwt,
    Record,
}

/// The format by the first bytes. Base64 of a record and a JWT both begin with `eyJ`; only the
/// latter has dots.
fn kind(token: &str) -> Kind {
    if token.starts_with("v4.") {
        Kind::Paseto
    } else if token.starts_with("eyJ") && token.contains('.') {
        Kind::Jwt
    } else {
        Kind::Record
    }
}

#[cfg(test)]
pub(crate) mod tests;
