//! PostgreSQL servers of tests: the one of a run in nextest's profile `centre`, and private ones
//! that a test may kill or pause; and such Redis servers.

use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The server of this run, when it is a centre's. The profile decides, so that a run without its
/// server fails instead of testing the file twice.
#[expect(clippy::disallowed_methods, reason = "what the test runner says of the run")]
pub fn of_the_run() -> Option<String> {
    if std::env::var("NEXTEST_PROFILE").as_deref() != Ok("centre") {
        return None;
    }
    match std::env::var("NSK_TEST_POSTGRES") {
        Ok(url) => Some(url),
        Err(_) => panic!("the profile `centre` without its PostgreSQL server"),
    }
}

/// Makes a database on a server, and answers its address.
///
/// # Panics
/// When the server does not make it.
pub fn create(server: &str, unique: &str) -> String {
    // A name has at most 63 characters; what makes it unique is its end.
    let name = format!("t{}", &unique[unique.len().saturating_sub(60)..]);
    said(Command::new("psql").args(["-qX", server, "-c", &format!("CREATE DATABASE {name}")]));
    let (place, _) = server.rsplit_once('/').unwrap_or((server, ""));
    format!("{place}/{name}")
}

/// A server of one test, which may kill it. It ends with its owner.
pub struct Server {
    dir: TempDir,
    url: String,
}

impl Server {
    /// Starts one that keeps what it commits.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Server {
        #[expect(clippy::expect_used, reason = "a test without a directory cannot go on")]
        let dir = tempfile::tempdir().expect("a temporary directory");
        let url = script(POSTGRES, &["start"], dir.path());
        Server { dir, url }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it as a power cut does, and starts it again at the same address.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn kill_and_restart(&self) {
        self.kill();
        self.start_again();
    }

    /// Ends it as a power cut does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&self) {
        send(&self.dir.path().join("data"), Signal::KILL);
    }

    /// Starts it again at the same address, with its data.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn start_again(&self) {
        assert_eq!(script(POSTGRES, &["start"], self.dir.path()), self.url);
    }

    /// Lets it stand still, with its connections open.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pause(&self) {
        send(&self.dir.path().join("data"), Signal::STOP);
    }

    /// Ends a pause.
    ///
    /// # Panics
    /// When it does not run.
    pub fn go_on(&self) {
        send(&self.dir.path().join("data"), Signal::CONT);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A paused one would not hear that it must go.
        send_all(&self.dir.path().join("data"), Signal::CONT);
        script(POSTGRES, &["stop"], self.dir.path());
    }
}

/// A Redis server of one test, which may do anything to it. It ends with its owner.
pub struct Redis {
    dir: TempDir,
    url: String,
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Redis {
        #[expect(clippy::expect_used, reason = "a test without a directory cannot go on")]
        let dir = tempfile::tempdir().expect("a temporary directory");
        let url = script(REDIS, &["start"], dir.path());
        Redis { dir, url }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it as a power cut does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&self) {
        send(self.dir.path(), Signal::KILL);
    }

    /// Starts it again at the same address; it remembers nothing.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn start_again(&self) {
        assert_eq!(script(REDIS, &["start"], self.dir.path()), self.url);
    }

    /// Lets it stand still, with its connections open.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pause(&self) {
        send(self.dir.path(), Signal::STOP);
    }

    /// Ends a pause.
    ///
    /// # Panics
    /// When it does not run.
    pub fn go_on(&self) {
        send(self.dir.path(), Signal::CONT);
    }

    /// Takes everything that it remembers.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn flush(&self) {
        said(Command::new("redis-cli").args(["-u", &self.url, "--no-auth-warning", "FLUSHALL"]));
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        send_all(self.dir.path(), Signal::CONT);
        script(REDIS, &["stop"], self.dir.path());
    }
}

const POSTGRES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/scripts/private-postgres.sh");
const REDIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/scripts/private-redis.sh");

/// Signals every process that works in a directory: a server works in its own.
fn send(dir: &Path, signal: Signal) {
    assert!(send_all(dir, signal) > 0, "nobody to be sent {signal:?}");
}

fn send_all(dir: &Path, signal: Signal) -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let here = |process: std::fs::DirEntry| {
        let pid = process.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
        let own = std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == dir);
        (own && kill_process(pid, signal).is_ok()).then_some(())
    };
    processes.filter_map(|process| here(process.ok()?)).count()
}

fn script(script: &str, what: &[&str], dir: &Path) -> String {
    said(Command::new(script).args(what).arg(dir)).trim().to_owned()
}

fn said(command: &mut Command) -> String {
    match command.output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(e) => panic!("{:?}: {e}", command.get_program()),
    }
}
