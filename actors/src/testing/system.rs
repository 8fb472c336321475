//! A system on paused time, its clock, and the accusing end of a test.

use super::{FixedIds, MemoryLog};
use crate::ports::{Clock, IdSource, LocalHints, LocalOwner};
use crate::settings::Limits;
use engine::{Moment, Span};
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// Runs a future inside an actix system whose time is paused: it jumps to the next timer whenever
/// nothing else can run.
///
/// # Panics
/// When the runtime cannot be built, or the future panics.
pub fn in_paused_system<F: Future>(future: F) -> F::Output {
    let system = actix::System::with_tokio_rt(|| {
        #[allow(clippy::expect_used)]
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a test needs a runtime")
    });
    system.block_on(future)
}

/// A clock that follows the runtime's time, paused or not, and whose wall time can be made to jump.
#[derive(Debug)]
pub struct ManualClock {
    started: Instant,
    wall: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `wall` now.
    pub fn new(wall: Moment) -> Self {
        Self { started: Instant::now(), wall: AtomicI64::new(wall.0) }
    }

    /// Moves the wall clock as an operator might, and nothing else.
    pub fn jump(&self, by: Span) {
        self.wall.fetch_add(by.0, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment(self.wall.load(Ordering::Relaxed)) + Span(self.monotonic_ms())
    }

    fn monotonic_us(&self) -> i64 {
        i64::try_from((Instant::now() - self.started).as_micros()).unwrap_or(i64::MAX)
    }
}

type Check = Box<dyn Fn() -> Option<String>>;

/// The ports of one test, and checks that run when it ends: what is left over fails the test.
pub struct TestSystem {
    /// Follows the test's paused time.
    pub clock: Arc<ManualClock>,
    /// Seeded ids.
    pub ids: Arc<FixedIds>,
    /// The log that outlives restarts within the test.
    pub log: Arc<MemoryLog>,
    /// The owner with boot counter 1.
    pub owner: Arc<LocalOwner>,
    /// Faithful hints.
    pub hints: Arc<LocalHints>,
    /// The limits in force.
    pub limits: Limits,
    checks: Mutex<Vec<Check>>,
}

impl TestSystem {
    /// Fresh ports; call it inside [`in_paused_system`].
    pub fn new(seed: u64) -> Self {
        Self::with_limits(seed, Limits::default())
    }

    /// Fresh ports under given limits.
    pub fn with_limits(seed: u64, limits: Limits) -> Self {
        Self {
            // 2026-03-02T06:00:00Z, an ordinary Monday.
            clock: Arc::new(ManualClock::new(Moment(1_772_431_200_000))),
            ids: Arc::new(FixedIds::new(seed)),
            log: MemoryLog::new(),
            owner: Arc::new(LocalOwner::new(1)),
            hints: Arc::new(LocalHints::new(&limits)),
            limits,
            checks: Mutex::default(),
        }
    }

    /// The clock as its port.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// The ids as their port.
    pub fn ids(&self) -> Arc<dyn IdSource> {
        self.ids.clone()
    }

    /// Adds a check for the end of the test: `Some` says what was left over.
    pub fn accuse(&self, check: impl Fn() -> Option<String> + 'static) {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(check));
    }
}

impl Drop for TestSystem {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let complaints: Vec<String> = checks.iter().filter_map(|check| check()).collect();
        assert!(complaints.is_empty(), "left over at the end of the test: {complaints:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix::{Actor, AsyncContext, Context};
    use std::time::Duration;

    struct Hourly(Arc<AtomicI64>);

    impl Actor for Hourly {
        type Context = Context<Self>;

        fn started(&mut self, ctx: &mut Self::Context) {
            ctx.run_interval(Duration::from_secs(60), |actor, _| {
                actor.0.fetch_add(1, Ordering::Relaxed);
            });
        }
    }

    #[test]
    fn actix_timers_and_the_clock_move_with_paused_time() {
        in_paused_system(async {
            let ticks = Arc::new(AtomicI64::new(0));
            let clock = ManualClock::new(Moment(0));
            let _addr = Hourly(ticks.clone()).start();
            tokio::time::sleep(Duration::from_secs(3_601)).await;
            assert_eq!(ticks.load(Ordering::Relaxed), 60);
            assert_eq!(clock.now(), Moment(3_601_000));
            clock.jump(Span::secs(-86_400));
            assert_eq!(clock.now(), Moment(3_601_000 - 86_400_000));
            assert_eq!(clock.monotonic_ms(), 3_601_000);
        });
    }

    #[test]
    fn a_test_that_leaves_something_over_fails() {
        let outcome = std::panic::catch_unwind(|| {
            in_paused_system(async {
                let system = TestSystem::new(1);
                system.accuse(|| Some("an actor".into()));
                system.accuse(|| None);
            });
        });
        let message = *outcome.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("an actor"), "{message}");
    }
}
