use super::*;
use crate::testing::{ManualClock, in_paused_system};
use engine::identity::Level;
use engine::{PersonId, StreamId};
use std::time::Duration;
use uuid::Uuid;

fn member(key: &str) -> Member {
    Member { key: key.into(), person: PersonId(1), role: "observer".into() }
}

async fn keys(presence: &LocalPresence, topic: &str) -> Vec<String> {
    presence.list(topic).await.expect("known").into_iter().map(|m| m.key).collect()
}

#[test]
fn presence_ends_by_leaving_or_by_silence() {
    in_paused_system(async {
        let limits = Limits { presence_ms_max: 30_000, ..Limits::default() };
        let presence = LocalPresence::new(Arc::new(ManualClock::new(Moment(0))), &limits);
        presence.touch("exam:1", member("b"));
        presence.touch("exam:1", member("a"));
        presence.touch("exam:2", member("c"));
        assert_eq!(keys(&presence, "exam:1").await, ["a", "b"]);
        presence.leave("exam:1", "a");
        assert_eq!(keys(&presence, "exam:1").await, ["b"]);

        tokio::time::advance(Duration::from_millis(20_000)).await;
        presence.touch("exam:2", member("c"));
        tokio::time::advance(Duration::from_millis(10_000)).await;
        assert_eq!(keys(&presence, "exam:1").await, [""; 0]);
        assert_eq!(keys(&presence, "exam:2").await, ["c"]);
    });
}

#[test]
fn presence_is_bounded_and_the_silent_make_room() {
    in_paused_system(async {
        let limits = Limits {
            presence_members_max: 2,
            presence_topics_max: 2,
            presence_ms_max: 1_000,
            ..Limits::default()
        };
        let presence = LocalPresence::new(Arc::new(ManualClock::new(Moment(0))), &limits);
        for (topic, key) in [("x", "a"), ("x", "b"), ("x", "c"), ("y", "a"), ("z", "a")] {
            presence.touch(topic, member(key));
        }
        assert_eq!(keys(&presence, "x").await, ["a", "b"]);
        assert_eq!(keys(&presence, "z").await, [""; 0]);
        tokio::time::advance(Duration::from_millis(1_000)).await;
        presence.touch("x", member("c"));
        presence.touch("z", member("a"));
        assert_eq!(keys(&presence, "x").await, ["c"]);
        assert_eq!(keys(&presence, "z").await, ["a"]);
    });
}

#[test]
fn a_revocation_is_told_once_and_lasts_until_the_latest_expiry() {
    let revocation = LocalRevocation::new(&Limits::default());
    let mut changes = revocation.changes();
    let token = |jti: &str, sid: &str| Carried {
        jti: jti.into(),
        sid: sid.into(),
        orig: None,
        epochs: vec![(Level::User, "u".into(), 1)],
        exp: Moment(0),
    };
    let (hit, other) = (token("t", "x"), token("x", "x"));
    for until in [100, 300, 200] {
        revocation.revoke(Revoked::Token("t".into()), Moment(until));
    }
    assert_eq!(revocation.standing(&hit), Standing::Revoked);
    assert_eq!(revocation.standing(&other), Standing::Good);
    revocation.forget(Moment(300));
    assert_eq!(revocation.standing(&hit), Standing::Revoked);
    revocation.forget(Moment(301));
    assert_eq!(revocation.standing(&hit), Standing::Good);
    let epoch = Revoked::Epoch(Level::User, "u".into(), 2);
    revocation.revoke(epoch.clone(), Moment(0));
    assert_eq!(revocation.standing(&other), Standing::Revoked);

    assert_eq!(changes.try_recv(), Ok(Revoked::Token("t".into())));
    assert_eq!(changes.try_recv(), Ok(epoch));
    assert!(changes.try_recv().is_err());
}

#[test]
fn jobs_reach_their_target_in_order_and_the_queue_is_bounded() {
    in_paused_system(async {
        let jobs = Arc::new(LocalJobs::new(&Limits { jobs_max: 2, ..Limits::default() }));
        let job = |target: &str, n| JobRef { target: target.into(), run: Uuid::from_u128(n) };
        jobs.dispatch(job("mail", 1)).await.unwrap();
        jobs.dispatch(job("sync", 2)).await.unwrap();
        assert_eq!(jobs.dispatch(job("mail", 3)).await, Err(QueueError::Full));
        assert_eq!(jobs.next("sync").await, job("sync", 2));
        assert_eq!(jobs.next("mail").await, job("mail", 1));

        // A consumer that waits already is woken.
        let waiting = tokio::task::spawn_local({
            let jobs = jobs.clone();
            async move { jobs.next("mail").await }
        });
        tokio::task::yield_now().await;
        jobs.dispatch(job("mail", 4)).await.unwrap();
        assert_eq!(waiting.await.unwrap(), job("mail", 4));
    });
}

#[test]
fn hints_reach_whoever_listens() {
    let hints = LocalHints::new(&Limits::default());
    let hint = Hint { stream: StreamId(Uuid::from_u128(1)), from_seq: 1, to_seq: 2 };
    hints.publish(hint);
    let mut receiver = hints.subscribe();
    hints.publish(Hint { to_seq: 3, ..hint });
    assert_eq!(receiver.try_recv(), Ok(Hint { to_seq: 3, ..hint }));
    assert!(receiver.try_recv().is_err());
    assert_eq!(LocalOwner::new(7).fence(), Some(Fence(7)));
}
