//! Compact JWS taken apart strictly, and public keys that others send as JWK.

use super::{TOKEN_BYTES_MAX, TokenFault, strict};
use crate::passport::keys::{Algorithm, KeyFault, thumbprint};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A compact JWS whose signature nobody has looked at yet.
pub struct Parts<'a> {
    /// What is signed: header and payload as they came.
    pub signed: &'a str,
    /// The header's JSON.
    pub header: String,
    /// The payload.
    pub payload: String,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Takes a compact JWS apart: three parts, strict base64url without padding, UTF-8.
///
/// # Errors
/// `TooLong` and `Malformed`.
pub fn split(token: &str) -> Result<Parts<'_>, TokenFault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenFault::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
    Ok(Parts {
        signed,
        header: text(header).ok_or(TokenFault::Malformed)?,
        payload: text(payload).ok_or(TokenFault::Malformed)?,
        signature: B64.decode(signature).map_err(|_| TokenFault::Malformed)?,
    })
}

fn text(part: &str) -> Option<String> {
    String::from_utf8(B64.decode(part).ok()?).ok()
}

/// The algorithm that a JOSE `alg` names, of those that this program takes.
pub fn algorithm_of(alg: &str) -> Option<Algorithm> {
    match alg {
        "ES256" => Some(Algorithm::P256),
        "EdDSA" | "Ed25519" => Some(Algorithm::Ed25519),
        "RS256" => Some(Algorithm::Rsa),
        _ => None,
    }
}

/// Members that only a private or symmetric key has.
const SECRET: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that somebody sent as a JWK.
pub struct Foreign {
    algorithm: Algorithm,
    key: ParsedPublicKey,
    /// Its RFC 7638 thumbprint.
    pub thumbprint: String,
}

impl Foreign {
    /// Reads a JWK: P-256, Ed25519, or RSA of 2048 bits and more.
    ///
    /// # Errors
    /// When it is no such key, or a private one.
    pub fn read(jwk: &Map<String, Value>) -> Result<Foreign, KeyFault> {
        if SECRET.iter().any(|name| jwk.contains_key(*name)) {
            return Err(KeyFault::Unwritable("a private key is not for sending"));
        }
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let text = |name: &str| member(name).ok_or(KeyFault::Unusable);
        let bytes = |name: &str| B64.decode(text(name)?).map_err(|_| KeyFault::Unusable);
        let (algorithm, key, names) = match (member("kty"), member("crv")) {
            (Some("EC"), Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(KeyFault::Unusable);
                }
                let point = [&[4], x.as_slice(), &y].concat();
                let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                (Algorithm::P256, key, ["kty", "crv", "x", "y"].as_slice())
            }
            (Some("OKP"), Some("Ed25519")) => {
                let key = ParsedPublicKey::new(&ED25519, bytes("x")?);
                (Algorithm::Ed25519, key, ["kty", "crv", "x"].as_slice())
            }
            (Some("RSA"), None) => {
                let parts = RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
                let key = parts.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
                (Algorithm::Rsa, key, ["kty", "n", "e"].as_slice())
            }
            _ => return Err(KeyFault::Unusable),
        };
        let members = names.iter().filter_map(|name| Some(((*name).to_owned(), jwk.get(*name)?)));
        let thumbprint = thumbprint(&members.map(|(k, v)| (k, v.clone())).collect());
        Ok(Foreign { algorithm, key: key.map_err(|_| KeyFault::Unusable)?, thumbprint })
    }

    /// Whether a JWS is this key's, under an algorithm that it names itself and that is this key's.
    pub fn signed(&self, alg: &str, parts: &Parts<'_>) -> bool {
        self.verifies(alg, parts.signed.as_bytes(), &parts.signature)
    }

    /// The same for a message that is not inside of a JWS.
    pub fn verifies(&self, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        algorithm_of(alg) == Some(self.algorithm) && self.key.verify_sig(message, signature).is_ok()
    }
}

#[derive(Deserialize)]
struct AssertionHeader {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

/// Verifies a JWT that a client signed with a key of its registered JWK set, such as a
/// `private_key_jwt` assertion; answers its claims. The key is the one that the header's `kid`
/// names, or the only one that there is. Claims, times and replay are the caller's to check.
///
/// # Errors
/// `Malformed`, `Key`, `Forged`, `Claims`.
pub fn client_claims(token: &str, jwks: &Value) -> Result<Map<String, Value>, TokenFault> {
    let parts = split(token)?;
    let header: AssertionHeader =
        strict::from_str(&parts.header).map_err(|_| TokenFault::Malformed)?;
    if header.crit.is_some() {
        return Err(TokenFault::Malformed);
    }
    let all = jwks.get("keys").and_then(Value::as_array).ok_or(TokenFault::Key)?;
    let jwk = match &header.kid {
        Some(kid) => all.iter().find(|key| key.get("kid").and_then(Value::as_str) == Some(kid)),
        None => all.first().filter(|_| all.len() == 1),
    };
    let jwk = jwk.and_then(Value::as_object).ok_or(TokenFault::Key)?;
    let key = Foreign::read(jwk).map_err(|_| TokenFault::Key)?;
    if !key.signed(&header.alg, &parts) {
        return Err(TokenFault::Forged);
    }
    strict::from_str(&parts.payload).map_err(|_| TokenFault::Claims)
}
