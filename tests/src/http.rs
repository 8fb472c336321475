//! An HTTP/1.1 client for tests: one connection that is kept open, every answer read whole.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Largest head of an answer, bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Largest body of an answer, bytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The server may close a connection that was idle for longer: another one is opened.
const IDLE_MAX: Duration = Duration::from_secs(2);

/// A client of one address, signed in or not.
pub struct Http {
    /// Where the server listens.
    pub addr: SocketAddr,
    token: Option<String>,
    open: Option<(Wire, Instant)>,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Header fields besides the ordinary ones.
    pub headers: Vec<(&'a str, String)>,
    /// The body; its type is among the headers.
    pub body: Option<Vec<u8>>,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Header fields by lower-case name; of several the last, of cookies all, one a line.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(e) => panic!("status {}: {e}: {}", self.status, self.text()),
        }
    }

    /// The body as JSON of an answer with this status.
    ///
    /// # Panics
    /// When the status is another.
    pub fn json_of(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }
}

impl Http {
    /// Nobody is signed in.
    pub fn new(addr: SocketAddr) -> Http {
        Http { addr, token: None, open: None }
    }

    /// A bearer of a token.
    pub fn bearer(addr: SocketAddr, token: &str) -> Http {
        Http { addr, token: Some(token.to_owned()), open: None }
    }

    /// Reads.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.must(Ask { method: "GET", path, ..Ask::default() }).await
    }

    /// Writes a JSON body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.must(Ask::json("POST", path, body)).await
    }

    /// Asks.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn must(&mut self, ask: Ask<'_>) -> Reply {
        let named = format!("{} {}", ask.method, ask.path);
        match self.ask(ask).await {
            Ok(reply) => reply,
            Err(e) => panic!("{named}: {e}"),
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// When nobody listens, or the connection ends before the answer does: then it is not known
    /// what became of the request.
    pub async fn ask(&mut self, ask: Ask<'_>) -> io::Result<Reply> {
        let text = self.compose(&ask);
        let kept = self.open.take().filter(|(_, used)| used.elapsed() < IDLE_MAX);
        let mut wire = match kept {
            Some((wire, _)) => wire,
            None => Wire::open(self.addr).await?,
        };
        wire.stream.write_all(&text).await?;
        let (reply, lasts) = wire.reply(ask.method).await?;
        if lasts {
            self.open = Some((wire, Instant::now()));
        }
        Ok(reply)
    }

    fn compose(&self, ask: &Ask<'_>) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", ask.method, ask.path, self.addr);
        let own = |name: &str| ask.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if let Some(token) = self.token.as_ref().filter(|_| !own("authorization")) {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        for (name, value) in &ask.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = ask.body.as_deref().unwrap_or_default();
        if ask.body.is_some() || ask.method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), body].concat()
    }
}

impl<'a> Ask<'a> {
    /// With a JSON body.
    pub fn json(method: &'a str, path: &'a str, body: &Value) -> Ask<'a> {
        let headers = vec![("content-type", "application/json".to_owned())];
        Ask { method, path, headers, body: Some(body.to_string().into_bytes()) }
    }

    /// With a form body.
    pub fn form(path: &'a str, body: &str) -> Ask<'a> {
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        Ask { method: "POST", path, headers, body: Some(body.as_bytes().to_vec()) }
    }

    /// With one more header field.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<String>) -> Ask<'a> {
        self.headers.push((name, value.into()));
        self
    }
}

/// The bytes of one connection.
pub(crate) struct Wire {
    pub stream: TcpStream,
    read: Vec<u8>,
}

/// The head of an answer.
pub(crate) struct Head {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
}

impl Wire {
    pub async fn open(addr: SocketAddr) -> io::Result<Wire> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Wire { stream, read: Vec::new() })
    }

    async fn reply(&mut self, method: &str) -> io::Result<(Reply, bool)> {
        let Head { status, headers } = self.head().await?;
        let length = headers.get("content-length").and_then(|v| v.parse().ok());
        let body = match length {
            _ if method == "HEAD" || status == 204 || status == 304 => Vec::new(),
            Some(length) => self.take(length).await?,
            None if headers.get("transfer-encoding").is_some_and(|v| v == "chunked") => {
                let mut body = Vec::new();
                while let Some(chunk) = self.chunk().await? {
                    body.extend(chunk);
                }
                body
            }
            None => Vec::new(),
        };
        let lasts = headers.get("connection").is_none_or(|v| !v.eq_ignore_ascii_case("close"));
        Ok((Reply { status, headers, body }, lasts))
    }

    pub async fn head(&mut self) -> io::Result<Head> {
        let end = loop {
            if let Some(at) = find(&self.read, b"\r\n\r\n") {
                break at + 4;
            }
            if self.read.len() > HEAD_BYTES_MAX {
                return Err(invalid("the head of the answer has no end"));
            }
            self.fill().await?;
        };
        let head: Vec<u8> = self.read.drain(..end).collect();
        let text = std::str::from_utf8(&head).map_err(|_| invalid("the head is no text"))?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
            .ok_or_else(|| invalid("no HTTP/1.1 status line"))?;
        let fields = lines.filter_map(|line| line.split_once(':'));
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in fields.map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())) {
            match headers.get_mut(&name).filter(|_| name == "set-cookie") {
                Some(before) => before.push_str(&format!("\n{value}")),
                None => drop(headers.insert(name, value)),
            }
        }
        Ok(Head { status, headers })
    }

    /// The next chunk of a chunked body; `None` after the last.
    pub async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let end = loop {
            if let Some(at) = find(&self.read, b"\r\n") {
                break at;
            }
            self.fill().await?;
        };
        let size = std::str::from_utf8(&self.read[..end])
            .ok()
            .and_then(|text| usize::from_str_radix(text.trim(), 16).ok())
            .ok_or_else(|| invalid("a chunk without a size"))?;
        self.read.drain(..end + 2);
        let mut chunk = self.take(size + 2).await?;
        chunk.truncate(size);
        Ok((size > 0).then_some(chunk))
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > BODY_BYTES_MAX {
            return Err(invalid("the body is too long"));
        }
        while self.read.len() < length {
            self.fill().await?;
        }
        Ok(self.read.drain(..length).collect())
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
        }
        Ok(())
    }
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    text.windows(mark.len()).position(|w| w == mark)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}
