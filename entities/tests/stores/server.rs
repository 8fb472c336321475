//! A database of a PostgreSQL server: who owns it, what a lost connection costs, and what is said
//! of its address.

use crate::place::Place;
use crate::{Station, item, stream};
use engine::Moment;
use entities::{AppendError, OWNER_LOCK, OpenOptions, SCHEMA, Store, StoreError};

/// Ends the sessions of a database that may write, as a restart of the server would.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks \
                   WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[tokio::test]
async fn a_database_has_one_owner_and_the_next_is_told_who() {
    let station = Station::new().await;
    let error = station.place.open(OpenOptions::default()).await.unwrap_err();
    let StoreError::Owned { database, by } = &error else { panic!("{error:?}") };
    assert!(database.starts_with("127.0.0.1:"), "{database}");
    assert!(by.starts_with(&format!("nsk {} at 127.0.0.1", std::process::id())), "{by}");
    let migrated = migrations::up(&station.place.url).await.unwrap_err().to_string();
    assert!(migrated.contains("a running nsk owns it"), "{migrated}");
    assert_eq!(OWNER_LOCK, migrations::OWNER_LOCK);

    // A reader needs no ownership, sees everything and changes nothing.
    let reader = station.place.open(OpenOptions { read_only: true }).await.unwrap();
    station.append(&[item(stream(1), 1, 3)]).await.unwrap();
    assert_eq!(reader.head(stream(1)).await.unwrap().unwrap().seq, 3);
    assert_eq!(reader.boot("0000000000000000").await.unwrap_err(), StoreError::ReadOnly);
    let refused = reader.quarantine(stream(1), "x", Moment(0)).await.unwrap_err();
    assert_eq!(refused, StoreError::ReadOnly);
    reader.close().await.unwrap();

    let Station { place, store, .. } = station;
    store.close().await.unwrap();
    place.open(OpenOptions::default()).await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_cut_connection_comes_back_with_the_ownership_or_not_at_all() {
    let first = Station::new().await;
    first.append(&[item(stream(1), 1, 2)]).await.unwrap();
    first.place.meddle(CUT).await;
    first.append(&[item(stream(1), 3, 3)]).await.unwrap();
    assert!(matches!(
        first.place.open(OpenOptions::default()).await,
        Err(StoreError::Owned { .. })
    ));

    // Another program was quicker after the cut: the first has no writer any more, and no fence.
    first.place.meddle(CUT).await;
    let second = first.place.open(OpenOptions::default()).await.unwrap();
    let next = [item(stream(1), 4, 4)];
    assert!(matches!(first.append(&next).await, Err(AppendError::Unavailable(_))));
    let boot = second.boot("ffffffffffffffff").await.unwrap();
    assert_eq!((boot.fence, boot.log_epoch.as_str()), (2, "00112233aabbccdd"));
    boot.journal.append(boot.fence, &next).await.unwrap();
    second.close().await.unwrap();
    let late = [item(stream(1), 5, 5)];
    assert_eq!(first.append(&late).await, Err(AppendError::Fenced));
    assert_eq!(first.boot.journal.probe(first.boot.fence).await, Err(AppendError::Fenced));
    assert_eq!(first.append(&next).await, Err(AppendError::Fenced), "before all else");
    // The negative control: without the fence it would go on writing.
    first.boot.journal.clone().without_fence().append(1, &late).await.unwrap();
    assert_eq!(first.counts().await, (5, 1));
}

#[tokio::test]
async fn a_database_that_becomes_read_only_loses_nothing() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 3)]).await.unwrap();
    entities::sabotage::make_read_only(&station.store).await.unwrap();
    assert_eq!(station.append(&[item(stream(1), 4, 4)]).await, Err(AppendError::ReadOnly));
    let probe = station.boot.journal.probe(station.boot.fence).await;
    assert_eq!(probe, Err(AppendError::ReadOnly));
    assert_eq!(station.counts().await, (3, 1));
}

#[tokio::test]
async fn a_value_that_the_server_refuses_costs_its_own_item() {
    let station = Station::new().await;
    let mut bad = item(stream(2), 1, 1);
    bad.summary.as_mut().unwrap().title = String::from("a\0b");
    let batch = [item(stream(1), 1, 1), bad.clone()];
    assert_eq!(station.append(&batch).await, Err(AppendError::Conflict), "one by one, then");
    station.append(&batch[..1]).await.unwrap();
    assert!(matches!(station.append(&[bad]).await, Err(AppendError::Refused { .. })));
    assert_eq!(station.counts().await, (1, 1));
}

#[tokio::test]
async fn another_schema_is_refused() {
    let place = Place::without_schema().await;
    let missing = SCHEMA.map(String::from).to_vec();
    assert_eq!(migrations::pending(&place.url).await.unwrap(), missing);
    let error = place.open(OpenOptions::default()).await.unwrap_err();
    assert_eq!(error, StoreError::SchemaOld { missing: missing.clone() });
    assert_eq!(migrations::up(&place.url).await.unwrap(), missing);
    assert_eq!(migrations::up(&place.url).await.unwrap(), Vec::<String>::new());
    place.meddle("INSERT INTO seaql_migrations VALUES ('m9999_x', 0)").await;
    let error = place.open(OpenOptions::default()).await.unwrap_err();
    assert_eq!(error, StoreError::SchemaNewer { unknown: vec![String::from("m9999_x")] });
}

#[tokio::test]
async fn the_doctor_says_when_commits_do_not_wait_for_the_disk() {
    let station = Station::new().await;
    station.append(&[item(stream(1), 1, 20)]).await.unwrap();
    let found = station.store.integrity_check().await.unwrap();
    // The server of a test run is faster than it is safe.
    assert!(!found.durable && !found.sound(), "{found:?}");
    assert_eq!((found.dangling, found.problems.len()), (0, 0));
    assert!(found.pages > 100, "{found:?}");
    let (name, version) = station.store.version().await.unwrap();
    assert!(name == "PostgreSQL" && version.starts_with(char::is_numeric), "{name} {version}");
}

#[tokio::test]
async fn no_error_repeats_the_password() {
    let server = crate::place::server().unwrap();
    let right = server.split_once("//nsk:").unwrap().1.split_once('@').unwrap().0.to_owned();
    let open = async |url: &str| {
        let opened = Store::connect(url, OpenOptions::default(), None).await;
        let stored = opened.map(|_| ()).unwrap_err().to_string();
        let migrated = migrations::up(url).await.unwrap_err();
        format!("{stored}\n{migrated}\n{migrated:?}")
    };
    for (url, said) in [
        (server.replace(&right, "s3cret"), "password authentication failed"),
        (format!("{server}_absent"), "does not exist"),
        ("postgres://nsk:s3cret@127.0.0.1:1/nsk".to_owned(), "127.0.0.1:1/nsk"),
        ("postgres://nsk:s3cret@127.0.0.1:port/nsk".to_owned(), "postgres://user:password@"),
        ("mysql://nsk:s3cret@db/nsk".to_owned(), "postgres://"),
    ] {
        let told = open(&url).await;
        assert!(told.contains(said), "{told}");
        assert!(!told.contains("s3cret") && !told.contains(&right), "{told}");
    }
}
