//! What stays open while Redis or the database is away, and for how long.

use super::{Client, PATIENCE};
use crate::adapters::clock::ManualClock;
use crate::http::tests::station::{Station, run, station_on};
use crate::http::{Parts, application};
use crate::serve::Machine;
use actix_web::dev::Service as _;
use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{TestRequest, init_service, read_body};
use serde_json::{Value, json};
use std::sync::Arc;

const BOARD: &str = "/api/nsk/v1/board";
const PRESENCE: &str = "/api/nsk/v1/presence?s=board";
const TICKETS: &str = "/api/nsk/v1/tickets";

/// Status, the headers `X-Revocation-Age` and `Retry-After`, and the body.
async fn call(
    station: &Station,
    request: TestRequest,
    token: &str,
) -> (u16, Option<String>, Option<String>, Value) {
    let service = init_service(application(&Parts::new(station.running.app.clone()))).await;
    let request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
    let answer = service.call(request.to_request()).await.expect("an answer");
    let told =
        |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (status, age) = (answer.status().as_u16(), told("x-revocation-age"));
    let retry = told("retry-after");
    let body = serde_json::from_slice(&read_body(answer).await).unwrap_or_default();
    (status, age, retry, body)
}

fn read(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn ticket() -> TestRequest {
    TestRequest::post().uri(TICKETS)
}

/// A change that operators may not make: 403 where its door is open.
fn change() -> TestRequest {
    TestRequest::post().uri("/api/v1/admin/poweroff")
}

#[test]
fn without_redis_everything_goes_on_and_presence_is_unknown() {
    run(async {
        // Nobody listens there.
        let station = station_on(Machine::default(), |config| {
            config.redis.url = "redis://127.0.0.1:1/".to_owned();
        })
        .await;
        let operator = station.operator();
        let (status, age, ..) = call(&station, read(BOARD), &operator).await;
        assert!(status == 200 && age.is_some(), "{status} {age:?}");
        let (status, age, ..) = call(&station, ticket(), &operator).await;
        assert_eq!((status, age), (200, None));
        let (status, .., body) = call(&station, read(PRESENCE), &operator).await;
        assert_eq!((status, body), (200, json!({"known": false, "people": []})));
        station.stop().await;
    });
}

#[test]
fn whoever_follows_a_stream_is_listed_until_they_leave() {
    run(async {
        let station = station_on(Machine::default(), |_| {}).await;
        let operator = station.operator();
        let listed = async || call(&station, read(PRESENCE), &operator).await;
        let (status, age, _, body) = listed().await;
        assert_eq!((status, age, body), (200, None, json!({"known": true, "people": []})));
        let mut client = Client::signed_in(&station, &operator).await;
        client.follow("board").await;
        let one = json!({"person": 9_001, "role": "operator"});
        assert_eq!(listed().await.3["people"], json!([one]));
        client.say(&json!({"t": "unsub", "s": "board"})).await;
        let gone = async { while listed().await.3["people"] != json!([]) {} };
        tokio::time::timeout(PATIENCE, gone).await.expect("gone");
        drop(client);
        station.stop().await;
    });
}

#[test]
fn without_its_database_a_station_changes_nothing_after_a_minute_and_is_silent_after_fifteen() {
    run(async {
        let clock = Arc::new(ManualClock::default());
        let machine = Machine { clock: clock.clone(), ..Machine::default() };
        let station = station_on(machine, |_| {}).await;
        let operator = station.operator();
        let mut client = Client::signed_in(&station, &operator).await;
        station.running.app.store.close().await.expect("closed");

        clock.advance_ms(50_000);
        assert_eq!(call(&station, change(), &operator).await.0, 403, "open");
        let (status, _, retry, _) = call(&station, ticket(), &operator).await;
        assert_eq!(
            (status, retry.as_deref()),
            (503, Some("5")),
            "what is given needs the database"
        );
        clock.advance_ms(11_000);
        let (status, _, retry, _) = call(&station, change(), &operator).await;
        assert_eq!((status, retry.as_deref()), (503, Some("5")));
        let (status, age, ..) = call(&station, read(BOARD), &operator).await;
        assert_eq!(status, 200);
        let age: u32 = age.expect("told").parse().expect("seconds");
        assert!((59..=63).contains(&age), "{age}");
        let cmd = station.running.app.ids.command_id();
        let command =
            json!({"t": "cmd", "id": 7, "s": "exam:101", "cmd": cmd, "body": {"type": "open"}});
        client.say(&command).await;
        let refused = client.frame("err").await;
        assert_eq!((&refused["id"], &refused["temporary"]), (&json!(7), &json!(true)));

        clock.advance_ms(14 * 60_000);
        assert_eq!(client.closed().await.0, 4013);
        let (status, _, retry, _) = call(&station, read(BOARD), &operator).await;
        assert!(status == 503 && retry.is_some(), "{status} {retry:?}");
        for open in ["/livez", "/openapi.json"] {
            assert_eq!(call(&station, read(open), &operator).await.0, 200, "{open}");
        }
        let mut again = Client::connect(&station, &[]).await;
        again.say(&json!({"t": "hello", "ver": 1, "token": operator})).await;
        assert_eq!(again.closed().await.0, 4013);
        // Its database is gone already, so that the end cannot be clean.
        station.running.stop().await;
    });
}
