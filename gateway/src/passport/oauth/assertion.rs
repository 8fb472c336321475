//! Clients that sign who they are (RFC 7523, `private_key_jwt`): an assertion is for this server,
//! short-lived, and used once.

use super::secret::sha256;
use crate::passport::format::{jws, strict};
use engine::{Moment, Span};
use serde_json::{Map, Value};

/// The type of such an assertion.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest life that an assertion may have.
const LIFE_MAX: Span = Span::secs(600);
/// How far the clocks of clients may be ahead.
pub const SKEW: Span = Span::secs(60);
/// Longest id, bytes.
const JTI_BYTES_MAX: usize = 256;

/// A good assertion.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assertion {
    /// Under what its use is remembered.
    pub use_key: [u8; 32],
    /// Until when that must be remembered.
    pub exp: Moment,
}

/// The client that an assertion names; nothing of it is believed yet.
pub fn named_client(assertion: &str) -> Option<String> {
    let parts = jws::split(assertion).ok()?;
    let claims: Map<String, Value> = strict::from_str(&parts.payload).ok()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}

/// Checks an assertion against the client's keys.
pub fn check(
    assertion: &str,
    client: &str,
    keys: &Value,
    audiences: &[&str],
    now: Moment,
) -> Option<Assertion> {
    let claims = jws::client_claims(assertion, keys).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
    if text("iss") != Some(client) || text("sub") != Some(client) {
        return None;
    }
    let for_us = |value: &Value| value.as_str().is_some_and(|aud| audiences.contains(&aud));
    match claims.get("aud")? {
        Value::Array(list) if list.len() == 1 => for_us(list.first()?).then_some(())?,
        one => for_us(one).then_some(())?,
    }
    let at = |seconds: i64| Some(Moment(seconds.checked_mul(1_000)?));
    let exp = at(seconds("exp")?)?;
    let fresh = now < exp && exp <= now + LIFE_MAX + SKEW;
    let begun = |name: &str| match claims.get(name) {
        None => Some(true),
        Some(value) => Some(at(value.as_i64()?)? <= now + SKEW),
    };
    if !fresh || !begun("iat")? || !begun("nbf")? {
        return None;
    }
    let jti = text("jti").filter(|jti| !jti.is_empty() && jti.len() <= JTI_BYTES_MAX)?;
    Some(Assertion { use_key: sha256(format!("{client}\n{jti}").as_bytes()), exp })
}
