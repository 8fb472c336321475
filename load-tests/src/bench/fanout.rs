//! One exam's updates to a thousand sockets, beside a bare tokio server that writes one shared
//! frame to each: processor time per delivery, and how long after the first could know the last do.
//!
//! A delivery's processor time is what the same events cost more when a thousand look than when
//! nobody does; the whole stands on a line of its own.

use super::{Context, Outcome, effort_from, effort_since, float, micros, progress};
use crate::audience::{Audience, first_arrivals};
use crate::baseline;
use crate::day::Exam;
use crate::latency::Latencies;
use crate::process::Running;
use crate::publisher::{Answers, Sent, publish};
use crate::report::{Figure, Target};
use crate::socket::Socket;
use crate::station::{Station, free_port};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

const NAME: &str = "fanout";
/// Sockets that look at the exam.
const SOCKETS: usize = 1_000;
/// Between two updates: 50 in a second.
const EVERY: Duration = Duration::from_millis(20);
/// How long it is measured.
const LASTING: Duration = Duration::from_secs(6);
/// How long the updates alone are measured.
const ALONE: Duration = Duration::from_secs(3);
/// Updates before that.
const WARM_UP: usize = 25;
/// Longest wait for what is still under way.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server's fan-out cost and how late it was.
pub(super) struct Fanned {
    /// Processor time for the measured span.
    pub cpu: Duration,
    /// Updates received, over all sockets.
    pub deliveries: u64,
    /// From the moment when the first could know an update until each received it.
    pub spread: Latencies,
    /// From the moment when an update was due until each received it.
    pub from_due: Latencies,
    /// Updates that the server dropped.
    pub lagged: u64,
    /// An update as it came.
    pub sample: String,
}

impl Fanned {
    fn cpu_us(&self) -> f64 {
        micros(self.cpu) / float(self.deliveries.max(1))
    }
}

/// Measures.
///
/// # Errors
/// When a server does not start or loses an update without saying so.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let (station, day) = context.station(NAME).await?;
    let exam = day.start_exams(1).await?.remove(0);
    let mut publisher = day.socket("candidate").await?;
    progress(NAME, "nsk, 50 updates a second, nobody looks");
    let deciding = alone(context, &station, &exam, &mut publisher).await?;
    progress(NAME, "opening 1,000 sockets to nsk");
    let mut audience = Audience::default();
    day.watch(&mut audience, &format!("exam:{}", exam.id), SOCKETS).await?;
    progress(NAME, "nsk, 50 updates a second");
    let count = updates(context.lasting(LASTING));
    let frames: Vec<String> = (0..(count + WARM_UP) as u64).map(|n| exam.frame(n)).collect();
    let (warm, measured) = frames.split_at(WARM_UP);
    let warm = publish(&mut publisher, warm, EVERY, Answers::Acks { first: 0 }).await?;
    settle(&audience, &warm).await?;
    audience.forget();
    let began = effort_from(&station.running)?;
    let answers = Answers::Acks { first: WARM_UP as u64 };
    let sent = publish(&mut publisher, measured, EVERY, answers).await?;
    settle(&audience, &sent).await?;
    let ours = fanned(&audience, &sent, effort_since(&station.running, began)?.cpu)?;
    drop(audience);
    station.stop().await?;
    progress(NAME, "bare tokio server, 1,000 sockets");
    let bare = bare(context, SOCKETS, (count, EVERY), &ours.sample).await?;
    Ok(figures(&ours, deciding, &bare))
}

fn updates(span: Duration) -> usize {
    usize::try_from(span.as_millis() / EVERY.as_millis()).unwrap_or(1)
}

/// Processor time of one update that nobody looks at, µs.
async fn alone(
    context: &Context,
    station: &Station,
    exam: &Exam,
    publisher: &mut Socket,
) -> Outcome<f64> {
    // Answers of the measurement must not repeat these.
    const FIRST: u64 = 1_000_000;
    let count = updates(context.lasting(ALONE));
    let frames: Vec<String> = (FIRST..).take(count + WARM_UP).map(|n| exam.frame(n)).collect();
    let (warm, measured) = frames.split_at(WARM_UP);
    publish(publisher, warm, EVERY, Answers::Acks { first: FIRST }).await?;
    let began = effort_from(&station.running)?;
    let first = FIRST + WARM_UP as u64;
    publish(publisher, measured, EVERY, Answers::Acks { first }).await?;
    Ok(micros(effort_since(&station.running, began)?.cpu) / float(count as u64))
}

async fn settle(audience: &Audience, sent: &[Sent]) -> Outcome<()> {
    let newest = sent.iter().map(|s| s.seq).max().unwrap_or_default();
    audience.wait_for(newest, PATIENCE).await?;
    Ok(())
}

/// Works out who received what when. Numbers that nobody sent (a digest, a neighbour's event) are
/// passed over.
fn fanned(audience: &Audience, sent: &[Sent], cpu: Duration) -> Outcome<Fanned> {
    let arrivals = audience.arrivals();
    let first = first_arrivals(&arrivals);
    let sent: BTreeMap<u64, Sent> = sent.iter().map(|s| (s.seq, *s)).collect();
    let mut fanned = Fanned {
        cpu,
        deliveries: 0,
        spread: Latencies::default(),
        from_due: Latencies::default(),
        lagged: audience.lagged(),
        sample: String::new(),
    };
    for arrival in arrivals.iter().flatten() {
        let Some(sent) = sent.get(&arrival.seq) else { continue };
        // The earliest moment at which anybody outside the server could know of it.
        let known = first.get(&arrival.seq).map_or(sent.answered, |f| sent.answered.min(*f));
        fanned.deliveries += 1;
        fanned.spread.record(arrival.at.saturating_duration_since(known));
        fanned.from_due.record(arrival.at.saturating_duration_since(sent.due));
        if let Some(payload) = &arrival.payload {
            fanned.sample = String::from_utf8_lossy(payload).into_owned();
        }
    }
    let expected = (sent.len() * audience.len()) as u64;
    if fanned.deliveries + fanned.lagged < expected {
        let missing = expected - fanned.deliveries - fanned.lagged;
        return Err(format!("{missing} of {expected} updates never came, without notice").into());
    }
    Ok(fanned)
}

/// The bare server with so many sockets, sending frames of the same size at the same rate.
pub(super) async fn bare(
    context: &Context,
    sockets: usize,
    (count, every): (usize, Duration),
    sample: &str,
) -> Outcome<Fanned> {
    let (running, address) = start_bare(&context.me, context.prepared.dir()).await?;
    let mut audience = Audience::default();
    audience.open(sockets, || Socket::open(address, "/live")).await?;
    let mut publisher = Socket::open(address, baseline::fanout::PUBLISH).await?;
    let frames: Vec<String> = (0..count + WARM_UP).map(|n| alike(sample, n)).collect();
    let (warm, measured) = frames.split_at(WARM_UP);
    let sent = publish(&mut publisher, warm, every, Answers::InOrder).await?;
    settle(&audience, &sent).await?;
    audience.forget();
    let began = effort_from(&running)?;
    let mut sent = publish(&mut publisher, measured, every, Answers::InOrder).await?;
    for sent in &mut sent {
        sent.seq += WARM_UP as u64;
    }
    settle(&audience, &sent).await?;
    let cpu = effort_since(&running, began)?.cpu;
    fanned(&audience, &sent, cpu)
}

/// Starts this program's bare server as a process of its own.
pub(super) async fn start_bare(me: &Path, dir: &Path) -> Outcome<(Running, SocketAddr)> {
    let port = free_port()?;
    let args = ["baseline-fanout".to_owned(), port.to_string()];
    let mut running = Running::start(me, args, &dir.join("bare.log"))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let began = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        if running.ended()?.is_some() || began.elapsed() > PATIENCE {
            return Err(format!("the bare server: {}", running.last_words()).into());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok((running, address))
}

/// A frame of the sample's length that carries another number.
fn alike(sample: &str, seq: usize) -> String {
    let head = format!("{{\"t\":\"ev\",\"s\":\"exam\",\"seq\":{seq},\"pad\":\"");
    let pad = sample.len().saturating_sub(head.len() + 2);
    format!("{head}{}\"}}", "x".repeat(pad))
}

fn figures(ours: &Fanned, deciding: f64, bare: &Fanned) -> Vec<Figure> {
    let late = |f: &Fanned, share| f.spread.quantile_ms(share);
    let lost = format!("{} deliveries, {} dropped with notice", ours.deliveries, ours.lagged);
    let delivering = (ours.cpu_us() - deciding / float(SOCKETS as u64)).max(0.0);
    vec![
        Figure::new(NAME, "processor time for a delivery", delivering, "µs")
            .beside(bare.cpu_us())
            .target(Target::RatioMax(1.15))
            .note(lost),
        Figure::new(NAME, "the same, deciding and journalling in", ours.cpu_us(), "µs")
            .beside(bare.cpu_us())
            .note(format!("deciding and journalling an update takes {deciding:.0} µs")),
        Figure::new(NAME, "publish to receive, p50", late(ours, 0.5), "ms").beside(late(bare, 0.5)),
        Figure::new(NAME, "publish to receive, p99", late(ours, 0.99), "ms")
            .beside(late(bare, 0.99))
            .target(Target::RatioMax(1.5)),
        Figure::new(NAME, "command due to receive, p99", ours.from_due.quantile_ms(0.99), "ms")
            .beside(bare.from_due.quantile_ms(0.99))
            .note("ours includes the commit, which the bare server does not do"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::number_after;

    #[test]
    fn a_frame_alike_has_the_samples_length_and_its_own_number() {
        let sample = format!(
            "{{\"t\":\"ev\",\"s\":\"exam:1001\",\"seq\":12,\"d\":\"{}\"}}",
            "a".repeat(300)
        );
        for seq in [0, 7, 12_345] {
            let frame = alike(&sample, seq);
            assert_eq!(frame.len(), sample.len());
            assert!(frame.starts_with("{\"t\":\"ev\""));
            assert_eq!(number_after(frame.as_bytes(), b"\"seq\":"), Some(seq as u64));
        }
    }
}
