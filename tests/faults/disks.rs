//! A disk that really fills up under the real program: a small file system of its own, in a mount
//! namespace. Nothing acknowledged is lost, refusals are temporary and say why, the operator sees
//! it, and when there is room again work goes on without a restart.

use actors::testing::plans::comment;
use engine::WireId;
use engine::exam::{Command, Role};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use tests::checker::check;
use tests::http::Http;
use tests::journal::streams;
use tests::load::{Doorman, Job, Work};
use tests::process::{Nsk, program};
use tests::setting::{commands, request};
use tests::stack::{OBSERVER, Place, Setup};
use tests::{an_exam, wait_until};

const EXAMS: u64 = 3;
/// The size of the file system.
const SIZE: &str = "8m";

/// Mounts a small file system over `$1`, puts the data of `$2` on it and becomes the program.
const ON_A_SMALL_DISK: &str = "set -e
mount -t tmpfs -o size=$3,mode=0700 tmpfs \"$1\"
cp -a \"$2\"/. \"$1\"/
exec \"$4\" --lang en serve --data \"$1\" --listen 127.0.0.1:0";

fn answers(n: u64) -> Command {
    actors::testing::plans::answer(n % 4 + 1, n / 4 % 2 + 1)
}

fn numbers() -> Vec<WireId> {
    (1..=EXAMS).map(WireId).collect()
}

/// Whether this user may make a mount namespace.
fn may_mount() -> bool {
    let tried = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"])
        .output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("not run: this user may not make a mount namespace (unshare -rm)");
    }
    may
}

struct Disk {
    /// Where the program sees its data, and where the test sees the same files.
    seen: PathBuf,
    nsk: Nsk,
}

async fn start(place: &Place, mount: &Path) -> Disk {
    let mut command = tokio::process::Command::new("unshare");
    command.args(["-rm", "sh", "-c", ON_A_SMALL_DISK, "sh"]);
    command.arg(mount).arg(place.data()).arg(SIZE).arg(program());
    let nsk = match Nsk::start_by(command).await {
        Ok(nsk) => nsk,
        Err(said) => panic!("it does not start: {said:?}"),
    };
    let inside = mount.strip_prefix("/").expect("an absolute path");
    Disk { seen: PathBuf::from(format!("/proc/{}/root", nsk.id())).join(inside), nsk }
}

impl Disk {
    /// Takes all that is left.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.seen.join("ballast")).expect("a file");
        for size in [64 * 1024, 4 * 1024, 512] {
            let block = vec![7; size];
            while ballast.write_all(&block).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.seen.join("ballast")).expect("the ballast");
    }

    async fn ready(&self) -> (u16, String) {
        let reply = Http::new(self.nsk.addr).get("/readyz").await;
        (reply.status, reply.text())
    }

    async fn alerts(&self, observer: &str) -> Vec<Value> {
        let board = Http::bearer(self.nsk.addr, observer).get("/api/nsk/v1/board").await;
        let alerts = board.json_of(200)["state"]["alerts"].clone();
        alerts.as_object().map(|a| a.values().cloned().collect()).unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_loses_nothing_and_needs_no_restart() {
    if !may_mount() {
        return;
    }
    let (place, mut doorman) = (Place::new(), Doorman::new());
    let stack = Setup::new().on(&place).start().await;
    stack.keep_small_tools().await;
    for exam in (1..=EXAMS).map(an_exam) {
        stack.in_theory(&exam).await;
        let job = Job::new(exam.cast().exam, stack.token_of(&exam.cast().candidate()), answers);
        match exam.cast().exam.0 % 2 {
            0 => doorman.over_http(job),
            _ => doorman.over_socket(job),
        }
    }
    let chair = stack.token_of(&an_exam(1).cast().chair());
    let observer = stack.token(OBSERVER, Role::Observer);
    stack.stop().await;

    let mount = tempfile::tempdir().expect("a directory");
    let disk = start(&place, mount.path()).await;
    doorman.station_at(Some(disk.nsk.addr));
    for _ in 0..2 {
        let enough = doorman.acks() + 60;
        wait_until("work to go on", || async { (doorman.acks() >= enough).then_some(()) }).await;
        disk.fill();
        wait_until("the station to know that the disk is full", || async {
            let (status, why) = disk.ready().await;
            (status == 503 && why.contains("full")).then_some(())
        })
        .await;
        wait_until("the operator to see it", || async {
            let alerts = disk.alerts(&observer).await;
            alerts
                .iter()
                .any(|a| a["kind"] == "journal" && a["text"].to_string().contains("full"))
                .then_some(())
        })
        .await;
        let body = request(&comment("not now"));
        let reply = Http::bearer(disk.nsk.addr, &chair).post(&commands(WireId(1)), &body).await;
        let problem = reply.json_of(503);
        assert_eq!(
            (&problem["temporary"], &problem["code"]),
            (&json!(true), &json!("unavailable"))
        );
        let path = format!("/api/nsk/v1/exams/{EXAMS}");
        Http::bearer(disk.nsk.addr, &observer).get(&path).await.json_of(200);
        disk.make_room();
    }
    let enough = doorman.acks() + 60;
    wait_until("work to go on", || async { (doorman.acks() >= enough).then_some(()) }).await;
    wait_until("the alert to be gone", || async {
        (disk.ready().await.0 == 200 && disk.alerts(&observer).await.is_empty()).then_some(())
    })
    .await;
    let mut all = Work::default();
    for work in doorman.close().await {
        all.add(work);
    }
    assert_eq!((&all.refused, &all.violations), (&vec![], &vec![]));
    assert!(all.put_off > 0, "nobody was put off");
    // The file system ends with the program: what it holds is copied out first.
    let kept = tempfile::tempdir().expect("a directory");
    let log = streams(&copied(&disk.seen, kept.path()), numbers()).await;
    assert!(disk.nsk.stop().await.success());
    assert_eq!(check(&log, &all.acked), Vec::<String>::new());
}

/// A copy of the database and its log, taken while nothing is written.
fn copied(from: &Path, to: &Path) -> PathBuf {
    for name in ["nsk.db", "nsk.db-wal"] {
        std::fs::copy(from.join(name), to.join(name)).expect("a copy");
    }
    to.to_owned()
}
