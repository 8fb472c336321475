//! Who is asking, and whether they may: tokens, passwords, the permission table and its guard.
//!
//! `signin` is the seam for the digital passport; its keyring makes and verifies what a sign-in
//! gives; `permissions` says who may call which route and `guard` enforces it.

mod cache;
pub mod door;
mod guard;
mod limiter;
mod login;
pub mod password;
pub mod permissions;
mod possession;
mod principal;
pub mod signin;

pub use guard::{DPOP_NONCE, guard, same_origin};
pub use limiter::{Limiter, place_of};
pub use permissions::{PERMISSIONS, Permission, Who};
pub use principal::{Principal, SESSION_COOKIE};

use crate::adapters::StoreRevocation;
use crate::config::AuthConfig;
use crate::error::{ApiError, Trouble};
use crate::passport::Passport;
use crate::passport::audit::Audit;
pub use crate::passport::format::TokenFault;
use crate::passport::format::{Audience, Expect};
use crate::passport::keys::{Keyring, Ring};
use crate::passport::oauth::proofs::Proofs;
use crate::passport::seal::station::Station;
use crate::telemetry::Metrics;
use actix_web::cookie::{Cookie, SameSite};
use actors::ports::{Clock, IdSource, Revocation};
use cache::Verified;
use engine::identity::Standing;
use engine::identity::claims::{Claims, Class};
use engine::{Moment, Span};
use entities::Store;
use password::Passwords;
use std::net::IpAddr;
use std::sync::Arc;

/// Classes that this service takes when they are for its own SPN.
const FOR_US: &[Class] = &[Class::Svc, Class::Dlg, Class::Legacy];
/// Classes for the issuer itself, taken where the permission table says so.
const FOR_ISSUER: &[Class] = &[Class::Base, Class::Role];
/// The client of tokens that a sign-in at this installation gives. No client of the passport can
/// have this id.
pub const LOCAL_CLIENT: &str = "nsk:local";
/// How a local password is written in `acr`.
const LOCAL_ACR: &str = "urn:nsk:acr:password";

/// Sign-in and tokens. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    keys: Keyring,
    /// The SPN of this installation.
    spn: String,
    verified: Verified,
    proofs: Arc<Proofs>,
    passwords: Passwords,
    by_address: Limiter<IpAddr>,
    by_login: Limiter<String>,
    revocation: Arc<StoreRevocation>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    store: Store,
    metrics: Metrics,
    audit: Audit,
    station: Option<Station>,
    session: Span,
}

/// What sign-in stands on.
pub struct AuthDeps {
    /// People.
    pub store: Store,
    /// Signing keys.
    pub keys: Keyring,
    /// Which tokens are revoked.
    pub revocation: Arc<StoreRevocation>,
    /// The station's clock.
    pub clock: Arc<dyn Clock>,
    /// Ids of tokens.
    pub ids: Arc<dyn IdSource>,
    /// Attempts are counted here.
    pub metrics: Metrics,
    /// And recorded here.
    pub audit: Audit,
    /// Whose own tokens are taken beside those of this installation.
    pub station: Option<Station>,
    /// Proofs of possession that were seen, here and at the passport's own endpoints.
    pub proofs: Arc<Proofs>,
}

impl AuthDeps {
    /// What the passport's parts give it.
    pub fn of(passport: &Passport, metrics: &Metrics) -> AuthDeps {
        AuthDeps {
            store: passport.store.clone(),
            keys: passport.keys.clone(),
            revocation: passport.revocation.clone(),
            clock: passport.clock.clone(),
            ids: passport.ids.clone(),
            metrics: metrics.clone(),
            audit: passport.audit.clone(),
            station: passport.station.clone(),
            proofs: passport.oauth.proofs.clone(),
        }
    }
}

/// A token and whose it is.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The token: a secret of its owner.
    pub token: String,
    /// Its owner.
    pub principal: Principal,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl Auth {
    /// Ready to sign people in.
    ///
    /// # Errors
    /// When the first password hash cannot be made.
    pub fn start(deps: AuthDeps, config: &AuthConfig) -> Result<Auth, Trouble> {
        let limits = &config.limits;
        let passwords =
            Passwords::new(limits.password_checks_max, limits.password_queue_max, deps.ids.salt())
                .map_err(|e| Trouble::new(e.to_string()))?;
        let keys = limits.attempt_keys_max;
        let (a, b) = (limits.attempts_per_address_per_minute, limits.attempts_per_login_per_minute);
        let alone = deps.revocation.cache_away();
        Ok(Auth(Arc::new(Inner {
            keys: deps.keys,
            spn: config.audience.clone(),
            proofs: deps.proofs,
            verified: Verified::default(),
            passwords,
            by_address: Limiter::per_minute(&deps.clock, a, keys, &alone),
            by_login: Limiter::per_minute(&deps.clock, b, keys, &alone),
            revocation: deps.revocation,
            clock: deps.clock,
            ids: deps.ids,
            store: deps.store,
            metrics: deps.metrics,
            audit: deps.audit,
            station: deps.station,
            session: Span::minutes(i64::from(config.session_minutes)),
        })))
    }

    /// The one checker of passwords, whose memory is bounded.
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Verifies a token, its revocation included.
    ///
    /// # Errors
    /// 401; 503 while revocations are not known well enough.
    pub fn verify(&self, token: &str) -> Result<Principal, ApiError> {
        self.check(token).map_err(said)
    }

    /// As [`Auth::verify`], of what [`Auth::read`] takes.
    ///
    /// # Errors
    /// As [`Auth::verify`].
    pub fn admit(&self, token: &str) -> Result<Principal, ApiError> {
        self.read(token).map_err(said)
    }

    /// As [`Auth::verify`], with the reason: a socket closes differently for an expired token.
    ///
    /// # Errors
    /// The first thing that is wrong with the token. A token that is bound to a key is refused: its
    /// proof comes with a request.
    pub fn check(&self, token: &str) -> Result<Principal, TokenFault> {
        let principal = self.read(token)?;
        if principal.is_for_issuer() || principal.jkt.is_some() {
            return Err(TokenFault::Foreign);
        }
        Ok(principal)
    }

    /// As [`Auth::check`], also for tokens of the issuer itself and for bound ones, whose use the
    /// guard narrows down.
    ///
    /// # Errors
    /// The first thing that is wrong with the token.
    pub fn read(&self, token: &str) -> Result<Principal, TokenFault> {
        let inner = &self.0;
        let now = inner.clock.now();
        let ring = inner.keys.ring();
        let principal = match inner.verified.get(token, ring.version, now) {
            Some(principal) => principal,
            None => {
                // The key that the footer names decides; there is no second try with another.
                let station = inner.station.as_ref().filter(|station| station.owns(token));
                let principal = match station {
                    Some(station) => Principal::of_child(station.verify_child(token, now)?)?,
                    None => Principal::of(self.verified(&ring, token, now)?),
                };
                inner.verified.keep(token, ring.version, &principal, now);
                principal
            }
        };
        match inner.revocation.standing(&principal.carried) {
            Standing::Good => Ok(principal),
            Standing::Revoked => Err(TokenFault::Revoked),
            Standing::Unknown => Err(TokenFault::Unchecked),
        }
    }

    fn verified(&self, ring: &Ring, token: &str, now: Moment) -> Result<Claims, TokenFault> {
        let expect = Expect { classes: &Class::ALL, audience: Audience::Any };
        let claims = ring.verify(token, &expect, now)?;
        let fits = (FOR_US.contains(&claims.cls) && claims.aud == self.0.spn)
            || (FOR_ISSUER.contains(&claims.cls) && claims.aud == ring.issuer);
        if fits { Ok(claims) } else { Err(TokenFault::Foreign) }
    }

    /// Whether a verified token is still good: neither expired nor revoked meanwhile.
    pub fn still_holds(&self, principal: &Principal) -> bool {
        self.0.clock.now() < principal.expires_at
            && self.0.revocation.standing(&principal.carried) == Standing::Good
    }
}

fn said(fault: TokenFault) -> ApiError {
    tracing::debug!(reason = %fault, "token refused");
    match fault {
        TokenFault::Unchecked => ApiError::unavailable("tokens cannot be checked now"),
        _ => ApiError::unauthorized(),
    }
}

/// The cookie in which a browser keeps its token. Scripts cannot read it, other sites cannot use
/// it.
pub fn session_cookie(signed_in: &SignedIn, now: Moment, secure: bool) -> Cookie<'static> {
    let left = signed_in.principal.expires_at - now;
    Cookie::build(SESSION_COOKIE, signed_in.token.clone())
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Strict)
        .max_age(actix_web::cookie::time::Duration::milliseconds(left.0.max(0)))
        .finish()
}

/// The cookie that takes the token away again.
pub fn cleared_cookie(secure: bool) -> Cookie<'static> {
    let mut cookie = Cookie::build(SESSION_COOKIE, "")
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Strict)
        .finish();
    cookie.make_removal();
    cookie
}

#[cfg(test)]
mod tests;
