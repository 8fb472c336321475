//! From an outbox item to the bytes on the wire, for both push paths.

use super::frame;
use crate::wire::VIEW_VERSION;
use crate::wire::server::{
    DigFrame, LagFrame, MemberFrame, PresFrame, ServerFrame, SubFrame, ev_json,
};
use actors::feed::{Encoding, Item, Snapshot, Update};
use bytes::Bytes;
use engine::Hash;
use serde::Serialize;
use serde_json::Value;

/// How a connection is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Path {
    /// WebSocket frames.
    Socket,
    /// Server-sent events.
    Events,
}

impl Path {
    /// One frame of the protocol.
    pub fn frame(self, frame: &ServerFrame) -> Bytes {
        self.write(&frame.to_json(), None)
    }

    /// An item of the outbox; `epoch` is that of the stream, for resuming.
    pub fn item(self, item: Item, epoch: &str) -> Bytes {
        match item {
            Item::Reply(bytes) => bytes,
            Item::Update(update) => self.update(&update, epoch),
            Item::Snapshot(snapshot) => self.snapshot(&snapshot),
            Item::Subscribed { topic, id, recovered, epoch, seq } => {
                let (s, epoch) = (topic.to_string(), epoch.to_string());
                self.frame(&ServerFrame::Sub(SubFrame { id, s, recovered, epoch, seq }))
            }
            Item::Digest { topic, seq, digest } => {
                let (s, d) = (topic.to_string(), digest.to_string());
                self.frame(&ServerFrame::Dig(DigFrame { s, seq, d }))
            }
            Item::Lagged { topic, missed } => {
                self.frame(&ServerFrame::Lag(LagFrame { s: topic.to_string(), missed }))
            }
            Item::Presence { topic, members, observers } => {
                let members = members.iter().map(MemberFrame::from).collect();
                let s = topic.to_string();
                self.frame(&ServerFrame::Pres(PresFrame { s, members, observers }))
            }
        }
    }

    /// Made by the first connection that sends it, shared by all others.
    fn update(self, update: &Update, epoch: &str) -> Bytes {
        match self {
            Path::Socket => update
                .encoded(Encoding::WebSocket, |update| frame::text(ev_json(update).as_bytes())),
            Path::Events => update.encoded(Encoding::EventStream, |update| {
                self.write(&ev_json(update), Some((epoch, update.seq)))
            }),
        }
    }

    fn snapshot(self, snapshot: &Snapshot) -> Bytes {
        #[derive(Serialize)]
        struct Snap<'a> {
            t: &'static str,
            s: &'a str,
            epoch: &'a str,
            seq: u64,
            hash: &'a Hash,
            v: u16,
            state: &'a Value,
        }
        let frame = Snap {
            t: "snap",
            s: snapshot.topic.as_str(),
            epoch: &snapshot.epoch,
            seq: snapshot.seq,
            hash: &snapshot.hash,
            v: VIEW_VERSION,
            state: &snapshot.state,
        };
        let json = serde_json::to_string(&frame).unwrap_or_default();
        self.write(&json, Some((&snapshot.epoch, snapshot.seq)))
    }

    fn write(self, json: &str, at: Option<(&str, u64)>) -> Bytes {
        match self {
            Path::Socket => frame::text(json.as_bytes()),
            // JSON text has no line breaks, so that one data line holds it.
            Path::Events => match at {
                Some((epoch, seq)) => format!("id: {epoch}:{seq}\ndata: {json}\n\n").into(),
                None => format!("data: {json}\n\n").into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::server::{PingFrame, SnapFrame};
    use actors::feed::Topic;
    use engine::{Moment, WireId};
    use std::sync::Arc;

    fn topic() -> Topic {
        Topic::exam(WireId(42))
    }

    #[test]
    fn an_update_is_encoded_once_for_each_path() {
        let update = Arc::new(Update::new(topic(), 7, Moment(1), "opened"));
        let again = Path::Socket.item(Item::Update(update.clone()), "e");
        let socket = Path::Socket.item(Item::Update(update.clone()), "e");
        assert_eq!(socket.as_ptr(), again.as_ptr(), "the very same bytes");
        let json = ev_json(&update);
        assert_eq!(socket, frame::text(json.as_bytes()));
        let events = Path::Events.item(Item::Update(update), "e-1");
        assert_eq!(events, format!("id: e-1:7\ndata: {json}\n\n"));
    }

    #[test]
    fn a_snapshot_is_the_frame_that_the_types_describe() {
        let state = serde_json::json!({"reason": "две\nстроки"});
        let snapshot = Snapshot {
            topic: topic(),
            epoch: "e-1".into(),
            seq: 9,
            hash: Hash::of(&[b"x"]),
            state: state.clone(),
        };
        let frame = ServerFrame::Snap(SnapFrame {
            s: "exam:42".into(),
            epoch: "e-1".into(),
            seq: 9,
            hash: Hash::of(&[b"x"]),
            v: VIEW_VERSION,
            state,
        });
        let events = Path::Events.item(Item::Snapshot(Arc::new(snapshot)), "");
        let text = String::from_utf8(events.to_vec()).expect("text");
        assert_eq!(text, format!("id: e-1:9\ndata: {}\n\n", frame.to_json()));
        assert_eq!(text.lines().count(), 3, "an event has no line breaks inside");
    }

    #[test]
    fn replies_are_sent_as_they_are() {
        let ping = Path::Events.frame(&ServerFrame::Ping(PingFrame {}));
        assert_eq!(Path::Events.item(Item::Reply(ping.clone()), ""), ping);
        assert_eq!(&ping[..], b"data: {\"t\":\"ping\"}\n\n");
    }
}
