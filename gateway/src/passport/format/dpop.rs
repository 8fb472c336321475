//! Proof of possession of a key (RFC 9449): one small JWT for each request.
//!
//! Checked here: form, signature, method, address, time, the hash of the access token. The jti and
//! the nonce are the caller's to compare with what it has seen and given.

use super::{SKEW, jws, strict};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::{Hash, Moment};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

/// Longest proof that is looked at, bytes.
pub const PROOF_BYTES_MAX: usize = 4 * 1024;
/// Longest jti, bytes.
pub const JTI_BYTES_MAX: usize = 128;

/// A proof that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The thumbprint of the key: what a bound token's `cnf.jkt` must be.
    pub jkt: String,
    /// The proof's id: to be used once.
    pub jti: String,
    /// The server's nonce in it.
    pub nonce: Option<String>,
    /// When it was made.
    pub iat: Moment,
}

/// Why a proof is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DpopFault {
    /// Too long, not a proof, or with a key or algorithm that is not taken.
    #[error("not a proof")]
    Malformed,
    /// Not signed with the key that it shows.
    #[error("the signature does not fit")]
    Forged,
    /// For another method or address.
    #[error("made for another request")]
    Elsewhere,
    /// Older or younger than the window allows.
    #[error("made at another time")]
    Time,
    /// For another access token, or none.
    #[error("made for another token")]
    Token,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    jwk: Map<String, Value>,
}

#[derive(Deserialize)]
struct Body {
    htm: String,
    htu: String,
    iat: i64,
    jti: String,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    ath: Option<String>,
}

/// Checks a proof against the request that it came with. `access_token` is the one that the request
/// carries; none at the token endpoint.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_proof(
    proof: &str,
    method: &str,
    url: &str,
    access_token: Option<&str>,
    now: Moment,
) -> Result<Proof, DpopFault> {
    if proof.len() > PROOF_BYTES_MAX {
        return Err(DpopFault::Malformed);
    }
    let parts = jws::split(proof).map_err(|_| DpopFault::Malformed)?;
    let header: Header = strict::from_str(&parts.header).map_err(|_| DpopFault::Malformed)?;
    let known = matches!(header.alg.as_str(), "ES256" | "EdDSA" | "Ed25519");
    if header.typ != "dpop+jwt" || !known {
        return Err(DpopFault::Malformed);
    }
    let key = jws::Foreign::read(&header.jwk).map_err(|_| DpopFault::Malformed)?;
    if !key.signed(&header.alg, &parts) {
        return Err(DpopFault::Forged);
    }
    let body: Body = strict::from_str(&parts.payload).map_err(|_| DpopFault::Malformed)?;
    if body.jti.is_empty() || body.jti.len() > JTI_BYTES_MAX {
        return Err(DpopFault::Malformed);
    }
    let same = body.htm == method && address(&body.htu).is_some_and(|a| Some(a) == address(url));
    if !same {
        return Err(DpopFault::Elsewhere);
    }
    let iat = Moment(body.iat.checked_mul(1_000).ok_or(DpopFault::Time)?);
    if iat + SKEW < now || now + SKEW < iat {
        return Err(DpopFault::Time);
    }
    if let Some(token) = access_token
        && body.ath.as_deref() != Some(&hash_of(token))
    {
        return Err(DpopFault::Token);
    }
    Ok(Proof { jkt: key.thumbprint, jti: body.jti, nonce: body.nonce, iat })
}

/// The `ath` of an access token.
pub fn hash_of(access_token: &str) -> String {
    B64.encode(Hash::of(&[access_token.as_bytes()]).0)
}

/// An address without query and fragment, in its normal form.
fn address(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok().filter(Url::has_host)?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}
