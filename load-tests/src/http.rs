//! A keep-alive HTTP/1.1 client with as little work per request as can be: on a machine with two
//! processors the client must not be what is measured.

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest head of a reply, bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Largest body of a reply, bytes.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One connection; a request waits for its reply.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    read: Vec<u8>,
    write: Vec<u8>,
}

/// A reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When the status is not 2xx or the body is no JSON; the text has both.
    pub fn json(&self) -> io::Result<serde_json::Value> {
        if !(200..300).contains(&self.status) {
            return Err(invalid(format!("status {}: {}", self.status, self.text())));
        }
        serde_json::from_slice(&self.body).map_err(|e| invalid(format!("{e}: {}", self.text())))
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Bearer token.
    pub token: Option<&'a str>,
    /// Content type and body.
    pub body: Option<(&'a str, &'a [u8])>,
}

impl<'a> Request<'a> {
    /// A read.
    pub fn get(path: &'a str, token: Option<&'a str>) -> Request<'a> {
        Request { method: "GET", path, token, body: None }
    }

    /// A JSON body.
    pub fn post(path: &'a str, token: Option<&'a str>, body: &'a [u8]) -> Request<'a> {
        Request { method: "POST", path, token, body: Some(("application/json", body)) }
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (read, write) = (Vec::with_capacity(4_096), Vec::with_capacity(1_024));
        Ok(Connection { stream, address, read, write })
    }

    /// Asks and waits for the reply.
    ///
    /// # Errors
    /// When the connection ends or the reply is no HTTP/1.1.
    pub async fn ask(&mut self, request: Request<'_>) -> io::Result<Reply> {
        self.compose(&request);
        self.stream.write_all(&self.write).await?;
        self.reply().await
    }

    fn compose(&mut self, request: &Request<'_>) {
        let out = &mut self.write;
        out.clear();
        let mut line = |parts: &[&str]| parts.iter().for_each(|p| out.extend(p.as_bytes()));
        let host = self.address.to_string();
        line(&[request.method, " ", request.path, " HTTP/1.1\r\nhost: ", &host, "\r\n"]);
        if let Some(token) = request.token {
            line(&["authorization: Bearer ", token, "\r\n"]);
        }
        match request.body {
            Some((kind, body)) => {
                let length = body.len().to_string();
                line(&["content-type: ", kind, "\r\ncontent-length: ", &length, "\r\n\r\n"]);
                out.extend(body);
            }
            None => line(&["\r\n"]),
        }
    }

    async fn reply(&mut self) -> io::Result<Reply> {
        let head_end = loop {
            if let Some(at) = find(&self.read, b"\r\n\r\n") {
                break at + 4;
            }
            if self.read.len() > HEAD_BYTES_MAX {
                return Err(invalid("the head of the reply has no end"));
            }
            self.fill().await?;
        };
        let head = Head::parse(&self.read[..head_end])?;
        self.read.drain(..head_end);
        let body = match head.length {
            Some(length) => self.take(length).await?,
            None if head.chunked => self.chunks().await?,
            None => Vec::new(),
        };
        Ok(Reply { status: head.status, body })
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > BODY_BYTES_MAX {
            return Err(invalid("the body of the reply is too long"));
        }
        while self.read.len() < length {
            self.fill().await?;
        }
        Ok(self.read.drain(..length).collect())
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
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
            let chunk = self.take(size + 2).await?;
            body.extend(&chunk[..size]);
            if size == 0 || body.len() > BODY_BYTES_MAX {
                return Ok(body);
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
        }
        Ok(())
    }
}

struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> io::Result<Head> {
        let text = std::str::from_utf8(bytes).map_err(|_| invalid("the head is no text"))?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
            .ok_or_else(|| invalid("no HTTP/1.1 status line"))?;
        let mut head = Head { status, length: None, chunked: false };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.length = Some(value.parse().map_err(|_| invalid("no length"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.chunked = value.eq_ignore_ascii_case("chunked");
            }
        }
        Ok(head)
    }
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    text.windows(mark.len()).position(|w| w == mark)
}

fn invalid(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Answers each request of one connection with the next of `replies`, in small pieces.
    async fn serve(replies: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut buffer = [0; 4_096];
            for reply in replies {
                let n = stream.read(&mut buffer).await.expect("a request");
                let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
                assert!(request.starts_with("POST /a?b HTTP/1.1\r\n"), "{request}");
                assert!(request.contains("authorization: Bearer t\r\n"), "{request}");
                assert!(request.ends_with("content-length: 2\r\n\r\n{}"), "{request}");
                for piece in reply.as_bytes().chunks(5) {
                    stream.write_all(piece).await.expect("a reader");
                    stream.flush().await.expect("a reader");
                    tokio::task::yield_now().await;
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn replies_are_read_whole_and_in_turn() {
        let address = serve(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"seq\":1}",
            "HTTP/1.1 409 Conflict\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ])
        .await;
        let mut connection = Connection::open(address).await.expect("a server");
        let request = Request::post("/a?b", Some("t"), b"{}");
        let first = connection.ask(request).await.expect("a reply");
        assert_eq!(first.json().expect("JSON")["seq"], 1);
        let second = connection.ask(request).await.expect("a reply");
        assert_eq!((second.status, second.text()), (409, "abcde".to_owned()));
        assert!(second.json().expect_err("refused").to_string().contains("409: abcde"));
        assert_eq!(connection.ask(request).await.expect("a reply").status, 204);
        assert!(connection.ask(request).await.is_err(), "the server has gone");
    }
}
