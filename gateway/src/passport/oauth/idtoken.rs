//! The id token of OpenID Connect: tells the client who has signed in, and opens nothing.

use super::fault::Fault;
use super::mint::{Granted, alg_of, unsigned};
use crate::passport::Passport;
use crate::passport::format::jwt::{IdToken, half_hash};
use engine::{Moment, Span};
use entities::{Client, User};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Its life: it is read once.
const LIFE: Span = Span::secs(3_600);

/// Writes one.
///
/// # Errors
/// 503 when it cannot be signed.
#[expect(clippy::too_many_arguments, reason = "each is a claim of its own")]
pub fn issue(
    passport: &Passport,
    client: &Client,
    user: &User,
    granted: &Granted,
    nonce: Option<&str>,
    access_token: &str,
) -> Result<String, Fault> {
    let now = passport.clock.now();
    let mut more = profile(user, &granted.scope);
    more.insert("azp".to_owned(), client.id.as_str().into());
    let token = IdToken {
        iss: passport.keys.issuer().to_owned(),
        sub: user.uid.to_string(),
        aud: client.id.clone(),
        exp: seconds(now + LIFE),
        iat: seconds(now),
        auth_time: seconds(Moment(granted.auth_time)),
        nonce: nonce.map(str::to_owned),
        acr: granted.acr.clone(),
        amr: granted.amr.iter().cloned().collect(),
        at_hash: Some(half_hash(access_token)),
        sid: granted.sid.clone(),
        more,
    };
    passport.keys.issue_id_token(&token, alg_of(client)).map_err(|fault| unsigned(&fault))
}

/// What the scope lets a client know about a person.
pub fn profile(user: &User, scope: &BTreeSet<String>) -> Map<String, Value> {
    let mut told = Map::new();
    if scope.contains("profile") {
        told.insert("name".to_owned(), user.name.as_str().into());
        told.insert("preferred_username".to_owned(), user.upn.as_str().into());
    }
    told
}

fn seconds(moment: Moment) -> i64 {
    moment.0.div_euclid(1_000)
}
