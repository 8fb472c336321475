//! What keeps the program from starting is said in a line, with what to do, and exit code 1; and
//! nothing of the data is touched.

use engine::WireId;
use engine::exam::{Command, Role};
use std::net::SocketAddr;
use std::path::Path;
use tests::an_exam;
use tests::checker::check;
use tests::http::Http;
use tests::journal::streams;
use tests::load::{Doorman, Job};
use tests::meddle::execute;
use tests::process::{Nsk, Said, call, program};
use tests::stack::{OBSERVER, Place, Setup};
use tests::wait_until;

const EXAM: WireId = WireId(1);

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn answers(n: u64) -> Command {
    actors::testing::plans::answer(n % 4 + 1, n / 4 % 2 + 1)
}

/// A directory with an exam under way, its candidate's token and an observer's.
async fn prepared() -> (Place, String, String) {
    let stack = Setup::new().start().await;
    stack.keep_small_tools().await;
    stack.in_theory(&an_exam(EXAM.0)).await;
    let candidate = stack.token_of(&an_exam(EXAM.0).cast().candidate());
    let observer = stack.token(OBSERVER, Role::Observer);
    (stack.stop().await, candidate, observer)
}

async fn refused(data: &Path) -> Said {
    match Nsk::serve(data, None, anywhere()).await {
        Ok(_) => panic!("it started"),
        Err(said) => {
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
            assert!(said.err.contains("what to do:"), "says what to do: {said:?}");
            assert!(!said.err.contains("panicked"), "{said:?}");
            said
        }
    }
}

async fn started(data: &Path) -> Nsk {
    match Nsk::serve(data, None, anywhere()).await {
        Ok(nsk) => nsk,
        Err(said) => panic!("it does not start: {said:?}"),
    }
}

async fn answers_to(nsk: &Nsk, observer: &str) {
    let path = format!("/api/nsk/v1/exams/{EXAM}");
    let view = Http::bearer(nsk.addr, observer).get(&path).await.json_of(200);
    assert_eq!(view["state"]["phase"], "theory_running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_directory_is_refused_and_the_first_goes_on() {
    let (place, candidate, _) = prepared().await;
    let nsk = started(place.data()).await;
    let mut doorman = Doorman::new();
    doorman.over_http(Job::new(EXAM, candidate.clone(), answers));
    doorman.station_at(Some(nsk.addr));
    for _ in 0..3 {
        let enough = doorman.acks() + 20;
        wait_until("work", || async { (doorman.acks() >= enough).then_some(()) }).await;
        let said = refused(place.data()).await;
        assert!(said.err.contains(&nsk.id().to_string()), "names the other process: {said:?}");
        let demo =
            call(&["demo", "--data", &place.data().to_string_lossy(), "--listen", "127.0.0.1:0"])
                .await;
        assert_eq!(demo.code, Some(1), "{demo:?}");
    }
    let mut acked = Vec::new();
    for work in doorman.close().await {
        assert_eq!((work.put_off, work.refused.len(), work.connections), (0, 0, 1));
        acked.extend(work.acked);
    }
    // A reader is no second process.
    let routes = call(&["doctor", "--data", &place.data().to_string_lossy()]).await;
    assert!(!routes.out.is_empty() && !routes.err.contains("panicked"), "{routes:?}");
    assert!(nsk.stop().await.success());
    assert_eq!(check(&streams(place.data(), [EXAM]).await, &acked), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_said_before_anything_is_touched() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = taken.local_addr().expect("an address");
    let place = Place::new();
    let Err(said) = Nsk::serve(place.data(), None, addr).await else { panic!("it started") };
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains(&addr.to_string()) && said.err.contains("--listen"), "{said:?}");
    assert!(!place.database().exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_version_is_refused_until_it_is_migrated() {
    let (place, _, observer) = prepared().await;
    let last = entities::SCHEMA[entities::SCHEMA.len() - 1];
    let older = format!(
        "DROP TABLE password_due; \
         DROP TABLE totp_factor; \
         DROP TABLE recovery_code; \
         DROP TABLE passkey; \
         DROP TABLE chosen_role; \
         DELETE FROM seaql_migrations WHERE version = '{last}';"
    );
    execute(&place.database(), &older).await;
    let said = refused(place.data()).await;
    assert!(said.err.contains(last) && said.err.contains("nsk migrate"), "{said:?}");
    let data = place.data().to_string_lossy().into_owned();
    let checked = call(&["migrate", "--check", "--data", &data]).await;
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let migrated = call(&["migrate", "--data", &data]).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let nsk = started(place.data()).await;
    answers_to(&nsk, &observer).await;
    assert!(nsk.stop().await.success());

    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 0);";
    execute(&place.database(), newer).await;
    let said = refused(place.data()).await;
    assert!(said.err.contains("m9999_tomorrow"), "{said:?}");
    execute(&place.database(), "DELETE FROM seaql_migrations WHERE version = 'm9999_tomorrow';")
        .await;
    let nsk = started(place.data()).await;
    answers_to(&nsk, &observer).await;
    assert!(nsk.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    std::fs::create_dir_all(place.data()).expect("a directory");
    let text = "not a database, but dear to somebody\n".repeat(200);
    std::fs::write(place.database(), &text).expect("written");
    let said = refused(place.data()).await;
    assert!(said.err.contains("nsk.db"), "{said:?}");
    assert_eq!(std::fs::read_to_string(place.database()).expect("still there"), text);
}

/// A user who may read the files and not write them. Root may write anything, so that the program
/// is run as somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written_is_refused_at_the_start() {
    let (place, _, observer) = prepared().await;
    let set = |path: &Path, mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let dir = place.data().parent().expect("a parent").to_owned();
    let lock = place.data().join("nsk.lock");
    set(&dir, 0o755);
    set(place.data(), 0o777);
    set(&lock, 0o666);
    set(&place.data().join("alive"), 0o666);
    set(&place.database(), 0o444);
    let Some(mut command) = as_another_user() else {
        set(place.data(), 0o700);
        return;
    };
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(place.data());
    let Err(said) = Nsk::start_by(command).await else { panic!("it started") };
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("read-only") || said.err.contains("not writable"), "{said:?}");
    assert!(said.err.contains("what to do:"), "says what to do: {said:?}");
    set(&place.database(), 0o600);
    let nsk = started(place.data()).await;
    answers_to(&nsk, &observer).await;
    assert!(nsk.stop().await.success());
}

/// The program as a user for whom modes count; `None` where root cannot become one.
fn as_another_user() -> Option<tokio::process::Command> {
    if !rustix::process::getuid().is_root() {
        let mut own = tokio::process::Command::new(program());
        own.args(["--lang", "en"]);
        return Some(own);
    }
    // The program must be reachable for that user.
    let reachable = std::process::Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(program())
        .arg("--version")
        .output();
    if !reachable.is_ok_and(|output| output.status.success()) {
        eprintln!("not run: root cannot run {} as another user", program().display());
        return None;
    }
    let mut command = tokio::process::Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(program()).args(["--lang", "en"]);
    Some(command)
}
