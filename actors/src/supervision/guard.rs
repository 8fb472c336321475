//! The thread by which an actor and its supervisor hold each other.

use super::End;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What the supervisor and one incarnation share.
#[derive(Debug)]
struct Life {
    incarnation: u64,
    current: AtomicBool,
    started: AtomicBool,
    at: AtomicU64,
    parting: Mutex<Option<End>>,
}

/// Given to each new actor by its supervisor: which life it is, whether it still counts, and how to
/// say why it ends.
#[derive(Clone)]
pub struct Guard(Arc<Life>);

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({})", self.0.incarnation)
    }
}

impl Guard {
    pub(super) fn new(incarnation: u64) -> Self {
        Self(Arc::new(Life {
            incarnation,
            current: AtomicBool::new(true),
            started: AtomicBool::new(false),
            at: AtomicU64::new(0),
            parting: Mutex::default(),
        }))
    }

    /// A guard without a supervisor, for an actor that a test starts by itself.
    #[cfg(any(test, feature = "testing"))]
    pub fn unsupervised() -> Self {
        Self::new(0)
    }

    /// Which of the child's lives this is.
    pub fn incarnation(&self) -> u64 {
        self.0.incarnation
    }

    /// Whether this incarnation is still the child. An actor that was stuck and abandoned, and wakes
    /// again, finds `false`: it should do nothing more and stop.
    pub fn is_current(&self) -> bool {
        self.0.current.load(Ordering::Acquire)
    }

    /// Says that the actor runs, for `Actor::started`: a quarantine's reason tells a child that
    /// cannot even start from one that fails at work.
    pub fn started(&self) {
        self.0.started.store(true, Ordering::Relaxed);
    }

    /// Names the place at which the actor works (a seq), so that a crash can be counted there.
    pub fn at(&self, place: u64) {
        self.0.at.store(place, Ordering::Relaxed);
    }

    /// Says that the actor cannot go on; call `ctx.stop()` after it. Counts as a failure.
    pub fn fail(&self, reason: impl Into<String>) {
        let end = End::Failed(reason.into());
        *self.0.parting.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    /// How the actor ended when its context ended by itself.
    pub(super) fn parting(&self) -> End {
        let mut parting = self.0.parting.lock().unwrap_or_else(PoisonError::into_inner);
        parting.take().unwrap_or(End::Clean)
    }

    pub(super) fn place(&self) -> u64 {
        self.0.at.load(Ordering::Relaxed)
    }

    pub(super) fn retire(&self) {
        self.0.current.store(false, Ordering::Release);
    }

    pub(super) fn has_started(&self) -> bool {
        self.0.started.load(Ordering::Relaxed)
    }
}
