//! The audit: events of identity, numbered from 1 and hash-chained within their stream, so that a
//! changed, removed, inserted or reordered event is found by anybody who has the export.
//!
//! A chain alone does not show that its tail was cut off, nor that all of it was written anew.
//! Checkpoints do, once a copy of them lies where whoever can write the chain cannot reach.

use crate::canon::{Hash, canonical};
use crate::chain::Head;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The word that names this shape of an export.
pub const FORMAT: &str = "nsk-audit/1";

/// What a checkpoint's signature covers begins with these bytes.
const CHECKPOINT_DOMAIN: &[u8] = b"nsk audit checkpoint v1\0";

/// Checkpoints that one verification holds at most.
pub const CHECKPOINTS_MAX: usize = 1_000_000;

/// Something that was done with identity, by whom and to whom. Holds no secret: tokens are named
/// by their `jti`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The installation's own chain.
    pub stream: String,
    /// Its number in the stream, contiguous from 1.
    pub seq: u64,
    /// When, by the installation's clock. Evidence, never order.
    pub at: Moment,
    /// What: `login.ok`, `token.issue`.
    pub kind: String,
    /// Who did it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor: Option<String>,
    /// To whom or what it was done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// Whatever else is known.
    pub detail: Value,
}

impl Event {
    /// `h_n`: SHA-256 over the hash before and the RFC 8785 form of this event.
    pub fn hash_after(&self, prev: Hash) -> Hash {
        Hash::of(&[&prev.0, &canonical(self)])
    }

    /// This event, chained to the one before.
    pub fn sealed(self, prev: Hash) -> Sealed {
        let hash = self.hash_after(prev);
        Sealed { event: self, hash }
    }
}

/// An event with its place in the chain.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The event.
    pub event: Event,
    /// The chain's hash after it.
    pub hash: Hash,
}

impl Sealed {
    /// The chain's head when this is its last event.
    pub fn head(&self) -> Head {
        Head { seq: self.event.seq, hash: self.hash }
    }
}

/// What the head of a chain was at some moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Of which chain.
    pub stream: String,
    /// The number of its last event then.
    pub seq: u64,
    /// The hash after it.
    pub hash: Hash,
    /// When.
    pub at: Moment,
}

impl Checkpoint {
    /// The bytes that its signature covers.
    pub fn message(&self) -> Vec<u8> {
        [CHECKPOINT_DOMAIN, &canonical(self)].concat()
    }
}

/// A checkpoint with the signature of the installation's audit key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The key, where it is signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kid: Option<String>,
    /// Ed25519 over [`Checkpoint::message`], hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sig: Option<String>,
}

/// The first line of an export.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// Always [`FORMAT`].
    pub format: String,
    /// The stream of every event that follows.
    pub stream: String,
    /// Public audit keys by id, hexadecimal. Whoever verifies compares them with those they know.
    #[serde(default)]
    pub keys: BTreeMap<String, String>,
}

/// The last line of an export: a copy that broke off lacks it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// The head of the chain.
    pub end: Head,
}

/// A line of an export. Checkpoints stand behind the event at which they were made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// The first.
    Heading(Heading),
    /// An event.
    Event(Sealed),
    /// A checkpoint.
    Checkpoint(SignedCheckpoint),
    /// The last.
    Ending(Ending),
}

/// The first thing about an export that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuditFault {
    /// No heading, two of them, or one of another format.
    #[error("this is no {FORMAT} export")]
    NotAnExport,
    /// Something stands where it has no place.
    #[error("a line after event {0} stands where it may not")]
    Misplaced(u64),
    /// An event or checkpoint of another installation.
    #[error("event or checkpoint {0} belongs to another stream")]
    Foreign(u64),
    /// A number is missing, doubled or out of order.
    #[error("event {found} stands where {expected} was expected")]
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// The hash does not follow from the event and the hash before.
    #[error("event {0} or its place was changed: the hash does not follow from it")]
    Changed(u64),
    /// The chain is not the one that the checkpoint saw.
    #[error("the chain up to event {0} is not the one that its checkpoint saw")]
    Rewritten(u64),
    /// Events that a checkpoint saw are not there.
    #[error("the chain ends at event {last}, but a checkpoint saw event {seen}")]
    Truncated {
        /// The last event that is there.
        last: u64,
        /// The last that was.
        seen: u64,
    },
    /// A checkpoint is not signed, or not by a known key, or the signature is of something else.
    #[error("the checkpoint at event {0} has no valid signature")]
    Signature(u64),
    /// The export breaks off.
    #[error("the export breaks off after event {0}")]
    BrokenOff(u64),
    /// More than this program will hold.
    #[error("more than {CHECKPOINTS_MAX} checkpoints")]
    TooMany,
}

/// What was verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// Whose chain.
    pub stream: String,
    /// Its head.
    pub head: Head,
    /// The last event that a checkpoint vouches for; what follows could have been cut or changed.
    pub vouched: u64,
    /// Checkpoints that were compared.
    pub checkpoints: u64,
}

/// Whether a signature is of this key (by id) over this message; the engine knows no keys.
pub type Check<'c> = &'c dyn Fn(&str, &[u8], &str) -> bool;

/// Verifies an export line by line, in the order in which it is written.
pub struct Verifier<'c> {
    stream: Option<String>,
    head: Head,
    ended: bool,
    vouched: u64,
    compared: u64,
    /// Checkpoints from elsewhere, by number; those already passed are taken out.
    outside: BTreeMap<u64, Vec<Checkpoint>>,
    check: Option<Check<'c>>,
}

impl<'c> Verifier<'c> {
    /// A verifier that also knows checkpoints which were kept elsewhere (and whose signatures the
    /// caller looked at). With `check` every checkpoint of the export must be signed.
    ///
    /// # Errors
    /// [`AuditFault::TooMany`].
    pub fn new(
        outside: Vec<Checkpoint>,
        check: Option<Check<'c>>,
    ) -> Result<Verifier<'c>, AuditFault> {
        if outside.len() > CHECKPOINTS_MAX {
            return Err(AuditFault::TooMany);
        }
        let mut by_number: BTreeMap<u64, Vec<Checkpoint>> = BTreeMap::new();
        for checkpoint in outside {
            by_number.entry(checkpoint.seq).or_default().push(checkpoint);
        }
        Ok(Verifier {
            stream: None,
            head: Head::default(),
            ended: false,
            vouched: 0,
            compared: 0,
            outside: by_number,
            check,
        })
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn take(&mut self, line: &Line) -> Result<(), AuditFault> {
        if self.ended {
            return Err(AuditFault::Misplaced(self.head.seq));
        }
        match line {
            Line::Heading(heading) => self.heading(heading),
            Line::Event(sealed) => self.event(sealed),
            Line::Checkpoint(signed) => self.checkpoint(signed),
            Line::Ending(ending) => {
                self.stream()?;
                if ending.end.seq > self.head.seq {
                    return Err(AuditFault::BrokenOff(self.head.seq));
                }
                if ending.end != self.head {
                    return Err(AuditFault::Changed(self.head.seq));
                }
                self.ended = true;
                Ok(())
            }
        }
    }

    fn stream(&self) -> Result<&str, AuditFault> {
        self.stream.as_deref().ok_or(AuditFault::NotAnExport)
    }

    fn heading(&mut self, heading: &Heading) -> Result<(), AuditFault> {
        if self.stream.is_some() || heading.format != FORMAT {
            return Err(AuditFault::NotAnExport);
        }
        let foreign = |c: &&Checkpoint| c.stream != heading.stream;
        if let Some(other) = self.outside.values().flatten().find(foreign) {
            return Err(AuditFault::Foreign(other.seq));
        }
        self.stream = Some(heading.stream.clone());
        Ok(())
    }

    fn event(&mut self, sealed: &Sealed) -> Result<(), AuditFault> {
        let event = &sealed.event;
        let expected = self.head.seq + 1;
        if event.stream != self.stream()? {
            return Err(AuditFault::Foreign(event.seq));
        }
        if event.seq != expected {
            return Err(AuditFault::Gap { expected, found: event.seq });
        }
        if event.hash_after(self.head.hash) != sealed.hash {
            return Err(AuditFault::Changed(event.seq));
        }
        self.head = sealed.head();
        for seen in self.outside.remove(&event.seq).unwrap_or_default() {
            self.compare(&seen)?;
        }
        Ok(())
    }

    fn checkpoint(&mut self, signed: &SignedCheckpoint) -> Result<(), AuditFault> {
        let seen = &signed.checkpoint;
        if seen.stream != self.stream()? {
            return Err(AuditFault::Foreign(seen.seq));
        }
        if seen.seq > self.head.seq {
            return Err(AuditFault::Truncated { last: self.head.seq, seen: seen.seq });
        }
        if seen.seq < self.head.seq {
            return Err(AuditFault::Misplaced(self.head.seq));
        }
        if let Some(check) = self.check {
            let good = match (&signed.kid, &signed.sig) {
                (Some(kid), Some(sig)) => check(kid, &seen.message(), sig),
                _ => false,
            };
            if !good {
                return Err(AuditFault::Signature(seen.seq));
            }
        }
        self.compare(seen)
    }

    fn compare(&mut self, seen: &Checkpoint) -> Result<(), AuditFault> {
        if seen.hash != self.head.hash {
            return Err(AuditFault::Rewritten(seen.seq));
        }
        self.vouched = self.head.seq;
        self.compared += 1;
        Ok(())
    }

    /// The end of the export: what was verified.
    ///
    /// # Errors
    /// When it breaks off, or ends before a checkpoint that was kept elsewhere.
    pub fn finish(self) -> Result<Verified, AuditFault> {
        let stream = self.stream()?.to_owned();
        if let Some(seen) = self.outside.keys().next_back() {
            return Err(AuditFault::Truncated { last: self.head.seq, seen: *seen });
        }
        if !self.ended {
            return Err(AuditFault::BrokenOff(self.head.seq));
        }
        let (head, vouched) = (self.head, self.vouched);
        Ok(Verified { stream, head, vouched, checkpoints: self.compared })
    }
}

#[cfg(test)]
mod tests;
