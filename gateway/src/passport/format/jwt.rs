//! JWT for OpenID Connect and for clients that know no PASETO.
//!
//! The header has `alg`, `typ` and `kid` and nothing else: a key that the token brings along, a
//! place to fetch one from, or an extension is a refusal. A key has one algorithm; Ed25519 goes by
//! two names.

use super::payload::{Numeric, Payload};
use super::{JwtAlg, TokenFault, jws, strict};
use crate::passport::keys::{KeyFault, Keyring, Ring};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Moment;
use engine::identity::{Claims, KeyPurpose};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a JWT is, as its header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Typ {
    /// An access token (RFC 9068).
    Access,
    /// An id_token.
    Id,
    /// A logout token of OpenID Connect.
    Logout,
    /// A signed answer of introspection (RFC 9701).
    Introspection,
}

impl Typ {
    fn word(self) -> &'static str {
        match self {
            Typ::Access => "at+jwt",
            Typ::Id => "JWT",
            Typ::Logout => "logout+jwt",
            Typ::Introspection => "token-introspection+jwt",
        }
    }
}

impl JwtAlg {
    /// The purpose of the keys that sign it.
    pub fn purpose(self) -> KeyPurpose {
        match self {
            JwtAlg::Es256 => KeyPurpose::JwtEs256,
            JwtAlg::EdDsa | JwtAlg::Ed25519 => KeyPurpose::JwtEddsa,
            JwtAlg::Rs256 => KeyPurpose::JwtRs256,
        }
    }
}

const PURPOSES: [KeyPurpose; 3] =
    [KeyPurpose::JwtEs256, KeyPurpose::JwtEddsa, KeyPurpose::JwtRs256];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: JwtAlg,
    typ: &'a str,
    kid: &'a str,
}

/// Signs a JWT of any contents.
///
/// # Errors
/// When there is no key of that algorithm (see [`Keyring::want`] for RSA), or it fails.
pub fn sign<T: Serialize>(
    keyring: &Keyring,
    alg: JwtAlg,
    typ: Typ,
    claims: &T,
) -> Result<String, KeyFault> {
    let unwritable = |_| KeyFault::Unwritable("the claims");
    let payload = serde_json::to_vec(claims).map_err(unwritable)?;
    keyring.signing(alg.purpose(), |kid, private| {
        let header = serde_json::to_vec(&Header { alg, typ: typ.word(), kid });
        let header = B64.encode(header.map_err(unwritable)?);
        let mut token = format!("{header}.{}", B64.encode(&payload));
        let signature = private.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&B64.encode(signature));
        Ok(token)
    })
}

/// Verifies the signature of a JWT of one type that this installation made, and answers its payload.
///
/// # Errors
/// `TooLong`, `Malformed`, `Foreign` for another type, `Key`, `Forged`.
pub fn open(ring: &Ring, typ: Typ, token: &str, now: Moment) -> Result<String, TokenFault> {
    let parts = jws::split(token)?;
    // Three texts and nothing else, each once: the reader of a struct takes no more. Escapes cannot
    // be borrowed, and none of the three ever needs one.
    let header: Header<'_> =
        serde_json::from_str(&parts.header).map_err(|_| TokenFault::Malformed)?;
    if header.typ != typ.word() {
        return Err(TokenFault::Foreign);
    }
    let key = ring.verifying(header.kid, &PURPOSES, now).ok_or(TokenFault::Key)?;
    if key.purpose != header.alg.purpose() {
        return Err(TokenFault::Key);
    }
    if !key.public.verifies(parts.signed.as_bytes(), &parts.signature) {
        return Err(TokenFault::Forged);
    }
    Ok(parts.payload)
}

pub(super) fn issue(keyring: &Keyring, claims: &Claims, alg: JwtAlg) -> Result<String, KeyFault> {
    let payload = Payload::<Numeric>::of(claims).ok_or(KeyFault::Unwritable("a time"))?;
    sign(keyring, alg, Typ::Access, &payload)
}

pub(super) fn read(ring: &Ring, token: &str, now: Moment) -> Result<Claims, TokenFault> {
    let payload = open(ring, Typ::Access, token, now)?;
    let payload: Payload<Numeric> = strict::from_str(&payload).map_err(|_| TokenFault::Claims)?;
    payload.claims().ok_or(TokenFault::Claims)
}

/// What an id_token says (OpenID Connect Core, section 2). Times are seconds since 1970.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct IdToken {
    /// The issuer.
    pub iss: String,
    /// The subject's uid.
    pub sub: String,
    /// The client's id.
    pub aud: String,
    /// Refused from then on.
    pub exp: i64,
    /// Issued at.
    pub iat: i64,
    /// When the person proved who they are.
    pub auth_time: i64,
    /// As the client asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nonce: Option<String>,
    /// How well they proved it.
    pub acr: String,
    /// By what means.
    pub amr: Vec<String>,
    /// Half of the access token's hash: see [`half_hash`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_hash: Option<String>,
    /// The sign-in.
    pub sid: String,
    /// Whatever the scopes ask for besides: `name`, `preferred_username`, …
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Keyring {
    /// Signs an id_token.
    ///
    /// # Errors
    /// As [`sign`].
    pub fn issue_id_token(&self, token: &IdToken, alg: JwtAlg) -> Result<String, KeyFault> {
        sign(self, alg, Typ::Id, token)
    }

    /// Reads an id_token that this installation made, however old: a hint of whom to sign out.
    ///
    /// # Errors
    /// As [`open`]; `Claims` and `Foreign` for what is no id_token of this issuer.
    pub fn read_id_token(&self, token: &str, now: Moment) -> Result<IdToken, TokenFault> {
        let ring = self.ring();
        let payload = open(&ring, Typ::Id, token, now)?;
        let token: IdToken = strict::from_str(&payload).map_err(|_| TokenFault::Claims)?;
        if token.iss == ring.issuer { Ok(token) } else { Err(TokenFault::Foreign) }
    }
}

/// The left half of SHA-256, as `at_hash` and `c_hash` want it.
pub fn half_hash(text: &str) -> String {
    B64.encode(&engine::Hash::of(&[text.as_bytes()]).0[..16])
}
