//! Frames that clients send. A frame of an unknown kind is ignored, so that newer clients can talk
//! to this build; a known kind of the wrong shape is a fault of the client.

use engine::CommandId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use ts_rs::TS;
use utoipa::ToSchema;

/// Most streams that one `hello` may resume.
pub const RESUMES_MAX: usize = 64;

/// One frame from a client.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Always first: who speaks, which version, what to resume.
    Hello(HelloFrame),
    /// Follow a stream.
    Sub(SubscribeFrame),
    /// Follow it no longer.
    Unsub(UnsubscribeFrame),
    /// Ask for the digest of a followed stream.
    Dig(StreamFrame),
    /// The client's state is wrong: send a snapshot.
    Resync(StreamFrame),
    /// A command to an exam.
    Cmd(CommandFrame),
    /// The answer to `ping`.
    Pong(PongFrame),
    /// A fresh token for the same person.
    Auth(RenewFrame),
}

/// The first frame.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct HelloFrame {
    /// Echoed in `welcome`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The version that the client speaks.
    pub ver: u16,
    /// A token; browsers are known by their cookie and send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Streams to go on with.
    #[serde(default)]
    pub resume: Vec<ResumeFrame>,
}

/// A stream with the place where the client stands in it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct ResumeFrame {
    /// The stream.
    pub s: String,
    /// The epoch that it knows.
    pub epoch: String,
    /// The last number that it applied.
    pub seq: u64,
    /// The chain hash there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A place in a stream.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct PositionFrame {
    /// The epoch that it knows.
    pub epoch: String,
    /// The last number that it applied.
    pub seq: u64,
    /// The chain hash there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// `sub`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct SubscribeFrame {
    /// Echoed in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The stream.
    pub s: String,
    /// Where the client stands, if it stands anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<PositionFrame>,
}

/// `unsub`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct UnsubscribeFrame {
    /// Not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The stream.
    pub s: String,
}

/// `dig` and `resync`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct StreamFrame {
    /// The stream.
    pub s: String,
}

/// `cmd`. The client keeps it until it is answered and sends it again under the same `cmd`.
#[derive(Clone, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct CommandFrame {
    /// Echoed in the answer.
    pub id: u64,
    /// The stream: `exam:42`.
    pub s: String,
    /// The client-made UUIDv7.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub cmd: CommandId,
    /// Refuse when the exam has moved beyond this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_seq: Option<u64>,
    /// The command.
    #[ts(type = "Command")]
    #[schema(value_type = Object)]
    pub body: Box<RawValue>,
}

/// `pong`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct PongFrame {}

/// `auth`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct RenewFrame {
    /// Echoed in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// A token of the same person.
    pub token: String,
}

/// A frame that cannot be read: the connection ends with 4500.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("frame not understood: {0}")]
pub struct FrameFault(pub String);

impl ClientFrame {
    /// Reads one JSON object; `None` for a kind that this build does not know.
    ///
    /// # Errors
    /// When it is not a JSON object with a `t`, or a known kind has another shape.
    pub fn parse(text: &str) -> Result<Option<ClientFrame>, FrameFault> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            t: Cow<'a, str>,
        }
        let kind: Kind<'_> = serde_json::from_str(text).map_err(fault)?;
        let frame = match kind.t.as_ref() {
            "hello" => ClientFrame::Hello(limited(read(text)?)?),
            "sub" => ClientFrame::Sub(read(text)?),
            "unsub" => ClientFrame::Unsub(read(text)?),
            "dig" => ClientFrame::Dig(read(text)?),
            "resync" => ClientFrame::Resync(read(text)?),
            "cmd" => ClientFrame::Cmd(read(text)?),
            "pong" => ClientFrame::Pong(read(text)?),
            "auth" => ClientFrame::Auth(read(text)?),
            _ => return Ok(None),
        };
        Ok(Some(frame))
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, FrameFault> {
    serde_json::from_str(text).map_err(fault)
}

fn fault(e: serde_json::Error) -> FrameFault {
    // The close reason of a socket holds 123 bytes: the place matters more than the story.
    FrameFault(e.to_string().chars().take(80).collect())
}

fn limited(hello: HelloFrame) -> Result<HelloFrame, FrameFault> {
    if hello.resume.len() > RESUMES_MAX {
        return Err(FrameFault(format!("at most {RESUMES_MAX} streams to resume")));
    }
    Ok(hello)
}
