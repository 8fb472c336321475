//! Golden frames: each file holds one frame as it stands on the wire, read and written both ways.

use super::client::ClientFrame;
use super::server::{
    AckFrame, AuthFrame, AuthSoonFrame, By, ByeFrame, DigFrame, ErrFrame, EvFrame, LagFrame,
    LimitsFrame, MemberFrame, PersonFrame, PingFrame, PresFrame, ServerFrame, SnapFrame, SubFrame,
    WelcomeFrame, ev_json,
};
use actors::feed::{Topic, Update};
use engine::exam::Role;
use engine::{CommandId, Hash, Moment, PersonId, WireId};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wire/golden");

fn golden(name: &str) -> String {
    let path = format!("{GOLDEN}/{name}.json");
    let text = std::fs::read_to_string(&path);
    text.unwrap_or_else(|e| panic!("{path}: {e}")).trim_end().to_owned()
}

fn cmd() -> CommandId {
    CommandId("01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3b".parse().expect("a uuid"))
}

fn hash() -> Hash {
    Hash::of(&[b"exam 42"])
}

fn exam() -> String {
    "exam:42".to_owned()
}

fn welcome() -> ServerFrame {
    ServerFrame::Welcome(WelcomeFrame {
        id: Some(1),
        sess: "c17".into(),
        ping: 20,
        exp: Moment(1_730_028_800_000),
        person: PersonFrame {
            id: PersonId(7),
            name: "Анна Орлова".into(),
            roles: vec![Role::Expert],
        },
        now: Moment(1_730_000_000_000),
        limits: LimitsFrame { inflight: 16 },
    })
}

fn event(by: Option<By>, kind: &str, d: Option<Value>) -> ServerFrame {
    let at = Moment(1_730_000_100_000);
    ServerFrame::Ev(EvFrame { s: exam(), seq: 122, at, kind: kind.into(), v: 1, by, d, h: hash() })
}

/// Every server frame with the name of its file.
fn server_frames() -> Vec<(&'static str, ServerFrame)> {
    let mut frames = stream_frames();
    frames.extend(answers());
    frames
}

/// Those about a stream.
fn stream_frames() -> Vec<(&'static str, ServerFrame)> {
    let state = json!({"exam": 42, "phase": "ready"});
    let seat = MemberFrame {
        person: PersonId(7),
        name: "Анна Орлова".into(),
        role: "expert".into(),
        since: Moment(1_730_000_000_000),
    };
    vec![
        (
            "server_sub",
            ServerFrame::Sub(SubFrame {
                id: Some(2),
                s: exam(),
                recovered: true,
                epoch: "7f3a-1".into(),
                seq: 121,
            }),
        ),
        (
            "server_snap",
            ServerFrame::Snap(SnapFrame {
                s: exam(),
                epoch: "7f3a-1".into(),
                seq: 121,
                hash: hash(),
                v: 1,
                state,
            }),
        ),
        (
            "server_ev",
            event(
                Some(By::Person(PersonId(7))),
                "task_locked",
                Some(
                    json!({"practice": {"tasks": {"1": {"locks": {"7": 1_730_000_100_000_u64}}}}}),
                ),
            ),
        ),
        ("server_ev_system", event(Some(By::System), "readied", Some(json!({"phase": "ready"})))),
        ("server_ev_sealed", event(None, "sealed", None)),
        ("server_dig", ServerFrame::Dig(DigFrame { s: exam(), seq: 122, d: hash().short() })),
        ("server_lag", ServerFrame::Lag(LagFrame { s: exam(), missed: 300 })),
        (
            "server_pres",
            ServerFrame::Pres(PresFrame { s: exam(), members: vec![seat], observers: 12 }),
        ),
    ]
}

/// Those about the connection and its requests.
fn answers() -> Vec<(&'static str, ServerFrame)> {
    vec![
        ("server_welcome", welcome()),
        (
            "server_ack",
            ServerFrame::Ack(AckFrame {
                id: 7,
                cmd: cmd(),
                seq: 123,
                epoch: "7f3a-1".into(),
                dup: false,
            }),
        ),
        (
            "server_err",
            ServerFrame::Err(ErrFrame {
                id: Some(7),
                cmd: Some(cmd()),
                s: Some(exam()),
                code: "retry".into(),
                message: "the outcome is not known yet: send the same command again".into(),
                temporary: true,
                after_ms: 250,
            }),
        ),
        ("server_ping", ServerFrame::Ping(PingFrame {})),
        ("server_auth_soon", ServerFrame::AuthSoon(AuthSoonFrame { within: 60 })),
        (
            "server_auth",
            ServerFrame::Auth(AuthFrame { id: Some(9), exp: Moment(1_730_057_600_000) }),
        ),
        ("server_bye", ServerFrame::Bye(ByeFrame { code: 4001, reconnect: true, after_ms: 3_400 })),
    ]
}

const CLIENT: [&str; 9] = [
    "client_hello",
    "client_hello_browser",
    "client_sub",
    "client_unsub",
    "client_dig",
    "client_resync",
    "client_cmd",
    "client_pong",
    "client_auth",
];

#[test]
fn server_frames_are_what_their_files_say_both_ways() {
    for (name, frame) in server_frames() {
        assert_eq!(frame.to_json(), golden(name), "{name}");
        let read: ServerFrame = serde_json::from_str(&golden(name)).expect(name);
        assert_eq!(read, frame, "{name}");
    }
}

#[test]
fn client_frames_are_what_their_files_say_both_ways() {
    for name in CLIENT {
        let text = golden(name);
        let frame = ClientFrame::parse(&text).expect(name).expect(name);
        assert_eq!(serde_json::to_string(&frame).expect(name), text, "{name}");
    }
}

#[test]
fn every_file_is_tested() {
    let tested: BTreeSet<String> = server_frames()
        .iter()
        .map(|(name, _)| *name)
        .chain(CLIENT)
        .map(|name| format!("{name}.json"))
        .collect();
    let files = std::fs::read_dir(Path::new(GOLDEN)).expect("the folder");
    let there: BTreeSet<String> =
        files.map(|f| f.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, tested);
}

#[test]
fn frames_of_later_versions_are_tolerated() {
    let more = r#"{"t":"hello","ver":1,"caps":["cbor"],"more":{"x":[1]}}"#;
    assert!(matches!(ClientFrame::parse(more), Ok(Some(ClientFrame::Hello(_)))));
    assert!(matches!(ClientFrame::parse(r#"{"t":"wave","s":1}"#), Ok(None)));
}

#[test]
fn hostile_frames_are_faults() {
    let many = format!(
        r#"{{"t":"hello","ver":1,"resume":[{}]}}"#,
        vec![r#"{"s":"exam:1","epoch":"e","seq":1}"#; 65].join(",")
    );
    let deep = format!(r#"{{"t":"hello","ver":1,"x":{}"#, "[".repeat(10_000));
    for text in [
        "",
        "null",
        "[]",
        "7",
        "{}",
        r#"{"t":5}"#,
        r#"{"t":"hello"}"#,
        r#"{"t":"hello","ver":-1}"#,
        r#"{"t":"hello","ver":1,"resume":{}}"#,
        r#"{"t":"sub"}"#,
        r#"{"t":"sub","s":"exam:1","resume":{"epoch":"e","seq":1.5}}"#,
        r#"{"t":"cmd","id":1,"s":"exam:1","cmd":"not a uuid","body":{}}"#,
        r#"{"t":"cmd","id":1,"s":"exam:1","cmd":"01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3b"}"#,
        r#"{"t":"cmd","s":"exam:1","cmd":"01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3b","body":{}}"#,
        r#"{"t":"pong"} x"#,
        "{\"t\":\"pong\"\u{0}}",
        &many,
        &deep,
    ] {
        assert!(ClientFrame::parse(text).is_err(), "{}", &text[..text.len().min(60)]);
    }
}

proptest! {
    /// The text that is made once for everybody is the frame that the types describe.
    #[test]
    fn an_encoded_update_is_an_ev_frame(
        seq in 1..u64::from(u32::MAX),
        by in proptest::option::of(1..99_u64),
        kind in "[a-z_]{1,12}|sealed",
        patch in proptest::option::of("[а-яa-z\"\\\\\n ]{0,20}"),
    ) {
        let patch = patch.map(|text| json!({"reason": text, "gone": null}));
        let mut update = Update::new(Topic::exam(WireId(42)), seq, Moment(5), kind.clone());
        update.by = by.map(PersonId);
        update.patch = patch.as_ref().map(Value::to_string);
        update.hash = hash();
        let sealed = kind == "sealed";
        let frame = ServerFrame::Ev(EvFrame {
            s: exam(),
            seq,
            at: Moment(5),
            kind,
            v: 1,
            by: (!sealed).then(|| by.map_or(By::System, |p| By::Person(PersonId(p)))),
            d: patch,
            h: hash(),
        });
        prop_assert_eq!(ev_json(&update), frame.to_json());
    }
}
