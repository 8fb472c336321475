//! Doubles of the ports and a paused system, for the tests of this crate and of those above it
//! (feature `testing`). Nothing here is part of the program.
//!
//! Under [`in_paused_system`] the runtime's timers, actix's timers and [`ManualClock`] move
//! together: time jumps to the next timer whenever every task waits. Start every actor of such a
//! test on the test's own thread, and let nothing in it wait for a real socket.

mod catalog;
mod hints;
mod ids;
mod log;
pub mod plans;
mod replica;
mod station;
mod system;

pub use catalog::MemoryCatalog;
pub use hints::{LossyHints, Odds};
pub use ids::FixedIds;
pub use log::{Fault, Hold, MemoryLog};
pub use replica::{Replica, Seen};
pub use station::{Follower, Station, pass};
pub use system::{ManualClock, TestSystem, in_paused_system};

use engine::{Actor, CommandId, Hash, Moment, Record, StreamId};
use serde_json::json;

/// `count` sealed records of a stream after `after` (its last record, if it has any), all caused by
/// `cmd`.
pub fn records(
    stream: StreamId,
    after: Option<&Record>,
    cmd: Option<CommandId>,
    count: u16,
) -> Vec<Record> {
    let mut out: Vec<Record> = Vec::new();
    for cmd_ix in 0..count {
        let last = out.last().or(after);
        let seq = last.map_or(0, |r| r.seq) + 1;
        let record = Record {
            stream,
            seq,
            at: Moment(1_000 * i64::from(cmd_ix)),
            by: Actor::System,
            cmd,
            cmd_ix,
            kind: "noted".to_owned(),
            v: 1,
            salt: format!("{seq:032x}"),
            d: json!({ "n": seq }),
            prev: last.map_or(Hash::default(), |r| r.hash),
            hash: Hash::default(),
        };
        out.push(record.sealed());
    }
    out
}
