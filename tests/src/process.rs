//! The real program: started, asked, stopped and killed as a user or a power cut would.

use rustix::process::{Pid, Signal, kill_process};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::wait::patiently;

/// What a finished call said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A running `nsk serve` or `nsk demo`.
pub struct Nsk {
    /// Where it listens.
    pub addr: SocketAddr,
    child: Child,
}

/// What cargo tells a test of its package, and build scripts look at.
const TOLD_TO_TESTS: [&str; 8] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// The program, built from the present sources the first time it is asked for.
///
/// # Panics
/// When it cannot be built.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        #[expect(clippy::expect_used, reason = "a test binary lies in target/<profile>/deps")]
        let profile = std::env::current_exe()
            .ok()
            .and_then(|own| Some(own.parent()?.parent()?.to_owned()))
            .expect("the folder of the built programs");
        let mut build = std::process::Command::new(env!("CARGO"));
        // As `make run` does: nothing of the tests' build is compiled again.
        build.args(["build", "--quiet", "--workspace", "--bin", "nsk"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        // What cargo tells a test of its package makes build scripts run again, and with them
        // everything above: once for the test, and once more for whoever builds next.
        for name in TOLD_TO_TESTS {
            build.env_remove(name);
        }
        let built = build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).status();
        assert!(built.is_ok_and(|status| status.success()), "nsk was not built");
        profile.join("nsk")
    })
}

/// Calls the program and waits for its end.
///
/// # Panics
/// When it cannot be called or does not end.
pub async fn call(arguments: &[&str]) -> Said {
    let output = command(arguments).stdin(Stdio::null()).output();
    match patiently(&format!("nsk {arguments:?}"), output).await {
        Ok(output) => Said {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        },
        Err(e) => panic!("nsk {arguments:?}: {e}"),
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(["--lang", "en"]).args(arguments).kill_on_drop(true);
    command
}

impl Nsk {
    /// Starts the program with these arguments, and waits until it says where it listens.
    ///
    /// # Errors
    /// What it said when it ended instead.
    pub async fn start(arguments: &[&str]) -> Result<Nsk, Said> {
        Nsk::start_by(command(arguments)).await
    }

    /// As [`Nsk::start`], by a command that becomes the program.
    ///
    /// # Errors
    /// As [`Nsk::start`].
    pub async fn start_by(mut command: Command) -> Result<Nsk, Said> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.kill_on_drop(true).spawn() {
            Ok(child) => child,
            Err(e) => panic!("{command:?}: {e}"),
        };
        let (Some(out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else {
            panic!("nsk without pipes");
        };
        let mut lines = BufReader::new(out).lines();
        let first = patiently("the first line of nsk", lines.next_line()).await;
        let said = first.ok().flatten().unwrap_or_default();
        let addr =
            said.split("http://").nth(1).and_then(|rest| rest.trim_end_matches('/').parse().ok());
        let Some(addr) = addr else {
            let mut text = String::new();
            let _ = patiently("the last words of nsk", err.read_to_string(&mut text)).await;
            let status = patiently("the end of nsk", child.wait()).await;
            let code = status.ok().and_then(|status| status.code());
            return Err(Said { code, out: said, err: text });
        };
        // Whoever stops reading a pipe stops the writer.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        tokio::spawn(async move {
            let mut lines = BufReader::new(err).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("panicked") {
                    eprintln!("nsk: {line}");
                }
            }
        });
        Ok(Nsk { addr, child })
    }

    /// `nsk serve` on a directory, at an address of this machine; port 0 takes a free one.
    ///
    /// # Errors
    /// What it said when it ended instead.
    pub async fn serve(data: &Path, config: Option<&Path>, addr: SocketAddr) -> Result<Nsk, Said> {
        let (data, addr) = (data.to_string_lossy(), addr.to_string());
        let mut arguments = vec!["serve", "--data", &data, "--listen", &addr];
        let config = config.map(Path::to_string_lossy);
        if let Some(config) = &config {
            arguments.extend(["--config", config]);
        }
        Nsk::start(&arguments).await
    }

    /// Starts the program and lets a while pass, whatever it does meanwhile; then it is killed.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_and_kill(arguments: &[&str], after: std::time::Duration) {
        let quiet = || Stdio::null();
        let spawned = command(arguments).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(e) => panic!("nsk {arguments:?}: {e}"),
        };
        crate::wait::pause(after).await;
        let killed = patiently("a killed process", child.kill()).await;
        assert!(killed.is_ok(), "{killed:?}");
    }

    /// Ends it as a power cut does.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn kill_9(&mut self) {
        let killed = patiently("a killed process", self.child.kill()).await;
        assert!(killed.is_ok(), "{killed:?}");
    }

    /// Asks it to stop, and waits for that.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        match patiently("the end of nsk", self.child.wait()).await {
            Ok(status) => status,
            Err(e) => panic!("nsk cannot be waited for: {e}"),
        }
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it has ended.
    pub fn id(&self) -> u32 {
        match self.child.id() {
            Some(id) => id,
            None => panic!("nsk has ended"),
        }
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When it has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let sent = pid.map(|pid| kill_process(pid, signal));
        assert!(matches!(sent, Some(Ok(()))), "{signal:?} was not sent");
    }
}
