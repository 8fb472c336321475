//! The composition root: what is started, in which order, and how it is stopped again.
//!
//! configuration → data directory and store → boot (log epoch, fence) → ports → actors → listener.
//! Stopping goes the other way: readiness ends, sockets are asked to reconnect, actors drain, the
//! store closes.

pub mod directory;
mod ground;
mod heartbeat;
mod identity;
mod peers;
pub mod tls;
mod watch;

pub(crate) use identity::issuer;

pub use heartbeat::{Heartbeat, read as last_alive};

use crate::app::App;
use crate::auth::{Auth, AuthDeps};
use crate::config::{Config, TlsMode};
use crate::error::Trouble;
use crate::http::Parts;
use crate::live;
use crate::passport::audit::AuditTask;
use actix_web::HttpServer;
use actix_web::dev::{Server, ServerHandle};
use actors::clock::{SystemClock, SystemIds};
use actors::faults::Faults;
use actors::ports::{Clock, IdSource};
use actors::system::System;
use entities::Store;
use ground::Ground;
use peers::Shared;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as channel;
use tokio::task::JoinHandle;

/// Threads on which exams and sittings run.
const ACTOR_THREADS: usize = 2;
/// Connections that may wait to be accepted.
const BACKLOG_MAX: u32 = 2_048;
/// Longest that live connections may take to go, ms.
const CONNECTIONS_MS_MAX: u64 = 10_000;
/// How often it is looked whether they have gone, ms.
const CONNECTIONS_LOOK_MS: u64 = 50;
/// Longest that finished requests are waited for, s.
const HTTP_SHUTDOWN_S: u64 = 5;

/// What tests put in place of the machine.
pub struct Machine {
    /// The clock under the station's clock.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn IdSource>,
    /// Planted faults; none outside tests.
    pub faults: Faults,
}

impl Default for Machine {
    fn default() -> Self {
        Machine {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            faults: Faults::default(),
        }
    }
}

/// A running station.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its parts, for those who run it in their own process.
    pub app: App,
    parts: Parts,
    system: Rc<System>,
    http: ServerHandle,
    http_task: JoinHandle<std::io::Result<()>>,
    draining: channel::Sender<bool>,
    audit: AuditTask,
    watchers: Vec<JoinHandle<()>>,
    heartbeat: Heartbeat,
}

/// Starts a station on this machine. Must be called inside an actix system.
///
/// # Errors
/// What keeps it from starting, and what to do about it.
pub async fn start(config: Config) -> Result<Running, Trouble> {
    start_on(config, Machine::default()).await
}

/// As [`start`], on a machine that a test made.
///
/// # Errors
/// As [`start`].
pub async fn start_on(mut config: Config, machine: Machine) -> Result<Running, Trouble> {
    config.validate()?;
    // Where there is TLS a cookie never travels without it.
    config.server.secure_cookies |= config.tls.mode != TlsMode::Off;
    let listener = listen(&config)?;
    let store = directory::open(&config.store).await?;
    match assemble(config, machine, store.clone(), listener).await {
        Ok(running) => Ok(running),
        Err(trouble) => {
            // Best effort: the trouble that is told is the one that stopped the start.
            let _ = store.close().await;
            Err(trouble)
        }
    }
}

/// The port is taken before anything is written: a second program on it changes nothing.
fn listen(config: &Config) -> Result<std::net::TcpListener, Trouble> {
    let address = config.server.listen;
    let failed = |e: std::io::Error| {
        let trouble = Trouble::new(format!("cannot listen on {address}: {e}"));
        match e.kind() {
            std::io::ErrorKind::AddrInUse => {
                trouble.remedy("another program has the port: stop it, or choose --listen")
            }
            std::io::ErrorKind::PermissionDenied => {
                trouble.remedy("ports below 1024 need a right: choose a higher one with --listen")
            }
            _ => trouble.remedy("choose an address of this machine with --listen"),
        }
    };
    let socket = std::net::TcpListener::bind(address).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    Ok(socket)
}

async fn assemble(
    config: Config,
    machine: Machine,
    store: Store,
    listener: std::net::TcpListener,
) -> Result<Running, Trouble> {
    crate::demo::keep_to_this_machine(&store, config.server.listen).await?;
    let (config, ids) = (Arc::new(config), machine.ids.clone());
    let ground = Ground::lay(&config, machine, &store).await?;
    let listen = listener.local_addr().unwrap_or(config.server.listen);
    let (passport, audit) = identity::start(&config, &ground, (&store, &ids), listen).await?;
    let auth = Auth::start(AuthDeps::of(&passport, &ground.metrics), &config.auth)?;
    let system = System::start(ground.deps).await.map_err(|e| {
        Trouble::new(format!("the exams cannot be started: {e}"))
            .remedy("check the data directory with `nsk doctor`")
    })?;
    let clock = ground.clock;
    let data = &config.store.data;
    let heartbeat = Heartbeat::start(data, clock.clone()).map_err(|e| {
        Trouble::new(format!("the heartbeat in {} cannot be written: {e}", data.display()))
            .remedy("check the free space and the rights of the directory")
    })?;

    let system = Rc::new(system);
    let (draining, drained) = channel::channel(false);
    let (picture, pictures) = channel::channel(system.picture());
    let keeper = tls::Keeper::start(config.clone(), clock.clone(), ids.clone())?;
    let shared = Shared::join(&config, &store, &ground.revocation, &ids, &clock)?;
    let app = App {
        exams: system.exams.clone(),
        board: system.board.clone(),
        sessions: system.sessions.clone(),
        store,
        catalog: ground.catalog,
        auth,
        passport,
        revocation: ground.revocation.clone(),
        presence: shared.presence,
        clock: clock.clone(),
        ids,
        limits: config.limits(),
        live: config.live.clone(),
        journal: system.journal(),
        config,
        metrics: ground.metrics,
        picture: pictures,
        draining: drained,
    };
    let mut watchers = vec![
        watch::clock(ground.station, app.board.clone()),
        watch::revocations(ground.revocation),
        watch::expired(app.passport.clone()),
        watch::keys(app.passport.keys.clone()),
        watch::sittings(&app),
        watch::picture(Rc::downgrade(&system), picture),
    ];
    watchers.extend(shared.tasks);
    let (addr, server, parts) = http(app.clone(), listener, keeper.as_ref())?;
    watchers.extend(keeper.map(tls::Keeper::watch));
    let http = server.handle();
    let http_task = actix_rt::spawn(server);
    tracing::info!(%addr, "listening");
    Ok(Running { addr, app, parts, system, http, http_task, draining, audit, watchers, heartbeat })
}

fn http(
    app: App,
    listener: std::net::TcpListener,
    keeper: Option<&tls::Keeper>,
) -> Result<(SocketAddr, Server, Parts), Trouble> {
    let failed = |e: std::io::Error| {
        Trouble::new(format!("the HTTP server cannot be started: {e}"))
            .remedy("check the limit of open files with `nsk doctor`")
    };
    let addr = listener.local_addr().map_err(failed)?;
    let workers = app.config.server.workers;
    let (connections, patience) = (app.live.connections_max, app.live.write_ms_max);
    let parts = Parts::new(app);
    let shared = parts.clone();
    let mut server = HttpServer::new(move || crate::http::application(&shared))
        // A small frame after another must not wait for the acknowledgement of the first.
        .tcp_nodelay(true)
        .on_connect(live::give_up_after(patience))
        .h1_write_buffer_size(live::WRITE_BUFFER_BYTES)
        .backlog(BACKLOG_MAX)
        .max_connections(connections.max(64))
        .shutdown_timeout(HTTP_SHUTDOWN_S)
        .disable_signals();
    if workers > 0 {
        server = server.workers(workers);
    }
    let server = match keeper {
        Some(keeper) => {
            live::give_up_accepted_after(&listener, patience);
            server.listen_rustls_0_23(listener, keeper.server()?)
        }
        None => server.listen(listener),
    };
    Ok((addr, server.map_err(failed)?.run(), parts))
}

impl Running {
    /// Stops everything in reverse and answers whether all of it ended cleanly and in time.
    pub async fn stop(self) -> bool {
        let most = Duration::from_millis(self.app.config.server.stop_ms_max);
        let store = self.app.store.clone();
        let stopped = tokio::time::timeout(most, self.stop_in_order()).await;
        let closed = store.close().await;
        if let Err(error) = &closed {
            tracing::warn!(%error, "store not closed cleanly; nothing acknowledged is lost");
        }
        match stopped {
            Ok(clean) => clean && closed.is_ok(),
            Err(_) => {
                tracing::error!(ms = most.as_millis(), "stopping took too long");
                false
            }
        }
    }

    /// Waits until the live connections, which are being asked to come back later, have gone; not
    /// for ever.
    async fn connections_gone(&self) {
        let gone = async {
            let mut looks = tokio::time::interval(Duration::from_millis(CONNECTIONS_LOOK_MS));
            while self.parts.hub().open() > 0 {
                looks.tick().await;
            }
        };
        let most = Duration::from_millis(CONNECTIONS_MS_MAX);
        if tokio::time::timeout(most, gone).await.is_err() {
            tracing::warn!(left = self.parts.hub().open(), "connections left while stopping");
        }
    }

    async fn stop_in_order(self) -> bool {
        tracing::info!("stopping");
        let _ = self.draining.send(true);
        self.connections_gone().await;
        for watcher in &self.watchers {
            watcher.abort();
        }
        let clean = match Rc::try_unwrap(self.system) {
            Ok(system) => system.drain().await,
            // Its other holder is a watcher that takes a picture at this very moment, on this very
            // thread: that cannot be.
            Err(_) => false,
        };
        self.http.stop(true).await;
        // The task ends with the server; an error of the listener was logged by then.
        let _ = self.http_task.await;
        self.app.passport.audit.stop();
        self.audit.ended().await;
        // Until here the station was alive.
        drop(self.heartbeat);
        clean
    }
}

#[cfg(test)]
mod tests;
