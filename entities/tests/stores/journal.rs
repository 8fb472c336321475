//! What is appended comes back exactly, and what is refused leaves nothing behind.

use crate::{Station, chain, cmd, item, record, stream, summary};
use engine::{Actor, Hash, Record, WireId, chain::verify};
use entities::{AppendError, AppendItem, EVENT_BODY_BYTES_MAX, EVENTS_PER_APPEND_MAX, sabotage};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

#[tokio::test]
async fn odd_records_come_back_with_the_same_hash() {
    let station = Station::new().await;
    let bodies = [
        json!(null),
        json!({}),
        json!({"z": 1, "a": {"я": [1, [2, [3]]], "": null}, "m": true}),
        json!([0.1, 1.0, -0.0, 1e21, 5e-324, 1.797_693_134_862_315_7e308, 0.1 + 0.2]),
        json!([u64::MAX, i64::MIN, 9_007_199_254_740_993_i64]),
        json!("\u{0}\u{1e}\u{1f}\u{7f}\u{2028}\"\\/ ё e\u{308} 🧪"),
        json!({"35/2": "100/3", "long": "ж".repeat(200_000)}),
    ];
    let mut prev = Hash::default();
    let mut records = Vec::new();
    for (d, seq) in bodies.into_iter().zip(1..) {
        let mut one = record(stream(1), seq, prev, d);
        if seq % 2 == 0 {
            one.by = Actor::System;
            one.cmd = None;
            one.cmd_ix = u16::MAX;
            one.at = engine::Moment(-1);
        }
        let one = one.sealed();
        prev = one.hash;
        records.push(one);
    }
    let head = records[records.len() - 1].hash;
    let batch = AppendItem { records: records.clone(), summary: Some(summary(None)) };
    station.append(&[batch]).await.unwrap();
    let read = station.records(stream(1)).await;
    assert_eq!(read, records);
    assert_eq!(verify(&read), Ok(head));
    assert_eq!(station.store.head(stream(1)).await.unwrap().unwrap().hash, head);
    assert_eq!(station.store.head(stream(2)).await.unwrap(), None);
    assert_eq!(station.records(stream(2)).await, vec![]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(".*", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn any_record_comes_back_with_the_same_hash() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let station = runtime.block_on(Station::new());
    let next = std::cell::Cell::new(0_u128);
    let kinds = "[a-z_]{1,30}";
    let input = (prop::collection::vec(any_json(), 1..8), kinds, any::<i64>(), any::<u16>());
    proptest!(ProptestConfig::with_cases(200), |((bodies, kind, at, v) in input)| {
        next.set(next.get() + 1);
        let id = stream(next.get());
        let mut prev = Hash::default();
        let mut records: Vec<Record> = Vec::new();
        for (d, seq) in bodies.into_iter().zip(1..) {
            let (at, kind) = (engine::Moment(at), kind.clone());
            let one = Record { at, kind, v, ..record(id, seq, prev, d) }.sealed();
            prev = one.hash;
            records.push(one);
        }
        let batch = [AppendItem { records, summary: Some(summary(None)) }];
        let read = runtime.block_on(async {
            station.append(&batch).await.unwrap();
            station.records(id).await
        });
        prop_assert_eq!(verify(&read), Ok(prev));
        prop_assert_eq!(read.len(), batch[0].records.len());
    });
}

#[tokio::test]
async fn every_size_of_batch_is_written_whole() {
    let station = Station::new().await;
    let one = |n: u128, seq: u64| AppendItem {
        records: vec![record(stream(n), seq, Hash::default(), json!(seq))],
        summary: (seq == 1).then(|| summary(None)),
    };
    // In round n the streams before n get a record each, and stream n begins with as many.
    for n in 1..=130_u64 {
        let mut batch: Vec<AppendItem> = (1..u128::from(n)).map(|s| one(s, n)).collect();
        batch.extend((1..=n).map(|seq| one(u128::from(n), seq)));
        station.append(&batch).await.unwrap();
    }
    for n in 1..=130_u128 {
        let records = station.records(stream(n)).await;
        assert!(records.iter().map(|one| one.seq).eq(1..=130), "stream {n}");
        assert_eq!(station.store.stream(stream(n)).await.unwrap().unwrap().last_seq, 130);
    }
}

#[tokio::test]
async fn items_of_one_stream_may_share_a_batch() {
    let station = Station::new().await;
    let mut later = item(stream(1), 3, 3);
    later.summary = Some(summary(None));
    later.summary.as_mut().unwrap().phase = String::from("theory");
    let batch = [item(stream(1), 1, 2), later, item(stream(1), 4, 5)];
    station.append(&batch).await.unwrap();
    verify(&station.records(stream(1)).await).unwrap();
    let row = station.store.stream(stream(1)).await.unwrap().unwrap();
    assert_eq!((row.last_seq, row.summary.phase.as_str()), (5, "theory"));
}

#[tokio::test]
async fn a_batch_with_one_bad_item_leaves_nothing() {
    let station = Station::new().await;
    let mut begun = item(stream(1), 1, 3);
    begun.summary = Some(summary(Some(77)));
    station.append(&[begun]).await.unwrap();

    let mut duplicate = item(stream(1), 4, 5);
    duplicate.records[0].cmd = Some(cmd(stream(1).0.as_u128() | 2));
    let mut wire = item(stream(2), 1, 1);
    wire.summary = Some(summary(Some(77)));
    let mut unknown = item(stream(3), 1, 1);
    unknown.summary = None;
    let mut taken = item(stream(1), 3, 4);
    taken.records[0].cmd = Some(cmd(1));
    let mut begun_again = item(stream(1), 1, 1);
    begun_again.records[0].cmd = None;
    for (bad, error) in [
        (taken, AppendError::Conflict),
        (begun_again, AppendError::Conflict),
        (unknown, AppendError::Conflict),
        (duplicate, AppendError::Duplicate),
        (wire, AppendError::WireIdTaken(Some(WireId(77)))),
    ] {
        let good = [item(stream(8), 1, 2), item(stream(9), 1, 70)];
        let batch = [good[0].clone(), bad, good[1].clone()];
        assert_eq!(station.append(&batch).await, Err(error.clone()));
        assert_eq!(station.counts().await, (3, 1), "after {error}");
        assert_eq!(station.store.stream(stream(1)).await.unwrap().unwrap().last_seq, 3);
    }
    station.append(&[item(stream(8), 1, 2), item(stream(1), 4, 4)]).await.unwrap();
    assert_eq!(station.counts().await, (6, 2));
}

#[tokio::test]
async fn a_command_is_found_by_the_last_record_it_caused() {
    let station = Station::new().await;
    let mut begun = item(stream(1), 1, 4);
    for (record, ix) in begun.records[1..3].iter_mut().zip(0..) {
        (record.cmd, record.cmd_ix) = (Some(cmd(5)), ix);
    }
    station.append(&[begun]).await.unwrap();
    let find = |s, c| station.store.find_command(stream(s), cmd(c));
    assert_eq!(find(1, 5).await.unwrap(), Some(3));
    assert_eq!(find(1, 6).await.unwrap(), None);
    assert_eq!(find(2, 5).await.unwrap(), None);
    // The same command of another stream is another command.
    let mut other = item(stream(2), 1, 1);
    other.records[0].cmd = Some(cmd(5));
    station.append(&[other]).await.unwrap();
    assert_eq!(find(2, 5).await.unwrap(), Some(1));
}

#[tokio::test]
async fn what_could_not_be_read_again_is_not_written() {
    let station = Station::new().await;
    let one = |change: fn(&mut Vec<Record>)| {
        let mut bad = item(stream(1), 1, 3);
        change(&mut bad.records);
        bad
    };
    let deep = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let mut too_deep = item(stream(1), 1, 1);
    too_deep.records[0].d = deep(100);
    let cases = [
        one(|r| r[1].seq = 3),
        one(|r| r[1].stream = stream(2)),
        one(|r| r.iter_mut().for_each(|one| one.seq -= 1)),
        one(|r| r[0].kind = String::new()),
        one(|r| r[0].kind = String::from("a\u{1f}b")),
        one(|r| r[0].salt = String::from("\u{1e}")),
        one(|r| r[0].d = json!("x".repeat(EVENT_BODY_BYTES_MAX))),
        one(|r| r.clear()),
        too_deep,
        item(stream(1), 1, EVENTS_PER_APPEND_MAX as u64 + 1),
    ];
    for (bad, n) in cases.into_iter().zip(0..) {
        let error = station.append(&[item(stream(5), 1, 1), bad]).await.unwrap_err();
        assert!(matches!(error, AppendError::Refused { .. }), "case {n}: {error:?}");
    }
    assert_eq!(station.counts().await, (0, 0));
    let mut as_deep_as_may_be = item(stream(1), 1, 1);
    as_deep_as_may_be.records[0].d = deep(99);
    station.append(&[as_deep_as_may_be]).await.unwrap();
    assert_eq!(station.records(stream(1)).await.len(), 1);
}

#[tokio::test]
async fn an_append_that_nobody_waits_for_is_whole_or_absent() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 1)]).await.unwrap();
    let mut last = 1;
    let mut absent = 0;
    for polls in (0..12).cycle().take(120) {
        let batch = [item(stream(1), last + 1, last + 3)];
        {
            let mut append = pin!(station.append(&batch));
            let mut left = polls;
            std::future::poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(());
                }
                left -= 1;
                append.as_mut().poll(context).map(|done| done.unwrap())
            })
            .await;
        }
        // The next write queues behind whatever became of it.
        station.store.clear_crashes(stream(1)).await.unwrap();
        let head = station.store.head(stream(1)).await.unwrap().unwrap().seq;
        assert!(head == last || head == last + 3, "{head} after {last}");
        absent += u32::from(head == last);
        last = head;
    }
    assert!(absent > 0, "no append was interrupted");
    station.append(&[item(stream(1), last + 1, last + 1)]).await.unwrap();
    verify(&station.records(stream(1)).await).unwrap();
}

/// The negative controls of the checkers that rely on the unique keys.
#[tokio::test]
async fn without_its_keys_the_journal_takes_anything() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 3)]).await.unwrap();
    let mut again = item(stream(1), 4, 4);
    again.records[0].cmd = Some(cmd(stream(1).0.as_u128() | 2));

    sabotage::drop_command_key(&station.store).await.unwrap();
    station.append(&[again]).await.unwrap();
    let taken = [AppendItem { records: chain(stream(1), 3, 3), summary: None }];
    assert_eq!(station.append(&taken).await, Err(AppendError::Conflict));
    sabotage::drop_unique_keys(&station.store).await.unwrap();
    station.append(&taken).await.unwrap();
    assert!(verify(&station.records(stream(1)).await).is_err());
}
