use super::*;
use actors::testing::records;
use engine::StreamId;

const EXAM: WireId = WireId(42);

fn command(n: u128) -> CommandId {
    CommandId(uuid::Uuid::from_u128(n))
}

/// Commands 1, 2 and 3 with one, two and one records, all acknowledged.
fn sound() -> (BTreeMap<WireId, Stream>, Vec<Acked>) {
    let mut log: Vec<Record> = Vec::new();
    let mut acked = Vec::new();
    for (n, count) in [(1, 1), (2, 2), (3, 1)] {
        let stream = StreamId(uuid::Uuid::from_u128(7));
        log.extend(records(stream, log.last(), Some(command(n)), count));
        let seq = log.len() as u64;
        let us = i64::try_from(seq).unwrap() * 10;
        acked.push(Acked { exam: EXAM, cmd: command(n), seq, asked_us: us, acked_us: us + 5 });
    }
    let fences = vec![1, 1, 2, 2];
    (BTreeMap::from([(EXAM, Stream { records: log, fences })]), acked)
}

#[test]
fn a_sound_log_passes() {
    let (log, acked) = sound();
    assert_eq!(check(&log, &acked), Vec::<String>::new());
}

/// What is done to a sound log, and what the checker must say about it.
type Damage = (&'static str, fn(&mut Stream, &mut Vec<Acked>));

const DAMAGES: [Damage; 8] = [
    ("is lost", |stream, _| stream.records.truncate(3)),
    ("number 3 where 2 belongs", |stream, _| drop(stream.records.remove(1))),
    ("chain", |stream, _| stream.records[2].d = serde_json::json!({"n": 99})),
    ("stands at 4", |_, acked| acked[2].seq = 3),
    ("is applied again", |stream, _| {
        let last = stream.records.last().cloned().unwrap();
        stream.records.extend(records(last.stream, Some(&last), last.cmd, 1));
    }),
    ("number 1 where 2 belongs", |stream, _| {
        let first = stream.records[0].clone();
        stream.records.insert(1, first);
    }),
    ("after writer 2 had begun", |stream, _| stream.fences = vec![1, 2, 1, 2]),
    ("was acknowledged before", |_, acked| (acked[0].asked_us, acked[0].acked_us) = (90, 95)),
];

#[test]
fn every_damage_is_found() {
    for (expected, damage) in DAMAGES {
        let (mut log, mut acked) = sound();
        damage(log.get_mut(&EXAM).unwrap(), &mut acked);
        let wrong = check(&log, &acked);
        assert!(wrong.iter().any(|w| w.contains(expected)), "{expected}: {wrong:?}");
    }
}

#[test]
fn an_exam_that_vanished_is_found() {
    let (_, acked) = sound();
    let wrong = check(&BTreeMap::new(), &acked);
    assert_eq!(wrong, ["exam 42: acknowledged, and not in the log"]);
}
