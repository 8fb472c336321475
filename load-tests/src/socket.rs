//! A WebSocket client that reads frames straight from the TCP stream: no masking work (the key is
//! zero), no copies, no UTF-8 check. It trusts the server that it measures.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Room for frames that is kept from the start: sockets are many and frames are small.
const BUFFER_BYTES: usize = 4_096;
/// Largest frame, bytes.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The example key of RFC 6455; a load generator has nothing to hide.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to [`KEY`].
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A text frame.
pub const TEXT: u8 = 1;
/// A close frame.
pub const CLOSE: u8 = 8;
/// A ping frame.
pub const PING: u8 = 9;
/// A pong frame.
pub const PONG: u8 = 10;

/// How the server's own question for a sign of life begins, and its answer.
const ASKED: &[u8] = b"{\"t\":\"ping\"";
const ANSWER: &[u8] = b"{\"t\":\"pong\"}";

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    taken: usize,
}

/// The head of a frame that is complete in a buffer.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Frame {
    opcode: u8,
    payload: Range<usize>,
}

impl Socket {
    /// Connects and upgrades.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn open(address: SocketAddr, path: &str) -> io::Result<Socket> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n\
             sec-websocket-protocol: exam.v1.json\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut socket = Socket { stream, buffer: Vec::with_capacity(BUFFER_BYTES), taken: 0 };
        loop {
            let end = socket.buffer.windows(4).position(|w| w == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8_lossy(&socket.buffer[..end]).into_owned();
                if !(head.starts_with("HTTP/1.1 101") && head.contains(ACCEPT)) {
                    return Err(io::Error::new(io::ErrorKind::ConnectionRefused, head));
                }
                socket.taken = end + 4;
                return Ok(socket);
            }
            socket.fill().await?;
        }
    }

    /// Sends one text frame.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(&masked(TEXT, text.as_bytes())).await
    }

    /// The payload of the next text frame. Answers pings by itself. May be dropped at any await
    /// without losing a frame.
    ///
    /// # Errors
    /// When the connection ends; a close frame's code and reason are in the text.
    pub async fn next(&mut self) -> io::Result<&[u8]> {
        loop {
            match frame(&self.buffer[self.taken..])? {
                Some(found) => {
                    let payload = self.taken + found.payload.start..self.taken + found.payload.end;
                    match found.opcode {
                        TEXT if self.buffer[payload.clone()].starts_with(ASKED) => {
                            self.taken = payload.end;
                            self.stream.write_all(&masked(TEXT, ANSWER)).await?;
                        }
                        TEXT => {
                            self.taken = payload.end;
                            return Ok(&self.buffer[payload]);
                        }
                        PING => {
                            let pong = masked(PONG, &self.buffer[payload.clone()]);
                            self.taken = payload.end;
                            self.stream.write_all(&pong).await?;
                        }
                        CLOSE => return Err(closed(&self.buffer[payload])),
                        _ => self.taken = payload.end,
                    }
                }
                None => self.fill().await?,
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.taken == self.buffer.len() {
            self.buffer.clear();
            self.taken = 0;
        } else if self.taken > 0 && self.buffer.len() == self.buffer.capacity() {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the socket was closed"));
        }
        Ok(())
    }
}

fn closed(payload: &[u8]) -> io::Error {
    let code = payload.get(..2).map_or(1005, |b| u16::from_be_bytes([b[0], b[1]]));
    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
    io::Error::new(io::ErrorKind::ConnectionAborted, format!("closed with {code} {reason}"))
}

/// The first frame of the bytes, if it is complete.
fn frame(bytes: &[u8]) -> io::Result<Option<Frame>> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let (length, head) = match second & 0x7f {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (u64::from_be_bytes(*length), 10),
            None => return Ok(None),
        },
        length => (u64::from(length), 2),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > FRAME_BYTES_MAX || second & 0x80 != 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no frame of a server"));
    }
    let payload = head..head + length;
    Ok((bytes.len() >= payload.end).then_some(Frame { opcode: first & 0x0f, payload }))
}

/// A whole frame as a server sends it.
pub fn unmasked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    put_head(&mut out, opcode, payload.len(), 0);
    out.extend(payload);
    out
}

/// A whole frame as a client sends it.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    put_head(&mut out, opcode, payload.len(), 0x80);
    out.extend([0; 4]);
    out.extend(payload);
    out
}

fn put_head(out: &mut Vec<u8>, opcode: u8, length: usize, mask: u8) {
    out.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => out.push(mask | short),
        (_, Ok(middle)) => {
            out.push(mask | 126);
            out.extend(middle.to_be_bytes());
        }
        _ => {
            out.push(mask | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn frames_of_every_length_are_read_when_complete() {
        for length in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
            let payload = vec![b'a'; length];
            let bytes = unmasked(TEXT, &payload);
            let found = frame(&bytes).expect("a frame").expect("complete");
            assert_eq!(found.opcode, TEXT);
            assert_eq!(&bytes[found.payload], &payload[..], "{length}");
            for cut in [0, 1, bytes.len() - 1] {
                assert_eq!(frame(&bytes[..cut]).expect("a frame"), None, "{length} at {cut}");
            }
        }
        assert!(frame(&masked(TEXT, b"a")).is_err(), "a server never masks");
        let huge = [0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(frame(&huge).is_err());
    }

    async fn serve(
        script: Vec<u8>,
        piece: usize,
    ) -> (SocketAddr, tokio::task::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.expect("a request");
            }
            let mut out = format!(
                "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n"
            )
            .into_bytes();
            out.extend(script);
            for piece in out.chunks(piece) {
                stream.write_all(piece).await.expect("a reader");
                tokio::task::yield_now().await;
            }
            let mut sent = Vec::new();
            stream.read_to_end(&mut sent).await.expect("the client's end");
            sent
        });
        (address, served)
    }

    #[tokio::test]
    async fn texts_come_in_order_and_pings_are_answered() {
        let long = "ю".repeat(5_000);
        let mut script = unmasked(TEXT, b"one");
        script.extend(unmasked(PING, b"p"));
        script.extend(unmasked(TEXT, b"{\"t\":\"ping\"}"));
        script.extend(unmasked(TEXT, long.as_bytes()));
        script.extend(unmasked(CLOSE, b"\x0f\xa1bye"));
        for piece in [1, 7, 1_000_000] {
            let (address, served) = serve(script.clone(), piece).await;
            let mut socket = Socket::open(address, "/live").await.expect("a server");
            socket.send("hello").await.expect("a server");
            assert_eq!(socket.next().await.expect("a frame"), b"one");
            assert_eq!(socket.next().await.expect("a frame"), long.as_bytes());
            let end = socket.next().await.expect_err("closed").to_string();
            assert_eq!(end, "closed with 4001 bye");
            drop(socket);
            let mut expected = masked(TEXT, b"hello");
            expected.extend(masked(PONG, b"p"));
            expected.extend(masked(TEXT, ANSWER));
            assert_eq!(served.await.expect("the server"), expected);
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.expect("a reader");
        });
        let refused = Socket::open(address, "/live").await.expect_err("refused").to_string();
        assert!(refused.contains("403"), "{refused}");
    }
}
