//! Who follows an exam gets all of it, in order, or is told that it does not.

use super::*;
use crate::feed::{Item, Resume};
use crate::settings::Limits;
use crate::testing::plans::mark;
use crate::testing::{Replica, Seen, pass};
use engine::TaskId;
use engine::exam::ExamClass;
use engine::exam::view::{Audience, SEALED};
use serde_json::Value;

async fn truth(station: &Station, audience: Audience) -> Value {
    station.exams().snapshot(EXAM, audience).await.expect("a snapshot").state
}

/// Whether the subscription was answered with what was missed, or with a snapshot.
fn recovered(items: &[Item]) -> Option<bool> {
    items.iter().find_map(|item| match item {
        Item::Subscribed { recovered, .. } => Some(*recovered),
        _ => None,
    })
}

#[test]
fn patches_fold_to_the_snapshot_for_every_audience() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let exam = an_exam(42);
        station.plan(&exam).await.expect("a plan");
        let cast = exam.cast();
        let experts = cast.panel.iter().map(|p| Audience::Expert(*p));
        let audiences: Vec<_> =
            [Audience::Staff, Audience::Candidate].into_iter().chain(experts).collect();
        let mut followers = Vec::new();
        for audience in &audiences {
            followers.push(station.follow(EXAM, *audience).await);
        }
        for step in whole_exam(&exam) {
            ok(&station, step).await;
        }
        pass(station.ports.limits.digest_ms + 1).await;
        assert_eq!(phase(&station).await, Phase::Completed);
        let last = records(&station).len() as u64;
        for follower in &mut followers {
            let seen = follower.seen();
            let audience = follower.audience;
            assert_eq!(seen[1], Seen::Fresh);
            assert_eq!(seen.iter().filter(|s| **s == Seen::Applied).count() as u64, last - 1);
            assert!(seen.iter().all(|s| !s.asks_anew()), "{audience:?}: {seen:?}");
            assert_eq!(seen.iter().rposition(|s| *s == Seen::Agreed), Some(seen.len() - 1));
            assert_eq!(follower.replica.state, Some(truth(&station, audience).await));
            assert_eq!(follower.replica.seq, last);
        }
    });
}

/// Every step from the opening to the last signature.
fn whole_exam(exam: &AnExam) -> Vec<(Issuer, Command)> {
    let cast = exam.cast();
    let mut steps = cast.until_ready();
    steps.push((cast.chair(), Command::StartTheory {}));
    steps.extend((1..=4).map(|q| choose(exam, q, 1)));
    steps.push((cast.candidate(), Command::SubmitTheory {}));
    steps.push((cast.chair(), Command::ConfirmTheory {}));
    steps.push((cast.chair(), Command::StartPractice {}));
    for task in 1..=2 {
        for n in 0..3 {
            steps.push((cast.expert(n), mark(task, 2)));
            steps.push((cast.expert(n), Command::LockTask { task: TaskId(task) }));
        }
    }
    let vote = Command::VoteVerdict { passed: true, reason: None };
    steps.extend((0..3).map(|n| (cast.expert(n), vote.clone())));
    steps.extend([1, 2, 0].map(|n| (cast.expert(n), Command::SignProtocol { dissent: None })));
    steps
}

#[test]
fn a_mark_is_a_sealed_placeholder_for_everybody_else() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let exam = an_exam(42).of_class(ExamClass::Practice);
        station.ready(&exam).await;
        let cast = exam.cast();
        ok(&station, (cast.chair(), Command::StartPractice {})).await;
        let (mine, other) = (Audience::Expert(cast.panel[1]), Audience::Expert(cast.panel[2]));
        let mut followers = Vec::new();
        for audience in [mine, other, Audience::Staff, Audience::Candidate] {
            let mut follower = station.follow(EXAM, audience).await;
            follower.read();
            followers.push(follower);
        }
        let ack = ok(&station, (cast.expert(1), mark(1, 3))).await;
        for follower in &mut followers {
            let mut items = follower.read();
            items.retain(|item| !matches!(item, Item::Presence { .. }));
            let [Item::Update(update)] = &items[..] else { panic!("{items:?}") };
            assert_eq!(update.seq, ack.seq, "the numbers are the same for all");
            if follower.audience == mine {
                assert_eq!((update.kind.as_str(), update.by), ("mark_placed", Some(cast.panel[1])));
                assert!(update.patch.is_some());
            } else {
                assert_eq!((update.kind.as_str(), update.by), (SEALED, None));
                assert!(!update.patch.as_deref().unwrap_or_default().contains('3'), "{update:?}");
            }
        }
        // Locked, the mark is open to the panel and to staff, and still not to the candidate.
        ok(&station, (cast.expert(1), Command::LockTask { task: TaskId(1) })).await;
        for follower in &mut followers {
            follower.read();
            let audience = follower.audience;
            let state = follower.replica.state.clone().expect("a state");
            assert_eq!(state, truth(&station, audience).await);
            let marks = state["practice"]["tasks"]["1"]["criteria"]["10"]["marks"].to_string();
            let shows = marks.contains(&format!("\"{}\"", cast.panel[1]));
            assert_eq!(shows, audience != Audience::Candidate, "{audience:?}: {marks}");
        }
    });
}

#[test]
fn a_client_that_comes_back_gets_what_it_missed_or_a_snapshot_never_a_part() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let mut follower = station.follow(EXAM, Audience::Staff).await;
        follower.read();
        let at_first = follower.replica.clone();
        for n in 0..3 {
            ok(&station, say(&exam, &format!("comment {n}"))).await;
        }
        follower.read();
        let good = at_first.resume().expect("a place");
        let wrong_hash = Some(engine::Hash::of(&[b"another history"]));
        let head = records(&station).len() as u64;
        let cases: [(&str, Resume, Option<u64>); 7] = [
            ("the place where it stood", good.clone(), Some(3)),
            ("the newest", follower.replica.resume().expect("a place"), Some(0)),
            ("without a hash", Resume { hash: None, ..good.clone() }, Some(3)),
            ("another epoch", Resume { epoch: "e0".into(), ..good.clone() }, None),
            ("a rewritten history", Resume { hash: wrong_hash, ..good.clone() }, None),
            ("before what is kept", Resume { seq: 1, hash: None, ..good.clone() }, None),
            ("the future", Resume { seq: head + 1, hash: None, ..good.clone() }, None),
        ];
        for (what, resume, missed) in cases {
            let (conn, outbox) = station.connect();
            let link = (conn, outbox.clone());
            let mut subscribe = station.subscribe(link, Audience::Staff, &Replica::default());
            subscribe.resume = Some(resume);
            subscribe.id = Some(9);
            station.exams().subscribe(EXAM, subscribe).await.expect("to follow");
            let items: Vec<Item> = std::iter::from_fn(|| outbox.try_next()).collect();
            assert!(matches!(items[0], Item::Subscribed { id: Some(9), seq, .. } if seq == head));
            assert_eq!(recovered(&items), Some(missed.is_some()), "{what}");
            let updates = items.iter().filter(|i| matches!(i, Item::Update(_))).count() as u64;
            let snapshots = items.iter().filter(|i| matches!(i, Item::Snapshot(_))).count();
            assert_eq!((updates, snapshots), (missed.unwrap_or(0), usize::from(missed.is_none())));
            // A copy that stood there folds to the same state, and the digest that follows agrees.
            let mut copy =
                if missed == Some(0) { follower.replica.clone() } else { at_first.clone() };
            let seen: Vec<Seen> = items.iter().map(|item| copy.take(item)).collect();
            assert_eq!(copy.state, Some(truth(&station, Audience::Staff).await), "{what}");
            assert!(seen.contains(&Seen::Agreed), "{what}: {seen:?}");
        }
    });
}

#[test]
fn what_is_kept_for_coming_back_is_bounded() {
    in_paused_system(async {
        let limits = Limits { ring_events_max: 4, heartbeat_ms: 20_000, ..Limits::default() };
        let station = Station::with_limits(1, limits).await;
        let exam = an_exam(42);
        station.ready(&exam).await;
        for (missed, expected) in [(4, true), (5, false)] {
            let mut follower = station.follow(EXAM, Audience::Staff).await;
            follower.read();
            follower.outbox.close();
            for n in 0..missed {
                ok(&station, say(&exam, &format!("comment {n}"))).await;
            }
            follower.reconnect(&station).await;
            assert_eq!(recovered(&follower.read()), Some(expected), "{missed} missed");
            assert_eq!(follower.replica.state, Some(truth(&station, Audience::Staff).await));
        }
    });
}

#[test]
fn a_slow_reader_is_told_what_it_lost_and_others_are_spared() {
    in_paused_system(async {
        let limits = Limits { outbox_frames_max: 8, heartbeat_ms: 20_000, ..Limits::default() };
        let station = Station::with_limits(1, limits).await;
        let exam = an_exam(42);
        station.ready(&exam).await;
        let mut slow = station.follow(EXAM, Audience::Staff).await;
        let mut quick = station.follow(EXAM, Audience::Staff).await;
        for n in 0..20 {
            ok(&station, say(&exam, &format!("comment {n}"))).await;
            assert!(quick.seen().iter().all(|s| !s.asks_anew()));
        }
        let items = slow.read();
        let lagged: Vec<u64> = items
            .iter()
            .filter_map(|item| match item {
                Item::Lagged { missed, .. } => Some(*missed),
                _ => None,
            })
            .collect();
        assert_eq!(lagged, [20], "told once, with the number: {items:?}");
        assert!(!items.iter().any(|i| matches!(i, Item::Update(_))), "no part of what it lost");
        ok(&station, say(&exam, "while it lags")).await;
        assert!(slow.read().is_empty());
        // More was missed than fits in its queue: a snapshot, or it would lag for ever.
        slow.subscribe(&station).await;
        assert_eq!(recovered(&slow.read()), Some(false));
        assert_eq!(slow.replica.state, Some(truth(&station, Audience::Staff).await));
        ok(&station, say(&exam, "afterwards")).await;
        assert_eq!(slow.seen(), [Seen::Applied]);
    });
}

#[test]
fn digests_follow_changes_and_requests_and_nothing_else() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let mut follower = station.follow(EXAM, Audience::Candidate).await;
        assert_eq!(follower.seen(), [Seen::Aside, Seen::Fresh, Seen::Agreed]);
        pass(20_000).await;
        assert!(follower.seen().is_empty(), "nothing changed");
        ok(&station, say(&exam, "one")).await;
        ok(&station, say(&exam, "two")).await;
        pass(station.ports.limits.digest_ms + 1).await;
        let seen = follower.seen();
        assert_eq!(seen, [Seen::Applied, Seen::Applied, Seen::Agreed], "one digest for both");
        station.exams().ask_digest(EXAM, follower.conn);
        pass(1).await;
        assert_eq!(follower.seen(), [Seen::Agreed]);
        // A copy that went wrong is found out.
        follower.replica.state.as_mut().expect("a state")["room"] = "13".into();
        station.exams().ask_digest(EXAM, follower.conn);
        pass(1).await;
        assert_eq!(follower.seen(), [Seen::Mismatch]);
    });
}

#[test]
fn who_has_left_gets_nothing_and_an_audience_that_nobody_is_in_is_forgotten() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let mut gone = station.follow(EXAM, Audience::Staff).await;
        let mut closed = station.follow(EXAM, Audience::Candidate).await;
        gone.read();
        station.exams().unsubscribe(EXAM, gone.conn);
        closed.outbox.close();
        ok(&station, say(&exam, "to nobody")).await;
        assert!(gone.read().is_empty());
        // Within two minutes both may come back and miss nothing.
        gone.reconnect(&station).await;
        assert_eq!(recovered(&gone.read()), Some(true));
        station.exams().unsubscribe(EXAM, gone.conn);
        pass(200_000).await;
        for follower in [&mut gone, &mut closed] {
            let before = follower.replica.seq;
            ok(&station, say(&exam, "after they were forgotten")).await;
            follower.reconnect(&station).await;
            assert_eq!(recovered(&follower.read()), Some(false), "no longer at hand");
            assert!(follower.replica.seq > before);
            assert_eq!(follower.replica.state, Some(truth(&station, follower.audience).await));
        }
    });
}
