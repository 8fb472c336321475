//! Limits and restart policies as plain structs. Every limit of this crate is named here, with its
//! unit last; nothing here reads a file or the environment.

/// Every bound of queues, batches, frames and waits. The defaults suit a laptop with 2,000 exams.
#[derive(Clone, PartialEq, Debug)]
pub struct Limits {
    /// Messages that wait in one actor's mailbox; more are refused as busy.
    pub mailbox_max: usize,
    /// Children under one supervisor.
    pub children_max: usize,
    /// Appends that wait for the journal; more are refused as busy.
    pub journal_queue_max: usize,
    /// Events in one transaction. A single append with more goes alone.
    pub journal_batch_events_max: usize,
    /// Longest wait for one transaction, in ms; after it the outcome is unknown.
    pub journal_append_ms_max: u64,
    /// How often a journal in trouble tries by itself whether the trouble is over, in ms.
    pub journal_probe_ms: u64,
    /// Longest that stopping waits for queued appends, in ms.
    pub drain_ms_max: u64,
    /// Frames in one connection's outbox.
    pub outbox_frames_max: usize,
    /// Bytes in one connection's outbox.
    pub outbox_bytes_max: usize,
    /// Unanswered commands of one connection that the client is told to keep to.
    pub inflight_max: usize,
    /// Unanswered commands of one connection at which it is closed.
    pub inflight_hard_max: usize,
    /// Events sent on resume; with more missing, a snapshot is sent.
    pub resume_events_max: u32,
    /// Events read from the log in one go.
    pub read_events_max: u32,
    /// Newest events of a live stream kept in memory for resuming.
    pub ring_events_max: usize,
    /// Subscriptions of one connection.
    pub subscriptions_max: usize,
    /// Longest wait for an actor's answer, in ms.
    pub ask_ms_max: u64,
    /// The board's tick, in ms.
    pub board_tick_ms: u64,
    /// How often a changed view's digest is sent, in ms.
    pub digest_ms: u64,
    /// How often children are pinged, in ms.
    pub heartbeat_ms: u64,
    /// Unanswered heartbeats after which a child counts as frozen.
    pub heartbeats_missed_max: u32,
    /// Heartbeats within which a child must have started.
    pub start_heartbeats_max: u32,
    /// Threads given up because something blocked them; more are a systemic failure.
    pub arbiters_abandoned_max: usize,
    /// Hints that a slow subscriber may lag behind before it loses some.
    pub hints_max: usize,
    /// Revocations that a slow subscriber may lag behind before it loses some.
    pub revocations_max: usize,
    /// Jobs that wait in the in-process queue.
    pub jobs_max: usize,
    /// Members of one presence topic.
    pub presence_members_max: usize,
    /// Presence topics.
    pub presence_topics_max: usize,
    /// After this long without a touch a member is no longer present, in ms.
    pub presence_ms_max: i64,
    /// Panics on the same command after which it is refused for good.
    pub poison_panics_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mailbox_max: 64,
            children_max: 10_000,
            journal_queue_max: 4_096,
            journal_batch_events_max: 256,
            journal_append_ms_max: 10_000,
            journal_probe_ms: 1_000,
            drain_ms_max: 2_000,
            outbox_frames_max: 256,
            outbox_bytes_max: 1024 * 1024,
            inflight_max: 16,
            inflight_hard_max: 64,
            resume_events_max: 500,
            read_events_max: 1_000,
            ring_events_max: 256,
            subscriptions_max: 64,
            ask_ms_max: 5_000,
            board_tick_ms: 250,
            digest_ms: 5_000,
            heartbeat_ms: 1_000,
            heartbeats_missed_max: 8,
            start_heartbeats_max: 30,
            arbiters_abandoned_max: 8,
            hints_max: 4_096,
            revocations_max: 1_024,
            jobs_max: 1_024,
            presence_members_max: 1_024,
            presence_topics_max: 16_384,
            presence_ms_max: 30_000,
            poison_panics_max: 2,
        }
    }
}

/// How often a failed child may be restarted, and how long to wait before each time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RestartPolicy {
    /// Restarts within the window; one more failure exhausts the budget.
    pub at_most: u32,
    /// The window, in ms.
    pub within_ms: i64,
    /// Wait before the first restart, in ms; doubled for each further one.
    pub backoff_min_ms: i64,
    /// Longest wait, in ms.
    pub backoff_max_ms: i64,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self { at_most: 3, within_ms: 60_000, backoff_min_ms: 100, backoff_max_ms: 5_000 }
    }
}

/// When many quarantines in a short time mean that the build or the machine is bad.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SystemicPolicy {
    /// The window, in ms.
    pub within_ms: i64,
    /// More quarantines than this in the window are systemic.
    pub quarantines_max: u32,
    /// More than this share of the children, in percent, is systemic too.
    pub percent_max: u32,
    /// Below this many quarantines the share is not judged: one of three exams proves nothing.
    pub percent_from: u32,
}

impl Default for SystemicPolicy {
    fn default() -> Self {
        Self { within_ms: 60_000, quarantines_max: 20, percent_max: 5, percent_from: 3 }
    }
}
