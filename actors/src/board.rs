//! The board: the newest row of every exam, and alerts, as one stream that moves in ticks.
//!
//! Exams report rows as they change; one tick every 250 ms sends a single update with everything
//! that changed, encoded once for all who look.

use crate::exams::{ConnId, Subscribe};
use crate::feed::{Item, Outbox, Pushed, Resume, Snapshot, Topic, Update};
use crate::ports::Clock;
use crate::settings::Limits;
use actix::prelude::*;
use engine::exam::view::{BoardRow, to_json};
use engine::{Hash, Moment, Span, WireId, patch};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Ticks kept for clients that come back.
const RING_MAX: usize = 240;
/// An exam that has ended stays on the board for so long after its planned end.
pub const PAST_SHOWN: Span = Span::minutes(16 * 60);
/// How often rows of the past are looked for, in ticks.
const RETIRE_TICKS: u64 = 240;
/// Rows of one board; exams beyond it are reachable by list and number.
pub const ROWS_MAX: usize = 10_000;

/// Something that an operator must know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Alert {
    /// What it is about; one alert per key.
    #[serde(skip)]
    pub key: String,
    /// A word that clients may branch on: `quarantined`, `poisoned`, `journal`, `systemic`.
    pub kind: &'static str,
    /// What happened and what to do.
    pub text: String,
    /// The exam, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exam: Option<WireId>,
    /// Since when.
    pub at: Moment,
}

/// The handle: report, look, subscribe. Cheap to clone.
#[derive(Clone)]
pub struct Board {
    shared: Arc<Mutex<Shared>>,
    clock: Arc<dyn Clock>,
    epoch: Arc<str>,
    digest_ticks: u64,
}

struct Shared {
    pending: BTreeMap<WireId, BoardRow>,
    rows: BTreeMap<WireId, BoardRow>,
    alerts: BTreeMap<String, Alert>,
    alerts_changed: bool,
    state: Value,
    seq: u64,
    hash: Hash,
    ring: VecDeque<Arc<Update>>,
    /// What the ring's oldest update follows.
    ring_after: (u64, Hash),
    members: Vec<(ConnId, Arc<Outbox>)>,
    since_digest: u64,
    since_retired: u64,
    dirty: bool,
}

impl Board {
    /// An empty board of a process incarnation; `epoch` differs for each.
    pub fn new(clock: Arc<dyn Clock>, epoch: Arc<str>, limits: &Limits) -> Board {
        let shared = Shared {
            pending: BTreeMap::new(),
            rows: BTreeMap::new(),
            alerts: BTreeMap::new(),
            alerts_changed: false,
            state: json!({"rows": {}, "alerts": {}}),
            seq: 0,
            hash: Hash::default(),
            ring: VecDeque::new(),
            ring_after: (0, Hash::default()),
            members: Vec::new(),
            since_digest: 0,
            since_retired: 0,
            dirty: false,
        };
        let digest_ticks = (limits.digest_ms / limits.board_tick_ms.max(1)).max(1);
        Board { shared: Arc::new(Mutex::new(shared)), clock, epoch, digest_ticks }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An exam changed.
    pub fn changed(&self, row: BoardRow) {
        let mut shared = self.lock();
        if shared.rows.len() + shared.pending.len() < ROWS_MAX
            || shared.rows.contains_key(&row.exam)
        {
            shared.pending.insert(row.exam, row);
        }
    }

    /// An exam was quarantined.
    pub fn quarantined(&self, exam: WireId, why: &str, at: Moment) {
        self.alert(Alert {
            key: format!("quarantined:{exam}"),
            kind: "quarantined",
            text: why.to_owned(),
            exam: Some(exam),
            at,
        });
    }

    /// A command of an exam is refused for good.
    pub fn poisoned(&self, exam: WireId, at: Moment) {
        self.alert(Alert {
            key: format!("poisoned:{exam}"),
            kind: "poisoned",
            text: "a command made the program fail twice and is refused; the exam goes on".into(),
            exam: Some(exam),
            at,
        });
    }

    /// Raises an alert, or replaces the one with its key.
    pub fn alert(&self, alert: Alert) {
        let mut shared = self.lock();
        shared.alerts.insert(alert.key.clone(), alert);
        shared.alerts_changed = true;
    }

    /// Ends an alert.
    pub fn clear_alert(&self, key: &str) {
        let mut shared = self.lock();
        shared.alerts_changed |= shared.alerts.remove(key).is_some();
    }

    /// The alerts that stand.
    pub fn alerts(&self) -> Vec<Alert> {
        self.lock().alerts.values().cloned().collect()
    }

    /// Every row, the newest.
    pub fn rows(&self) -> Vec<BoardRow> {
        let shared = self.lock();
        let mut rows = shared.rows.clone();
        rows.extend(shared.pending.clone());
        rows.into_values().collect()
    }

    /// The state as of the last tick.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_of(&self.lock())
    }

    fn snapshot_of(&self, shared: &Shared) -> Snapshot {
        Snapshot {
            topic: Topic::board(),
            epoch: self.epoch.clone(),
            seq: shared.seq,
            hash: shared.hash,
            state: shared.state.clone(),
        }
    }

    /// A connection looks at the board.
    pub fn subscribe(&self, subscribe: Subscribe) {
        let mut shared = self.lock();
        shared.members.retain(|(conn, _)| *conn != subscribe.conn);
        let outbox = subscribe.outbox;
        let missed = subscribe.resume.as_ref().and_then(|r| shared.missed(&self.epoch, r));
        let missed = missed.filter(|updates| outbox.has_room_for(updates));
        outbox.push(Item::Subscribed {
            topic: Topic::board(),
            id: subscribe.id,
            recovered: missed.is_some(),
            epoch: self.epoch.clone(),
            seq: shared.seq,
        });
        match missed {
            Some(updates) => {
                for update in updates {
                    outbox.update(&update);
                }
            }
            None => {
                outbox.push(Item::Snapshot(Arc::new(self.snapshot_of(&shared))));
            }
        }
        outbox.push(shared.digest());
        shared.members.push((subscribe.conn, outbox));
    }

    /// A connection looks away.
    pub fn unsubscribe(&self, conn: ConnId) {
        self.lock().members.retain(|(c, _)| *c != conn);
    }

    /// Sends a connection the digest of the board.
    pub fn ask_digest(&self, conn: ConnId) {
        let shared = self.lock();
        for (_, outbox) in shared.members.iter().filter(|(c, _)| *c == conn) {
            outbox.push(shared.digest());
        }
    }

    /// One tick: everything that changed, in one update.
    pub fn tick(&self) {
        let now = self.clock.now();
        let mut shared = self.lock();
        if let Some(update) = shared.advance(now) {
            let update = Arc::new(update);
            shared.ring.push_back(update.clone());
            if shared.ring.len() > RING_MAX
                && let Some(old) = shared.ring.pop_front()
            {
                shared.ring_after = (old.seq, old.hash);
            }
            shared.members.retain(|(_, outbox)| outbox.update(&update) != Pushed::Closed);
            shared.dirty = true;
        }
        shared.since_digest += 1;
        if shared.dirty && shared.since_digest >= self.digest_ticks {
            shared.dirty = false;
            shared.since_digest = 0;
            let digest = shared.digest();
            shared.members.retain(|(_, outbox)| outbox.push(digest.clone()) != Pushed::Closed);
        }
    }
}

impl Shared {
    fn advance(&mut self, now: Moment) -> Option<Update> {
        let mut changes = serde_json::Map::new();
        for (id, row) in std::mem::take(&mut self.pending) {
            let row_json = to_json(&row);
            let before = self.state["rows"].get(id.to_string());
            let change = match before {
                Some(before) => patch::diff(before, &row_json),
                None => Some(row_json),
            };
            if let Some(change) = change {
                changes.insert(id.to_string(), change);
            }
            self.rows.insert(id, row);
        }
        for id in self.retired(now) {
            changes.insert(id.to_string(), Value::Null);
        }
        let mut whole = serde_json::Map::new();
        if !changes.is_empty() {
            whole.insert("rows".to_owned(), Value::Object(changes));
        }
        if std::mem::take(&mut self.alerts_changed)
            && let Some(change) = patch::diff(&self.state["alerts"], &to_json(&self.alerts))
        {
            whole.insert("alerts".to_owned(), change);
        }
        if whole.is_empty() {
            return None;
        }
        let change = Value::Object(whole);
        patch::merge(&mut self.state, &change);
        let text = change.to_string();
        self.seq += 1;
        self.hash = Hash::of(&[&self.hash.0, text.as_bytes()]);
        let mut update = Update::new(Topic::board(), self.seq, now, "tick");
        update.patch = Some(text);
        update.hash = self.hash;
        Some(update)
    }

    /// Forgets exams that ended long ago, now and then; answers which.
    fn retired(&mut self, now: Moment) -> Vec<WireId> {
        self.since_retired += 1;
        if self.since_retired < RETIRE_TICKS {
            return Vec::new();
        }
        self.since_retired = 0;
        let past = |row: &BoardRow| row.phase.is_final() && row.ends_at + PAST_SHOWN < now;
        let old: Vec<WireId> = self.rows.values().filter(|r| past(r)).map(|r| r.exam).collect();
        for id in &old {
            self.rows.remove(id);
        }
        old
    }

    fn missed(&self, epoch: &str, resume: &Resume) -> Option<Vec<Arc<Update>>> {
        resume.missed(epoch, &self.ring, self.ring_after)
    }

    fn digest(&self) -> Item {
        let digest = Hash::of_json(&self.state).short();
        Item::Digest { topic: Topic::board(), seq: self.seq, digest: digest.into() }
    }
}

/// The actor that ticks.
pub struct BoardActor {
    board: Board,
    tick: Duration,
}

impl BoardActor {
    /// Ticks this board.
    pub fn new(board: Board, limits: &Limits) -> BoardActor {
        BoardActor { board, tick: Duration::from_millis(limits.board_tick_ms) }
    }
}

impl Actor for BoardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(self.tick, |act, _| act.board.tick());
    }
}

#[cfg(test)]
mod tests;
