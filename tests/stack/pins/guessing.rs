//! Guessing: slowly, all at once, over restarts and power cuts; by those who know a name and by
//! those who only know a password field.

use super::field::{Field, MINUTE, by_pin, unauthorized};
use engine::exam::Role;
use engine::{PersonId, Span};
use entities::Guess;
use gateway::passport::seal::device::DEVICE_FILE;
use gateway::serve::directory;
use serde_json::json;
use std::net::SocketAddr;
use tests::clock::MovedClock;
use tests::http::Http;
use tests::process::Nsk;
use tests::stack::Stack;
use tests::wait_until;

const LONG: Span = Span::secs(900);

#[tokio::test(flavor = "multi_thread")]
async fn guessing_waits_longer_and_longer_and_ends_with_the_key() {
    let field = Field::new().await;
    let (mut stack, clock) = field.start().await;
    let pin = field.pin("ivanova").to_owned();
    let mut http = Http::new(stack.addr);
    for n in 1..=20_u32 {
        if n == 3 {
            stack.stop().await;
            stack = field.start_at(&clock).await;
            http = Http::new(stack.addr);
        }
        assert_eq!(by_pin(&mut http, "", field.wrong()).await.json_of(401), unauthorized());
        assert_eq!(stack.app.store.exposed().await.expect("read"), n);
        clock.pass(Span::secs(20));
        if n >= 5 {
            let waits = by_pin(&mut http, "", &pin).await;
            assert_eq!(waits.status, 429, "even the right one, after {n}");
            assert_eq!(waits.headers["cache-control"], "no-store");
            let after: i64 = waits.headers["retry-after"].parse().expect("seconds");
            assert_eq!(after, if n < 10 { 40 } else { 880 }, "after {n}");
            clock.pass(Span::secs(after));
        }
    }
    assert_eq!(by_pin(&mut http, "", &pin).await.json_of(401), unauthorized(), "a name is needed");
    clock.pass(MINUTE);
    let named = "ivanova@nark.example";
    let mut signed_in = String::new();
    for n in 21..=30 {
        assert!(field.key().exists(), "before failure {n}");
        let given = by_pin(&mut http, named, &pin).await.json_of(200);
        signed_in = given["access_token"].as_str().expect("a token").to_owned();
        clock.pass(LONG);
        by_pin(&mut http, "petrov@nark.example", field.wrong()).await.json_of(401);
    }
    assert!(!field.key().exists(), "no record is tried more than thirty times");
    clock.pass(LONG);
    assert_eq!(by_pin(&mut http, named, &pin).await.json_of(401), unauthorized());
    stack.stop().await;
    let stack = field.start_at(&clock).await;
    let mut http = Http::new(stack.addr);
    assert_eq!(by_pin(&mut http, named, &pin).await.json_of(401), unauthorized());
    // Who was signed in before stays so until their token ends: the exam goes on.
    let mut signed_in = Http::bearer(stack.addr, &signed_in);
    signed_in.get("/api/v1/person/info").await.json_of(200);
    stack.stop().await;
}

/// Fifty at once; how many were looked at, or refused as if they were.
async fn at_once(stack: &Stack, name: &'static str, wrong: &'static str) -> usize {
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let addr = stack.addr;
        guesses.spawn(async move { by_pin(&mut Http::new(addr), name, wrong).await.status });
    }
    let said = guesses.join_all().await;
    assert!(said.iter().all(|status| matches!(status, 401 | 429)), "{said:?}");
    said.into_iter().filter(|status| *status == 401).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_guesses_at_once_are_counted_one_by_one() {
    let field = Field::new().await;
    let (stack, clock) = field.start().await;
    let counted = async |guess: Guess<'static>| {
        stack.app.store.attempts(guess).await.expect("read").cumulative
    };
    assert_eq!(at_once(&stack, "", field.wrong()).await, 3, "a tablet's share");
    assert_eq!(counted(Guess::Nameless).await, 3);
    // Up to one before the last that is looked at; then the limits of tablets allow three more.
    let mut waits = Vec::new();
    while counted(Guess::Nameless).await < 19 {
        waits.push(one_more(&stack, &clock, "", field.wrong()).await);
    }
    assert!(waits.iter().all(|status| *status == 401), "{waits:?}");
    clock.pass(LONG);
    at_once(&stack, "", field.wrong()).await;
    assert_eq!(counted(Guess::Nameless).await, 20);
    let petrov = "petrov@nark.example";
    while stack.app.store.exposed().await.expect("read") < 29 {
        assert_eq!(one_more(&stack, &clock, petrov, field.wrong()).await, 401);
    }
    clock.pass(LONG);
    at_once(&stack, petrov, field.wrong()).await;
    assert_eq!(stack.app.store.exposed().await.expect("read"), 30, "and not one more");
    assert_eq!(counted(Guess::Sealed(petrov)).await, 10);
    assert!(!field.key().exists());
    stack.stop().await;
}

async fn one_more(stack: &Stack, clock: &MovedClock, name: &str, wrong: &str) -> u16 {
    clock.pass(LONG);
    by_pin(&mut Http::new(stack.addr), name, wrong).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_gives_no_guess_back() {
    let field = Field::new().await;
    let data = field.place.data();
    let counted = async || {
        let store = directory::look(&field.place.store()).await.expect("a look");
        let counted = store.attempts(Guess::Nameless).await.expect("read").cumulative;
        store.close().await.expect("closed");
        counted
    };
    for n in 1..=3 {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut nsk = Nsk::serve(data, None, here).await.unwrap_or_else(|said| panic!("{said:?}"));
        let (addr, wrong) = (nsk.addr, field.wrong());
        // It is killed as soon as the guess is counted: nobody has learned whether it was right.
        let guess = tokio::spawn(async move {
            let body = json!({"grant_type": "urn:nsk:grant:pin", "pin": wrong});
            let ask = tests::http::Ask::json("POST", "/token", &body);
            Http::new(addr).ask(ask).await.map(|reply| reply.status)
        });
        wait_until("the guess to be counted", || async { (counted().await == n).then_some(()) })
            .await;
        nsk.kill_9().await;
        let said = guess.await.expect("a guess");
        assert!(said.is_err() || said.is_ok_and(|status| status == 401));
        assert_eq!(counted().await, n);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_of_people_without_a_sealed_record_destroy_nothing() {
    let field = Field::new().await;
    let (stack, clock) = field.start().await;
    stack.enter(PersonId(77), "20261125", Role::Operator).await;
    let mut http = Http::new(stack.addr);
    for n in 0..35 {
        let name = if n % 2 == 0 { "20261125" } else { "nobody" };
        let body = json!({"username": name, "password": "99999999"});
        assert_eq!(http.post("/token", &body).await.json_of(401), unauthorized(), "{n}");
        clock.pass(LONG);
    }
    assert_eq!(stack.app.store.exposed().await.expect("read"), 0);
    assert!(field.place.data().join(DEVICE_FILE).exists());
    // A password that looks like a PIN is one all the same, at once and without waiting.
    for _ in 0..6 {
        let body = json!({"username": "20261125", "password": "88888888"});
        http.post("/token", &body).await;
        clock.pass(Span::secs(20));
    }
    let right = json!({"username": "20261125", "password": "20261125"});
    http.post("/token", &right).await.json_of(200);
    by_pin(&mut http, "", field.pin("ivanova")).await.json_of(200);
    stack.stop().await;
}
