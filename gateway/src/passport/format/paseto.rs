//! PASETO v4.public.
//!
//! The verifier goes one way: length, header and strict base64url, the key that the footer names,
//! signature with footer and implicit assertion, strict JSON, claims. The implicit assertion names
//! the token's class and issuer, so that a token made for one purpose cannot pass as another even if
//! a check of claims were forgotten.

use super::payload::{Payload, Text};
use super::{Expect, TokenFault, strict};
use crate::passport::keys::material::{Algorithm, Private, Public as PublicKey};
use crate::passport::keys::{KeyFault, Keyring, Ring};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Moment;
use engine::identity::{Claims, Class, KeyPurpose};
use paseto::version4::PublicToken;

/// How every such token begins.
const HEADER: &str = "v4.public.";
/// A signature of Ed25519, bytes.
const SIGNATURE_BYTES: usize = 64;
/// Longest footer, bytes.
const FOOTER_BYTES_MAX: usize = 256;

fn assertion(class: Class, issuer: &str) -> String {
    format!("nsk1|{class}|{issuer}")
}

/// The footer that names a key.
pub(in crate::passport) fn footer(kid: &str) -> String {
    format!("{{\"kid\":\"{kid}\"}}")
}

/// Reads exactly what [`footer`] writes.
fn kid_of(footer: &[u8]) -> Option<&str> {
    if footer.len() > FOOTER_BYTES_MAX {
        return None;
    }
    let kid = std::str::from_utf8(footer).ok()?.strip_prefix("{\"kid\":\"")?.strip_suffix("\"}")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    kid.bytes().all(plain).then_some(kid)
}

/// Signs any payload with the active key of a purpose.
///
/// # Errors
/// When there is no such key, or it fails.
pub fn seal(
    keyring: &Keyring,
    purpose: KeyPurpose,
    payload: &[u8],
    assertion: &str,
) -> Result<String, KeyFault> {
    keyring.signing(purpose, |kid, private| {
        let native = private.native().ok_or(KeyFault::Unusable)?;
        let footer = footer(kid);
        PublicToken::sign(native, payload, Some(footer.as_bytes()), Some(assertion.as_bytes()))
            .map_err(|_| KeyFault::Unusable)
    })
}

/// Opens what [`seal`] signed with a key of one of the purposes, under the same assertion.
///
/// # Errors
/// `Malformed`, `Key`, `Forged`. The caller has looked at the length.
pub fn open(
    ring: &Ring,
    purposes: &[KeyPurpose],
    token: &str,
    assertion: &str,
    now: Moment,
) -> Result<String, TokenFault> {
    unlock(ring, purposes, parse(token)?, assertion, now)
}

/// A token taken apart, whose signature nobody has looked at yet.
pub(super) struct Parts {
    payload: Vec<u8>,
    signature: Vec<u8>,
    /// Empty when there is none.
    pub(super) footer: Vec<u8>,
}

/// Takes a token apart: the exact header, then one or two parts in strict base64url without padding.
pub(super) fn parse(token: &str) -> Result<Parts, TokenFault> {
    let bytes = |part: &str| B64.decode(part).map_err(|_| TokenFault::Malformed);
    let rest = token.strip_prefix(HEADER).ok_or(TokenFault::Malformed)?;
    let (body, footer) = match rest.split_once('.') {
        // A part that is there has something in it.
        Some((_, "")) => return Err(TokenFault::Malformed),
        Some((body, footer)) => (body, bytes(footer)?),
        None => (rest, Vec::new()),
    };
    let mut payload = bytes(body)?;
    let end = payload.len().checked_sub(SIGNATURE_BYTES).filter(|end| *end > 0);
    let signature = payload.split_off(end.ok_or(TokenFault::Malformed)?);
    Ok(Parts { payload, signature, footer })
}

fn unlock(
    ring: &Ring,
    purposes: &[KeyPurpose],
    token: Parts,
    assertion: &str,
    now: Moment,
) -> Result<String, TokenFault> {
    let kid = kid_of(&token.footer).ok_or(TokenFault::Malformed)?;
    let key = ring.verifying(kid, purposes, now).ok_or(TokenFault::Key)?;
    if !signed_by(&key.public, &token, assertion.as_bytes()) {
        return Err(TokenFault::Forged);
    }
    String::from_utf8(token.payload).map_err(|_| TokenFault::Claims)
}

/// Whether a token is signed by a key, under an implicit assertion. The signature is checked by the
/// library that checks all others.
pub(super) fn signed_by(key: &PublicKey, token: &Parts, assertion: &[u8]) -> bool {
    let parts = [HEADER.as_bytes(), &token.payload, &token.footer, assertion];
    key.algorithm() == Algorithm::Ed25519 && key.verifies(&encoded(parts), &token.signature)
}

/// Pre-authentication encoding: the number of parts, then each with its length.
fn encoded(parts: [&[u8]; 4]) -> Vec<u8> {
    // The standard keeps the highest bit free; no length here is near it.
    let length = |n: usize| (n as u64).to_le_bytes();
    let mut out = Vec::with_capacity(40 + parts.iter().map(|part| part.len()).sum::<usize>());
    out.extend(length(parts.len()));
    for part in parts {
        out.extend(length(part.len()));
        out.extend(part);
    }
    out
}

/// Writes and signs claims.
pub(super) fn issue(keyring: &Keyring, claims: &Claims) -> Result<String, KeyFault> {
    let payload = Payload::<Text>::of(claims).ok_or(KeyFault::Unwritable("a time"))?;
    let payload = serde_json::to_vec(&payload).map_err(|_| KeyFault::Unwritable("the claims"))?;
    seal(keyring, KeyPurpose::Paseto, &payload, &assertion(claims.cls, &claims.iss))
}

/// As [`issue`], with a key that no keyring holds: a station's own.
///
/// # Errors
/// When the claims cannot be written, or the key is of another algorithm.
pub(in crate::passport) fn issue_by(
    private: &Private,
    claims: &Claims,
) -> Result<String, KeyFault> {
    let payload = Payload::<Text>::of(claims).ok_or(KeyFault::Unwritable("a time"))?;
    let payload = serde_json::to_vec(&payload).map_err(|_| KeyFault::Unwritable("the claims"))?;
    let native = private.native().ok_or(KeyFault::Unusable)?;
    let public = PublicKey::read(Algorithm::Ed25519, &private.public())?;
    let footer = footer(&public.kid(KeyPurpose::Paseto)?);
    let assertion = assertion(claims.cls, &claims.iss);
    PublicToken::sign(native, &payload, Some(footer.as_bytes()), Some(assertion.as_bytes()))
        .map_err(|_| KeyFault::Unusable)
}

/// Reads claims of a class that is expected.
pub(super) fn read(
    ring: &Ring,
    token: &str,
    expect: &Expect,
    now: Moment,
) -> Result<Claims, TokenFault> {
    let untrusted = parse(token)?;
    let class = claimed_class(&untrusted.payload)?;
    if !expect.classes.contains(&class) {
        return Err(TokenFault::Foreign);
    }
    let assertion = assertion(class, &ring.issuer);
    let payload = unlock(ring, &[KeyPurpose::Paseto], untrusted, &assertion, now)?;
    let payload: Payload<Text> = strict::from_str(&payload).map_err(|_| TokenFault::Claims)?;
    let claims = payload.claims().ok_or(TokenFault::Claims)?;
    // The last word has the assertion that was signed.
    if claims.cls == class { Ok(claims) } else { Err(TokenFault::Foreign) }
}

/// The class that an unverified payload claims, to know which assertion to verify with. Nothing but
/// a token of that class verifies with it.
fn claimed_class(payload: &[u8]) -> Result<Class, TokenFault> {
    const NEEDLE: &[u8] = b"\"cls\":\"";
    let at = payload.windows(NEEDLE.len()).position(|w| w == NEEDLE);
    let rest = at.and_then(|at| payload.get(at + NEEDLE.len()..)).ok_or(TokenFault::Claims)?;
    let word = rest.split(|b| *b == b'"').next().unwrap_or_default();
    Class::ALL.into_iter().find(|class| class.word().as_bytes() == word).ok_or(TokenFault::Foreign)
}
