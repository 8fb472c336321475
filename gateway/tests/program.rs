//! The real program as a person or an init system runs it: started, asked, stopped by a signal.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn nsk(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nsk"));
    command.args(["--lang", "en"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ask(arguments: &[&str], input: &str) -> Output {
    let mut child = nsk(arguments).spawn().expect("started");
    // A program that needs no input may be gone by now.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("ended")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running program, killed when a test fails.
struct Program(Child);

impl Program {
    /// Starts it and waits for its address.
    fn start(arguments: &[&str]) -> (Program, String) {
        let mut child = nsk(arguments).spawn().expect("started");
        let out = child.stdout.take().expect("a pipe");
        let program = Program(child);
        for line in BufReader::new(out).lines() {
            let line = line.expect("text");
            if let Some(at) = line.find("http://") {
                return (program, line[at..].trim_end_matches('/').to_owned());
            }
        }
        panic!("it ended without an address");
    }

    /// Sends a signal and waits for the end; answers the exit code.
    fn stop(mut self, signal: Signal) -> Option<i32> {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(pid, signal).expect("it runs");
        self.0.wait().expect("ended").code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn shown(dir: &Path) -> String {
    dir.join("data").display().to_string()
}

#[test]
fn a_signal_ends_it_cleanly() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = shown(dir.path());
    for signal in [Signal::TERM, Signal::INT] {
        let (program, address) =
            Program::start(&["serve", "--data", &data, "--listen", "127.0.0.1:0"]);
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
        let second = ask(&["serve", "--data", &data, "--listen", "127.0.0.1:0"], "");
        assert_eq!(second.status.code(), Some(1));
        let err = text(&second.stderr);
        assert!(err.contains("another nsk runs on this directory (pid "), "{err}");
        assert_eq!(program.stop(signal), Some(0));
    }
}

#[test]
fn what_was_killed_starts_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = shown(dir.path());
    let serve = ["demo", "--data", &data, "--listen", "127.0.0.1:0", "--no-bots"];
    let (program, _) = Program::start(&serve);
    assert_eq!(program.stop(Signal::KILL), None);
    let doctor = ask(&["doctor", "--data", &data], "");
    assert_eq!(doctor.status.code(), Some(0), "{}", text(&doctor.stdout));
    let (program, _) = Program::start(&serve);
    assert_eq!(program.stop(Signal::TERM), Some(0));
}

#[test]
fn passwords_come_from_standard_input() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = shown(dir.path());
    let add = |login: &str, password: &str| {
        let name = format!("Name of {login}");
        let arguments = [
            "user", "add", "--login", login, "--name", &name, "--role", "operator", "--data", &data,
        ];
        ask(&arguments, password)
    };
    let added = add("Orlova", "a long password\n");
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
    assert_eq!(text(&added.stdout), "added 1 orlova\n");
    assert!(!text(&added.stderr).contains("long password"));
    let again = add("orlova", "another password\n");
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("the login is taken"), "{}", text(&again.stderr));
    let short = add("other", "short\n");
    assert!(text(&short.stderr).contains("too short"), "{}", text(&short.stderr));
    let changed = ask(&["user", "passwd", "ORLOVA", "--data", &data], "a new password\n");
    assert_eq!(text(&changed.stdout), "password changed: orlova\n");
    let nobody = ask(&["user", "passwd", "nobody", "--data", &data], "a new password\n");
    assert_eq!(nobody.status.code(), Some(1));
    let list = ask(&["user", "list", "--data", &data], "");
    assert!(text(&list.stdout).contains("orlova"), "{}", text(&list.stdout));
    assert!(!text(&list.stdout).contains("argon2"), "hashes stay inside");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = nsk(&["routes"]).spawn().expect("started");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ended");
    assert!(!text(&output.stderr).contains("panic"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}
