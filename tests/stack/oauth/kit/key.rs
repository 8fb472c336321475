//! A client's key, and what it signs.

use super::{Idp, sha256};
use actors::clock::SystemIds;
use actors::ports::IdSource;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};

/// A key of a client, and the proofs that it makes.
pub struct Key(Ed25519KeyPair, [u8; 32]);

impl Key {
    pub fn new() -> Key {
        let seed = SystemIds.seed();
        Key(Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key"), seed)
    }

    fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(self.0.public_key().as_ref())})
    }

    /// The private half, as a JWK would hold it.
    pub fn private(&self) -> String {
        B64.encode(self.1)
    }

    /// The set that a client registers.
    pub fn set(&self) -> Value {
        json!({"keys": [self.jwk()]})
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// Signs texts that no honest client would write.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", B64.encode(header), B64.encode(claims));
        let signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", B64.encode(signature.as_ref()))
    }

    /// A proof for the token endpoint of an issuer that runs elsewhere.
    pub fn proof_at(&self, issuer: &str, iat: u64, jti: &str, nonce: Option<&str>) -> String {
        let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": self.jwk()});
        let htu = format!("{issuer}/oauth/token");
        let mut claims = json!({"htm": "POST", "htu": htu, "iat": iat, "jti": jti});
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        self.sign(&header, &claims)
    }

    /// A proof for a request.
    pub fn proof(
        &self,
        idp: &Idp,
        to: (&str, &str),
        nonce: Option<&str>,
        token: Option<&str>,
    ) -> String {
        let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": self.jwk()});
        let now = idp.now().0 / 1_000;
        let jti = B64.encode(idp.stack.app.ids.salt());
        let mut claims = json!({
            "htm": to.0, "htu": format!("{}{}", idp.issuer(), to.1), "iat": now, "jti": jti,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = token {
            claims["ath"] = B64.encode(sha256(token.as_bytes())).into();
        }
        self.sign(&header, &claims)
    }
}
