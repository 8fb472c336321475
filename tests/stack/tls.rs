//! A station that answers over TLS with its own certificate: who trusts its authority reaches it,
//! pages and sockets alike; who trusts another does not; and a new certificate costs no connection.

use engine::exam::Role;
use futures_util::{SinkExt, StreamExt};
use gateway::config::TlsMode;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tests::process::call;
use tests::stack::{OBSERVER, Place, Setup, Stack};
use tests::wait_until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

async fn start() -> Stack {
    let with = |config: &mut gateway::config::Config| {
        config.tls.mode = TlsMode::Station;
        config.tls.look_ms = 10;
    };
    Setup::new().with(with).start().await
}

/// A client that trusts the authority in this directory and nobody else.
async fn trusting(data: &Path, addr: SocketAddr, name: &str) -> std::io::Result<Wire> {
    let pem = std::fs::read(data.join("ca.pem"))?;
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(&pem).expect("a certificate");
    roots.add(certificate).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let stream = TcpStream::connect(addr).await?;
    Ok(Wire(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

#[derive(Debug)]
struct Wire(TlsStream<TcpStream>);

impl Wire {
    /// The whole answer; the connection ends with it when `close` says so.
    async fn get(&mut self, path: &str) -> String {
        let ask = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0.write_all(ask.as_bytes()).await.expect("sent");
        let mut got = Vec::new();
        loop {
            let read = self.0.read_buf(&mut got).await.expect("an answer");
            assert!(read > 0, "the connection ended: {}", String::from_utf8_lossy(&got));
            let text = String::from_utf8_lossy(&got).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.to_lowercase();
            let length = length.split("content-length: ").nth(1).and_then(|rest| {
                rest.split("\r\n").next().and_then(|number| number.parse::<usize>().ok())
            });
            if length.is_some_and(|length| body.len() >= length) {
                return text;
            }
        }
    }

    fn certificate(&self) -> Vec<u8> {
        let chain = self.0.get_ref().1.peer_certificates().expect("a chain");
        chain[0].to_vec()
    }
}

/// A live socket over this connection that was welcomed.
async fn greeted(stack: &Stack, wire: Wire) -> WebSocketStream<TlsStream<TcpStream>> {
    let url = format!("wss://localhost:{}/live", stack.addr.port());
    let (mut socket, _) = tokio_tungstenite::client_async(url, wire.0).await.expect("upgraded");
    let token = stack.token(OBSERVER, Role::Observer);
    let hello = json!({"t": "hello", "id": 1, "ver": 1, "token": token, "resume": []});
    socket.send(Message::text(hello.to_string())).await.expect("sent");
    let answer = socket.next().await.expect("an answer").expect("a frame");
    let answer: Value = serde_json::from_str(answer.to_text().expect("text")).expect("JSON");
    assert!(answer.to_string().contains("welcome"), "{answer}");
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn who_trusts_the_stations_authority_reaches_it_and_nobody_else_does() {
    let stack = start().await;
    let place = stack.place();
    let mut wire = trusting(place.data(), stack.addr, "localhost").await.expect("reached");
    let page = wire.get("/trust").await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<svg"), "{page}");
    assert!(page.to_lowercase().contains("strict-transport-security: max-age="), "{page}");
    let pem = wire.get("/trust/ca.pem").await;
    let kept = std::fs::read_to_string(place.data().join("ca.pem")).expect("a file");
    assert!(pem.ends_with(&kept), "the page gives the certificate that was trusted");

    trusting(place.data(), stack.addr, "127.0.0.1").await.expect("by its address");
    let refused = trusting(place.data(), stack.addr, "other.lan").await;
    assert!(refused.is_err(), "a name that it does not have");
    let other = Place::new();
    let data = other.data().to_string_lossy().into_owned();
    let made = call(&["tls", "init", "--data", &data]).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let refused = trusting(other.data(), stack.addr, "localhost").await.expect_err("another CA");
    assert!(refused.to_string().contains("certificate"), "{refused}");

    // Plain HTTP on the same port is no way around.
    let mut plain = TcpStream::connect(stack.addr).await.expect("connected");
    plain.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    let mut got = Vec::new();
    let _ = plain.read_to_end(&mut got).await;
    assert!(!got.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&got));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_shown_to_new_connections_and_ends_no_old_one() {
    let stack = start().await;
    let place = stack.place();
    let old = trusting(place.data(), stack.addr, "localhost").await.expect("reached");
    let before = old.certificate();
    // A socket: an idle connection of plain requests is closed by itself after a while.
    let mut old = greeted(&stack, old).await;
    let data = place.data().to_string_lossy().into_owned();
    let renewed = call(&["tls", "renew", "--data", &data]).await;
    assert_eq!(renewed.code, Some(0), "{renewed:?}");
    let fresh = wait_until("the new certificate", || async {
        let wire = trusting(place.data(), stack.addr, "localhost").await.ok()?;
        (wire.certificate() != before).then_some(wire)
    });
    let mut fresh = fresh.await;
    assert!(fresh.get("/livez").await.starts_with("HTTP/1.1 200"));
    old.send(Message::Ping(b"still there"[..].into())).await.expect("the old one goes on");
    let pong = |message: &Message| matches!(message, Message::Pong(p) if &p[..] == b"still there");
    while !pong(&old.next().await.expect("an open socket").expect("a frame")) {}
    drop((old, fresh));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_works_over_tls() {
    let stack = start().await;
    let wire = trusting(stack.place().data(), stack.addr, "localhost").await.expect("reached");
    let socket = greeted(&stack, wire).await;
    drop(socket);
    stack.stop().await;
}
