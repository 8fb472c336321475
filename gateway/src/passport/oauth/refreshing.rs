//! Refresh tokens: opaque, kept as hashes, each used once. One that comes a second time ends its
//! family, unless it is a bound one that comes again at once (see `retries`).

use super::code::{self, Code};
use super::fault::Fault;
use super::mint::{self, Granted};
use super::secret::{draw, sha256};
use super::token::{Asking, access_token, answer, put, still_there};
use super::{idtoken, scope};
use crate::passport::Passport;
use engine::{Moment, Span};
use entities::{Client, Refresh, Rotation};
use serde_json::{Value, json};

/// Unused for so long, a refresh token ends.
const IDLE: Span = Span::secs(8 * 3_600);
/// No family lives longer.
const ABSOLUTE: Span = Span::secs(604_800);
/// No family of the older profile lives longer.
const ABSOLUTE_LEGACY: Span = Span::secs(2_592_000);

/// Gives the first token of a family.
///
/// # Errors
/// `invalid_grant` when the code has come again meanwhile; 503 when the store does not take it.
pub async fn begin(
    asking: &Asking<'_>,
    granted: &Granted,
    code: &Code,
    text: &str,
) -> Result<String, Fault> {
    let Asking { passport, client, now, .. } = *asking;
    let absolute = if client.terms.flags.legacy_lifetime { ABSOLUTE_LEGACY } else { ABSOLUTE };
    let secret = draw(&*passport.ids);
    let body = serde_json::to_value(granted).map_err(|_| Fault::unavailable())?;
    let refresh = Refresh {
        hash: sha256(secret.as_bytes()).to_vec(),
        family: code.family,
        parent: None,
        sid: granted.sid.clone(),
        uid: granted.uid,
        cid: client.id.clone(),
        body,
        issued_at: now,
        idle_until: now + IDLE,
        absolute_until: now + absolute,
        used_at: None,
        ended_at: None,
    };
    passport.store.put_refresh(&refresh).await?;
    if code::came_again(passport, text, now).await? {
        passport.store.end_family(code.family, now).await?;
        return Err(Fault::invalid_grant());
    }
    Ok(secret)
}

/// The grant `refresh_token`.
///
/// # Errors
/// `invalid_grant` for whatever is wrong with the token.
pub async fn by_refresh(asking: &Asking<'_>) -> Result<Value, Fault> {
    let Asking { passport, form, client, now, .. } = *asking;
    let hash = sha256(form.need("refresh_token")?.as_bytes());
    let (kept, granted) = found(passport, client, &hash).await?;
    // The key first: without it nobody uses the token up, and a bound one stays bound.
    if granted.jkt != asking.jkt {
        let unbound = granted.jkt.is_none();
        return Err(if unbound { Fault::invalid_grant() } else { Fault::invalid_dpop() });
    }
    if granted.jkt.is_none() {
        return rotated(asking, &hash, &kept, &granted).await;
    }
    let turn = passport.oauth.retries.turn(hash, now);
    let mut answered = turn.lock().await;
    let (kept, granted) = found(passport, client, &hash).await?;
    if let (Some(answer), None) = (&*answered, kept.ended_at) {
        still_there(passport, &granted).await?;
        return Ok(answer.clone());
    }
    let answer = rotated(asking, &hash, &kept, &granted).await?;
    *answered = Some(answer.clone());
    Ok(answer)
}

async fn found(
    passport: &Passport,
    client: &Client,
    hash: &[u8],
) -> Result<(Refresh, Granted), Fault> {
    let kept = passport.store.refresh(hash).await?.filter(|kept| kept.cid == client.id);
    let kept = kept.ok_or_else(Fault::invalid_grant)?;
    let granted = serde_json::from_value(kept.body.clone()).map_err(|_| Fault::invalid_grant())?;
    Ok((kept, granted))
}

/// Uses a refresh token up, and answers what takes its place.
async fn rotated(
    asking: &Asking<'_>,
    hash: &[u8; 32],
    kept: &Refresh,
    granted: &Granted,
) -> Result<Value, Fault> {
    let Asking { passport, form, client, now, .. } = *asking;
    if kept.used_at.is_some() {
        return Err(reused(passport, client, kept, now).await?);
    }
    let mut narrow = granted.clone();
    narrow.scope = scope::within(form.get("scope"), &granted.scope)?;
    let ended = kept.ended_at.is_some() || now >= kept.idle_until || now >= kept.absolute_until;
    if ended {
        return Err(Fault::invalid_grant());
    }
    let user = still_there(passport, granted).await?;
    // Recorded and signed before the old one is used up: what fails costs nobody a token.
    let (claims, token) = access_token(asking, &user, &narrow, ("token.refresh", None)).await?;
    let secret = draw(&*passport.ids);
    let next = Refresh {
        hash: sha256(secret.as_bytes()).to_vec(),
        parent: Some(hash.to_vec()),
        issued_at: now,
        idle_until: (now + IDLE).min(kept.absolute_until),
        used_at: None,
        ..kept.clone()
    };
    match passport.store.rotate_refresh(hash, &next, now).await? {
        Rotation::Rotated => {}
        Rotation::Reused { .. } => return Err(reused(passport, client, kept, now).await?),
        Rotation::Ended | Rotation::Unknown => return Err(Fault::invalid_grant()),
    }
    let mut body = answer(&claims, &token, now);
    put(&mut body, "refresh_token", secret.into());
    if narrow.scope.contains("openid") {
        let id_token = idtoken::issue(passport, client, &user, &narrow, None, &token)?;
        put(&mut body, "id_token", id_token.into());
    }
    Ok(body)
}

async fn reused(
    passport: &Passport,
    client: &Client,
    kept: &Refresh,
    now: Moment,
) -> Result<Fault, Fault> {
    if passport.store.end_family(kept.family, now).await? {
        let detail = json!({"family": kept.family, "sid": kept.sid, "what": "refresh"});
        let subject = Some(kept.uid.to_string());
        mint::record(passport, "token.reuse", Some(&client.id), subject, detail).await?;
    }
    Ok(Fault::invalid_grant())
}
