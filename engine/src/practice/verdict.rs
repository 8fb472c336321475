//! The computed verdict of a practice part: points of each task, the sum, and the reasons.

use crate::lang::Lang;
use crate::points::Points;
use crate::practice::{CriterionId, PracticeTool, TaskId};
use crate::scoring::sentences::points as shown;
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
        match self {
            Reason::Total { points, needed, met } => {
                compared(lang.pick("Сумма", "The sum"), *points, *needed, *met, lang)
            }
            Reason::Task { title, points, needed, met, .. } => {
                let what = format!("{} «{title}»", lang.pick("Задание", "Task"));
                compared(&what, *points, *needed, *met, lang)
            }
            Reason::Missing { name, .. } => match lang {
                Lang::Ru => format!("Критерий «{name}» не оценён."),
                Lang::En => format!("Criterion “{name}” has no points."),
            },
        }
    }
}

fn compared(what: &str, points: Points, needed: Points, met: bool, lang: Lang) -> String {
    let (points, needed) = (shown(points), shown(needed));
    match (lang, met) {
        (Lang::Ru, true) => format!("{what}: {points} при необходимых {needed}, достаточно."),
        (Lang::Ru, false) => format!("{what}: {points} при необходимых {needed}, недостаточно."),
        (Lang::En, true) => format!("{what}: {points} with {needed} needed, enough."),
        (Lang::En, false) => format!("{what}: {points} with {needed} needed, not enough."),
    }
}

/// The verdict by the tool's rule over the criteria's points. A criterion without points counts
/// nothing and keeps the part from being passed; points of unknown criteria are ignored.
pub fn verdict(tool: &PracticeTool, points: &BTreeMap<CriterionId, Points>) -> PracticeScore {
    let per_task: Vec<TaskScore> = tool
        .tasks
        .iter()
        .map(|task| TaskScore {
            task_id: task.id,
            points: sum(task.criteria.iter().filter_map(|c| points.get(&c.id).copied())),
            max: task.max_points(),
        })
        .collect();
    let total = sum(per_task.iter().map(|task| task.points));
    let mut reasons = missing(tool, points);
    let mut passed = reasons.is_empty();
    let (of_sum, of_each) = tool.pass.minimums();
    if let Some(needed) = of_sum {
        let met = total >= needed;
        passed &= met;
        reasons.push(Reason::Total { points: total, needed, met });
    }
    if let Some(needed) = of_each {
        for (task, score) in tool.tasks.iter().zip(&per_task) {
            let met = score.points >= needed;
            passed &= met;
            let (task_id, title, points) = (task.id, task.title.clone(), score.points);
            reasons.push(Reason::Task { task_id, title, points, needed, met });
        }
    }
    PracticeScore { per_task, total, max: tool.max_points(), passed, reasons }
}

fn missing(tool: &PracticeTool, points: &BTreeMap<CriterionId, Points>) -> Vec<Reason> {
    let criteria = tool.tasks.iter().flat_map(|task| &task.criteria);
    criteria
        .filter(|c| !points.contains_key(&c.id))
        .map(|c| Reason::Missing { criterion_id: c.id, name: c.name.clone() })
        .collect()
}

/// The exact sum; see [`crate::scoring`] for why it can be represented.
fn sum(points: impl Iterator<Item = Points>) -> Points {
    points.fold(Points::zero(), |sum, p| sum.checked_add(&p).unwrap_or(sum))
}
