//! Who follows an exam, and what each of them gets: one view per audience, patched event by event.

use super::recovery::Loaded;
use super::{ExamDeps, messages::Join};
use crate::exams::ConnId;
use crate::feed::{Item, Outbox, Pushed, Snapshot, Topic, Update, Viewer};
use engine::exam::Event;
use engine::exam::view::{Audience, SEALED, to_json};
use engine::{Hash, Record, patch};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes of updates that one audience of an exam keeps for resuming.
const RING_BYTES_MAX: usize = 16 * 1024;
/// An audience that nobody belongs to any more is kept so long, for clients that come back, ms.
const IDLE_MS_MAX: i64 = 120_000;
/// Most people named in one presence list.
const PRESENCE_MAX: usize = 64;

/// Everybody who follows one exam.
#[derive(Default)]
pub(super) struct Groups {
    by_audience: BTreeMap<Audience, Group>,
}

struct Group {
    view: Value,
    seq: u64,
    hash: Hash,
    ring: VecDeque<Arc<Update>>,
    ring_bytes: usize,
    /// What the ring's oldest update follows.
    ring_after: (u64, Hash),
    members: Vec<Follower>,
    dirty: bool,
    idle_since_ms: Option<i64>,
}

struct Follower {
    conn: ConnId,
    outbox: Arc<Outbox>,
    viewer: Viewer,
}

impl Groups {
    /// Nobody follows.
    pub fn is_empty(&self) -> bool {
        self.by_audience.is_empty()
    }

    /// Some audience is kept only for clients that may come back.
    pub fn has_idle(&self) -> bool {
        self.by_audience.values().any(|g| g.members.is_empty())
    }

    /// The actor ends: its followers are told that the stream broke off.
    pub fn orphan(&mut self, topic: &Topic) {
        for group in std::mem::take(&mut self.by_audience).into_values() {
            for member in group.members {
                member.outbox.push(Item::Lagged { topic: topic.clone(), missed: 0 });
            }
        }
    }

    /// A connection joins: it gets what it missed, or the whole state.
    pub fn join(&mut self, topic: &Topic, deps: &ExamDeps, loaded: &Loaded, join: Join) {
        let Join(subscribe) = join;
        self.remove(subscribe.conn);
        let audience = subscribe.audience;
        let group =
            self.by_audience.entry(audience).or_insert_with(|| Group::new(loaded, audience));
        group.idle_since_ms = None;
        let missed = subscribe.resume.as_ref();
        let missed = missed.and_then(|r| r.missed(&deps.epoch, &group.ring, group.ring_after));
        let outbox = subscribe.outbox;
        let missed = missed.filter(|updates| outbox.has_room_for(updates));
        let told = outbox.push(Item::Subscribed {
            topic: topic.clone(),
            id: subscribe.id,
            recovered: missed.is_some(),
            epoch: deps.epoch.clone(),
            seq: group.seq,
        });
        if told == Pushed::Closed {
            return;
        }
        match missed {
            Some(updates) => {
                for update in updates {
                    outbox.update(&update);
                }
            }
            None => {
                outbox.push(Item::Snapshot(Arc::new(group.snapshot(topic, deps))));
            }
        }
        outbox.push(group.digest_item(topic));
        group.members.push(Follower { conn: subscribe.conn, outbox, viewer: subscribe.viewer });
        self.presence(topic);
    }

    /// A connection leaves.
    pub fn leave(&mut self, topic: &Topic, conn: ConnId, now_ms: i64) {
        if self.remove(conn) {
            for group in self.by_audience.values_mut().filter(|g| g.members.is_empty()) {
                group.idle_since_ms.get_or_insert(now_ms);
            }
            self.presence(topic);
        }
    }

    fn remove(&mut self, conn: ConnId) -> bool {
        let mut removed = false;
        for group in self.by_audience.values_mut() {
            let before = group.members.len();
            group.members.retain(|m| m.conn != conn);
            removed |= group.members.len() != before;
        }
        removed
    }

    /// Publishes one event that is already applied to `loaded`.
    pub fn publish(
        &mut self,
        topic: &Topic,
        deps: &ExamDeps,
        loaded: &Loaded,
        (record, event): (&Record, &Event),
    ) {
        for (audience, group) in &mut self.by_audience {
            let by = engine::exam::Stamp::of(record).by;
            let visible = audience.may_see(event, by);
            let view = to_json(&loaded.exam.view(*audience));
            let change = patch::diff(&group.view, &view);
            let kind = if visible { record.kind.as_str() } else { SEALED };
            let mut update = Update::new(topic.clone(), record.seq, record.at, kind);
            update.by = by.filter(|_| visible);
            update.v = record.v;
            update.patch = change.map(|c| c.to_string());
            update.hash = record.hash;
            group.view = view;
            group.push(Arc::new(update), deps.limits.ring_events_max);
        }
    }

    /// The state was read anew: everybody gets it whole.
    pub fn restate(&mut self, topic: &Topic, deps: &ExamDeps, loaded: &Loaded) {
        for (audience, group) in &mut self.by_audience {
            let members = std::mem::take(&mut group.members);
            let idle_since_ms = group.idle_since_ms;
            *group = Group { members, idle_since_ms, ..Group::new(loaded, *audience) };
            let snapshot = Arc::new(group.snapshot(topic, deps));
            let digest = group.digest_item(topic);
            for member in &group.members {
                member.outbox.push(Item::Snapshot(snapshot.clone()));
                member.outbox.push(digest.clone());
            }
        }
    }

    /// Sends digests of what changed, and forgets audiences that nobody came back to.
    pub fn digest(&mut self, topic: &Topic, now_ms: i64) {
        self.by_audience.retain(|_, group| {
            // The last of them may have gone without a word.
            if group.members.is_empty() {
                group.idle_since_ms.get_or_insert(now_ms);
            }
            group.idle_since_ms.is_none_or(|since| now_ms - since < IDLE_MS_MAX)
        });
        for group in self.by_audience.values_mut() {
            if std::mem::take(&mut group.dirty) {
                let item = group.digest_item(topic);
                group.members.retain(|m| m.outbox.push(item.clone()) != Pushed::Closed);
            }
        }
    }

    /// Sends one connection the digest of its view.
    pub fn digest_for(&mut self, topic: &Topic, conn: ConnId) {
        for group in self.by_audience.values() {
            for member in group.members.iter().filter(|m| m.conn == conn) {
                member.outbox.push(group.digest_item(topic));
            }
        }
    }

    /// Tells everybody but the candidate who is there.
    fn presence(&self, topic: &Topic) {
        let all = || self.by_audience.values().flat_map(|g| &g.members).map(|m| &m.viewer);
        let named = all().filter(|v| v.role != "observer").take(PRESENCE_MAX);
        let members: Arc<Vec<_>> = Arc::new(named.cloned().collect());
        let observers = u32::try_from(all().filter(|v| v.role == "observer").count());
        let observers = observers.unwrap_or(u32::MAX);
        for (audience, group) in &self.by_audience {
            if *audience == Audience::Candidate {
                continue;
            }
            for member in &group.members {
                let members = members.clone();
                let topic = topic.clone();
                member.outbox.push(Item::Presence { topic, members, observers });
            }
        }
    }
}

impl Group {
    fn new(loaded: &Loaded, audience: Audience) -> Group {
        Group {
            view: to_json(&loaded.exam.view(audience)),
            seq: loaded.head.seq,
            hash: loaded.head.hash,
            ring: VecDeque::new(),
            ring_bytes: 0,
            ring_after: (loaded.head.seq, loaded.head.hash),
            members: Vec::new(),
            dirty: false,
            idle_since_ms: None,
        }
    }

    fn push(&mut self, update: Arc<Update>, events_max: usize) {
        self.seq = update.seq;
        self.hash = update.hash;
        self.dirty = true;
        self.members.retain(|m| m.outbox.update(&update) != Pushed::Closed);
        self.ring_bytes += update.weight();
        self.ring.push_back(update);
        while self.ring.len() > events_max || self.ring_bytes > RING_BYTES_MAX {
            let Some(old) = self.ring.pop_front() else { break };
            self.ring_bytes -= old.weight();
            self.ring_after = (old.seq, old.hash);
        }
    }

    fn snapshot(&self, topic: &Topic, deps: &ExamDeps) -> Snapshot {
        Snapshot {
            topic: topic.clone(),
            epoch: deps.epoch.clone(),
            seq: self.seq,
            hash: self.hash,
            state: self.view.clone(),
        }
    }

    fn digest_item(&self, topic: &Topic) -> Item {
        let digest = Hash::of_json(&self.view).short();
        Item::Digest { topic: topic.clone(), seq: self.seq, digest: digest.into() }
    }
}
