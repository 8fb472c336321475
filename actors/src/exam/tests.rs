//! One exam's actor on ports in memory and paused time.

mod commands;
mod live;
mod panics;
mod recovery;
mod rest;
mod time;

use crate::exams::{Ack, SubmitError};
use crate::testing::plans::{AnExam, an_exam, answer, comment};
use crate::testing::{Station, in_paused_system};
use engine::exam::{Command, Issuer, Phase};
use engine::{Hash, Record, WireId, chain};

/// The exam of most tests.
const EXAM: WireId = WireId(42);

/// A station with exam 42, ready to begin.
async fn station() -> (Station, AnExam) {
    let station = Station::new(1).await;
    let exam = an_exam(42);
    station.ready(&exam).await;
    (station, exam)
}

/// As [`station`], with the theory test running.
async fn in_theory() -> (Station, AnExam) {
    let (station, exam) = station().await;
    ok(&station, (exam.cast().chair(), Command::StartTheory {})).await;
    (station, exam)
}

/// Gives a command that must be acknowledged.
async fn ok(station: &Station, step: (Issuer, Command)) -> Ack {
    station.give(EXAM, step).await.expect("an acknowledgement")
}

/// The fresh records of exam 42, which must be a sound chain.
fn records(station: &Station) -> Vec<Record> {
    let records = station.ports.log.records(station.stream(EXAM));
    chain::verify(&records).expect("a sound chain");
    records
}

async fn phase(station: &Station) -> Phase {
    station.exams().inspect(EXAM, |exam, _| exam.phase).await.expect("an answer")
}

async fn state_hash(station: &Station) -> Hash {
    station.exams().inspect(EXAM, |exam, _| exam.state_hash()).await.expect("an answer")
}

/// A comment of the chair.
fn say(exam: &AnExam, text: &str) -> (Issuer, Command) {
    (exam.cast().chair(), comment(text))
}

/// The candidate's answer.
fn choose(exam: &AnExam, question: u64, variant: u64) -> (Issuer, Command) {
    (exam.cast().candidate(), answer(question, variant))
}

fn code(answer: &Result<Ack, SubmitError>) -> &'static str {
    answer.as_ref().err().map_or("ok", SubmitError::code)
}
