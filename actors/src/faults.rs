//! Planted faults: how tests make one exam fail at a chosen place. Outside tests this is an empty
//! struct whose methods do nothing.

use engine::WireId;
use engine::exam::Command;

#[cfg(any(test, feature = "testing"))]
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What shall go wrong, and where.
#[derive(Clone, Default, Debug)]
pub struct Faults {
    #[cfg(any(test, feature = "testing"))]
    planted: Arc<Mutex<Planted>>,
}

#[cfg(any(test, feature = "testing"))]
#[derive(Default, Debug)]
struct Planted {
    decide: BTreeMap<WireId, u32>,
    replay: BTreeMap<WireId, u64>,
}

impl Faults {
    /// Called before each decision.
    #[cfg(not(any(test, feature = "testing")))]
    #[inline]
    pub(crate) fn before_decide(&self, _: WireId, _: &Command) {}

    /// Called before each record is folded in a replay.
    #[cfg(not(any(test, feature = "testing")))]
    #[inline]
    pub(crate) fn before_replay(&self, _: WireId, _: u64) {}
}

#[cfg(any(test, feature = "testing"))]
impl Faults {
    /// The next `times` decisions of this exam panic.
    pub fn panic_in_decide(&self, exam: WireId, times: u32) {
        self.lock().decide.insert(exam, times);
    }

    /// Every replay of this exam panics at this record.
    pub fn panic_in_replay(&self, exam: WireId, seq: u64) {
        self.lock().replay.insert(exam, seq);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Planted> {
        self.planted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn before_decide(&self, exam: WireId, _: &Command) {
        let fire = match self.lock().decide.get_mut(&exam) {
            Some(0) | None => false,
            Some(times) => {
                *times -= 1;
                true
            }
        };
        assert!(!fire, "planted: decide panics");
    }

    pub(crate) fn before_replay(&self, exam: WireId, seq: u64) {
        let fire = self.lock().replay.get(&exam) == Some(&seq);
        assert!(!fire, "planted: replay panics at {seq}");
    }
}
