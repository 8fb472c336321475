//! The practice part: tasks with criteria that experts mark, and the verdict by the tool's rule.
//!
//! A criterion's points are the mean of its marks as an exact fraction, once they lie within the
//! allowed spread. Who may mark, when marks lock and how the panel votes is the exam's business.

use crate::canon::Hash;
use crate::ids::PersonId;
use crate::import::{ImportLimits, Imported, Problem};
use crate::points::Points;
use crate::question::bank_id;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

mod document;
pub mod verdict;
pub use verdict::{PracticeScore, Reason, TaskScore, verdict};

/// Highest mark of a judgement.
pub const JUDGEMENT_MAX: i64 = 3;

/// A measurement may be given in thousandths, not finer.
pub const MARK_DENOMINATOR: i128 = 1_000;

bank_id!(
    /// A task, unique within its practice tool.
    TaskId
);
bank_id!(
    /// A criterion, unique within its practice tool.
    CriterionId
);

/// The tasks and criteria of a practice part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PracticeTool {
    /// Its id.
    pub id: u64,
    /// The qualification it examines (`skill_id` on the wire).
    pub qualification_id: u64,
    /// Its title.
    pub title: String,
    /// Minutes given for all tasks together.
    pub minutes: u32,
    /// Experts whose locked marks are needed.
    pub quorum: u32,
    /// Its version.
    pub version: u32,
    /// When it is passed.
    pub pass: PassRule,
    /// At least one task.
    pub tasks: Vec<Task>,
}

/// When a practice part is passed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum PassRule {
    /// By the sum over all tasks.
    Sum {
        /// Points needed in all.
        min_points: Points,
    },
    /// By each task.
    Each {
        /// Points needed in each task.
        each_task_min_points: Points,
    },
    /// By both.
    SumAndEach {
        /// Points needed in all.
        min_points: Points,
        /// Points needed in each task.
        each_task_min_points: Points,
    },
}

/// A task of the practice part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// What the candidate is to do.
    pub text: String,
    /// Minutes planned for it.
    pub minutes: u32,
    /// Whose lock closes it.
    pub lock: TaskLock,
    /// At least one criterion.
    pub criteria: Vec<Criterion>,
}

/// Whose lock closes a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskLock {
    /// Every expert locks their marks.
    AllExperts,
    /// The chair locks the task.
    Chair,
}

/// What is marked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Criterion {
    /// Its id.
    pub id: CriterionId,
    /// Its name.
    pub name: String,
    /// How it is marked.
    pub kind: CriterionKind,
    /// The highest mark.
    pub max: Points,
    /// How far the experts' marks may lie apart.
    pub spread: Points,
}

/// How a criterion is marked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionKind {
    /// Something measured: whole or decimal, from 0 to `max`.
    Measurement,
    /// An opinion: whole, from 0 to `max`, which is at most 3.
    Judgement,
}

/// Why a mark cannot be given.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum MarkFault {
    /// Below 0 or above the criterion's maximum.
    #[error("the mark must lie between 0 and {max}, not {found}")]
    OutOfRange {
        /// The criterion's maximum.
        max: Points,
        /// The mark given.
        found: Points,
    },
    /// A judgement that is not whole.
    #[error("a judgement is a whole number, not {found}")]
    NotWhole {
        /// The mark given.
        found: Points,
    },
    /// A measurement finer than thousandths.
    #[error("a measurement has at most three decimals, unlike {found}")]
    TooFine {
        /// The mark given.
        found: Points,
    },
}

/// What the experts' marks of one criterion come to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionResult {
    /// Within the spread: the exact mean.
    Agreed(Points),
    /// Too far apart: those experts are called back.
    TooWide {
        /// The lowest mark.
        low: Points,
        /// The highest mark.
        high: Points,
        /// How far apart they may lie.
        allowed: Points,
    },
    /// No marks yet.
    Missing,
}

impl PracticeTool {
    /// The hash of the tool's meaning.
    pub fn hash(&self) -> Hash {
        Hash::of_json(self)
    }

    /// The task with this id.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.iter().find(|t| t.id == id)
    }

    /// The criterion with this id, and its task.
    pub fn criterion(&self, id: CriterionId) -> Option<(&Task, &Criterion)> {
        self.tasks.iter().find_map(|t| t.criteria.iter().find(|c| c.id == id).map(|c| (t, c)))
    }

    /// Points of a practice part without a mistake.
    pub fn max_points(&self) -> Points {
        self.tasks
            .iter()
            .fold(Points::zero(), |sum, t| sum.checked_add(&t.max_points()).unwrap_or(sum))
    }
}

impl PassRule {
    /// Points needed in all, and points needed in each task, where the rule asks for them.
    pub fn minimums(&self) -> (Option<Points>, Option<Points>) {
        match self {
            PassRule::Sum { min_points } => (Some(*min_points), None),
            PassRule::Each { each_task_min_points } => (None, Some(*each_task_min_points)),
            PassRule::SumAndEach { min_points, each_task_min_points } => {
                (Some(*min_points), Some(*each_task_min_points))
            }
        }
    }
}

impl Task {
    /// Points of the task without a mistake.
    pub fn max_points(&self) -> Points {
        self.criteria.iter().fold(Points::zero(), |sum, c| sum.checked_add(&c.max).unwrap_or(sum))
    }
}

impl Criterion {
    /// Whether this mark can be given for this criterion.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_mark(&self, mark: &Points) -> Result<(), MarkFault> {
        if *mark < Points::zero() || *mark > self.max {
            return Err(MarkFault::OutOfRange { max: self.max, found: *mark });
        }
        match self.kind {
            CriterionKind::Judgement if mark.denominator() != 1 => {
                Err(MarkFault::NotWhole { found: *mark })
            }
            CriterionKind::Measurement if MARK_DENOMINATOR % mark.denominator() != 0 => {
                Err(MarkFault::TooFine { found: *mark })
            }
            _ => Ok(()),
        }
    }
}

/// What the marks of one criterion come to. Each mark must have passed [`Criterion::check_mark`];
/// how many are needed is the caller's question.
pub fn criterion_result(
    criterion: &Criterion,
    marks: &BTreeMap<PersonId, Points>,
) -> CriterionResult {
    let (Some(low), Some(high)) = (marks.values().min(), marks.values().max()) else {
        return CriterionResult::Missing;
    };
    let (low, high, allowed) = (*low, *high, criterion.spread);
    if low.checked_add(&allowed).is_none_or(|reach| high > reach) {
        return CriterionResult::TooWide { low, high, allowed };
    }
    let sum = marks.values().try_fold(Points::zero(), |sum, mark| sum.checked_add(mark));
    let count = i64::try_from(marks.len()).ok().map(Points::whole);
    let mean = sum.zip(count).and_then(|(sum, count)| sum.checked_div(&count));
    // Checked marks are thousandths, whose mean can always be represented.
    mean.map_or(CriterionResult::Missing, CriterionResult::Agreed)
}

/// Reads a practice tool.
///
/// # Errors
/// Every problem found, up to `limits.problems_max`.
pub fn import(bytes: &[u8], limits: &ImportLimits) -> Result<Imported<PracticeTool>, Vec<Problem>> {
    document::read(bytes, limits)
}
