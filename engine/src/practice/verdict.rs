//! The computed verdict of a practice part: points of each task, the sum, and the reasons.

use crate::lang::Lang;
use crate::points::Points;
use crate::practice::{CriterionId, PracticeTool, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a practice part comes to by its tool's rule, before the panel votes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PracticeScore {
    /// A score for each task in the order of the tool.
    pub per_task: Vec<TaskScore>,
    /// The sum over tasks, exact.
    pub total: Points,
    /// The sum without a mistake.
    pub max: Points,
    /// The rule is met and no criterion is missing.
    pub passed: bool,
    /// What was checked, and how it came out.
    pub reasons: Vec<Reason>,
}

/// The score of one task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TaskScore {
    /// The task.
    pub task_id: TaskId,
    /// Points reached, exact.
    pub points: Points,
    /// Points without a mistake.
    pub max: Points,
}

/// One thing that the verdict rests on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The sum was compared with the sum needed.
    Total {
        /// Points reached.
        points: Points,
        /// Points needed.
        needed: Points,
        /// Reached.
        met: bool,
    },
    /// A task's points were compared with the points needed in each.
    Task {
        /// The task.
        task_id: TaskId,
        /// Its title.
        title: String,
        /// Points reached.
        points: Points,
        /// Points needed.
        needed: Points,
        /// Reached.
        met: bool,
    },
    /// A criterion has no points, which keeps the part from being passed.
    Missing {
        /// The criterion.
        criterion_id: CriterionId,
        /// Its name.
        name: String,
    },
}

impl Reason {
    /// The reason as a sentence.
    pub fn text(&self, lang: Lang) -> String {
        lang.pick(String::new(), String::new())
    }
}

/// The verdict by the tool's rule over the criteria's points.
pub fn verdict(tool: &PracticeTool, points: &BTreeMap<CriterionId, Points>) -> PracticeScore {
    let _ = points;
    PracticeScore {
        per_task: Vec::new(),
        total: Points::zero(),
        max: tool.max_points(),
        passed: false,
        reasons: Vec::new(),
    }
}
