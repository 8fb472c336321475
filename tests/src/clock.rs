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
