//! A whole station inside the test: its own directory, its own port, its own thread. It must be
//! stopped, and it must stop cleanly; a stack that is merely dropped fails the test.

use crate::http::Http;
use crate::server;
use actors::clock::{SystemClock, SystemIds};
use actors::faults::Faults;
use actors::ports::{Clock, IdSource};
use engine::PersonId;
use engine::exam::Role;
use gateway::app::App;
use gateway::auth::signin::Known;
use gateway::auth::{Principal, SignedIn};
use gateway::config::{Config, DatabaseUrl, StoreConfig};
use gateway::error::Trouble;
use gateway::serve::{self, Machine};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The operator of every stack.
pub const OPERATOR: PersonId = PersonId(1);
/// The observer of every stack.
pub const OBSERVER: PersonId = PersonId(2);
/// The administrator of every stack.
pub const ADMIN: PersonId = PersonId(3);

/// A running station.
pub struct Stack {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its parts.
    pub app: App,
    place: Place,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<bool>>,
}

/// A data directory: a temporary one, or one that the test has; and, in the profile of a centre,
/// the database of a server that goes with it.
#[derive(Clone)]
pub struct Place {
    path: PathBuf,
    url: DatabaseUrl,
    /// The issuer of the first stack here: tokens outlive a restart on another port.
    issuer: Arc<OnceLock<String>>,
    _kept: Option<Arc<TempDir>>,
}

impl Place {
    /// A new directory that vanishes with its last user; with a new database on the run's server
    /// when the run is a centre's.
    pub fn new() -> Place {
        match server::of_the_run() {
            Some(server) => Place::on(&server),
            None => Place::without_server(),
        }
    }

    /// A new directory with the database in a file, whatever the run is: for tests of files.
    pub fn without_server() -> Place {
        #[expect(clippy::expect_used, reason = "a test without a directory cannot go on")]
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("data");
        Place {
            path,
            url: DatabaseUrl::default(),
            issuer: Arc::default(),
            _kept: Some(Arc::new(dir)),
        }
    }

    /// A new directory with a new database on this server.
    pub fn on(server: &str) -> Place {
        let mut place = Place::without_server();
        let unique = place._kept.as_ref().map(|dir| dir.path().as_os_str().as_encoded_bytes());
        let name: String = unique.unwrap_or_default().iter().map(|b| format!("{b:02x}")).collect();
        place.url = DatabaseUrl::new(server::create(server, &name));
        place
    }

    /// This directory.
    pub fn at(path: &Path) -> Place {
        let url = DatabaseUrl::default();
        Place { path: path.to_owned(), url, issuer: Arc::default(), _kept: None }
    }

    /// The configuration of the store here.
    pub fn store(&self) -> StoreConfig {
        StoreConfig { url: self.url.clone(), ..StoreConfig::in_directory(&self.path) }
    }

    /// A configuration that leads here; the address of a server is in a file of its own.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn config(&self) -> PathBuf {
        let (config, url) = (self.path.with_extension("toml"), self.path.with_extension("url"));
        let mut text = format!("[store]\ndata = {:?}\n", self.path);
        let mut written = Ok(());
        if !self.url.secret().is_empty() {
            text.push_str(&format!("url_file = {url:?}\n"));
            written = std::fs::write(url, self.url.secret());
        }
        let written = written.and_then(|()| std::fs::write(&config, text));
        assert!(written.is_ok(), "{}: {written:?}", config.display());
        config
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.path
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        serve::directory::database(&self.path)
    }
}

impl Default for Place {
    fn default() -> Place {
        Place::new()
    }
}

/// What a stack is started with.
pub struct Setup {
    /// Where its data is.
    pub place: Place,
    /// Its configuration; directory and address are set when it starts.
    pub config: Config,
    /// The clock under it.
    pub clock: Arc<dyn Clock>,
    /// Planted faults.
    pub faults: Faults,
}

impl Setup {
    /// A new directory, no faults, and limits that a test's single address does not meet.
    pub fn new() -> Setup {
        let mut config = Config::default();
        config.live.requests_per_second_max = 1_000_000;
        config.live.frames_per_second_max = 100_000;
        config.live.connections_per_person_max = 2_000;
        config.auth.limits.attempts_per_address_per_minute = 100_000;
        config.auth.limits.attempts_per_login_per_minute = 100_000;
        config.server.workers = 2;
        config.server.stop_ms_max = 20_000;
        Setup {
            place: Place::new(),
            config,
            clock: Arc::new(SystemClock),
            faults: Faults::default(),
        }
    }

    /// On the data of another stack.
    #[must_use]
    pub fn on(mut self, place: &Place) -> Setup {
        self.place = place.clone();
        self
    }

    /// With other limits.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Config)) -> Setup {
        change(&mut self.config);
        self
    }

    /// Starts.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub async fn try_start(self) -> Result<Stack, Trouble> {
        let Setup { place, mut config, clock, faults } = self;
        config.store = place.store();
        config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        if let Some(issuer) = place.issuer.get().filter(|_| config.passport.issuer.is_empty()) {
            config.passport.issuer.clone_from(issuer);
        }
        let machine = move || Machine { clock, ids: Arc::new(SystemIds), faults };
        let (tell, told) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                match serve::start_on(config, machine()).await {
                    Ok(running) => {
                        let _ = tell.send(Ok((running.addr, running.app.clone())));
                        // A dropped sender asks for a stop as well.
                        let _ = stopped.await;
                        let _ = end.send(running.stop().await);
                    }
                    Err(trouble) => drop(tell.send(Err(trouble))),
                }
            });
        });
        let (addr, app) = match told.await {
            Ok(started) => started?,
            Err(_) => return Err(Trouble::new("the stack's thread has panicked")),
        };
        place.issuer.get_or_init(|| app.passport.keys.issuer().to_owned());
        Ok(Stack { addr, app, place, stop: Some(stop), ended: Some(ended) })
    }

    /// Starts.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(self) -> Stack {
        match self.try_start().await {
            Ok(stack) => stack,
            Err(trouble) => panic!("the stack does not start: {trouble}"),
        }
    }
}

impl Default for Setup {
    fn default() -> Setup {
        Setup::new()
    }
}

impl Stack {
    /// A station with an empty directory.
    pub async fn start() -> Stack {
        Setup::new().start().await
    }

    /// Its directory.
    pub fn place(&self) -> Place {
        self.place.clone()
    }

    /// Stops it, and answers its directory.
    ///
    /// # Panics
    /// When it does not stop cleanly.
    pub async fn stop(mut self) -> Place {
        let clean = self.end().await;
        assert!(clean, "the stack did not stop cleanly");
        self.place.clone()
    }

    /// Stops it, cleanly or not: for tests that broke its store.
    pub async fn end(&mut self) -> bool {
        drop(self.stop.take());
        match self.ended.take() {
            Some(ended) => ended.await.unwrap_or(false),
            None => false,
        }
    }

    /// A token of a person, as a sign-in would give it.
    pub fn signed_in(&self, person: PersonId, role: Role) -> SignedIn {
        let known = Known {
            person,
            name: format!("Person {person}"),
            roles: [role].into(),
            uid: None,
            until: None,
        };
        let sid = SystemIds.salt().map(|byte| format!("{byte:02x}")).concat();
        match self.app.auth.issue(&known, sid) {
            Ok(signed_in) => signed_in,
            Err(e) => panic!("no token: {e}"),
        }
    }

    /// The text of such a token.
    pub fn token(&self, person: PersonId, role: Role) -> String {
        self.signed_in(person, role).token
    }

    /// A client that is signed in.
    pub fn http(&self, person: PersonId, role: Role) -> Http {
        Http::bearer(self.addr, &self.token(person, role))
    }

    /// The operator's client.
    pub fn operator(&self) -> Http {
        self.http(OPERATOR, Role::Operator)
    }

    /// Revokes a sign-in as its own sign-out does.
    ///
    /// # Panics
    /// When the store does not take it.
    pub async fn revoke(&self, principal: &Principal) {
        if let Err(e) = self.app.auth.logout(principal).await {
            panic!("not revoked: {e}");
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.stop.is_some() && !thread::panicking() {
            panic!("a stack was dropped without stop()");
        }
    }
}
