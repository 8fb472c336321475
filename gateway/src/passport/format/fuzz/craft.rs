//! Valid tokens of real keys, and what a recipe makes of them.

use super::super::{Format, JwtAlg, jwt, paseto};
use super::changes::{ODD, Tape, edit, insert_member, last_bits, other_signature, swap_alphabet};
use crate::passport::format::jws::Foreign;
use crate::passport::keys::{KeyFault, Keyring};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::Moment;
use engine::exam::Role;
use engine::identity::{Act, Claims, Class, Confirmation, Epochs, KeyPurpose, Original};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// For whom the tokens are.
pub(super) const SPN: &str = "mak/mak-07";
/// The request that the proofs are for.
pub(super) const PROOF_METHOD: &str = "POST";
pub(super) const PROOF_URL: &str = "https://id.example/oauth/token";
/// Most changes of one recipe.
const CHANGES_MAX: usize = 6;
/// Whose parser is fed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// PASETO.
    Paseto,
    /// JWT.
    Jwt,
    /// The record.
    Record,
    /// A record that was scanned.
    Qr,
    /// A proof of possession.
    Proof,
    /// JSON by itself.
    Json,
}

/// What a recipe made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crafted {
    /// For this parser.
    pub family: Family,
    /// The text.
    pub text: String,
    /// What is inside was changed, and then signed again with the right key.
    pub resigned: bool,
}

/// The keys and the valid tokens.
pub struct Bench {
    /// The installation's keys.
    pub keyring: Keyring,
    /// The moment at which the tokens are valid.
    pub now: Moment,
    holder: Ed25519KeyPair,
    /// Valid texts; of records also what they say.
    own: BTreeMap<String, Option<String>>,
    tokens: Vec<(Family, String)>,
}

impl Bench {
    /// Makes valid tokens of every format with these keys.
    ///
    /// # Errors
    /// When a key fails.
    pub fn new(keyring: Keyring, now: Moment) -> Result<Bench, KeyFault> {
        let holder = Ed25519KeyPair::from_seed_unchecked(&[7; 32]);
        let holder = holder.map_err(|_| KeyFault::Unusable)?;
        let (own, tokens) = (BTreeMap::new(), Vec::new());
        let mut bench = Bench { keyring, now, holder, own, tokens };
        for class in [Class::Base, Class::Svc, Class::Dlg, Class::Mak] {
            let claims = bench.claims(class);
            for (family, format) in [
                (Family::Paseto, Format::Paseto),
                (Family::Jwt, Format::Jwt(JwtAlg::Es256)),
                (Family::Jwt, Format::Jwt(JwtAlg::EdDsa)),
                (Family::Record, Format::Record { base64: false }),
                (Family::Record, Format::Record { base64: true }),
            ] {
                let token = bench.keyring.issue(&claims, format)?;
                bench.keep(family, token);
            }
        }
        for base64 in [false, true] {
            let token = bench.keyring.issue(&bench.claims(Class::Qr), Format::Record { base64 })?;
            bench.keep(Family::Qr, token);
        }
        let seconds = now.0.div_euclid(1_000);
        let body = json!({
            "htm": PROOF_METHOD, "htu": PROOF_URL, "iat": seconds, "jti": "one", "nonce": "n",
        });
        let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": bench.jwk()});
        let proof = bench.prove(&header.to_string(), &body.to_string());
        bench.keep(Family::Proof, proof);
        let text = r#"{"a":{"b":[1,2.5,true,null,"x",-1]},"c":{"b":"\u00e9\n"}}"#;
        bench.keep(Family::Json, text.to_owned());
        Ok(bench)
    }

    fn keep(&mut self, family: Family, token: String) {
        let record = matches!(family, Family::Record | Family::Qr);
        self.own.insert(token.clone(), record.then(|| super::respelled(&token)));
        self.tokens.push((family, token));
    }

    fn claims(&self, cls: Class) -> Claims {
        let at = |s: i64| Moment(self.now.0 + s * 1_000);
        let whole = cls != Class::Qr;
        Claims {
            iss: self.keyring.issuer().to_owned(),
            sub: Uuid::from_u128(7),
            aud: SPN.to_owned(),
            iat: self.now,
            nbf: self.now,
            exp: at(7_200),
            jti: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            cls,
            sid: if whole { "sign-in".to_owned() } else { "AAAAAAAAAAAAAAAAAAAAAA".to_owned() },
            upn: "ivanov.ii@nark.example".to_owned(),
            name: "Иванов И. И. \"cls\":\"mak\"".to_owned(),
            person: Some(engine::PersonId(12)),
            oid: whole.then(|| Uuid::from_u128(8)),
            opn: whole.then(|| "org/coc-12@nark.example".to_owned()),
            roles: [Role::Expert].into(),
            groups: ["coc-12/expert".to_owned()].into(),
            claims: [].into(),
            cid: if whole { "portal".to_owned() } else { String::new() },
            ep: Epochs { g: Some(1), u: Some(3), o: whole.then_some(1), ..Epochs::default() },
            auth_time: self.now,
            acr: if whole { "urn:nsk:acr:two-factor".to_owned() } else { String::new() },
            amr: ["pwd".to_owned()].into_iter().filter(|_| whole).collect(),
            scope: ["exam".to_owned()].into_iter().filter(|_| whole).collect(),
            act: whole.then(|| Act { sub: "coc/portal".to_owned(), act: None }),
            orig: whole.then(|| Original { jti: "o".to_owned(), exp: 1_796_007_200 }),
            cnf: whole.then(|| Confirmation { jkt: Some("thumb".to_owned()), dkt: None }),
            rw: whole.then(|| at(5_400)),
        }
    }

    fn jwk(&self) -> Value {
        let x = B64.encode(self.holder.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "x": x})
    }

    /// The thumbprint of the key that makes the proofs.
    pub(super) fn jkt(&self) -> String {
        let jwk: Map<String, Value> = self.jwk().as_object().cloned().unwrap_or_default();
        Foreign::read(&jwk).map(|key| key.thumbprint).unwrap_or_default()
    }

    fn prove(&self, header: &str, body: &str) -> String {
        let signed = format!("{}.{}", B64.encode(header), B64.encode(body));
        let signature = self.holder.sign(signed.as_bytes());
        format!("{signed}.{}", B64.encode(signature.as_ref()))
    }

    /// Whether a text is one of the valid tokens of a family, byte for byte.
    pub(super) fn is_own(&self, family: Family, text: &str) -> bool {
        self.tokens.iter().any(|(of, own)| *of == family && own == text)
    }

    /// Whether a text is one of the valid tokens but for what a record's signature deliberately
    /// does not cover: how its JSON is spelled, and in which alphabet.
    pub(super) fn is_said(&self, text: &str) -> bool {
        self.own.contains_key(text) || {
            let said = super::respelled(text);
            self.own.values().any(|own| own.as_ref() == Some(&said))
        }
    }

    /// The valid tokens of a family.
    pub fn tokens(&self, family: Family) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter(move |(own, _)| *own == family).map(|(_, token)| token.as_str())
    }

    /// Follows a recipe.
    pub fn craft(&self, family: Family, recipe: &[u8]) -> Crafted {
        let mut tape = Tape(recipe);
        let way = tape.next();
        if way == 255 {
            let text = String::from_utf8_lossy(tape.0).into_owned();
            return Crafted { family, text, resigned: false };
        }
        let own: Vec<&String> =
            self.tokens.iter().filter(|(of, _)| *of == family).map(|(_, token)| token).collect();
        let mut text = tape.pick(&own).cloned().unwrap_or_default();
        if way % 2 == 1
            && let Some(resigned) = self.signed_again(family, &text, &mut tape)
        {
            return Crafted { family, text: resigned, resigned: true };
        }
        for _ in 0..way / 2 % CHANGES_MAX {
            text = self.changed(&text, &mut tape);
        }
        Crafted { family, text, resigned: false }
    }

    /// One change of a token as text.
    fn changed(&self, text: &str, tape: &mut Tape<'_>) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let at = tape.below(bytes.len() + 1);
        let until = (at + tape.next() % 9).min(bytes.len());
        match tape.next() % 12 {
            0 => drop(bytes.get_mut(at).map(|byte| *byte ^= 1 << (at % 7))),
            1 => drop(bytes.get_mut(at).map(|byte| *byte = b'A')),
            2 => drop(bytes.drain(at..until)),
            3 => drop(bytes.splice(at..at, bytes.get(at..until).unwrap_or_default().to_vec())),
            4 => drop(bytes.splice(at..at, tape.pick(&ODD).unwrap_or_default().bytes())),
            5 => bytes.extend(tape.pick(&ODD).unwrap_or_default().bytes()),
            6 => drop(bytes.splice(0..0, tape.pick(&ODD).unwrap_or_default().bytes())),
            7 => return last_bits(text, tape.next()),
            8 => return text.chars().map(|c| swap_alphabet(c, at)).collect(),
            9 => return self.spliced(text, tape),
            10 => return other_signature(text).unwrap_or_default(),
            _ => return insert_member(text, tape),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A part of another token in place of one's own.
    fn spliced(&self, text: &str, tape: &mut Tape<'_>) -> String {
        let other = self.tokens.get(tape.below(self.tokens.len()));
        let mut parts: Vec<&str> = text.split('.').collect();
        let others: Vec<&str> = other.map(|(_, t)| t.split('.').collect()).unwrap_or_default();
        let (at, from) = (tape.below(parts.len()), tape.below(others.len()));
        if let (Some(part), Some(other)) = (parts.get_mut(at), others.get(from)) {
            *part = other;
        }
        parts.join(".")
    }

    /// What is inside is changed as JSON and signed with the right key.
    fn signed_again(&self, family: Family, token: &str, tape: &mut Tape<'_>) -> Option<String> {
        let parts: Vec<&str> = token.split('.').collect();
        let inside = |at: usize| B64.decode(parts.get(at)?).ok();
        let edited = |bytes: Vec<u8>, tape: &mut Tape<'_>| {
            let mut text = String::from_utf8(bytes).ok()?;
            for _ in 0..=tape.next() % 2 {
                text = edit(&text, tape);
            }
            Some(text)
        };
        match family {
            Family::Paseto => {
                let mut body = inside(2)?;
                body.truncate(body.len().checked_sub(64)?);
                let payload = edited(body, tape)?;
                let class = tape.pick(&Class::ALL)?;
                let class = if tape.next().is_multiple_of(2) { class.word() } else { "svc" };
                let assertion = format!("nsk1|{class}|{}", self.keyring.issuer());
                let (purpose, bytes) = (KeyPurpose::Paseto, payload.as_bytes());
                paseto::seal(&self.keyring, purpose, bytes, &assertion).ok()
            }
            Family::Jwt => {
                let payload = RawValue::from_string(edited(inside(1)?, tape)?).ok()?;
                jwt::sign(&self.keyring, JwtAlg::EdDsa, jwt::Typ::Access, &payload).ok()
            }
            Family::Proof => {
                let (mut header, mut body) = (inside(0)?, inside(1)?);
                let which = tape.next();
                if which.is_multiple_of(2) {
                    header = edited(header, tape)?.into_bytes();
                } else {
                    body = edited(body, tape)?.into_bytes();
                }
                Some(
                    self.prove(
                        std::str::from_utf8(&header).ok()?,
                        std::str::from_utf8(&body).ok()?,
                    ),
                )
            }
            Family::Record | Family::Qr | Family::Json => None,
        }
    }
}
