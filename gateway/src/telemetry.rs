//! Log lines, request spans and metrics: what an operator sees of the running program.

mod metrics;
mod requests;

pub use metrics::{METRIC_NAMES, Metrics, Outcome, Pulled};
pub use requests::{REQUEST_ID, RequestId, trace};

use crate::config::{LogConfig, LogFormat};
use crate::error::Trouble;
use std::io;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Where the HTTP server complains about requests that it cannot read.
const RUBBISH: &str = "actix_http::h1::dispatcher=off";

/// Starts logging to standard error. A second call (in tests) changes nothing.
///
/// # Errors
/// When the filter cannot be read.
pub fn init(config: &LogConfig) -> Result<(), Trouble> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|e| {
        Trouble::new(format!("log.filter `{}` cannot be read: {e}", config.filter))
            .remedy("give a level such as info, or directives such as info,actors=debug")
    })?;
    // Whoever connects can send rubbish: that is no error of ours, and must not fill the log.
    let mentioned = config.filter.contains("actix_http");
    let quiet = RUBBISH.parse().ok().filter(|_| !mentioned);
    let filter = quiet.into_iter().fold(filter, EnvFilter::add_directive);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let started = match config.format {
        LogFormat::Human => registry.with(layer.with_target(false).compact()).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    if started.is_ok() {
        log_panics();
    }
    Ok(())
}

/// A panic is one log line: supervision deals with it, and a backtrace helps nobody in a classroom.
fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let text = info.payload_as_str().unwrap_or("no message");
        tracing::error!(place, text, "a part of the program panicked");
    }));
}
