//! Signing in at a station by PIN: limits, the durable counter, one key derivation, every record,
//! the token inside, and a token of the station's own.

use super::child;
use super::device::{DeviceKey, KeyPlace};
use super::kdf::{Stretcher, Unstretched};
use super::manifest::{Manifest, ManifestFile, Own, Policy};
use super::scheme::{KdfParams, Opener};
use super::secret_file;
use crate::auth::{Limiter, place_of};
use crate::error::{ApiError, Trouble};
use crate::passport::audit::{Audit, Entry};
use crate::passport::format::{Audience, Expect, TokenFault};
use crate::passport::keys::Ring;
use actors::ports::{Clock, IdSource};
use engine::identity::{Claims, Class, Snapshot};
use engine::{Moment, Span};
use entities::{Attempt, Device, Ladder, Store};
use serde_json::json;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// The clock may be so far behind the latest moment that the station ever saw.
pub const CLOCK_BACK_MAX: Span = Span::secs(300);
/// Attempts of the whole station: five at once, then one in three seconds.
const STATION_SHARE: (u32, Duration) = (5, Duration::from_secs(15));
/// Attempts of one tablet: three at once, then one in five seconds.
const TABLET_SHARE: (u32, Duration) = (3, Duration::from_secs(15));
/// Tablets that the limiter remembers.
const TABLETS_MAX: usize = 4_096;
/// Longest name that is looked at, bytes.
const NAME_BYTES_MAX: usize = 200;
/// Failures of everybody together.
const EVERYBODY: &str = "*";
/// Failures in a row of those who give a PIN alone.
const NAMELESS: &str = "";

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
    stretcher: Stretcher,
    station: Limiter<()>,
    tablets: Limiter<IpAddr>,
    loaded: RwLock<Option<Arc<Loaded>>>,
}

/// What is in memory while the device's key is.
struct Loaded {
    manifest: Manifest,
    opener: Opener,
    ring: Ring,
    key: DeviceKey,
    revoked: Snapshot,
    own_ring: Ring,
    footer: String,
    salt: [u8; 32],
}

/// Why nobody was signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// For whatever reason: never said which.
    Wrong,
    /// Come back after so many ms.
    Wait(u64),
    /// The clock is behind what it was: an operator must look at it.
    Clock,
    /// The store or the audit takes nothing: then nobody signs in.
    Broken,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        match refusal {
            Refusal::Wrong => ApiError::unauthorized(),
            Refusal::Wait(ms) => ApiError::too_many(ms),
            Refusal::Clock => {
                ApiError::unavailable("the station's clock must be confirmed by its operator")
            }
            Refusal::Broken => ApiError::unavailable("signing in does not work at this moment"),
        }
    }
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
        let stretcher = Stretcher::default();
        let station = Station(Arc::new(Inner {
            deps,
            device,
            stretcher,
            station,
            tablets,
            loaded: RwLock::new(loaded),
        }));
        let failures = station.0.deps.store.attempts(EVERYBODY).await.map_err(failed)?;
        if failures.cumulative >= station.policy().fails_max && !station.0.device.erased {
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

    fn loaded(&self) -> Option<Arc<Loaded>> {
        self.0.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn policy(&self) -> Policy {
        let policy = self.loaded().map(|loaded| loaded.manifest.policy);
        policy.unwrap_or(Policy::of(0, false)).floored()
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
        let subject = name.as_deref().unwrap_or(NAMELESS);
        let most = if name.is_some() { policy.fails_max } else { policy.pin_only_fails };
        let subjects = [(EVERYBODY, all_ladder(most)), (subject, own_ladder())];
        let begun = inner.deps.store.begin_attempt(&subjects, now).await;
        let counted = match begun.map_err(|error| broken(&error))? {
            Attempt::May(counted) => counted,
            Attempt::Refused(attempts) if attempts.locked_until > now => {
                self.record("pin.lock", None, json!({"until": attempts.locked_until})).await?;
                let wait = attempts.locked_until - now;
                return Err(Refusal::Wait(u64::try_from(wait.0).unwrap_or(1)));
            }
            Attempt::Refused(_) => return self.refused(pin).await,
            Attempt::Crowded => return Err(Refusal::Wait(60_000)),
        };
        let found = self.look(&loaded, name.as_deref(), pin, now).await?;
        match found {
            Ok(claims) => {
                let detail = json!({"jti": claims.jti, "sid": claims.sid});
                self.record("pin.ok", Some(claims.sub.to_string()), detail).await?;
                let taken_back = inner.deps.store.attempt_succeeded(&[EVERYBODY, subject]).await;
                taken_back.map_err(|error| broken(&error))?;
                Ok(claims)
            }
            Err(why) => {
                let failures = counted.first().map_or(0, |all| all.cumulative);
                tracing::info!(why, failures, "wrong PIN");
                let detail = json!({"why": why, "failures": failures});
                let recorded = self.record("pin.fail", None, detail).await;
                if failures >= policy.fails_max {
                    self.erase().await;
                }
                recorded?;
                Err(Refusal::Wrong)
            }
        }
    }

    /// Stretches the PIN, opens every record, and judges the token inside.
    async fn look(
        &self,
        loaded: &Arc<Loaded>,
        name: Option<&str>,
        pin: &str,
        now: Moment,
    ) -> Result<Result<Claims, &'static str>, Refusal> {
        let key = self.0.stretcher.stretch(pin, loaded.salt, loaded.manifest.kdf).await;
        let key = key.map_err(unstretched)?;
        let found = loaded.opener.open(&key).map_err(|error| broken(&error))?;
        let (mut chosen, mut others) = (None, 0);
        for token in found {
            match self.judge(loaded, &token, now) {
                Ok(claims) if name.is_none_or(|name| named(&claims.upn) == name) => {
                    others += usize::from(chosen.is_some());
                    chosen = Some(claims);
                }
                Ok(_) => {}
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(match chosen {
            Some(_) if others > 0 => Err("need_user_id"),
            Some(claims) => Ok(claims),
            None => Err("wrong"),
        })
    }

    /// Whether an opened token is good at this station now.
    fn judge(
        &self,
        loaded: &Loaded,
        token: &Zeroizing<String>,
        now: Moment,
    ) -> Result<Claims, &'static str> {
        let spn = self.0.device.spn.clone();
        let expect = Expect { classes: &[Class::Mak], audience: Audience::Spn(spn) };
        let claims = loaded.ring.verify(token, &expect, now).map_err(|_| "token")?;
        let bound = claims.cnf.as_ref().and_then(|cnf| cnf.dkt.as_deref());
        if bound != Some(loaded.manifest.dkt.as_str()) {
            return Err("device");
        }
        if loaded.revoked.hits(&claims.carried()) {
            return Err("revoked");
        }
        Ok(claims)
    }

    /// A refusal that takes as long as a wrong PIN, and counts as nothing.
    async fn refused(&self, pin: &str) -> Result<Claims, Refusal> {
        let loaded = self.loaded();
        let params = loaded.as_ref().map_or(KdfParams::STANDARD, |l| l.manifest.kdf);
        let key = self.0.stretcher.stretch(pin, [0; 32], params).await.map_err(unstretched)?;
        if let Some(loaded) = loaded {
            let _ = loaded.opener.open(&key);
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

    /// Verifies one of this station's own tokens.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify_child(&self, token: &str, now: Moment) -> Result<Claims, TokenFault> {
        let loaded = self.loaded().ok_or(TokenFault::Key)?;
        child::verify(&loaded.own_ring, &self.0.device.spn, token, now)
    }

    /// Whether a token names this station's key.
    pub fn owns(&self, token: &str) -> bool {
        let footer = token.rsplit_once('.').map(|(_, footer)| footer);
        self.loaded().is_some_and(|loaded| footer == Some(loaded.footer.as_str()))
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

fn broken(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "sign-in by PIN does not work");
    Refusal::Broken
}

fn unstretched(why: Unstretched) -> Refusal {
    match why {
        Unstretched::Busy => Refusal::Wait(1_000),
        Unstretched::Broken => broken(&"the key derivation failed"),
    }
}

/// Everybody together is not made to wait: each has rungs of their own.
fn all_ladder(most: u32) -> Ladder {
    Ladder { short_from: u32::MAX, short_ms: 0, long_from: u32::MAX, long_ms: 0, most }
}

fn own_ladder() -> Ladder {
    let most = u32::MAX;
    Ladder { short_from: 5, short_ms: 60_000, long_from: 10, long_ms: 900_000, most }
}

/// A name as it is counted and compared.
fn named(name: &str) -> String {
    let name = name.trim().to_lowercase();
    format!("u:{}", &name[..name.floor_char_boundary(NAME_BYTES_MAX)])
}

/// Reads key and manifest; everything about the manifest is verified again, as when it came.
async fn load(deps: &StationDeps, device: &Device) -> Result<Option<Loaded>, Trouble> {
    let kept = deps.store.last_manifest().await;
    let kept = kept.map_err(|e| Trouble::new(format!("the manifest cannot be read: {e}")))?;
    if device.erased {
        return Err(Trouble::new("the device's key was destroyed after too many wrong PINs")
            .remedy("make a new device with `nsk station init --anew` and bring a new manifest"));
    }
    let Some(kept) = kept else { return Ok(None) };
    let key = DeviceKey::open(&deps.place)?;
    let same = key.seal_public().as_slice() == device.seal_public.as_slice()
        && key.sign_public() == device.sign_public.as_slice();
    if !same {
        return Err(Trouble::new("the device's key file is of another device")
            .remedy("name the other half's file with mak.key_half, or restore the file"));
    }
    let own = own(device, kept.seq.saturating_sub(1))?;
    let file = ManifestFile::parse(&kept.records).map_err(|e| Trouble::new(e.to_string()))?;
    let now = deps.clock.now();
    let accepted = file.accept(&own, now).map_err(|e| {
        Trouble::new(format!("the station's manifest cannot be used: {e}"))
            .remedy("bring a new one with `nsk station manifest import`")
    })?;
    let manifest = accepted.manifest;
    let unsound = || Trouble::new("the manifest's salt is not sound");
    let salt = manifest.pin_salt().ok_or_else(unsound)?;
    let revoked = manifest.revoked.snapshot();
    let opener = Opener::new(&key.seal, manifest.binding(), accepted.records)
        .map_err(|e| Trouble::new(e.to_string()))?;
    let (own_ring, footer) =
        child::ring(&device.spn, key.sign_public()).map_err(|e| Trouble::new(e.to_string()))?;
    Ok(Some(Loaded { manifest, opener, ring: accepted.ring, key, revoked, own_ring, footer, salt }))
}

/// What a manifest is compared with.
///
/// # Errors
/// When the kept trust cannot be read.
pub fn own(device: &Device, seq: u64) -> Result<Own, Trouble> {
    let unsound = |e| Trouble::new(format!("the trusted keys cannot be read: {e}"));
    Ok(Own {
        issuer: device.issuer.clone(),
        trust: serde_json::from_str(&device.trust).map_err(unsound)?,
        device_id: device.device_id,
        dkt: super::device::thumbprint(&device.seal_public, &device.sign_public),
        spn: device.spn.clone(),
        seq,
    })
}
