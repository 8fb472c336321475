//! A bare tokio server that sends each published frame to every socket: one task per socket, one
//! shared buffer per frame, no state, no rights, no journal. It runs as a process of its own, so
//! that its processor time can be read.
//!
//! `/publish` upgrades to a socket whose text frames are published and answered `ok`; any other
//! path upgrades to a socket that receives them.

use crate::socket::{ACCEPT, TEXT, unmasked};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// Frames that a slow socket may lag behind.
const LAG_FRAMES_MAX: usize = 4_096;
/// Largest request head, and largest published frame, bytes.
const INCOMING_BYTES_MAX: usize = 128 * 1024;
/// The path of the publisher.
pub const PUBLISH: &str = "/publish";

type Frames = broadcast::Sender<Arc<[u8]>>;

/// Serves until the process is ended.
///
/// # Errors
/// When the port cannot be had.
pub async fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let (frames, _) = broadcast::channel(LAG_FRAMES_MAX);
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that goes away is no news.
        tokio::spawn(connection(stream, frames.clone()));
    }
}

async fn connection(mut stream: TcpStream, frames: Frames) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(1_024);
    while !buffer.ends_with(b"\r\n\r\n") {
        read_more(&mut stream, &mut buffer).await?;
    }
    let publisher = buffer.starts_with(format!("GET {PUBLISH} ").as_bytes());
    // From before the answer on nothing may be missed.
    let receiver = frames.subscribe();
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-accept: {ACCEPT}\r\n\r\n"
    );
    stream.write_all(reply.as_bytes()).await?;
    drop(buffer);
    if publisher { publish(stream, frames).await } else { deliver(stream, receiver).await }
}

async fn deliver(
    mut stream: TcpStream,
    mut frames: broadcast::Receiver<Arc<[u8]>>,
) -> io::Result<()> {
    loop {
        match frames.recv().await {
            Ok(frame) => stream.write_all(&frame).await?,
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return Ok(()),
        }
    }
}

async fn publish(mut stream: TcpStream, frames: Frames) -> io::Result<()> {
    let ok = unmasked(TEXT, b"ok");
    let mut buffer = Vec::new();
    loop {
        while let Some((payload, end)) = masked_text(&buffer) {
            // Without a receiver there is nobody to send to.
            let _ = frames.send(unmasked(TEXT, payload).into());
            buffer.drain(..end);
            stream.write_all(&ok).await?;
        }
        read_more(&mut stream, &mut buffer).await?;
    }
}

/// The first frame of this crate's client, whose masking key is zero, and where it ends.
fn masked_text(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let length = usize::from(bytes.get(1)? & 0x7f);
    let (length, head) = match length {
        126 => (usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?, 10),
        short => (short, 2),
    };
    let start = head + 4;
    Some((bytes.get(start..start + length)?, start + length))
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    if buffer.len() > INCOMING_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too much at once"));
    }
    if stream.read_buf(buffer).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Socket;

    #[tokio::test]
    async fn every_socket_gets_every_frame_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (frames, _) = broadcast::channel(LAG_FRAMES_MAX);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, frames.clone()));
            }
        });
        let mut sockets = Vec::new();
        for _ in 0..3 {
            sockets.push(Socket::open(address, "/live").await.expect("a socket"));
        }
        let mut publisher = Socket::open(address, PUBLISH).await.expect("a socket");
        let long = "x".repeat(70_000);
        for text in ["one", &"y".repeat(300), &long] {
            publisher.send(text).await.expect("a server");
            assert_eq!(publisher.next().await.expect("an answer"), b"ok");
            for socket in &mut sockets {
                assert_eq!(socket.next().await.expect("a frame"), text.as_bytes());
            }
        }
    }
}
