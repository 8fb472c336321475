//! `nsk serve` and `nsk demo`: start, tell, wait for a signal, stop.

use super::arguments::{DemoArgs, Place, ServeArgs};
use super::terminal::{Done, Terminal};
use crate::config::{Config, TlsMode};
use crate::demo::{self, Demo};
use crate::error::Trouble;
use crate::serve::{self, Running};
use crate::telemetry;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The configuration of a place: its file, if one is named, with the directory of `--data`.
///
/// # Errors
/// When the file cannot be read or is not sound.
pub(crate) fn config_of(place: &Place) -> Result<Config, Trouble> {
    let mut config = match &place.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    if let Some(data) = &place.data {
        config.store.data.clone_from(data);
    }
    Ok(config)
}

/// Runs a task to its end inside an actix system.
///
/// # Errors
/// What the task fails with, or that there is no thread for it.
pub(crate) fn block_on<T>(task: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    actix_rt::System::new().block_on(task)
}

pub(super) fn serve(args: ServeArgs, terminal: &mut Terminal<'_>) -> Done {
    let mut config = config_of(&args.place)?;
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    telemetry::init(&config.log)?;
    block_on(async move {
        let mut signals = Signals::new()?;
        let running = serve::start(config).await?;
        say_address(&running, terminal);
        signals.next().await;
        stop(running, signals).await
    })
}

pub(super) fn demo(args: DemoArgs, terminal: &mut Terminal<'_>) -> Done {
    let config = demo::config(&args.data, args.listen)?;
    telemetry::init(&config.log)?;
    block_on(async move {
        let mut signals = Signals::new()?;
        let running = serve::start(config).await?;
        let started = Demo::start(&running.app, args.pace, !args.no_bots).await;
        let demo = match started {
            Ok(demo) => demo,
            Err(trouble) => {
                running.stop().await;
                return Err(trouble);
            }
        };
        say_address(&running, terminal);
        for line in demo::logins(terminal.lang) {
            terminal.say(line);
        }
        signals.next().await;
        demo.stop();
        stop(running, signals).await
    })
}

fn say_address(running: &Running, terminal: &mut Terminal<'_>) {
    let addr = running.addr;
    let word = terminal.pick("НСК работает", "nsk is running");
    let tls = &running.app.config.tls;
    let scheme = if tls.mode == TlsMode::Off { "http" } else { "https" };
    terminal.say(format_args!("{word}: {scheme}://{addr}/"));
    if tls.mode == TlsMode::Station {
        let word = terminal.pick("доверие планшетов", "tablets learn to trust it at");
        for name in tls.names_of(running.app.config.server.listen) {
            let host = if name.contains(':') { format!("[{name}]") } else { name };
            terminal.say(format_args!("{word}: https://{host}:{}/trust", addr.port()));
        }
    }
    if tls.mode == TlsMode::Off && addr.ip().is_unspecified() {
        terminal.say(terminal.pick(
            "планшетам нужен HTTPS: поставьте перед программой прокси или задайте tls.mode",
            "tablets need HTTPS: put a proxy before the program, or set tls.mode",
        ));
    }
    terminal.say(terminal.pick("остановить: Ctrl-C", "stop it with Ctrl-C"));
}

/// Stops; a second signal does not wait for the end.
async fn stop(running: Running, mut signals: Signals) -> Done {
    tokio::select! {
        clean = running.stop() => Ok(u8::from(!clean)),
        () = signals.next() => {
            tracing::warn!("stopped at once by a second signal");
            Ok(1)
        }
    }
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Signals, Trouble> {
        let listen = |kind| {
            signal(kind).map_err(|e| Trouble::new(format!("signals cannot be received: {e}")))
        };
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
