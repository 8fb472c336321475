use super::*;
use crate::adapters::clock::ManualClock;
use crate::serve::directory;
use actors::clock::SystemIds;
use engine::Hash;
use engine::identity::audit::{
    Ending, FORMAT, Heading, Line, SignedCheckpoint, Verified, Verifier,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

struct Rig {
    store: Store,
    clock: Arc<ManualClock>,
    audit: Audit,
    task: AuditTask,
}

/// A signer whose signature is a hash: what is signed is what counts here.
struct Stamp;

impl Signer for Stamp {
    fn sign(&self, message: &[u8]) -> Option<(String, Vec<u8>)> {
        Some(("stamp".to_owned(), Hash::of(&[message]).0.to_vec()))
    }
}

impl Rig {
    async fn start(dir: &Path) -> Rig {
        let store = directory::open(dir).await.expect("a store");
        let clock = Arc::new(ManualClock::default());
        let deps = AuditDeps {
            store: store.clone(),
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            dir: dir.to_owned(),
            signer: Some(Arc::new(Stamp)),
        };
        let (audit, task) = Audit::start(deps).await.expect("an audit");
        Rig { store, clock, audit, task }
    }

    async fn stop(self) {
        self.audit.stop();
        self.task.ended().await;
        self.store.close().await.expect("closed");
    }

    async fn verify(&self) -> Verified {
        let stream = self.audit.stream().to_owned();
        let heading =
            Heading { format: FORMAT.into(), stream: stream.clone(), keys: BTreeMap::new() };
        let mut outside = Vec::new();
        let kept = self.store.audit_checkpoints(&stream, 0).await.expect("checkpoints");
        outside.extend(kept.into_iter().map(|signed| signed.checkpoint));
        let mut verifier = Verifier::new(outside, None).expect("few");
        verifier.take(&Line::Heading(heading)).expect("a heading");
        let mut last = engine::chain::Head::default();
        loop {
            let events = self.store.audit_read(&stream, last.seq).await.expect("events");
            if events.is_empty() {
                break;
            }
            for sealed in events {
                last = sealed.head();
                verifier.take(&Line::Event(sealed)).expect("it holds");
            }
        }
        verifier.take(&Line::Ending(Ending { end: last })).expect("the end");
        verifier.finish().expect("whole")
    }
}

fn entry(kind: &'static str, n: usize) -> Entry {
    Entry { kind, actor: Some("anna\r\n".into()), subject: None, detail: json!({"n": n}) }
}

fn in_file(dir: &Path) -> Vec<SignedCheckpoint> {
    let mut all = Vec::new();
    checkpoints::read(&dir.join(CHECKPOINTS_FILE), |one| all.push(one)).expect("readable");
    all
}

#[tokio::test]
async fn events_from_many_callers_make_one_chain_that_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let rig = Rig::start(dir.path()).await;
    let stream = rig.audit.stream().to_owned();
    let many: Vec<_> = (0..100)
        .map(|n| {
            let audit = rig.audit.clone();
            tokio::spawn(async move { audit.record(entry("login.ok", n)).await })
        })
        .collect();
    for one in many {
        assert_eq!(one.await.expect("no panic"), Ok(()));
    }
    let first = rig.store.audit_read(&stream, 0).await.expect("events");
    assert_eq!(first[0].event.actor.as_deref(), Some("anna\\u{d}\\u{a}"));
    rig.stop().await;

    let rig = Rig::start(dir.path()).await;
    rig.audit.record(entry("login.ok", 100)).await.expect("recorded");
    let verified = rig.verify().await;
    assert_eq!((verified.stream, verified.head.seq), (stream, 101));
    assert_eq!(verified.vouched, 100, "stopping made a checkpoint");
    assert!(!rig.audit.is_broken());
    rig.stop().await;
    let kept: Vec<u64> = in_file(dir.path()).iter().map(|c| c.checkpoint.seq).collect();
    assert_eq!(kept, [100, 101]);
}

#[tokio::test]
async fn checkpoints_come_by_number_and_by_time_and_are_signed() {
    let dir = tempfile::tempdir().expect("a directory");
    let rig = Rig::start(dir.path()).await;
    let all = (0..CHECKPOINT_EVENTS).map(|n| rig.audit.record(entry("token.issue", n as usize)));
    for done in futures_util::future::join_all(all).await {
        done.expect("recorded");
    }
    // What is recorded now comes after the checkpoint.
    rig.audit.record(entry("token.issue", 0)).await.expect("recorded");
    let kept = in_file(dir.path());
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].checkpoint.seq >= CHECKPOINT_EVENTS);
    let stamp = Hash::of(&[&kept[0].checkpoint.message()]).to_string();
    assert_eq!((kept[0].kid.as_deref(), kept[0].sig.clone()), (Some("stamp"), Some(stamp)));

    rig.clock.advance_ms(CHECKPOINT_MS);
    let looked = async {
        while in_file(dir.path()).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), looked).await.expect("by time");
    rig.stop().await;
}

#[tokio::test]
async fn a_database_that_is_gone_fails_what_must_be_recorded_and_spools_reads() {
    let dir = tempfile::tempdir().expect("a directory");
    let rig = Rig::start(dir.path()).await;
    rig.audit.record(entry("login.ok", 1)).await.expect("recorded");
    rig.store.close().await.expect("closed");
    assert_eq!(rig.audit.record(entry("token.issue", 2)).await, Err(AuditDown));
    assert!(!rig.audit.is_working());
    // The negative control of the limit: one below it is taken.
    rig.audit.0.shared.spooled.store(SPOOL_MAX - 1, Ordering::Release);
    rig.audit.note(entry("read", 3)).expect("spooled");
    rig.audit.0.shared.spooled.store(SPOOL_MAX, Ordering::Release);
    assert_eq!(rig.audit.note(entry("read", 4)), Err(AuditDown));
    rig.audit.stop();
    rig.task.ended().await;
    assert_eq!(rig.audit.record(entry("token.issue", 5)).await, Err(AuditDown));
}

#[tokio::test]
async fn a_chain_that_lost_its_tail_is_noticed_at_the_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let copy = tempfile::tempdir().expect("a directory");
    let rig = Rig::start(dir.path()).await;
    rig.audit.record(entry("login.ok", 1)).await.expect("recorded");
    rig.stop().await;
    std::fs::copy(directory::database(dir.path()), directory::database(copy.path()))
        .expect("copied");
    let rig = Rig::start(dir.path()).await;
    rig.audit.record(entry("role.grant", 2)).await.expect("recorded");
    rig.stop().await;
    // The database goes back; the file of checkpoints stays.
    std::fs::copy(directory::database(copy.path()), directory::database(dir.path()))
        .expect("copied");
    let rig = Rig::start(dir.path()).await;
    assert!(rig.audit.is_broken());
    rig.audit.record(entry("login.ok", 3)).await.expect("recorded");
    let filter = entities::AuditFilter { kind: Some("audit.broken".into()), ..Default::default() };
    let found = rig.store.audit_search(&filter, 10);
    assert_eq!(found.await.expect("a search").len(), 1);
    rig.stop().await;
}
