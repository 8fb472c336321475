//! One of 200 exams panics while all take answers: how much longer the others wait for their
//! acknowledgements. Spans with and without panics alternate, so that a machine that changes its
//! speed changes both.

use super::{Context, Outcome, float, progress};
use crate::day::{Day, Exam, command_path};
use crate::http::{Connection, Request};
use crate::latency::Latencies;
use crate::publisher::{Answers, publish};
use crate::report::{Figure, Target};
use crate::socket::Socket;
use crate::station::Station;
use std::io;
use std::time::{Duration, Instant};

const NAME: &str = "panic";
/// Running exams, one of which panics in a span.
const EXAMS: u64 = 200;
/// Between two answers: 1,000 in a second, over all other exams.
const EVERY: Duration = Duration::from_millis(1);
/// One span.
const SPAN: Duration = Duration::from_millis(1_500);
/// Spans of each kind. Another exam panics in each, so that none uses up its restarts.
const SPANS: usize = 6;
/// Longest until the exam that panicked answers again.
const BACK_WITHIN: Duration = Duration::from_secs(20);
/// How often it is asked.
const AGAIN: Duration = Duration::from_millis(10);

/// Measures.
///
/// # Errors
/// When the station does not start, or refuses a command of an exam that is well.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let faulty = context.me.with_file_name("nsk-faulty");
    if !faulty.exists() {
        let how = "cargo build --release -p load-tests --features faults";
        return Ok(vec![Figure::not_run(NAME, format!("nsk-faulty is not built: {how}"))]);
    }
    progress(NAME, "starting 200 exams on a station with planted faults");
    let station = context.prepared.start_as(&faulty, NAME).await?;
    let day = Day::begin(station.address).await?;
    let exams = day.start_exams(EXAMS).await?;
    let (hit, others) = exams.split_at(SPANS);
    let mut socket = day.socket("candidate").await?;
    let mut next = 0;
    let span = context.lasting(SPAN);
    answers(&mut socket, others, &mut next, span).await?;
    let (mut calm, mut panicking) = (Vec::new(), Vec::new());
    let mut back = Latencies::default();
    for (hit, round) in hit.iter().zip(1..) {
        progress(NAME, &format!("span {round} of {SPANS}: calm, then with a panic"));
        calm.push(answers(&mut socket, others, &mut next, span).await?);
        let answered = answers(&mut socket, others, &mut next, span);
        let (latencies, took) = tokio::join!(answered, hit_and_wait(&station, &day, hit, round));
        panicking.push(latencies?);
        back.record(took?);
    }
    let panics = super::counter(&station, "nsk_panics_total").await?;
    station.stop().await?;
    if panics < float(SPANS as u64) {
        return Err(format!("{panics} panics instead of {SPANS}: nothing was measured").into());
    }
    Ok(figures(&calm, &panicking, &back))
}

fn figures(calm: &[Latencies], panicking: &[Latencies], back: &Latencies) -> Vec<Figure> {
    let count: u64 = panicking.iter().map(Latencies::count).sum();
    vec![
        Figure::new(NAME, "ack of the other exams, p99", median(panicking, 0.99), "ms")
            .beside(median(calm, 0.99))
            .target(Target::RatioMax(1.2))
            .note(format!("baseline: spans without a panic; median of {SPANS}, {count} answers")),
        Figure::new(NAME, "ack of the other exams, p50", median(panicking, 0.5), "ms")
            .beside(median(calm, 0.5)),
        Figure::new(NAME, "until the exam that panicked answers, max", back.max_ms(), "ms"),
    ]
}

/// The median of the spans' quantiles: a panic is in each of them, what else the machine does is not.
fn median(spans: &[Latencies], share: f64) -> f64 {
    let mut all: Vec<f64> = spans.iter().map(|span| span.quantile_ms(share)).collect();
    all.sort_by(f64::total_cmp);
    match (all.get(all.len() / 2), all.len() % 2) {
        (Some(upper), 0) => f64::midpoint(*upper, all[all.len() / 2 - 1]),
        (Some(middle), _) => *middle,
        (None, _) => 0.0,
    }
}

/// Answers to all exams in turn for a span, on schedule; a refusal is an error.
async fn answers(
    socket: &mut Socket,
    exams: &[Exam],
    next: &mut u64,
    span: Duration,
) -> Outcome<Latencies> {
    let count = u64::try_from(span.as_millis() / EVERY.as_millis())?;
    let first = *next;
    *next += count;
    let at = |n: u64| usize::try_from(n).unwrap_or_default() % exams.len();
    let frames: Vec<String> = (first..*next).map(|n| exams[at(n)].frame(n)).collect();
    let sent = publish(socket, &frames, EVERY, Answers::Acks { first }).await?;
    let mut latencies = Latencies::default();
    for sent in sent {
        latencies.record(sent.answered - sent.due);
    }
    Ok(latencies)
}

/// Makes the exam's next decision panic, and sends it a command until that is acknowledged.
async fn hit_and_wait(
    station: &Station,
    day: &Day,
    exam: &Exam,
    round: u64,
) -> io::Result<Duration> {
    let mut connection = Connection::open(day.address).await?;
    station.running.nudge()?;
    // The signal is on its way; the command after it meets the fault or the one after that does.
    tokio::time::sleep(AGAIN).await;
    let began = Instant::now();
    let path = command_path(exam.id);
    let body = exam.request(round);
    loop {
        let request = Request::post(&path, Some(day.token("candidate")), body.as_bytes());
        match connection.ask(request).await {
            Ok(reply) if reply.status == 200 => return Ok(began.elapsed()),
            Ok(reply) if reply.status < 500 && reply.status != 429 => {
                let text = format!("exam {}: status {}: {}", exam.id, reply.status, reply.text());
                return Err(io::Error::other(text));
            }
            Ok(_) => {}
            Err(_) => connection = Connection::open(day.address).await?,
        }
        if began.elapsed() > BACK_WITHIN {
            return Err(io::Error::other("the exam that panicked does not answer again"));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_span_does_not_decide() {
        let span = |ms| {
            let mut latencies = Latencies::default();
            latencies.record(Duration::from_millis(ms));
            latencies
        };
        for (spans, expected) in
            [(vec![], 0.0), (vec![5], 5.0), (vec![5, 900, 6], 6.0), (vec![900, 4, 6, 5], 5.5)]
        {
            let spans: Vec<Latencies> = spans.into_iter().map(span).collect();
            assert!((median(&spans, 0.99) - expected).abs() < 0.01, "{expected}");
        }
    }
}
