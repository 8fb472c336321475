//! Frames that the server sends. Fields may be added within version 1; clients ignore what they do
//! not know.

use actors::feed::{Update, Viewer};
use engine::exam::Role;
use engine::exam::view::SEALED;
use engine::{CommandId, Hash, Moment, PersonId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use ts_rs::TS;
use utoipa::ToSchema;

/// One frame from the server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to `hello`.
    Welcome(WelcomeFrame),
    /// A stream is followed.
    Sub(SubFrame),
    /// A whole state.
    Snap(SnapFrame),
    /// One step of a stream.
    Ev(EvFrame),
    /// The digest of a state.
    Dig(DigFrame),
    /// Steps of a stream were dropped; a snapshot follows.
    Lag(LagFrame),
    /// Who looks at a stream.
    Pres(PresFrame),
    /// A command is journalled.
    Ack(AckFrame),
    /// A command or a request is refused.
    Err(ErrFrame),
    /// Answer with `pong`.
    Ping(PingFrame),
    /// The sign-in ends soon.
    AuthSoon(AuthSoonFrame),
    /// The sign-in was renewed.
    Auth(AuthFrame),
    /// The connection ends now.
    Bye(ByeFrame),
}

/// A signed-in person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct PersonFrame {
    /// Who.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub id: PersonId,
    /// Full name.
    pub name: String,
    /// The roles with which they signed in.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
}

/// `welcome`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct WelcomeFrame {
    /// The `id` of the `hello`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Names this connection in logs.
    pub sess: String,
    /// Seconds between the server's pings.
    pub ping: u32,
    /// When the sign-in ends, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub exp: Moment,
    /// Who is signed in.
    pub person: PersonFrame,
    /// The server's clock, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub now: Moment,
    /// What to keep to.
    pub limits: LimitsFrame,
}

/// What a connection keeps to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct LimitsFrame {
    /// Unanswered commands.
    pub inflight: u32,
}

/// `sub`: with `recovered` the missing steps follow, else a snapshot.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct SubFrame {
    /// The `id` of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The stream.
    pub s: String,
    /// Everything missed follows.
    pub recovered: bool,
    /// The log's epoch.
    pub epoch: String,
    /// The newest number.
    pub seq: u64,
}

/// `snap`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SnapFrame {
    /// The stream.
    pub s: String,
    /// The log's epoch.
    pub epoch: String,
    /// The number at which the state stands.
    pub seq: u64,
    /// The chain hash there.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub hash: Hash,
    /// Version of the state's shape.
    pub v: u16,
    /// The state: an `ExamView` or a `BoardState`.
    #[ts(type = "ExamView | BoardState")]
    #[schema(value_type = Object)]
    pub state: Value,
}

/// Who caused an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A person.
    Person(#[ts(type = "number")] PersonId),
    /// The program itself.
    System,
}

/// `ev`. A `sealed` one has neither `by` nor `d`: the receiver may not see it, but counts it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct EvFrame {
    /// The stream.
    pub s: String,
    /// Its number, contiguous for everybody.
    pub seq: u64,
    /// When, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub at: Moment,
    /// The event's kind.
    pub kind: String,
    /// Version of the event's shape.
    pub v: u16,
    /// Who caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub by: Option<By>,
    /// The merge patch of the state; absent when nothing visible changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Option<Object>)]
    pub d: Option<Value>,
    /// The chain hash at `seq`.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub h: Hash,
}

/// `dig`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct DigFrame {
    /// The stream.
    pub s: String,
    /// At this number.
    pub seq: u64,
    /// The first 16 bytes of SHA-256 over the RFC 8785 form of the state, hexadecimal.
    pub d: String,
}

/// `lag`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct LagFrame {
    /// The stream.
    pub s: String,
    /// How many steps were dropped.
    pub missed: u64,
}

/// `pres`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct PresFrame {
    /// The stream.
    pub s: String,
    /// Everybody but observers.
    pub members: Vec<MemberFrame>,
    /// How many observers.
    pub observers: u32,
}

/// Somebody who looks at a stream.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct MemberFrame {
    /// Who.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// The role's word.
    pub role: String,
    /// Since when, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub since: Moment,
}

/// `ack`: from here on nothing loses the command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct AckFrame {
    /// The `id` of the `cmd`.
    pub id: u64,
    /// The command.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub cmd: CommandId,
    /// The number of its last event.
    pub seq: u64,
    /// The log's epoch.
    pub epoch: String,
    /// It had been applied before.
    pub dup: bool,
}

/// `err`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct ErrFrame {
    /// The `id` of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The command that is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string")]
    #[schema(value_type = Option<String>)]
    pub cmd: Option<CommandId>,
    /// The stream that is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s: Option<String>,
    /// The stable code.
    pub code: String,
    /// For people.
    pub message: String,
    /// The same request may succeed later.
    pub temporary: bool,
    /// How long to wait before trying again, ms.
    pub after_ms: u64,
}

/// `ping`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct PingFrame {}

/// `auth_soon`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct AuthSoonFrame {
    /// Seconds left.
    #[serde(rename = "in")]
    pub within: u64,
}

/// `auth`: the answer to the client's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(optional_fields)]
pub struct AuthFrame {
    /// The `id` of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// When the sign-in ends now, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub exp: Moment,
}

/// `bye`, followed by a close with the same code.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct ByeFrame {
    /// The close code.
    pub code: u16,
    /// Whether connecting again makes sense.
    pub reconnect: bool,
    /// When to, ms from now.
    pub after_ms: u64,
}

impl ServerFrame {
    /// The JSON text.
    pub fn to_json(&self) -> String {
        // Frames hold nothing that can fail to serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&Viewer> for MemberFrame {
    fn from(viewer: &Viewer) -> MemberFrame {
        MemberFrame {
            person: viewer.person,
            name: viewer.name.clone(),
            role: viewer.role.to_owned(),
            since: viewer.since,
        }
    }
}

/// The JSON text of `ev`, with the patch copied and not parsed again: this is done once for
/// each step and audience, and read by everybody.
pub fn ev_json(update: &Update) -> String {
    #[derive(Serialize)]
    struct Ev<'a> {
        t: &'static str,
        s: &'a str,
        seq: u64,
        at: Moment,
        kind: &'a str,
        v: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<By>,
        #[serde(skip_serializing_if = "Option::is_none")]
        d: Option<&'a RawValue>,
        h: &'a Hash,
    }
    let sealed = update.kind == SEALED;
    let frame = Ev {
        t: "ev",
        s: update.topic.as_str(),
        seq: update.seq,
        at: update.at,
        kind: &update.kind,
        v: update.v,
        by: (!sealed).then(|| update.by.map_or(By::System, By::Person)),
        d: update.patch.as_deref().and_then(|patch| serde_json::from_str(patch).ok()),
        h: &update.hash,
    };
    serde_json::to_string(&frame).unwrap_or_default()
}
