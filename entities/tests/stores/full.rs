//! A disk that fills up: a clear answer, nothing acknowledged lost, and on it goes when there is room.

use crate::{Station, item, stream};
use engine::chain::verify;
use entities::{AppendError, StoreError, sabotage};

#[tokio::test]
async fn a_full_disk_loses_nothing_acknowledged() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 1)]).await.unwrap();
    let mut acknowledged = 1;
    for round in 1..=3 {
        sabotage::fill_disk_after(&station.store, 2).await.unwrap();
        let mut refused = 0;
        while refused < 3 {
            let next = [item(stream(1), acknowledged + 1, acknowledged + 40)];
            match station.append(&next).await {
                Ok(()) => acknowledged += 40,
                Err(error) => {
                    assert_eq!(error, AppendError::Full);
                    refused += 1;
                }
            }
            assert!(acknowledged < 5_000, "the disk never filled up");
        }
        let big = "x".repeat(100_000);
        let error = station.store.secret_get_or_put("big", big.as_bytes()).await.unwrap_err();
        assert_eq!(error, StoreError::Full);

        let records = station.records(stream(1)).await;
        assert_eq!(records.len() as u64, acknowledged, "round {round}");
        verify(&records).unwrap();
        let row = station.store.stream(stream(1)).await.unwrap().unwrap();
        assert_eq!(row.last_seq, acknowledged);

        sabotage::fill_disk_after(&station.store, 1_000_000).await.unwrap();
        station.append(&[item(stream(1), acknowledged + 1, acknowledged + 40)]).await.unwrap();
        acknowledged += 40;
    }
}
