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
    /// Drops the queued updates of a stream and counts them.
    fn lag(&mut self, topic: &Topic) {
        let dropped = self.withdraw(topic, |item| matches!(item, Item::Update(_)));
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
mod tests {
    use super::*;
    use engine::{Moment, WireId};

    fn update(exam: u64, seq: u64) -> Arc<Update> {
        Arc::new(Update::new(Topic::exam(WireId(exam)), seq, Moment(0), "answer_saved"))
    }

    fn seqs(outbox: &Outbox) -> Vec<String> {
        std::iter::from_fn(|| outbox.try_next())
            .map(|item| match item {
                Item::Update(u) => format!("{}#{}", u.topic, u.seq),
                Item::Lagged { topic, missed } => format!("{topic} lost {missed}"),
                Item::Subscribed { topic, .. } => format!("{topic} again"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_full_queue_names_what_was_lost_and_spares_other_streams() {
        let outbox = Outbox::new(3, 1 << 20, 4);
        assert_eq!(outbox.update(&update(1, 1)), Pushed::Queued);
        assert_eq!(outbox.update(&update(2, 1)), Pushed::Queued);
        assert_eq!(outbox.update(&update(1, 2)), Pushed::Queued);
        assert_eq!(outbox.update(&update(1, 3)), Pushed::Lagging);
        assert_eq!(outbox.update(&update(1, 4)), Pushed::Lagging);
        assert_eq!(outbox.update(&update(2, 2)), Pushed::Queued);
        assert_eq!(seqs(&outbox), ["exam:2#1", "exam:2#2", "exam:1 lost 4"]);
        assert_eq!(outbox.update(&update(1, 5)), Pushed::Lagging, "until it subscribes anew");
        assert!(outbox.is_empty());
        let again = Item::Subscribed {
            topic: Topic::exam(WireId(1)),
            id: None,
            recovered: false,
            epoch: "e".into(),
            seq: 5,
        };
        assert_eq!(outbox.push(again), Pushed::Queued);
        assert_eq!(outbox.update(&update(1, 6)), Pushed::Queued);
        assert_eq!(seqs(&outbox), ["exam:1 again", "exam:1#6"]);
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let outbox = Outbox::new(100, 450, 4);
        for round in 0..5 {
            assert_eq!(outbox.update(&update(1, round * 2)), Pushed::Queued);
            assert_eq!(outbox.update(&update(1, round * 2 + 1)), Pushed::Queued);
            assert_eq!(seqs(&outbox).len(), 2);
        }
        outbox.update(&update(1, 1));
        outbox.update(&update(1, 2));
        assert_eq!(outbox.update(&update(1, 3)), Pushed::Lagging);
    }

    fn subscribed(exam: u64, id: Option<u64>) -> Item {
        let (topic, recovered, epoch) = (Topic::exam(WireId(exam)), false, "e".into());
        Item::Subscribed { topic, id, recovered, epoch, seq: 1 }
    }

    fn snapshot(exam: u64) -> Item {
        Item::Snapshot(Arc::new(crate::feed::Snapshot {
            topic: Topic::exam(WireId(exam)),
            epoch: "e".into(),
            seq: 1,
            hash: engine::Hash::default(),
            state: serde_json::Value::Null,
        }))
    }

    fn digest(exam: u64) -> Item {
        Item::Digest { topic: Topic::exam(WireId(exam)), seq: 1, digest: "d".into() }
    }

    fn presence(exam: u64) -> Item {
        let topic = Topic::exam(WireId(exam));
        Item::Presence { topic, members: Arc::default(), observers: 0 }
    }

    #[test]
    fn a_client_that_asks_again_and_again_and_never_reads_is_owed_one_of_each() {
        let outbox = Outbox::new(100, 1 << 20, 4);
        for round in 0..1_000 {
            for exam in [1, 2] {
                outbox.push(subscribed(exam, None));
                outbox.push(snapshot(exam));
                outbox.push(digest(exam));
                outbox.push(presence(exam));
                outbox.push(digest(exam));
                outbox.push(presence(exam));
                outbox.update(&update(exam, round));
            }
        }
        assert_eq!(outbox.len(), 2 * 5, "subscribed, snapshot, digest, viewers, the last update");
        assert_eq!(outbox.update(&update(1, 1)), Pushed::Queued, "and it still counts right");
    }

    #[test]
    fn a_newer_snapshot_takes_the_place_of_older_steps_but_never_of_an_answer() {
        let outbox = Outbox::new(100, 1 << 20, 4);
        outbox.push(subscribed(1, Some(7)));
        outbox.update(&update(1, 2));
        outbox.update(&update(2, 2));
        outbox.push(snapshot(1));
        outbox.update(&update(1, 3));
        let items: Vec<Item> = std::iter::from_fn(|| outbox.try_next()).collect();
        assert!(matches!(items[0], Item::Subscribed { id: Some(7), .. }), "{items:?}");
        assert!(matches!(&items[1], Item::Update(u) if u.topic == Topic::exam(WireId(2))));
        assert!(matches!(items[2], Item::Snapshot(_)), "{items:?}");
        assert!(matches!(&items[3], Item::Update(u) if u.seq == 3), "{items:?}");
        assert_eq!(items.len(), 4);
    }

    #[test]
    fn what_is_followed_no_longer_is_not_sent() {
        let outbox = Outbox::new(2, 1 << 20, 1);
        outbox.push(snapshot(1));
        outbox.update(&update(1, 2));
        outbox.update(&update(2, 2));
        assert_eq!(outbox.update(&update(1, 3)), Pushed::Lagging);
        outbox.forget(&Topic::exam(WireId(1)));
        assert_eq!(seqs(&outbox), ["exam:2#2"]);
        assert_eq!(outbox.push(subscribed(1, Some(1))), Pushed::Queued);
        assert_eq!(outbox.push(subscribed(2, Some(2))), Pushed::Closed, "answers are counted");
    }

    #[test]
    fn replies_are_kept_and_a_client_that_never_reads_them_is_closed() {
        let outbox = Outbox::new(1, 1, 2);
        assert_eq!(outbox.push(Item::Reply("a".into())), Pushed::Queued);
        assert_eq!(outbox.push(Item::Reply("b".into())), Pushed::Queued);
        assert_eq!(outbox.push(Item::Reply("c".into())), Pushed::Closed);
        assert!(outbox.is_closed());
        assert_eq!(outbox.update(&update(1, 1)), Pushed::Closed);
    }
}
