//! What every request handler and live connection shares: `web::Data<App>`.

use crate::adapters::StoreRevocation;
use crate::auth::Auth;
use crate::config::{Config, LiveLimits};
use crate::passport::Passport;
use crate::telemetry::{Metrics, Pulled};
use actors::board::Board;
use actors::catalog::Catalog;
use actors::exams::Exams;
use actors::journal::JournalHandle;
use actors::ports::{Clock, IdSource, Presence};
use actors::session::Sessions;
use actors::settings::Limits;
use actors::system::Picture;
use entities::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The program's parts, put together by `serve`. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// All exams.
    pub exams: Exams,
    /// The board of all exams.
    pub board: Board,
    /// Sittings that outlive connections.
    pub sessions: Sessions,
    /// Reads of everything; the small registries.
    pub store: Store,
    /// Exams by their numbers, tools by their hashes.
    pub catalog: Arc<dyn Catalog>,
    /// Sign-in and tokens.
    pub auth: Auth,
    /// The digital passport.
    pub passport: Passport,
    /// Which tokens are revoked; an open connection follows its changes.
    pub revocation: Arc<StoreRevocation>,
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
    /// The journal, for its health and counters.
    pub journal: JournalHandle,
    /// What the tree of actors does, a quarter of a second old at most.
    pub picture: watch::Receiver<Picture>,
    /// Becomes true when the program begins to stop: readiness ends, sockets are asked to
    /// reconnect.
    pub draining: watch::Receiver<bool>,
}

impl App {
    /// Why the program is not ready for work, or `None` when it is. For `/readyz`.
    pub fn not_ready(&self) -> Option<String> {
        if *self.draining.borrow() {
            return Some("stopping".to_owned());
        }
        let health = self.journal.health();
        (!health.is_working()).then(|| format!("the journal: {health}"))
    }

    /// The metrics page. For `/metrics`.
    pub fn metrics_page(&self) -> String {
        let picture = self.picture.borrow().clone();
        let stats = self.journal.stats();
        let pulled = Pulled {
            journal_batches: stats.batches(),
            journal_events: stats.events(),
            journal_waiting: self.journal.queued() as u64,
            panics: picture.exams.num_panics + picture.sessions.num_panics,
            restarts: picture.exams.num_restarts + picture.sessions.num_restarts,
            quarantined: picture.exams.quarantined as u64,
        };
        let mut phases: BTreeMap<&'static str, i64> = BTreeMap::new();
        for row in self.board.rows() {
            *phases.entry(row.phase.word()).or_default() += 1;
        }
        self.metrics.page(pulled, &phases)
    }
}
