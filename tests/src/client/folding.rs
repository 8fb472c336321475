//! What a client keeps of the streams that it follows: state, number, hash and epoch, by the rules
//! of the protocol. Everything that the server may not do is noted as a violation.

use engine::Hash;
use gateway::wire::server::{DigFrame, EvFrame, ServerFrame, SnapFrame, SubFrame};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where a copy stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Standing {
    /// Asked for; nothing has come yet.
    #[default]
    Asked,
    /// `sub` said that a snapshot follows.
    AwaitsSnapshot,
    /// Steps are folded in.
    Follows,
    /// Something is missing and was asked for again.
    Astray,
    /// The server refused the stream.
    Refused,
}

/// A client's copy of one stream.
#[derive(Clone, Default, Debug)]
pub struct Fold {
    /// The state; `None` before the first snapshot.
    pub state: Option<Value>,
    /// The number at which it stands.
    pub seq: u64,
    /// The chain hash there.
    pub hash: String,
    /// The epoch of both.
    pub epoch: String,
    /// Where it stands.
    pub standing: Standing,
    /// The code with which the stream was refused.
    pub refused: Option<String>,
    /// The last digest that was found right, with its number.
    pub agreed: Option<(u64, String)>,
    /// What happened to it.
    pub tally: Tally,
    /// The negative control: folds whatever comes, as if nothing could be missing.
    pub ignores_gaps: bool,
}

/// What happened to one copy.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Whole states taken.
    pub snapshots: u64,
    /// Subscriptions that went on where they stood.
    pub recovered: u64,
    /// Steps folded in.
    pub applied: u64,
    /// Those of them that were sealed.
    pub sealed: u64,
    /// Steps dropped as known.
    pub stale: u64,
    /// Gaps that the numbers showed.
    pub gaps: u64,
    /// Times that the server said it had dropped steps.
    pub lags: u64,
    /// Digests that agreed.
    pub agreed: u64,
    /// Digests that did not.
    pub mismatches: u64,
    /// What the server may not do.
    pub violations: Vec<String>,
}

impl Fold {
    /// Where the client stands, for `resume`; `None` when it stands nowhere.
    pub fn position(&self) -> Option<Value> {
        self.state.as_ref()?;
        Some(json!({"epoch": self.epoch, "seq": self.seq, "hash": self.hash}))
    }

    /// The digest of the copy.
    pub fn digest(&self) -> String {
        self.state.as_ref().map(|state| Hash::of_json(state).short()).unwrap_or_default()
    }

    /// A new connection asks for this stream again.
    pub fn asked(&mut self) {
        self.standing = Standing::Asked;
    }

    fn violates(&mut self, what: String) {
        self.tally.violations.push(what);
    }

    /// The answer to a subscription.
    pub fn sub(&mut self, frame: &SubFrame) {
        if !frame.recovered {
            self.standing = Standing::AwaitsSnapshot;
            return;
        }
        self.tally.recovered += 1;
        match &self.state {
            None => self.violates("recovered a stream that the client does not have".to_owned()),
            Some(_) if frame.epoch != self.epoch => {
                self.violates(format!("recovered over epochs: {} {}", self.epoch, frame.epoch));
            }
            Some(_) if frame.seq < self.seq => {
                self.violates(format!("recovered at {} behind {}", frame.seq, self.seq));
            }
            Some(_) => {}
        }
        self.standing = Standing::Follows;
    }

    /// A whole state.
    pub fn snap(&mut self, frame: &SnapFrame) {
        if self.standing == Standing::Asked {
            self.violates(format!("a snapshot at {} before the answer to sub", frame.seq));
        }
        self.tally.snapshots += 1;
        if has_null(&frame.state) {
            self.violates(format!("a state with null at {}", frame.seq));
        }
        self.state = Some(frame.state.clone());
        self.seq = frame.seq;
        self.hash = frame.hash.to_string();
        self.epoch.clone_from(&frame.epoch);
        self.standing = Standing::Follows;
    }

    /// One step; `true` when the client must ask for a snapshot.
    pub fn step(&mut self, frame: &EvFrame) -> bool {
        if !self.ignores_gaps {
            match self.standing {
                Standing::Follows => {}
                // It is on its way already, or the server was asked anew.
                Standing::Asked | Standing::AwaitsSnapshot | Standing::Astray => return false,
                Standing::Refused => {
                    self.violates(format!("step {} of a stream that was refused", frame.seq));
                    return false;
                }
            }
            if frame.seq <= self.seq {
                self.tally.stale += 1;
                return false;
            }
            if frame.seq > self.seq + 1 {
                self.tally.gaps += 1;
                self.standing = Standing::Astray;
                return true;
            }
        }
        if frame.kind == "sealed" && (frame.by.is_some() || frame.d.is_some()) {
            self.violates(format!("a sealed step {} with contents", frame.seq));
        }
        self.tally.sealed += u64::from(frame.kind == "sealed");
        if let Some(patch) = &frame.d {
            merge(self.state.get_or_insert_with(|| Value::Object(Map::new())), patch);
        }
        self.tally.applied += 1;
        self.seq = frame.seq;
        self.hash = frame.h.to_string();
        false
    }

    /// A digest; `true` when the client must ask for a snapshot.
    pub fn dig(&mut self, frame: &DigFrame) -> bool {
        if self.standing != Standing::Follows || self.ignores_gaps || frame.seq < self.seq {
            return false;
        }
        if frame.seq > self.seq {
            self.tally.gaps += 1;
            self.standing = Standing::Astray;
            return true;
        }
        if self.digest() == frame.d {
            self.tally.agreed += 1;
            self.agreed = Some((frame.seq, frame.d.clone()));
            return false;
        }
        self.tally.mismatches += 1;
        self.violates(format!("the digest at {} is another", frame.seq));
        self.standing = Standing::Astray;
        true
    }

    /// The server has dropped steps: it subscribes the client anew by itself.
    pub fn lag(&mut self) {
        self.tally.lags += 1;
        if !self.ignores_gaps {
            self.standing = Standing::Astray;
        }
    }

    /// The stream was refused.
    pub fn refuse(&mut self, code: &str) {
        self.standing = Standing::Refused;
        self.refused = Some(code.to_owned());
    }
}

/// Merge patches of RFC 7386, as its section 2 puts it.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in changes {
        if value.is_null() {
            if let Some(fields) = target.as_object_mut() {
                fields.remove(name);
            }
        } else {
            merge(&mut target[name.as_str()], value);
        }
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// All streams of a client.
#[derive(Clone, Default, Debug)]
pub struct Folds(pub BTreeMap<String, Fold>);

impl Folds {
    /// What a frame says about a stream; frames that the client must send.
    pub fn take(&mut self, frame: &ServerFrame) -> Vec<Value> {
        let (name, anew) = match frame {
            ServerFrame::Sub(sub) => (
                &sub.s,
                self.at(&sub.s, |fold| {
                    fold.sub(sub);
                    false
                }),
            ),
            ServerFrame::Snap(snap) => (
                &snap.s,
                self.at(&snap.s, |fold| {
                    fold.snap(snap);
                    false
                }),
            ),
            ServerFrame::Ev(ev) => (&ev.s, self.at(&ev.s, |fold| fold.step(ev))),
            ServerFrame::Dig(dig) => (&dig.s, self.at(&dig.s, |fold| fold.dig(dig))),
            ServerFrame::Lag(lag) => (
                &lag.s,
                self.at(&lag.s, |fold| {
                    fold.lag();
                    false
                }),
            ),
            _ => return Vec::new(),
        };
        if anew { vec![json!({"t": "resync", "s": name})] } else { Vec::new() }
    }

    /// Streams that were left go on for a moment.
    fn at(&mut self, name: &str, f: impl FnOnce(&mut Fold) -> bool) -> bool {
        self.0.get_mut(name).is_some_and(f)
    }
}
