//! The audit: one writer that chains events, makes them durable and signs checkpoints.
//!
//! The writer is a task behind a bounded queue and no actor: callers on any thread wait for a
//! commit and not for a reply to a message, and events that wait together share one commit. A
//! panic costs the events in hand, whose callers hear that nothing is certain; the writer goes on
//! with the head that the database has.
//!
//! Whoever issues or changes something records it first, and does nothing when that fails.

pub mod api;
mod checkpoints;
mod encoding;
pub mod export;
mod writer;

pub use checkpoints::{CHECKPOINTS_FILE, Signer};
pub use encoding::{DETAIL_BYTES_MAX, NAME_CHARS_MAX};

use crate::error::{ApiError, Trouble};
use actors::ports::{Clock, IdSource};
use entities::Store;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Events that wait for the writer; more are refused.
pub const QUEUE_MAX: usize = 4_096;
/// Events of one commit.
pub const BATCH_MAX: usize = 256;
/// Reads of resources that are kept in memory while the database is down.
pub const SPOOL_MAX: usize = 10_000;
/// Events after which a checkpoint is made.
pub const CHECKPOINT_EVENTS: u64 = 1_000;
/// Time after which a checkpoint is made, when there were events, ms.
pub const CHECKPOINT_MS: i64 = 5 * 60_000;
/// Longest wait for one commit, ms.
pub const APPEND_MS_MAX: u64 = 10_000;

/// The name under which the store keeps the chain's own name.
const STREAM_NAME: &str = "audit-stream";

/// What is to be recorded. Never a secret: tokens are named by their `jti`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was done: `token.issue`, `login.fail`.
    pub kind: &'static str,
    /// By whom, where that is known.
    pub actor: Option<String>,
    /// To whom or what.
    pub subject: Option<String>,
    /// Whatever else is worth knowing, at most [`DETAIL_BYTES_MAX`].
    pub detail: Value,
}

/// The event is not known to be durable: do not do what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the audit does not take events")]
pub struct AuditDown;

impl From<AuditDown> for ApiError {
    fn from(_: AuditDown) -> ApiError {
        ApiError::unavailable("this cannot be recorded at this moment, so it is not done")
    }
}

/// One entry on its way.
struct Waiting {
    entry: Entry,
    /// Absent for what may be spooled.
    reply: Option<oneshot::Sender<Result<(), AuditDown>>>,
}

/// What the audit stands on.
pub struct AuditDeps {
    /// Keeps the chain.
    pub store: Store,
    /// Dates events.
    pub clock: Arc<dyn Clock>,
    /// Names a new chain.
    pub ids: Arc<dyn IdSource>,
    /// Where copies of the checkpoints are appended, to be shipped away.
    pub dir: PathBuf,
    /// Signs checkpoints; without it they are kept unsigned.
    pub signer: Option<Arc<dyn Signer>>,
}

/// Records events. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    queue: mpsc::Sender<Waiting>,
    stream: String,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
}

/// What the writer shows.
#[derive(Default)]
struct Shared {
    spooled: AtomicUsize,
    failing: AtomicBool,
    /// The chain contradicts a checkpoint that was kept beside the data.
    broken: AtomicBool,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("stream", &self.0.stream).finish_non_exhaustive()
    }
}

/// The writer's task.
pub struct AuditTask(JoinHandle<()>);

impl Audit {
    /// Starts the writer on this runtime; compares the chain with the checkpoints beside the data.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(deps: AuditDeps) -> Result<(Audit, AuditTask), Trouble> {
        let failed = |e: entities::StoreError| {
            Trouble::new(format!("the audit cannot be read: {e}"))
                .remedy("check the data directory with `nsk doctor`")
        };
        let fresh = hex::encode(deps.ids.salt());
        let name = deps.store.secret_get_or_put(STREAM_NAME, fresh.as_bytes()).await;
        let stream = String::from_utf8(name.map_err(failed)?)
            .map_err(|_| Trouble::new("the audit's name is not text"))?;
        let shared = Arc::new(Shared::default());
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let (stop, stopped) = watch::channel(false);
        let mut writer =
            writer::Writer::new(deps, stream.clone(), (waiting, stopped), shared.clone());
        writer.begin().await.map_err(failed)?;
        let task = AuditTask(tokio::spawn(writer.run()));
        Ok((Audit(Arc::new(Inner { queue, stream, shared, stop })), task))
    }

    /// Records an event; it is durable when this returns `Ok`.
    ///
    /// # Errors
    /// [`AuditDown`]: the caller must not do what it wanted to record.
    pub async fn record(&self, entry: Entry) -> Result<(), AuditDown> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { entry, reply: Some(reply) };
        self.0.queue.try_send(waiting).map_err(|_| AuditDown)?;
        answer.await.unwrap_or(Err(AuditDown))
    }

    /// Records that a resource was read, without waiting. While the database is down such events
    /// are kept in memory, and written once or twice when it is back.
    ///
    /// # Errors
    /// [`AuditDown`] when [`SPOOL_MAX`] of them wait, or the queue is full.
    pub fn note(&self, entry: Entry) -> Result<(), AuditDown> {
        if self.0.shared.spooled.load(Ordering::Acquire) >= SPOOL_MAX {
            return Err(AuditDown);
        }
        self.0.queue.try_send(Waiting { entry, reply: None }).map_err(|_| AuditDown)
    }

    /// The name of this installation's chain.
    pub fn stream(&self) -> &str {
        &self.0.stream
    }

    /// Whether the last commit worked.
    pub fn is_working(&self) -> bool {
        !self.0.shared.failing.load(Ordering::Acquire) && !self.0.queue.is_closed()
    }

    /// Whether the chain contradicted a checkpoint at the start.
    pub fn is_broken(&self) -> bool {
        self.0.shared.broken.load(Ordering::Acquire)
    }

    /// Asks the writer to take nothing more, to write what waits, and to make a last checkpoint.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }
}

impl AuditTask {
    /// Waits for the end that [`Audit::stop`] asked for.
    pub async fn ended(self) {
        // A panic was logged where it happened.
        let _ = self.0.await;
    }
}

#[cfg(test)]
mod tests;
