//! The real `nsk` with a data directory of its own: people and tools are brought in once through
//! its own command line, each component starts from a copy of that directory.

use crate::http::{Connection, Request};
use crate::process::Running;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest that the program may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Longest that it may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(40);
/// How often it is asked whether it is ready.
const READY_POLL: Duration = Duration::from_millis(5);
/// Everybody's password in a directory that is thrown away.
pub const PASSWORD: &str = "load-tests-password";
/// The assessment tool that the exams are made from.
const TOOL: &str = include_str!("../../gateway/demo/os-edu-69.json");

/// The tool's hash, by which exams name it.
///
/// # Errors
/// When the product's import refuses its own demo.
pub fn tool_hash() -> io::Result<String> {
    let imported = engine::tool::import(TOOL.as_bytes(), &engine::ImportLimits::default());
    let tool = imported.map_err(|problems| io::Error::other(format!("{problems:?}")))?;
    Ok(tool.value.hash().to_string())
}

/// Limits that are per person or per address in the product: here one person stands for many, so
/// they are raised. Nothing else differs from a station's defaults.
const CONFIG: &str = "\
[live]
connections_max = 100000
connections_per_person_max = 100000
frames_per_second_max = 1000000
requests_per_second_max = 1000000

[actors]
inflight_max = 64

[auth]
session_minutes = 600

[auth.limits]
attempts_per_address_per_minute = 100000
attempts_per_login_per_minute = 100000

[passport]
requests_per_client_per_minute = 100000000
requests_per_address_per_minute = 100000000

[log]
filter = \"warn\"
";

/// Who takes part: login, full name, role, number.
pub const PEOPLE: [(&str, &str, &str, u64); 6] = [
    ("operator", "Операторова О. О.", "operator", 1),
    ("observer", "Наблюдателев Н. Н.", "observer", 2),
    ("expert1", "Экспертов Э. Э.", "expert", 11),
    ("expert2", "Экспертова Э. Э.", "expert", 12),
    ("expert3", "Эксперт-Третий Э. Э.", "expert", 13),
    ("candidate", "Соискатель С. С.", "candidate", 21),
];

/// A program and the directory that it is started from.
#[derive(Debug)]
pub struct Prepared {
    program: PathBuf,
    dir: tempfile::TempDir,
}

/// A running station.
#[derive(Debug)]
pub struct Station {
    /// The process.
    pub running: Running,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its data directory.
    pub data: PathBuf,
    program: PathBuf,
    config: PathBuf,
}

impl Prepared {
    /// Makes the directory, people and tool included.
    ///
    /// # Errors
    /// When the program refuses; the text is its own.
    pub fn new(program: &Path, work: &Path) -> io::Result<Prepared> {
        std::fs::create_dir_all(work)?;
        let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(work)?;
        let prepared = Prepared { program: program.to_owned(), dir };
        std::fs::write(prepared.config(), CONFIG)?;
        let tool = prepared.dir.path().join("os-edu-69.json");
        std::fs::write(&tool, TOOL)?;
        let template = prepared.template();
        for (login, name, role, id) in PEOPLE {
            let id = id.to_string();
            let args =
                ["user", "add", "--login", login, "--name", name, "--role", role, "--id", &id];
            prepared.call(&args, &template)?;
        }
        prepared.call(&["import", &tool.to_string_lossy()], &template)?;
        Ok(prepared)
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("nsk.toml")
    }

    fn template(&self) -> PathBuf {
        self.dir.path().join("template")
    }

    /// Where a component may leave its own files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Enters a service as a client of the passport, for every station that is started later;
    /// answers its secret.
    ///
    /// # Errors
    /// When the program refuses.
    pub fn client(&self, id: &str) -> io::Result<String> {
        let args = ["identity", "client", "add", id, "--name", id, "--kind", "service"];
        let said = self.call(&args, &self.template())?;
        let secret = said.lines().last().map(str::trim).unwrap_or_default();
        Ok(secret.to_owned())
    }

    fn call(&self, args: &[&str], data: &Path) -> io::Result<String> {
        let mut child = Command::new(&self.program)
            .args(["--lang", "en"])
            .args(args)
            .arg("--data")
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", self.program.display())))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that reads nothing closes the pipe.
            let _ = stdin.write_all(format!("{PASSWORD}\n").as_bytes());
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        Err(io::Error::other(format!("nsk {}: {said}", args.join(" "))))
    }

    /// A copy of the directory under a name, for a station to be started on.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self, name: &str) -> io::Result<PathBuf> {
        let data = self.dir.path().join(name);
        copy_dir(&self.template(), &data)?;
        Ok(data)
    }

    /// Starts a station on a fresh copy and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or is not ready in time; the text has its last lines.
    pub async fn start(&self, name: &str) -> io::Result<Station> {
        self.start_as(&self.program, name).await
    }

    /// As [`Prepared::start`], with another program that understands `serve` as `nsk` does.
    ///
    /// # Errors
    /// As [`Prepared::start`].
    pub async fn start_as(&self, program: &Path, name: &str) -> io::Result<Station> {
        let data = self.copy(name)?;
        Station::start(program, &self.config(), &data).await
    }
}

fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A free port of this machine. Somebody else may take it before it is used; then the program says
/// so and the run ends.
///
/// # Errors
/// When there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Station {
    async fn start(program: &Path, config: &Path, data: &Path) -> io::Result<Station> {
        let mut station = Station::spawn(program, config, data)?;
        station.ready().await?;
        Ok(station)
    }

    fn spawn(program: &Path, config: &Path, data: &Path) -> io::Result<Station> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let listen = address.to_string();
        let args: [&std::ffi::OsStr; 7] = [
            "serve".as_ref(),
            "--config".as_ref(),
            config.as_ref(),
            "--data".as_ref(),
            data.as_ref(),
            "--listen".as_ref(),
            listen.as_ref(),
        ];
        let running = Running::start(program, args, &data.with_extension("log"))?;
        let (program, config) = (program.to_owned(), config.to_owned());
        Ok(Station { running, address, data: data.to_owned(), program, config })
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it ends or is not ready in time; the text has its last lines.
    pub async fn ready(&mut self) -> io::Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.running.ended()? {
                let words = self.running.last_words();
                return Err(io::Error::other(format!("nsk ended with {status}: {words}")));
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok(reply) = connection.ask(Request::get("/readyz", None)).await
                && reply.status == 200
            {
                return Ok(());
            }
            if began.elapsed() > READY_WITHIN {
                let words = self.running.last_words();
                return Err(io::Error::other(format!("nsk is not ready: {words}")));
            }
            tokio::time::sleep(READY_POLL).await;
        }
    }

    /// Kills it at once and starts another on the same directory, without waiting until that is
    /// ready. Also answers when the new one was started.
    ///
    /// # Errors
    /// When it cannot be killed or started.
    pub fn kill_and_respawn(self) -> io::Result<(Station, Instant)> {
        self.running.kill()?;
        let began = Instant::now();
        Ok((Station::spawn(&self.program, &self.config, &self.data)?, began))
    }

    /// Stops it; its data directory stays.
    ///
    /// # Errors
    /// When it does not stop in time.
    pub async fn stop(self) -> io::Result<()> {
        self.running.stop(STOP_WITHIN).await.map(drop)
    }

    /// Starts it again on the data directory of one that was stopped.
    ///
    /// # Errors
    /// As for the first start.
    pub async fn restart(prepared: &Prepared, data: &Path) -> io::Result<Station> {
        Station::start(&prepared.program, &prepared.config(), data).await
    }

    /// Its database file.
    ///
    /// # Errors
    /// When the directory has none.
    pub fn database(data: &Path) -> io::Result<PathBuf> {
        let found = std::fs::read_dir(data)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|e| e == "db"));
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no database file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_every_file() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let from = dir.path().join("from");
        std::fs::create_dir_all(from.join("deep")).expect("a directory");
        std::fs::write(from.join("deep/a"), "1").expect("a file");
        std::fs::write(from.join("nsk.db"), "2").expect("a file");
        let to = dir.path().join("to");
        copy_dir(&from, &to).expect("a copy");
        assert_eq!(std::fs::read_to_string(to.join("deep/a")).expect("a file"), "1");
        assert_eq!(Station::database(&to).expect("a database"), to.join("nsk.db"));
        assert!(Station::database(&to.join("deep")).is_err());
    }

    #[test]
    fn ports_are_free() {
        let port = free_port().expect("a port");
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("nobody else has it");
    }
}
