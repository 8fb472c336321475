//! The station with planted faults: it serves as `nsk serve` does, and each `SIGUSR1` makes the
//! next decision of exam 1001 panic. Built with the feature `faults` only, for `load-tests bench
//! --only panic`; the program that ships has no such hook.

use engine::WireId;
use gateway::config::Config;
use gateway::error::Trouble;
use gateway::serve::{Machine, start_on};
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
    let machine = Machine::default();
    let faults = machine.faults.clone();
    let running = start_on(config, machine).await?;
    loop {
        tokio::select! {
            _ = plant.recv() => faults.panic_in_decide(WireId(FIRST_EXAM), 1),
            _ = stop.recv() => return Ok(running.stop().await),
        }
    }
}
