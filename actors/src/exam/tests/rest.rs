//! After the end: an exam leaves memory, stays readable, and stays on the day's board.

use super::*;
use crate::board::PAST_SHOWN;
use crate::testing::pass;
use engine::exam::view::Audience;

/// Longer than an ended exam stays in memory, with time for an audience to be forgotten.
const LONG_MS: u64 = 200_000;

async fn ended() -> (Station, AnExam) {
    let (station, exam) = station().await;
    let chair = exam.cast().chair();
    ok(&station, (chair, Command::RecordNoShow { reason: "звонили, не ответил".into() })).await;
    (station, exam)
}

fn children(station: &Station) -> usize {
    station.system().picture().exams.children
}

fn shown(station: &Station) -> Vec<(WireId, Phase)> {
    station.board().rows().into_iter().map(|row| (row.exam, row.phase)).collect()
}

#[test]
fn an_ended_exam_leaves_memory_and_can_still_be_read() {
    in_paused_system(async {
        let (station, _) = ended().await;
        let hash = state_hash(&station).await;
        assert_eq!(children(&station), 1);
        pass(LONG_MS).await;
        assert_eq!(children(&station), 0);
        assert_eq!(state_hash(&station).await, hash);
    });
}

#[test]
fn an_ended_exam_stays_while_somebody_follows_it() {
    in_paused_system(async {
        let (station, _) = ended().await;
        let follower = station.follow(EXAM, Audience::Staff).await;
        pass(LONG_MS).await;
        assert_eq!(children(&station), 1);
        station.exams().unsubscribe(EXAM, follower.conn);
        pass(2 * LONG_MS).await;
        assert_eq!(children(&station), 0);
    });
}

#[test]
fn a_running_exam_is_never_put_to_rest() {
    in_paused_system(async {
        let (station, _) = in_theory().await;
        pass(LONG_MS).await;
        assert_eq!(children(&station), 1);
    });
}

#[test]
fn the_days_ended_exams_are_on_the_board_after_a_restart_and_older_ones_are_not() {
    in_paused_system(async {
        let (mut station, _) = ended().await;
        let before = shown(&station);
        assert_eq!(before, [(EXAM, Phase::NoShow)]);
        station.kill();
        station.start().await;
        assert_eq!(shown(&station), before);

        station.kill();
        let days = u64::try_from(PAST_SHOWN.0).expect("a length") * 2;
        pass(days).await;
        station.start().await;
        assert_eq!(shown(&station), []);
    });
}

#[test]
fn the_board_forgets_an_exam_that_ended_long_ago() {
    in_paused_system(async {
        let (station, _) = ended().await;
        let running = an_exam(43);
        station.plan(&running).await.expect("a plan");
        pass(u64::try_from(PAST_SHOWN.0).expect("a length") * 2).await;
        assert_eq!(shown(&station), [(WireId(43), Phase::Planned)]);
        let state = station.board().snapshot().state;
        let rows = state["rows"].as_object().expect("rows").keys().cloned().collect::<Vec<_>>();
        assert_eq!(rows, ["43"]);
    });
}
