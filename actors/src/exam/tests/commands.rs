//! Commands: durable before anything is said, once, in order, and honest about a store in trouble.

use super::*;
use crate::error::AppendError;
use crate::exams::Submit;
use crate::feed::Item;
use crate::testing::plans::operator;
use crate::testing::{Fault, Seen, pass};
use engine::exam::Rejection;
use engine::exam::view::Audience;
use futures_util::FutureExt;

#[test]
fn nothing_is_answered_or_published_before_it_is_durable() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let mut watcher = station.follow(EXAM, Audience::Staff).await;
        watcher.read();
        let hold = station.ports.log.hold();
        let (attempts, before) = (station.ports.log.attempts(), records(&station).len());
        let mut giving = Box::pin(station.give(EXAM, say(&exam, "durable first")));
        assert!(giving.as_mut().now_or_never().is_none());
        station.ports.log.until(|log| log.attempts() > attempts).await;
        pass(1_000).await;
        assert!(giving.as_mut().now_or_never().is_none(), "no ack while the append hangs");
        assert!(watcher.read().is_empty(), "no update while the append hangs");
        assert_eq!(records(&station).len(), before);
        drop(hold);
        let ack = giving.await.expect("an acknowledgement");
        assert_eq!(ack, Ack { seq: before as u64 + 1, dup: false });
        assert_eq!(records(&station).len(), before + 1);
        assert_eq!(watcher.seen(), [Seen::Applied]);
    });
}

#[test]
fn a_command_sent_again_is_applied_once() {
    in_paused_system(async {
        let (mut station, exam) = station().await;
        let cmd = station.cmd();
        let first = station.give_as(EXAM, cmd, say(&exam, "once")).await.expect("an ack");
        let count = records(&station).len();
        for _ in 0..3 {
            let again = station.give_as(EXAM, cmd, say(&exam, "once")).await;
            assert_eq!(again, Ok(Ack { seq: first.seq, dup: true }));
        }
        // Both at the same time: one does it, the other hears of it.
        let cmd = station.cmd();
        let one = station.give_as(EXAM, cmd, say(&exam, "twice at once"));
        let two = station.give_as(EXAM, cmd, say(&exam, "twice at once"));
        let (one, two) = futures_util::future::join(one, two).await;
        let (one, two) = (one.expect("an ack"), two.expect("an ack"));
        assert_eq!((one.seq, two.seq), (first.seq + 1, first.seq + 1));
        assert_ne!(one.dup, two.dup);
        assert_eq!(records(&station).len(), count + 1);
        // The next process knows it as well.
        station.kill();
        station.start().await;
        let again = station.give_as(EXAM, cmd, say(&exam, "twice at once")).await;
        assert_eq!(again, Ok(Ack { seq: first.seq + 1, dup: true }));
    });
}

#[test]
fn a_plan_sent_again_is_acknowledged_and_another_one_is_not() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let (cmd, exams) = (station.cmd(), station.exams());
        let plan = || exams.plan(cmd, operator(), an_exam(42).plan());
        assert_eq!(plan().await, Ok(Ack { seq: 1, dup: false }));
        assert_eq!(plan().await, Ok(Ack { seq: 1, dup: true }));
        assert_eq!(code(&station.plan(&an_exam(42)).await), "exam_exists");
        assert_eq!(records(&station).len(), 1);
        let elsewhere = station.give(WireId(43), say(&an_exam(43), "nobody")).await;
        assert_eq!(code(&elsewhere), "unknown_exam");
        // Written, but nobody heard of it: the same command finds it.
        let cmd = station.cmd();
        station.ports.log.fail_next(Fault::LoseReply);
        let plan = || exams.plan(cmd, operator(), an_exam(43).plan());
        assert_eq!(code(&plan().await), "retry");
        assert_eq!(plan().await, Ok(Ack { seq: 1, dup: true }));
    });
}

#[test]
fn a_command_given_on_an_old_state_is_refused() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let seq = records(&station).len() as u64;
        let give = |if_seq, text: &str| {
            let (issuer, command) = say(&exam, text);
            let cmd = station.cmd();
            let submit = Submit { exam: EXAM, cmd, if_seq: Some(if_seq), issuer, command };
            let exams = station.exams().clone();
            async move { exams.submit(submit).await }
        };
        assert_eq!(give(seq, "a").await.map(|a| a.seq), Ok(seq + 1));
        let stale = give(seq, "b").await;
        assert_eq!(stale, Err(SubmitError::Rejected(Rejection::Stale(seq + 1))));
        assert_eq!(give(seq + 1, "b").await.map(|a| a.seq), Ok(seq + 2));
    });
}

#[test]
fn a_refusal_and_a_command_that_changes_nothing_leave_no_record() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let count = records(&station).len();
        let early = station.give(EXAM, choose(&exam, 1, 1)).await;
        assert_eq!(code(&early), "wrong_phase");
        let twice = station.give(EXAM, (exam.cast().chair(), Command::Arrive {})).await;
        assert_eq!(twice, Ok(Ack { seq: count as u64, dup: false }));
        assert_eq!(records(&station).len(), count);
    });
}

#[test]
fn commands_that_wait_are_carried_out_in_order_and_one_by_one() {
    in_paused_system(async {
        let (station, exam) = in_theory().await;
        let hold = station.ports.log.hold();
        let mut watcher = station.follow(EXAM, Audience::Staff).await;
        let texts: Vec<String> = (0..8).map(|n| format!("comment {n}")).collect();
        let giving = texts.iter().map(|text| station.give(EXAM, say(&exam, text)));
        let mut giving = Box::pin(futures_util::future::join_all(giving));
        let attempts = station.ports.log.attempts();
        assert!(giving.as_mut().now_or_never().is_none());
        pass(3_000).await;
        assert_eq!(station.ports.log.attempts(), attempts + 1, "one append at a time");
        drop(hold);
        let acks: Vec<u64> = giving.await.into_iter().map(|ack| ack.expect("an ack").seq).collect();
        assert!(acks.is_sorted_by(|a, b| a < b), "{acks:?}");
        let said: Vec<String> = records(&station)
            .iter()
            .filter(|r| r.kind == "comment_added")
            .map(|r| r.d["text"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(said, texts);
        assert!(watcher.seen().iter().all(|seen| !seen.asks_anew()));
    });
}

#[test]
fn an_unknown_outcome_is_looked_up_and_the_command_sent_again_is_acknowledged_once() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let mut watcher = station.follow(EXAM, Audience::Staff).await;
        let started = station.system().picture().exams.num_started;
        let faults = [
            (Fault::LoseReply, true),
            (Fault::Refuse(AppendError::Unknown), false),
            (Fault::Panic, false),
            (Fault::Refuse(AppendError::Fenced), false),
            (Fault::Refuse(AppendError::Conflict), false),
        ];
        for (n, (fault, written)) in faults.into_iter().enumerate() {
            let before = records(&station).len();
            station.ports.log.fail_next(fault.clone());
            let (cmd, text) = (station.cmd(), format!("comment {n}"));
            let first = station.give_as(EXAM, cmd, say(&exam, &text)).await;
            assert_eq!(code(&first), "retry", "{fault:?}");
            assert!(first.is_err_and(|e| e.temporary()));
            let again = station.give_as(EXAM, cmd, say(&exam, &text)).await;
            let expected = Ack { seq: before as u64 + 1, dup: written };
            assert_eq!(again, Ok(expected), "{fault:?}");
            assert_eq!(records(&station).len(), before + 1, "{fault:?}");
        }
        // In place: no incarnation was lost, and whoever follows was given the state again.
        assert_eq!(station.system().picture().exams.num_started, started);
        let seen = watcher.seen();
        assert!(seen.contains(&Seen::Fresh) && !seen.iter().any(|s| s.asks_anew()), "{seen:?}");
        let truth = station.exams().snapshot(EXAM, Audience::Staff).await.expect("a snapshot");
        assert_eq!(watcher.replica.state.as_ref(), Some(&truth.state));
    });
}

#[test]
fn an_append_that_hangs_ends_in_an_unknown_outcome() {
    in_paused_system(async {
        let (station, exam) = station().await;
        station.ports.log.fail_next(Fault::Hang);
        let cmd = station.cmd();
        let first = station.give_as(EXAM, cmd, say(&exam, "slow")).await;
        assert_eq!(code(&first), "retry");
        let count = records(&station).len() as u64;
        let mut again = station.give_as(EXAM, cmd, say(&exam, "slow")).await;
        while code(&again) == "retry" {
            again = station.give_as(EXAM, cmd, say(&exam, "slow")).await;
        }
        assert_eq!(again, Ok(Ack { seq: count + 1, dup: false }));
    });
}

#[test]
fn a_store_in_trouble_is_named_and_nothing_is_lost() {
    in_paused_system(async {
        let (station, exam) = in_theory().await;
        ok(&station, choose(&exam, 1, 1)).await;
        for outage in [
            AppendError::Full,
            AppendError::ReadOnly,
            AppendError::Unavailable("the database does not answer".into()),
        ] {
            let (hash, count) = (state_hash(&station).await, records(&station).len());
            station.ports.log.set_outage(Some(outage.clone()));
            let cmd = station.cmd();
            let refused = station.give_as(EXAM, cmd, choose(&exam, 2, 1)).await;
            assert_eq!(code(&refused), "unavailable", "{outage}");
            assert!(refused.as_ref().is_err_and(SubmitError::temporary));
            assert_eq!(state_hash(&station).await, hash, "reads still answer, unchanged");
            assert!(station.board().alerts().iter().any(|a| a.kind == "journal"), "{outage}");
            station.ports.log.set_outage(None);
            pass(station.ports.limits.journal_probe_ms * 2).await;
            assert!(station.board().alerts().is_empty(), "the alert ends with the trouble");
            let again = station.give_as(EXAM, cmd, say(&exam, &outage.to_string())).await;
            assert!(again.is_ok_and(|ack| !ack.dup));
            assert_eq!(records(&station).len(), count + 1);
        }
    });
}

#[test]
fn a_person_who_follows_is_named_to_all_but_the_candidate() {
    in_paused_system(async {
        let (station, exam) = station().await;
        let expert = Audience::Expert(exam.cast().panel[1]);
        let mut staff = station.follow(EXAM, Audience::Staff).await;
        let mut candidate = station.follow(EXAM, Audience::Candidate).await;
        let tablet = station.follow(EXAM, expert).await;
        let last = staff.read().into_iter().rev().find_map(|item| match item {
            Item::Presence { members, observers, .. } => Some((members, observers)),
            _ => None,
        });
        let (members, observers) = last.expect("presence");
        assert_eq!((members.len(), observers), (2, 1));
        station.exams().unsubscribe(EXAM, tablet.conn);
        pass(1).await;
        let left = staff.read().into_iter().find_map(|item| match item {
            Item::Presence { members, .. } => Some(members.len()),
            _ => None,
        });
        assert_eq!(left, Some(1));
        assert!(!candidate.read().iter().any(|i| matches!(i, Item::Presence { .. })));
    });
}
