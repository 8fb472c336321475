//! The state of the stream `board`.

use engine::exam::view::BoardRow;
use engine::{Moment, WireId};
use serde::Serialize;
use std::collections::BTreeMap;
use ts_rs::TS;

/// All exams of the day, and what an operator must know.
#[derive(Clone, Debug, Serialize, TS)]
pub struct BoardState {
    /// Exams by number.
    #[ts(type = "Record<string, BoardRow>")]
    pub rows: BTreeMap<WireId, BoardRow>,
    /// Alerts by key.
    #[ts(type = "Record<string, BoardAlert>")]
    pub alerts: BTreeMap<String, BoardAlert>,
}

/// Something that an operator must know, such as an exam's quarantine.
#[derive(Clone, Debug, Serialize, TS)]
#[ts(optional_fields)]
pub struct BoardAlert {
    /// What it is about, as a word.
    pub kind: String,
    /// For people.
    pub text: String,
    /// The exam it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(type = "number")]
    pub exam: Option<WireId>,
    /// Since when, ms UTC.
    #[ts(type = "number")]
    pub at: Moment,
}
