use super::*;
use crate::adapters::clock::ManualClock;
use entities::OpenOptions;
use tempfile::TempDir;

async fn station() -> (TempDir, Store, Arc<ManualClock>, StoreRevocation) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("nsk.db");
    migrations::up(&migrations::file_url(&path)).await.expect("a schema");
    let store = Store::open(&path, OpenOptions::default()).await.expect("a store");
    let clock = Arc::new(ManualClock::default());
    let limits = Limits::default();
    let revocation = StoreRevocation::load(store.clone(), clock.clone(), &limits);
    let revocation = revocation.await.expect("loaded");
    (dir, store, clock, revocation)
}

fn token(epochs: &[(Level, &str, u32)]) -> Carried {
    let epochs = epochs.iter().map(|(level, id, n)| (*level, (*id).to_owned(), *n)).collect();
    Carried { jti: "j".into(), sid: "s".into(), orig: None, epochs, exp: Moment(1_000) }
}

#[tokio::test]
async fn an_epoch_that_grows_ends_what_was_issued_before_and_nothing_after() {
    let (_dir, store, clock, revocation) = station().await;
    let issued = |r: &StoreRevocation| {
        let of = r.epochs_for("u", Some("o"), Some("c"), Some("mak/7"), Some("d"));
        let ids = [("", Level::Global), ("u", Level::User), ("o", Level::Organisation)];
        let more = [("c", Level::Client), ("mak/7", Level::Service), ("d", Level::Device)];
        let all: Vec<_> = ids
            .into_iter()
            .chain(more)
            .map(|(id, level)| (level, id, of.of(level).expect("carried")))
            .collect();
        (all.clone(), token(&all))
    };
    let (levels, _) = issued(&revocation);
    for (level, id, _) in levels {
        let (_, old) = issued(&revocation);
        assert_eq!(revocation.standing(&old), Standing::Good, "before {level:?}");
        revocation.bump(level, id, "a test").await.expect("grown");
        assert_eq!(revocation.standing(&old), Standing::Revoked, "{level:?}");
        let (_, new) = issued(&revocation);
        assert_eq!(revocation.standing(&new), Standing::Good, "after {level:?}");
        // Another process that starts now knows the same.
        let limits = Limits::default();
        let other = StoreRevocation::load(store.clone(), clock.clone(), &limits);
        let other = other.await.expect("loaded");
        assert_eq!(other.standing(&old), Standing::Revoked, "{level:?} read back");
        assert_eq!(other.standing(&new), Standing::Good, "{level:?} read back");
    }
}

#[tokio::test]
async fn old_knowledge_is_no_knowledge_but_what_is_revoked_stays_revoked() {
    let (_dir, store, clock, revocation) = station().await;
    let (good, revoked) = (token(&[]), Carried { sid: "x".into(), ..token(&[]) });
    let new = NewRevocation {
        sid: Some("x".into()),
        expires_at: Moment(1_000_000_000),
        ..NewRevocation::default()
    };
    revocation.revoke(&new).await.expect("revoked");
    clock.advance_ms(READS_AGE_MAX.0);
    assert_eq!(revocation.age(), READS_AGE_MAX);
    assert_eq!(revocation.standing(&good), Standing::Good);
    clock.advance_ms(1);
    assert_eq!(revocation.standing(&good), Standing::Unknown);
    assert_eq!(revocation.standing(&revoked), Standing::Revoked);
    revocation.refresh().await.expect("read");
    assert_eq!((revocation.age(), revocation.standing(&good)), (Span::ZERO, Standing::Good));

    store.close().await.expect("closed");
    clock.advance_ms(2_000);
    revocation.refresh().await.expect_err("nothing to read from");
    assert_eq!(revocation.age(), Span(2_000));
    revocation.bump(Level::Global, "", "x").await.expect_err("not durable");
    assert_eq!(revocation.standing(&token(&[(Level::Global, "", 0)])), Standing::Good);
}
