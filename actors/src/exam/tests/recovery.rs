//! Reading an exam back: all of it or a named reason, and never a guess.

use super::*;
use crate::error::LogError;
use crate::settings::Limits;
use crate::testing::pass;
use engine::exam::view::Audience;

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        let mut acked = Vec::new();
        for round in 0..6_u64 {
            for n in 0..4 {
                let cmd = station.cmd();
                let text = format!("round {round}, comment {n}");
                let ack = station.give_as(EXAM, cmd, say(&exam, &text)).await.expect("an ack");
                acked.push((cmd, ack.seq));
            }
            // One more is under way when the process dies.
            let cmd = station.cmd();
            let mut giving = Box::pin(station.give_as(EXAM, cmd, choose(&exam, 1, round % 2 + 1)));
            let answered = futures_util::FutureExt::now_or_never(giving.as_mut());
            drop(giving);
            assert!(answered.is_none());
            let hash = state_hash(&station).await;
            station.kill();
            pass(100).await;
            station.start().await;
            let after = state_hash(&station).await;
            let written = records(&station).iter().any(|r| r.cmd == Some(cmd));
            assert!(after == hash || written, "only what is in the log may differ");
        }
        let records = records(&station);
        for (cmd, seq) in acked {
            let found: Vec<u64> =
                records.iter().filter(|r| r.cmd == Some(cmd)).map(|r| r.seq).collect();
            assert_eq!(found, [seq]);
        }
    });
}

#[test]
fn a_long_history_is_read_in_pages() {
    in_paused_system(async {
        let limits = Limits { read_events_max: 3, heartbeat_ms: 20_000, ..Limits::default() };
        let mut station = Station::with_limits(1, limits).await;
        let exam = an_exam(42);
        station.ready(&exam).await;
        for n in 0..8 {
            ok(&station, say(&exam, &format!("comment {n}"))).await;
            let hash = state_hash(&station).await;
            station.kill();
            station.start().await;
            assert_eq!(state_hash(&station).await, hash);
        }
        let all = station.exams().records(EXAM).await.expect("records");
        assert_eq!(all, records(&station));
    });
}

#[test]
fn a_log_that_does_not_answer_is_waited_for() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        let hash = state_hash(&station).await;
        station.kill();
        station.ports.log.set_read_outage(Some(LogError::Unavailable("locked".into())));
        station.start().await;
        let answer = station.give(EXAM, say(&exam, "too early")).await;
        assert!(answer.as_ref().is_err_and(SubmitError::temporary), "{answer:?}");
        let answer = station.exams().snapshot(EXAM, Audience::Staff).await;
        assert!(answer.is_err_and(|e| e.temporary()));
        station.ports.log.set_read_outage(None);
        pass(2_000).await;
        assert_eq!(state_hash(&station).await, hash);
        assert_eq!(code(&station.give(EXAM, say(&exam, "in time")).await), "ok");
        assert_eq!(station.system().picture().exams.num_restarts, 0);
    });
}

#[test]
fn a_log_that_does_not_answer_after_an_unknown_outcome_costs_patience_only() {
    in_paused_system(async {
        let (station, exam) = in_theory().await;
        let cmd = station.cmd();
        station.ports.log.fail_next(crate::testing::Fault::LoseReply);
        station.ports.log.set_read_outage(Some(LogError::Unavailable("locked".into())));
        let first = station.give_as(EXAM, cmd, say(&exam, "written")).await;
        assert_eq!(code(&first), "retry");
        let second = station.give_as(EXAM, cmd, say(&exam, "written")).await;
        assert_eq!(code(&second), "unavailable");
        station.ports.log.set_read_outage(None);
        pass(2_000).await;
        let third = station.give_as(EXAM, cmd, say(&exam, "written")).await;
        assert!(third.is_ok_and(|ack| ack.dup));
    });
}

#[test]
fn what_another_process_wrote_is_found_and_this_one_writes_no_more() {
    in_paused_system(async {
        let (station, exam) = in_theory().await;
        let count = records(&station).len();
        station.ports.log.set_fence(crate::ports::Fence(2));
        let cmd = station.cmd();
        for _ in 0..3 {
            let answer = station.give_as(EXAM, cmd, say(&exam, "fenced off")).await;
            assert_eq!(code(&answer), "retry");
        }
        assert_eq!(records(&station).len(), count);
    });
}

#[test]
fn a_drained_process_refuses_and_has_written_what_waited() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        let exams = station.exams().clone();
        let count = records(&station).len();
        ok(&station, say(&exam, "the last")).await;
        assert!(station.stop().await);
        let (issuer, command) = say(&exam, "too late");
        let submit =
            crate::exams::Submit { exam: EXAM, cmd: station.cmd(), if_seq: None, issuer, command };
        let answer = exams.submit(submit).await;
        assert!(answer.as_ref().is_err_and(SubmitError::temporary), "{answer:?}");
        assert_eq!(records(&station).len(), count + 1);
        station.start().await;
        assert_eq!(phase(&station).await, Phase::TheoryRunning);
    });
}
