//! The documented JSON record: who a person is, as a list of claims with two signatures.
//!
//! Both are detached compact JWS over the canonical form (RFC 8785): the person's own over the
//! record without either signature, this installation's over the record without `signature` alone,
//! so that it covers the person's. A record is signed with the `qr` keys.

use super::payload::{scope_of, scope_text, seconds};
use super::{TokenFault, strict};
use crate::passport::keys::{KeyFault, Keyring, Ring};
use base64::Engine as _;
use base64::engine::general_purpose::{
    STANDARD, URL_SAFE, URL_SAFE_NO_PAD, URL_SAFE_NO_PAD as B64,
};
use engine::Moment;
use engine::canon::canonical;
use engine::identity::{Claims, Class, KeyPurpose, Level};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A claim is two keys; a record has up to forty of them.
const LIMITS: strict::Limits = strict::Limits { depth: 6, keys: 128 };
/// Most groups of a record that is shown as a picture.
pub const QR_GROUPS_MAX: usize = 10;
/// Longest record that is shown as a picture, bytes.
pub const QR_BYTES_MAX: usize = 1_000;

/// The record, as its documentation names its members.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Record {
    /// The UPN.
    pub principal: String,
    /// The uid.
    pub uid: uuid::Uuid,
    /// The name to show.
    pub display_name: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Everything else; a type comes once.
    pub claims: Vec<Claim>,
    /// The person's own signature, where they have enrolled a key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal_signature: Option<String>,
    /// This installation's signature.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<String>,
}

/// One claim.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its name.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value.
    pub value: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
}

impl Record {
    /// The record of claims, without signatures. A picture carries the eight claims that every
    /// record has, and the few that say who somebody is.
    ///
    /// # Errors
    /// When a claim cannot be written.
    pub fn of(claims: &Claims) -> Result<Record, KeyFault> {
        let mut all = Vec::new();
        let mut put = |kind: &str, value: Value| {
            if !value.is_null() {
                all.push(Claim { kind: kind.to_owned(), value });
            }
        };
        let time = |at: Moment| Value::from(at.0.div_euclid(1_000));
        let word =
            |value: serde_json::Result<Value>| value.map_err(|_| KeyFault::Unwritable("a claim"));
        put("iss", claims.iss.as_str().into());
        put("aud", claims.aud.as_str().into());
        put("cls", claims.cls.word().into());
        put("iat", time(claims.iat));
        put("nbf", time(claims.nbf));
        put("exp", time(claims.exp));
        put("jti", claims.jti.as_str().into());
        put("ep", word(serde_json::to_value(claims.ep))?);
        if !claims.roles.is_empty() {
            put("roles", word(serde_json::to_value(&claims.roles))?);
        }
        let whole = claims.cls != Class::Qr;
        if whole || claims.ep.of(Level::Organisation).is_some() {
            put("oid", json!(claims.oid));
        }
        if whole || claims.ep.of(Level::Client).is_some() {
            put("cid", claims.cid.as_str().into());
        }
        put("person", json!(claims.person));
        if whole {
            put("sid", claims.sid.as_str().into());
            put("opn", json!(claims.opn));
            put("auth_time", time(claims.auth_time));
            put("acr", claims.acr.as_str().into());
            put("amr", json!(claims.amr));
            put("scope", json!(scope_text(&claims.scope)));
            put("act", word(serde_json::to_value(&claims.act))?);
            put("orig", word(serde_json::to_value(&claims.orig))?);
            put("cnf", word(serde_json::to_value(&claims.cnf))?);
            put("rw", claims.rw.map_or(Value::Null, time));
        }
        for (kind, value) in &claims.claims {
            put(kind, value.clone());
        }
        Ok(Record {
            principal: claims.upn.clone(),
            uid: claims.sub,
            display_name: claims.name.clone(),
            groups: claims.groups.iter().cloned().collect(),
            claims: all,
            principal_signature: None,
            signature: None,
        })
    }

    /// What the person signs.
    pub fn principal_message(&self) -> Vec<u8> {
        canonical(&Record { principal_signature: None, signature: None, ..self.clone() })
    }

    /// What this installation signs.
    pub fn message(&self) -> Vec<u8> {
        canonical(&Record { signature: None, ..self.clone() })
    }

    /// Signs the record, the person's signature in it included.
    ///
    /// # Errors
    /// When there is no key, or it fails.
    pub fn signed(mut self, keyring: &Keyring) -> Result<Record, KeyFault> {
        self.signature = None;
        let message = B64.encode(self.message());
        let signature = keyring.signing(KeyPurpose::Qr, |kid, private| {
            let header = Header { alg: "Ed25519".to_owned(), kid: kid.to_owned() };
            let header =
                serde_json::to_vec(&header).map_err(|_| KeyFault::Unwritable("a header"))?;
            let header = B64.encode(header);
            let signature = private.sign(format!("{header}.{message}").as_bytes())?;
            Ok(format!("{header}..{}", B64.encode(signature)))
        })?;
        self.signature = Some(signature);
        Ok(self)
    }

    /// Whether the person's own signature is that of their enrolled key.
    ///
    /// # Errors
    /// When there is no such signature, or it does not fit.
    pub fn check_principal(&self, jwk: &Map<String, Value>) -> Result<(), TokenFault> {
        let detached = self.principal_signature.as_deref().ok_or(TokenFault::Malformed)?;
        let (header, signed, signature) = attached(detached, &self.principal_message())?;
        let key = super::jws::Foreign::read(jwk).map_err(|_| TokenFault::Key)?;
        let fits = key.verifies(&header.alg, signed.as_bytes(), &signature);
        if fits { Ok(()) } else { Err(TokenFault::Forged) }
    }

    /// Reads and verifies a record, plain or in base64, all but audience, times and revocation.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn open(ring: &Ring, text: &str, now: Moment) -> Result<Record, TokenFault> {
        let decoded = decode(text)?;
        let json = decoded.as_deref().unwrap_or(text);
        let record: Record =
            strict::from_str_within(json, LIMITS).map_err(|_| TokenFault::Malformed)?;
        let detached = record.signature.as_deref().ok_or(TokenFault::Malformed)?;
        let (header, signed, signature) = attached(detached, &record.message())?;
        if !matches!(header.alg.as_str(), "Ed25519" | "EdDSA") {
            return Err(TokenFault::Key);
        }
        let key = ring.verifying(&header.kid, &[KeyPurpose::Qr], now).ok_or(TokenFault::Key)?;
        if key.public.verifies(signed.as_bytes(), &signature) {
            Ok(record)
        } else {
            Err(TokenFault::Forged)
        }
    }

    /// The claims; the eight mandatory ones must be there, and each type once.
    ///
    /// # Errors
    /// `Claims`.
    pub fn into_claims(self) -> Result<Claims, TokenFault> {
        let mut all = BTreeMap::new();
        for claim in self.claims {
            if all.insert(claim.kind, claim.value).is_some() {
                return Err(TokenFault::Claims);
            }
        }
        let mut all = Bag(all);
        let jti: String = all.must("jti")?;
        let iat = all.must_time("iat")?;
        if jti.is_empty() {
            return Err(TokenFault::Claims);
        }
        Ok(Claims {
            iss: all.must("iss")?,
            sub: self.uid,
            aud: all.must("aud")?,
            iat,
            nbf: all.must_time("nbf")?,
            exp: all.must_time("exp")?,
            cls: all.must("cls")?,
            sid: all.may("sid")?.unwrap_or_else(|| jti.clone()),
            jti,
            upn: self.principal,
            name: self.display_name,
            person: all.may("person")?,
            oid: all.may("oid")?,
            opn: all.may("opn")?,
            roles: all.may("roles")?.unwrap_or_default(),
            groups: self.groups.into_iter().collect(),
            cid: all.may("cid")?.unwrap_or_default(),
            ep: all.must("ep")?,
            auth_time: all.time("auth_time")?.unwrap_or(iat),
            acr: all.may("acr")?.unwrap_or_default(),
            amr: all.may("amr")?.unwrap_or_default(),
            scope: scope_of(all.may::<String>("scope")?.as_deref()),
            act: all.may("act")?,
            orig: all.may("orig")?,
            cnf: all.may("cnf")?,
            rw: all.time("rw")?,
            claims: all.0,
        })
    }
}

struct Bag(BTreeMap<String, Value>);

impl Bag {
    fn may<T: DeserializeOwned>(&mut self, kind: &str) -> Result<Option<T>, TokenFault> {
        let value = self.0.remove(kind).map(serde_json::from_value).transpose();
        value.map_err(|_| TokenFault::Claims)
    }

    fn must<T: DeserializeOwned>(&mut self, kind: &str) -> Result<T, TokenFault> {
        self.may(kind)?.ok_or(TokenFault::Claims)
    }

    fn time(&mut self, kind: &str) -> Result<Option<Moment>, TokenFault> {
        let value: Option<i64> = self.may(kind)?;
        value.map(|s| seconds(s).ok_or(TokenFault::Claims)).transpose()
    }

    fn must_time(&mut self, kind: &str) -> Result<Moment, TokenFault> {
        self.time(kind)?.ok_or(TokenFault::Claims)
    }
}

/// A detached JWS with its payload put back: header, what was signed, signature.
fn attached(detached: &str, message: &[u8]) -> Result<(Header, String, Vec<u8>), TokenFault> {
    let (head, signature) = detached.split_once("..").ok_or(TokenFault::Malformed)?;
    let bytes = |text: &str| B64.decode(text).map_err(|_| TokenFault::Malformed);
    let header = String::from_utf8(bytes(head)?).map_err(|_| TokenFault::Malformed)?;
    let header = strict::from_str(&header).map_err(|_| TokenFault::Malformed)?;
    let signed = format!("{head}.{}", B64.encode(message));
    Ok((header, signed, bytes(signature)?))
}

/// Decodes base64 once, unless the text begins as JSON does: the standard alphabet with padding, or
/// the one for addresses; never a mixture, never twice.
fn decode(text: &str) -> Result<Option<String>, TokenFault> {
    if text.starts_with('{') {
        return Ok(None);
    }
    let padded = text.ends_with('=');
    let engine = if text.contains(['+', '/']) {
        &STANDARD
    } else if text.contains(['-', '_']) {
        if padded { &URL_SAFE } else { &URL_SAFE_NO_PAD }
    } else if padded || text.len().is_multiple_of(4) {
        &STANDARD
    } else {
        &URL_SAFE_NO_PAD
    };
    let bytes = engine.decode(text).map_err(|_| TokenFault::Malformed)?;
    String::from_utf8(bytes).map(Some).map_err(|_| TokenFault::Malformed)
}

/// The record of claims, signed, as JSON or in base64.
pub(super) fn issue(keyring: &Keyring, claims: &Claims, base64: bool) -> Result<String, KeyFault> {
    let record = Record::of(claims)?.signed(keyring)?;
    let text = serde_json::to_string(&record).map_err(|_| KeyFault::Unwritable("a claim"))?;
    if claims.cls == Class::Qr && claims.groups.len() > QR_GROUPS_MAX {
        return Err(KeyFault::Unwritable("too many groups for a picture"));
    }
    if claims.cls == Class::Qr && text.len() > QR_BYTES_MAX {
        return Err(KeyFault::Unwritable("too long for a picture"));
    }
    Ok(if base64 { STANDARD.encode(text) } else { text })
}

pub(super) fn read(ring: &Ring, token: &str, now: Moment) -> Result<Claims, TokenFault> {
    Record::open(ring, token, now)?.into_claims()
}
