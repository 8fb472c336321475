//! The connection of a client: hello, resume, one frame after another, and the end.

use super::folding::{Folds, Standing};
use super::mangle::Mangle;
use super::queue::Queue;
use crate::wait::{PATIENCE, patiently};
use actors::clock::SystemClock;
use actors::ports::Clock;
use futures_util::{SinkExt, StreamExt};
use gateway::wire::server::{ByeFrame, ServerFrame, WelcomeFrame};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

/// The subprotocol of version 1.
pub const SUBPROTOCOL: &str = "exam.v1.json";

/// How a connection ended.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Gone {
    /// The close code, if the server closed.
    pub code: Option<u16>,
    /// The `bye` before it, if there was one.
    pub bye: Option<ByeFrame>,
}

/// A client with what it keeps beyond a connection.
pub struct Client {
    /// Where it connects.
    pub addr: SocketAddr,
    /// Its token; `None` leaves it out of `hello`.
    pub token: Option<String>,
    /// Header fields of the upgrade.
    pub headers: Vec<(&'static str, String)>,
    /// Its commands.
    pub queue: Queue,
    /// The last welcome.
    pub welcome: Option<WelcomeFrame>,
    /// Everything else that came, for tests of single frames.
    pub others: Vec<ServerFrame>,
    /// What happens to steps on their way.
    pub mangle: Option<Mangle>,
    /// Connections that were opened.
    pub connections: u64,
    /// The receive buffer of its socket, bytes; the system's own choice when absent.
    pub receive_bytes: Option<u32>,
    /// Answers to `ping` are left out.
    pub mute: bool,
    /// Every frame read so far.
    pub frames: u64,
    /// Pings among them.
    pub pings: u64,
    pub(super) folds: Folds,
    socket: Option<WebSocketStream<TcpStream>>,
    bye: Option<ByeFrame>,
    violations: Vec<String>,
    pub(super) due: Vec<(Instant, u64)>,
}

impl Client {
    /// A client of this server with this token; not connected.
    pub fn new(addr: SocketAddr, token: &str) -> Client {
        Client {
            addr,
            token: Some(token.to_owned()),
            headers: Vec::new(),
            queue: Queue::default(),
            welcome: None,
            others: Vec::new(),
            mangle: None,
            connections: 0,
            receive_bytes: None,
            mute: false,
            frames: 0,
            pings: 0,
            folds: Folds::default(),
            socket: None,
            bye: None,
            violations: Vec::new(),
            due: Vec::new(),
        }
    }

    /// A client that is connected and welcome.
    ///
    /// # Panics
    /// When it is not.
    pub async fn connected(addr: SocketAddr, token: &str) -> Client {
        let mut client = Client::new(addr, token);
        client.connect().await;
        client
    }

    /// As [`Client::connected`], and follows these streams.
    ///
    /// # Panics
    /// When one of them is not given.
    pub async fn following(addr: SocketAddr, token: &str, streams: &[&str]) -> Client {
        let mut client = Client::connected(addr, token).await;
        for stream in streams {
            client.follow(stream).await;
        }
        client
    }

    /// Upgrades, says hello with all that it follows, and waits for the welcome.
    ///
    /// # Errors
    /// When the connection cannot be made or ends before the welcome.
    pub async fn try_connect(&mut self) -> Result<(), Gone> {
        if self.upgrade().await.is_err() {
            return Err(Gone::default());
        }
        self.hello(1).await;
        let before = self.connections;
        while self.connections == before {
            self.next().await?;
        }
        self.send_waiting().await;
        Ok(())
    }

    /// As [`Client::try_connect`].
    ///
    /// # Panics
    /// When it fails.
    pub async fn connect(&mut self) {
        let result = patiently("a welcome", self.try_connect()).await;
        assert_eq!(result, Ok(()), "no welcome");
    }

    /// The upgrade alone: nothing is said. Answers the response.
    ///
    /// # Errors
    /// Why there is no socket.
    pub async fn upgrade(&mut self) -> Result<Response<Option<Vec<u8>>>, Error> {
        self.drop_connection();
        let mut request = format!("ws://{}/live", self.addr).into_client_request()?;
        let fields = request.headers_mut();
        fields.insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        for (name, value) in &self.headers {
            let value =
                HeaderValue::from_str(value).map_err(|e| Error::Io(std::io::Error::other(e)))?;
            fields.insert(HeaderName::from_static(name), value);
        }
        let line = TcpSocket::new_v4()?;
        if let Some(bytes) = self.receive_bytes {
            line.set_recv_buffer_size(bytes)?;
        }
        let stream = line.connect(self.addr).await?;
        stream.set_nodelay(true)?;
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        self.socket = Some(socket);
        Ok(response)
    }

    /// Says hello under this number, and asks for all that it follows.
    pub async fn hello(&mut self, id: u64) {
        let mut hello = json!({"t": "hello", "id": id, "ver": 1});
        if let Some(token) = &self.token {
            hello["token"] = json!(token);
        }
        let mut fresh = Vec::new();
        let mut resume = Vec::new();
        for (name, fold) in &mut self.folds.0 {
            if fold.standing == Standing::Refused {
                continue;
            }
            fold.asked();
            match fold.position() {
                Some(mut position) => {
                    position["s"] = json!(name);
                    resume.push(position);
                }
                None => fresh.push(json!({"t": "sub", "s": name})),
            }
        }
        hello["resume"] = json!(resume);
        self.send(&hello).await;
        for sub in fresh {
            self.send(&sub).await;
        }
    }

    /// Sends any frame. A connection that has ended is noticed when the next is read.
    pub async fn send(&mut self, frame: &Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    /// Sends any message.
    pub async fn send_message(&mut self, message: Message) {
        if let Some(socket) = &mut self.socket {
            let _ = timeout(PATIENCE, socket.send(message)).await;
        }
    }

    /// Reads frames until something holds.
    ///
    /// # Panics
    /// When the connection ends before, or it takes too long.
    pub async fn until(&mut self, what: &str, mut holds: impl FnMut(&Client) -> bool) {
        let reading = async {
            while !holds(self) {
                if let Err(gone) = self.next().await {
                    panic!("waiting for {what}: the connection ended: {gone:?}");
                }
            }
        };
        patiently(what, reading).await;
    }

    /// Reads frames until the connection ends.
    ///
    /// # Panics
    /// When it does not.
    pub async fn until_gone(&mut self) -> Gone {
        let reading = async {
            loop {
                if let Err(gone) = self.next().await {
                    return gone;
                }
            }
        };
        patiently("the end of the connection", reading).await
    }

    /// Reads what comes within a while, or nothing.
    ///
    /// # Errors
    /// When the connection ends.
    pub async fn next_within(&mut self, of: Duration) -> Result<(), Gone> {
        self.next_by(Some(Instant::now() + of)).await
    }

    /// Reads the next message and does what it asks for.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn next(&mut self) -> Result<(), Gone> {
        self.next_by(None).await
    }

    /// As [`Client::next`], until a deadline; commands that are due are sent again.
    async fn next_by(&mut self, deadline: Option<Instant>) -> Result<(), Gone> {
        let Some(socket) = &mut self.socket else { return Err(Gone::default()) };
        let due = self.due.iter().map(|(at, _)| *at).min();
        let next = match deadline.into_iter().chain(due).min() {
            Some(at) => match timeout_at(at, socket.next()).await {
                Ok(next) => next,
                Err(_) => return self.send_due().await,
            },
            None => socket.next().await,
        };
        match next {
            Some(Ok(Message::Text(text))) => {
                for line in text.as_str().split('\n').filter(|line| !line.is_empty()) {
                    self.hear(line).await;
                }
                Ok(())
            }
            Some(Ok(Message::Close(close))) => Err(self.gone(close.map(|c| c.code.into()))),
            Some(Ok(_)) => Ok(()),
            Some(Err(_)) | None => Err(self.gone(None)),
        }
    }

    async fn send_due(&mut self) -> Result<(), Gone> {
        let now = Instant::now();
        let (due, later) =
            std::mem::take(&mut self.due).into_iter().partition(|(at, _)| *at <= now);
        self.due = later;
        let due: Vec<(Instant, u64)> = due;
        for (_, id) in due {
            if let Some(frame) = self.queue.waiting.get(&id).map(|p| p.frame(id)) {
                self.send(&frame).await;
            }
        }
        Ok(())
    }

    fn gone(&mut self, code: Option<u16>) -> Gone {
        let bye = self.bye.take();
        if let (Some(code), Some(bye)) = (code, &bye) {
            if bye.code != code || bye.reconnect != (code < 4_500) {
                self.violations.push(format!("closed with {code} after {bye:?}"));
            }
        } else if code.is_some_and(|code| code >= 4_000) {
            self.violations.push(format!("closed with {code:?} without bye"));
        }
        self.drop_connection();
        Gone { code, bye }
    }

    /// Whether it has a connection, as far as it knows.
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Ends the connection without a word.
    pub fn drop_connection(&mut self) {
        self.socket = None;
        self.bye = None;
        // Whatever has no answer is sent again after the next welcome.
        self.due.clear();
        if let Some(mangle) = &mut self.mangle {
            mangle.cut();
        }
    }

    async fn hear(&mut self, line: &str) {
        self.frames += 1;
        let frame = match read(line) {
            Ok(frame) => frame,
            Err(why) => return self.violations.push(why),
        };
        let arrived = match &mut self.mangle {
            Some(mangle) => mangle.pass(frame),
            None => vec![frame],
        };
        for frame in arrived {
            for answer in self.take(frame) {
                self.send(&answer).await;
            }
        }
        for (id, after_ms) in std::mem::take(&mut self.queue.again) {
            self.due.push((Instant::now() + Duration::from_millis(after_ms), id));
        }
    }

    fn take(&mut self, frame: ServerFrame) -> Vec<Value> {
        match frame {
            ServerFrame::Welcome(welcome) => {
                self.connections += 1;
                self.welcome = Some(welcome);
            }
            ServerFrame::Ack(ack) => self.queue.ack(&ack, SystemClock.monotonic_us()),
            ServerFrame::Err(err) => {
                if let Some(fold) = err.s.as_ref().and_then(|s| self.folds.0.get_mut(s)) {
                    fold.refuse(&err.code);
                }
                self.queue.err(&err);
                self.others.push(ServerFrame::Err(err));
            }
            ServerFrame::Ping(_) => {
                self.pings += 1;
                if !self.mute {
                    return vec![json!({"t": "pong"})];
                }
            }
            ServerFrame::Bye(bye) => self.bye = Some(bye),
            frame @ (ServerFrame::Sub(_)
            | ServerFrame::Snap(_)
            | ServerFrame::Ev(_)
            | ServerFrame::Dig(_)
            | ServerFrame::Lag(_)) => return self.folds.take(&frame),
            frame @ (ServerFrame::Pres(_) | ServerFrame::AuthSoon(_) | ServerFrame::Auth(_)) => {
                self.others.push(frame)
            }
        }
        Vec::new()
    }

    /// Everything that the server did and may not do.
    pub fn violations(&self) -> Vec<String> {
        let folds = self.folds.0.iter();
        let folds =
            folds.flat_map(|(s, f)| f.tally.violations.iter().map(move |v| format!("{s}: {v}")));
        self.violations.iter().chain(&self.queue.violations).cloned().chain(folds).collect()
    }
}

/// A frame as described: every field is known, and there are no others.
fn read(line: &str) -> Result<ServerFrame, String> {
    let value: Value = serde_json::from_str(line).map_err(|e| format!("no JSON: {e}: {line}"))?;
    let frame: ServerFrame =
        serde_json::from_value(value.clone()).map_err(|e| format!("no frame: {e}: {line}"))?;
    match serde_json::to_value(&frame) {
        Ok(again) if again == value => Ok(frame),
        _ => Err(format!("a frame with fields that are not described: {line}")),
    }
}
