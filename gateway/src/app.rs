//! What every request handler and live connection shares: `web::Data<App>`.

use crate::auth::Auth;
use crate::config::{Config, LiveLimits};
use crate::telemetry::Metrics;
use actors::ports::{Clock, IdSource, Presence, Revocation};
use actors::settings::Limits;
use std::sync::Arc;
use tokio::sync::watch;

/// The program's parts, put together by `serve`.
#[derive(Clone)]
pub struct App {
    /// Sign-in and tokens.
    pub auth: Auth,
    /// Which tokens are revoked; an open connection follows its changes.
    pub revocation: Arc<dyn Revocation>,
    /// Who looks at what.
    pub presence: Arc<dyn Presence>,
    /// The station's time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn IdSource>,
    /// Limits of the actors.
    pub limits: Limits,
    /// Limits of live connections and requests.
    pub live: LiveLimits,
    /// The configuration.
    pub config: Arc<Config>,
    /// What is counted.
    pub metrics: Metrics,
    /// Becomes true when the program begins to stop: readiness ends, sockets are asked to
    /// reconnect.
    pub draining: watch::Receiver<bool>,
}
