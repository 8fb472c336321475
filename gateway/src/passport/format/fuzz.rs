//! What fuzzing feeds: one entry for each parser of what strangers send. `ops/fuzz` calls them with
//! the bytes of a fuzzer, and a test with those of a generator that always draws the same.
//!
//! An input is a recipe: `craft` changes valid tokens as it says, blindly or with knowledge of
//! their form, and signs some of them again with the right keys. What must hold then:
//! a token that this installation did not sign as it is never verifies; what verifies says the same
//! when it is written again; its JSON names no key twice and is not deep. A parser that panics ends
//! the run by itself.

mod changes;
mod craft;
mod oracle;

pub use craft::{Bench, Crafted, Family};

use super::dpop::{Proof, check_proof};
use super::qr::{self, Checked, Verdict};
use super::{Audience, Expect, Format, JwtAlg, strict};
use crate::error::Trouble;
use crate::passport::keys::{Kek, Keyring};
use actors::clock::{SystemClock, SystemIds};
use actors::ports::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use craft::{PROOF_METHOD, PROOF_URL, SPN};
use engine::Moment;
use engine::identity::{Claims, Class};
use entities::{OpenOptions, Store};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// The issuer of [`bench_in`]'s keys.
const ISSUER: &str = "https://id.example";

/// What came of an input that broke no promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The parser took it.
    Taken,
    /// It did not.
    Refused,
}

/// A promise that a parser broke, and with what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The promise.
    pub what: String,
    /// The input as the parser saw it.
    pub input: String,
}

/// An entry point.
pub type Entry = fn(&Bench, &[u8]) -> Result<Fate, Broken>;

/// Every entry point by name.
pub const ENTRIES: [(&str, Entry); 6] = [
    ("paseto", paseto),
    ("jwt", jwt),
    ("record", record),
    ("qr", qr),
    ("proof", proof),
    ("json", json),
];

/// A bench with new keys, kept in a directory that is empty.
///
/// # Errors
/// When nothing can be kept there.
pub async fn bench_in(dir: &Path) -> Result<Bench, Trouble> {
    let said = |e: &dyn std::fmt::Display| Trouble::new(e.to_string());
    let path = dir.join("nsk.db");
    migrations::up(&migrations::file_url(&path)).await.map_err(|e| said(&e))?;
    let store = Store::open(&path, OpenOptions::default()).await.map_err(|e| said(&e))?;
    let clock = Arc::new(SystemClock);
    let now = Moment(clock.now().0.div_euclid(1_000) * 1_000);
    let kek = Kek::new([9; 32]);
    let keyring = Keyring::start(&store, Arc::new(SystemIds), clock, kek, ISSUER).await?;
    Bench::new(keyring, now).map_err(|e| said(&e))
}

/// PASETO v4.public.
///
/// # Errors
/// A broken promise.
pub fn paseto(bench: &Bench, recipe: &[u8]) -> Result<Fate, Broken> {
    judge_token(bench, &bench.craft(Family::Paseto, recipe), verified)
}

/// JWT.
///
/// # Errors
/// A broken promise.
pub fn jwt(bench: &Bench, recipe: &[u8]) -> Result<Fate, Broken> {
    judge_token(bench, &bench.craft(Family::Jwt, recipe), verified)
}

/// The JSON record, plain and in base64.
///
/// # Errors
/// A broken promise.
pub fn record(bench: &Bench, recipe: &[u8]) -> Result<Fate, Broken> {
    judge_token(bench, &bench.craft(Family::Record, recipe), verified)
}

/// What a scanner of pictures sees.
///
/// # Errors
/// A broken promise.
pub fn qr(bench: &Bench, recipe: &[u8]) -> Result<Fate, Broken> {
    judge_token(bench, &bench.craft(Family::Qr, recipe), scanned)
}

/// A proof of possession.
///
/// # Errors
/// A broken promise.
pub fn proof(bench: &Bench, recipe: &[u8]) -> Result<Fate, Broken> {
    judge_proof(bench, &bench.craft(Family::Proof, recipe), proved)
}

/// The strict reader of JSON by itself.
///
/// # Errors
/// A broken promise.
pub fn json(bench: &Bench, recipe: &[u8]) -> Result<Fate, Broken> {
    judge_json(&bench.craft(Family::Json, recipe), |text| strict::from_str(text).ok())
}

/// How this program reads a token.
pub fn verified(bench: &Bench, text: &str) -> Option<Claims> {
    let expect = Expect { classes: &Class::ALL, audience: Audience::Any };
    bench.keyring.ring().verify(text, &expect, bench.now).ok()
}

/// How it reads what was scanned.
pub fn scanned(bench: &Bench, text: &str) -> Option<Claims> {
    let ring = bench.keyring.ring();
    match qr::read(&ring, text.as_bytes(), SPN, bench.now, |_| Checked::Never) {
        Verdict::ValidUncheckedSince(claims, None) => Some(*claims),
        _ => None,
    }
}

/// How it reads a proof.
pub fn proved(bench: &Bench, text: &str) -> Option<Proof> {
    check_proof(text, PROOF_METHOD, PROOF_URL, None, bench.now).ok()
}

fn broken<T>(what: &str, input: &str) -> Result<T, Broken> {
    Err(Broken { what: what.to_owned(), input: input.to_owned() })
}

/// Holds a reader of tokens to what is promised.
///
/// # Errors
/// The promise that it broke.
pub fn judge_token(
    bench: &Bench,
    crafted: &Crafted,
    reader: impl Fn(&Bench, &str) -> Option<Claims>,
) -> Result<Fate, Broken> {
    let text = &crafted.text;
    let Some(claims) = reader(bench, text) else {
        let own = !crafted.resigned && bench.is_own(crafted.family, text);
        return if own { broken("a token of ours is refused", text) } else { Ok(Fate::Refused) };
    };
    for document in oracle::documents(crafted.family, text) {
        if let Some(fault) = oracle::fault_of(&document) {
            return broken(fault, text);
        }
    }
    if !crafted.resigned && !bench.is_said(text) {
        return broken("nobody signed this as it is", text);
    }
    let format = match text {
        native if native.starts_with("v4.") => Format::Paseto,
        jwt if jwt.contains('.') && jwt.starts_with("eyJ") => Format::Jwt(JwtAlg::EdDsa),
        record => Format::Record { base64: !record.starts_with('{') },
    };
    let Ok(again) = bench.keyring.issue(&claims, format) else {
        // Only a record for a picture has a smaller bound than what is read.
        return if claims.cls == Class::Qr { Ok(Fate::Taken) } else { broken("unwritable", text) };
    };
    if reader(bench, &again).as_ref() != Some(&claims) {
        return broken("written again it says something else", text);
    }
    // Signatures of Ed25519 are the same each time; those of ECDSA are not.
    let same = format != Format::Jwt(JwtAlg::EdDsa);
    if same && !crafted.resigned && respelled(text) != respelled(&again) {
        return broken("written again it reads differently", text);
    }
    Ok(Fate::Taken)
}

/// What a record says: the order of its members, white space in its JSON and the alphabet of its
/// base64 mean nothing. Everything else stays as it is.
fn respelled(text: &str) -> String {
    let Some(decoded) = oracle::from_base64(text) else { return said(text, text) };
    let engines = [&STANDARD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let canonical = engines.into_iter().any(|engine| engine.encode(&decoded) == text);
    if canonical { said(&decoded, text) } else { text.to_owned() }
}

fn said(json: &str, text: &str) -> String {
    match serde_json::from_str::<Value>(json) {
        Ok(value) => STANDARD.encode(engine::canon::canonical(&value)),
        Err(_) => text.to_owned(),
    }
}

/// Holds a reader of proofs to what is promised.
///
/// # Errors
/// The promise that it broke.
pub fn judge_proof(
    bench: &Bench,
    crafted: &Crafted,
    reader: impl Fn(&Bench, &str) -> Option<Proof>,
) -> Result<Fate, Broken> {
    let text = &crafted.text;
    let Some(proof) = reader(bench, text) else { return Ok(Fate::Refused) };
    for document in oracle::documents(Family::Proof, text) {
        if let Some(fault) = oracle::fault_of(&document) {
            return broken(fault, text);
        }
    }
    if !crafted.resigned && !bench.is_said(text) {
        return broken("nobody signed this as it is", text);
    }
    if proof.jkt != bench.jkt() || proof.jti.is_empty() {
        return broken("a proof of another key, or without an id", text);
    }
    Ok(Fate::Taken)
}

/// Holds a strict reader of JSON to what is promised.
///
/// # Errors
/// The promise that it broke.
pub fn judge_json(
    crafted: &Crafted,
    reader: impl Fn(&str) -> Option<Value>,
) -> Result<Fate, Broken> {
    let text = &crafted.text;
    match (reader(text), oracle::fault_of(text)) {
        (None, _) => Ok(Fate::Refused),
        (Some(_), Some(fault)) => broken(fault, text),
        (Some(ref value), None)
            if serde_json::from_str::<Value>(text).is_ok_and(|other| other == *value) =>
        {
            Ok(Fate::Taken)
        }
        (Some(_), None) => broken("it was read as something else", text),
    }
}
