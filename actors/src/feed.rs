//! What live clients receive: updates of streams, and the bounded outbox of one connection.
//!
//! An update is made once per stream and audience and shared; the gateway encodes it once. A
//! connection that does not keep up loses the queued updates of a stream, is told how many, and
//! gets a fresh snapshot: its queue is bounded and its gaps have names.

mod outbox;

pub use outbox::{Outbox, Pushed};

use bytes::Bytes;
use engine::{Hash, Moment, PersonId};
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The name of a stream on the wire: `board` or `exam:42`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Topic(Arc<str>);

impl Topic {
    /// The board of all exams.
    pub fn board() -> Topic {
        Topic("board".into())
    }

    /// One exam.
    pub fn exam(id: engine::WireId) -> Topic {
        Topic(format!("exam:{id}").into())
    }

    /// Reads a name; `None` when no such stream can exist.
    pub fn parse(text: &str) -> Option<Topic> {
        let known = text == "board"
            || text.strip_prefix("exam:").is_some_and(|n| {
                // One name for one stream: no zeros before the number.
                let plain =
                    n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'));
                plain && (1..=16).contains(&n.len())
            });
        known.then(|| Topic(text.into()))
    }

    /// The exam that it names, if it names one.
    pub fn exam_id(&self) -> Option<engine::WireId> {
        self.0.strip_prefix("exam:")?.parse().ok().map(engine::WireId)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a shared update was encoded; each kind is done once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// A whole WebSocket frame.
    WebSocket,
    /// A server-sent event.
    EventStream,
}

/// One step of a stream, as one audience sees it.
#[derive(Debug)]
pub struct Update {
    /// The stream.
    pub topic: Topic,
    /// Its number, contiguous for everybody.
    pub seq: u64,
    /// When.
    pub at: Moment,
    /// The person behind it; absent for the program itself and in sealed updates.
    pub by: Option<PersonId>,
    /// The event's kind, or `sealed`.
    pub kind: String,
    /// Version of the event's shape.
    pub v: u16,
    /// The merge patch of this audience's state, as JSON text; absent when nothing changes.
    pub patch: Option<String>,
    /// The stream's chain hash at `seq`.
    pub hash: Hash,
    encoded: [OnceLock<Bytes>; 2],
}

impl Update {
    /// An update that nobody has encoded yet.
    pub fn new(topic: Topic, seq: u64, at: Moment, kind: impl Into<String>) -> Update {
        Update {
            topic,
            seq,
            at,
            by: None,
            kind: kind.into(),
            v: 1,
            patch: None,
            hash: Hash::default(),
            encoded: [OnceLock::new(), OnceLock::new()],
        }
    }

    /// The encoded form; made by the first who asks and shared by all after.
    pub fn encoded(&self, how: Encoding, make: impl FnOnce(&Update) -> Bytes) -> Bytes {
        self.encoded[how as usize].get_or_init(|| make(self)).clone()
    }

    /// Roughly its size in memory, bytes.
    pub fn weight(&self) -> usize {
        200 + self.patch.as_ref().map_or(0, String::len)
    }
}

/// A whole state.
#[derive(Debug)]
pub struct Snapshot {
    /// The stream.
    pub topic: Topic,
    /// The log's epoch: numbers of different epochs do not compare.
    pub epoch: Arc<str>,
    /// The number that the state stands at.
    pub seq: u64,
    /// The stream's chain hash there.
    pub hash: Hash,
    /// The state.
    pub state: Value,
}

/// Where a client stood when it lost its connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resume {
    /// The epoch it knew.
    pub epoch: String,
    /// The last number it applied.
    pub seq: u64,
    /// The chain hash there.
    pub hash: Option<Hash>,
}

impl Resume {
    /// Everything after the client's place, when all of it is at hand; never a part. `after` is
    /// the number and chain hash that the oldest kept update follows.
    pub(crate) fn missed(
        &self,
        epoch: &str,
        kept: &VecDeque<Arc<Update>>,
        after: (u64, Hash),
    ) -> Option<Vec<Arc<Update>>> {
        if self.epoch != epoch {
            return None;
        }
        let skipped = usize::try_from(self.seq.checked_sub(after.0)?).ok()?;
        let hash = match skipped.checked_sub(1) {
            None => after.1,
            Some(last) => kept.get(last)?.hash,
        };
        let known = self.hash.is_none_or(|own| own == hash);
        known.then(|| kept.iter().skip(skipped).cloned().collect())
    }
}

/// Somebody who looks at a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Viewer {
    /// Who.
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// The role's word.
    pub role: &'static str,
    /// Since when.
    pub since: Moment,
}

/// What a connection has to send.
#[derive(Clone, Debug)]
pub enum Item {
    /// A subscription stands; with `recovered` the missing updates follow, else a snapshot.
    Subscribed {
        /// The stream.
        topic: Topic,
        /// The request that asked for it.
        id: Option<u64>,
        /// Everything missed follows.
        recovered: bool,
        /// The log's epoch.
        epoch: Arc<str>,
        /// The newest number.
        seq: u64,
    },
    /// A whole state.
    Snapshot(Arc<Snapshot>),
    /// One step.
    Update(Arc<Update>),
    /// The digest of the state at `seq`: 32 hexadecimal digits.
    Digest {
        /// The stream.
        topic: Topic,
        /// At this number.
        seq: u64,
        /// The digest.
        digest: Arc<str>,
    },
    /// Updates of this stream were dropped; the connection must subscribe anew.
    Lagged {
        /// The stream.
        topic: Topic,
        /// How many.
        missed: u64,
    },
    /// Who looks at the stream.
    Presence {
        /// The stream.
        topic: Topic,
        /// Everybody but observers.
        members: Arc<Vec<Viewer>>,
        /// How many observers.
        observers: u32,
    },
    /// An answer to a command, or anything else that is already encoded. Never dropped.
    Reply(Bytes),
}

impl Item {
    /// The stream that it belongs to; answers belong to none.
    fn topic(&self) -> Option<&Topic> {
        match self {
            Item::Subscribed { topic, .. }
            | Item::Digest { topic, .. }
            | Item::Lagged { topic, .. }
            | Item::Presence { topic, .. } => Some(topic),
            Item::Snapshot(snapshot) => Some(&snapshot.topic),
            Item::Update(update) => Some(&update.topic),
            Item::Reply(_) => None,
        }
    }

    /// Somebody waits for exactly this one: it is kept whatever follows it.
    fn is_answer(&self) -> bool {
        matches!(self, Item::Reply(_) | Item::Subscribed { id: Some(_), .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_one_name() {
        for text in ["board", "exam:0", "exam:42", "exam:9007199254740991"] {
            assert_eq!(Topic::parse(text).map(|t| t.to_string()).as_deref(), Some(text));
        }
        for text in ["", "exam:", "exam:042", "exam:00", "exam:-1", "exam:+1", "exam: 1", "Board"] {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
        assert_eq!(Topic::parse("exam:12345678901234567"), None, "longer than any number");
    }
}
