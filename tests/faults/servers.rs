//! A centre whose PostgreSQL server dies under load, and now and then the program with it: what a
//! client saw acknowledged is there exactly once, and while the server lives again work goes on
//! without a restart of the program.

use crate::kills::{numbers, prepare};
use std::net::SocketAddr;
use tests::checker::check;
use tests::http::Http;
use tests::journal::streams;
use tests::load::{Doorman, Work};
use tests::process::{Nsk, call};
use tests::server::Server;
use tests::stack::Place;
use tests::wait_until;

/// Deaths of the server.
const DEATHS: u32 = 6;
/// After every so many of them the program dies as well.
const PROGRAM_EVERY: u32 = 3;
/// Commands acknowledged before each death.
const ACKS: u64 = 40;

async fn start(place: &Place) -> Nsk {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    match Nsk::serve(place.data(), Some(&place.config()), anywhere).await {
        Ok(nsk) => nsk,
        Err(said) => panic!("nsk does not start: {said:?}"),
    }
}

async fn work_goes_on(doorman: &Doorman) {
    let enough = doorman.acks() + ACKS;
    wait_until("work to go on", || async { (doorman.acks() >= enough).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_server_dies() {
    let server = Server::start();
    let (place, mut doorman) = (Place::on(server.url()), Doorman::new());
    prepare(&place, &mut doorman).await;
    let mut nsk = start(&place).await;
    doorman.station_at(Some(nsk.addr));
    for death in 1..=DEATHS {
        work_goes_on(&doorman).await;
        server.kill_and_restart();
        if death.is_multiple_of(PROGRAM_EVERY) {
            doorman.station_at(None);
            nsk.kill_9().await;
            nsk = start(&place).await;
            doorman.station_at(Some(nsk.addr));
        }
    }
    work_goes_on(&doorman).await;
    wait_until("the station to be ready", || async {
        (Http::new(nsk.addr).get("/readyz").await.status == 200).then_some(())
    })
    .await;
    let mut all = Work::default();
    for work in doorman.close().await {
        all.add(work);
    }
    let log = streams(&place.store(), numbers()).await;
    assert!(nsk.stop().await.success(), "the last process stops cleanly");
    assert_eq!(check(&log, &all.acked), Vec::<String>::new());
    assert_eq!((&all.refused, &all.violations), (&vec![], &vec![]));
    assert!(all.connections > u64::from(DEATHS / PROGRAM_EVERY), "nobody noticed the deaths");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_know_the_centre_s_database() {
    let server = Server::start();
    let place = Place::on(server.url());
    let (config, data) = (place.config(), place.data().to_string_lossy().into_owned());
    let config = config.to_string_lossy().into_owned();
    let at = ["--config", &config, "--data", &data];
    let nsk = |words: &'static [&'static str]| {
        let arguments: Vec<String> = words.iter().chain(&at).map(|a| (*a).to_owned()).collect();
        async move {
            let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let said = call(&words).await;
            let password = place_password(words[words.len() - 3]);
            assert!(!said.out.contains(&password) && !said.err.contains(&password), "{said:?}");
            said
        }
    };
    assert_eq!(nsk(&["migrate", "--check"]).await.code, Some(1), "nothing there yet");
    let early = nsk(&["doctor"]).await;
    assert!(early.code == Some(1) && early.out.contains("nsk migrate"), "{early:?}");
    assert_eq!(nsk(&["migrate"]).await.code, Some(0));
    assert_eq!(nsk(&["migrate", "--check"]).await.code, Some(0));
    let sound = nsk(&["doctor"]).await;
    assert_eq!(sound.code, Some(0), "{sound:?}");
    assert!(sound.out.contains("PostgreSQL"), "{sound:?}");
    assert_eq!(nsk(&["user", "list"]).await.code, Some(0));
    let entered =
        nsk(&["identity", "org", "add", "org/coc-12@nark.example", "--name", "COC"]).await;
    assert_eq!(entered.code, Some(0), "{entered:?}");
    let listed = nsk(&["identity", "org", "list"]).await;
    assert!(listed.out.contains("org/coc-12@nark.example"), "{listed:?}");
    assert_eq!(nsk(&["audit", "verify"]).await.code, Some(0), "what was done is in its audit");
    assert!(!place.database().exists(), "no command has made a file beside it");

    let running = start(&place).await;
    let second = nsk(&["migrate"]).await;
    assert!(second.code == Some(1) && second.err.contains("what to do:"), "{second:?}");
    let elsewhere = place.data().join("elsewhere").to_string_lossy().into_owned();
    let other = ["serve", "--config", &config, "--data", &elsewhere, "--listen", "127.0.0.1:0"];
    let refused = call(&other).await;
    assert!(refused.code == Some(1) && refused.err.contains("another nsk owns"), "{refused:?}");
    assert!(running.stop().await.success());
}

/// The password in the address that a configuration's file names.
fn place_password(config: &str) -> String {
    let url = std::path::Path::new(config).with_extension("url");
    let url = std::fs::read_to_string(url).expect("an address");
    let secret = url.split_once("nsk:").and_then(|(_, rest)| rest.split_once('@'));
    secret.expect("a password").0.to_owned()
}
