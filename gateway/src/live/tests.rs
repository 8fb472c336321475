//! The live protocol against a whole station, over real sockets.

mod doors;
mod ends;

use crate::http::tests::station::{EXAM, Station, run, station};
use engine::PersonId;
use engine::exam::Role;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest wait for a frame.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client on one socket.
struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: VecDeque<Value>,
}

/// A frame, or the close code that came in its place.
type Heard = Result<Value, u16>;

impl Client {
    async fn connect(station: &Station, headers: &[(&'static str, &str)]) -> Client {
        Client::try_connect(station, headers).await.expect("an upgrade")
    }

    async fn try_connect(
        station: &Station,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, tungstenite::Error> {
        let url = format!("ws://{}/live", station.running.addr);
        let mut request = url.into_client_request().expect("a request");
        let all = request.headers_mut();
        all.insert("sec-websocket-protocol", super::SUBPROTOCOL.parse().expect("a header"));
        for (name, value) in headers {
            all.insert(*name, value.parse().expect("a header"));
        }
        let (socket, response) = connect_async(request).await?;
        assert_eq!(response.headers()["sec-websocket-protocol"], super::SUBPROTOCOL);
        Ok(Client { socket, frames: VecDeque::new() })
    }

    /// Signed in by a token.
    async fn signed_in(station: &Station, token: &str) -> Client {
        let mut client = Client::connect(station, &[]).await;
        client.say(&json!({"t": "hello", "id": 1, "ver": 1, "token": token})).await;
        assert_eq!(client.frame("welcome").await["id"], 1);
        client
    }

    async fn say(&mut self, frame: &Value) {
        self.say_text(&frame.to_string()).await;
    }

    async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sent");
    }

    /// The next frame, or the close code.
    async fn hear(&mut self) -> Heard {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame);
            }
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match message.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    let lines = text.lines().map(|l| serde_json::from_str(l).expect("JSON"));
                    self.frames.extend(lines);
                }
                Some(Ok(Message::Close(Some(close)))) => return Err(close.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    /// The next frame of this kind; others are passed over.
    async fn frame(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await.unwrap_or_else(|code| panic!("{kind}, not close {code}"));
            if frame["t"] == kind {
                return frame;
            }
        }
    }

    /// The close code, and the `bye` before it.
    async fn closed(&mut self) -> (u16, Option<Value>) {
        let mut bye = None;
        loop {
            match self.hear().await {
                Ok(frame) if frame["t"] == "bye" => bye = Some(frame),
                Ok(_) => {}
                Err(code) => return (code, bye),
            }
        }
    }

    async fn follow(&mut self, stream: &str) -> Value {
        self.say(&json!({"t": "sub", "id": 5, "s": stream})).await;
        assert_eq!(self.frame("sub").await["id"], 5);
        self.frame("snap").await
    }

    async fn command(&mut self, n: u64, body: Value) -> Value {
        let cmd = format!("01930f2a-7c1e-7b3a-9d52-{n:012x}");
        self.say(&json!({"t": "cmd", "id": n, "s": "exam:101", "cmd": cmd, "body": body})).await;
        loop {
            let frame = self.hear().await.expect("an answer");
            if frame["id"] == n && (frame["t"] == "ack" || frame["t"] == "err") {
                return frame;
            }
        }
    }
}

#[test]
fn a_command_is_acknowledged_and_seen_by_others() {
    run(async {
        let station = station(|_| {}).await;
        let plan = station.plan().await;
        let mut operator = Client::signed_in(&station, &station.operator()).await;
        let candidate = station.token(plan.candidate.person, Role::Candidate);
        let mut candidate = Client::signed_in(&station, &candidate).await;
        let snap = candidate.follow("exam:101").await;
        assert_eq!((&snap["s"], &snap["state"]["phase"]), (&json!("exam:101"), &json!("planned")));
        let digest = candidate.frame("dig").await;
        assert_eq!(digest["seq"], snap["seq"]);
        let expected = engine::Hash::of_json(&snap["state"]).short();
        assert_eq!(digest["d"], expected, "the client can check its state");

        let ack = operator.command(11, json!({"type": "open"})).await;
        assert_eq!((&ack["t"], &ack["dup"]), (&json!("ack"), &json!(false)), "{ack}");
        let mut state = snap["state"].clone();
        let mut last = snap["seq"].as_u64().expect("a number");
        while last < ack["seq"].as_u64().expect("a number") {
            let ev = candidate.frame("ev").await;
            last += 1;
            assert_eq!(ev["seq"], last, "no gap");
            if let Some(patch) = ev.get("d") {
                engine::patch::merge(&mut state, patch);
            }
        }
        assert_eq!(state["phase"], "gathering");
        candidate.say(&json!({"t": "dig", "s": "exam:101"})).await;
        let digest = candidate.frame("dig").await;
        assert_eq!(digest["d"], engine::Hash::of_json(&state).short(), "after folding");
        let again = operator.command(11, json!({"type": "open"})).await;
        assert_eq!((&again["seq"], &again["dup"]), (&ack["seq"], &json!(true)));
        let err = operator.command(12, json!({"type": "open"})).await;
        assert_eq!((&err["t"], &err["code"]), (&json!("err"), &json!("wrong_phase")));
        assert_eq!(err["temporary"], false);
        let err = operator.command(13, json!({"type": "fly"})).await;
        assert_eq!(err["code"], "invalid");
        station.stop().await;
    });
}

#[test]
fn many_commands_are_answered_each_once_and_in_order() {
    run(async {
        let station = station(|_| {}).await;
        station.open().await;
        let mut operator = Client::signed_in(&station, &station.operator()).await;
        let mut text = String::new();
        for n in 1..=60_u64 {
            let cmd = format!("01930f2a-7c1e-7b3a-9d52-{n:012x}");
            let body = json!({"type": "add_comment", "category": "other", "text": "x"});
            let frame = json!({"t": "cmd", "id": n, "s": "exam:101", "cmd": cmd, "body": body});
            text.push_str(&format!("{frame}\n"));
        }
        operator.say_text(&text).await;
        let mut last = 0;
        for n in 1..=60_u64 {
            let ack = operator.frame("ack").await;
            assert_eq!(ack["id"], n, "in the order of sending");
            let seq = ack["seq"].as_u64().expect("a number");
            assert!(seq > last);
            last = seq;
        }
        station.stop().await;
    });
}

#[test]
fn a_client_that_comes_back_gets_what_it_missed() {
    run(async {
        let station = station(|_| {}).await;
        let mut client = Client::signed_in(&station, &station.operator()).await;
        let snap = client.follow("exam:101").await;
        drop(client);
        station.open().await;
        let mut client = Client::connect(&station, &[]).await;
        let (epoch, seq, hash) = (&snap["epoch"], &snap["seq"], &snap["hash"]);
        let resume = json!([
            {"s": "exam:101", "epoch": epoch, "seq": seq, "hash": hash},
            {"s": "exam:102", "epoch": "another", "seq": 1, "hash": hash},
        ]);
        let token = station.operator();
        client.say(&json!({"t": "hello", "ver": 1, "token": token, "resume": resume})).await;
        client.frame("welcome").await;
        let (mut recovered, mut snapped, mut next) = (false, false, 0);
        while !(next > seq.as_u64().expect("a number") + 1 && snapped) {
            let frame = client.hear().await.expect("a frame");
            match (frame["t"].as_str(), frame["s"].as_str()) {
                (Some("sub"), Some("exam:101")) => recovered = frame["recovered"] == true,
                (Some("sub"), Some("exam:102")) => assert_eq!(frame["recovered"], false),
                (Some("snap"), stream) => {
                    assert_eq!(stream, Some("exam:102"));
                    snapped = true;
                }
                (Some("ev"), Some("exam:101")) => {
                    let found = frame["seq"].as_u64().expect("a number");
                    assert!(recovered && found > seq.as_u64().expect("a number"));
                    next = found;
                }
                _ => {}
            }
        }
        client.say(&json!({"t": "resync", "s": "exam:101"})).await;
        assert_eq!(client.frame("snap").await["s"], "exam:101");
        station.stop().await;
    });
}

#[test]
fn what_one_may_not_see_is_refused_by_name() {
    run(async {
        let station = station(|config| config.actors.subscriptions_max = 2).await;
        let stranger = station.token(PersonId(9_700), Role::Candidate);
        let mut stranger = Client::signed_in(&station, &stranger).await;
        for (stream, code) in [
            ("exam:101", "forbidden"),
            ("board", "forbidden"),
            ("exam:999999", "unknown_exam"),
            ("exam:x", "unknown_stream"),
            ("secret", "unknown_stream"),
        ] {
            stranger.say(&json!({"t": "sub", "id": 8, "s": stream})).await;
            let err = stranger.frame("err").await;
            assert_eq!((&err["code"], &err["s"]), (&json!(code), &json!(stream)));
            assert_eq!((&err["id"], &err["temporary"]), (&json!(8), &json!(false)));
        }
        let mut operator = Client::signed_in(&station, &station.operator()).await;
        operator.follow("board").await;
        operator.follow("exam:101").await;
        operator.say(&json!({"t": "sub", "id": 9, "s": "exam:102"})).await;
        assert_eq!(operator.frame("err").await["code"], "limit");
        operator.say(&json!({"t": "unsub", "s": "exam:101"})).await;
        operator.follow("exam:102").await;
        station.stop().await;
    });
}

#[test]
fn a_browser_is_known_by_its_cookie_and_its_origin() {
    run(async {
        let station = station(|_| {}).await;
        let own = format!("http://{}", station.running.addr);
        let cookie = format!("nsk_session={}", station.operator());
        let mut page = Client::connect(&station, &[("origin", &own), ("cookie", &cookie)]).await;
        page.say(&json!({"t": "hello", "ver": 1})).await;
        let welcome = page.frame("welcome").await;
        assert_eq!(welcome["person"]["roles"], json!(["operator"]));
        // Without an Origin nothing proves that no foreign page is behind it.
        let mut bare = Client::connect(&station, &[("cookie", &cookie)]).await;
        bare.say(&json!({"t": "hello", "ver": 1})).await;
        assert_eq!(bare.closed().await.0, 4503);
        let evil = [("origin", "http://evil.example"), ("cookie", cookie.as_str())];
        let refused = Client::try_connect(&station, &evil).await;
        let Err(tungstenite::Error::Http(response)) = refused else { panic!("refused by HTTP") };
        assert_eq!(response.status().as_u16(), 403);
        station.stop().await;
    });
}

/// Reads an event stream until a line holds the text.
async fn events_until(station: &Station, head: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(station.running.addr).await.expect("connected");
    let request = format!("GET {head}\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut heard = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&heard).contains(text) {
            assert!(stream.read_buf(&mut heard).await.expect("read") > 0, "it ended: {heard:?}");
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("never: {text}"));
    String::from_utf8_lossy(&heard).into_owned()
}

#[test]
fn events_carry_the_same_frames_and_resume() {
    run(async {
        let station = station(|_| {}).await;
        let app = &station.running.app;
        let path = "/api/nsk/v1/streams?s=exam:101";
        let token = format!("authorization: Bearer {}", station.operator());
        let head = format!("{path} HTTP/1.1\r\n{token}");
        let heard = events_until(&station, &head, "\"t\":\"dig\"").await;
        assert!(heard.starts_with("HTTP/1.1 200 OK"), "{heard}");
        assert!(heard.contains("content-type: text/event-stream"), "{heard}");
        let at = app.exams.inspect(EXAM, |_, head| head.seq).await.expect("the exam");
        let epoch = app.exams.epoch();
        assert!(heard.contains(&format!("id: {epoch}:{at}\ndata: {{\"t\":\"snap\"")), "{heard}");
        station.open().await;
        let head = format!("{head}\r\nlast-event-id: {epoch}:{at}");
        let heard = events_until(&station, &head, "\"kind\":\"opened\"").await;
        assert!(
            heard.contains("\"recovered\":true") && !heard.contains("\"t\":\"snap\""),
            "{heard}"
        );
        assert!(
            heard.contains(&format!("id: {epoch}:{}\ndata: {{\"t\":\"ev\"", at + 1)),
            "{heard}"
        );
        let refused = format!("{path} HTTP/1.1");
        events_until(&station, &refused, "HTTP/1.1 401").await;
        let ticket = format!("{path}&ticket=unknown HTTP/1.1");
        events_until(&station, &ticket, "HTTP/1.1 401").await;
        station.stop().await;
    });
}
