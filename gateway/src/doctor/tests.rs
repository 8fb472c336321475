use super::*;
use crate::serve::directory;
use engine::{Moment, Span};
use std::os::unix::fs::PermissionsExt;

fn config(dir: &std::path::Path) -> Config {
    let mut config = Config::default();
    config.store.data = dir.to_owned();
    config
}

fn of<'a>(findings: &'a [Finding], subject: &str) -> &'a Finding {
    findings.iter().find(|f| f.subject == subject).unwrap_or_else(|| panic!("{subject} missing"))
}

#[tokio::test]
async fn a_fresh_station_is_sound() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let store = directory::open(&data).await.expect("a store");
    // Beside the running program, which holds the lock.
    let findings = examine(&config(&data), Lang::En).await;
    store.close().await.expect("closed");
    for subject in ["data directory", "database", "schema", "SQLite", "quarantine", "clock"] {
        assert_eq!(of(&findings, subject).level, Level::Ok, "{:?}", of(&findings, subject));
    }
    assert!(of(&findings, "database").found.contains("wal"));
}

#[tokio::test]
async fn what_is_missing_or_open_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let absent = dir.path().join("absent");
    let findings = examine(&config(&absent), Lang::En).await;
    assert_eq!(of(&findings, "data directory").level, Level::Fail);
    assert_eq!(of(&findings, "database").level, Level::Fail);
    assert!(findings.iter().all(|f| f.level == Level::Ok || !f.to_do.is_empty()));

    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open).expect("set");
    let found = checks::directory(dir.path(), Lang::En);
    assert_eq!(found[0].level, Level::Warn);
    assert!(found[0].to_do.starts_with("chmod 700"));
}

#[tokio::test]
async fn quarantined_exams_are_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = directory::open(dir.path()).await.expect("a store");
    let stream = engine::StreamId(uuid::Uuid::from_u128(5));
    store.quarantine(stream, "panicked three times", Moment(0)).await.expect("written");
    let findings = checks::database(&store, Lang::En).await;
    let found = of(&findings, "quarantine");
    assert_eq!(found.level, Level::Warn);
    assert!(found.found.contains("panicked three times"), "{}", found.found);
}

#[test]
fn a_clock_behind_the_heartbeat_is_a_failure() {
    let now = Moment(1_800_000_000_000);
    let level = |now, alive| checks::clock_at(now, alive, Lang::Ru).level;
    assert_eq!(level(now, None), Level::Ok);
    assert_eq!(level(now, Some(Moment(now.0 - 60_000))), Level::Ok);
    assert_eq!(level(now, Some(now + Span::secs(2))), Level::Ok);
    assert_eq!(level(now, Some(now + Span::secs(3))), Level::Fail);
    assert_eq!(level(Moment(0), None), Level::Fail);
}
