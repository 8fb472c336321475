//! Who is asking, and whether they may: tokens, passwords, the permission table and its guard.
//!
//! `signin` is the seam for the digital passport; `token` makes and verifies what a sign-in gives;
//! `permissions` says who may call which route and `guard` enforces it.

mod cache;
pub mod door;
mod guard;
mod limiter;
pub mod password;
pub mod permissions;
mod principal;
pub mod signin;
use crate::passport::format::strict as strict_json;
pub mod token;

pub use guard::{guard, same_origin};
pub use limiter::{Limiter, place_of};
pub use permissions::{PERMISSIONS, Permission, Who};
pub use principal::{Principal, SESSION_COOKIE};

use crate::adapters::StoreRevocation;
use crate::config::AuthConfig;
use crate::error::{ApiError, Trouble};
use crate::passport::audit::{Audit, Entry};
use crate::passport::seal::station::Station;
use crate::telemetry::{Metrics, Outcome};
use actix_web::cookie::{Cookie, SameSite};
use actors::ports::{Clock, IdSource, Revocation};
use cache::Verified;
use engine::identity::Standing;
use engine::{Moment, Span};
use entities::{NewRevocation, Store, StoreError};
use password::Passwords;
use serde_json::json;
use signin::{Known, SignInFault};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use token::{Signer, TokenFault};

/// The name under which the store keeps the signing key.
const KEY_NAME: &str = "paseto-v4-public";
const MINUTE: Duration = Duration::from_secs(60);

/// Sign-in and tokens. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    signer: Signer,
    verified: Verified,
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
    /// People and the signing key.
    pub store: Store,
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
    /// Reads the signing key, or makes it at the first start.
    ///
    /// # Errors
    /// When the store does not answer or its key cannot be used.
    pub async fn start(deps: AuthDeps, config: &AuthConfig) -> Result<Auth, Trouble> {
        let unusable = || {
            Trouble::new("the signing key in the database cannot be used")
                .remedy("restore the database file from a copy; `nsk doctor` checks it")
        };
        let fresh = token::new_key().map_err(|_| unusable())?;
        let key = deps.store.secret_get_or_put(KEY_NAME, &fresh).await.map_err(|e| {
            Trouble::new(format!("the signing key cannot be read: {e}"))
                .remedy("check the data directory with `nsk doctor`")
        })?;
        let signer = Signer::new(&key, &config.issuer, &config.audience).map_err(|_| unusable())?;
        let limits = &config.limits;
        let passwords =
            Passwords::new(limits.password_checks_max, limits.password_queue_max, deps.ids.salt())
                .map_err(|e| Trouble::new(e.to_string()))?;
        let keys = limits.attempt_keys_max;
        let (a, b) = (limits.attempts_per_address_per_minute, limits.attempts_per_login_per_minute);
        Ok(Auth(Arc::new(Inner {
            signer,
            verified: Verified::default(),
            passwords,
            by_address: Limiter::new(deps.clock.clone(), a, MINUTE, keys),
            by_login: Limiter::new(deps.clock.clone(), b, MINUTE, keys),
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
    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Signs a person in. Attempts are limited per address and per login.
    ///
    /// # Errors
    /// 401 for whatever is wrong with the credential, 429 for too many attempts, 500 and 503 when
    /// sign-in itself does not work.
    pub async fn login(
        &self,
        address: IpAddr,
        login: &str,
        password: &str,
    ) -> Result<SignedIn, ApiError> {
        let inner = &self.0;
        let limited = inner
            .by_address
            .take(&place_of(address))
            .and_then(|()| inner.by_login.take(&signin::login_of(cut(login))));
        if let Err(wait) = limited {
            inner.metrics.sign_in(Outcome::Temporary);
            return Err(ApiError::too_many(wait));
        }
        match signin::by_password(&inner.store, &inner.passwords, login, password).await {
            Ok(known) => {
                let (person, detail) = (known.person.to_string(), json!({"address": address}));
                let entry = Entry {
                    kind: "login.ok",
                    actor: Some(person.clone()),
                    subject: Some(person),
                    detail,
                };
                inner.audit.record(entry).await?;
                inner.metrics.sign_in(Outcome::Acked);
                tracing::info!(person = %known.person, "signed in");
                let sid = hex::encode(inner.ids.salt());
                self.issue(&known, sid)
            }
            Err(SignInFault::Wrong) => {
                let subject = Some(signin::login_of(cut(login)));
                let detail = json!({"address": address});
                let entry = Entry { kind: "login.fail", actor: None, subject, detail };
                inner.audit.record(entry).await?;
                inner.metrics.sign_in(Outcome::Rejected);
                tracing::info!("sign-in refused");
                Err(ApiError::unauthorized())
            }
            Err(SignInFault::Busy) => {
                inner.metrics.sign_in(Outcome::Temporary);
                Err(ApiError::too_many(1_000))
            }
            Err(fault @ SignInFault::Broken(_)) => {
                inner.metrics.sign_in(Outcome::Failed);
                Err(ApiError::internal(&fault))
            }
        }
    }

    /// A token for a person whose credential was checked; `sid` names the sign-in.
    ///
    /// # Errors
    /// 500 when it cannot be signed.
    pub fn issue(&self, known: &Known, sid: String) -> Result<SignedIn, ApiError> {
        let now = self.0.clock.now();
        // Tokens carry whole seconds.
        let expires_at = now + self.0.session;
        let expires_at = Moment(expires_at.0.div_euclid(1_000) * 1_000);
        let jti = hex::encode(self.0.ids.salt());
        let principal = Principal {
            person: known.person,
            name: known.name.clone(),
            roles: known.roles.clone(),
            carried: Principal::bare(&jti, &sid, expires_at),
            jti,
            sid,
            expires_at,
        };
        let token = self.0.signer.sign(&principal, now).map_err(|e| ApiError::internal(&e))?;
        Ok(SignedIn { token, principal })
    }

    /// Verifies a token, its revocation included.
    ///
    /// # Errors
    /// 401; 503 while revocations are not known well enough.
    pub fn verify(&self, token: &str) -> Result<Principal, ApiError> {
        self.check(token).map_err(|fault| {
            tracing::debug!(reason = %fault, "token refused");
            match fault {
                TokenFault::Unchecked => ApiError::unavailable("tokens cannot be checked now"),
                _ => ApiError::unauthorized(),
            }
        })
    }

    /// As [`Auth::verify`], with the reason: a socket closes differently for an expired token.
    ///
    /// # Errors
    /// The first thing that is wrong with the token.
    pub fn check(&self, token: &str) -> Result<Principal, TokenFault> {
        let now = self.0.clock.now();
        let principal = match self.0.verified.get(token, now) {
            Some(principal) => principal,
            None => {
                // The key that the footer names decides; there is no second try with another.
                let station = self.0.station.as_ref().filter(|station| station.owns(token));
                let principal = match station {
                    Some(station) => Principal::of_child(station.verify_child(token, now)?)?,
                    None => self.0.signer.verify(token, now)?,
                };
                self.0.verified.keep(token, &principal, now);
                principal
            }
        };
        match self.0.revocation.standing(&principal.carried) {
            Standing::Good => Ok(principal),
            Standing::Revoked => Err(TokenFault::Revoked),
            Standing::Unknown => Err(TokenFault::Unchecked),
        }
    }

    /// Whether a verified token is still good: neither expired nor revoked meanwhile.
    pub fn still_holds(&self, principal: &Principal) -> bool {
        self.0.clock.now() < principal.expires_at
            && self.0.revocation.standing(&principal.carried) == Standing::Good
    }

    /// Signs out: the token and every other of the same sign-in are revoked, durably.
    ///
    /// # Errors
    /// 503 when the store does not take it.
    pub async fn logout(&self, principal: &Principal) -> Result<(), ApiError> {
        let now = self.0.clock.now();
        let person = principal.person.to_string();
        let detail = json!({"jti": principal.jti, "sid": principal.sid});
        let entry =
            Entry { kind: "logout", actor: Some(person.clone()), subject: Some(person), detail };
        self.0.audit.record(entry).await?;
        let revocation = NewRevocation {
            jti: Some(principal.jti.clone()),
            sid: Some(principal.sid.clone()),
            orig: None,
            reason: "signed out".to_owned(),
            at: now,
            expires_at: now.max(principal.expires_at) + self.0.session,
        };
        self.0.revocation.revoke(&revocation).await.map_err(|error| {
            tracing::error!(%error, "a sign-out was not kept");
            ApiError::unavailable("signing out does not work at this moment")
        })
    }

    /// Ends every token of a sign-in, durably.
    ///
    /// # Errors
    /// As any write of the store.
    pub async fn end_sitting(&self, sid: String) -> Result<(), StoreError> {
        let at = self.0.clock.now();
        let ended = NewRevocation {
            sid: Some(sid),
            reason: "signed in elsewhere".to_owned(),
            at,
            expires_at: at + self.0.session,
            ..NewRevocation::default()
        };
        self.0.revocation.revoke(&ended).await
    }
}

fn cut(login: &str) -> &str {
    &login[..login.floor_char_boundary(signin::LOGIN_BYTES_MAX)]
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
