//! Memory of a live exam and of an idle socket, from the growth of the process.

use super::restart::all_answer;
use super::{Context, Outcome, float, progress, seed};
use crate::audience::Audience;
use crate::day::{Day, Exam};
use crate::report::{Figure, Target};
use crate::station::Station;
use std::io;
use tokio::task::JoinSet;

const NAME: &str = "memory";
/// Bytes that a live exam may take.
const EXAM_KIB_MAX: f64 = 64.0;
/// Bytes that an idle socket may take.
const SOCKET_KIB_MAX: f64 = 20.0;
/// Idle sockets.
const SOCKETS: usize = 2_000;
/// Sockets before the first reading, so that what is made once is not counted.
const WARM_UP: usize = 100;
/// Exams that take answers.
const BUSY_EXAMS: u64 = 100;
/// Exams that take answers before the first reading.
const WARM_UP_EXAMS: u64 = 250;
/// Answers that each takes.
const ANSWERS: u64 = 200;
/// Sockets that send them.
const SENDERS: usize = 4;

/// Measures.
///
/// # Errors
/// When the station does not start or refuses.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let seeded = seed::directory(context).await?;
    progress(NAME, "live exams after a restart");
    let (empty, day) = context.fresh_station("memory").await?;
    let nothing = empty.running.rss_bytes()?;
    let signing_in = Station::restart(&context.prepared, &seeded.data).await?;
    let full_day = Day::begin(signing_in.address).await?;
    signing_in.stop().await?;
    let full = Station::restart(&context.prepared, &seeded.data).await?;
    all_answer(full.address, full_day.token("observer"), seeded.exams).await?;
    let restarted = kib(full.running.rss_bytes()?, nothing, seeded.exams);
    full.stop().await?;
    progress(NAME, "idle sockets");
    let (socket, count) = idle_sockets(context, &empty, &day).await?;
    progress(NAME, "exams that take answers");
    let busy = busy_exams(context, &empty, &day).await?;
    empty.stop().await?;
    let figure = |what: String, value, most| {
        Figure::new(NAME, what, value, "KiB").target(Target::ValueMax(most))
    };
    Ok(vec![
        figure(format!("a live exam, {} after a restart", seeded.exams), restarted, EXAM_KIB_MAX),
        figure(format!("a live exam, {BUSY_EXAMS} with {ANSWERS} answers"), busy, EXAM_KIB_MAX),
        figure(format!("an idle socket, {count} that follow an exam"), socket, SOCKET_KIB_MAX),
    ])
}

fn kib(after: u64, before: u64, count: u64) -> f64 {
    float(after.saturating_sub(before)) / float(count) / 1024.0
}

/// Sockets of observers who follow one exam in which nothing happens.
async fn idle_sockets(context: &Context, station: &Station, day: &Day) -> Outcome<(f64, usize)> {
    let exam = day.start_exams(1).await?.remove(0);
    let stream = format!("exam:{}", exam.id);
    let count = if context.quick { SOCKETS / 10 } else { SOCKETS };
    let mut audience = Audience::default();
    day.watch(&mut audience, &stream, WARM_UP).await?;
    let before = station.running.rss_bytes()?;
    day.watch(&mut audience, &stream, count).await?;
    let after = station.running.rss_bytes()?;
    Ok((kib(after, before, count as u64), count))
}

/// Exams that are live since their first event, with what the process keeps for those who resume.
/// Others take answers before the first reading, until the database's bounded page cache is full:
/// that, the journal's batches and the senders' sockets are there once, however many exams there are.
async fn busy_exams(context: &Context, station: &Station, day: &Day) -> Outcome<f64> {
    let answers = if context.quick { ANSWERS / 10 } else { ANSWERS };
    take_answers(day, (1, WARM_UP_EXAMS), answers).await?;
    let before = station.running.rss_bytes()?;
    take_answers(day, (1 + WARM_UP_EXAMS, BUSY_EXAMS), answers).await?;
    Ok(kib(station.running.rss_bytes()?, before, BUSY_EXAMS))
}

/// Starts exams and lets each take its answers.
async fn take_answers(day: &Day, (from, count): (u64, u64), answers: u64) -> Outcome<()> {
    let exams = day.start_more_exams(from, count).await?;
    let mut senders = JoinSet::new();
    for part in exams.chunks(exams.len().div_ceil(SENDERS)) {
        let (day, part) = (day.clone(), part.to_vec());
        senders.spawn(async move { send_answers(&day, &part, answers).await });
    }
    while let Some(one) = senders.join_next().await {
        one??;
    }
    Ok(())
}

/// A round of one answer to each exam, then the next round.
async fn send_answers(day: &Day, exams: &[Exam], answers: u64) -> io::Result<()> {
    let mut socket = day.socket("candidate").await?;
    for n in 0..answers {
        for exam in exams {
            socket.send(&exam.frame(n)).await?;
        }
        let mut waiting = exams.len();
        while waiting > 0 {
            let payload = socket.next().await?;
            if payload.starts_with(b"{\"t\":\"ack\"") {
                waiting -= 1;
            } else if payload.starts_with(b"{\"t\":\"err\"") {
                return Err(io::Error::other(String::from_utf8_lossy(payload).into_owned()));
            }
        }
    }
    Ok(())
}
