//! The journal: one writer that groups the appends of all streams into one transaction.
//!
//! Callers append through a cheap [`JournalHandle`] from any thread and wait until their records are
//! durable. When one item spoils a batch, the batch is halved until only that item fails. When the
//! store itself fails, every caller is told so, nothing is retried behind their backs, and the
//! journal probes until the store works again.

mod health;
mod stats;
mod writer;

pub use health::{Health, JournalHealth};
pub use stats::{BATCH_BUCKETS, JournalStats};
pub use writer::Writer;

use crate::error::AppendError;
use crate::ports::{Append, Clock, EventLog, Ownership};
use crate::settings::Limits;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// One append that waits for the writer.
struct Waiting {
    append: Append,
    reply: oneshot::Sender<Result<(), AppendError>>,
}

/// What the journal stands on.
#[derive(Clone)]
pub struct Ground {
    /// The durable log.
    pub log: Arc<dyn EventLog>,
    /// Whether this process may write.
    pub owner: Arc<dyn Ownership>,
    /// Measures commits, and dates trouble.
    pub clock: Arc<dyn Clock>,
}

/// Appends to the journal. Cheap to clone, usable from any thread and runtime.
#[derive(Clone)]
pub struct JournalHandle {
    queue: mpsc::Sender<Waiting>,
    health: watch::Receiver<JournalHealth>,
    stats: Arc<JournalStats>,
    stop: Arc<watch::Sender<bool>>,
}

impl JournalHandle {
    /// Waits until the records are durable. Dropping the future does not take the append back.
    ///
    /// # Errors
    /// See [`AppendError`]; `Unavailable("busy")` when the queue is full, `Unavailable("stopped")`
    /// after the journal has stopped. Anything but `Unknown` means that nothing was written.
    pub async fn append(&self, append: Append) -> Result<(), AppendError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Waiting { append, reply }).map_err(|refused| {
            self.stats.refused();
            AppendError::Unavailable(match refused {
                mpsc::error::TrySendError::Full(_) => "busy".to_owned(),
                mpsc::error::TrySendError::Closed(_) => "stopped".to_owned(),
            })
        })?;
        // A writer that vanished may have committed first.
        answer.await.unwrap_or(Err(AppendError::Unknown))
    }

    /// How the store does now.
    pub fn health(&self) -> JournalHealth {
        self.health.borrow().clone()
    }

    /// Follows the store's health.
    pub fn health_changes(&self) -> watch::Receiver<JournalHealth> {
        self.health.clone()
    }

    /// Counters since the start.
    pub fn stats(&self) -> &JournalStats {
        &self.stats
    }

    /// Appends that wait now.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Asks the writer to refuse what comes from now on, to write what waits, and to end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// A journal whose writer the caller runs, on a runtime of its choice.
pub fn journal(ground: Ground, limits: &Limits) -> (JournalHandle, Writer) {
    let (queue, waiting) = mpsc::channel(limits.journal_queue_max);
    let (health_tx, health) =
        watch::channel(JournalHealth { state: Health::Working, since: ground.clock.now() });
    let stop = Arc::new(watch::Sender::new(false));
    let stats = Arc::new(JournalStats::default());
    let writer = Writer::new(ground, limits, waiting, health_tx, (stats.clone(), stop.subscribe()));
    (JournalHandle { queue, health, stats, stop }, writer)
}

/// A journal on a thread of its own, so that no actor's work delays a commit.
pub struct Journal {
    handle: JournalHandle,
    ended: oneshot::Receiver<()>,
    drain: Duration,
}

impl Journal {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread or no runtime.
    pub fn start(ground: Ground, limits: &Limits) -> std::io::Result<Self> {
        let (handle, writer) = journal(ground, limits);
        let (end, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            runtime.block_on(writer.run());
            // Nobody waits when the program ends without draining.
            let _ = end.send(());
        })?;
        Ok(Self { handle, ended, drain: Duration::from_millis(limits.drain_ms_max) })
    }

    /// Starts the writer as a task of this thread, for tests on paused time: a thread of its own
    /// would be real, and the paused runtime would jump to its next timeout meanwhile. Must be
    /// called inside an actix system.
    pub fn start_here(ground: Ground, limits: &Limits) -> Self {
        let (handle, writer) = journal(ground, limits);
        let (end, ended) = oneshot::channel();
        actix_rt::spawn(async move {
            writer.run().await;
            // Nobody waits when the test ends without draining.
            let _ = end.send(());
        });
        Self { handle, ended, drain: Duration::from_millis(limits.drain_ms_max) }
    }

    /// A handle for an actor.
    pub fn handle(&self) -> JournalHandle {
        self.handle.clone()
    }

    /// Refuses new appends, writes those that wait, and answers whether that was done in time.
    pub async fn stop(self) -> bool {
        self.handle.stop();
        tokio::time::timeout(self.drain, self.ended).await.is_ok()
    }
}

#[cfg(test)]
mod tests;
