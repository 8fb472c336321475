//! The station with planted faults: it serves as `nsk serve` does, and each `SIGUSR1` makes the
//! next decision of one exam panic, first of exam 1001, then of 1002, and so on. Built with the feature `faults` only, for `load-tests bench
//! --only panic`; the program that ships has no such hook.

use engine::WireId;
use gateway::config::Config;
use gateway::error::Trouble;
use gateway::serve::{Machine, start_on};
use gateway::telemetry;
use load_tests::day::FIRST_EXAM;
use std::path::Path;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [serve, _, config, _, data, _, listen] = &args[..] else {
        eprintln!("usage: nsk-faulty serve --config FILE --data DIR --listen ADDR");
        return ExitCode::from(2);
    };
    let config = configured(config, data, listen);
    let served = config.and_then(|config| actix_rt::System::new().block_on(serve_faulty(config)));
    match served {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("nsk-faulty {serve}: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn configured(file: &str, data: &str, listen: &str) -> Result<Config, Trouble> {
    let mut config = Config::read(Path::new(file))?;
    config.store.data = data.into();
    config.server.listen =
        listen.parse().map_err(|e| Trouble::new(format!("no address {listen}: {e}")))?;
    Ok(config)
}

async fn serve_faulty(config: Config) -> Result<bool, Trouble> {
    let listen = |kind| signal(kind).map_err(|e| Trouble::new(format!("no signals: {e}")));
    let mut plant = listen(SignalKind::user_defined1())?;
    let mut stop = listen(SignalKind::terminate())?;
    // As `nsk` does: a panic is one log line without a backtrace.
    telemetry::init(&config.log)?;
    let machine = Machine::default();
    let faults = machine.faults.clone();
    let running = start_on(config, machine).await?;
    let mut next = FIRST_EXAM;
    loop {
        tokio::select! {
            _ = plant.recv() => {
                faults.panic_in_decide(WireId(next), 1);
                next += 1;
            }
            _ = stop.recv() => return Ok(running.stop().await),
        }
    }
}
