//! Ports of a single process: what a station runs on, and the defaults of tests.

use super::{
    Fence, Hint, Hints, JobQueue, JobRef, Member, Ownership, Presence, Revocation, Revoked,
};
use crate::error::QueueError;
use crate::ports::Clock;
use crate::settings::Limits;
use async_trait::async_trait;
use engine::identity::{Carried, Snapshot, Standing};
use engine::{Moment, Span};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::{Notify, broadcast};

/// A poisoned lock still guards whole values here: every critical section is panic-free.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Owns every stream for as long as the process lives; the store checks the boot counter.
#[derive(Clone, Copy, Debug)]
pub struct LocalOwner {
    fence: Fence,
}

impl LocalOwner {
    /// An owner with the boot counter of this start of the process.
    pub fn new(boot: u64) -> Self {
        Self { fence: Fence(boot) }
    }
}

impl Ownership for LocalOwner {
    fn fence(&self) -> Option<Fence> {
        Some(self.fence)
    }
}

/// Hints within one process.
#[derive(Debug)]
pub struct LocalHints {
    sender: broadcast::Sender<Hint>,
}

impl LocalHints {
    /// A bus on which a subscriber may lag `hints_max` behind.
    pub fn new(limits: &Limits) -> Self {
        Self { sender: broadcast::Sender::new(limits.hints_max) }
    }
}

impl Hints for LocalHints {
    fn publish(&self, hint: Hint) {
        // Nobody listening is no fault: hints are lossy.
        let _ = self.sender.send(hint);
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.sender.subscribe()
    }
}

/// A job queue within one process. What it forgets on exit, the job's row remembers.
#[derive(Debug)]
pub struct LocalJobs {
    waiting: Mutex<HashMap<String, VecDeque<JobRef>>>,
    arrived: Notify,
    jobs_max: usize,
}

impl LocalJobs {
    /// A queue of at most `jobs_max` runs.
    pub fn new(limits: &Limits) -> Self {
        Self { waiting: Mutex::default(), arrived: Notify::new(), jobs_max: limits.jobs_max }
    }

    fn take(&self, target: &str) -> Option<JobRef> {
        held(&self.waiting).get_mut(target)?.pop_front()
    }
}

#[async_trait]
impl JobQueue for LocalJobs {
    async fn dispatch(&self, job: JobRef) -> Result<(), QueueError> {
        {
            let mut waiting = held(&self.waiting);
            if waiting.values().map(VecDeque::len).sum::<usize>() >= self.jobs_max {
                return Err(QueueError::Full);
            }
            waiting.entry(job.target.clone()).or_default().push_back(job);
        }
        self.arrived.notify_waiters();
        Ok(())
    }

    async fn next(&self, target: &str) -> JobRef {
        loop {
            // Registered before looking, so that a run dispatched in between is not missed.
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(job) = self.take(target) {
                return job;
            }
            arrived.await;
        }
    }

    async fn done(&self, _job: &JobRef) {}
}

/// A topic's members by key, each with the monotonic millisecond at which it vanishes.
type Present = BTreeMap<String, (Member, i64)>;

/// Presence within one process; members that are not touched for `presence_ms_max` vanish.
pub struct LocalPresence {
    clock: Arc<dyn Clock>,
    topics: Mutex<HashMap<String, Present>>,
    members_max: usize,
    topics_max: usize,
    stay_ms: i64,
}

impl LocalPresence {
    /// Nobody is present yet.
    pub fn new(clock: Arc<dyn Clock>, limits: &Limits) -> Self {
        Self {
            clock,
            topics: Mutex::default(),
            members_max: limits.presence_members_max,
            topics_max: limits.presence_topics_max,
            stay_ms: limits.presence_ms_max,
        }
    }
}

#[async_trait]
impl Presence for LocalPresence {
    fn touch(&self, topic: &str, member: Member) {
        let until = self.clock.monotonic_ms().saturating_add(self.stay_ms);
        let now = self.clock.monotonic_ms();
        let mut topics = held(&self.topics);
        if !topics.contains_key(topic) {
            if topics.len() >= self.topics_max {
                topics.retain(|_, members| members.values().any(|(_, end)| *end > now));
            }
            if topics.len() >= self.topics_max {
                return;
            }
        }
        let members = topics.entry(topic.to_owned()).or_default();
        if !members.contains_key(&member.key) && members.len() >= self.members_max {
            members.retain(|_, (_, end)| *end > now);
            if members.len() >= self.members_max {
                return;
            }
        }
        members.insert(member.key.clone(), (member, until));
    }

    fn leave(&self, topic: &str, key: &str) {
        let mut topics = held(&self.topics);
        if let Some(members) = topics.get_mut(topic) {
            members.remove(key);
            if members.is_empty() {
                topics.remove(topic);
            }
        }
    }

    async fn list(&self, topic: &str) -> Option<Vec<Member>> {
        Some(self.members(topic))
    }
}

impl LocalPresence {
    /// Whether a member is listed already.
    pub fn has(&self, topic: &str, key: &str) -> bool {
        held(&self.topics).get(topic).is_some_and(|members| members.contains_key(key))
    }

    /// Every topic's members.
    pub fn all(&self) -> Vec<(String, Vec<Member>)> {
        let topics: Vec<String> = held(&self.topics).keys().cloned().collect();
        let all = topics.into_iter().map(|topic| (self.members(&topic), topic));
        all.filter(|(members, _)| !members.is_empty()).map(|(m, t)| (t, m)).collect()
    }

    /// Members of a topic, in order of key.
    pub fn members(&self, topic: &str) -> Vec<Member> {
        let now = self.clock.monotonic_ms();
        let mut topics = held(&self.topics);
        let Some(members) = topics.get_mut(topic) else { return Vec::new() };
        members.retain(|_, (_, until)| *until > now);
        let present = members.values().map(|(member, _)| member.clone()).collect();
        if members.is_empty() {
            topics.remove(topic);
        }
        present
    }
}

/// Revocations known to this process. Who persists them calls [`LocalRevocation::revoke`] for each
/// row, at start as well, and [`LocalRevocation::forget`] from time to time.
#[derive(Debug)]
pub struct LocalRevocation {
    known: RwLock<Snapshot>,
    sender: broadcast::Sender<Revoked>,
}

impl LocalRevocation {
    /// Nothing is revoked yet.
    pub fn new(limits: &Limits) -> Self {
        Self { known: RwLock::default(), sender: broadcast::Sender::new(limits.revocations_max) }
    }

    /// Revokes until the last token concerned has expired; an epoch for ever. Not bounded by a
    /// count: forgetting a revocation would let a token in, so only time may remove one.
    pub fn revoke(&self, what: Revoked, until: Moment) {
        let news = self.known.write().unwrap_or_else(PoisonError::into_inner).revoke(&what, until);
        if news {
            // Nobody listening is no fault: who connects later asks for the standing.
            let _ = self.sender.send(what);
        }
    }

    /// Forgets what expired before `now`.
    pub fn forget(&self, now: Moment) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).forget(now);
    }

    /// A look at all that is revoked.
    pub fn known(&self) -> RwLockReadGuard<'_, Snapshot> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Revocation for LocalRevocation {
    fn standing(&self, carried: &Carried) -> Standing {
        if self.known().hits(carried) { Standing::Revoked } else { Standing::Good }
    }

    /// What this process revokes it knows at once.
    fn age(&self) -> Span {
        Span::ZERO
    }

    fn changes(&self) -> broadcast::Receiver<Revoked> {
        self.sender.subscribe()
    }
}

#[cfg(test)]
mod tests;
