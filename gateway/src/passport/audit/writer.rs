//! The writer's loop: take what waits, chain it, commit it, answer everyone.

use super::checkpoints;
use super::encoding;
use super::{
    APPEND_MS_MAX, AuditDeps, AuditDown, BATCH_MAX, CHECKPOINT_EVENTS, CHECKPOINT_MS,
    CHECKPOINTS_FILE, Entry, SPOOL_MAX, Shared, Waiting,
};
use actors::settings::RestartPolicy;
use actors::supervision::{Budget, Verdict};
use engine::chain::Head;
use engine::identity::audit::{Checkpoint, Event, Sealed};
use engine::{Moment, Span};
use entities::StoreError;
use futures_util::FutureExt;
use serde_json::json;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Times that an append is chained anew because another process was first.
const RACES_MAX: u32 = 8;
/// How often it is looked whether a checkpoint is due or the spool can be written, ms.
const LOOK_MS: u64 = 1_000;

/// The only one who appends to this installation's chain.
pub(super) struct Writer {
    deps: AuditDeps,
    stream: String,
    waiting: mpsc::Receiver<Waiting>,
    stop: watch::Receiver<bool>,
    shared: Arc<Shared>,
    /// Unknown after a commit of which nothing was heard.
    head: Option<Head>,
    /// The event of the last checkpoint.
    checked: u64,
    checked_at: Moment,
    spool: VecDeque<(Moment, Entry)>,
}

/// Entries with the moment at which they were taken.
type Batch = Vec<(Moment, Entry)>;

impl Writer {
    pub(super) fn new(
        deps: AuditDeps,
        stream: String,
        (waiting, stop): (mpsc::Receiver<Waiting>, watch::Receiver<bool>),
        shared: Arc<Shared>,
    ) -> Writer {
        let checked_at = deps.clock.now();
        let spool = VecDeque::new();
        let (head, checked) = (None, 0);
        Writer { deps, stream, waiting, stop, shared, head, checked, checked_at, spool }
    }

    /// Reads where the chain stands, and whether it still holds what the file of checkpoints saw.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        let head = self.deps.store.audit_head(&self.stream).await?;
        self.head = Some(head);
        self.checked = self.deps.store.audit_last_checkpoint(&self.stream).await?;
        let Some(seen) = self.last_of_file().await else { return Ok(()) };
        let found = self.deps.store.audit_read(&self.stream, seen.seq.saturating_sub(1)).await?;
        if found.first().map(Sealed::head) != Some(Head { seq: seen.seq, hash: seen.hash }) {
            tracing::error!(seen = seen.seq, last = head.seq, "audit chain is broken");
            self.shared.broken.store(true, Ordering::Release);
            let detail = json!({"seen": seen.seq, "last": head.seq});
            let entry = Entry { kind: "audit.broken", actor: None, subject: None, detail };
            self.spool.push_back((self.deps.clock.now(), entry));
        }
        Ok(())
    }

    async fn last_of_file(&self) -> Option<Checkpoint> {
        let (path, stream) = (self.deps.dir.join(CHECKPOINTS_FILE), self.stream.clone());
        let read = spawn_blocking(move || {
            let mut last: Option<Checkpoint> = None;
            checkpoints::read(&path, |signed| {
                let of = signed.checkpoint;
                let later = last.as_ref().is_none_or(|last| last.seq <= of.seq);
                if of.stream == stream && later {
                    last = Some(of);
                }
            })
            .map(|()| last)
        });
        match read.await {
            Ok(Ok(last)) => last,
            Ok(Err(error)) => {
                tracing::error!(%error, "audit checkpoints beside the data cannot be read");
                None
            }
            Err(_) => None,
        }
    }

    /// Writes until it is stopped or every handle is gone. A panic costs the batch in hand; past
    /// the restart budget the writer ends, and with it all that must be recorded.
    pub(super) async fn run(mut self) {
        let (mut budget, policy) = (Budget::default(), RestartPolicy::default());
        while AssertUnwindSafe(self.serve()).catch_unwind().await.is_err() {
            self.head = None;
            match budget.failed(self.deps.clock.monotonic_ms(), &policy) {
                Verdict::RestartAfter(wait) => {
                    tracing::error!(wait_ms = wait, "audit writer panicked");
                    let wait = u64::try_from(wait).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                Verdict::Exhausted => {
                    tracing::error!("audit writer gave up");
                    return;
                }
            }
        }
        self.checkpoint().await;
        if !self.spool.is_empty() {
            tracing::error!(lost = self.spool.len(), "spooled audit events lost at the end");
        }
    }

    async fn serve(&mut self) {
        let mut looks = interval(Duration::from_millis(LOOK_MS));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.look().await;
        loop {
            tokio::select! {
                biased;
                first = self.waiting.recv() => match first {
                    Some(first) => self.take(first).await,
                    None => break,
                },
                () = stopped(&mut self.stop), if !self.waiting.is_closed() => self.waiting.close(),
                _ = looks.tick() => self.look().await,
            }
        }
        self.look().await;
    }

    async fn take(&mut self, first: Waiting) {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = self.waiting.try_recv()
        {
            batch.push(next);
        }
        let now = self.deps.clock.now();
        let (entries, replies): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| ((now, waiting.entry), waiting.reply)).unzip();
        let outcome = self.append(&entries).await;
        for ((at, entry), reply) in entries.into_iter().zip(replies) {
            match reply {
                // A caller that gave up finds its event recorded, which is the safe side.
                Some(reply) => drop(reply.send(outcome)),
                None if outcome.is_err() => self.keep(at, entry),
                None => {}
            }
        }
        if self.head.is_some_and(|head| head.seq - self.checked.min(head.seq) >= CHECKPOINT_EVENTS)
        {
            self.checkpoint().await;
        }
    }

    /// What is taken meanwhile is bounded by the queue; the handle refuses more.
    fn keep(&mut self, at: Moment, entry: Entry) {
        if self.spool.len() < SPOOL_MAX {
            self.spool.push_back((at, entry));
        } else {
            tracing::error!(kind = entry.kind, "audit spool is full, an event is lost");
        }
        self.shared.spooled.store(self.spool.len(), Ordering::Release);
    }

    /// Writes what was spooled, and makes a checkpoint when one is due.
    async fn look(&mut self) {
        while !self.spool.is_empty() {
            let some: Batch = self.spool.iter().take(BATCH_MAX).cloned().collect();
            if self.append(&some).await.is_err() {
                break;
            }
            self.spool.drain(..some.len());
            self.shared.spooled.store(self.spool.len(), Ordering::Release);
        }
        if self.deps.clock.now() - self.checked_at >= Span(CHECKPOINT_MS) {
            self.checkpoint().await;
        }
    }

    /// Chains entries behind the head and commits them. Whatever fails, the head is read anew
    /// before the next ones.
    async fn append(&mut self, entries: &[(Moment, Entry)]) -> Result<(), AuditDown> {
        let within = Duration::from_millis(APPEND_MS_MAX);
        let outcome = timeout(within, self.append_unless_raced(entries)).await;
        let failure = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("the database did not answer".to_owned()),
        };
        let failing = failure.is_some();
        let was_failing = self.shared.failing.swap(failing, Ordering::AcqRel);
        match failure {
            Some(error) => {
                self.head = None;
                if !was_failing {
                    tracing::error!(error, "audit is failing");
                }
                Err(AuditDown)
            }
            None => {
                if was_failing {
                    tracing::info!("audit works again");
                }
                Ok(())
            }
        }
    }

    async fn append_unless_raced(&mut self, entries: &[(Moment, Entry)]) -> Result<(), StoreError> {
        let mut races = 0;
        loop {
            let head = match self.head.take() {
                Some(head) => head,
                None => self.deps.store.audit_head(&self.stream).await?,
            };
            let sealed = self.chained(head, entries);
            match self.deps.store.audit_append(&sealed).await {
                Ok(()) => {
                    self.head = Some(sealed.last().map_or(head, Sealed::head));
                    return Ok(());
                }
                Err(StoreError::Taken(_)) if races < RACES_MAX => races += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn chained(&self, mut head: Head, entries: &[(Moment, Entry)]) -> Vec<Sealed> {
        let seal = |(at, entry): &(Moment, Entry)| {
            let event = Event {
                stream: self.stream.clone(),
                seq: head.seq + 1,
                at: *at,
                kind: entry.kind.to_owned(),
                actor: entry.actor.as_deref().map(encoding::name),
                subject: entry.subject.as_deref().map(encoding::name),
                detail: encoding::detail(&entry.detail),
            };
            let sealed = event.sealed(head.hash);
            head = sealed.head();
            sealed
        };
        entries.iter().map(seal).collect()
    }

    /// Signs where the chain stands, when it has grown since.
    async fn checkpoint(&mut self) {
        let now = self.deps.clock.now();
        let Some(head) = self.head.filter(|head| head.seq > self.checked) else { return };
        let checkpoint =
            Checkpoint { stream: self.stream.clone(), seq: head.seq, hash: head.hash, at: now };
        let signed = checkpoints::signed(checkpoint, self.deps.signer.as_deref());
        let kept = self.deps.store.audit_put_checkpoint(&signed).await;
        let dir = self.deps.dir.clone();
        let written = spawn_blocking(move || checkpoints::append(&dir, &signed)).await;
        match (kept, written) {
            (Ok(()), Ok(Ok(()))) => {
                (self.checked, self.checked_at) = (head.seq, now);
            }
            (kept, written) => {
                tracing::warn!(?kept, ?written, "audit checkpoint not kept");
            }
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A closed channel means that every handle is gone; the queue says so as well.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
