//! Another program at the database: it holds it, or changes what no version of `nsk` would. Python
//! brings SQLite along, and is needed to check exports anyway.

use crate::stack::Place;
use crate::wait::patiently;
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// Holds the write lock of a database until it is released.
pub struct Hold(Child);

const HOLD: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.readline()
";

const EXECUTE: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30)
db.executescript(sys.argv[2])
db.close()
";

impl Hold {
    /// Takes the lock.
    ///
    /// # Panics
    /// When it is not to be had.
    pub async fn of(database: &Path) -> Hold {
        let spawned = Command::new("python3")
            .args(["-c", HOLD])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(e) => panic!("python3: {e}"),
        };
        let Some(out) = child.stdout.take() else { panic!("no pipe") };
        let mut lines = BufReader::new(out).lines();
        let said = patiently("the lock of the database", lines.next_line()).await;
        assert!(matches!(said.as_ref().map(Option::as_deref), Ok(Some("held"))), "{said:?}");
        Hold(child)
    }

    /// Gives it back.
    pub async fn release(mut self) {
        if let Some(mut stdin) = self.0.stdin.take() {
            let _ = stdin.write_all(b"\n").await;
        }
        let _ = patiently("the holder", self.0.wait()).await;
    }
}

/// Runs SQL on a database that nobody has open.
///
/// # Panics
/// When it fails.
pub async fn execute(database: &Path, text: &str) {
    let path = database.to_string_lossy();
    let output = python(EXECUTE, &[&path, text]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs SQL, in one transaction, beside the program that has the database open.
///
/// # Panics
/// When it fails.
pub async fn execute_beside(place: &Place, text: &str) {
    let Ok(Some(server)) = place.store().server() else {
        return execute(&place.database(), &format!("BEGIN IMMEDIATE; {text}; COMMIT")).await;
    };
    let running = Command::new("psql").args(["-qX", server.secret(), "-c", text]).output();
    match patiently("psql", running).await {
        Ok(output) if output.status.success() => {}
        other => panic!("psql: {other:?}"),
    }
}

/// Runs a Python program.
///
/// # Panics
/// When there is no Python.
pub async fn python(program: &str, arguments: &[&str]) -> Output {
    let running = Command::new("python3").args(["-c", program]).args(arguments).output();
    match patiently("python3", running).await {
        Ok(output) => output,
        Err(e) => panic!("python3: {e}"),
    }
}
