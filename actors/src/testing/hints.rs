//! Hints as bad as their contract allows.

use super::ids::Draws;
use crate::ports::{Hint, Hints};
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast;

/// How badly [`LossyHints`] behaves, in percent of the hints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Odds {
    /// Lost for good.
    pub lost: u8,
    /// Delivered twice.
    pub doubled: u8,
    /// Held back and delivered after the next one.
    pub late: u8,
}

impl Default for Odds {
    fn default() -> Self {
        Self { lost: 20, doubled: 20, late: 20 }
    }
}

/// A bus that loses, doubles and reorders hints as its seed says.
#[derive(Debug)]
pub struct LossyHints {
    sender: broadcast::Sender<Hint>,
    state: Mutex<(Draws, Option<Hint>)>,
    odds: Odds,
}

impl LossyHints {
    /// A bus for this seed.
    pub fn new(seed: u64, odds: Odds) -> Self {
        Self {
            sender: broadcast::Sender::new(1_024),
            state: Mutex::new((Draws::new(seed), None)),
            odds,
        }
    }
}

impl Hints for LossyHints {
    fn publish(&self, hint: Hint) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let held = state.1.take();
        if state.0.chance(self.odds.late) && held.is_none() {
            state.1 = Some(hint);
            return;
        }
        if !state.0.chance(self.odds.lost) {
            let _ = self.sender.send(hint);
        }
        if state.0.chance(self.odds.doubled) {
            let _ = self.sender.send(hint);
        }
        if let Some(held) = held {
            let _ = self.sender.send(held);
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.sender.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::StreamId;
    use uuid::Uuid;

    fn received(seed: u64, odds: Odds) -> Vec<u64> {
        let hints = LossyHints::new(seed, odds);
        let mut receiver = hints.subscribe();
        for n in 1..=100 {
            let stream = StreamId(Uuid::from_u128(1));
            hints.publish(Hint { stream, from_seq: n, to_seq: n });
        }
        std::iter::from_fn(|| receiver.try_recv().ok()).map(|hint| hint.to_seq).collect()
    }

    #[test]
    fn it_loses_doubles_and_reorders_by_its_seed() {
        let got = received(3, Odds::default());
        assert_eq!(got, received(3, Odds::default()));
        assert_ne!(got, received(4, Odds::default()));
        assert!((1..=100).any(|n| !got.contains(&n)), "lost none");
        assert!((1..=100).any(|n| got.iter().filter(|g| **g == n).count() > 1), "doubled none");
        assert!(!got.is_sorted(), "reordered none");
    }

    #[test]
    fn without_odds_it_is_faithful() {
        let odds = Odds { lost: 0, doubled: 0, late: 0 };
        assert_eq!(received(3, odds), (1..=100).collect::<Vec<u64>>());
    }
}
