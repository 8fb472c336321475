//! The AsyncAPI document of the live protocol: every frame with its schema and its golden example.

use crate::live::{SUBPROTOCOL, code};
use crate::openapi::add;
use crate::wire::{client, server};
use actix_web::HttpResponse;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, schema::Schema};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| build().to_string());

/// `GET /asyncapi.json`.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

/// Who sends a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

/// A frame: who sends it, its `t`, its schema, an example, what it is for.
struct Frame {
    from: From,
    t: &'static str,
    schema: &'static str,
    example: &'static str,
    summary: &'static str,
}

macro_rules! frame {
    ($from:ident, $t:literal, $schema:literal, $golden:literal, $summary:literal) => {
        Frame {
            from: From::$from,
            t: $t,
            schema: $schema,
            example: include_str!(concat!("wire/golden/", $golden, ".json")),
            summary: $summary,
        }
    };
}

#[rustfmt::skip]
const FRAMES: &[Frame] = &[
    frame!(Client, "hello", "HelloFrame", "client_hello",
        "Always first: who speaks, which version, what to resume. A second one ends the connection."),
    frame!(Client, "sub", "SubscribeFrame", "client_sub",
        "Follow a stream. Answered by `sub` and the missing `ev`, or `snap`, or by `err`."),
    frame!(Client, "unsub", "UnsubscribeFrame", "client_unsub",
        "Follow it no longer. Not answered."),
    frame!(Client, "dig", "StreamFrame", "client_dig",
        "Ask for the digest of a followed stream."),
    frame!(Client, "resync", "StreamFrame", "client_resync",
        "The state does not fit: send a snapshot."),
    frame!(Client, "cmd", "CommandFrame", "client_cmd",
        "A command to an exam. Answered by exactly one `ack` or `err`; kept by the client until then."),
    frame!(Client, "pong", "PongFrame", "client_pong",
        "The answer to `ping`."),
    frame!(Client, "auth", "RenewFrame", "client_auth",
        "A fresh token of the same person."),
    frame!(Server, "welcome", "WelcomeFrame", "server_welcome",
        "The answer to `hello`."),
    frame!(Server, "sub", "SubFrame", "server_sub",
        "A stream is followed: with `recovered` the missing `ev` come, else a `snap`."),
    frame!(Server, "snap", "SnapFrame", "server_snap",
        "A whole state."),
    frame!(Server, "ev", "EvFrame", "server_ev",
        "One step of a stream. `d` is an RFC 7386 merge patch; `sealed` steps have none."),
    frame!(Server, "dig", "DigFrame", "server_dig",
        "The digest of the state: compare, and `resync` when it differs."),
    frame!(Server, "lag", "LagFrame", "server_lag",
        "Steps were dropped because the client was too slow; a `snap` follows."),
    frame!(Server, "pres", "PresFrame", "server_pres",
        "Who looks at the stream."),
    frame!(Server, "ack", "AckFrame", "server_ack",
        "The command is on disk."),
    frame!(Server, "err", "ErrFrame", "server_err",
        "The request is refused; `temporary` says whether it may succeed later."),
    frame!(Server, "ping", "PingFrame", "server_ping",
        "Answer with `pong`, or the connection ends."),
    frame!(Server, "auth_soon", "AuthSoonFrame", "server_auth_soon",
        "The sign-in ends in so many seconds."),
    frame!(Server, "auth", "AuthFrame", "server_auth",
        "The sign-in was renewed."),
    frame!(Server, "bye", "ByeFrame", "server_bye",
        "The connection ends, by a close with the same code."),
];

/// Close codes with their meanings.
const CODES: &[(u16, &str)] = &[
    (code::SHUTDOWN, "the program stops: come back after `after_ms`"),
    (code::SLOW, "too slow: no hello, no progress, or too many unanswered commands"),
    (code::STATE, "what may be seen has changed: start anew"),
    (code::NO_PONG, "no answer to a ping"),
    (code::UNAVAILABLE, "not possible now"),
    (code::EXPIRED, "the sign-in has expired: come back with a fresh one"),
    (code::BAD_REQUEST, "not understood (final)"),
    (code::REVOKED, "the sign-in was revoked (final)"),
    (code::FORBIDDEN, "not signed in (final)"),
    (code::VERSION, "a version that this server does not speak (final)"),
];

/// The document.
pub fn build() -> Value {
    let names = |from: From| FRAMES.iter().filter(move |f| f.from == from).map(name);
    let in_channel = |name: String| json!({"$ref": format!("#/channels/live/messages/{name}")});
    let mut messages = Map::new();
    let mut channel = Map::new();
    for frame in FRAMES {
        let name = name(frame);
        channel.insert(name.clone(), json!({"$ref": format!("#/components/messages/{name}")}));
        messages.insert(name, message(frame));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {"title": "nsk live", "version": "1.0.0", "description": description()},
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/live",
                "description": format!("WebSocket with the subprotocol {SUBPROTOCOL}"),
                "messages": channel,
            },
        },
        "operations": {
            "fromClient": {
                "action": "receive",
                "channel": {"$ref": "#/channels/live"},
                "messages": names(From::Client).map(in_channel).collect::<Vec<_>>(),
            },
            "fromServer": {
                "action": "send",
                "channel": {"$ref": "#/channels/live"},
                "messages": names(From::Server).map(in_channel).collect::<Vec<_>>(),
            },
        },
        "components": {"messages": messages, "schemas": schemas()},
    })
}

fn name(frame: &Frame) -> String {
    let from = match frame.from {
        From::Client => "client",
        From::Server => "server",
    };
    format!("{from}_{}", frame.t)
}

fn message(frame: &Frame) -> Value {
    let schema = format!("#/components/schemas/{}", frame.schema);
    let kind = json!({
        "type": "object", "required": ["t"], "properties": {"t": {"const": frame.t}},
    });
    // The golden files are read by a test, so that this is never null.
    let example: Value = serde_json::from_str(frame.example).unwrap_or_default();
    json!({
        "name": frame.t,
        "summary": frame.summary,
        "payload": {"allOf": [kind, {"$ref": schema}]},
        "examples": [{"payload": example}],
    })
}

fn description() -> String {
    let mut text = "One JSON object in a text frame, or several parted by line feeds. Unknown \
                    fields and unknown `t` are ignored. Browsers sign in by cookie from the same \
                    origin, others by a token in `hello`. The same frames arrive as server-sent \
                    events from `/api/nsk/v1/streams?s=…`. Close codes below 4500 ask the client \
                    to come back:"
        .to_owned();
    for (code, meaning) in CODES {
        text.push_str(&format!("\n* {code}: {meaning}"));
    }
    text
}

fn schemas() -> Value {
    let mut found: Vec<(String, RefOr<Schema>)> = Vec::new();
    let mut also = |schemas: Vec<(String, RefOr<Schema>)>| found.extend(schemas);
    also(of::<client::HelloFrame>());
    also(of::<client::SubscribeFrame>());
    also(of::<client::UnsubscribeFrame>());
    also(of::<client::StreamFrame>());
    also(of::<client::CommandFrame>());
    also(of::<client::PongFrame>());
    also(of::<client::RenewFrame>());
    also(of::<server::WelcomeFrame>());
    also(of::<server::SubFrame>());
    also(of::<server::SnapFrame>());
    also(of::<server::EvFrame>());
    also(of::<server::DigFrame>());
    also(of::<server::LagFrame>());
    also(of::<server::PresFrame>());
    also(of::<server::AckFrame>());
    also(of::<server::ErrFrame>());
    also(of::<server::PingFrame>());
    also(of::<server::AuthSoonFrame>());
    also(of::<server::AuthFrame>());
    also(of::<server::ByeFrame>());
    let named = found
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()));
    Value::Object(named.collect())
}

fn of<T: ToSchema>() -> Vec<(String, RefOr<Schema>)> {
    let mut found = Vec::new();
    add::<T>(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::client::ClientFrame;
    use crate::wire::server::ServerFrame;

    #[test]
    fn every_example_is_a_frame_of_its_kind() {
        for frame in FRAMES {
            let value: Value = serde_json::from_str(frame.example).expect(frame.t);
            assert_eq!(value["t"], frame.t);
            match frame.from {
                From::Client => {
                    let read = ClientFrame::parse(frame.example.trim()).expect(frame.t);
                    assert!(read.is_some(), "{}", frame.t);
                }
                From::Server => {
                    serde_json::from_value::<ServerFrame>(value).expect(frame.t);
                }
            }
        }
    }

    #[test]
    fn every_frame_and_every_code_is_described() {
        let document = build();
        let messages = document["components"]["messages"].as_object().expect("messages");
        assert_eq!(messages.len(), FRAMES.len());
        assert_eq!(messages.len(), 8 + 13);
        let text = description();
        for code in [4001, 4008, 4010, 4012, 4013, 4101, 4500, 4501, 4503, 4506] {
            assert!(text.contains(&format!("* {code}: ")), "{code}");
        }
    }
}
