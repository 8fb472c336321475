//! Every open live connection of the process: their numbers, their limits, their tickets.

use super::tickets::Tickets;
use crate::app::App;
use actors::exams::ConnId;
use engine::PersonId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all workers.
#[derive(Debug)]
pub struct Hub {
    /// Tickets that wait to be used.
    pub tickets: Tickets,
    counts: Arc<Counts>,
    connections_max: usize,
    per_person_max: usize,
}

#[derive(Debug, Default)]
struct Counts {
    next: AtomicU64,
    open: AtomicUsize,
    people: Mutex<HashMap<PersonId, usize>>,
}

/// A place among the open connections; given back when dropped.
#[derive(Debug)]
pub struct Place {
    /// The connection's number, never used again.
    pub conn: ConnId,
    counts: Arc<Counts>,
    person: Option<PersonId>,
}

impl Hub {
    /// No connections.
    pub fn new(app: &App) -> Hub {
        Hub {
            tickets: Tickets::default(),
            counts: Arc::default(),
            connections_max: app.live.connections_max,
            per_person_max: app.live.connections_per_person_max,
        }
    }

    /// Open connections.
    pub fn open(&self) -> usize {
        self.counts.open.load(Ordering::Acquire)
    }

    /// A place for a new connection; `None` when there are too many.
    pub fn enter(&self) -> Option<Place> {
        let before = self.counts.open.fetch_add(1, Ordering::AcqRel);
        let conn = ConnId(self.counts.next.fetch_add(1, Ordering::Relaxed) + 1);
        let place = Place { conn, counts: self.counts.clone(), person: None };
        // Dropping the place takes the count back.
        (before < self.connections_max).then_some(place)
    }

    /// Says whose the connection is; `false` when that person has too many.
    pub fn name(&self, place: &mut Place, person: PersonId) -> bool {
        let mut people = self.counts.people();
        let open = people.entry(person).or_default();
        if *open >= self.per_person_max {
            return false;
        }
        *open += 1;
        place.person = Some(person);
        true
    }
}

impl Counts {
    fn people(&self) -> std::sync::MutexGuard<'_, HashMap<PersonId, usize>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::AcqRel);
        let Some(person) = self.person else { return };
        let mut people = self.counts.people();
        if let Some(open) = people.get_mut(&person) {
            *open -= 1;
            if *open == 0 {
                people.remove(&person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(connections_max: usize, per_person_max: usize) -> Hub {
        let (tickets, counts) = (Tickets::default(), Arc::default());
        Hub { tickets, counts, connections_max, per_person_max }
    }

    #[test]
    fn places_are_limited_and_given_back() {
        let hub = hub(2, 8);
        let (a, b) = (hub.enter().expect("free"), hub.enter().expect("free"));
        assert_ne!(a.conn, b.conn);
        assert!(hub.enter().is_none());
        assert_eq!(hub.open(), 2);
        drop(a);
        assert!(hub.enter().is_some());
        drop(b);
        assert_eq!(hub.open(), 0);
    }

    #[test]
    fn one_person_has_so_many_and_not_more() {
        let hub = hub(10, 1);
        let (mut a, mut b) = (hub.enter().expect("free"), hub.enter().expect("free"));
        assert!(hub.name(&mut a, PersonId(7)));
        assert!(!hub.name(&mut b, PersonId(7)));
        assert!(hub.name(&mut b, PersonId(8)));
        drop(a);
        let mut c = hub.enter().expect("free");
        assert!(hub.name(&mut c, PersonId(7)));
        drop((b, c));
        assert!(hub.counts.people().is_empty());
    }
}
