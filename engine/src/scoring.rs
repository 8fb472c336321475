//! Scoring of a form: exact points for each question, and an explanation of each for the protocol
//! and for appeals.

use crate::form::{Form, FormItem};
use crate::points::Points;
use crate::question::{Answer, Question, QuestionId};
use crate::tool::{BlockId, Tool};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub mod explanation;
mod normal;
pub(crate) mod sentences;

pub use explanation::{Comparison, Explanation, Outcome};

/// How an answer that is partly right is valued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScoringPolicy {
    /// A question gives its points for the full correct answer and nothing otherwise.
    #[default]
    AllOrNothing,
}

/// The scores of a form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ScoreSheet {
    /// Points awarded, exact.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub total: Points,
    /// Points of a form without a mistake.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub max: Points,
    /// Points from which the part is passed.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub pass: Points,
    /// `total >= pass`, exactly.
    pub passed: bool,
    /// A score for each question in the order of the form.
    pub items: Vec<ItemScore>,
}

/// The score of one question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ItemScore {
    /// The question.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub question_id: QuestionId,
    /// Its block.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub block_id: BlockId,
    /// Points awarded.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub awarded: Points,
    /// Points it is worth.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub of: Points,
    /// The answer was fully correct.
    pub correct: bool,
    /// What was answered, what was expected, and why.
    pub explanation: Explanation,
}

impl ScoringPolicy {
    /// What an answer with `right` of `parts` parts right is worth, from 0 to `of`.
    fn award(self, of: Points, right: usize, parts: usize) -> Points {
        match self {
            ScoringPolicy::AllOrNothing if parts > 0 && right == parts => of,
            ScoringPolicy::AllOrNothing => Points::zero(),
        }
    }
}

/// Scores the answers to a form. A question without an answer scores nothing; answers to
/// questions that are not in the form are ignored.
pub fn score(
    tool: &Tool,
    form: &Form,
    answers: &BTreeMap<QuestionId, Answer>,
    policy: ScoringPolicy,
) -> ScoreSheet {
    let items: Vec<ItemScore> = form
        .items
        .iter()
        .filter_map(|item| {
            let question = tool.question(item.question_id)?;
            Some(score_item(item, question, answers.get(&item.question_id), policy))
        })
        .collect();
    let total = sum(items.iter().map(|item| item.awarded));
    let max = sum(form.items.iter().map(|item| item.points));
    ScoreSheet { total, max, pass: tool.pass, passed: total >= tool.pass, items }
}

fn score_item(
    item: &FormItem,
    question: &Question,
    answer: Option<&Answer>,
    policy: ScoringPolicy,
) -> ItemScore {
    let answer = answer.filter(|answer| !answer.is_blank());
    let fault = answer.and_then(|answer| question.check_answer(answer).err());
    let comparison = Comparison::of(question, answer);
    let (right, parts) = comparison.parts(question);
    let correct = answer.is_some() && fault.is_none() && parts > 0 && right == parts;
    let awarded = if answer.is_some() && fault.is_none() {
        policy.award(item.points, right, parts)
    } else {
        Points::zero()
    };
    let outcome = match (answer, fault) {
        (None, _) => Outcome::Unanswered,
        (Some(_), Some(fault)) => Outcome::Invalid { fault },
        (Some(_), None) if correct => Outcome::Correct,
        (Some(_), None) => Outcome::Wrong,
    };
    let explanation = Explanation {
        question_id: question.id,
        question: question.text.clone(),
        outcome,
        comparison,
        awarded,
        of: item.points,
    };
    ItemScore {
        question_id: question.id,
        block_id: item.block_id,
        awarded,
        of: item.points,
        correct,
        explanation,
    }
}

/// The exact sum. The import bounds numerators and denominators so that it can be represented; a
/// tool made otherwise scores less, never more.
fn sum(points: impl Iterator<Item = Points>) -> Points {
    points.fold(Points::zero(), |sum, p| sum.checked_add(&p).unwrap_or(sum))
}
