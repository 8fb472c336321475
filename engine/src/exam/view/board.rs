//! One exam as a line of a board.

use crate::exam::{Outcome, Phase, Severity, WaitFor};
use crate::ids::{PersonId, WireId};
use crate::time::{Moment, Span};
use serde::Serialize;
use std::collections::BTreeMap;

/// One exam's row on a board.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BoardRow {
    /// The exam's number.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub exam: WireId,
    /// Where it stands.
    pub phase: Phase,
    /// Where it stood before the suspension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub suspended_from: Option<Phase>,
    /// The qualification's name.
    pub title: String,
    /// The centre.
    pub centre: String,
    /// The room.
    pub room: String,
    /// The candidate's name.
    pub candidate: String,
    /// Planned start, ms UTC.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub begins_at: Moment,
    /// Planned end, ms UTC.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub ends_at: Moment,
    /// Allowed time of the stage, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub allowed: Span,
    /// Used before the current run, ms.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub consumed: Span,
    /// Since when the clock runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub running_since: Option<Moment>,
    /// Questions answered.
    pub answered: u32,
    /// Questions in all.
    pub questions: u32,
    /// The current task's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub task: Option<String>,
    /// Who is waited for: name, for what, since when, by person.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, BoardWait>"))]
    pub waits: BTreeMap<PersonId, BoardWait>,
    /// How many of the panel are present.
    pub present: u32,
    /// The size of the panel.
    pub panel: u32,
    /// Incidents that are not resolved.
    pub open_incidents: u32,
    /// The worst of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub worst: Option<Severity>,
    /// The outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub outcome: Option<Outcome>,
    /// The number of the exam's last event.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub seq: u64,
}

/// Somebody is awaited, as a board says it.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BoardWait {
    /// Their name.
    pub name: String,
    /// For what.
    pub what: WaitFor,
    /// Since when.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub since: Moment,
}
