//! The loop that lets the simulated people act. It keeps nothing that matters: each time it looks
//! at an exam it asks what somebody would do now, and does that. So a restart changes nothing.

use super::day::Day;
use super::moves::{Facts, Move, due};
use super::seats::Seats;
use crate::app::App;
use actors::exams::{Submit, SubmitError};
use engine::WireId;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often everybody looks around, ms of life.
const LOOK_MS: u64 = 1_000;
/// Steps that one exam makes in one look at most.
const STEPS_MAX: usize = 4;
/// The list of exams is renewed every so many looks.
const LIST_EVERY: u64 = 10;

/// Sets everybody going.
pub(super) fn start(app: App, day: Day) -> JoinHandle<()> {
    tokio::spawn(async move {
        let look = Duration::from_millis(day.pace.ms(LOOK_MS).max(50));
        let mut ticks = interval(look);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut exams = Vec::new();
        let mut seats = Seats::default();
        let mut looks: u64 = 0;
        loop {
            ticks.tick().await;
            if looks.is_multiple_of(LIST_EVERY) {
                match day.ensure(&app).await {
                    Ok(numbers) => {
                        seats.keep(&numbers);
                        exams = numbers;
                    }
                    Err(trouble) => tracing::warn!(%trouble, "demo round not planned"),
                }
            }
            looks += 1;
            for exam in &exams {
                let candidate_here = seats.taken(&app, *exam).await;
                act(&app, &day, *exam, candidate_here).await;
            }
        }
    })
}

/// Lets one exam's people do what is due.
async fn act(app: &App, day: &Day, exam: WireId, candidate_here: bool) {
    for _ in 0..STEPS_MAX {
        let (day, now) = (day.clone(), app.clock.now());
        let next = app
            .exams
            .inspect(exam, move |exam, _| due(exam, &Facts { day: &day, now, candidate_here }))
            .await;
        match next {
            Ok(Some(next)) => {
                if !submit(app, exam, next).await {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%exam, %error, "demo exam not looked at");
                return;
            }
        }
    }
}

async fn submit(app: &App, exam: WireId, next: Move) -> bool {
    let cmd = app.ids.command_id();
    let submit = Submit { exam, cmd, if_seq: None, issuer: next.issuer, command: next.command };
    match app.exams.submit(submit).await {
        Ok(_) => true,
        // A person was faster: look again at the next tick.
        Err(SubmitError::Rejected(reason)) => {
            tracing::debug!(%exam, %reason, "demo step refused");
            false
        }
        Err(error) => {
            tracing::debug!(%exam, %error, "demo step not taken");
            false
        }
    }
}
