//! The practice part as it is shown.

use crate::ids::PersonId;
use crate::points::Points;
use crate::practice::{CriterionId, CriterionKind, TaskId, TaskLock};
use crate::time::Moment;
use serde::Serialize;
use std::collections::BTreeMap;

/// The practice part.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PracticeView {
    /// The tool's title.
    pub title: String,
    /// When it started.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub started_at: Option<Moment>,
    /// The candidate's time is over.
    pub time_over: bool,
    /// The task that is being marked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub task: Option<TaskId>,
    /// Tasks by id, in the tool's order by `number`.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, TaskView>"))]
    pub tasks: BTreeMap<TaskId, TaskView>,
    /// Points, once scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub total: Option<Points>,
    /// The computed verdict, once scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub passed: Option<bool>,
}

/// A practice task.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TaskView {
    /// Its place in the tool, from 1.
    pub number: u32,
    /// Its title.
    pub title: String,
    /// What is to be done.
    pub text: String,
    /// Planned minutes.
    pub minutes: u32,
    /// Whose lock closes it.
    #[cfg_attr(feature = "ts", ts(type = "'all_experts' | 'chair'"))]
    pub lock: TaskLock,
    /// Its criteria; not for the candidate.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, CriterionView>", optional))]
    pub criteria: BTreeMap<CriterionId, CriterionView>,
    /// Who has locked, and when.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, number>", optional))]
    pub locks: BTreeMap<PersonId, Moment>,
    /// Who was called back, and when.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, number>", optional))]
    pub recalled: BTreeMap<PersonId, Moment>,
    /// All its criteria have their points.
    pub settled: bool,
}

/// A criterion with the marks that this audience may see.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CriterionView {
    /// Its place in the task, from 1.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// How it is marked.
    #[cfg_attr(feature = "ts", ts(type = "'measurement' | 'judgement'"))]
    pub kind: CriterionKind,
    /// The highest mark.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub max: Points,
    /// How far marks may lie apart.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub spread: Points,
    /// Visible marks by expert: one's own, and those of experts who have locked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, MarkView>", optional))]
    pub marks: BTreeMap<PersonId, MarkView>,
    /// The points, once settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub result: Option<Points>,
}

/// A mark.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MarkView {
    /// The points.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub value: Points,
    /// When it was placed.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub at: Moment,
    /// The moment of the work that it refers to.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub refers_at: Moment,
}
