//! The station's clock: anchored to the wall clock once, at start, and moved on by the monotonic
//! clock. Whatever happens to the wall clock while exams run, no candidate gains or loses a second;
//! the jump is noticed, said, and takes effect at the next start.

use actors::ports::Clock;
use engine::{Moment, Span};
use std::sync::Arc;

/// A wall clock that differs by more than this from the station's has jumped.
pub const JUMP: Span = Span::secs(2);

/// A clock that never goes back and never jumps.
#[derive(Clone)]
pub struct StationClock {
    inner: Arc<dyn Clock>,
    wall: Moment,
    monotonic_us: i64,
}

impl StationClock {
    /// Anchors the clock: at the wall clock, or at the last moment at which the station is known to
    /// have been alive, whichever is later.
    pub fn anchored(inner: Arc<dyn Clock>, alive_at: Option<Moment>) -> StationClock {
        let (wall, monotonic_us) = (inner.now(), inner.monotonic_us());
        StationClock { inner, wall: alive_at.map_or(wall, |alive| alive.max(wall)), monotonic_us }
    }

    /// How far the wall clock is ahead of the station's clock; negative when it is behind.
    pub fn drift(&self) -> Span {
        self.inner.now() - self.now()
    }

    /// The drift, when it is larger than [`JUMP`].
    pub fn jumped(&self) -> Option<Span> {
        let drift = self.drift();
        (drift.0.saturating_abs() > JUMP.0).then_some(drift)
    }
}

impl Clock for StationClock {
    fn now(&self) -> Moment {
        let passed_us = self.inner.monotonic_us().saturating_sub(self.monotonic_us);
        self.wall + Span(passed_us / 1_000)
    }

    fn monotonic_us(&self) -> i64 {
        self.inner.monotonic_us()
    }
}

#[cfg(test)]
pub use manual::ManualClock;

#[cfg(test)]
mod manual {
    //! A clock that a test moves by hand.

    use super::{Clock, Moment};
    use std::sync::atomic::{AtomicI64, Ordering};

    /// Its wall clock and its monotonic clock move apart only when a test says so.
    #[derive(Debug)]
    pub struct ManualClock {
        wall_ms: AtomicI64,
        monotonic_us: AtomicI64,
    }

    impl Default for ManualClock {
        fn default() -> Self {
            let (wall_ms, monotonic_us) =
                (AtomicI64::new(1_800_000_000_000), AtomicI64::new(5_000_000));
            ManualClock { wall_ms, monotonic_us }
        }
    }

    impl ManualClock {
        /// Lets time pass.
        pub fn advance_ms(&self, ms: i64) {
            self.jump_ms(ms);
            self.monotonic_us.fetch_add(ms * 1_000, Ordering::Relaxed);
        }

        /// Moves the wall clock alone.
        pub fn jump_ms(&self, ms: i64) {
            self.wall_ms.fetch_add(ms, Ordering::Relaxed);
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Moment {
            Moment(self.wall_ms.load(Ordering::Relaxed))
        }

        fn monotonic_us(&self) -> i64 {
            self.monotonic_us.load(Ordering::Relaxed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    #[test]
    fn a_jump_by_a_day_changes_nothing_and_is_named() {
        for jump in [DAY, -DAY, 2_001, -2_001] {
            let wall = Arc::new(ManualClock::default());
            let station = StationClock::anchored(wall.clone(), None);
            let start = station.now();
            wall.advance_ms(5_000);
            assert_eq!(station.jumped(), None);
            wall.jump_ms(jump);
            assert_eq!(station.now(), start + Span(5_000));
            assert_eq!(station.jumped(), Some(Span(jump)));
            wall.advance_ms(60_000);
            assert_eq!(station.now(), start + Span(65_000), "and goes on as before");
            wall.jump_ms(-jump);
            assert_eq!(station.jumped(), None, "set right again");
        }
    }

    #[test]
    fn small_corrections_are_nobodys_business() {
        let wall = Arc::new(ManualClock::default());
        let station = StationClock::anchored(wall.clone(), None);
        wall.jump_ms(-2_000);
        assert_eq!(station.jumped(), None);
    }

    #[test]
    fn time_never_goes_back_over_a_restart() {
        let wall = Arc::new(ManualClock::default());
        let alive = wall.now() + Span(DAY);
        let station = StationClock::anchored(wall.clone(), Some(alive));
        assert_eq!(station.now(), alive);
        assert_eq!(station.jumped(), Some(Span(-DAY)), "and it is said");
        wall.advance_ms(1_000);
        assert_eq!(station.now(), alive + Span(1_000));
        let earlier = StationClock::anchored(wall.clone(), Some(Moment(0)));
        assert_eq!(earlier.now(), wall.now());
    }
}
