//! Signing in at a station by PIN: limits, the durable counter, one key derivation, every record,
//! the token inside, and a token of the station's own.

mod loaded;
mod refusal;

pub use loaded::own;
pub use refusal::Refusal;

use super::answer::{self, Answer};
use super::child;
use super::device::KeyPlace;
use super::kdf::Stretcher;
use super::local;
use super::policy::Policy;
use super::scheme::{KdfParams, named};
use super::secret_file;
use crate::auth::{Limiter, place_of};
use crate::error::Trouble;
use crate::passport::audit::{Audit, Entry};
use crate::passport::format::TokenFault;
use crate::passport::format::qr::Verdict;
use crate::passport::keys::Ring;
use actors::ports::{Clock, IdSource};
use engine::identity::Claims;
use engine::{Moment, Span};
use entities::{Attempt, Device, Guess, Ladder, Store};
use loaded::{Loaded, load};
use refusal::{broken, unstretched};
use serde_json::json;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The clock may be so far behind the latest moment that the station ever saw.
pub const CLOCK_BACK_MAX: Span = Span::secs(300);
/// Attempts of the whole station: five at once, then one in three seconds.
const STATION_SHARE: (u32, Duration) = (5, Duration::from_secs(15));
/// Attempts of one tablet: three at once, then one in five seconds.
const TABLET_SHARE: (u32, Duration) = (3, Duration::from_secs(15));
/// Tablets that the limiter remembers.
const TABLETS_MAX: usize = 4_096;
/// Waits after five and ten failures in a row, of those without a name and of each name.
const LADDER: Ladder = Ladder {
    short_from: 5,
    short_ms: 60_000,
    long_from: 10,
    long_ms: 900_000,
    nameless_most: Policy::PIN_ONLY_FAILS,
    exposed_most: Policy::FAILS_MAX,
};

/// What a station stands on.
pub struct StationDeps {
    /// Device, manifests, counters.
    pub store: Store,
    /// The station's clock.
    pub clock: Arc<dyn Clock>,
    /// Ids of its tokens.
    pub ids: Arc<dyn IdSource>,
    /// What happens to PINs is recorded here.
    pub audit: Audit,
    /// Where the private key lies.
    pub place: KeyPlace,
    /// How long its own tokens live.
    pub child_life: Span,
}

/// A station with a device. Cheap to clone.
#[derive(Clone)]
pub struct Station(Arc<Inner>);

struct Inner {
    deps: StationDeps,
    device: Device,
    /// Verifies the station's own tokens, also when the private key is gone.
    own_ring: Ring,
    footer: String,
    stretcher: Stretcher,
    station: Limiter<()>,
    tablets: Limiter<IpAddr>,
    loaded: RwLock<Option<Arc<Loaded>>>,
}

impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Station").field("spn", &self.0.device.spn).finish_non_exhaustive()
    }
}

impl Station {
    /// Reads the station's device, if it has one. A key or manifest that cannot be used keeps
    /// nobody but PINs out: the program starts, and says why in its log and in `nsk doctor`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(deps: StationDeps) -> Result<Option<Station>, Trouble> {
        let failed = |e: entities::StoreError| {
            Trouble::new(format!("the station's device cannot be read: {e}"))
                .remedy("check the data directory with `nsk doctor`")
        };
        let Some(device) = deps.store.device().await.map_err(failed)? else { return Ok(None) };
        let limiter = |(most, period)| Limiter::new(deps.clock.clone(), most, period, 2);
        let station = limiter(STATION_SHARE);
        let (most, period) = TABLET_SHARE;
        let tablets = Limiter::new(deps.clock.clone(), most, period, TABLETS_MAX);
        let loaded = match load(&deps, &device).await {
            Ok(loaded) => loaded.map(Arc::new),
            Err(trouble) => {
                tracing::error!(%trouble, "nobody can sign in by PIN");
                None
            }
        };
        let (own_ring, footer) = child::ring(&device.spn, &device.sign_public)
            .map_err(|e| Trouble::new(format!("the device's public key cannot be used: {e}")))?;
        let stretcher = Stretcher::default();
        let station = Station(Arc::new(Inner {
            deps,
            device,
            own_ring,
            footer,
            stretcher,
            station,
            tablets,
            loaded: RwLock::new(loaded),
        }));
        let exposed = station.0.deps.store.exposed().await.map_err(failed)?;
        if exposed >= station.policy().fails_max && !station.0.device.erased {
            // It was killed between the last failure and the erasure.
            station.erase().await;
        }
        Ok(Some(station))
    }

    /// The station's name.
    pub fn spn(&self) -> &str {
        &self.0.device.spn
    }

    /// How many people can sign in by PIN now.
    pub fn people(&self) -> usize {
        self.loaded().map_or(0, |loaded| loaded.opener.count())
    }

    /// What may be said of a picture of the passport whose manifest this station has; nothing
    /// while it has none.
    pub fn read_qr(&self, scanned: &[u8], now: Moment) -> Option<Verdict> {
        Some(self.loaded()?.read_qr(scanned, now))
    }

    fn loaded(&self) -> Option<Arc<Loaded>> {
        self.0.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn policy(&self) -> Policy {
        let policy = self.loaded().map(|loaded| loaded.manifest.policy);
        let protected = self.0.device.key_protected;
        policy.unwrap_or(Policy::of(0, protected)).floored(protected)
    }

    /// Signs in by PIN, alone or with a name (UPN): what the sealed token says.
    ///
    /// # Errors
    /// As [`Refusal`] says; a wrong PIN, a locked record and an erased key look the same.
    pub async fn sign_in(
        &self,
        tablet: IpAddr,
        name: Option<&str>,
        pin: &str,
    ) -> Result<Claims, Refusal> {
        let inner = &self.0;
        inner
            .tablets
            .take(&place_of(tablet))
            .and_then(|()| inner.station.take(&()))
            .map_err(Refusal::Wait)?;
        let now = inner.deps.clock.now();
        self.clock_holds(now).await?;
        let name = name.map(named);
        let policy = self.policy();
        let loaded = self.loaded().filter(|_| name.is_some() || policy.pin_only);
        let Some(loaded) = loaded else { return self.refused(pin).await };
        let whose = match &name {
            Some(name) => loaded.opener.of(name).map_err(|error| broken(&error))?,
            None => loaded.opener.all(),
        };
        let guess = match &name {
            None => Guess::Nameless,
            Some(name) if whose.is_empty() => Guess::Unsealed(name),
            Some(name) => Guess::Sealed(name),
        };
        let ladder = Ladder {
            nameless_most: policy.pin_only_fails,
            exposed_most: policy.fails_max,
            ..LADDER
        };
        let begun = inner.deps.store.begin_attempt(guess, &ladder, now).await;
        let exposed = match begun.map_err(|error| broken(&error))? {
            Attempt::May(_, exposed) => exposed,
            Attempt::Refused(attempts) if attempts.locked_until > now => {
                self.record("pin.lock", None, json!({"until": attempts.locked_until})).await?;
                let wait = attempts.locked_until - now;
                return Err(Refusal::Wait(u64::try_from(wait.0).unwrap_or(1)));
            }
            Attempt::Refused(_) | Attempt::Crowded => return self.refused(pin).await,
        };
        let key = inner.stretcher.stretch(pin, loaded.salt, loaded.manifest.kdf).await;
        let key = key.map_err(unstretched)?;
        match loaded.look(&key, &whose, now).map_err(|error| broken(&error))? {
            Ok(claims) => {
                let detail = json!({"jti": claims.jti, "sid": claims.sid});
                self.record("pin.ok", Some(claims.sub.to_string()), detail).await?;
                let taken_back = inner.deps.store.attempt_succeeded(guess).await;
                taken_back.map_err(|error| broken(&error))?;
                Ok(claims)
            }
            Err(why) => {
                tracing::info!(why, exposed, "wrong PIN");
                let detail = json!({"why": why, "exposed": exposed});
                let recorded = self.record("pin.fail", None, detail).await;
                // A name without a record opens nothing: it harms nobody and destroys nothing.
                if exposed >= policy.fails_max && !whose.is_empty() {
                    self.erase().await;
                }
                recorded?;
                Err(Refusal::Wrong)
            }
        }
    }

    /// A refusal that takes as long as a wrong PIN, and counts as nothing.
    async fn refused(&self, pin: &str) -> Result<Claims, Refusal> {
        let loaded = self.loaded();
        let params = loaded.as_ref().map_or(KdfParams::STANDARD, |l| l.manifest.kdf);
        let key = self.0.stretcher.stretch(pin, [0; 32], params).await.map_err(unstretched)?;
        if let Some(loaded) = loaded {
            // Only the work counts: what it opens is let go.
            let _ = loaded.opener.open(&key, &loaded.opener.all());
        }
        self.record("pin.fail", None, json!({"why": "off"})).await?;
        Err(Refusal::Wrong)
    }

    async fn clock_holds(&self, now: Moment) -> Result<(), Refusal> {
        let device = self.0.deps.store.device().await.map_err(|error| broken(&error))?;
        let mark = device.map_or(self.0.device.clock_mark, |device| device.clock_mark);
        if now + CLOCK_BACK_MAX < mark {
            let behind_ms = (mark - now).0;
            tracing::error!(behind_ms, "the clock is behind: `nsk station confirm-clock`");
            return Err(Refusal::Clock);
        }
        Ok(())
    }

    /// The station's own token for what a sealed one said; `sid` names the sitting.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] when the key is gone or the sealed token has ended.
    pub fn child(&self, sealed: &Claims, sid: &str) -> Result<(String, Claims), Refusal> {
        let loaded = self.loaded().ok_or(Refusal::Wrong)?;
        let deps = &self.0.deps;
        let jti = hex::encode(deps.ids.salt());
        let claims = child::claims(sealed, (sid, jti), deps.child_life, deps.clock.now());
        let claims = claims.ok_or(Refusal::Wrong)?;
        let token = child::sign(&loaded.key, &claims).map_err(|error| broken(&error))?;
        Ok((token, claims))
    }

    /// The answer to a client's nonce; nothing when the key is gone.
    pub fn answer(&self, nonce: &[u8]) -> Option<Answer> {
        let loaded = self.loaded()?;
        let public = local::public(&self.0.device);
        answer::answer(&loaded.key, public, nonce, self.0.deps.clock.now()).ok()
    }

    /// Verifies one of this station's own tokens.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify_child(&self, token: &str, now: Moment) -> Result<Claims, TokenFault> {
        let claims = child::verify(&self.0.own_ring, &self.0.device.spn, token, now)?;
        let revoked = self.loaded().is_some_and(|l| l.revoked.hits(&claims.carried()));
        if revoked { Err(TokenFault::Revoked) } else { Ok(claims) }
    }

    /// Whether a token names this station's key.
    pub fn owns(&self, token: &str) -> bool {
        let footer = token.rsplit_once('.').map(|(_, footer)| footer);
        footer == Some(self.0.footer.as_str())
    }

    /// Destroys the device's key, on disk and in memory.
    async fn erase(&self) {
        *self.0.loaded.write().unwrap_or_else(PoisonError::into_inner) = None;
        tracing::error!("too many wrong PINs: the device's key was destroyed");
        if let Err(trouble) = secret_file::destroy(&self.0.deps.place.file) {
            tracing::error!(%trouble, "the device's key file is still there: remove it");
        }
        if let Err(error) = self.0.deps.store.erase_device().await {
            tracing::error!(%error, "the erasure was not kept; it is repeated at the next start");
        }
        // It is done already: that nobody recorded it does not bring the key back.
        let _ = self.record("pin.wipe", None, json!({})).await;
    }

    async fn record(
        &self,
        kind: &'static str,
        subject: Option<String>,
        detail: serde_json::Value,
    ) -> Result<(), Refusal> {
        let actor = Some(self.0.device.spn.clone());
        let entry = Entry { kind, actor, subject, detail };
        self.0.deps.audit.record(entry).await.map_err(|error| broken(&error))
    }
}
