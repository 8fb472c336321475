//! The one timer of an exam, and time that outages of the station took.

use super::*;
use crate::error::AppendError;
use crate::ports::Clock;
use crate::testing::plans::THEORY_MINUTES;
use crate::testing::{Fault, pass};
use engine::ledger::{Effect, Stage};
use engine::{Moment, Span};

const THEORY_MS: u64 = THEORY_MINUTES as u64 * 60_000;

async fn remaining(station: &Station) -> Span {
    let now = station.ports.clock.now();
    let look =
        station.exams().inspect(EXAM, move |exam, _| exam.ledger.remaining(Stage::Theory, now));
    look.await.expect("an answer")
}

/// Outages that the ledger gave back, in order.
async fn outages(station: &Station) -> Vec<Span> {
    let look = station.exams().inspect(EXAM, |exam, _| {
        let lost = exam.ledger.entries().iter().filter_map(|entry| match entry.effect {
            Effect::Outage { lost } => Some(lost),
            Effect::Grant { .. } | Effect::Multiply { .. } => None,
        });
        lost.collect()
    });
    look.await.expect("an answer")
}

fn ended_at(station: &Station) -> Option<Moment> {
    records(station).iter().find(|r| r.kind == "theory_ended").map(|r| r.at)
}

#[test]
fn theory_ends_by_time_and_not_a_moment_earlier() {
    in_paused_system(async {
        let (station, _) = in_theory().await;
        let deadline = station.ports.clock.now() + Span(THEORY_MS as i64);
        pass(THEORY_MS - 10).await;
        assert_eq!(phase(&station).await, Phase::TheoryRunning);
        pass(20).await;
        assert_eq!(phase(&station).await, Phase::FailedTheory);
        let late = ended_at(&station).expect("an end") - deadline;
        assert!(late >= Span::ZERO && late <= Span(20), "{late:?}");
        let end = records(&station).into_iter().find(|r| r.kind == "theory_ended").expect("it");
        assert_eq!(end.d["by_time"], true);
    });
}

#[test]
fn a_grant_moves_the_deadline_and_a_suspension_stops_it() {
    in_paused_system(async {
        let (station, exam) = in_theory().await;
        let chair = exam.cast().chair();
        pass(THEORY_MS - 60_000).await;
        let grant = Command::GrantTime { minutes: 5, reason: "шум".into() };
        ok(&station, (chair.clone(), grant)).await;
        pass(120_000).await;
        assert_eq!(phase(&station).await, Phase::TheoryRunning, "the old deadline has passed");
        ok(&station, (chair.clone(), Command::Suspend { reason: "тревога".into() })).await;
        pass(1_200_000).await;
        assert_eq!(phase(&station).await, Phase::Suspended);
        ok(&station, (chair, Command::Resume {})).await;
        assert_eq!(remaining(&station).await, Span::minutes(4));
        pass(239_000).await;
        assert_eq!(phase(&station).await, Phase::TheoryRunning);
        pass(2_000).await;
        assert_eq!(phase(&station).await, Phase::FailedTheory);
    });
}

#[test]
fn a_deadline_that_cannot_be_journalled_is_tried_until_it_can() {
    in_paused_system(async {
        let (station, _) = in_theory().await;
        pass(THEORY_MS - 1_000).await;
        station.ports.log.set_outage(Some(AppendError::Full));
        pass(30_000).await;
        assert_eq!(phase(&station).await, Phase::TheoryRunning);
        station.ports.log.set_outage(None);
        pass(3_000).await;
        assert_eq!(phase(&station).await, Phase::FailedTheory);
        assert_eq!(records(&station).iter().filter(|r| r.kind == "theory_ended").count(), 1);
    });
}

#[test]
fn a_deadline_whose_outcome_is_unknown_is_kept_once_and_without_haste() {
    in_paused_system(async {
        let (station, _) = in_theory().await;
        pass(THEORY_MS - 1_000).await;
        // Unknown for a minute: a retry every second or so, not as fast as the machine can.
        station.ports.log.set_outage(Some(AppendError::Unknown));
        let attempts = station.ports.log.attempts();
        pass(61_000).await;
        let tried = station.ports.log.attempts() - attempts;
        assert!((20..=65).contains(&tried), "{tried} attempts in a minute");
        station.ports.log.set_outage(None);
        station.ports.log.fail_next(Fault::LoseReply);
        pass(5_000).await;
        assert_eq!(phase(&station).await, Phase::FailedTheory);
        assert_eq!(records(&station).iter().filter(|r| r.kind == "theory_ended").count(), 1);
    });
}

#[test]
fn a_wall_clock_that_is_set_back_does_not_lose_the_deadline() {
    in_paused_system(async {
        let (station, _) = in_theory().await;
        pass(60_000).await;
        station.ports.clock.jump(Span::minutes(-5));
        pass(THEORY_MS - 60_000 + 1_000).await;
        assert_eq!(phase(&station).await, Phase::TheoryRunning, "by the clock it is early");
        pass(300_000).await;
        assert_eq!(phase(&station).await, Phase::FailedTheory);
    });
}

#[test]
fn deadlines_are_kept_after_a_restart_without_anybody_asking() {
    in_paused_system(async {
        let (mut station, _) = in_theory().await;
        pass(60_000).await;
        station.kill();
        station.start().await;
        pass(THEORY_MS - 60_000 - 1_000).await;
        assert_eq!(ended_at(&station), None);
        pass(2_000).await;
        assert!(ended_at(&station).is_some());
    });
}

#[test]
fn an_outage_of_the_station_is_given_back_exactly_once() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        pass(120_000).await;
        let before = remaining(&station).await;
        station.kill();
        pass(1_200_000).await;
        station.start().await;
        assert_eq!(outages(&station).await, [Span::minutes(20)]);
        assert_eq!(remaining(&station).await, before);
        // A panic restarts the actor, not the station.
        station.faults.panic_in_decide(EXAM, 1);
        assert_eq!(code(&station.give(EXAM, choose(&exam, 1, 1)).await), "ok");
        assert_eq!(outages(&station).await.len(), 1);
        // Another outage is another entry; a restart that nobody noticed is none.
        let between = remaining(&station).await;
        station.kill();
        pass(30_000).await;
        station.start().await;
        assert_eq!(outages(&station).await, [Span::minutes(20), Span::secs(30)]);
        assert!(remaining(&station).await >= between);
        station.kill();
        pass(500).await;
        station.start().await;
        assert_eq!(outages(&station).await.len(), 2);
    });
}

#[test]
fn an_outage_beyond_the_deadline_does_not_end_the_test() {
    in_paused_system(async {
        let (mut station, exam) = in_theory().await;
        pass(60_000).await;
        station.kill();
        pass(THEORY_MS * 3).await;
        station.start().await;
        // The first command of the candidate is not too late, whatever the wall clock says.
        assert_eq!(code(&station.give(EXAM, choose(&exam, 1, 1)).await), "ok");
        assert_eq!(phase(&station).await, Phase::TheoryRunning);
    });
}

#[test]
fn an_outage_is_given_back_even_if_the_store_refuses_at_first() {
    in_paused_system(async {
        for fault in [
            Fault::Refuse(AppendError::Full),
            Fault::LoseReply,
            Fault::Refuse(AppendError::Unknown),
        ] {
            let (mut station, exam) = in_theory().await;
            pass(60_000).await;
            station.kill();
            pass(THEORY_MS * 3).await;
            station.ports.log.fail_next(fault.clone());
            station.start().await;
            // Somebody is quicker than the second try; that does not make the outage shorter.
            let text = format!("{fault:?}");
            assert_eq!(code(&station.give(EXAM, say(&exam, &text)).await), "ok");
            pass(5_000).await;
            assert_eq!(phase(&station).await, Phase::TheoryRunning, "{fault:?}");
            let lost = Span(i64::try_from(THEORY_MS * 3).expect("it fits"));
            assert_eq!(outages(&station).await, [lost], "{fault:?}");
        }
    });
}

#[test]
fn a_clock_that_stands_is_not_credited() {
    in_paused_system(async {
        let (mut station, _) = station().await;
        station.kill();
        pass(1_200_000).await;
        station.start().await;
        assert!(outages(&station).await.is_empty(), "nothing ran");
    });
}
