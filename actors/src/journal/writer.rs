//! The writer's loop: take what waits, commit it, answer everyone.

use super::health::{Health, JournalHealth};
use super::stats::JournalStats;
use super::{Ground, Waiting};
use crate::error::AppendError;
use crate::ports::Append;
use crate::settings::{Limits, RestartPolicy};
use crate::supervision::{Budget, Verdict};
use futures_util::FutureExt;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// Yields without a newcomer after which the batch is closed.
const QUIET_YIELDS: u32 = 64;
/// The part of the last commit's time that a batch may stay open.
const LINGER_PART: i64 = 4;

/// What woke the writer.
enum Wake {
    Item(Box<Waiting>),
    Probe,
    End,
}

/// The only one who appends to the log. Run it once, as a task or on a thread.
pub struct Writer {
    ground: Ground,
    waiting: mpsc::Receiver<Waiting>,
    /// Taken from the queue, but too large for the batch before it.
    carried: Option<Waiting>,
    health: watch::Sender<JournalHealth>,
    stats: Arc<JournalStats>,
    stop: watch::Receiver<bool>,
    /// How many appends may be expected together: those answered last and those that came since.
    expected: usize,
    batch_events_max: usize,
    append_max: Duration,
    probe_every: Duration,
}

impl Writer {
    pub(super) fn new(
        ground: Ground,
        limits: &Limits,
        waiting: mpsc::Receiver<Waiting>,
        health: watch::Sender<JournalHealth>,
        (stats, stop): (Arc<JournalStats>, watch::Receiver<bool>),
    ) -> Self {
        Self {
            ground,
            waiting,
            carried: None,
            health,
            stats,
            stop,
            expected: 0,
            batch_events_max: limits.journal_batch_events_max,
            append_max: Duration::from_millis(limits.journal_append_ms_max),
            probe_every: Duration::from_millis(limits.journal_probe_ms),
        }
    }

    /// Writes until it is stopped or every handle is gone. A panic in the loop costs the batch in
    /// hand (its callers hear `Unknown`); past the restart budget the writer ends.
    pub async fn run(mut self) {
        let (mut budget, policy) = (Budget::default(), RestartPolicy::default());
        loop {
            if AssertUnwindSafe(self.serve()).catch_unwind().await.is_ok() {
                break;
            }
            let now = self.ground.clock.monotonic_ms();
            match budget.failed(now, &policy) {
                Verdict::RestartAfter(wait) => {
                    tracing::error!(wait_ms = wait, "journal writer panicked");
                    let wait = u64::try_from(wait).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                Verdict::Exhausted => {
                    tracing::error!("journal writer gave up");
                    break;
                }
            }
        }
        self.waiting.close();
        self.show(Health::Stopped);
    }

    async fn serve(&mut self) {
        loop {
            match self.wake().await {
                Wake::Item(first) => {
                    let (appends, replies) = self.gather(*first).await;
                    let answered = appends.len();
                    self.settle(&appends, replies).await;
                    self.expected = answered + self.waiting.len();
                }
                Wake::Probe => {
                    let outcome = self.attempt(None).await;
                    self.judge(&outcome);
                }
                Wake::End => return,
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        if *self.stop.borrow() {
            // Under load the queue is never empty, so the wait below would not notice.
            self.waiting.close();
        }
        if let Some(item) = self.carried.take() {
            return Wake::Item(Box::new(item));
        }
        let working = self.health.borrow().is_working();
        tokio::select! {
            biased;
            item = self.waiting.recv() => match item {
                Some(item) => Wake::Item(Box::new(item)),
                None => Wake::End,
            },
            () = stopped(&mut self.stop), if !self.waiting.is_closed() => {
                self.waiting.close();
                match self.waiting.recv().await {
                    Some(item) => Wake::Item(Box::new(item)),
                    None => Wake::End,
                }
            }
            () = tokio::time::sleep(self.probe_every), if !working => Wake::Probe,
        }
    }

    /// Everything that waits, up to the batch's limit. Callers who were just answered tend to come
    /// back at once: they are waited for as long as they keep coming, at most a part of a commit,
    /// or half of them would always wait for the other half's commit.
    async fn gather(&mut self, first: Waiting) -> (Vec<Append>, Replies) {
        let mut events = first.append.records.len();
        let (mut appends, mut replies) = (vec![first.append], vec![Some(first.reply)]);
        let (mut quiet, began) = (0, self.ground.clock.monotonic_us());
        loop {
            if let Ok(next) = self.waiting.try_recv() {
                events += next.append.records.len();
                if events > self.batch_events_max || appends.len() >= self.batch_events_max {
                    self.carried = Some(next);
                    break;
                }
                appends.push(next.append);
                replies.push(Some(next.reply));
                quiet = 0;
                continue;
            }
            let lingered = self.ground.clock.monotonic_us() - began;
            if appends.len() >= self.expected
                || quiet >= QUIET_YIELDS
                || lingered > self.linger_us()
            {
                break;
            }
            quiet += 1;
            std::thread::yield_now();
            tokio::task::yield_now().await;
        }
        (appends, replies)
    }

    fn linger_us(&self) -> i64 {
        i64::try_from(self.stats.last_commit_us()).unwrap_or(0) / LINGER_PART
    }

    /// Commits the batch; when one item is to blame, halves it until only that item fails. The
    /// left half goes first, so the order within a stream stays.
    async fn settle(&mut self, appends: &[Append], mut replies: Replies) {
        let mut parts: Vec<Range<usize>> = Vec::new();
        parts.push(0..appends.len());
        while let Some(part) = parts.pop() {
            let outcome = self.attempt(Some(&appends[part.clone()])).await;
            self.judge(&outcome);
            let halve = part.len() > 1 && outcome.as_ref().is_err_and(AppendError::blames_one);
            if halve {
                let middle = part.start + part.len() / 2;
                parts.push(middle..part.end);
                parts.push(part.start..middle);
                continue;
            }
            for reply in replies[part].iter_mut().filter_map(Option::take) {
                // A caller that gave up finds its command journalled when it asks again.
                let _ = reply.send(outcome.clone());
            }
        }
    }

    /// One transaction, or a probe. A panic or silence of the log is an unknown outcome.
    async fn attempt(&mut self, batch: Option<&[Append]>) -> Result<(), AppendError> {
        let fence = self.ground.owner.fence().ok_or(AppendError::Fenced)?;
        let log = self.ground.log.clone();
        let started = self.ground.clock.monotonic_us();
        let work = async {
            match batch {
                Some(batch) => log.append(fence, batch).await,
                None => log.probe(fence).await,
            }
        };
        let outcome = match timeout(self.append_max, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                tracing::error!("the event log panicked during an append");
                Err(AppendError::Unknown)
            }
            Err(_) => {
                tracing::error!("the event log did not answer an append");
                Err(AppendError::Unknown)
            }
        };
        match (&outcome, batch) {
            (Ok(()), Some(batch)) => {
                let took = self.ground.clock.monotonic_us() - started;
                let events = batch.iter().map(|append| append.records.len()).sum();
                self.stats.committed(batch.len(), events, took);
            }
            (Err(_), Some(_)) => self.stats.failed(),
            (_, None) => {}
        }
        outcome
    }

    /// An item's own fault says that the store works.
    fn judge(&self, outcome: &Result<(), AppendError>) {
        match outcome {
            Err(error) if !error.blames_one() => self.show(Health::Failing(error.clone())),
            _ => self.show(Health::Working),
        }
    }

    fn show(&self, state: Health) {
        let changed = self.health.send_if_modified(|health| {
            let changed = health.state != state;
            if changed {
                *health = JournalHealth { state: state.clone(), since: self.ground.clock.now() };
            }
            changed
        });
        if changed {
            match &state {
                Health::Working => tracing::info!("journal works again"),
                Health::Failing(error) => tracing::error!(%error, "journal is failing"),
                Health::Stopped => tracing::info!("journal stopped"),
            }
        }
    }
}

type Replies = Vec<Option<oneshot::Sender<Result<(), AppendError>>>>;

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A closed channel means that every handle is gone; the queue says so as well.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
