//! The board with 200 exams and 500 observers, coalesced per tick, beside one frame for each event
//! to each of them; and how old what an observer sees is.
//!
//! One frame for each event costs what nsk spends on the events themselves (measured before anybody
//! looks) and what a bare server spends on sending each of them to everybody.

use super::fanout::bare;
use super::{Context, Outcome, effort_from, effort_since, float, micros, progress};
use crate::audience::{Arrival, Audience};
use crate::day::{Day, Exam};
use crate::latency::Latencies;
use crate::publisher::{Answers, publish};
use crate::report::{Figure, Target};
use crate::socket::Socket;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const NAME: &str = "board";
/// Exams on the board.
const EXAMS: u64 = 200;
/// Observers of the board.
const OBSERVERS: usize = 500;
/// Between two events: 200 in a second.
const EVERY: Duration = Duration::from_millis(5);
/// How long it is measured.
const LASTING: Duration = Duration::from_secs(6);
/// How long the events alone are measured.
const ALONE: Duration = Duration::from_secs(3);
/// Events before that.
const WARM_UP: usize = 100;
/// Oldest that anything on a board may be, ms.
const AGE_MS_MAX: f64 = 300.0;
/// Longest wait until the last event shows on every board.
const PATIENCE: Duration = Duration::from_secs(20);

/// When which event of which exam was acknowledged.
type Acked = BTreeMap<(u64, u64), Instant>;

/// Measures.
///
/// # Errors
/// When a server does not start or an event never shows on the board.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    progress(NAME, "starting 200 exams");
    let (station, day) = context.station(NAME).await?;
    let exams = day.start_exams(EXAMS).await?;
    let mut publisher = day.socket("candidate").await?;
    let sample = sample(&day, &exams[0]).await?;
    let mut next = 0;
    progress(NAME, "nsk, 200 events a second, nobody looks");
    give(&mut publisher, &exams, &mut next, WARM_UP).await?;
    let alone = count(context.lasting(ALONE));
    let began = effort_from(&station.running)?;
    give(&mut publisher, &exams, &mut next, alone).await?;
    let deciding = micros(effort_since(&station.running, began)?.cpu) / float(alone as u64);
    let mut audience = Audience::default();
    day.watch(&mut audience, "board", OBSERVERS).await?;
    progress(NAME, "nsk, 500 observers, one frame a tick");
    let measured = count(context.lasting(LASTING));
    let mut acked = give(&mut publisher, &exams, &mut next, WARM_UP).await?;
    let began = effort_from(&station.running)?;
    acked.extend(give(&mut publisher, &exams, &mut next, measured).await?);
    let shown = shown_by(&audience, &acked).await?;
    let effort = effort_since(&station.running, began)?;
    let ages = ages(&audience.arrivals(), &shown, &acked);
    drop(audience);
    station.stop().await?;
    progress(NAME, "bare tokio server, 500 sockets, one frame an event");
    let each = bare(context, OBSERVERS, (measured, EVERY), &sample).await?;
    let costs = Costs {
        deciding,
        coalesced: micros(effort.cpu) / float(measured as u64),
        each: micros(each.cpu) / float(measured as u64),
    };
    Ok(figures(&costs, &ages))
}

/// Processor time for one event, µs.
struct Costs {
    /// Deciding and journalling it, nobody looking.
    deciding: f64,
    /// The same, and the board.
    coalesced: f64,
    /// Sending it alone to everybody by the bare server.
    each: f64,
}

fn count(span: Duration) -> usize {
    usize::try_from(span.as_millis() / EVERY.as_millis()).unwrap_or(1)
}

/// So many events on schedule, over all exams in turn.
async fn give(
    publisher: &mut Socket,
    exams: &[Exam],
    next: &mut u64,
    count: usize,
) -> Outcome<Acked> {
    let first = *next;
    let frames = frames(exams, first, count);
    *next += count as u64;
    let sent = publish(publisher, &frames, EVERY, Answers::Acks { first }).await?;
    let at = |n: u64| usize::try_from(n).unwrap_or_default() % exams.len();
    Ok(sent.iter().zip(first..).map(|(s, n)| ((exams[at(n)].id, s.seq), s.answered)).collect())
}

/// Each exam in turn.
fn frames(exams: &[Exam], first: u64, count: usize) -> Vec<String> {
    let count = u64::try_from(count).unwrap_or_default();
    let exam = |n: u64| &exams[usize::try_from(n).unwrap_or_default() % exams.len()];
    (first..first + count).map(|n| exam(n).frame(n)).collect()
}

/// An exam's own update as observers of that exam get it: what one frame per event would carry.
async fn sample(day: &Day, exam: &Exam) -> Outcome<String> {
    let mut socket = day.follow("observer", &format!("exam:{}", exam.id)).await?;
    let mut connection = crate::http::Connection::open(day.address).await?;
    let body: Value = serde_json::from_str(&exam.answers.body(1_000_000))?;
    day.command(&mut connection, exam.id, "candidate", &body).await?;
    loop {
        let payload = socket.next().await?;
        if payload.starts_with(b"{\"t\":\"ev\"") {
            return Ok(String::from_utf8_lossy(payload).into_owned());
        }
    }
}

/// Which event each frame of the board was the first to show, by the frame's number: taken from the
/// socket that keeps what it receives. Waits until all are shown.
async fn shown_by(audience: &Audience, acked: &Acked) -> Outcome<BTreeMap<u64, Vec<(u64, u64)>>> {
    let mut newest: BTreeMap<u64, u64> = BTreeMap::new();
    for (exam, seq) in acked.keys() {
        let known = newest.entry(*exam).or_default();
        *known = (*known).max(*seq);
    }
    let began = Instant::now();
    loop {
        let kept = audience.arrivals().swap_remove(0);
        let rows: Vec<(u64, Vec<(u64, u64)>)> =
            kept.iter().map(|arrival| (arrival.seq, rows(arrival))).collect();
        let all = rows.iter().flat_map(|(_, rows)| rows);
        let mut open = newest.clone();
        for (exam, seq) in all {
            if open.get(exam).is_some_and(|newest| seq >= newest) {
                open.remove(exam);
            }
        }
        if open.is_empty() {
            let last = kept.last().map_or(0, |arrival| arrival.seq);
            audience.wait_for(last, PATIENCE).await?;
            return Ok(first_shown(rows, acked));
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{} exams never showed their newest event", open.len()).into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The exams of a frame with the numbers that their rows stand at.
fn rows(arrival: &Arrival) -> Vec<(u64, u64)> {
    let Some(payload) = &arrival.payload else { return Vec::new() };
    let frame: Value = serde_json::from_slice(payload).unwrap_or_default();
    let Some(rows) = frame["d"]["rows"].as_object() else { return Vec::new() };
    rows.iter().filter_map(|(exam, row)| Some((exam.parse().ok()?, row["seq"].as_u64()?))).collect()
}

/// A row that stands at a number shows every event up to it that no frame before it showed.
fn first_shown(
    frames: Vec<(u64, Vec<(u64, u64)>)>,
    acked: &Acked,
) -> BTreeMap<u64, Vec<(u64, u64)>> {
    let mut before: BTreeMap<u64, u64> = BTreeMap::new();
    let mut shown = BTreeMap::new();
    for (frame, rows) in frames {
        let mut events = Vec::new();
        for (exam, seq) in rows {
            let from = before.insert(exam, seq).map_or(0, |seen| seen + 1);
            if from <= seq {
                events.extend(acked.range((exam, from)..=(exam, seq)).map(|(event, _)| *event));
            }
        }
        shown.insert(frame, events);
    }
    shown
}

/// From an event's acknowledgement until each observer could see it.
fn ages(
    arrivals: &[Vec<Arrival>],
    shown: &BTreeMap<u64, Vec<(u64, u64)>>,
    acked: &Acked,
) -> Latencies {
    let mut ages = Latencies::default();
    for arrival in arrivals.iter().flatten() {
        for event in shown.get(&arrival.seq).into_iter().flatten() {
            if let Some(at) = acked.get(event) {
                ages.record(arrival.at.saturating_duration_since(*at));
            }
        }
    }
    ages
}

fn figures(costs: &Costs, ages: &Latencies) -> Vec<Figure> {
    let each = costs.deciding + costs.each;
    let delivering = (costs.coalesced - costs.deciding).max(0.0);
    vec![
        Figure::new(NAME, "processor time for an event, all in", costs.coalesced, "µs")
            .beside(each)
            .target(Target::RatioMax(1.0 / 3.0))
            .note(format!("{:.1} × fewer than one frame per event", each / costs.coalesced)),
        Figure::new(NAME, "of it, showing it to 500 observers", delivering, "µs")
            .beside(costs.each),
        Figure::new(NAME, "of it, deciding and journalling", costs.deciding, "µs"),
        Figure::new(NAME, "age on arrival, p50", ages.quantile_ms(0.5), "ms"),
        Figure::new(NAME, "age on arrival, p99", ages.quantile_ms(0.99), "ms"),
        Figure::new(NAME, "age on arrival, oldest", ages.max_ms(), "ms")
            .target(Target::ValueMax(AGE_MS_MAX))
            .note(format!("{} sightings of events", ages.count())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_shows_what_no_frame_before_it_showed() {
        let now = Instant::now();
        let events = [(7, 1), (7, 2), (7, 3), (8, 5)];
        let acked: Acked = events.into_iter().map(|event| (event, now)).collect();
        let frames = vec![(10, vec![(7, 2)]), (11, vec![(7, 3), (8, 5)]), (12, vec![(8, 5)])];
        let shown = first_shown(frames, &acked);
        assert_eq!(shown[&10], [(7, 1), (7, 2)]);
        assert_eq!(shown[&11], [(7, 3), (8, 5)]);
        assert!(shown[&12].is_empty());
    }

    #[test]
    fn the_age_is_that_of_the_oldest_event_too() {
        let at = Instant::now();
        let later = |ms| at + Duration::from_millis(ms);
        let acked: Acked = [((7, 1), at), ((7, 2), later(200))].into_iter().collect();
        let arrival = |at| Arrival { seq: 10, at, payload: None };
        let shown = BTreeMap::from([(10, vec![(7, 1), (7, 2)])]);
        let ages = ages(&[vec![arrival(later(250))], vec![arrival(later(300))]], &shown, &acked);
        assert_eq!(ages.count(), 4);
        assert!((ages.max_ms() - 300.0).abs() < 1.0);
    }

    #[test]
    fn rows_are_read_from_the_boards_frame() {
        let text = "{\"t\":\"ev\",\"s\":\"board\",\"seq\":4,\"d\":{\"rows\":{\"1001\":{\"seq\":9},\
                    \"1002\":{\"answered\":1},\"1003\":null}}}";
        let arrival =
            Arrival { seq: 4, at: Instant::now(), payload: Some(text.as_bytes().to_vec()) };
        assert_eq!(rows(&arrival), [(1_001, 9)]);
    }
}
