//! Against a real Redis that is killed, paused, flushed and restarted empty.

use super::*;
use crate::adapters::clock::ManualClock;
use actors::clock::SystemClock;
use actors::clock::SystemIds;
use actors::ports::Clock as _;
use actors::ports::Revocation as _;
use actors::settings::Limits;
use engine::identity::standing::{Door, Kind};
use engine::identity::{Carried, Level, Standing};
use entities::{NewRevocation, OpenOptions};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/scripts/private-redis.sh");
/// Longest wait for what happens by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis of one test.
pub(in crate::adapters) struct Server {
    dir: TempDir,
    /// Its address, with the password.
    pub url: String,
}

impl Server {
    pub fn start() -> Server {
        let dir = tempfile::tempdir().expect("a directory");
        let url = script("start", dir.path());
        Server { dir, url }
    }

    pub fn again(&self) {
        assert_eq!(script("start", self.dir.path()), self.url, "at the same place");
    }

    pub fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.dir.path().join("pid")).expect("a running server");
        let sent = Command::new("kill").args([name, pid.trim()]).status().expect("kill");
        assert!(sent.success(), "{name}");
    }

    /// Waits until nobody answers: a killed process closes its port a moment later.
    pub fn gone(&self) {
        let ends =
            SystemClock.monotonic_ms() + i64::try_from(PATIENCE.as_millis()).unwrap_or(i64::MAX);
        let address = self.url.rsplit('@').next().unwrap_or_default().trim_end_matches('/');
        while std::net::TcpStream::connect(address).is_ok() {
            assert!(SystemClock.monotonic_ms() < ends, "the server does not go");
        }
    }

    pub async fn open(&self) -> ConnectionManager {
        connection(&client(&self.url).expect("an address")).expect("a connection")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A paused one would not hear that it must go; one that is gone already is no fault.
        if let Ok(pid) = std::fs::read_to_string(self.dir.path().join("pid")) {
            let _ = Command::new("kill").args(["-CONT", pid.trim()]).status();
        }
        let _ = Command::new("bash").arg(SCRIPT).arg("stop").arg(self.dir.path()).status();
    }
}

fn script(verb: &str, dir: &Path) -> String {
    let out = Command::new("bash").arg(SCRIPT).arg(verb).arg(dir).output().expect("bash");
    let err = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{verb}: {err}");
    String::from_utf8(out.stdout).expect("text").trim().to_owned()
}

struct Node {
    revocation: Arc<StoreRevocation>,
    cache: RevocationCache,
    clock: Arc<ManualClock>,
}

async fn store_in(dir: &TempDir) -> Store {
    let path = dir.path().join("nsk.db");
    migrations::up(&migrations::file_url(&path)).await.expect("a schema");
    Store::open(&path, OpenOptions::default()).await.expect("a store")
}

async fn node(url: &str, store: &Store) -> Node {
    let clock = Arc::new(ManualClock::default());
    let limits = Limits::default();
    let revocation = StoreRevocation::load(store.clone(), clock.clone(), &limits).await;
    let revocation = Arc::new(revocation.expect("loaded"));
    let ids = Arc::new(SystemIds);
    let cache = RevocationCache::new(url, store.clone(), revocation.clone(), ids);
    Node { revocation, cache: cache.expect("a cache"), clock }
}

fn session(sid: &str) -> NewRevocation {
    NewRevocation {
        sid: Some(sid.to_owned()),
        expires_at: Moment(i64::MAX / 2),
        ..NewRevocation::default()
    }
}

fn token(sid: &str) -> Carried {
    let epochs = vec![(Level::User, "u".to_owned(), 0)];
    Carried { jti: "j".into(), sid: sid.into(), orig: None, epochs, exp: Moment(0) }
}

/// What the cache holds: its name, and how many entries under it.
async fn held(server: &Server) -> (Option<String>, u64) {
    let mut redis = server.open().await;
    let named: Option<String> = redis.get(GEN).await.expect("an answer");
    let count = redis.zcard(key(named.as_deref().unwrap_or("none"), "log")).await;
    (named, count.expect("an answer"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_redis_counts_as_down_and_is_filled_from_the_database() {
    let (dir, server) = (tempfile::tempdir().expect("a directory"), Server::start());
    let store = store_in(&dir).await;
    let one = node(&server.url, &store).await;
    one.revocation.revoke(&session("a")).await.expect("revoked");
    one.revocation.bump(Level::User, "u", "x").await.expect("grown");
    assert_eq!(one.revocation.door(Kind::Reads), Door::OpenWithAge(engine::Span(0)), "not looked");
    assert_eq!(one.cache.look().await, Link::Up);
    assert_eq!(one.revocation.door(Kind::Reads), Door::Open);
    let (first, entries) = held(&server).await;
    assert_eq!((first.is_some(), entries), (true, 2));

    // What is committed later is sent later, once.
    one.revocation.revoke(&session("b")).await.expect("revoked");
    for _ in 0..2 {
        assert_eq!(one.cache.look().await, Link::Up);
        assert_eq!(held(&server).await, (first.clone(), 3));
    }

    for what in ["killed and restarted empty", "flushed"] {
        let before = store.revocation_head().await.expect("read");
        if what == "flushed" {
            let mut redis = server.open().await;
            let () = ::redis::cmd("FLUSHALL").query_async(&mut redis).await.expect("flushed");
        } else {
            server.signal("-KILL");
            server.gone();
            server.again();
        }
        assert_eq!(held(&server).await, (None, 0), "{what}");
        let mut redis = server.open().await;
        let seen = one.cache.has(&mut redis, &before).await.expect("an answer");
        assert_eq!(seen, None, "{what}: empty is not complete");
        // The first command after a break only finds out about it.
        let looks = async { while one.cache.look().await == Link::Down {} };
        timeout(PATIENCE, looks).await.expect(what);
        let (named, entries) = held(&server).await;
        assert!(named.is_some() && named != first, "{what}: a new name");
        assert_eq!(entries, 3, "{what}");
    }

    // Restored from an old copy: the right name with less than it was given.
    let head = store.revocation_head().await.expect("read");
    let mut redis = server.open().await;
    let () = redis.set(key(&head.cache_gen, "seq"), head.cache_seq - 1).await.expect("set");
    assert_eq!(one.cache.has(&mut redis, &head).await.expect("an answer"), None);
    assert_eq!(one.cache.look().await, Link::Up);
    assert_ne!(store.revocation_head().await.expect("read").cache_gen, head.cache_gen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_or_paused_redis_closes_nothing_and_gets_later_what_it_missed() {
    let (dir, server) = (tempfile::tempdir().expect("a directory"), Server::start());
    let store = store_in(&dir).await;
    let one = node(&server.url, &store).await;
    assert_eq!(one.cache.look().await, Link::Up);
    for (stop, go) in [("-STOP", "-CONT"), ("-KILL", "")] {
        server.signal(stop);
        one.revocation.revoke(&session(stop)).await.expect("durable without Redis");
        assert_eq!(one.revocation.standing(&token(stop)), Standing::Revoked);
        assert_eq!(one.cache.look().await, Link::Down, "{stop}");
        one.revocation.refresh().await.expect("the database answers");
        for (kind, door) in [
            (Kind::Changes, Door::Open),
            (Kind::Reads, Door::OpenWithAge(engine::Span(0))),
            (Kind::Introspects, Door::Open),
        ] {
            assert_eq!(one.revocation.door(kind), door, "{stop} {kind:?}");
        }
        if go.is_empty() {
            server.again()
        } else {
            server.signal(go)
        }
        let looks = async { while one.cache.look().await == Link::Down {} };
        timeout(PATIENCE, looks).await.expect(stop);
        assert_eq!(one.revocation.door(Kind::Reads), Door::Open, "{stop}");
    }
    assert_eq!(held(&server).await.1, 2, "sent later");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_nodes_are_woken_and_without_their_database_read_from_redis() {
    let (dir, server) = (tempfile::tempdir().expect("a directory"), Server::start());
    let store = store_in(&dir).await;
    let one = node(&server.url, &store).await;
    let Node { revocation, cache, .. } = node(&server.url, &store).await;
    // This one's own connection to the same database, which will break.
    let path = dir.path().join("nsk.db");
    let cut = Store::open(&path, OpenOptions { read_only: true }).await.expect("a reader");
    let third = node(&server.url, &cut).await;
    assert_eq!(one.cache.look().await, Link::Up);
    assert_eq!(third.cache.look().await, Link::Up);
    let mut changes = revocation.changes();
    let tasks = cache.start();
    let mut waits = async |sid: &str| {
        one.revocation.revoke(&session(sid)).await.expect("revoked");
        one.cache.look().await;
        timeout(PATIENCE, changes.recv()).await.expect("woken").expect("told")
    };
    // The first may be found while listening begins; the second only by the wake-up.
    assert_eq!(waits("a").await, Revoked::Session("a".into()));
    assert_eq!(waits("b").await, Revoked::Session("b".into()));
    tasks.iter().for_each(JoinHandle::abort);

    third.cache.look().await;
    cut.close().await.expect("closed");
    third.clock.advance_ms(1_000);
    third.revocation.refresh().await.expect_err("its database is away");
    assert_eq!(third.cache.look().await, Link::Up);
    assert_eq!(third.revocation.standing(&token("b")), Standing::Revoked, "from Redis");
    assert_eq!(third.revocation.age(), engine::Span(1_000), "which makes nothing younger");
    assert_eq!(third.revocation.door(Kind::Introspects), Door::ClosedRetry(engine::Span(5_000)));
}
