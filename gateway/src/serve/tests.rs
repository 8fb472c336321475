use super::*;
use crate::cli::{self, Pace};
use crate::demo::{self, Demo};
use engine::exam::Phase;
use engine::{Moment, WireId};
use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

/// Longest wait for a value.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let waiting = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !so() {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn on_free_port(data: &Path) -> Config {
    demo::config(data, SocketAddr::from(([127, 0, 0, 1], 0))).expect("a configuration")
}

fn phase(running: &Running, exam: u64) -> Option<Phase> {
    running.app.board.rows().into_iter().find(|r| r.exam == WireId(exam)).map(|r| r.phase)
}

fn call(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["nsk", "--lang", "en"].iter().chain(arguments).map(OsString::from);
    let code = cli::run(arguments, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(out), text(err))
}

fn run<T>(task: impl Future<Output = T>) -> T {
    actix_rt::System::new().block_on(task)
}

async fn at_pace(running: &Running, pace: &str) -> Demo {
    let pace: Pace = pace.parse().expect("a pace");
    Demo::start(&running.app, pace, true).await.expect("a demo day")
}

/// Runs a demo day until exam 103 has ended; its export is in `exam.json`.
fn a_finished_exam(dir: &Path) -> String {
    let data = dir.join("data");
    run(async {
        let running = start(on_free_port(&data)).await.expect("a station");
        let demo = at_pace(&running, "100").await;
        until("exam 103 ends", || phase(&running, 103) == Some(Phase::Completed)).await;
        demo.stop();
        assert!(running.stop().await, "a clean end");
    });
    let file = dir.join("exam.json").display().to_string();
    let (code, _, err) =
        call(&["exam", "export", "103", "--data", &data.display().to_string(), "-o", &file]);
    assert_eq!(code, 0, "{err}");
    file
}

#[test]
fn a_demo_day_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let board = |running: &Running| {
        let rows = running.app.board.rows();
        rows.into_iter().map(|r| (r.exam, r.phase, r.seq)).collect::<Vec<_>>()
    };
    let before = run(async {
        let running = start(on_free_port(&data)).await.expect("a station");
        let demo = at_pace(&running, "20").await;
        until("exam 102 is opened", || {
            phase(&running, 102).is_some_and(|p| p.is_live() || p.is_final())
        })
        .await;
        demo.stop();
        let rows = running.app.board.rows().len();
        assert_eq!(rows, 8, "the whole round");
        assert!(running.stop().await);
        rows
    });
    run(async {
        let running = start(on_free_port(&data)).await.expect("the same station");
        until("the board is back", || board(&running).len() == before).await;
        let at_start = board(&running);
        assert!(last_alive(&data).is_some());
        let demo = at_pace(&running, "100").await;
        until("the day goes on", || board(&running) != at_start).await;
        demo.stop();
        assert!(running.stop().await);
    });
}

#[test]
fn an_exam_can_be_checked_elsewhere_and_a_change_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = a_finished_exam(dir.path());
    let (code, out, err) = call(&["exam", "verify", &file]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("everything holds"), "{out}");
    let (code, out, _) = call(&["form", "rebuild", "--export", &file]);
    assert_eq!(code, 0, "{out}");
    let bank = format!("{}/demo/os-edu-69.json", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(call(&["form", "rebuild", "--export", &file, "--tool", &bank]).0, 0);

    let text = std::fs::read_to_string(&file).expect("an export");
    let whole: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let spoil = |name: &str, spoil: &dyn Fn(&mut serde_json::Value)| {
        let mut spoilt = whole.clone();
        spoil(&mut spoilt);
        let path = dir.path().join(name);
        std::fs::write(&path, spoilt.to_string()).expect("written");
        let path = path.display().to_string();
        let (code, _, _) = call(&["exam", "verify", &path]);
        assert_eq!(code, 1, "{name} is noticed by verify");
        let (code, out, err) = call(&["form", "rebuild", "--export", &path, "--tool", &bank]);
        assert_eq!(code, 1, "{name} is noticed by rebuild: {out}{err}");
        out
    };
    let order = spoil("order", &|e| e["form"]["items"].as_array_mut().expect("items").reverse());
    assert!(order.contains("! question 1: block"), "{order}");
    let bank_changed = spoil("bank", &|e| {
        e["tool"]["topics"][0]["blocks"][0]["questions"][0]["text"] = "?".into();
    });
    assert!(bank_changed.contains("! bank: question "), "{bank_changed}");
    let record = spoil("record", &|e| e["records"][3]["at"] = 5.into());
    assert!(record.contains("record 4 was changed"), "{record}");
    let shorter = spoil("records", &|e| {
        e["records"].as_array_mut().expect("records").remove(2);
    });
    assert!(shorter.contains("! records: record 4 stands where 3 was expected"), "{shorter}");
}

#[test]
fn two_programs_do_not_share_a_directory_or_a_port() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    run(async {
        let running = start(on_free_port(&data)).await.expect("a station");
        let trouble = start(on_free_port(&data)).await.err().expect("the directory is taken");
        assert!(trouble.what().contains("another nsk runs"), "{trouble}");
        let mut config = on_free_port(&dir.path().join("other"));
        config.server.listen = running.addr;
        let trouble = start(config).await.err().expect("the port is taken");
        assert!(trouble.to_do().is_some_and(|t| t.contains("--listen")), "{trouble}");
        assert!(!dir.path().join("other").exists(), "nothing was made");
        assert!(running.stop().await);
    });
}

#[test]
fn a_demo_is_not_shown_to_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    run(async {
        let running = start(on_free_port(&data)).await.expect("a station");
        let pace: Pace = "1".parse().expect("a pace");
        Demo::start(&running.app, pace, false).await.expect("people").stop();
        assert!(running.stop().await);
        let mut config = on_free_port(&data);
        config.server.listen = SocketAddr::from(([0, 0, 0, 0], 0));
        config.tls.allow_plain = true;
        let trouble = start(config).await.err().expect("refused");
        assert!(trouble.what().contains("everybody knows"), "{trouble}");
    });
}

/// The machine's clock with a wall clock that a test may move.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Moment {
        SystemClock.now() + engine::Span(self.0.load(Ordering::Relaxed))
    }

    fn monotonic_us(&self) -> i64 {
        SystemClock.monotonic_us()
    }
}

#[test]
fn a_jumping_clock_is_told_and_changes_nothing() {
    const DAY: i64 = 86_400_000;
    let dir = tempfile::tempdir().expect("a directory");
    run(async {
        let wall = Arc::new(Moved(AtomicI64::new(0)));
        let machine = Machine { clock: wall.clone(), ..Machine::default() };
        let config = on_free_port(&dir.path().join("data"));
        let running = start_on(config, machine).await.expect("a station");
        let board = running.app.board.clone();
        for jump in [DAY, -DAY] {
            let before = running.app.clock.now();
            wall.0.store(jump, Ordering::Relaxed);
            let passed = running.app.clock.now() - before;
            assert!((0..60_000).contains(&passed.0), "{passed:?}");
            until("the operator is told", || board.alerts().iter().any(|a| a.kind == "clock"))
                .await;
            wall.0.store(0, Ordering::Relaxed);
            until("it is over", || board.alerts().is_empty()).await;
        }
        assert!(running.stop().await);
    });
}

#[test]
fn the_day_waits_for_the_person_in_the_candidates_seat() {
    use actors::exams::{ConnId, Subscribe};
    use actors::feed::{Outbox, Viewer};
    let dir = tempfile::tempdir().expect("a directory");
    run(async {
        let running = start(on_free_port(&dir.path().join("data"))).await.expect("a station");
        let demo = at_pace(&running, "100").await;
        until("three experts are there", || {
            running.app.board.rows().iter().any(|r| r.exam == WireId(101) && r.present == 3)
        })
        .await;
        assert_eq!(phase(&running, 101), Some(Phase::Gathering));
        let (conn, person) = (ConnId(1), engine::PersonId(10));
        let viewer = Viewer { person, name: String::new(), role: "candidate", since: Moment(0) };
        let subscribe = Subscribe {
            conn,
            outbox: Arc::new(Outbox::new(1_000, 1 << 20, 1)),
            audience: engine::exam::view::Audience::Candidate,
            viewer,
            resume: None,
            id: None,
        };
        running.app.exams.subscribe(WireId(101), subscribe).await.expect("seated");
        until("the test begins", || phase(&running, 101) == Some(Phase::TheoryRunning)).await;
        demo.stop();
        assert!(running.stop().await);
    });
}

#[test]
fn what_has_expired_is_forgotten() {
    let dir = tempfile::tempdir().expect("a directory");
    run(async {
        let config = on_free_port(&dir.path().join("data"));
        let store = directory::open(&config.store).await.expect("a store");
        let kept = async |store: &Store, key: &[u8], until| {
            let body = serde_json::Value::Null;
            store.put_once("code", key, &body, until).await.expect("an answer")
        };
        let (past, future) = (Moment(1), Moment(i64::MAX));
        assert!(kept(&store, b"old", past).await && kept(&store, b"new", future).await);
        assert!(!kept(&store, b"old", past).await, "it stays while nobody looks after it");
        store.close().await.expect("closed");
        let running = start(config).await.expect("a station");
        let store = running.app.store.clone();
        let waiting = async {
            while !kept(&store, b"old", past).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it is forgotten");
        assert!(!kept(&store, b"new", future).await, "what can still be used stays");
        assert!(running.stop().await, "a clean end");
    });
}
