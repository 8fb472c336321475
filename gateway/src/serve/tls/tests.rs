use super::authority::{CA_FILE, CA_KEY_FILE, RENEW_DAYS};
use super::*;
use crate::adapters::clock::ManualClock;
use actors::clock::SystemIds;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const DAY_MS: i64 = 86_400_000;

fn config(dir: &Path, names: &[&str]) -> Arc<Config> {
    let mut config = Config::default();
    config.store.data = dir.to_owned();
    config.tls.mode = TlsMode::Station;
    config.tls.names = names.iter().map(|&name| name.to_owned()).collect();
    Arc::new(config)
}

fn keeper(config: &Arc<Config>, clock: &Arc<ManualClock>) -> Result<Keeper, Trouble> {
    let keeper = Keeper::start(config.clone(), clock.clone(), Arc::new(SystemIds))?;
    Ok(keeper.expect("TLS is on"))
}

fn shown(keeper: &Keeper) -> Vec<u8> {
    keeper.shown.0.read().expect("sound").cert[0].to_vec()
}

#[test]
fn the_first_start_makes_an_authority_that_may_sign_for_little() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let config = config(dir.path(), &["station.lan", "192.168.1.10", "exam.example.ru"]);
    let first = keeper(&config, &clock).expect("a certificate");
    for name in [CA_FILE, CA_KEY_FILE, SERVER_FILE, SERVER_KEY_FILE] {
        let meta = std::fs::metadata(dir.path().join(name)).expect(name);
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let authority = Authority::of(dir.path());
    let (ca, server) =
        (authority.certificate().expect("a CA"), reading(&config).expect("a certificate"));
    assert_eq!(server.names, ["192.168.1.10", "exam.example.ru", "station.lan"]);
    assert_eq!(server.issuer, ca.subject);
    assert!((server.until - server.from).0 <= 398 * DAY_MS, "tablets refuse longer ones");
    assert!(ca.days_left(clock.now()) > 3_000);
    // Another start finds both and keeps them.
    assert_eq!(shown(&keeper(&config, &clock).expect("again")), shown(&first));

    for (name, may) in [
        ("other.lan", true),
        ("10.1.2.3", true),
        ("a.exam.example.ru", true),
        ("bank.ru", false),
        ("8.8.8.8", false),
        ("lan.ru", false),
    ] {
        let signed = authority.sign(&[name.to_owned()], SystemIds.salt(), clock.now());
        assert_eq!(signed.is_ok(), may, "{name}: {signed:?}");
    }
}

#[test]
fn it_is_replaced_in_time_and_not_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    let config = config(dir.path(), &["station.lan"]);
    let mut keeper = keeper(&config, &clock).expect("a certificate");
    let first = shown(&keeper);
    let days = reading(&config).expect("one").days_left(clock.now());
    clock.advance_ms((days - RENEW_DAYS) * DAY_MS);
    assert!(!keeper.look().expect("fine"), "the negative control: a day too early");
    clock.advance_ms(DAY_MS);
    assert!(keeper.look().expect("renewed"));
    assert_ne!(shown(&keeper), first);
    assert!(reading(&config).expect("one").days_left(clock.now()) > 390);
    assert!(!keeper.look().expect("fine"));
}

#[test]
fn other_names_need_another_certificate_and_no_other_authority() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::default());
    keeper(&config(dir.path(), &["station.lan"]), &clock).expect("a certificate");
    let ca = Authority::of(dir.path()).certificate();
    let more = config(dir.path(), &["station.lan", "10.0.0.7"]);
    keeper(&more, &clock).expect("a certificate");
    assert_eq!(reading(&more).expect("one").names, ["10.0.0.7", "station.lan"]);
    assert_eq!(Authority::of(dir.path()).certificate(), ca);
}

#[test]
fn files_are_read_again_when_they_change_and_rubbish_is_not_taken() {
    let (dir, made) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let clock = Arc::new(ManualClock::default());
    let authority = Authority::of(made.path());
    let names = ["station.lan".to_owned()];
    authority.make(&names, SystemIds.salt(), clock.now()).expect("a CA");
    let sign = || {
        authority.sign(&names, SystemIds.salt(), clock.now()).expect("signed");
        for name in [SERVER_FILE, SERVER_KEY_FILE] {
            std::fs::copy(made.path().join(name), dir.path().join(name)).expect("copied");
        }
    };
    sign();
    let mut by_files = (*config(dir.path(), &[])).clone();
    by_files.tls.mode = TlsMode::Files;
    by_files.tls.certificate = dir.path().join(SERVER_FILE);
    by_files.tls.key = dir.path().join(SERVER_KEY_FILE);
    let mut keeper = keeper(&Arc::new(by_files), &clock).expect("a certificate");
    let first = shown(&keeper);
    assert!(!keeper.look().expect("unchanged"));

    let old_key = std::fs::read(dir.path().join(SERVER_KEY_FILE)).expect("a key");
    sign();
    let new_key = std::fs::read(dir.path().join(SERVER_KEY_FILE)).expect("a key");
    std::fs::write(dir.path().join(SERVER_KEY_FILE), old_key).expect("written");
    keeper.look().expect_err("a key that is not the certificate's");
    assert_eq!(shown(&keeper), first, "the old one stays");
    std::fs::write(dir.path().join(SERVER_KEY_FILE), new_key).expect("written");
    assert!(keeper.look().expect("whole again"));
    assert_ne!(shown(&keeper), first);
}
