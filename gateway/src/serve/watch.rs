//! What is looked after beside the work: the wall clock, revocations of other processes, and the
//! picture of the actors for readiness and metrics.

use crate::adapters::StoreRevocation;
use crate::adapters::clock::StationClock;
use actors::board::{Alert, Board};
use actors::ports::Clock;
use actors::system::{Picture, System};
use std::rc::Weak;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often the wall clock is looked at, ms.
const CLOCK_MS: u64 = 1_000;
/// How often revocations are read, ms.
const REVOCATIONS_MS: u64 = 2_000;
/// Expired revocations are forgotten every so many reads.
const FORGET_EVERY: u64 = 1_800;
/// How often the picture is taken, ms.
const PICTURE_MS: u64 = 250;
/// The alert about the clock.
const CLOCK_ALERT: &str = "clock";

fn every(ms: u64) -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_millis(ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Says when the wall clock and the station's clock differ.
pub(super) fn clock(station: StationClock, board: Board) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = every(CLOCK_MS);
        let mut told = false;
        loop {
            ticks.tick().await;
            match station.jumped() {
                Some(drift) if !told => {
                    tracing::warn!(drift_ms = drift.0, "wall clock jumped");
                    board.alert(clock_alert(&station, drift.0));
                    told = true;
                }
                None if told => {
                    tracing::info!("wall clock agrees again");
                    board.clear_alert(CLOCK_ALERT);
                    told = false;
                }
                _ => {}
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

/// Takes over revocations that another process wrote, and forgets what has expired.
pub(super) fn revocations(
    revocation: Arc<StoreRevocation>,
    clock: Arc<dyn Clock>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut ticks = every(REVOCATIONS_MS);
        let mut reads: u64 = 0;
        let mut failing = false;
        loop {
            ticks.tick().await;
            reads += 1;
            let mut result = revocation.refresh().await;
            if result.is_ok() && reads.is_multiple_of(FORGET_EVERY) {
                result = revocation.forget(clock.now()).await.map(|_| ());
            }
            if let Err(error) = &result
                && !failing
            {
                tracing::warn!(%error, "revocations not read");
            }
            failing = result.is_err();
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
