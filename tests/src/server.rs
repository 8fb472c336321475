//! PostgreSQL servers of tests: the one of a run in nextest's profile `centre`, and private ones
//! that a test may kill.

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
        let url = script(&["start"], dir.path());
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
        let pid = std::fs::read_to_string(self.dir.path().join("data/postmaster.pid"));
        let pid = pid.ok().and_then(|text| text.lines().next()?.parse().ok());
        let pid = pid.and_then(rustix::process::Pid::from_raw);
        let killed =
            pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
        assert!(matches!(killed, Some(Ok(()))), "the server was not killed");
        assert_eq!(script(&["start"], self.dir.path()), self.url);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script(&["stop"], self.dir.path());
    }
}

fn script(what: &[&str], dir: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/scripts/private-postgres.sh");
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
