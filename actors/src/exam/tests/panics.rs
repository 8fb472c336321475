//! Panics: one exam falls, stands up with its state, or is set aside; nobody else notices.

use super::*;
use crate::feed::Item;
use crate::testing::{Seen, pass};
use engine::exam::view::Audience;

#[test]
fn an_actor_that_panics_comes_back_with_its_state() {
    in_paused_system(async {
        let (station, exam) = in_theory().await;
        ok(&station, choose(&exam, 1, 1)).await;
        let hash = state_hash(&station).await;
        let mut watcher = station.follow(EXAM, Audience::Staff).await;
        watcher.read();
        station.faults.panic_in_decide(EXAM, 1);
        let cmd = station.cmd();
        let mut giving = Box::pin(station.give_as(EXAM, cmd, choose(&exam, 2, 1)));
        assert!(futures_util::FutureExt::now_or_never(giving.as_mut()).is_none());
        pass(50).await;
        // Down for a moment: followers are told, and come back to the next incarnation.
        assert_eq!(watcher.seen(), [Seen::Lagged]);
        watcher.subscribe(&station).await;
        watcher.read();
        assert!(watcher.replica.state.is_some());
        let ack = giving.await.expect("carried out by the next incarnation");
        assert!(!ack.dup);
        let counters = station.system().picture().exams;
        assert_eq!((counters.num_panics, counters.num_restarts), (1, 1));
        assert_ne!(state_hash(&station).await, hash, "the command was carried out");
        let folded = records(&station).iter().filter(|r| r.cmd == Some(cmd)).count();
        assert_eq!(folded, 1);
        watcher.read();
        let truth = station.exams().snapshot(EXAM, Audience::Staff).await.expect("a snapshot");
        assert_eq!(watcher.replica.state, Some(truth.state));
    });
}

#[test]
fn a_panic_loses_nothing_and_replay_gives_the_same_state_to_the_byte() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        for q in 1..=4 {
            ok(&station, choose(&exam, q, 1 + q % 2)).await;
        }
        let hash = state_hash(&station).await;
        let refused = (exam.cast().candidate(), Command::StartTheory {});
        station.faults.panic_in_decide(EXAM, 1);
        assert_eq!(code(&station.give(EXAM, refused).await), "not_allowed");
        assert_eq!(station.system().picture().exams.num_panics, 1);
        assert_eq!(state_hash(&station).await, hash);
        station.kill();
        station.start().await;
        assert_eq!(state_hash(&station).await, hash);
        assert!(station.stop().await, "drained");
        station.start().await;
        assert_eq!(state_hash(&station).await, hash);
    });
}

#[test]
fn a_command_that_panics_twice_is_refused_for_good_and_no_other_is_blamed() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        let poison = station.cmd();
        station.faults.panic_on(poison);
        let bad = station.give_as(EXAM, poison, say(&exam, "poison"));
        let texts: Vec<String> = (0..5).map(|n| format!("innocent {n}")).collect();
        let innocent = texts.iter().map(|text| station.give(EXAM, say(&exam, text)));
        let innocent = futures_util::future::join_all(innocent);
        let (bad, innocent) = futures_util::future::join(bad, innocent).await;
        assert_eq!(code(&bad), "poisoned");
        assert!(bad.is_err_and(|e| !e.temporary()));
        for answer in innocent {
            assert_eq!(code(&answer), "ok");
        }
        let panics = |station: &Station| station.system().picture().exams.num_panics;
        assert_eq!(panics(&station), 2);
        assert!(station.board().alerts().iter().any(|a| a.kind == "poisoned"));
        // Sent again it does no more harm.
        for _ in 0..5 {
            let again = station.give_as(EXAM, poison, say(&exam, "poison")).await;
            assert_eq!(code(&again), "poisoned");
        }
        assert_eq!(panics(&station), 2, "it was not tried again");
        assert_eq!(code(&station.give(EXAM, say(&exam, "life goes on")).await), "ok");
        assert!(records(&station).iter().all(|r| r.cmd != Some(poison)));
        // The next process finds out at its first attempt: the count is durable.
        station.kill();
        station.start().await;
        let again = station.give_as(EXAM, poison, say(&exam, "poison")).await;
        assert_eq!(code(&again), "poisoned");
        assert_eq!(panics(&station), 1);
    });
}

#[test]
fn an_exam_that_fails_too_often_can_be_read_and_no_longer_written() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        let other = an_exam(43);
        station.ready(&other).await;
        let hash = state_hash(&station).await;
        let mut watcher = station.follow(EXAM, Audience::Staff).await;
        watcher.read();
        station.faults.panic_in_decide(EXAM, u32::MAX);
        let mut answer = station.give(EXAM, choose(&exam, 1, 1)).await;
        while code(&answer) == "retry" {
            answer = station.give(EXAM, choose(&exam, 1, 1)).await;
        }
        assert!(["quarantined", "poisoned"].contains(&code(&answer)), "{answer:?}");
        let answer = station.give(EXAM, choose(&exam, 2, 1)).await;
        while station.system().picture().exams.quarantined == 0 {
            let _ = station.give(EXAM, choose(&exam, 2, 1)).await;
        }
        drop(answer);
        assert_eq!(code(&station.give(EXAM, choose(&exam, 3, 1)).await), "quarantined");
        // Reads answer, and whoever follows sees the state as it is.
        assert_eq!(state_hash(&station).await, hash);
        assert!(watcher.seen().contains(&Seen::Lagged));
        watcher.subscribe(&station).await;
        assert_eq!(watcher.seen().first(), Some(&Seen::Aside));
        assert!(watcher.replica.state.is_some());
        // The operator is told, the others are not touched.
        pass(1).await;
        let alerts = station.board().alerts();
        assert!(alerts.iter().any(|a| a.kind == "quarantined" && a.exam == Some(EXAM)));
        let elsewhere = (other.cast().chair(), comment("untouched"));
        assert_eq!(code(&station.give(WireId(43), elsewhere.clone()).await), "ok");
        // A restart of the process changes none of that.
        station.kill();
        station.start().await;
        assert_eq!(code(&station.give(EXAM, choose(&exam, 3, 1)).await), "quarantined");
        assert_eq!(state_hash(&station).await, hash);
        assert!(station.board().alerts().iter().any(|a| a.kind == "quarantined"));
        // The operator releases it, and it goes on where it stood.
        station.faults.panic_in_decide(EXAM, 0);
        let mut watcher = station.follow(EXAM, Audience::Staff).await;
        watcher.read();
        assert_eq!(station.exams().release(EXAM).await, Ok(true));
        assert_eq!(code(&station.give(EXAM, choose(&exam, 3, 1)).await), "ok");
        assert!(station.board().alerts().is_empty());
        assert_eq!(station.exams().release(EXAM).await, Ok(false));
        let seen = watcher.seen();
        assert!(seen.iter().any(|s| matches!(s, Seen::Lagged | Seen::Applied)), "{seen:?}");
    });
}

#[test]
fn a_release_in_the_same_process_lets_the_exam_go_on() {
    in_paused_system(async {
        let (station, exam) = in_theory().await;
        station.faults.panic_in_decide(EXAM, 4);
        while station.system().picture().exams.quarantined == 0 {
            let _ = station.give(EXAM, choose(&exam, 2, 1)).await;
        }
        let mut watcher = station.follow(EXAM, Audience::Staff).await;
        watcher.read();
        pass(10).await;
        assert_eq!(code(&station.give(EXAM, choose(&exam, 1, 1)).await), "quarantined");
        assert_eq!(station.exams().release(EXAM).await, Ok(true));
        assert!(watcher.seen().contains(&Seen::Lagged), "the read-only actor made room");
        assert_eq!(code(&station.give(EXAM, choose(&exam, 1, 1)).await), "ok");
    });
}

#[test]
fn an_event_that_cannot_be_replayed_freezes_the_exam_before_it() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        ok(&station, choose(&exam, 1, 1)).await;
        let before = state_hash(&station).await;
        let poison = ok(&station, choose(&exam, 2, 1)).await.seq;
        ok(&station, choose(&exam, 3, 1)).await;
        let count = records(&station).len();
        station.faults.panic_in_replay(EXAM, poison);
        station.kill();
        station.start().await;
        let head = station.exams().inspect(EXAM, |_, head| head.seq).await;
        assert_eq!(head, Ok(poison - 1), "readable up to the event before");
        assert_eq!(state_hash(&station).await, before);
        assert_eq!(code(&station.give(EXAM, choose(&exam, 3, 1)).await), "quarantined");
        assert!(station.board().alerts().iter().any(|a| a.kind == "quarantined"));
        assert_eq!(records(&station).len(), count, "nothing was skipped or deleted");
        assert_eq!(station.system().picture().exams.num_panics, 0, "it does not fall over it");
        // Its deadline does not write either.
        pass(u64::from(crate::testing::plans::THEORY_MINUTES) * 70_000).await;
        assert_eq!(records(&station).len(), count);
        // Another build reads it: released, it is whole again.
        station.faults.forgive_replays();
        assert_eq!(station.exams().release(EXAM).await, Ok(true));
        let head = station.exams().inspect(EXAM, |_, head| head.seq).await;
        assert!(head.is_ok_and(|seq| seq >= count as u64));
    });
}

#[test]
fn many_other_exams_do_not_notice_a_panic() {
    in_paused_system(async {
        let station = Station::new(1).await;
        let exams: Vec<AnExam> = (100..130).map(an_exam).collect();
        for exam in &exams {
            station.ready(exam).await;
        }
        let hit = exams[7].cast().exam;
        station.faults.panic_in_decide(hit, 1);
        let giving = exams.iter().map(|exam| {
            let step = (exam.cast().chair(), comment("under load"));
            station.give(exam.cast().exam, step)
        });
        let answers = futures_util::future::join_all(giving).await;
        for (exam, answer) in exams.iter().zip(&answers) {
            assert_eq!(code(answer), "ok", "{exam:?}");
        }
        let counters = station.system().picture().exams;
        assert_eq!((counters.num_panics, counters.children), (1, 30));
        let mut lagging = station.follow(hit, Audience::Staff).await;
        assert!(lagging.read().iter().any(|i| matches!(i, Item::Snapshot(_))));
    });
}
