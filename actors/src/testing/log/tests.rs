use super::*;
use crate::ports::{IdSource, StreamKind};
use crate::testing::{FixedIds, in_paused_system, records};

const FENCE: Fence = Fence(1);

fn plain(records: Vec<Record>) -> Append {
    Append { records, summary: None }
}

fn named(stream: StreamId, wire_id: u64) -> Append {
    let summary = Summary {
        kind: StreamKind::Exam,
        stream,
        wire_id: Some(WireId(wire_id)),
        phase: "planned".into(),
        begins_at: None,
        ends_at: None,
        candidate: None,
        title: String::new(),
        live: true,
        body: serde_json::Value::Null,
    };
    Append { records: Vec::new(), summary: Some(summary) }
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all() {
    in_paused_system(async {
        let (log, ids) = (MemoryLog::new(), FixedIds::new(1));
        let (a, b) = (ids.stream_id(), ids.stream_id());
        let cmd = ids.command_id();
        let first = records(a, None, Some(cmd), 2);
        let good = plain(first.clone());
        log.append(FENCE, std::slice::from_ref(&good)).await.unwrap();

        let other = plain(records(b, None, None, 1));
        let next = records(a, first.last(), Some(ids.command_id()), 1);
        // What stands beside the good item, and what it is refused with.
        let bad = [
            (plain(first.clone()), AppendError::Duplicate),
            (plain(records(a, None, None, 1)), AppendError::Conflict),
            (plain(records(a, next.last(), None, 1)), AppendError::Conflict),
            (plain(records(a, first.last(), Some(cmd), 1)), AppendError::Duplicate),
        ];
        for (guilty, error) in bad {
            assert_eq!(log.append(FENCE, &[other.clone(), guilty]).await, Err(error));
            assert_eq!((log.records(b), log.records(a)), (vec![], first.clone()));
        }
        // Within one batch the later of two equals is guilty as well.
        let twice = [other.clone(), other.clone()];
        assert_eq!(log.append(FENCE, &twice).await, Err(AppendError::Conflict));
        assert_eq!(log.batches(), [1]);

        assert_eq!(log.find_command(a, cmd).await, Ok(Some(2)));
        assert_eq!(log.find_command(b, cmd).await, Ok(None));
        assert_eq!(log.read(a, 1, 10).await, Ok(first[1..].to_vec()));
        assert_eq!(log.read(a, 0, 1).await, Ok(first[..1].to_vec()));
    });
}

#[test]
fn a_wire_id_belongs_to_one_stream() {
    in_paused_system(async {
        let (log, ids) = (MemoryLog::new(), FixedIds::new(2));
        let (a, b) = (ids.stream_id(), ids.stream_id());
        log.append(FENCE, &[named(a, 7)]).await.unwrap();
        log.append(FENCE, &[named(a, 7)]).await.unwrap();
        assert_eq!(log.append(FENCE, &[named(b, 7)]).await, Err(AppendError::WireIdTaken));
        let both = [named(a, 8), named(b, 8)];
        assert_eq!(log.append(FENCE, &both).await, Err(AppendError::WireIdTaken));
        assert_eq!(log.summaries().len(), 1);
    });
}

#[test]
fn faults_come_in_order_and_the_fence_holds() {
    in_paused_system(async {
        let (log, ids) = (MemoryLog::new(), FixedIds::new(3));
        let stream = ids.stream_id();
        let item = [plain(records(stream, None, None, 1))];
        log.fail_next(Fault::Refuse(AppendError::Full));
        log.fail_next(Fault::LoseReply);
        assert_eq!(log.append(FENCE, &item).await, Err(AppendError::Full));
        assert_eq!(log.total(), 0);
        assert_eq!(log.append(FENCE, &item).await, Err(AppendError::Unknown));
        assert_eq!(log.total(), 1);
        log.set_fence(Fence(2));
        assert_eq!(log.append(FENCE, &item).await, Err(AppendError::Fenced));
        assert_eq!(log.append(Fence(2), &item).await, Err(AppendError::Conflict));
        log.enforce_nothing();
        assert_eq!(log.append(FENCE, &item).await, Ok(()));
        assert_eq!(log.records(stream).len(), 2);
    });
}

#[test]
fn crashes_are_counted_by_place_and_forgotten_on_release() {
    in_paused_system(async {
        let (log, ids) = (MemoryLog::new(), FixedIds::new(4));
        let stream = ids.stream_id();
        assert_eq!(log.note_crash(stream, 5, "x").await, Ok(1));
        assert_eq!(log.note_crash(stream, 5, "x").await, Ok(2));
        assert_eq!(log.note_crash(stream, 6, "x").await, Ok(1));
        log.quarantine(stream, "first", Moment(1)).await.unwrap();
        log.quarantine(stream, "second", Moment(2)).await.unwrap();
        let listed = log.quarantined().await.unwrap();
        assert_eq!(listed, [Quarantined { stream, reason: "first".into(), at: Moment(1) }]);
        assert_eq!(log.release(stream).await, Ok(true));
        assert_eq!(log.release(stream).await, Ok(false));
        assert_eq!(log.note_crash(stream, 5, "x").await, Ok(1));
    });
}
