//! Loading many streams at once.

use crate::{Station, item, stream};
use engine::{StreamId, chain::verify};
use entities::{BULK_STREAMS_PER_QUERY, OpenOptions, StoreError};
use std::collections::BTreeMap;

#[tokio::test]
async fn many_streams_come_back_each_once_and_whole() {
    let station = Station::new().await;
    let count = BULK_STREAMS_PER_QUERY as u128 * 2 + 3;
    let ids: Vec<StreamId> = (1..=count).map(stream).collect();
    for n in 1..=count {
        let length = u64::try_from(n).unwrap();
        station.append(&[item(stream(n), 1, length)]).await.unwrap();
    }
    let mut wanted = ids.clone();
    wanted.push(stream(9_999));
    let mut found = BTreeMap::new();
    station
        .store
        .bulk_events(&wanted, |id, records| {
            let records = records.unwrap();
            verify(&records).unwrap();
            assert!(found.insert(id, records.len()).is_none(), "{id} came twice");
        })
        .await
        .unwrap();
    let expected: BTreeMap<StreamId, usize> = ids.into_iter().zip(1..).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_does_not_keep_the_others() {
    let station = Station::new().await;
    for n in 1..=3 {
        station.append(&[item(stream(n), 1, 5)]).await.unwrap();
    }
    station.store.close().await.unwrap();
    let Station { place, .. } = station;
    place
        .meddle(
            "UPDATE event SET body = '{' WHERE seq = 4 AND stream_id IN \
                  (SELECT stream_id FROM stream ORDER BY stream_id LIMIT 1 OFFSET 1)",
        )
        .await;

    let store = place.open(OpenOptions::default()).await.unwrap();
    let mut found = BTreeMap::new();
    let ids = [stream(1), stream(2), stream(3)];
    store
        .bulk_events(&ids, |id, records| {
            found.insert(id, records);
        })
        .await
        .unwrap();
    assert_eq!(found[&stream(1)].as_ref().unwrap().len(), 5);
    assert_eq!(found[&stream(3)].as_ref().unwrap().len(), 5);
    let Err(StoreError::Corrupt(what)) = &found[&stream(2)] else { panic!("{found:?}") };
    assert!(what.starts_with("record 4 of stream") && what.ends_with("body"), "{what}");
    let error = store.read_events(stream(2), 0, 10).await.unwrap_err();
    assert_eq!(error, StoreError::Corrupt(what.clone()));
}

#[tokio::test]
async fn a_stream_is_read_on_from_a_number() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 9)]).await.unwrap();
    let seqs = async |after, max| {
        let records = station.store.read_events(stream(1), after, max).await.unwrap();
        records.iter().map(|one| one.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 3).await, [1, 2, 3]);
    assert_eq!(seqs(7, 100).await, [8, 9]);
    assert!(seqs(9, 100).await.is_empty());
    assert!(seqs(u64::MAX, 100).await.is_empty());
}
