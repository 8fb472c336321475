//! How connections end: by wrong manners, revocation, silence, and a stop of the program.

use super::{Client, PATIENCE};
use crate::http::tests::station::{EXAM, run, station};
use actors::exams::Submit;
use engine::PersonId;
use engine::exam::{Category, Command, Issuer, Role};
use futures_util::SinkExt;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, client_async};

#[test]
fn wrong_manners_end_the_connection_with_their_code() {
    run(async {
        let station = station(|config| {
            config.live.hello_ms_max = 500;
            config.live.frames_per_second_max = 70;
        })
        .await;
        let token = station.operator();
        let hello = json!({"t": "hello", "ver": 1, "token": token}).to_string();
        let version = json!({"t": "hello", "ver": 2, "token": token}).to_string();
        let forged = json!({"t": "hello", "ver": 1, "token": "v4.public.x"}).to_string();
        let nobody = json!({"t": "hello", "ver": 1}).to_string();
        let ping = json!({"t": "pong"}).to_string();
        let flood = vec![ping.as_str(); 60].join("\n");
        for (said, code) in [
            (vec![hello.as_str(), &hello], 4500),
            (vec![version.as_str()], 4506),
            (vec![forged.as_str()], 4503),
            (vec![nobody.as_str()], 4503),
            (vec![r#"{"t":"sub","s":"board"}"#], 4500),
            (vec!["[]"], 4500),
            (vec!["{"], 4500),
            (vec![hello.as_str(), r#"{"t":"cmd"}"#], 4500),
            (vec![hello.as_str(), &flood, &flood], 4008),
            (vec![hello.as_str(), &"\n{}".repeat(70)], 4500),
            (vec![], 4008),
        ] {
            let mut client = Client::connect(&station, &[]).await;
            for text in &said {
                client.say_text(text).await;
            }
            let (found, bye) = client.closed().await;
            assert_eq!(found, code, "{said:?}");
            let bye = bye.expect("a bye before the close");
            assert_eq!((&bye["code"], &bye["reconnect"]), (&json!(code), &json!(code < 4500)));
        }
        let mut client = Client::connect(&station, &[]).await;
        client.socket.send(Message::binary(vec![1])).await.expect("sent");
        assert_eq!(client.closed().await.0, 4500);
        let mut client = Client::connect(&station, &[]).await;
        client.say_text(&" ".repeat(300_000)).await;
        assert_eq!(client.closed().await.0, 4500);
        station.stop().await;
    });
}

#[test]
fn a_revoked_sign_in_closes_its_open_sockets() {
    run(async {
        let station = station(|_| {}).await;
        let token = station.operator();
        let mut client = Client::signed_in(&station, &token).await;
        client.follow("exam:101").await;
        let principal = station.running.app.auth.verify(&token).expect("valid");
        station.running.app.auth.logout(&principal).await.expect("signed out");
        let closed = tokio::time::timeout(Duration::from_secs(2), client.closed());
        assert_eq!(closed.await.expect("within 2 s").0, 4501);
        let mut again = Client::connect(&station, &[]).await;
        again.say(&json!({"t": "hello", "ver": 1, "token": token})).await;
        assert_eq!(again.closed().await.0, 4501);
        station.stop().await;
    });
}

#[test]
fn a_candidate_sits_in_one_place() {
    run(async {
        let station = station(|_| {}).await;
        let mut socket = TcpStream::connect(station.running.addr).await.expect("connected");
        let mut sign_in = async || {
            let body = "username=candidate&password=candidate";
            let kind = "content-type: application/x-www-form-urlencoded";
            let len = body.len();
            let text = format!(
                "POST /token HTTP/1.1\r\nhost: x\r\n{kind}\r\ncontent-length: {len}\r\n\r\n{body}"
            );
            socket.write_all(text.as_bytes()).await.expect("sent");
            let mut heard = Vec::new();
            while !heard.ends_with(b"}") {
                assert!(socket.read_buf(&mut heard).await.expect("read") > 0);
            }
            let text = String::from_utf8(heard).expect("text");
            let body: Value =
                serde_json::from_str(text.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
            body["access_token"].as_str().expect("a token").to_owned()
        };
        let first = sign_in().await;
        let mut client = Client::signed_in(&station, &first).await;
        client.follow("exam:101").await;
        let second = sign_in().await;
        assert_eq!(client.closed().await.0, 4501, "the first device is signed out");
        let mut client = Client::signed_in(&station, &second).await;
        client.follow("exam:101").await;
        let refused = async {
            while station.running.app.auth.verify(&first).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, refused).await.expect("refused on plain HTTP too");
        station.stop().await;
    });
}

#[test]
fn a_silent_client_is_pinged_and_given_up() {
    run(async {
        let station = station(|config| {
            config.live.ping_ms = 1_000;
            config.live.pong_ms_max = 1_000;
        })
        .await;
        let mut silent = Client::signed_in(&station, &station.operator()).await;
        let mut polite = Client::signed_in(&station, &station.operator()).await;
        assert_eq!(silent.frame("ping").await, json!({"t": "ping"}));
        for _ in 0..3 {
            polite.frame("ping").await;
            polite.say(&json!({"t": "pong"})).await;
        }
        assert_eq!(silent.closed().await.0, 4012);
        polite.follow("exam:101").await;
        station.stop().await;
    });
}

#[test]
fn a_stop_asks_every_socket_to_come_back() {
    run(async {
        let station = station(|_| {}).await;
        let mut client = Client::signed_in(&station, &station.operator()).await;
        client.follow("board").await;
        let metrics = station.running.app.metrics.clone();
        assert_eq!(metrics.sockets.get(), 1);
        let (closed, ()) = tokio::join!(client.closed(), station.stop());
        assert_eq!(closed.0, 4001);
        let bye = closed.1.expect("a bye");
        assert_eq!(bye["reconnect"], true);
        assert!(bye["after_ms"].as_u64().is_some_and(|ms| ms < 10_000), "{bye}");
        drop(client);
        assert_eq!((metrics.sockets.get(), metrics.subscriptions.get()), (0, 0));
    });
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    run(async {
        let station = station(|config| config.live.write_ms_max = 1_000).await;
        station.open().await;
        // A small window, so that the system's own buffers do not hide that nobody reads.
        let narrow = TcpSocket::new_v4().expect("a socket");
        narrow.set_recv_buffer_size(4_096).expect("a small window");
        let stream = narrow.connect(station.running.addr).await.expect("connected");
        let url = format!("ws://{}/live", station.running.addr);
        let (socket, _) = client_async(url, MaybeTlsStream::Plain(stream)).await.expect("upgraded");
        let mut client = Client { socket, frames: VecDeque::new() };
        client.say(&json!({"t": "hello", "ver": 1, "token": station.operator()})).await;
        client.frame("welcome").await;
        client.follow("exam:101").await;
        let app = &station.running.app;
        for n in 0..300 {
            let text = format!("{n} {}", "ж".repeat(3_900));
            let command = Command::AddComment { category: Category::Other, text };
            let issuer = Issuer::person(PersonId(9_001), [Role::Operator]);
            let cmd = app.ids.command_id();
            let submit = Submit { exam: EXAM, cmd, if_seq: None, issuer, command };
            app.exams.submit(submit).await.expect("others are not held up");
        }
        let given_up = async {
            while app.metrics.sockets.get() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, given_up).await.expect("given up");
        station.stop().await;
    });
}
