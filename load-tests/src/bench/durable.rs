//! Acknowledged commands in a second over HTTP and over sockets, beside the bare batched writer:
//! 64 in flight each, closed loop, answers of candidates to 64 running exams.

use super::{Context, Outcome, counter, float, progress};
use crate::audience::number_after;
use crate::baseline::writer::{self, Template, Written};
use crate::day::{Day, Exam, command_path};
use crate::http::{Connection, Request};
use crate::latency::Latencies;
use crate::report::{Figure, Target};
use crate::station::Station;
use std::io;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const NAME: &str = "durable";
/// Commands in flight, and exams that take them.
const IN_FLIGHT: u8 = 64;
/// Sockets that share them.
const SOCKETS: usize = 8;
/// How long each way is measured.
const LASTING: Duration = Duration::from_secs(5);
/// How long it runs before that.
const WARM_UP: Duration = Duration::from_secs(1);

/// How one way did.
struct Way {
    latencies: Latencies,
    took: Duration,
    per_batch: f64,
}

impl Way {
    fn per_second(&self) -> f64 {
        float(self.latencies.count()) / self.took.as_secs_f64()
    }
}

/// When to begin to count and when to end.
#[derive(Clone, Copy)]
struct Window {
    from: Instant,
    to: Instant,
}

impl Window {
    fn open(lasting: Duration, warm_up: Duration) -> Window {
        let from = Instant::now() + warm_up;
        Window { from, to: from + lasting }
    }

    fn record(&self, latencies: &mut Latencies, began: Instant) {
        let now = Instant::now();
        if now >= self.from && now < self.to {
            latencies.record(now - began);
        }
    }
}

/// Measures.
///
/// # Errors
/// When the station does not start or refuses a command.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    progress(NAME, "starting 64 exams");
    let (station, day) = context.station(NAME).await?;
    let exams = day.start_exams(u64::from(IN_FLIGHT)).await?;
    let mut connection = Connection::open(day.address).await?;
    let answer: serde_json::Value = serde_json::from_str(&exams[0].answers.body(0))?;
    day.command(&mut connection, exams[0].id, "candidate", &answer).await?;
    let template = Template::take(&Station::database(&station.data)?, "answer_saved").await?;
    let half = context.lasting(LASTING) / 2;
    // Before and after, so that a machine that changes its speed meanwhile changes both.
    let mut bare = bare(context, &template, half).await?;
    let http = over_http(context, &station, &day, &exams).await?;
    let sockets = over_sockets(context, &station, &day, &exams).await?;
    bare.merge(&self::bare(context, &template, half).await?);
    station.stop().await?;
    Ok(figures(&bare, &[("HTTP", http), ("WebSocket", sockets)]))
}

fn figures(bare: &Written, ways: &[(&str, Way)]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, way) in ways {
        figures.push(
            Figure::new(NAME, format!("commands over {name}"), way.per_second(), "/s")
                .beside(bare.per_second())
                .target(Target::RatioMin(0.5)),
        );
        for (share, label, target) in
            [(0.5, "p50", Target::Shown), (0.99, "p99", Target::RatioMax(5.0))]
        {
            let ours = way.latencies.quantile_ms(share);
            figures.push(
                Figure::new(NAME, format!("ack over {name}, {label}"), ours, "ms")
                    .beside(bare.latencies.quantile_ms(share))
                    .target(target),
            );
        }
        figures.push(
            Figure::new(NAME, format!("rows in a transaction, {name}"), way.per_batch, "")
                .beside(bare.per_batch()),
        );
    }
    figures
}

async fn bare(context: &Context, template: &Template, lasting: Duration) -> Outcome<Written> {
    progress(NAME, "bare writer");
    Ok(writer::run(context.prepared.dir(), template, IN_FLIGHT, lasting).await?)
}

async fn over_http(
    context: &Context,
    station: &Station,
    day: &Day,
    exams: &[Exam],
) -> Outcome<Way> {
    progress(NAME, "HTTP, 64 connections");
    let window = Window::open(context.lasting(LASTING), context.lasting(WARM_UP));
    let mut clients = JoinSet::new();
    for exam in exams {
        let (day, exam) = (day.clone(), exam.clone());
        clients.spawn(async move { one_connection(&day, &exam, window).await });
    }
    gather(station, clients, window).await
}

async fn one_connection(day: &Day, exam: &Exam, window: Window) -> io::Result<Latencies> {
    let mut connection = Connection::open(day.address).await?;
    let path = command_path(exam.id);
    let mut latencies = Latencies::default();
    for n in 1.. {
        let began = Instant::now();
        if began >= window.to {
            break;
        }
        let body = exam.request(n);
        let request = Request::post(&path, Some(day.token("candidate")), body.as_bytes());
        let reply = connection.ask(request).await?;
        if reply.status != 200 {
            return Err(io::Error::other(format!("status {}: {}", reply.status, reply.text())));
        }
        window.record(&mut latencies, began);
    }
    Ok(latencies)
}

async fn over_sockets(
    context: &Context,
    station: &Station,
    day: &Day,
    exams: &[Exam],
) -> Outcome<Way> {
    progress(NAME, "WebSocket, 8 sockets with 8 in flight each");
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(day.socket("candidate").await?);
    }
    let window = Window::open(context.lasting(LASTING), context.lasting(WARM_UP));
    let mut clients = JoinSet::new();
    for (socket, exams) in sockets.into_iter().zip(exams.chunks(exams.len() / SOCKETS)) {
        let exams = exams.to_vec();
        clients.spawn(async move { one_socket(socket, &exams, window).await });
    }
    gather(station, clients, window).await
}

/// One command in flight for each exam. A frame's id tells the exam: `n * exams + exam`.
async fn one_socket(
    mut socket: crate::socket::Socket,
    exams: &[Exam],
    window: Window,
) -> io::Result<Latencies> {
    // Answers of the HTTP run must not repeat.
    const FIRST: u64 = 1_000_000;
    let count = exams.len() as u64;
    let mut latencies = Latencies::default();
    let mut began = vec![Instant::now(); exams.len()];
    for (exam, at) in exams.iter().zip(0..) {
        socket.send(&exam.frame(FIRST * count + at)).await?;
    }
    let mut waiting = exams.len();
    while waiting > 0 {
        let payload = socket.next().await?;
        if payload.starts_with(b"{\"t\":\"err\"") {
            return Err(io::Error::other(String::from_utf8_lossy(payload).into_owned()));
        }
        if !payload.starts_with(b"{\"t\":\"ack\"") {
            continue;
        }
        let id = number_after(payload, b"\"id\":").unwrap_or_default();
        let at = usize::try_from(id % count).unwrap_or_default();
        window.record(&mut latencies, began[at]);
        if Instant::now() < window.to {
            began[at] = Instant::now();
            socket.send(&exams[at].frame(id + count)).await?;
        } else {
            waiting -= 1;
        }
    }
    Ok(latencies)
}

async fn gather(
    station: &Station,
    mut clients: JoinSet<io::Result<Latencies>>,
    window: Window,
) -> Outcome<Way> {
    let names = ["nsk_journal_events_total", "nsk_journal_batches_total"];
    let before = [counter(station, names[0]).await?, counter(station, names[1]).await?];
    let mut latencies = Latencies::default();
    while let Some(one) = clients.join_next().await {
        latencies.merge(&one??);
    }
    let after = [counter(station, names[0]).await?, counter(station, names[1]).await?];
    let per_batch = (after[0] - before[0]) / (after[1] - before[1]).max(1.0);
    Ok(Way { latencies, took: window.to - window.from, per_batch })
}
