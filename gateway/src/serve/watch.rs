//! What is looked after beside the work: the wall clock, revocations of other processes, sittings
//! that end, and the picture of the actors for readiness and metrics.

use crate::adapters::StoreRevocation;
use crate::adapters::clock::{JUMP, StationClock};
use crate::app::App;
use crate::passport::Passport;
use crate::passport::keys::Keyring;
use actors::board::{Alert, Board};
use actors::ports::{Clock, Revoked};
use actors::system::{Picture, System};
use engine::Span;
use entities::{NewRevocation, ONCE_FORGOTTEN_PER_CALL_MAX, StoreError};
use std::rc::Weak;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often the wall clock is looked at, ms.
const CLOCK_MS: u64 = 1_000;
/// How often revocations of other processes are read, ms: with the closing of its sockets, a revoked
/// sign-in ends within 2 s.
const REVOCATIONS_MS: u64 = 1_000;
/// How often keys are read, ms.
const KEYS_MS: u64 = 2_000;
/// Keys are looked after by the calendar every so many reads of them.
const UPKEEP_EVERY: u64 = 1_800;
/// How often what has expired is forgotten, ms.
const FORGET_MS: u64 = 600_000;
/// Sign-ins that ended by their time before this, seen from now, are forgotten.
const ENDED_SINCE: Span = Span::secs(-30 * 86_400);
/// How often the picture is taken, ms.
const PICTURE_MS: u64 = 250;
/// The alert about the clock.
const CLOCK_ALERT: &str = "clock";

fn every(ms: u64) -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_millis(ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Takes over what other processes did to the keys, and does what is due by the calendar.
pub(super) fn keys(keyring: Keyring) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = every(KEYS_MS);
        for turn in 0_u64.. {
            ticks.tick().await;
            let done = if turn.is_multiple_of(UPKEEP_EVERY) {
                keyring.upkeep().await
            } else {
                keyring.refresh().await
            };
            if let Err(error) = done {
                tracing::warn!(%error, "the signing keys could not be looked after");
            }
        }
    })
}

/// Says when the wall clock and the station's clock differ.
pub(super) fn clock(station: StationClock, board: Board) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = every(CLOCK_MS);
        let mut told: Option<Span> = None;
        loop {
            ticks.tick().await;
            match (station.jumped(), told) {
                // A second jump is told as well; a clock that goes a little wrong is not.
                (Some(drift), Some(before)) if (drift - before).0.abs() <= JUMP.0 => {}
                (Some(drift), _) => {
                    tracing::warn!(drift_ms = drift.0, "wall clock jumped");
                    board.alert(clock_alert(&station, drift.0));
                    told = Some(drift);
                }
                (None, Some(_)) => {
                    tracing::info!("wall clock agrees again");
                    board.clear_alert(CLOCK_ALERT);
                    told = None;
                }
                (None, None) => {}
            }
        }
    })
}

fn clock_alert(station: &StationClock, drift_ms: i64) -> Alert {
    let seconds = drift_ms.unsigned_abs() / 1_000;
    // The station never goes back behind a time at which it was alive, not even by a restart.
    let (side, way_out) = if drift_ms > 0 {
        ("ahead of", "restart nsk between exams")
    } else {
        (
            "behind",
            "stop nsk between exams, delete the file `alive` in the data directory and start again",
        )
    };
    Alert {
        key: CLOCK_ALERT.to_owned(),
        kind: "clock",
        text: format!(
            "the computer's clock is {seconds} s {side} the station's; running exams keep their \
             time. Set the computer's clock right; if it is right already, {way_out}"
        ),
        exam: None,
        at: station.now(),
    }
}

/// Takes over revocations that another process wrote.
pub(super) fn revocations(revocation: Arc<StoreRevocation>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = every(REVOCATIONS_MS);
        let mut failing = false;
        loop {
            ticks.tick().await;
            let result = revocation.refresh().await;
            if let Err(error) = &result
                && !failing
            {
                tracing::warn!(%error, "revocations not read");
            }
            failing = result.is_err();
        }
    })
}

/// Forgets what has expired: revocations, what is used once, refresh families, sign-ins.
pub(super) fn expired(passport: Passport) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = every(FORGET_MS);
        loop {
            ticks.tick().await;
            match forget(&passport).await {
                Ok(0) => {}
                Ok(rows) => tracing::debug!(rows, "forgot what had expired"),
                Err(error) => tracing::warn!(%error, "what has expired is not forgotten"),
            }
        }
    })
}

async fn forget(passport: &Passport) -> Result<u64, StoreError> {
    let (store, now) = (&passport.store, passport.clock.now());
    let mut rows = passport.revocation.forget(now).await?;
    loop {
        let some = store.forget_expired_once(now).await?;
        rows += some;
        if some < u64::from(ONCE_FORGOTTEN_PER_CALL_MAX) {
            break;
        }
    }
    rows += store.forget_families(now).await?;
    Ok(rows + store.forget_sessions(now + ENDED_SINCE).await?)
}

/// A sitting that ends takes its tokens along: they are refused from here on, on plain HTTP too.
pub(super) fn sittings(app: &App) -> JoinHandle<()> {
    let mut ended = app.sessions.ended();
    let (revocation, clock) = (app.revocation.clone(), app.clock.clone());
    let life = Span::minutes(i64::from(app.config.auth.session_minutes));
    tokio::spawn(async move {
        loop {
            let sid = match ended.recv().await {
                Ok(Revoked::Session(sid)) => sid,
                Ok(_) => continue,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "sittings ended unheard");
                    continue;
                }
                Err(RecvError::Closed) => return,
            };
            let at = clock.now();
            let ended = NewRevocation {
                sid: Some(sid),
                reason: "the sitting has ended".to_owned(),
                at,
                expires_at: at + life,
                ..NewRevocation::default()
            };
            if let Err(error) = revocation.revoke(&ended).await {
                tracing::warn!(%error, "tokens of an ended sitting not revoked");
            }
        }
    })
}

/// Takes the picture of the actors, on the thread that started them, for as long as they run.
pub(super) fn picture(system: Weak<System>, into: watch::Sender<Picture>) -> JoinHandle<()> {
    actix_rt::spawn(async move {
        let mut ticks = every(PICTURE_MS);
        loop {
            ticks.tick().await;
            let Some(picture) = system.upgrade().map(|system| system.picture()) else { return };
            if into.send(picture).is_err() {
                return;
            }
        }
    })
}
