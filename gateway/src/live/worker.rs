//! One worker's live connections and the one sweep that looks after all of them: silence, expiry,
//! revocation, slow readers, draining. It runs only while there are connections.

use super::code;
use super::conn::Conn;
use super::encode::Path;
use super::gate::Gate;
use super::hub::Hub;
use super::streams;
use crate::app::App;
use crate::wire::server::{AuthSoonFrame, PingFrame, ServerFrame};
use actix_web::web;
use actors::exams::ConnId;
use actors::ports::{Revocation, Revoked};
use bytes::Bytes;
use engine::identity::Standing;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

/// How often connections are looked at.
const SWEEP: Duration = Duration::from_millis(500);
/// The same in ms.
const SWEEP_MS: u64 = 500;
/// After so many looks it is said again who is there.
const PRESENT_SWEEPS: u64 = 20;

/// A worker's connections.
pub struct Worker {
    /// The program's parts.
    pub app: web::Data<App>,
    /// All connections of the process.
    pub hub: web::Data<Hub>,
    /// Shares of people.
    pub gate: web::Data<Gate>,
    open: RefCell<BTreeMap<ConnId, Rc<Conn>>>,
    tick: Cell<u64>,
    sweeping: Cell<bool>,
    ping: [Bytes; 2],
}

impl Worker {
    /// A worker without connections.
    pub fn new(app: web::Data<App>, hub: web::Data<Hub>, gate: web::Data<Gate>) -> Rc<Worker> {
        let ping = ServerFrame::Ping(PingFrame {});
        Rc::new(Worker {
            app,
            hub,
            gate,
            open: RefCell::default(),
            tick: Cell::new(0),
            sweeping: Cell::new(false),
            ping: [Path::Socket.frame(&ping), Path::Events.frame(&ping)],
        })
    }

    /// Sweeps so far.
    pub fn tick(&self) -> u64 {
        self.tick.get()
    }

    /// A connection came.
    pub fn enter(self: &Rc<Worker>, conn: Rc<Conn>) {
        match conn.path {
            Path::Socket => self.app.metrics.sockets.inc(),
            Path::Events => self.app.metrics.event_streams.inc(),
        };
        self.open.borrow_mut().insert(conn.id, conn);
        if !self.sweeping.replace(true) {
            actix_web::rt::spawn(sweep(self.clone()));
        }
    }

    /// A connection went.
    pub fn leave(&self, id: ConnId) {
        let Some(conn) = self.open.borrow_mut().remove(&id) else { return };
        match conn.path {
            Path::Socket => self.app.metrics.sockets.dec(),
            Path::Events => self.app.metrics.event_streams.dec(),
        };
    }

    fn all(&self) -> Vec<Rc<Conn>> {
        self.open.borrow().values().cloned().collect()
    }

    /// Looks at every connection once.
    fn look(&self) {
        self.tick.set(self.tick.get() + 1);
        let mono = self.app.clock.monotonic_ms();
        let now = self.app.clock.now();
        let draining = *self.app.draining.borrow();
        let mut asked_to_leave = 0;
        for conn in self.all() {
            if draining && asked_to_leave < self.app.live.drain_batch && conn.is_open() {
                asked_to_leave += 1;
                conn.end_after(code::SHUTDOWN, "the program stops", self.comeback_ms(conn.id));
                continue;
            }
            self.look_at(&conn, mono, now.0);
        }
    }

    fn look_at(&self, conn: &Conn, mono: i64, now: i64) {
        let live = &self.app.live;
        let stuck = (self.tick.get() - conn.taken.get()).saturating_mul(SWEEP_MS);
        if stuck > live.write_ms_max && (conn.halfway.get() || !conn.outbox.is_empty()) {
            return conn.end(code::SLOW, "nothing taken for too long");
        }
        let mut state = conn.state();
        let most = live.frames_per_second_max;
        state.allowance = most.min(state.allowance.saturating_add(most.div_ceil(2)));
        let Some(principal) = &state.principal else {
            let late = past(mono, state.since_ms, live.hello_ms_max);
            drop(state);
            if late {
                conn.end(code::SLOW, "no hello");
            }
            return;
        };
        // Changes are heard at once; this finds those that were missed.
        let fallen = match self.app.revocation.standing(&principal.carried) {
            Standing::Good => None,
            Standing::Revoked => Some((code::REVOKED, "revoked")),
            Standing::Unknown => Some((code::UNAVAILABLE, "revocations are not known")),
        };
        if let Some((code, reason)) = fallen {
            drop(state);
            return conn.end(code, reason);
        }
        let left_ms = principal.expires_at.0 - now;
        if left_ms <= 0 {
            drop(state);
            return conn.end(code::EXPIRED, "expired");
        }
        let present = self.tick.get().is_multiple_of(PRESENT_SWEEPS);
        let present =
            present.then(|| (principal.clone(), state.streams.keys().cloned().collect::<Vec<_>>()));
        let soon = left_ms.unsigned_abs() <= live.auth_soon_ms && !state.warned;
        state.warned |= soon;
        let unanswered = state.pinged_ms.is_some_and(|at| past(mono, at, live.pong_ms_max));
        if conn.path == Path::Socket && unanswered {
            drop(state);
            return conn.end(code::NO_PONG, "no pong");
        }
        let quiet_since = state.pinged_ms.unwrap_or(state.heard_ms);
        let waits_for_pong = conn.path == Path::Socket && state.pinged_ms.is_some();
        let ping = !waits_for_pong && past(mono, quiet_since, live.ping_ms);
        if ping {
            state.pinged_ms = Some(mono);
        }
        drop(state);
        if let Some((principal, topics)) = present {
            topics.iter().for_each(|topic| streams::touch(conn, topic, &principal));
        }
        if soon {
            let within = left_ms.unsigned_abs() / 1_000;
            conn.send(&ServerFrame::AuthSoon(AuthSoonFrame { within }));
        }
        if ping {
            let bytes = self.ping[usize::from(conn.path == Path::Events)].clone();
            conn.outbox.push(actors::feed::Item::Reply(bytes));
        }
    }

    /// When a client may come back after a stop: spread, and the same for the same connection.
    fn comeback_ms(&self, id: ConnId) -> u64 {
        let most = self.app.live.reconnect_ms_max.max(1);
        id.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) % most
    }

    fn revoked(&self, what: &Revoked) {
        for conn in self.all() {
            let hit = conn.state().principal.as_ref().is_some_and(|p| what.hits(&p.carried));
            if hit {
                conn.end(code::REVOKED, "revoked");
            }
        }
    }
}

/// Whether `limit` ms have gone by since `then`.
fn past(now: i64, then: i64, limit: u64) -> bool {
    (now - then).unsigned_abs() >= limit && now > then
}

async fn sweep(worker: Rc<Worker>) {
    let mut ticks = tokio::time::interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut changes = worker.app.revocation.changes();
    let mut listening = true;
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                worker.look();
                if worker.open.borrow().is_empty() {
                    worker.sweeping.set(false);
                    return;
                }
            }
            change = changes.recv(), if listening => match change {
                Ok(what) => worker.revoked(&what),
                // Some were missed: the next look asks about every token anyway.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => listening = false,
            },
        }
    }
}
