//! Counters of the journal, read without stopping it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the batch sizes counted in [`JournalStats::batch_sizes`]; the last bucket counts
/// everything above.
pub const BATCH_BUCKETS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Counters since the start of the process.
#[derive(Default, Debug)]
pub struct JournalStats {
    batches: AtomicU64,
    appends: AtomicU64,
    events: AtomicU64,
    failures: AtomicU64,
    refusals: AtomicU64,
    last_commit_us: AtomicU64,
    commit_us: AtomicU64,
    sizes: [AtomicU64; BATCH_BUCKETS.len() + 1],
}

impl JournalStats {
    pub(super) fn committed(&self, appends: usize, events: usize, took_us: i64) {
        let took = u64::try_from(took_us).unwrap_or(0);
        let events = events as u64;
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.appends.fetch_add(appends as u64, Ordering::Relaxed);
        self.events.fetch_add(events, Ordering::Relaxed);
        self.last_commit_us.store(took, Ordering::Relaxed);
        self.commit_us.fetch_add(took, Ordering::Relaxed);
        let bucket = BATCH_BUCKETS.partition_point(|bound| *bound < events);
        self.sizes[bucket].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// Transactions committed.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// Appends acknowledged.
    pub fn appends(&self) -> u64 {
        self.appends.load(Ordering::Relaxed)
    }

    /// Events in acknowledged appends.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Transactions that failed, those that were then halved included.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Appends refused before the queue: busy or stopped.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// How long the newest commit took, in microseconds.
    pub fn last_commit_us(&self) -> u64 {
        self.last_commit_us.load(Ordering::Relaxed)
    }

    /// How long all commits took together, in microseconds.
    pub fn commit_us(&self) -> u64 {
        self.commit_us.load(Ordering::Relaxed)
    }

    /// Committed transactions by number of events, one count per bucket of [`BATCH_BUCKETS`] and
    /// one for larger ones.
    pub fn batch_sizes(&self) -> [u64; BATCH_BUCKETS.len() + 1] {
        std::array::from_fn(|bucket| self.sizes[bucket].load(Ordering::Relaxed))
    }
}
