use super::*;
use crate::passport::seal::device::KeyPlace;
use crate::passport::seal::local::{self, NewDevice};
use crate::passport::seal::scheme::KdfParams;
use crate::serve::directory;
use actors::clock::SystemIds;
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

/// A station's device as `nsk station init` makes it.
async fn device(data: &std::path::Path, half: Option<&std::path::Path>, encrypted_disk: bool) {
    let store = directory::open(data).await.expect("a store");
    let new = NewDevice {
        spn: "mak/mak-07".to_owned(),
        issuer: "https://id.example".to_owned(),
        trust: vec!["A".repeat(43)],
        place: KeyPlace::of(data, half),
        encrypted_disk,
    };
    let made = local::init(&store, &new, &SystemIds, Moment(0)).await;
    store.close().await.expect("closed");
    made.expect("a device");
}

#[tokio::test]
async fn the_row_of_the_table_of_attack_costs_is_said_in_both_languages() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name);
    device(&at("plain"), None, false).await;
    device(&at("encrypted"), None, true).await;
    std::fs::create_dir_all(at("split")).expect("made");
    device(&at("split"), Some(&at("half")), false).await;
    directory::open(&at("none")).await.expect("a store").close().await.expect("closed");
    let cases = [
        ("none", None, Level::Ok, "nobody signs in by PIN", "вход по ПИН выключен"),
        ("plain", None, Level::Warn, "all PINs are tried in 42 h", "перебираются за 42 ч"),
        ("encrypted", None, Level::Ok, "not checked", "не проверено"),
        (
            "encrypted",
            None,
            Level::Ok,
            "while it runs, with the key all PINs are tried in 25 min",
            "у включённой с ключом все ПИН перебираются за 25 мин",
        ),
        ("split", Some("half"), Level::Warn, "both halves on one disk", "обе половины на одном"),
        ("split", None, Level::Fail, "of another device", "от другого устройства"),
        ("plain", Some("half"), Level::Fail, "of another device", "от другого устройства"),
        ("plain", Some("absent"), Level::Fail, "cannot be used", "cannot be used"),
    ];
    for (data, half, level, en, ru) in cases {
        let mut config = config(&at(data));
        config.mak.key_half = half.map(at).unwrap_or_default();
        for (lang, part) in [(Lang::En, en), (Lang::Ru, ru)] {
            let findings = examine(&config, lang).await;
            let found = of(&findings, "device key");
            assert_eq!(found.level, level, "{data}: {found:?}");
            assert!(found.found.contains(part), "{data}: {found:?}");
            assert!(found.level == Level::Ok || !found.to_do.is_empty(), "{found:?}");
        }
    }
    let store = directory::open(&at("plain")).await.expect("a store");
    store.erase_device().await.expect("erased");
    store.close().await.expect("closed");
    let findings = examine(&config(&at("plain")), Lang::En).await;
    assert_eq!(of(&findings, "device key").level, Level::Fail);
    assert_eq!(of(&findings, "wrong PINs").level, Level::Ok);
}

#[test]
fn sweeps_are_as_the_table_has_them() {
    let seconds =
        |digits, mib: u32| station::sweep_seconds(digits, KdfParams { m: mib * 1_024, t: 3, p: 1 });
    assert_eq!((seconds(6, 64) / 60, seconds(6, 256) / 60), (6, 25));
    assert_eq!(seconds(8, 256) / 3_600, 42);
}
