//! Who may open a database file, and which one.

use crate::{Station, item, stream};
use entities::{AppendError, DirectoryLock, OpenOptions, SCHEMA, Store, StoreError};
use std::os::unix::fs::PermissionsExt as _;

#[tokio::test]
async fn a_second_process_on_the_directory_is_told_who_has_it() {
    let station = Station::new().await;
    let error = Store::open(&station.path(), OpenOptions::default()).await.unwrap_err();
    assert_eq!(
        error,
        StoreError::Locked {
            dir: station.place.dir.path().to_owned(),
            pid: Some(std::process::id())
        }
    );
    let message = error.to_string();
    assert!(message.starts_with("another nsk runs on this directory (pid "), "{message}");

    // The lock lives as long as anything that can write.
    let (path, Station { place: _place, store, boot }) = (station.path(), station);
    drop(store);
    assert!(matches!(
        Store::open(&path, OpenOptions::default()).await,
        Err(StoreError::Locked { .. })
    ));
    drop(boot);
    Store::open(&path, OpenOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_lock_taken_for_migrating_is_kept_for_running() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nsk.db");
    let lock = DirectoryLock::take(dir.path()).unwrap();
    migrations::up(&migrations::file_url(&path)).await.unwrap();
    let store = Store::open_locked(&path, lock).await.unwrap();
    assert!(matches!(DirectoryLock::take(dir.path()), Err(StoreError::Locked { .. })));
    store.close().await.unwrap();

    let elsewhere = tempfile::tempdir().unwrap();
    let lock = DirectoryLock::take(elsewhere.path()).unwrap();
    assert!(matches!(Store::open_locked(&path, lock).await, Err(StoreError::Unusable { .. })));
}

#[tokio::test]
async fn a_lost_lock_is_caught_by_the_fence() {
    let first = Station::new().await;
    first.append(&[item(stream(1), 1, 2)]).await.unwrap();

    // A lock file that someone tidied away, or a file system without locks.
    std::fs::remove_file(first.place.dir.path().join("nsk.lock")).unwrap();
    let second = Store::open(&first.path(), OpenOptions::default()).await.unwrap();
    let boot = second.boot("ffffffffffffffff").await.unwrap();
    assert_eq!(boot.fence, first.boot.fence + 1);
    assert_eq!(boot.log_epoch, "00112233aabbccdd", "the log is the same one");

    let next = [item(stream(1), 3, 3)];
    assert_eq!(first.append(&next).await, Err(AppendError::Fenced));
    assert_eq!(first.append(&[item(stream(2), 1, 1)]).await, Err(AppendError::Fenced));
    assert_eq!(first.append(&[item(stream(1), 2, 2)]).await, Err(AppendError::Fenced));
    assert_eq!(first.boot.journal.probe(first.boot.fence).await, Err(AppendError::Fenced));
    assert_eq!(boot.journal.probe(boot.fence).await, Ok(()));
    assert_eq!(first.counts().await, (2, 1), "nothing of a fenced process is written");
    boot.journal.append(boot.fence, &next).await.unwrap();
    assert_eq!(first.counts().await, (3, 1));

    // The negative control: without the fence the first process would go on writing.
    let unfenced = first.boot.journal.clone().without_fence();
    unfenced.append(first.boot.fence, &[item(stream(1), 4, 4)]).await.unwrap();
    assert_eq!(first.counts().await, (4, 1));
}

#[tokio::test]
async fn the_schema_is_that_of_the_migrations() {
    assert_eq!(SCHEMA.to_vec(), migrations::names());
}

#[tokio::test]
async fn another_schema_is_refused() {
    let station = Station::new().await;
    let path = station.path();
    station.store.close().await.unwrap();
    let Station { place, .. } = station;

    place.meddle("DELETE FROM seaql_migrations WHERE version LIKE 'm0004%'").await;
    let error = Store::open(&path, OpenOptions::default()).await.unwrap_err();
    assert_eq!(error, StoreError::SchemaOld { missing: vec![String::from("m0004_supervision")] });
    assert!(error.to_string().ends_with("run `nsk migrate`"), "{error}");

    place
        .meddle("INSERT INTO seaql_migrations VALUES ('m0004_supervision', 0), ('m9999_x', 0)")
        .await;
    let error = Store::open(&path, OpenOptions::default()).await.unwrap_err();
    assert_eq!(error, StoreError::SchemaNewer { unknown: vec![String::from("m9999_x")] });

    place.meddle("DROP TABLE seaql_migrations").await;
    let error = Store::open(&path, OpenOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::SchemaOld { missing } if missing.len() == SCHEMA.len()));
}

#[tokio::test]
async fn what_is_no_database_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nsk.db");
    let open = || Store::open(&path, OpenOptions::default());
    assert_eq!(open().await.unwrap_err(), StoreError::Missing(path.clone()));

    std::fs::write(&path, "this is not a database at all\n".repeat(400)).unwrap();
    let error = open().await.unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. } | StoreError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("not a database"), "{error}");

    let nowhere = dir.path().join("no/such/nsk.db");
    let error = Store::open(&nowhere, OpenOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_reader_needs_no_lock_and_can_write_nothing() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 3)]).await.unwrap();

    let options = OpenOptions { read_only: true };
    let reader = Store::open(&station.path(), options).await.unwrap();
    assert_eq!(reader.head(stream(1)).await.unwrap().unwrap().seq, 3);
    station.append(&[item(stream(1), 4, 4)]).await.unwrap();
    assert_eq!(reader.read_events(stream(1), 3, 10).await.unwrap().len(), 1);

    assert_eq!(reader.boot("0000000000000000").await.unwrap_err(), StoreError::ReadOnly);
    let error = reader.quarantine(stream(1), "x", engine::Moment(0)).await.unwrap_err();
    assert_eq!(error, StoreError::ReadOnly);
    assert!(reader.integrity_check().await.unwrap().problems.is_empty());
    reader.close().await.unwrap();
}

#[tokio::test]
async fn a_file_without_write_permission_is_refused_at_the_door() {
    let station = Station::new().await;
    let path = station.path();
    station.store.close().await.unwrap();
    let Station { place: _place, .. } = station;

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let opened = Store::open(&path, OpenOptions::default()).await;
    // Permissions do not bind the superuser; for everyone else this must fail, and clearly.
    if std::fs::File::options().write(true).open(&path).is_err() {
        assert_eq!(opened.unwrap_err(), StoreError::ReadOnly);
    }
}

#[tokio::test]
async fn a_database_that_becomes_read_only_loses_nothing() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 3)]).await.unwrap();
    entities::sabotage::make_read_only(&station.store).await.unwrap();
    assert_eq!(station.append(&[item(stream(1), 4, 4)]).await, Err(AppendError::ReadOnly));
    assert_eq!(station.append(&[item(stream(2), 1, 1)]).await, Err(AppendError::ReadOnly));
    let probe = station.boot.journal.probe(station.boot.fence).await;
    assert_eq!(probe, Err(AppendError::ReadOnly));
    assert_eq!(station.counts().await, (3, 1));
}

#[tokio::test]
async fn the_doctor_tells_a_sound_file_from_a_damaged_one() {
    let station = Station::new().await;
    for n in 1..=40 {
        station.append(&[item(stream(n), 1, 20)]).await.unwrap();
    }
    let sound = station.store.integrity_check().await.unwrap();
    assert!(sound.sound(), "{sound:?}");
    assert_eq!((sound.journal_mode.as_str(), sound.durable), ("wal", true));
    assert!(sound.pages > 40 && sound.log_bytes > 0);

    let path = station.path();
    station.store.close().await.unwrap();
    let Station { place: _place, .. } = station;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let damaged = Store::open(&path, OpenOptions::default()).await.unwrap();
    match damaged.integrity_check().await {
        Ok(found) => assert!(!found.sound(), "{found:?}"),
        Err(error) => assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}"),
    }
}
