//! The checkers: what must hold after a run. They look at the log and at what clients were told,
//! never at the actors.

use crate::history::Told;
use crate::observers::{Observer, What};
use crate::world::World;
use actors::testing::plans::{small_practice, small_tool};
use engine::exam::Materials;
use engine::exam::view::{Audience, to_json};
use engine::{CommandId, Exam, Hash, Record, WireId, chain};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that is wrong with a run; empty when nothing is.
pub fn audit(world: &World, observers: &[Observer]) -> Vec<String> {
    let mut wrong = Vec::new();
    let told = world.history.all();
    for cast in &world.casts {
        let exam = cast.exam;
        let records = world.records(exam);
        let mine: Vec<&Told> = told.iter().filter(|t| t.exam == exam).collect();
        if let Err(fault) = chain::verify(&records) {
            wrong.push(format!("exam {exam}: {fault}"));
        }
        wrong.extend(once_each(&records, &mine));
        wrong.extend(in_order(&mine));
        wrong.extend(nothing_else(&records, &mine));
        wrong.extend(watched(exam, &records, observers));
    }
    wrong.extend(board(world, observers));
    wrong
}

/// The records of each command, by its id.
fn by_command(records: &[Record]) -> BTreeMap<CommandId, Vec<&Record>> {
    let mut map: BTreeMap<CommandId, Vec<&Record>> = BTreeMap::new();
    for record in records {
        if let Some(cmd) = record.cmd {
            map.entry(cmd).or_default().push(record);
        }
    }
    map
}

/// What was acknowledged is in the log exactly once, at the number that was told; what was refused
/// is not.
fn once_each(records: &[Record], told: &[&Told]) -> Vec<String> {
    let logged = by_command(records);
    let mut wrong = Vec::new();
    for t in told {
        let found = logged.get(&t.cmd).map_or(&[][..], Vec::as_slice);
        let whole = found.iter().zip(0_u16..).all(|(r, ix)| r.cmd_ix == ix);
        let adjacent = found.windows(2).all(|w| w[1].seq == w[0].seq + 1);
        if !whole || !adjacent {
            wrong.push(format!("{} is in the log twice or in parts", t.cmd));
        }
        let last = found.last().map(|r| r.seq);
        match (t.acked, last) {
            (Some((_, seq)), Some(last)) if seq != last => {
                wrong.push(format!("{} was acknowledged at {seq} and stands at {last}", t.cmd));
            }
            (Some(_), None) if !t.may_be_quiet => {
                wrong.push(format!("{} was acknowledged and is not in the log", t.cmd));
            }
            _ => {}
        }
        if let (Some(code), Some(last)) = (t.refused, last) {
            wrong.push(format!("{} was refused ({code}) and stands at {last}", t.cmd));
        }
    }
    wrong
}

/// What was acknowledged before another command was given stands before it.
fn in_order(told: &[&Told]) -> Vec<String> {
    let mut acked: Vec<(u64, u64, u64)> = told
        .iter()
        .filter(|t| !t.may_be_quiet)
        .filter_map(|t| t.acked.map(|(step, seq)| (t.invoked, step, seq)))
        .collect();
    acked.sort_unstable();
    let mut wrong = Vec::new();
    for (n, (invoked, _, seq)) in acked.iter().enumerate() {
        let before = acked[..n].iter().filter(|(_, step, _)| step < invoked);
        if let Some((_, _, newer)) = before.clone().find(|(_, _, earlier)| earlier >= seq) {
            wrong.push(format!("{newer} was acknowledged before {seq} was given"));
        }
    }
    wrong
}

/// Nothing is in the log that nobody asked for.
fn nothing_else(records: &[Record], told: &[&Told]) -> Vec<String> {
    let known = |r: &Record| {
        r.seq == 1 || r.by == engine::Actor::System || told.iter().any(|t| Some(t.cmd) == r.cmd)
    };
    let strange = records.iter().filter(|r| !known(r));
    strange.map(|r| format!("nobody asked for record {} ({})", r.seq, r.kind)).collect()
}

/// Observers saw the log's own history, and hold the state that it folds to.
fn watched(exam: WireId, records: &[Record], observers: &[Observer]) -> Vec<String> {
    let materials = Materials {
        tool: Some(Arc::new(small_tool())),
        practice: Some(Arc::new(small_practice())),
    };
    let folded = match Exam::fold(records, materials.clone()) {
        Ok(folded) => folded,
        Err(fault) => return vec![format!("exam {exam}: {fault}")],
    };
    let mut wrong = Vec::new();
    for observer in observers {
        let What::Exam(looks_at, audience) = observer.what else { continue };
        if looks_at == exam {
            wrong.extend(believed(observer, audience, (records, &materials)));
            wrong.extend(holds(observer, audience, &folded));
            wrong.extend(silent(observer));
        }
    }
    wrong
}

/// What an observer took for the truth at any moment was it.
fn believed(
    observer: &Observer,
    audience: Audience,
    (records, materials): (&[Record], &Materials),
) -> Option<String> {
    let what = observer.what;
    let mut folds: BTreeMap<u64, String> = BTreeMap::new();
    for held in &observer.trail {
        let at = usize::try_from(held.seq).unwrap_or(usize::MAX);
        let hash = at.checked_sub(1).and_then(|at| records.get(at)).map(|r| r.hash);
        if hash != Some(held.hash) {
            return Some(format!("{what:?} saw a {} that is not in the log", held.seq));
        }
        let Some(digest) = &held.digest else { continue };
        let truth = folds.entry(held.seq).or_insert_with(|| {
            let folded = Exam::fold(&records[..at], materials.clone());
            folded.map(|exam| digest_of(&exam, audience)).unwrap_or_default()
        });
        if truth != digest {
            return Some(format!("{what:?} took another state for that at {}", held.seq));
        }
    }
    None
}

fn digest_of(exam: &Exam, audience: Audience) -> String {
    Hash::of_json(&to_json(&exam.view(audience))).short()
}

fn holds(observer: &Observer, audience: Audience, folded: &Exam) -> Option<String> {
    let same = observer.replica.digest() == digest_of(folded, audience)
        && observer.replica.seq == folded.seq;
    let what = observer.what;
    (!same).then(|| format!("{what:?} stands at {} with another state", observer.replica.seq))
}

/// A copy whose numbers are right has the right state: a digest never has to say otherwise.
fn silent(observer: &Observer) -> Option<String> {
    let what = observer.what;
    (observer.mismatches > 0).then(|| format!("{what:?}: {} silent gaps", observer.mismatches))
}

/// Boards hold the rows that the logs fold to, as the board itself shows them.
fn board(world: &World, observers: &[Observer]) -> Vec<String> {
    let Some(station) = world.station() else { return vec!["the station is down".into()] };
    let truth = Hash::of_json(&station.board().snapshot().state).short();
    let boards = observers.iter().filter(|o| o.what == What::Board);
    let mut wrong: Vec<String> = boards
        .clone()
        .filter(|o| o.replica.digest() != truth)
        .map(|o| format!("a board stands at {} with another state", o.replica.seq))
        .collect();
    wrong.extend(boards.filter_map(silent));
    for row in station.board().rows() {
        let head = station.ports.log.records(station.stream(row.exam)).len() as u64;
        if row.seq != head {
            wrong.push(format!("the row of exam {} stands at {}, not {head}", row.exam, row.seq));
        }
    }
    wrong
}
