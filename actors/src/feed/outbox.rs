//! The bounded queue between the actors and one connection's writer.

use super::{Item, Topic, Update};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What became of a pushed item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pushed {
    /// It waits to be sent.
    Queued,
    /// The stream lags: the client will be told and must subscribe anew.
    Lagging,
    /// The connection has ended: forget it.
    Closed,
}

/// One connection's queue. Any thread pushes; one task pops.
#[derive(Debug)]
pub struct Outbox {
    frames_max: usize,
    bytes_max: usize,
    replies_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Item>,
    updates: usize,
    bytes: usize,
    replies: usize,
    lagging: BTreeMap<Topic, u64>,
    told: BTreeMap<Topic, ()>,
    waker: Option<Waker>,
    closed: bool,
    close_code: Option<u16>,
}

impl Outbox {
    /// An empty queue that holds so many updates and bytes, and so many unsent replies.
    pub fn new(frames_max: usize, bytes_max: usize, replies_max: usize) -> Outbox {
        Outbox { frames_max, bytes_max, replies_max, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves a queue that is still a queue.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues one step of a stream, or marks the stream as lagging.
    pub fn update(&self, update: &Arc<Update>) -> Pushed {
        let mut inner = self.lock();
        if inner.closed {
            return Pushed::Closed;
        }
        if let Some(missed) = inner.lagging.get_mut(&update.topic) {
            *missed += 1;
            return Pushed::Lagging;
        }
        let weight = update.weight();
        if inner.updates >= self.frames_max || inner.bytes + weight > self.bytes_max {
            inner.lag(&update.topic);
            wake(inner);
            return Pushed::Lagging;
        }
        inner.updates += 1;
        inner.bytes += weight;
        inner.queue.push_back(Item::Update(update.clone()));
        wake(inner);
        Pushed::Queued
    }

    /// Whether all of these updates would find room now. Who resumes with more would lag at once,
    /// for ever again: a snapshot is sent instead.
    pub fn has_room_for(&self, updates: &[Arc<Update>]) -> bool {
        let inner = self.lock();
        let bytes: usize = updates.iter().map(|update| update.weight()).sum();
        inner.updates + updates.len() <= self.frames_max && inner.bytes + bytes <= self.bytes_max
    }

    /// Queues anything else. A subscription ends a stream's lag and takes the place of everything
    /// that waits of that stream; so does a newer snapshot, digest or list of viewers of the older
    /// ones. What is queued is therefore bounded by the streams followed, however often a client
    /// asks and however little it reads.
    pub fn push(&self, item: Item) -> Pushed {
        let mut inner = self.lock();
        if inner.closed {
            return Pushed::Closed;
        }
        if let Item::Digest { topic, .. } | Item::Presence { topic, .. } = &item
            && (inner.lagging.contains_key(topic) || inner.updates >= self.frames_max)
        {
            return Pushed::Lagging;
        }
        inner.make_way_for(&item);
        if item.is_answer() {
            inner.replies += 1;
            if inner.replies > self.replies_max {
                inner.closed = true;
                wake(inner);
                return Pushed::Closed;
            }
        }
        inner.queue.push_back(item);
        wake(inner);
        Pushed::Queued
    }

    /// The stream is followed no longer: nothing of it is sent any more.
    pub fn forget(&self, topic: &Topic) {
        let mut inner = self.lock();
        inner.lagging.remove(topic);
        inner.told.remove(topic);
        inner.withdraw(topic, |_| true);
    }

    /// The next item to send; `None` once closed and empty.
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let mut inner = self.lock();
        if let Some(item) = inner.pop() {
            return Poll::Ready(Some(item));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The next item, when one waits.
    pub fn try_next(&self) -> Option<Item> {
        self.lock().pop()
    }

    /// Waits for the next item; `None` once closed and empty.
    pub async fn next(&self) -> Option<Item> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Ends the connection: what is queued may still be sent, nothing more is taken.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        wake(inner);
    }

    /// Ends the connection with a close code of the live protocol.
    pub fn close_with(&self, code: u16) {
        self.lock().close_code.get_or_insert(code);
        self.close();
    }

    /// The close code, if one was given.
    pub fn close_code(&self) -> Option<u16> {
        self.lock().close_code
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Items that wait.
    pub fn len(&self) -> usize {
        self.lock().queue.len()
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Wakes the writer after the lock is released.
fn wake(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Inner {
    /// Drops the queued updates of a stream and counts them. A digest of what they lead to goes too:
    /// alone it would look like a hole that nobody named.
    fn lag(&mut self, topic: &Topic) {
        let dropped =
            self.withdraw(topic, |item| matches!(item, Item::Update(_) | Item::Digest { .. }));
        self.lagging.insert(topic.clone(), dropped + 1);
    }

    /// Takes out what this item replaces.
    fn make_way_for(&mut self, item: &Item) {
        let Some(topic) = item.topic() else { return };
        if matches!(item, Item::Subscribed { .. }) {
            self.lagging.remove(topic);
            self.told.remove(topic);
        }
        if self.queue.is_empty() {
            return;
        }
        self.withdraw(topic, |queued| match item {
            Item::Subscribed { .. } => true,
            Item::Snapshot(_) => {
                matches!(queued, Item::Snapshot(_) | Item::Update(_) | Item::Digest { .. })
            }
            Item::Digest { .. } => matches!(queued, Item::Digest { .. }),
            Item::Presence { .. } => matches!(queued, Item::Presence { .. }),
            Item::Lagged { .. } => matches!(queued, Item::Lagged { .. }),
            Item::Update(_) | Item::Reply(_) => false,
        });
    }

    /// Takes items of a stream out of the queue, but no answers; says how many updates were among
    /// them.
    fn withdraw(&mut self, topic: &Topic, which: impl Fn(&Item) -> bool) -> u64 {
        let (mut count, mut updates, mut bytes) = (0, 0, 0);
        self.queue.retain(|item| {
            if item.topic() != Some(topic) || item.is_answer() || !which(item) {
                return true;
            }
            if let Item::Update(u) = item {
                count += 1;
                updates += 1;
                bytes += u.weight();
            }
            false
        });
        self.updates -= updates;
        self.bytes -= bytes;
        count
    }

    fn pop(&mut self) -> Option<Item> {
        if let Some(item) = self.queue.pop_front() {
            if let Item::Update(u) = &item {
                self.updates -= 1;
                self.bytes -= u.weight();
            }
            self.replies -= usize::from(item.is_answer());
            return Some(item);
        }
        // Everything else is sent: now each lagging stream is named, once.
        let topic = self.lagging.keys().find(|t| !self.told.contains_key(*t))?.clone();
        let missed = self.lagging.get(&topic).copied().unwrap_or_default();
        self.told.insert(topic.clone(), ());
        Some(Item::Lagged { topic, missed })
    }
}

#[cfg(test)]
mod tests;
