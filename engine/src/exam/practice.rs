//! The state of the practice part: marks, locks, settled points and the panel's decision.

use crate::ids::PersonId;
use crate::points::Points;
use crate::practice::{CriterionId, TaskId};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A mark as placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Mark {
    /// The points.
    pub value: Points,
    /// When it was placed.
    pub at: Moment,
    /// The moment of the work that it refers to.
    pub refers_at: Moment,
}

/// One task of the practice part.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct TaskState {
    /// Since when it is the current task.
    pub begun_at: Option<Moment>,
    /// Marks by criterion and expert.
    pub marks: BTreeMap<CriterionId, BTreeMap<PersonId, Mark>>,
    /// Who has locked, and when.
    pub locks: BTreeMap<PersonId, Moment>,
    /// Who was called back because marks lay too far apart, and when.
    pub recalled: BTreeMap<PersonId, Moment>,
    /// Points by criterion, once settled.
    pub results: Option<BTreeMap<CriterionId, Points>>,
}

/// The practice part.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Practice {
    /// When it started.
    pub started_at: Option<Moment>,
    /// The candidate's time is over; marks may still come in.
    pub time_over: bool,
    /// By task.
    pub tasks: BTreeMap<TaskId, TaskState>,
    /// Points and computed verdict.
    pub scored: Option<(Points, bool)>,
    /// When it was scored.
    pub scored_at: Option<Moment>,
    /// Votes on the verdict.
    pub votes: BTreeMap<PersonId, (bool, Option<String>)>,
}

/// How the panel's decision came about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Passed or not.
    pub passed: bool,
    /// It departs from the computed verdict.
    pub departed: bool,
    /// The vote was a tie and the chair decided.
    pub by_chair: bool,
    /// Reasons given for a departure.
    pub reasons: Vec<String>,
}

impl Practice {
    /// Points of the criteria that are settled.
    pub fn points(&self) -> BTreeMap<CriterionId, Points> {
        let settled = self.tasks.values().filter_map(|task| task.results.as_ref());
        settled.flatten().map(|(criterion, points)| (*criterion, *points)).collect()
    }
}
