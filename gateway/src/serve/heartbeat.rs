//! The last moment at which this process was alive, on disk: a small file that is rewritten in
//! place about once a second. After a crash or a power cut the next start learns from it how long
//! the station was down, and that its clock must not go back behind it.

use actors::ports::Clock;
use engine::Moment;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};

/// The file's name in the data directory.
pub const FILE_NAME: &str = "alive";
/// How often it is written, ms.
pub const EVERY_MS: u64 = 1_000;
/// Digits of its one number: it never changes its length, and fits into one sector of a disk.
const DIGITS: usize = 20;

/// Reads the file; `None` when it is absent or holds no moment.
pub fn read(dir: &Path) -> Option<Moment> {
    let text = std::fs::read_to_string(dir.join(FILE_NAME)).ok()?;
    match text.trim().parse() {
        Ok(ms) => Some(Moment(ms)),
        Err(_) => {
            tracing::warn!(file = FILE_NAME, "the heartbeat file holds no moment and is ignored");
            None
        }
    }
}

/// Writes the moment and waits until it is on disk.
fn write(file: &File, at: Moment) -> io::Result<()> {
    let mut line = Vec::with_capacity(DIGITS + 1);
    writeln!(line, "{:0DIGITS$}", at.0.max(0))?;
    file.write_all_at(&line, 0)?;
    file.sync_data()
}

/// Writes the moments of a clock until it is dropped.
#[derive(Debug)]
pub struct Heartbeat {
    task: JoinHandle<()>,
}

impl Heartbeat {
    /// Writes the first moment at once, then one about every second.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn start(dir: &Path, clock: Arc<dyn Clock>) -> io::Result<Heartbeat> {
        let path = dir.join(FILE_NAME);
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        write(&file, clock.now())?;
        let file = Arc::new(file);
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(EVERY_MS));
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut failing = false;
            loop {
                ticks.tick().await;
                let (file, at) = (file.clone(), clock.now());
                let written = spawn_blocking(move || write(&file, at)).await;
                let now_failing = !matches!(written, Ok(Ok(())));
                if now_failing && !failing {
                    tracing::warn!(?written, "heartbeat not written");
                }
                failing = now_failing;
            }
        });
        Ok(Heartbeat { task })
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::clock::ManualClock;

    #[tokio::test]
    async fn what_is_written_is_read_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read(dir.path()), None);
        let clock = Arc::new(ManualClock::default());
        drop(Heartbeat::start(dir.path(), clock.clone()).expect("a heartbeat"));
        assert_eq!(read(dir.path()), Some(clock.now()));
        clock.advance_ms(-1_000_000);
        drop(Heartbeat::start(dir.path(), clock.clone()).expect("a heartbeat"));
        assert_eq!(read(dir.path()), Some(clock.now()), "the same length, nothing left over");
    }

    #[test]
    fn rubbish_is_no_moment() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join(FILE_NAME), "yesterday").expect("written");
        assert_eq!(read(dir.path()), None);
    }
}
