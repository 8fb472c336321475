//! Records: events as they are journalled, numbered from 1 and hash-chained within their stream.

use crate::canon::{Hash, canonical};
use crate::ids::{CommandId, PersonId, StreamId};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who caused an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in person.
    Person(PersonId),
    /// The program itself: a timer, a rule, a recovery.
    System,
}

/// One journalled event. `hash` covers every other field and the hash before it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its number in the stream, contiguous from 1.
    pub seq: u64,
    /// When it was decided, by the station's clock. Evidence, never order.
    pub at: Moment,
    /// Who caused it.
    pub by: Actor,
    /// The command that caused it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<CommandId>,
    /// Its number among the events of that command, from 0.
    pub cmd_ix: u16,
    /// The event's kind, such as `answer_saved`.
    pub kind: String,
    /// Version of the event's shape; old versions stay readable for ever.
    pub v: u16,
    /// 16 random bytes in hexadecimal, so that the hash of a mark from 0 to 3 tells nothing.
    pub salt: String,
    /// The event itself.
    pub d: Value,
    /// Hash of the record before it; all zeros before the first.
    pub prev: Hash,
    /// SHA-256 over the RFC 8785 form of this record without `hash`.
    pub hash: Hash,
}

impl Record {
    /// Recomputes the hash over everything but `hash`.
    pub fn computed_hash(&self) -> Hash {
        #[derive(Serialize)]
        struct Hashed<'a> {
            stream: &'a StreamId,
            seq: u64,
            at: Moment,
            by: Actor,
            #[serde(skip_serializing_if = "Option::is_none")]
            cmd: Option<CommandId>,
            cmd_ix: u16,
            kind: &'a str,
            v: u16,
            salt: &'a str,
            d: &'a Value,
            prev: Hash,
        }
        Hash::of(&[&canonical(&Hashed {
            stream: &self.stream,
            seq: self.seq,
            at: self.at,
            by: self.by,
            cmd: self.cmd,
            cmd_ix: self.cmd_ix,
            kind: &self.kind,
            v: self.v,
            salt: &self.salt,
            d: &self.d,
            prev: self.prev,
        })])
    }

    /// This record with its hash computed.
    pub fn sealed(mut self) -> Record {
        self.hash = self.computed_hash();
        self
    }
}

/// The end of a chain: the number and hash of its last record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Head {
    /// Number of the last record; 0 before the first.
    pub seq: u64,
    /// Its hash; zeros before the first.
    pub hash: Hash,
}

/// What causes a record, apart from its content.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// When it is decided.
    pub at: Moment,
    /// Who causes it.
    pub by: Actor,
    /// The command, if one does.
    pub cmd: Option<CommandId>,
}

/// An event as a record stores it, with its salt.
#[derive(Clone, Debug)]
pub struct Content {
    /// Its kind.
    pub kind: String,
    /// Version of its shape.
    pub v: u16,
    /// Its body.
    pub d: Value,
    /// Fresh random bytes.
    pub salt: [u8; 16],
}

impl Head {
    /// The head after a record.
    pub fn of(record: &Record) -> Head {
        Head { seq: record.seq, hash: record.hash }
    }

    /// Chains the events of one decision onto this head, and moves it.
    pub fn extend(
        &mut self,
        stream: StreamId,
        cause: Cause,
        contents: impl IntoIterator<Item = Content>,
    ) -> Vec<Record> {
        let mut records = Vec::new();
        for (content, cmd_ix) in contents.into_iter().zip(0..) {
            let record = Record {
                stream,
                seq: self.seq + 1,
                at: cause.at,
                by: cause.by,
                cmd: cause.cmd,
                cmd_ix,
                kind: content.kind,
                v: content.v,
                salt: hex::encode(content.salt),
                d: content.d,
                prev: self.hash,
                hash: Hash::default(),
            }
            .sealed();
            *self = Head::of(&record);
            records.push(record);
        }
        records
    }
}

/// What is wrong with a chain, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChainFault {
    /// A number is missing or doubled.
    #[error("record {found} stands where {expected} was expected")]
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A record does not continue the one before it.
    #[error("record {0} does not continue the one before it")]
    Broken(u64),
    /// A record's content does not match its hash.
    #[error("record {0} was changed: its content does not match its hash")]
    Changed(u64),
    /// A record of another stream.
    #[error("record {0} belongs to another stream")]
    Foreign(u64),
}

/// Checks a whole stream from its first record; returns the head's hash (zeros when empty).
///
/// # Errors
/// The first fault in order of `seq`.
pub fn verify(records: &[Record]) -> Result<Hash, ChainFault> {
    let mut prev = Hash::default();
    for (record, expected) in records.iter().zip(1..) {
        if record.seq != expected {
            return Err(ChainFault::Gap { expected, found: record.seq });
        }
        if record.stream != records[0].stream {
            return Err(ChainFault::Foreign(record.seq));
        }
        if record.prev != prev {
            return Err(ChainFault::Broken(record.seq));
        }
        if record.computed_hash() != record.hash {
            return Err(ChainFault::Changed(record.seq));
        }
        prev = record.hash;
    }
    Ok(prev)
}
