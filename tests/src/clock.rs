//! The machine's clock, moved by hand on top of its own going: the wall clock alone, as a person
//! or a time server does, or time itself.

use actors::clock::SystemClock;
use actors::ports::Clock;
use engine::{Moment, Span};
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that a test moves.
#[derive(Debug, Default)]
pub struct MovedClock {
    wall_ms: AtomicI64,
    monotonic_us: AtomicI64,
}

impl MovedClock {
    /// Sets the wall clock forward, or back.
    pub fn jump(&self, by: Span) {
        self.wall_ms.fetch_add(by.0, Ordering::AcqRel);
    }

    /// Lets so much time pass at once. Timers that are armed do not notice.
    pub fn pass(&self, by: Span) {
        self.jump(by);
        self.monotonic_us.fetch_add(by.0 * 1_000, Ordering::AcqRel);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Moment {
        SystemClock.now() + Span(self.wall_ms.load(Ordering::Acquire))
    }

    fn monotonic_us(&self) -> i64 {
        SystemClock.monotonic_us() + self.monotonic_us.load(Ordering::Acquire)
    }
}

/// A clock that stands still but for what a test adds: for edges of a millisecond.
#[derive(Debug)]
pub struct StillClock {
    began: Moment,
    passed_ms: AtomicI64,
}

impl Default for StillClock {
    fn default() -> StillClock {
        StillClock { began: SystemClock.now(), passed_ms: AtomicI64::new(0) }
    }
}

impl StillClock {
    /// Lets so much time pass at once.
    pub fn pass(&self, by: Span) {
        self.passed_ms.fetch_add(by.0, Ordering::AcqRel);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Moment {
        self.began + Span(self.passed_ms.load(Ordering::Acquire))
    }

    fn monotonic_us(&self) -> i64 {
        self.passed_ms.load(Ordering::Acquire) * 1_000
    }
}
