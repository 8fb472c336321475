//! The program is killed with 2,000 live exams and started again: how long until every exam answers
//! a read, beside the bare read of the same rows.

use super::{Context, Outcome, progress, seed};
use crate::baseline::reader;
use crate::day::{Day, FIRST_EXAM, exam_path};
use crate::http::{Connection, Request};
use crate::report::{Figure, Target};
use crate::station::Station;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const NAME: &str = "restart";
/// Connections that ask side by side.
const ASKING: u64 = 16;
/// Longest until all exams answer, seconds.
const SECONDS_MAX: f64 = 3.0;
/// How often an exam that does not answer yet is asked again.
const AGAIN: Duration = Duration::from_millis(5);
/// When nobody answers by then, the run is broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures.
///
/// # Errors
/// When the station does not start or an exam never answers.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let seeded = seed::directory(context).await?;
    progress(NAME, "first start");
    let station = Station::restart(&context.prepared, &seeded.data).await?;
    let day = Day::begin(station.address).await?;
    let token = day.token("observer").to_owned();
    all_answer(station.address, &token, seeded.exams).await?;
    progress(NAME, "killed, started again");
    let (station, began) = station.kill_and_respawn()?;
    all_answer(station.address, &token, seeded.exams).await?;
    let ours = began.elapsed();
    station.stop().await?;
    progress(NAME, "bare read");
    let bare = reader::run(&Station::database(&seeded.data)?).await?;
    let (ours, baseline) = (ours.as_secs_f64(), bare.took.as_secs_f64());
    let what = format!("until {} exams answer", seeded.exams);
    Ok(vec![
        Figure::new(NAME, what, ours, "s")
            .beside(baseline)
            .target(Target::ValueMax(SECONDS_MAX))
            .note(format!("the bare read: {} rows, {} bytes of events", bare.rows, bare.bytes)),
    ])
}

/// Reads every exam; those that do not answer yet are asked again.
///
/// # Errors
/// When one does not answer in time.
pub(super) async fn all_answer(address: SocketAddr, token: &str, exams: u64) -> Outcome<()> {
    let mut asking = JoinSet::new();
    for one in 0..ASKING {
        let token = token.to_owned();
        let mine: Vec<u64> =
            (FIRST_EXAM..FIRST_EXAM + exams).filter(|exam| exam % ASKING == one).collect();
        asking.spawn(async move { ask_each(address, &token, &mine).await });
    }
    while let Some(one) = asking.join_next().await {
        one??;
    }
    Ok(())
}

async fn ask_each(address: SocketAddr, token: &str, exams: &[u64]) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut connection = connect(address, until).await?;
    for exam in exams {
        let path = exam_path(*exam);
        loop {
            match connection.ask(Request::get(&path, Some(token))).await {
                Ok(reply) if reply.status == 200 => break,
                Ok(reply) if reply.status < 500 && reply.status != 429 => {
                    let text = format!("exam {exam}: status {}: {}", reply.status, reply.text());
                    return Err(io::Error::other(text));
                }
                Ok(_) => tokio::time::sleep(AGAIN).await,
                Err(_) => connection = connect(address, until).await?,
            }
            if Instant::now() > until {
                return Err(io::Error::other(format!("exam {exam} does not answer")));
            }
        }
    }
    Ok(())
}

async fn connect(address: SocketAddr, until: Instant) -> io::Result<Connection> {
    loop {
        match Connection::open(address).await {
            Ok(connection) => return Ok(connection),
            Err(e) if Instant::now() > until => return Err(e),
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}
