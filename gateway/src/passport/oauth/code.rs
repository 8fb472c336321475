//! Authorization codes: each is taken once; one that comes again was seen by somebody, and what it
//! gave is revoked.

use super::fault::Fault;
use super::mint::{self, Granted};
use super::secret::{draw, sha256};
use crate::passport::Passport;
use engine::{Moment, Span};
use entities::NewRevocation;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// How long a code waits.
const LIFE: Span = Span::secs(60);
/// How long it is remembered what a code gave: as long as that may live.
const REMEMBERED: Span = Span::secs(31 * 86_400);
/// How long it is remembered that a code was given at all.
const SEEN: Span = Span::secs(86_400);
const KIND: &str = "code";
const KIND_SEEN: &str = "code-seen";

/// What a code stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// What it gives.
    pub granted: Granted,
    /// Where the answer went.
    pub redirect_uri: String,
    /// The PKCE challenge.
    pub challenge: String,
    /// For the id token.
    pub nonce: Option<String>,
    /// The id of the access token that it will give.
    pub jti: String,
    /// The family of refresh tokens that it will give.
    pub family: Uuid,
}

/// Keeps a code and answers its text.
///
/// # Errors
/// 503 when the store does not take it.
pub async fn keep(passport: &Passport, code: &Code) -> Result<String, Fault> {
    let text = draw(&*passport.ids);
    let hash = sha256(text.as_bytes());
    let now = passport.clock.now();
    // What a replay must revoke is settled and kept before there is anything to replay.
    let seen = json!({"jti": code.jti, "family": code.family, "cid": code.granted.cid});
    passport.store.put_once(KIND_SEEN, &hash, &seen, now + SEEN).await?;
    let body = serde_json::to_value(code).map_err(|_| Fault::unavailable())?;
    passport.store.put_once(KIND, &hash, &body, now + LIFE).await?;
    Ok(text)
}

/// Takes a code for a client. A code that was taken before ends what it gave.
///
/// # Errors
/// `invalid_grant` when it is no good; 503 when the store does not answer.
pub async fn take(passport: &Passport, text: &str, client: &str) -> Result<Code, Fault> {
    let hash = sha256(text.as_bytes());
    let now = passport.clock.now();
    if let Some(body) = passport.store.take_once(KIND, &hash, now).await? {
        let code: Code = serde_json::from_value(body).map_err(|_| Fault::invalid_grant())?;
        if code.granted.cid == client {
            return Ok(code);
        }
        // Another client has it: it is lost.
        return Err(Fault::invalid_grant());
    }
    if let Some(seen) = passport.store.take_once(KIND_SEEN, &hash, now).await? {
        let jti = seen.get("jti").and_then(|v| v.as_str()).unwrap_or_default();
        let family = seen.get("family").and_then(|v| v.as_str()).unwrap_or_default();
        revoke(passport, jti, Uuid::parse_str(family).ok(), now).await?;
        let detail = json!({"jti": jti, "family": family, "what": "code"});
        mint::record(passport, "token.reuse", Some(client), None, detail).await?;
    }
    Err(Fault::invalid_grant())
}

/// Revokes an access token, what was made from it, and a family of refresh tokens.
///
/// # Errors
/// 503 when the store does not take it.
pub async fn revoke(
    passport: &Passport,
    jti: &str,
    family: Option<Uuid>,
    now: Moment,
) -> Result<(), Fault> {
    let revocation = NewRevocation {
        jti: Some(jti.to_owned()),
        sid: None,
        orig: Some(jti.to_owned()),
        reason: "a grant came twice".to_owned(),
        at: now,
        expires_at: now + REMEMBERED,
    };
    passport.revocation.revoke(&revocation).await?;
    if let Some(family) = family {
        // The winner may be about to make it: it then finds the family ended.
        passport.store.end_family(family, now).await?;
    }
    Ok(())
}

/// Whether a code that was taken has come again since.
///
/// # Errors
/// 503 when the store does not answer.
pub async fn came_again(passport: &Passport, text: &str, now: Moment) -> Result<bool, Fault> {
    let seen = passport.store.look_once(KIND_SEEN, &sha256(text.as_bytes()), now).await?;
    Ok(seen.is_none())
}
