//! Why a question got its points, as data and as sentences in Russian and English.

use crate::lang::Lang;
use crate::points::Points;
use crate::question::{
    Answer, AnswerFault, Question, QuestionId, QuestionKind, Segment, Variant, VariantId,
};
use crate::scoring::normal::normal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was answered, what was expected, and why points were given or not. It quotes the bank's
/// texts, so that it can be read without the bank.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Explanation {
    /// The question.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub question_id: QuestionId,
    /// Its text.
    pub question: String,
    /// How the answer was judged.
    pub outcome: Outcome,
    /// The answer beside what was expected.
    pub comparison: Comparison,
    /// Points given.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub awarded: Points,
    /// Points it is worth.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub of: Points,
}

/// How an answer was judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(rename = "ItemOutcome"))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// Fully correct.
    Correct,
    /// Not fully correct.
    Wrong,
    /// There was no answer, or a blank one.
    Unanswered,
    /// It could not be an answer to this question.
    Invalid {
        /// Why.
        fault: AnswerFault,
    },
}

/// A variant as an explanation names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Named {
    /// Its id.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: VariantId,
    /// Its text; empty where it is only an image.
    pub text: String,
}

/// An answer beside what was expected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Comparison {
    /// Variants chosen.
    Choice {
        /// Chosen.
        given: Vec<Named>,
        /// Correct.
        expected: Vec<Named>,
    },
    /// A row for each left.
    Matching {
        /// In the bank's order.
        rows: Vec<MatchingRow>,
    },
    /// Items in order.
    Ordering {
        /// As answered.
        given: Vec<Named>,
        /// Correct.
        expected: Vec<Named>,
    },
    /// A row for each gap.
    Open {
        /// In order.
        gaps: Vec<GapRow>,
    },
}

/// A left with the right it got and the right it should have got.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MatchingRow {
    /// The left.
    pub left: Named,
    /// The right it got, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub given: Option<Named>,
    /// The right it should have got.
    pub expected: Named,
    /// They are the same.
    pub correct: bool,
}

/// A gap with what was written and what would have been accepted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GapRow {
    /// What was written; empty for a blank.
    pub given: String,
    /// What is accepted.
    pub accepted: Vec<String>,
    /// It is accepted.
    pub correct: bool,
}

impl Comparison {
    /// Sets an answer beside the question; without an answer, or with one of another type, as if
    /// it were blank.
    pub(crate) fn of(question: &Question, answer: Option<&Answer>) -> Comparison {
        match &question.kind {
            QuestionKind::Choice { variants, .. } => {
                let chosen = match answer {
                    Some(Answer::Choice { chosen }) => chosen.clone(),
                    _ => Default::default(),
                };
                let name = |id, text: &str| Named { id, text: text.to_owned() };
                let given = variants.iter().filter(|v| chosen.contains(&v.id));
                let expected = variants.iter().filter(|v| v.correct);
                Comparison::Choice {
                    given: given.map(|v| name(v.id, &v.text)).collect(),
                    expected: expected.map(|v| name(v.id, &v.text)).collect(),
                }
            }
            QuestionKind::Matching { lefts, rights, pairs } => {
                let none = BTreeMap::new();
                let given = match answer {
                    Some(Answer::Matching { pairs }) => pairs,
                    _ => &none,
                };
                let row = |left: &Variant| matching_row(left, rights, given, pairs);
                Comparison::Matching { rows: lefts.iter().map(row).collect() }
            }
            QuestionKind::Ordering { items } => {
                let order = match answer {
                    Some(Answer::Ordering { order }) => order.as_slice(),
                    _ => &[],
                };
                Comparison::Ordering {
                    given: order.iter().map(|id| find(items, *id)).collect(),
                    expected: items.iter().map(named).collect(),
                }
            }
            QuestionKind::Open { segments } => {
                let texts = match answer {
                    Some(Answer::Open { gaps }) => gaps.as_slice(),
                    _ => &[],
                };
                Comparison::Open { gaps: gap_rows(segments, texts) }
            }
        }
    }

    /// How many parts of the answer are right, of how many; the parts of a choice are its
    /// variants, each rightly chosen or rightly left.
    pub(crate) fn parts(&self, question: &Question) -> (usize, usize) {
        match self {
            Comparison::Choice { given, expected } => {
                let all = match &question.kind {
                    QuestionKind::Choice { variants, .. } => variants.len(),
                    _ => 0,
                };
                let wrong = given.iter().filter(|v| !expected.contains(v)).count()
                    + expected.iter().filter(|v| !given.contains(v)).count();
                (all.saturating_sub(wrong), all)
            }
            Comparison::Matching { rows } => {
                (rows.iter().filter(|r| r.correct).count(), rows.len())
            }
            Comparison::Ordering { given, expected } => {
                let right = given.iter().zip(expected).filter(|(a, b)| a.id == b.id).count();
                (right, expected.len().max(given.len()))
            }
            Comparison::Open { gaps } => (gaps.iter().filter(|g| g.correct).count(), gaps.len()),
        }
    }
}

fn matching_row(
    left: &Variant,
    rights: &[Variant],
    given: &BTreeMap<VariantId, VariantId>,
    pairs: &BTreeMap<VariantId, VariantId>,
) -> MatchingRow {
    let given = given.get(&left.id).copied();
    let expected = pairs.get(&left.id).copied();
    MatchingRow {
        left: named(left),
        given: given.map(|id| find(rights, id)),
        // The import pairs every left.
        expected: find(rights, expected.unwrap_or_default()),
        correct: given.is_some() && given == expected,
    }
}

fn gap_rows(segments: &[Segment], texts: &[String]) -> Vec<GapRow> {
    let gaps = segments.iter().filter_map(|segment| match segment {
        Segment::Gap { accepted } => Some(accepted),
        Segment::Text(_) => None,
    });
    let row = |(i, accepted): (usize, &Vec<String>)| {
        let given = texts.get(i).cloned().unwrap_or_default();
        let wanted = normal(&given);
        let correct = !wanted.is_empty() && accepted.iter().any(|a| normal(a) == wanted);
        GapRow { given, accepted: accepted.clone(), correct }
    };
    gaps.enumerate().map(row).collect()
}

fn named(variant: &Variant) -> Named {
    Named { id: variant.id, text: variant.text.clone() }
}

fn find(variants: &[Variant], id: VariantId) -> Named {
    let found = variants.iter().find(|v| v.id == id);
    found.map_or_else(|| Named { id, text: String::new() }, named)
}

impl Explanation {
    /// The explanation in sentences.
    pub fn text(&self, lang: Lang) -> String {
        crate::scoring::sentences::explanation(self, lang)
    }
}
