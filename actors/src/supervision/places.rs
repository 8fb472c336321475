//! The threads on which children run, and how a blocked one is noticed and replaced.

use super::family::{Kin, Tended};
use super::incarnation::Birth;
use actix_rt::{Arbiter, ArbiterHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where children run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Places {
    /// On the thread that starts them: for tests on paused time.
    Here,
    /// On this many threads of their own. The supervisor's loop must run inside an actix system.
    Threads(usize),
}

/// What a child's task knows of its thread.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    /// Which place; never repeats.
    pub place: u64,
    polling: Arc<AtomicU64>,
}

impl Seat {
    pub fn enter(&self, incarnation: u64) {
        self.polling.store(incarnation, Ordering::Release);
    }

    pub fn leave(&self) {
        self.polling.store(0, Ordering::Release);
    }
}

struct Slot {
    arbiter: Option<ArbiterHandle>,
    seat: Seat,
    answered: Arc<AtomicBool>,
    missed: u32,
    /// For children that blocked a thread before.
    suspects: bool,
}

impl Slot {
    fn new(place: u64, arbiter: Option<ArbiterHandle>, suspects: bool) -> Self {
        Self {
            arbiter,
            seat: Seat { place, polling: Arc::default() },
            answered: Arc::new(AtomicBool::new(true)),
            missed: 0,
            suspects,
        }
    }
}

/// A thread that something blocked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Blocked {
    /// The place that was given up.
    pub place: u64,
    /// The incarnation that blocks it; 0 when none is known.
    pub by: u64,
}

/// The places in use.
pub(super) struct Threads {
    slots: Vec<Slot>,
    next: usize,
    last_place: u64,
    own: bool,
    abandoned: u64,
}

impl Threads {
    /// Starts the threads.
    pub fn new(places: Places) -> Self {
        let mut threads =
            Self { slots: Vec::new(), next: 0, last_place: 0, own: false, abandoned: 0 };
        match places {
            Places::Here => threads.slots.push(Slot::new(1, None, false)),
            Places::Threads(count) => {
                threads.own = true;
                for _ in 0..count.max(1) {
                    let slot = threads.opened(false);
                    threads.slots.push(slot);
                }
            }
        }
        threads.last_place = threads.last_place.max(1);
        threads
    }

    fn opened(&mut self, suspects: bool) -> Slot {
        self.last_place += 1;
        Slot::new(self.last_place, Some(Arbiter::new().handle()), suspects)
    }

    /// Threads given up so far.
    pub fn abandoned(&self) -> u64 {
        self.abandoned
    }

    /// Where the next child goes. One that blocked a thread before shares a thread with its like.
    pub fn seat(&mut self, suspect: bool) -> (Seat, Option<ArbiterHandle>) {
        let suspect = suspect && self.own;
        if suspect && !self.slots.iter().any(|slot| slot.suspects) {
            let slot = self.opened(true);
            self.slots.push(slot);
        }
        self.next = self.next.wrapping_add(1);
        let able: Vec<&Slot> = self.slots.iter().filter(|s| s.suspects == suspect).collect();
        let well: Vec<&Slot> = able.iter().copied().filter(|s| s.missed < 2).collect();
        let choice = if well.is_empty() { able } else { well };
        let slot = choice[self.next % choice.len()];
        (slot.seat.clone(), slot.arbiter.clone())
    }

    /// Whether the thread of a place answered the last question.
    pub fn answers(&self, place: u64) -> bool {
        self.slots.iter().any(|slot| slot.seat.place == place && slot.missed == 0)
    }

    /// Asks every thread for a sign of life; gives up those that owe too many, and replaces them as
    /// long as no more than `abandoned_max` were given up.
    pub fn sweep(&mut self, missed_max: u32, abandoned_max: usize) -> Vec<Blocked> {
        let mut blocked = Vec::new();
        for at in 0..self.slots.len() {
            let slot = &mut self.slots[at];
            let Some(arbiter) = slot.arbiter.clone() else { continue };
            if slot.answered.swap(false, Ordering::AcqRel) {
                slot.missed = 0;
                let answered = slot.answered.clone();
                arbiter.spawn_fn(move || answered.store(true, Ordering::Release));
                continue;
            }
            slot.missed = slot.missed.saturating_add(1);
            if slot.missed < missed_max || self.abandoned >= abandoned_max as u64 {
                continue;
            }
            blocked.push(Blocked {
                place: slot.seat.place,
                by: slot.seat.polling.load(Ordering::Acquire),
            });
            // It ends by itself once it is no longer blocked.
            arbiter.stop();
            let suspects = slot.suspects;
            self.abandoned += 1;
            self.slots[at] = self.opened(suspects);
        }
        blocked
    }

    /// Ends the threads, once what they do now is done.
    pub fn stop(&mut self) {
        for slot in &self.slots {
            if let Some(arbiter) = &slot.arbiter {
                arbiter.stop();
            }
        }
    }
}

/// Starts a child's task where it was seated.
pub(super) fn settle<K: Kin, A: Tended>(arbiter: Option<ArbiterHandle>, birth: Birth<K, A>) {
    match arbiter {
        None => {
            actix_rt::spawn(birth.live());
        }
        Some(arbiter) => {
            // Refused only by a thread that has ended: dropping the closure then drops the birth,
            // and the sweep finds a child that never ran.
            arbiter.spawn_fn(move || {
                actix_rt::spawn(birth.live());
            });
        }
    }
}
