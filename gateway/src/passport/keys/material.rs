//! The two halves of a signing key, for each algorithm.

use super::KeyFault;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Hash;
use engine::identity::KeyPurpose;
use paseto::keys::{AsymmetricPublicKey, AsymmetricSecretKey};
use paseto::paserk::{FormatAsPaserk, Id};
use paseto::version4::V4;
use serde_json::{Value, json};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use zeroize::Zeroizing;

/// The algorithm of a key, which its purpose decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// RSA of 2048 bits, PKCS#1 v1.5 with SHA-256.
    Rsa,
}

impl Algorithm {
    /// Of the keys of a purpose.
    pub fn of(purpose: KeyPurpose) -> Algorithm {
        match purpose {
            KeyPurpose::JwtEs256 => Algorithm::P256,
            KeyPurpose::JwtRs256 => Algorithm::Rsa,
            KeyPurpose::Paseto
            | KeyPurpose::JwtEddsa
            | KeyPurpose::Qr
            | KeyPurpose::Manifest
            | KeyPurpose::Audit => Algorithm::Ed25519,
        }
    }
}

/// Whether keys of a purpose sign PASETO tokens: their ids are PASERK ids.
fn is_native(purpose: KeyPurpose) -> bool {
    matches!(purpose, KeyPurpose::Paseto | KeyPurpose::Manifest | KeyPurpose::Audit)
}

/// A private key that signs.
pub(in crate::passport) enum Private {
    Ed25519(Box<Ed25519KeyPair>, Box<AsymmetricSecretKey<V4>>),
    P256(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

impl Private {
    /// A new key: its secret bytes. `seed` is the whole of an Ed25519 key; the library draws the
    /// others by itself.
    pub fn generate(algorithm: Algorithm, seed: [u8; 32]) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let bytes = match algorithm {
            Algorithm::Ed25519 => seed.to_vec(),
            Algorithm::P256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                pair.to_pkcs8v1()?.as_ref().to_vec()
            }
            Algorithm::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec()
            }
        };
        Ok(Zeroizing::new(bytes))
    }

    /// Reads what [`Private::generate`] made.
    pub fn read(algorithm: Algorithm, bytes: &[u8]) -> Result<Private, KeyFault> {
        let unusable = |_| KeyFault::Unusable;
        Ok(match algorithm {
            Algorithm::Ed25519 => {
                // The PASETO library panics on an all-zero seed, so it never sees one.
                if bytes.iter().all(|b| *b == 0) {
                    return Err(KeyFault::Unusable);
                }
                let pair = Ed25519KeyPair::from_seed_unchecked(bytes).map_err(unusable)?;
                let both = Zeroizing::new([bytes, pair.public_key().as_ref()].concat());
                let native = AsymmetricSecretKey::from(&both).map_err(|_| KeyFault::Unusable)?;
                Private::Ed25519(Box::new(pair), Box::new(native))
            }
            Algorithm::P256 => Private::P256(Box::new(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes)
                    .map_err(unusable)?,
            )),
            Algorithm::Rsa => {
                Private::Rsa(Box::new(RsaKeyPair::from_pkcs8(bytes).map_err(unusable)?))
            }
        })
    }

    /// The raw public half: 32 bytes, an uncompressed point, or a DER `RSAPublicKey`.
    pub fn public(&self) -> Vec<u8> {
        match self {
            Private::Ed25519(pair, _) => pair.public_key().as_ref().to_vec(),
            Private::P256(pair) => pair.public_key().as_ref().to_vec(),
            Private::Rsa(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// For the PASETO library; only Ed25519 has one.
    pub fn native(&self) -> Option<&AsymmetricSecretKey<V4>> {
        match self {
            Private::Ed25519(_, native) => Some(native),
            Private::P256(_) | Private::Rsa(_) => None,
        }
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let random = SystemRandom::new();
        Ok(match self {
            Private::Ed25519(pair, _) => pair.try_sign(message)?.as_ref().to_vec(),
            Private::P256(pair) => low(pair.sign(&random, message)?.as_ref().to_vec()),
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
        })
    }
}

/// The order of P-256's group, and half of it, most significant byte first.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P256_HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde,
    0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// Whether `s` is the smaller of the two that the equation of ECDSA holds for.
fn is_low(signature: &[u8]) -> bool {
    signature.get(32..).is_some_and(|s| s <= P256_HALF.as_slice())
}

/// The same signature with the smaller `s`.
fn low(mut signature: Vec<u8>) -> Vec<u8> {
    if is_low(&signature) {
        return signature;
    }
    let mut borrow = false;
    for (digit, order) in signature.iter_mut().skip(32).zip(P256_ORDER).rev() {
        let (part, under) = order.overflowing_sub(*digit);
        let (rest, again) = part.overflowing_sub(u8::from(borrow));
        (*digit, borrow) = (rest, under || again);
    }
    signature
}

/// A public key that verifies.
pub struct Public {
    algorithm: Algorithm,
    bytes: Vec<u8>,
    parsed: ParsedPublicKey,
    native: Option<AsymmetricPublicKey<V4>>,
}

impl Public {
    /// Reads a raw public half.
    ///
    /// # Errors
    /// When it is no key of the algorithm.
    pub fn read(algorithm: Algorithm, bytes: &[u8]) -> Result<Public, KeyFault> {
        let parsed = match algorithm {
            Algorithm::Ed25519 => ParsedPublicKey::new(&ED25519, bytes),
            Algorithm::P256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes),
            Algorithm::Rsa => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes),
        };
        let native = match algorithm {
            Algorithm::Ed25519 => {
                Some(AsymmetricPublicKey::from(bytes).map_err(|_| KeyFault::Unusable)?)
            }
            Algorithm::P256 | Algorithm::Rsa => None,
        };
        let parsed = parsed.map_err(|_| KeyFault::Unusable)?;
        Ok(Public { algorithm, bytes: bytes.to_vec(), parsed, native })
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw key.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the signature is this key's over the message. Of the two spellings that each
    /// signature of ECDSA has, only the one that this program writes counts: a token is what it is,
    /// byte for byte.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        if self.algorithm == Algorithm::P256 && !is_low(signature) {
            return false;
        }
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// The members of its JWK that make its thumbprint.
    pub fn jwk(&self) -> Result<Value, KeyFault> {
        Ok(match self.algorithm {
            Algorithm::Ed25519 => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(&self.bytes)})
            }
            Algorithm::P256 => {
                let point = self.bytes.get(1..).filter(|p| p.len() == 64);
                let (x, y) = point.ok_or(KeyFault::Unusable)?.split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y)})
            }
            Algorithm::Rsa => {
                let (rest, key) =
                    RSAPublicKey::from_der(&self.bytes).map_err(|_| KeyFault::Unusable)?;
                if !rest.is_empty() {
                    return Err(KeyFault::Unusable);
                }
                let plain = |n: &[u8]| {
                    let zeros = n.iter().take_while(|b| **b == 0).count();
                    B64.encode(n.get(zeros..).unwrap_or_default())
                };
                json!({"kty": "RSA", "n": plain(key.modulus), "e": plain(key.exponent)})
            }
        })
    }

    /// The key's id: a PASERK id for keys of native tokens, an RFC 7638 thumbprint for the rest.
    pub fn kid(&self, purpose: KeyPurpose) -> Result<String, KeyFault> {
        if is_native(purpose) {
            let mut kid = String::new();
            let native = self.native.as_ref().ok_or(KeyFault::Unusable)?;
            Id::from(native).fmt(&mut kid).map_err(|_| KeyFault::Unusable)?;
            return Ok(kid);
        }
        Ok(thumbprint(&self.jwk()?))
    }
}

/// The RFC 7638 thumbprint of a JWK that has its required members only.
pub fn thumbprint(jwk: &Value) -> String {
    B64.encode(Hash::of_json(jwk).0)
}
