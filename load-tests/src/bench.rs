//! The components, each of which starts what it measures and answers with figures.

pub mod board;
pub mod durable;
pub mod fanout;
pub mod memory;
pub mod panic;
pub mod restart;
pub mod seal;
pub mod seed;
pub mod tokens;

use crate::day::Day;
use crate::http::{Connection, Request};
use crate::station::{Prepared, Station};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What a component ends with.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What the components share.
#[derive(Debug)]
pub struct Context {
    /// Data directories, and the program that they are for.
    pub prepared: Prepared,
    /// This program, which is also its own baseline servers.
    pub me: PathBuf,
    /// A tenth of the usual time, to see whether everything still runs.
    pub quick: bool,
}

impl Context {
    /// How long a measurement lasts.
    pub fn lasting(&self, usual: Duration) -> Duration {
        if self.quick { usual / 10 } else { usual }
    }

    /// Starts a station on fresh data and signs everybody in.
    ///
    /// # Errors
    /// When the station does not start or refuses.
    pub async fn station(&self, name: &str) -> Outcome<(Station, Day)> {
        let station = self.prepared.start(name).await?;
        let day = Day::begin(station.address).await?;
        Ok((station, day))
    }

    /// As [`Context::station`], in a process that has not checked a password: that takes 19 MiB
    /// each, which later allocations would quietly use up.
    ///
    /// # Errors
    /// As [`Context::station`].
    pub async fn fresh_station(&self, name: &str) -> Outcome<(Station, Day)> {
        let (station, day) = self.station(name).await?;
        let data = station.data.clone();
        station.stop().await?;
        let station = Station::restart(&self.prepared, &data).await?;
        let day = day.at(station.address);
        Ok((station, day))
    }
}

/// Says what is being done, for whoever waits.
pub fn progress(component: &str, text: &str) {
    eprintln!("{component:<8} {text}");
}

/// A counter of the station's `/metrics`.
///
/// # Errors
/// When the page has no such counter.
pub async fn counter(station: &Station, name: &str) -> io::Result<f64> {
    let mut connection = Connection::open(station.address).await?;
    let page = connection.ask(Request::get("/metrics", None)).await?.text();
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no counter {name}")))
}

/// Processor time of a span of work, with how long the span took.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Processor time.
    pub cpu: Duration,
    /// Wall time.
    pub took: Duration,
}

/// Begins to measure the processor time of a station or a baseline.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn effort_from(running: &crate::process::Running) -> io::Result<(Duration, Instant)> {
    Ok((running.cpu()?, Instant::now()))
}

/// Ends what [`effort_from`] began.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn effort_since(
    running: &crate::process::Running,
    (cpu, began): (Duration, Instant),
) -> io::Result<Effort> {
    Ok(Effort { cpu: running.cpu()?.saturating_sub(cpu), took: began.elapsed() })
}

#[expect(clippy::cast_precision_loss, reason = "counts and µs are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
