//! The composition root: what is started, in which order, and how it is stopped again.
//!
//! configuration → data directory and store → boot (log epoch, fence) → ports → actors → listener.
//! Stopping goes the other way: readiness ends, sockets are asked to reconnect, actors drain, the
//! store closes.

pub mod directory;
mod heartbeat;
mod watch;

pub use heartbeat::{Heartbeat, read as last_alive};

use crate::adapters::clock::StationClock;
use crate::adapters::{JournalLog, StoreCatalog, StoreRevocation};
use crate::app::App;
use crate::auth::{Auth, AuthDeps};
use crate::config::Config;
use crate::error::Trouble;
use crate::live;
use crate::telemetry::Metrics;
use actix_web::dev::ServerHandle;
use actix_web::HttpServer;
use actors::clock::{SystemClock, SystemIds};
use actors::faults::Faults;
use actors::ports::{Clock, Fence, IdSource, LocalOwner, LocalPresence};
use actors::supervision::Places;
use actors::system::{Deps, System};
use entities::Store;
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
    system: Rc<System>,
    http: ServerHandle,
    http_task: JoinHandle<std::io::Result<()>>,
    draining: channel::Sender<bool>,
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
pub async fn start_on(config: Config, machine: Machine) -> Result<Running, Trouble> {
    config.validate()?;
    let listener = listen(&config)?;
    let store = directory::open(&config.store.data).await?;
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
    let data = config.store.data.clone();
    crate::demo::keep_to_this_machine(&store, config.server.listen).await?;
    let alive_at = heartbeat::read(&data);
    let station = StationClock::anchored(machine.clock, alive_at);
    let clock: Arc<dyn Clock> = Arc::new(station.clone());
    let limits = config.limits();
    let metrics = Metrics::new();

    let fresh_epoch = hex::encode(&machine.ids.salt()[..8]);
    let boot = store.boot(&fresh_epoch).await.map_err(|e| directory::store_trouble(&data, &e))?;
    let fence = Fence(u64::try_from(boot.fence).unwrap_or_default());
    let revocation = StoreRevocation::load(store.clone(), &limits)
        .await
        .map_err(|e| directory::store_trouble(&data, &e))?;
    let revocation = Arc::new(revocation);
    let presence = Arc::new(LocalPresence::new(clock.clone(), &limits));
    let catalog = Arc::new(StoreCatalog::new(store.clone()));
    let auth_deps = AuthDeps {
        store: store.clone(),
        revocation: revocation.clone(),
        clock: clock.clone(),
        ids: machine.ids.clone(),
        metrics: metrics.clone(),
    };
    let auth = Auth::start(auth_deps, &config.auth).await?;
    let system = System::start(Deps {
        log: Arc::new(JournalLog::new(store.clone(), boot.journal, clock.clone())),
        catalog: catalog.clone(),
        ownership: Arc::new(LocalOwner::new(fence.0)),
        clock: clock.clone(),
        ids: machine.ids.clone(),
        limits: limits.clone(),
        epoch: boot.log_epoch.into(),
        alive_at,
        places: Places::Threads(ACTOR_THREADS),
        faults: machine.faults,
    })
    .await
    .map_err(|e| {
        Trouble::new(format!("the exams cannot be started: {e}"))
            .remedy("check the data directory with `nsk doctor`")
    })?;
    let heartbeat = Heartbeat::start(&data, clock.clone()).map_err(|e| {
        Trouble::new(format!("the heartbeat in {} cannot be written: {e}", data.display()))
            .remedy("check the free space and the rights of the directory")
    })?;

    let system = Rc::new(system);
    let (draining, drained) = channel::channel(false);
    let (picture, pictures) = channel::channel(system.picture());
    let app = App {
        exams: system.exams.clone(),
        board: system.board.clone(),
        sessions: system.sessions.clone(),
        store,
        catalog,
        auth,
        revocation: revocation.clone(),
        presence,
        clock,
        ids: machine.ids,
        limits,
        live: config.live.clone(),
        journal: system.journal(),
        config: Arc::new(config),
        metrics,
        picture: pictures,
        draining: drained,
    };
    let watchers = vec![
        watch::clock(station, app.board.clone()),
        watch::revocations(revocation, app.clock.clone()),
        watch::picture(Rc::downgrade(&system), picture),
    ];
    let (addr, http) = http(app.clone(), listener)?;
    let handle = http.handle();
    let http_task = actix_rt::spawn(http);
    tracing::info!(%addr, "listening");
    Ok(Running { addr, app, system, http: handle, http_task, draining, watchers, heartbeat })
}

fn http(
    app: App,
    listener: std::net::TcpListener,
) -> Result<(SocketAddr, actix_web::dev::Server), Trouble> {
    let failed = |e: std::io::Error| {
        Trouble::new(format!("the HTTP server cannot be started: {e}"))
            .remedy("check the limit of open files with `nsk doctor`")
    };
    let addr = listener.local_addr().map_err(failed)?;
    let workers = app.config.server.workers;
    let (connections, patience) = (app.live.connections_max, app.live.write_ms_max);
    let parts = crate::http::Parts::new(app);
    let mut server = HttpServer::new(move || crate::http::application(&parts))
        .on_connect(live::give_up_after(patience))
        .h1_write_buffer_size(live::WRITE_BUFFER_BYTES)
        .backlog(BACKLOG_MAX)
        .max_connections(connections.max(64))
        .shutdown_timeout(HTTP_SHUTDOWN_S)
        .disable_signals();
    if workers > 0 {
        server = server.workers(workers);
    }
    Ok((addr, server.listen(listener).map_err(failed)?.run()))
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

    async fn stop_in_order(self) -> bool {
        tracing::info!("stopping");
        let _ = self.draining.send(true);
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
        // Until here the station was alive.
        drop(self.heartbeat);
        clean
    }
}

#[cfg(test)]
mod tests;
