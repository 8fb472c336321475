//! `load-tests bench`: the exam day under load, beside its baselines. See `README.md`.

use load_tests::baseline;
use load_tests::bench::{self, Context, Outcome, progress};
use load_tests::options::{self, Bench, COMPONENTS, Call, USAGE};
use load_tests::process::{FILES_NEEDED, raise_file_limit};
use load_tests::report::Report;
use load_tests::station::Prepared;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match options::parse(std::env::args().skip(1)) {
        Ok(Call::Help) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(Call::BaselineFanout(port)) => ended(baseline_fanout(port)),
        Ok(Call::Bench(options)) => ended(measure(&options)),
        Err(mistake) => {
            eprintln!("{mistake}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn ended(outcome: Outcome<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load-tests: {error}");
            ExitCode::FAILURE
        }
    }
}

fn baseline_fanout(port: u16) -> Outcome<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(baseline::fanout::serve(port))?;
    Ok(true)
}

/// One thread: the client shall not take the processors that the server needs.
fn measure(options: &Bench) -> Outcome<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run(options))?;
    println!("\n{}", report.table());
    if let Some(path) = &options.json {
        std::fs::write(path, report.json())?;
    }
    Ok(!options.strict || report.all_met())
}

async fn run(options: &Bench) -> Outcome<Report> {
    let files = raise_file_limit();
    if files < FILES_NEEDED {
        progress(
            "limits",
            &format!("{files} open files allowed, {FILES_NEEDED} wanted (ulimit -n)"),
        );
    }
    let me = std::env::current_exe()?;
    let nsk = options.nsk.clone().unwrap_or_else(|| beside(&me));
    let work = options.work.clone().unwrap_or_else(|| PathBuf::from("target/bench"));
    progress("prepare", &format!("{} in {}", nsk.display(), work.display()));
    let prepared = Prepared::new(&nsk, &work)?;
    let context = Context { prepared, me, quick: options.quick };
    let mut report = Report::default();
    for component in COMPONENTS.into_iter().filter(|c| options.wants(c)) {
        let figures = match component {
            "durable" => bench::durable::run(&context).await,
            "fanout" => bench::fanout::run(&context).await,
            "board" => bench::board::run(&context).await,
            "restart" => bench::restart::run(&context).await,
            "memory" => bench::memory::run(&context).await,
            "tokens" => bench::tokens::run(&context).await,
            "seal" => bench::seal::run(&context).await,
            _ => bench::panic::run(&context).await,
        };
        report.add(figures.map_err(|e| format!("{component}: {e}"))?);
    }
    Ok(report)
}

fn beside(me: &Path) -> PathBuf {
    me.with_file_name("nsk")
}
