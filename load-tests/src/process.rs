//! Programs under measurement: started as children, watched through `/proc`, and never left behind.

use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Open files that the largest component needs, in this process and in each child.
pub const FILES_NEEDED: u64 = 8_192;
/// How often a child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(2);

/// Raises this process's limit of open files (children inherit it) as far as allowed, and says
/// what it is now.
pub fn raise_file_limit() -> u64 {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let wanted = FILES_NEEDED.min(most);
    if limit.current.is_none_or(|current| current >= wanted) {
        return limit.current.unwrap_or(u64::MAX);
    }
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    match rustix::process::setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(_) => limit.current.unwrap_or_default(),
    }
}

/// A running child; dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a program whose output goes to a file.
    ///
    /// # Errors
    /// When it cannot be started or the file cannot be made.
    pub fn start<S: AsRef<OsStr>>(
        program: &Path,
        args: impl IntoIterator<Item = S>,
        log: &Path,
    ) -> io::Result<Running> {
        let out = File::options().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", program.display())))?;
        Ok(Running { child, log: log.to_owned() })
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Processor time that it has used since it started, all threads.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn cpu(&self) -> io::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid().as_raw_nonzero()))?;
        let ticks = cpu_ticks(&stat).ok_or_else(|| invalid("/proc/…/stat has another shape"))?;
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        Ok(Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / per_second)))
    }

    /// Memory that it holds in RAM, bytes.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn rss_bytes(&self) -> io::Result<u64> {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid().as_raw_nonzero()))?;
        rss_bytes(&status).ok_or_else(|| invalid("/proc/…/status has another shape"))
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends it `SIGUSR1`.
    ///
    /// # Errors
    /// When it has ended.
    pub fn nudge(&self) -> io::Result<()> {
        Ok(rustix::process::kill_process(self.pid(), Signal::USR1)?)
    }

    /// Asks it to stop and waits for it.
    ///
    /// # Errors
    /// When it does not stop within the limit; then it is killed.
    pub async fn stop(mut self, within: Duration) -> io::Result<ExitStatus> {
        rustix::process::kill_process(self.pid(), Signal::TERM)?;
        let began = Instant::now();
        while began.elapsed() < within {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(POLL).await;
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the program does not stop"))
    }

    /// Kills it at once, as a power cut would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// The last lines of its output.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// User and system time of a line of `/proc/<pid>/stat`. The name in parentheses may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let user: u64 = fields.get(11)?.parse().ok()?;
    let system: u64 = fields.get(12)?.parse().ok()?;
    Some(user + system)
}

fn rss_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read_whatever_the_name() {
        let stat = "4242 (a ) b 1 2) S 1 4242 4242 0 -1 4194560 5021 0 0 0 731 269 0 0 20 0 9 0 \
                    8 1 2 18446744073709551615 1 1";
        assert_eq!(cpu_ticks(stat), Some(1_000));
        assert_eq!(cpu_ticks("nothing"), None);
        assert_eq!(rss_bytes("Name:\tnsk\nVmRSS:\t   12 kB\n"), Some(12_288));
        assert_eq!(rss_bytes("Name:\tnsk\n"), None);
    }

    #[tokio::test]
    async fn a_child_is_watched_and_stopped() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = dir.path().join("log");
        let shell = Path::new("/bin/sh");
        let mut child =
            Running::start(shell, ["-c", "echo ready; exec cat /dev/zero > /dev/null"], &log)
                .expect("a shell");
        let began = Instant::now();
        while child.cpu().expect("a stat file").is_zero() {
            assert!(began.elapsed() < Duration::from_secs(60), "it uses no processor time");
            tokio::task::yield_now().await;
        }
        assert!(child.rss_bytes().expect("a status file") > 0);
        assert!(child.ended().expect("a child").is_none());
        assert_eq!(child.last_words(), "ready");
        child.stop(Duration::from_secs(60)).await.expect("it obeys");
    }

    #[tokio::test]
    async fn a_child_that_ends_by_itself_is_noticed() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut child =
            Running::start(Path::new("/bin/sh"), ["-c", "exit 3"], &dir.path().join("log"))
                .expect("a shell");
        let status = loop {
            if let Some(status) = child.ended().expect("a child") {
                break status;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(status.code(), Some(3));
        assert!(Running::start(Path::new("/no/such"), [""; 0], &dir.path().join("log")).is_err());
    }
}
