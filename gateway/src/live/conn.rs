//! One live connection: who it is, what it follows, what it owes and how it ends. It lives on one
//! worker thread; only its outbox is shared with the actors.

use super::code;
use super::commands::Lane;
use super::encode::Path;
use super::frame;
use super::hub::Place;
use super::streams::{self, Followed};
use super::worker::Worker;
use crate::app::App;
use crate::auth::Principal;
use crate::wire::server::{ByeFrame, ErrFrame, ServerFrame};
use actors::exams::ConnId;
use actors::feed::{Item, Outbox, Topic};
use bytes::{Bytes, BytesMut};
use engine::{StreamId, WireId};
use std::cell::{Cell, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Replies beyond the unanswered commands that may wait to be sent: pings, errors, welcomes.
const SPARE_REPLIES: usize = 64;

/// A connection.
pub struct Conn {
    /// Its number.
    pub id: ConnId,
    /// How it is written.
    pub path: Path,
    /// Where it lives.
    pub worker: Rc<Worker>,
    /// What waits to be sent.
    pub outbox: Arc<Outbox>,
    /// The worker's tick at which bytes were last asked for.
    pub taken: Cell<u64>,
    /// Part of a large item waits to be sent.
    pub halfway: Cell<bool>,
    state: RefCell<State>,
}

/// What changes in the life of a connection.
pub struct State {
    /// Its place among all connections.
    pub place: Place,
    /// Who is signed in, after `hello`.
    pub principal: Option<Principal>,
    /// Who the cookie says it is, before `hello`.
    pub offered: Option<Principal>,
    /// The sitting that it belongs to.
    pub sitting: Option<StreamId>,
    /// What it follows.
    pub streams: BTreeMap<Topic, Followed>,
    /// Commands by exam, each lane in order.
    pub lanes: BTreeMap<WireId, Lane>,
    /// Lanes at work.
    pub running: usize,
    /// Commands without an answer.
    pub unanswered: usize,
    /// When it came, monotonic ms.
    pub since_ms: i64,
    /// When the client last said anything, monotonic ms.
    pub heard_ms: i64,
    /// When it was pinged, if it has not answered since.
    pub pinged_ms: Option<i64>,
    /// It was told that its sign-in ends soon.
    pub warned: bool,
    /// Messages that it may send now.
    pub allowance: u32,
    /// Numbers its subscriptions.
    pub generation: u64,
    ending: Ending,
}

enum Ending {
    Open,
    /// This is what is sent next, and then nothing.
    Farewell(Bytes),
    Over,
}

impl Conn {
    /// A connection that nobody has signed in on.
    pub fn new(worker: Rc<Worker>, place: Place, path: Path) -> Rc<Conn> {
        let limits = &worker.app.limits;
        let outbox = Arc::new(Outbox::new(
            limits.outbox_frames_max,
            limits.outbox_bytes_max,
            limits.inflight_hard_max + SPARE_REPLIES,
        ));
        let now = worker.app.clock.monotonic_ms();
        let state = State {
            principal: None,
            offered: None,
            sitting: None,
            streams: BTreeMap::new(),
            lanes: BTreeMap::new(),
            running: 0,
            unanswered: 0,
            since_ms: now,
            heard_ms: now,
            pinged_ms: None,
            warned: false,
            allowance: worker.app.live.frames_per_second_max,
            generation: 0,
            ending: Ending::Open,
            place,
        };
        let id = state.place.conn;
        let (taken, halfway) = (Cell::new(worker.tick()), Cell::new(false));
        let state = RefCell::new(state);
        let conn =
            Rc::new(Conn { id, path, outbox, taken, halfway, state, worker: worker.clone() });
        worker.enter(conn.clone());
        conn
    }

    /// What changes. Never held across an await or a call into another module that takes it.
    pub fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    /// The program's parts.
    pub fn app(&self) -> &App {
        &self.worker.app
    }

    /// Who is signed in, after `hello`.
    pub fn principal(&self) -> Option<Principal> {
        self.state().principal.clone()
    }

    /// Queues a frame.
    pub fn send(&self, frame: &ServerFrame) {
        self.outbox.push(Item::Reply(self.path.frame(frame)));
    }

    /// Queues a refusal of a request.
    pub fn refuse(&self, err: ErrFrame) {
        self.send(&ServerFrame::Err(err));
    }

    /// Ends the connection: what waits is dropped, the client is told why.
    pub fn end(&self, code: u16, reason: &str) {
        self.end_after(code, reason, 0);
    }

    /// As [`Conn::end`]; the client comes back after so many ms.
    pub fn end_after(&self, code: u16, reason: &str, after_ms: u64) {
        let mut state = self.state();
        if !matches!(state.ending, Ending::Open) {
            return;
        }
        let reconnect = code < code::BAD_REQUEST;
        tracing::debug!(conn = self.id.0, code, reason, "connection ends");
        let bye = self.path.frame(&ServerFrame::Bye(ByeFrame { code, reconnect, after_ms }));
        let farewell = match self.path {
            Path::Events => bye,
            Path::Socket => {
                let mut both = BytesMut::from(bye);
                both.extend_from_slice(&frame::close(code, reason));
                both.freeze()
            }
        };
        state.ending = Ending::Farewell(farewell);
        state.lanes.clear();
        drop(state);
        self.outbox.close_with(code);
    }

    /// The client closed by itself: its close is answered, and nothing else.
    pub fn close_back(&self) {
        let mut state = self.state();
        if matches!(state.ending, Ending::Open) {
            state.ending = Ending::Farewell(frame::close(1_000, ""));
            state.lanes.clear();
        }
        drop(state);
        self.outbox.close();
    }

    /// Whether it goes on.
    pub fn is_open(&self) -> bool {
        matches!(self.state().ending, Ending::Open)
    }

    /// The next bytes for the client; `None` after the last.
    pub fn poll_bytes(self: &Rc<Conn>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            {
                let mut state = self.state();
                match std::mem::replace(&mut state.ending, Ending::Over) {
                    Ending::Over => return Poll::Ready(None),
                    Ending::Farewell(bytes) => return Poll::Ready(Some(bytes)),
                    Ending::Open => state.ending = Ending::Open,
                }
            }
            match ready!(self.outbox.poll_next(cx)) {
                Some(item) => {
                    self.worker.app.metrics.frames_sent.inc();
                    return Poll::Ready(Some(self.bytes_of(item)));
                }
                // Closed from elsewhere: a sitting that ended, or replies that nobody reads.
                None => {
                    let code = self.outbox.close_code().unwrap_or(code::SLOW);
                    self.end(code, "closed");
                }
            }
        }
    }

    fn bytes_of(self: &Rc<Conn>, item: Item) -> Bytes {
        let mut epoch = None;
        match &item {
            Item::Update(update) if self.path == Path::Events => {
                epoch = self.state().streams.get(&update.topic).map(|f| f.epoch.clone());
            }
            Item::Subscribed { topic, epoch, .. } => {
                if let Some(followed) = self.state().streams.get_mut(topic) {
                    followed.epoch = epoch.clone();
                }
            }
            Item::Lagged { topic, .. } => {
                self.worker.app.metrics.lagged.inc();
                streams::again(self, topic.clone());
            }
            _ => {}
        }
        self.path.item(item, epoch.as_deref().unwrap_or_default())
    }

    /// The socket is gone: everything that it held is given back.
    pub fn gone(&self) {
        self.outbox.close();
        let mut state = self.state();
        state.ending = Ending::Over;
        state.lanes.clear();
        let followed = std::mem::take(&mut state.streams);
        let sitting = state.sitting.take();
        drop(state);
        for topic in followed.keys() {
            streams::forget(self, topic);
        }
        if let Some(sitting) = sitting {
            self.worker.app.sessions.detach(sitting, self.id);
        }
        self.worker.leave(self.id);
    }
}
