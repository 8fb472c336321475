//! The passport's own session in a browser: begun by the sign-in pages, looked at by the
//! authorization endpoint, ended by its owner.
//!
//! The cookie holds a random secret of which the store knows the hash; tokens and revocations know
//! the session by another id. Whoever reads those cannot make the cookie.

use super::Passport;
use super::oauth::secret::{draw, draw_id, sha256};
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use engine::{Moment, Span};
use entities::{NewRevocation, PassportSession, StoreError};
use uuid::Uuid;

/// The cookie of the passport's session. It goes along when another site sends the browser here to
/// authorize, and never with another site's forms.
pub const PASSPORT_COOKIE: &str = "nsk_passport";
/// How long a session lasts at most.
pub const SESSION_LASTS: Span = Span::minutes(12 * 60);
/// How long a session lasts that nobody uses.
pub const SESSION_IDLE: Span = Span::minutes(2 * 60);
/// A use is noted again after so long.
const SEEN_EACH: Span = Span::minutes(1);
/// The longest that anything lives that was issued under a session: a refresh token's thirty days.
const ISSUED_LASTS: Span = Span::secs(2_592_000);

/// How a session begins.
#[derive(Clone, Copy, Debug)]
pub struct Begun<'a> {
    /// Who signed in.
    pub uid: Uuid,
    /// How well they proved it.
    pub acr: &'a str,
    /// By what means.
    pub amr: &'a [&'a str],
    /// The browser's name for itself.
    pub user_agent: &'a str,
}

/// Begins a session and ends the one that the browser had before: the secret is always new.
///
/// # Errors
/// As any write.
pub async fn open(
    passport: &Passport,
    request: &HttpRequest,
    begun: Begun<'_>,
) -> Result<(PassportSession, Cookie<'static>), StoreError> {
    let now = passport.clock.now();
    if let Some(before) = current(passport, request).await? {
        passport.store.end_session(&before.sid, now).await?;
    }
    let secret = draw(&*passport.ids);
    let session = PassportSession {
        sid: draw_id(&*passport.ids),
        cookie_hash: sha256(secret.as_bytes()).to_vec(),
        uid: begun.uid,
        made_at: now,
        seen_at: now,
        auth_time: now,
        expires_at: now + SESSION_LASTS,
        user_agent: begun.user_agent.to_owned(),
        acr: begun.acr.to_owned(),
        amr: begun.amr.iter().map(|&word| word.to_owned()).collect(),
        ended_at: None,
    };
    passport.store.put_session(&session).await?;
    Ok((session, cookie(passport, secret)))
}

/// The session of the browser that asks, if it has one that goes on.
///
/// # Errors
/// As any read.
pub async fn current(
    passport: &Passport,
    request: &HttpRequest,
) -> Result<Option<PassportSession>, StoreError> {
    let Some(secret) = request.cookie(PASSPORT_COOKIE) else { return Ok(None) };
    let now = passport.clock.now();
    let hash = sha256(secret.value().as_bytes());
    let Some(mut session) = passport.store.session_by_cookie(&hash, now).await? else {
        return Ok(None);
    };
    if !goes_on(&session, now) {
        return Ok(None);
    }
    if now - session.seen_at >= SEEN_EACH {
        passport.store.touch_session(&session.sid, now).await?;
        session.seen_at = now;
    }
    Ok(Some(session))
}

/// Whether a session has neither run out nor been left alone for too long.
pub fn goes_on(session: &PassportSession, now: Moment) -> bool {
    session.ended_at.is_none() && now < session.expires_at && now - session.seen_at < SESSION_IDLE
}

/// Ends a session and everything that was issued under it: tokens are refused and open connections
/// close.
///
/// # Errors
/// As any write.
pub async fn end(
    passport: &Passport,
    session: &PassportSession,
    reason: &str,
) -> Result<(), StoreError> {
    let now = passport.clock.now();
    let revocation = NewRevocation {
        jti: None,
        sid: Some(session.sid.clone()),
        orig: None,
        reason: reason.to_owned(),
        at: now,
        expires_at: now + ISSUED_LASTS,
    };
    passport.revocation.revoke(&revocation).await?;
    passport.store.end_families_of_session(&session.sid, now).await?;
    passport.store.end_session(&session.sid, now).await?;
    Ok(())
}

/// Ends the browser's session, if it has one, and takes its cookie away.
///
/// # Errors
/// As any write.
pub async fn close(
    passport: &Passport,
    request: &HttpRequest,
) -> Result<Cookie<'static>, StoreError> {
    if let Some(session) = current(passport, request).await? {
        end(passport, &session, "signed out").await?;
    }
    Ok(cleared(passport))
}

/// The cookie that takes the session's away.
pub fn cleared(passport: &Passport) -> Cookie<'static> {
    let mut gone = cookie(passport, String::new());
    gone.make_removal();
    gone
}

fn cookie(passport: &Passport, secret: String) -> Cookie<'static> {
    Cookie::build(PASSPORT_COOKIE, secret)
        .path("/")
        .http_only(true)
        .secure(passport.config.server.secure_cookies)
        .same_site(SameSite::Lax)
        .finish()
}
