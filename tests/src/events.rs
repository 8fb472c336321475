//! A reader of server-sent events, by the rules of the HTML standard that matter here.

use crate::http::Wire;
use crate::wait::patiently;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;

/// An open event stream.
pub struct Events {
    wire: Wire,
    text: String,
    /// The last id that was given.
    pub last_id: Option<String>,
}

impl Events {
    /// Opens a stream at this path, from where the last one stood.
    ///
    /// # Errors
    /// The status, when it is not an open stream; 0 when there is no connection.
    pub async fn open(
        addr: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Events, u16> {
        let opening = async {
            let mut wire = Wire::open(addr).await?;
            let mut head = format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("accept: text/event-stream\r\n\r\n");
            wire.stream.write_all(head.as_bytes()).await?;
            let head = wire.head().await?;
            Ok::<_, io::Error>((wire, head))
        };
        let (wire, head) = patiently("an event stream", opening).await.map_err(|_| 0_u16)?;
        if head.status != 200 {
            return Err(head.status);
        }
        assert_eq!(head.headers.get("content-type").map(String::as_str), Some("text/event-stream"));
        Ok(Events { wire, text: String::new(), last_id: None })
    }

    /// The next event's data as JSON; `None` when the stream has ended.
    ///
    /// # Panics
    /// When nothing comes, or what comes is no event.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let mut data = None;
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => self.last_id = Some(id.to_owned()),
                        Some(("data", text)) => data = serde_json::from_str(text).ok(),
                        _ => assert!(line.is_empty() || line.starts_with(':'), "{line}"),
                    }
                }
                match data {
                    Some(data) => return Some(data),
                    None => assert!(event.starts_with(':'), "an event without data: {event}"),
                }
                continue;
            }
            let chunk = patiently("the next event", self.wire.chunk()).await.ok().flatten()?;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// Reads until an event of this kind.
    ///
    /// # Panics
    /// When the stream ends before.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            match self.next().await {
                Some(event) if event["t"] == kind => return event,
                Some(_) => {}
                None => panic!("the stream ended before a {kind}"),
            }
        }
    }
}
