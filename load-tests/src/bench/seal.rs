//! Sign-in by PIN alone at a station with 1,000 sealed records, beside the bare key derivation.
//! The two alternate, so that a machine that changes its speed changes both.

use super::{Context, Outcome, progress};
use crate::http::{Connection, Request};
use crate::report::{Figure, Target};
use crate::station::Station;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const NAME: &str = "seal";
/// Sealed records, of which one is opened.
const RECORDS: &str = "1000";
/// Pairs of a derivation and a sign-in.
const PAIRS: usize = 12;
/// One tablet may sign in three times at once, and then once in five seconds.
const BETWEEN: Duration = Duration::from_millis(5_200);
/// What a sign-in may take beyond one derivation, ms.
const BEYOND_MS_MAX: f64 = 5.0;

/// The program that made the station and stretches PINs.
struct Bare {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Bare {
    /// Makes the station in a directory; also answers its PIN.
    fn start(program: &Path, data: &Path) -> io::Result<(Bare, String)> {
        let mut child = Command::new(program)
            .arg(data)
            .arg(RECORDS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        let mut bare = Bare { child, input, output: BufReader::new(output) };
        let pin = bare.line()?;
        Ok((bare, pin))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(io::Error::other("sealed-station has ended"));
        }
        Ok(line.trim().to_owned())
    }

    /// One derivation, ms, as the program itself measured it.
    fn stretch(&mut self) -> io::Result<f64> {
        self.input.write_all(b"\n")?;
        let micros: f64 = self.line()?.parse().map_err(io::Error::other)?;
        Ok(micros / 1e3)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It ends with its input anyway.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures.
///
/// # Errors
/// When the station does not start or refuses the PIN.
pub async fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let program = context.me.with_file_name("sealed-station");
    if !program.exists() {
        let how = "cargo build --release -p load-tests --features sealed";
        return Ok(vec![Figure::not_run(NAME, format!("sealed-station is not built: {how}"))]);
    }
    progress(NAME, "sealing 1,000 records");
    let data = context.prepared.copy(NAME)?;
    let (mut bare, pin) = Bare::start(&program, &data)?;
    let station = Station::restart(&context.prepared, &data).await?;
    let mut connection = Connection::open(station.address).await?;
    sign_in(&mut connection, &pin).await?;
    let pairs = if context.quick { 3 } else { PAIRS };
    progress(NAME, &format!("{pairs} derivations and sign-ins in turns"));
    let (mut derivations, mut sign_ins, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..pairs {
        tokio::time::sleep(BETWEEN).await;
        let before = bare.stretch()?;
        let ours = sign_in(&mut connection, &pin).await?;
        let after = bare.stretch()?;
        let one = f64::midpoint(before, after);
        derivations.push(one);
        sign_ins.push(ours);
        beyond.push(ours - one);
    }
    station.stop().await?;
    let (least_one, least_ours) = (least(&derivations), least(&sign_ins));
    Ok(vec![
        Figure::new(NAME, "sign-in among 1,000 records, median", median(sign_ins), "ms")
            .beside(median(derivations))
            .note("the baseline: one bare Argon2id, 256 MiB, 3 passes"),
        Figure::new(NAME, "the same, the fastest of each", least_ours, "ms").beside(least_one),
        Figure::new(NAME, "beyond the derivation, median of pairs", median(beyond), "ms")
            .target(Target::ValueMax(BEYOND_MS_MAX)),
        Figure::new(NAME, "beyond the derivation, the fastest", least_ours - least_one, "ms"),
    ])
}

/// Signs in by PIN alone: how long it took, ms.
async fn sign_in(connection: &mut Connection, pin: &str) -> io::Result<f64> {
    let body = serde_json::json!({"grant_type": "urn:nsk:grant:pin", "pin": pin}).to_string();
    let began = Instant::now();
    let reply = connection.ask(Request::post("/token", None, body.as_bytes())).await?;
    let took = began.elapsed();
    reply.json()?;
    Ok(took.as_secs_f64() * 1e3)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}
