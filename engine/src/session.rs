//! One person's sitting at a station: signed in, links lost and found, replaced, signed out.
//!
//! The sitting outlives connections. What bears on attendance is an event of its own stream;
//! presence dots on screens are only a hint.

use crate::chain::Record;
use crate::ids::PersonId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// The version of the stored shape that this build writes.
pub const SITTING_EVENT_VERSION: u16 = 1;
/// Longest description of a device, characters.
pub const DEVICE_CHARS_MAX: usize = 200;

/// What happened to a sitting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "d", rename_all = "snake_case")]
pub enum SittingEvent {
    /// The person signed in on a device.
    SignedIn {
        /// Who.
        person: PersonId,
        /// Full name.
        name: String,
        /// The role's word.
        role: String,
        /// What the device says it is.
        device: String,
    },
    /// The last connection was lost.
    LinkLost {},
    /// A connection is there again.
    LinkRestored {},
    /// The person signed in on another device; this one is fenced off.
    Replaced {
        /// The new device.
        device: String,
    },
    /// The person signed out, or their token ended.
    SignedOut {},
}

/// What a sitting is asked to note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SittingCommand {
    /// The first connection came.
    LinkUp,
    /// The last connection went.
    LinkDown,
    /// Another device takes over.
    Replace {
        /// The new device.
        device: String,
    },
    /// The person signs out.
    SignOut,
}

/// The state of a sitting: a fold of its events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sitting {
    /// Who.
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// The role's word.
    pub role: String,
    /// The device.
    pub device: String,
    /// When they signed in.
    pub since: Moment,
    /// A connection is there, or was there when last heard of.
    pub linked: bool,
    /// How often the link was lost.
    pub links_lost: u32,
    /// When it ended.
    pub ended_at: Option<Moment>,
}

impl Sitting {
    /// The state after the first event, if that is a sign-in.
    pub fn begin(event: &SittingEvent, at: Moment) -> Option<Sitting> {
        let SittingEvent::SignedIn { person, name, role, device } = event else { return None };
        Some(Sitting {
            person: *person,
            name: name.clone(),
            role: role.clone(),
            device: device.clone(),
            since: at,
            linked: false,
            links_lost: 0,
            ended_at: None,
        })
    }

    /// What a command leads to; nothing when it changes nothing.
    pub fn decide(&self, command: &SittingCommand) -> Option<SittingEvent> {
        if self.ended_at.is_some() {
            return None;
        }
        match command {
            SittingCommand::LinkUp if !self.linked => Some(SittingEvent::LinkRestored {}),
            SittingCommand::LinkDown if self.linked => Some(SittingEvent::LinkLost {}),
            SittingCommand::LinkUp | SittingCommand::LinkDown => None,
            SittingCommand::Replace { device } => {
                Some(SittingEvent::Replaced { device: device.clone() })
            }
            SittingCommand::SignOut => Some(SittingEvent::SignedOut {}),
        }
    }

    /// Applies an event.
    pub fn apply(&mut self, at: Moment, event: &SittingEvent) {
        match event {
            SittingEvent::SignedIn { .. } => {}
            SittingEvent::LinkRestored {} => self.linked = true,
            SittingEvent::LinkLost {} => {
                self.linked = false;
                self.links_lost += 1;
            }
            SittingEvent::Replaced { .. } | SittingEvent::SignedOut {} => {
                self.linked = false;
                self.ended_at = Some(at);
            }
        }
    }

    /// Folds a stream; `None` when it does not begin with a sign-in or cannot be read.
    pub fn fold(records: &[Record]) -> Option<Sitting> {
        let mut events = records.iter().map(|r| (r.at, SittingEvent::from_record(r)));
        let (at, first) = events.next()?;
        let mut sitting = Sitting::begin(&first?, at)?;
        for (at, event) in events {
            sitting.apply(at, &event?);
        }
        Some(sitting)
    }
}

impl SittingEvent {
    /// The kind and the body, as a record stores them.
    pub fn to_parts(&self) -> (String, serde_json::Value) {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        (kind, value["d"].take())
    }

    /// Reads an event from its record.
    pub fn from_record(record: &Record) -> Option<SittingEvent> {
        if record.v != SITTING_EVENT_VERSION {
            return None;
        }
        serde_json::from_value(serde_json::json!({ "kind": record.kind, "d": record.d })).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sitting_outlives_its_links_and_ends_once() {
        let first = SittingEvent::SignedIn {
            person: PersonId(7),
            name: "Эксперт".into(),
            role: "expert".into(),
            device: "tablet".into(),
        };
        let mut sitting = Sitting::begin(&first, Moment(0)).expect("a sign-in");
        let script = [
            (SittingCommand::LinkDown, None),
            (SittingCommand::LinkUp, Some(SittingEvent::LinkRestored {})),
            (SittingCommand::LinkUp, None),
            (SittingCommand::LinkDown, Some(SittingEvent::LinkLost {})),
            (SittingCommand::LinkUp, Some(SittingEvent::LinkRestored {})),
            (
                SittingCommand::Replace { device: "new".into() },
                Some(SittingEvent::Replaced { device: "new".into() }),
            ),
            (SittingCommand::SignOut, None),
            (SittingCommand::LinkUp, None),
        ];
        for (command, expected) in script {
            let event = sitting.decide(&command);
            assert_eq!(event, expected, "{command:?}");
            if let Some(event) = event {
                sitting.apply(Moment(1), &event);
            }
        }
        assert_eq!((sitting.links_lost, sitting.linked), (1, false));
        assert_eq!(sitting.ended_at, Some(Moment(1)));
        assert!(Sitting::begin(&SittingEvent::LinkLost {}, Moment(0)).is_none());
    }
}
