//! A client's copy of a stream, kept by the rules of the live protocol: numbers at or below the
//! last are dropped, a gap is named, patches are folded, digests compared. It is pure, so that a
//! test may lose, repeat and reorder what reaches it.

use crate::feed::{Item, Resume};
use engine::{Hash, patch};
use serde_json::Value;

/// What an item meant to the copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// A whole state replaced the copy.
    Fresh,
    /// The next step was folded in.
    Applied,
    /// It was known already, or is older than the copy.
    Stale,
    /// Something before it is missing: the client must subscribe anew.
    Gap,
    /// The digest is that of the copy.
    Agreed,
    /// The digest is another: the client must subscribe anew.
    Mismatch,
    /// The server dropped updates, or its actor was replaced: the client must subscribe anew.
    Lagged,
    /// It says nothing about the state.
    Aside,
}

impl Seen {
    /// The client must ask for what it does not have.
    pub fn asks_anew(self) -> bool {
        matches!(self, Seen::Gap | Seen::Mismatch | Seen::Lagged)
    }
}

/// A client's copy of one stream.
#[derive(Clone, Default, Debug)]
pub struct Replica {
    /// The state; `None` before the first snapshot.
    pub state: Option<Value>,
    /// The number that it stands at.
    pub seq: u64,
    /// The chain hash there.
    pub hash: Hash,
    /// The epoch of both.
    pub epoch: String,
    /// The client has asked to follow and was not answered yet: what arrives before the answer
    /// belongs to the past, and numbers of another epoch do not compare.
    pub awaiting: bool,
    /// The negative control: folds whatever comes, as if nothing could be missing.
    pub ignores_gaps: bool,
}

impl Replica {
    /// Where the client stands, if it stands anywhere.
    pub fn resume(&self) -> Option<Resume> {
        let place = Resume { epoch: self.epoch.clone(), seq: self.seq, hash: Some(self.hash) };
        self.state.is_some().then_some(place)
    }

    /// The client asks to follow, for the first time or anew.
    pub fn subscribing(&mut self) {
        self.awaiting = true;
    }

    /// The digest of the copy, as the server would send it.
    pub fn digest(&self) -> String {
        self.state.as_ref().map(|state| Hash::of_json(state).short()).unwrap_or_default()
    }

    /// Takes the next item in.
    pub fn take(&mut self, item: &Item) -> Seen {
        match item {
            Item::Snapshot(snapshot) => {
                self.state = Some(snapshot.state.clone());
                self.seq = snapshot.seq;
                self.hash = snapshot.hash;
                self.epoch = snapshot.epoch.to_string();
                self.awaiting = false;
                Seen::Fresh
            }
            Item::Subscribed { recovered, .. } => {
                // Without recovery a snapshot follows, and nothing counts before it.
                self.awaiting = !recovered;
                Seen::Aside
            }
            Item::Update(update) => {
                let step = (update.seq, update.hash);
                self.step(step, update.patch.as_deref())
            }
            Item::Digest { seq, digest, .. } => self.compare(*seq, digest),
            Item::Lagged { .. } if !self.ignores_gaps => Seen::Lagged,
            Item::Lagged { .. } | Item::Presence { .. } | Item::Reply(_) => Seen::Aside,
        }
    }

    fn compare(&self, seq: u64, digest: &str) -> Seen {
        if self.ignores_gaps {
            return Seen::Aside;
        }
        if self.state.is_none() || self.awaiting || seq > self.seq {
            return Seen::Gap;
        }
        match seq == self.seq {
            false => Seen::Stale,
            true if self.digest() == digest => Seen::Agreed,
            true => Seen::Mismatch,
        }
    }

    fn step(&mut self, (seq, hash): (u64, Hash), change: Option<&str>) -> Seen {
        if self.ignores_gaps {
            self.state.get_or_insert_default();
        } else if self.awaiting {
            return Seen::Gap;
        } else if self.state.is_some() && seq <= self.seq {
            return Seen::Stale;
        }
        let Some(state) = self.state.as_mut().filter(|_| self.ignores_gaps || seq == self.seq + 1)
        else {
            return Seen::Gap;
        };
        if let Some(change) = change {
            let change: Value = serde_json::from_str(change).unwrap_or_default();
            patch::merge(state, &change);
        }
        (self.seq, self.hash) = (seq, hash);
        Seen::Applied
    }
}
