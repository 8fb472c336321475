//! Lists of streams, and the numbers by which the wire names them.

use crate::{Station, item, stream, summary};
use engine::{Moment, PersonId, StreamId, WireId};
use entities::{
    AppendItem, ExamFilter, OWN_WIRE_IDS, StoreError, StreamFilter, StreamKind, StreamSummary,
};
use serde_json::json;

async fn begin(station: &Station, n: u128, summary: StreamSummary) {
    let batch = [AppendItem { summary: Some(summary), ..item(stream(n), 1, 1) }];
    station.append(&batch).await.unwrap();
}

async fn listed(station: &Station, filter: StreamFilter, limit: u32) -> Vec<StreamId> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = station.store.list_streams(filter, limit, after).await.unwrap();
        assert!(page.rows.len() <= limit as usize);
        all.extend(page.rows.iter().map(|row| row.stream));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_cut_into_pages() {
    let station = Station::new().await;
    for n in 1..=20_u128 {
        let i = i64::try_from(n).unwrap();
        let one = StreamSummary {
            kind: if n % 5 == 0 { StreamKind::Session } else { StreamKind::Exam },
            // Pairs begin together; later numbers begin earlier.
            begins_at: Moment(1_000 - i / 2),
            candidate_id: (n % 5 != 0).then(|| PersonId(u64::try_from(n % 3).unwrap())),
            live: n % 4 == 0,
            ..summary(None)
        };
        begin(&station, n, one).await;
    }
    let mut all: Vec<u128> = (1..=20).collect();
    all.sort_by_key(|n| (1_000 - n / 2, *n));
    type Keep = fn(u128) -> bool;
    let cases: [(StreamFilter, Keep); 6] = [
        (StreamFilter::default(), |_| true),
        (StreamFilter { kind: Some(StreamKind::Session), ..Default::default() }, |n| n % 5 == 0),
        (StreamFilter { live: Some(true), ..Default::default() }, |n| n % 4 == 0),
        (StreamFilter { live: Some(false), ..Default::default() }, |n| n % 4 != 0),
        (StreamFilter { candidate: Some(PersonId(1)), ..Default::default() }, |n| {
            n % 5 != 0 && n % 3 == 1
        }),
        (
            StreamFilter { from: Some(Moment(993)), to: Some(Moment(996)), ..Default::default() },
            |n| (993..996).contains(&(1_000 - n / 2)),
        ),
    ];
    for (filter, keep) in cases {
        let expected: Vec<StreamId> =
            all.iter().copied().filter(|n| keep(*n)).map(stream).collect();
        assert!(!expected.is_empty());
        for limit in [1, 3, 100] {
            assert_eq!(listed(&station, filter, limit).await, expected, "{filter:?} by {limit}");
        }
    }
    let live: Vec<StreamId> =
        station.store.live_streams().await.unwrap().iter().map(|one| one.stream).collect();
    let filter = StreamFilter { live: Some(true), ..Default::default() };
    assert_eq!(live, listed(&station, filter, 500).await);
}

#[tokio::test]
async fn a_summary_is_written_with_its_records() {
    let station = Station::new().await;
    let first = StreamSummary { body: json!({"a": [1.5, "б"], "n": null}), ..summary(Some(42)) };
    begin(&station, 1, first.clone()).await;
    let row = async || station.store.stream(stream(1)).await.unwrap().unwrap();
    assert_eq!((row().await.last_seq, row().await.summary), (1, first.clone()));
    assert_eq!(station.store.stream_by_wire(WireId(42)).await.unwrap(), Some(stream(1)));
    assert_eq!(station.store.stream_by_wire(WireId(43)).await.unwrap(), None);

    station.append(&[item(stream(1), 2, 3)]).await.unwrap();
    assert_eq!((row().await.last_seq, row().await.summary), (3, first.clone()));

    let second = StreamSummary {
        phase: String::from("closed"),
        ends_at: Some(Moment(9_000)),
        candidate_id: None,
        title: String::from("Иной"),
        body: json!([]),
        live: false,
        begins_at: Moment(2_000),
        ..first.clone()
    };
    let item = AppendItem { summary: Some(second.clone()), ..item(stream(1), 4, 4) };
    station.append(&[item]).await.unwrap();
    assert_eq!((row().await.last_seq, row().await.summary), (4, second));
    assert_eq!(station.store.live_streams().await.unwrap(), vec![]);
}

#[tokio::test]
async fn wire_ids_are_new_and_pass_by_those_that_clients_chose() {
    let station = Station::new().await;
    let first = OWN_WIRE_IDS.start;
    begin(&station, 1, summary(Some(first + 1))).await;
    begin(&station, 2, summary(Some(first + 2))).await;
    let next = async || station.store.next_wire_id().await;
    assert_eq!(next().await, Ok(WireId(first)));
    assert_eq!(next().await, Ok(WireId(first + 3)));

    station.store.set_wire_ids(5..7).await.unwrap();
    assert_eq!(next().await, Ok(WireId(5)));
    // A restart goes on where it stood.
    station.store.boot("0000000000000000").await.unwrap();
    assert_eq!(next().await, Ok(WireId(6)));
    assert_eq!(next().await, Err(StoreError::WireIdsUsedUp));
}

#[tokio::test]
async fn exams_are_listed_by_number() {
    let station = Station::new().await;
    // (wire id, begins, ends, live)
    let all = [(30, 100, None, true), (10, 300, Some(400), true), (20, 200, Some(250), false)];
    for ((wire_id, begins_at, ends_at, live), n) in all.into_iter().zip(1..) {
        let (begins_at, ends_at) = (Moment(begins_at), ends_at.map(Moment));
        begin(&station, n, StreamSummary { begins_at, ends_at, live, ..summary(Some(wire_id)) })
            .await;
    }
    begin(&station, 4, summary(None)).await;
    begin(&station, 5, StreamSummary { kind: StreamKind::Session, ..summary(Some(5)) }).await;
    let none = ExamFilter::default();
    let at = |n| Some(Moment(n));
    for (filter, limit, expected) in [
        (none, 10, &[10, 20, 30][..]),
        (none, 2, &[10, 20]),
        (ExamFilter { after: Some(WireId(10)), ..none }, 10, &[20, 30]),
        (ExamFilter { live_only: true, ..none }, 10, &[10, 30]),
        (ExamFilter { from: at(250), ..none }, 10, &[10, 20]),
        (ExamFilter { from: at(251), ..none }, 10, &[10]),
        (ExamFilter { to: at(200), ..none }, 10, &[20, 30]),
        (ExamFilter { from: at(0), to: at(199), ..none }, 10, &[30]),
    ] {
        let rows = station.store.list_exams(filter, limit).await.unwrap();
        let ids: Vec<u64> =
            rows.iter().map(|row| row.summary.wire_id.map_or(0, |id| id.0)).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
}
