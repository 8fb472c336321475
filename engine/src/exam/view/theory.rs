//! The theory part as it is shown.

use crate::canon::Hash;
use crate::form::PresentedQuestion;
use crate::points::Points;
use crate::question::{Answer, QuestionId};
use crate::time::Moment;
use serde::Serialize;
use std::collections::BTreeMap;

/// The theory part.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TheoryView {
    /// Number of questions.
    pub questions: u32,
    /// How many have an answer.
    pub answered: u32,
    /// Commitment to the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub commitment: Option<Hash>,
    /// Hash of the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub form_hash: Option<Hash>,
    /// The seed, once revealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub seed: Option<String>,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub started_at: Option<Moment>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub ended_at: Option<Moment>,
    /// Its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub result: Option<TheoryResultView>,
    /// The questions by their number from 1; for the candidate, while the test runs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, PresentedQuestion>", optional))]
    pub form: BTreeMap<u32, PresentedQuestion>,
    /// Saved answers by question; for the candidate.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, Answer>", optional))]
    pub answers: BTreeMap<QuestionId, Answer>,
    /// Flagged questions; for the candidate.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, true>", optional))]
    pub flags: BTreeMap<QuestionId, bool>,
}

/// A theory result.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TheoryResultView {
    /// Exact points, such as `35/2`.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub score: Points,
    /// Rounded to hundredths, for display.
    pub shown: String,
    /// Points reachable.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub max: Points,
    /// Points needed.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub pass: Points,
    /// Passed, by the exact points.
    pub passed: bool,
    /// Ended by time.
    pub by_time: bool,
}
