//! Whether a log keeps what was promised to clients: every acknowledged command is in it exactly
//! once and at the number that was acknowledged, numbers have no gaps, hashes hold, and no writer
//! that had been replaced wrote after its successor.
//!
//! It knows nothing of how the log came about. Tests show that it fails on logs that broke a
//! promise.

use engine::{CommandId, Record, WireId, chain};
use std::collections::BTreeMap;

/// A command that a client saw acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acked {
    /// Which exam.
    pub exam: WireId,
    /// The command.
    pub cmd: CommandId,
    /// The number that the server said.
    pub seq: u64,
    /// When it was first sent, µs of one clock.
    pub asked_us: i64,
    /// When the acknowledgement was read, µs of the same clock.
    pub acked_us: i64,
}

/// What a store holds of one exam.
#[derive(Clone, Default, Debug)]
pub struct Stream {
    /// Its records in order.
    pub records: Vec<Record>,
    /// For each record the fence of its writer, when that is known.
    pub fences: Vec<i64>,
}

/// Everything that does not hold, a line for each.
pub fn check(streams: &BTreeMap<WireId, Stream>, acked: &[Acked]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (exam, stream) in streams {
        check_stream(*exam, stream, &mut wrong);
    }
    let mut by_exam: BTreeMap<WireId, Vec<&Acked>> = BTreeMap::new();
    for ack in acked {
        by_exam.entry(ack.exam).or_default().push(ack);
    }
    for (exam, acks) in by_exam {
        match streams.get(&exam) {
            Some(stream) => check_acks(exam, &stream.records, acks, &mut wrong),
            None => wrong.push(format!("exam {exam}: acknowledged, and not in the log")),
        }
    }
    wrong
}

fn check_stream(exam: WireId, stream: &Stream, wrong: &mut Vec<String>) {
    for (record, expected) in stream.records.iter().zip(1..) {
        if record.seq != expected {
            wrong.push(format!("exam {exam}: number {} where {expected} belongs", record.seq));
            break;
        }
    }
    if let Err(fault) = chain::verify(&stream.records) {
        wrong.push(format!("exam {exam}: chain: {fault}"));
    }
    if let Some(at) = stream.fences.windows(2).position(|pair| pair[1] < pair[0]) {
        wrong.push(format!(
            "exam {exam}: record {} was written by writer {} after writer {} had begun",
            at + 2,
            stream.fences[at + 1],
            stream.fences[at]
        ));
    }
    // The records of one command stand together, numbered from 0.
    let mut seen: BTreeMap<CommandId, u64> = BTreeMap::new();
    let mut before: Option<(CommandId, u16)> = None;
    for record in &stream.records {
        let Some(cmd) = record.cmd else {
            before = None;
            continue;
        };
        let goes_on = before == record.cmd_ix.checked_sub(1).map(|ix| (cmd, ix));
        if !(record.cmd_ix > 0 && goes_on) && seen.insert(cmd, record.seq).is_some() {
            wrong.push(format!("exam {exam}: command {cmd} is applied again at {}", record.seq));
        }
        before = Some((cmd, record.cmd_ix));
    }
}

fn check_acks(exam: WireId, records: &[Record], mut acks: Vec<&Acked>, wrong: &mut Vec<String>) {
    let mut last: BTreeMap<CommandId, u64> = BTreeMap::new();
    for record in records {
        last.extend(record.cmd.map(|cmd| (cmd, record.seq)));
    }
    for ack in &acks {
        match last.get(&ack.cmd) {
            None => wrong.push(format!("exam {exam}: {} was acknowledged and is lost", ack.cmd)),
            Some(seq) if *seq != ack.seq => wrong.push(format!(
                "exam {exam}: {} was acknowledged at {} and stands at {seq}",
                ack.cmd, ack.seq
            )),
            Some(_) => {}
        }
    }
    // Whatever was acknowledged before another command was sent stands before it.
    let mut ended: Vec<&Acked> = acks.clone();
    ended.sort_by_key(|ack| ack.acked_us);
    acks.sort_by_key(|ack| ack.asked_us);
    let mut ended = ended.into_iter().peekable();
    let mut highest: Option<&Acked> = None;
    for ack in acks {
        while let Some(earlier) = ended.next_if(|e| e.acked_us < ack.asked_us) {
            highest = highest.filter(|h| h.seq >= earlier.seq).or(Some(earlier));
        }
        if let Some(earlier) = highest.filter(|h| h.seq >= ack.seq && h.cmd != ack.cmd) {
            wrong.push(format!(
                "exam {exam}: {} at {} was acknowledged before {} at {} was sent",
                earlier.cmd, earlier.seq, ack.cmd, ack.seq
            ));
        }
    }
}

#[cfg(test)]
mod tests;
