//! Planted faults: how tests make one exam fail at a chosen place. Outside tests this is an empty
//! struct whose methods do nothing.

use engine::{CommandId, WireId};

#[cfg(any(test, feature = "testing"))]
use std::{
    collections::{BTreeMap, BTreeSet},
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
    poison: BTreeSet<CommandId>,
    replay: BTreeMap<WireId, u64>,
}

impl Faults {
    /// Called before each decision.
    #[cfg(not(any(test, feature = "testing")))]
    #[inline]
    pub(crate) fn before_decide(&self, _: WireId, _: CommandId) {}

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

    /// Every decision of this command panics.
    pub fn panic_on(&self, cmd: CommandId) {
        self.lock().poison.insert(cmd);
    }

    /// The next replay of any exam is sound again.
    pub fn forgive_replays(&self) {
        self.lock().replay.clear();
    }

    /// Every replay of this exam panics at this record.
    pub fn panic_in_replay(&self, exam: WireId, seq: u64) {
        self.lock().replay.insert(exam, seq);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Planted> {
        self.planted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn before_decide(&self, exam: WireId, cmd: CommandId) {
        let mut planted = self.lock();
        let poisoned = planted.poison.contains(&cmd);
        let fire = match planted.decide.get_mut(&exam) {
            Some(0) | None => poisoned,
            Some(times) => {
                *times -= 1;
                true
            }
        };
        drop(planted);
        assert!(!fire, "planted: decide panics");
    }

    pub(crate) fn before_replay(&self, exam: WireId, seq: u64) {
        let fire = self.lock().replay.get(&exam) == Some(&seq);
        assert!(!fire, "planted: replay panics at {seq}");
    }
}
