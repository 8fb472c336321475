//! Questions of the four types, and answers to them.
//!
//! A question knows its correct answer; what a candidate may see of it is made by
//! [`crate::form::present`]. An answer may be incomplete (it is saved and scores nothing), but it
//! must be of the question's type and name only variants that the question has.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Largest id: the largest whole number that JSON in a browser carries exactly.
pub const ID_MAX: u64 = (1 << 53) - 1;

/// Characters of one gap's text that a candidate may send.
pub const GAP_CHARS_MAX: usize = 1_000;

macro_rules! bank_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        // A number, or the same number as a string: as the key of a JSON object it can only be a
        // string, and inside a tagged enum serde no longer knows that it was a key.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<$name, D::Error> {
                d.deserialize_any($crate::question::IdVisitor).map($name)
            }
        }
    };
}
pub(crate) use bank_id;

/// Reads an id from a number or from its digits.
pub(crate) struct IdVisitor;

impl de::Visitor<'_> for IdVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id from 0 to {ID_MAX}")
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<u64, E> {
        if n <= ID_MAX { Ok(n) } else { Err(E::invalid_value(de::Unexpected::Unsigned(n), &self)) }
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<u64, E> {
        u64::try_from(n)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
            .and_then(|n| self.visit_u64(n))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        if text.bytes().all(|b| b.is_ascii_digit())
            && let Ok(n) = text.parse()
        {
            return self.visit_u64(n);
        }
        Err(E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

bank_id!(
    /// A question, unique within its tool.
    QuestionId
);
bank_id!(
    /// A variant, unique within its question.
    VariantId
);

/// A question with its correct answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its id in the tool.
    pub id: QuestionId,
    /// Plain text; for an open question the text with its gaps shown as `___`.
    pub text: String,
    /// Absolute http or https URL of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub img: Option<String>,
    /// Its type, variants and correct answer.
    pub kind: QuestionKind,
    /// The author's note: never for the candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The type of a question with its correct answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum QuestionKind {
    /// Choose one or several of the variants.
    Choice {
        /// Several are to be chosen, and all of them.
        multiple: bool,
        /// In natural order of `sort`.
        variants: Vec<ChoiceVariant>,
    },
    /// Give each left its right.
    Matching {
        /// In natural order of `sort`.
        lefts: Vec<Variant>,
        /// In natural order of `sort`.
        rights: Vec<Variant>,
        /// The correct right of each left.
        pairs: BTreeMap<VariantId, VariantId>,
    },
    /// Put the items in order.
    Ordering {
        /// In the correct order.
        items: Vec<Variant>,
    },
    /// Fill the gaps.
    Open {
        /// Text and gaps as they follow one another.
        segments: Vec<Segment>,
    },
}

/// A variant of a matching or ordering question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Variant {
    /// Its id in the question.
    pub id: VariantId,
    /// Plain text.
    pub text: String,
    /// Absolute http or https URL of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub img: Option<String>,
}

/// A variant of a choice question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChoiceVariant {
    /// Its id in the question.
    pub id: VariantId,
    /// Plain text.
    pub text: String,
    /// Absolute http or https URL of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub img: Option<String>,
    /// It belongs to the correct answer.
    pub correct: bool,
}

/// A piece of an open question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// Text between gaps.
    Text(String),
    /// A gap to fill.
    Gap {
        /// Any of these is correct.
        accepted: Vec<String>,
    },
}

/// A candidate's answer to one question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// The variants chosen.
    Choice {
        /// At most one where one is to be chosen.
        #[cfg_attr(feature = "ts", ts(type = "number[]"))]
        chosen: BTreeSet<VariantId>,
    },
    /// The rights given to lefts; a left may be missing.
    Matching {
        /// Left to right.
        #[cfg_attr(feature = "ts", ts(type = "Record<string, number>"))]
        pairs: BTreeMap<VariantId, VariantId>,
    },
    /// The items in the candidate's order; items may be missing.
    Ordering {
        /// From the first.
        #[cfg_attr(feature = "ts", ts(type = "number[]"))]
        order: Vec<VariantId>,
    },
    /// The texts of the gaps in order; an empty text is a gap left blank.
    Open {
        /// One for each gap.
        gaps: Vec<String>,
    },
}

/// Why an answer cannot be an answer to its question.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum AnswerFault {
    /// It is of another type.
    #[error("the question takes an answer of type {expected}, not {found}")]
    WrongType {
        /// The question's type.
        expected: String,
        /// The answer's type.
        found: String,
    },
    /// It names a variant that the question does not have on that side.
    #[error("the question has no variant {id} there")]
    UnknownVariant {
        /// The variant named.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        id: VariantId,
    },
    /// It names a variant twice.
    #[error("variant {id} is named twice")]
    Duplicate {
        /// The variant named.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        id: VariantId,
    },
    /// It chooses several where one is to be chosen.
    #[error("one variant is to be chosen, not {found}")]
    TooMany {
        /// How many were chosen.
        found: usize,
    },
    /// It has another number of gaps.
    #[error("the question has {expected} gaps, not {found}")]
    GapCount {
        /// Gaps of the question.
        expected: usize,
        /// Gaps of the answer.
        found: usize,
    },
    /// A gap's text is too long.
    #[error("gap {index} is longer than {max} characters")]
    GapTooLong {
        /// Number of the gap from 1.
        index: usize,
        /// Characters allowed.
        max: usize,
    },
}

impl Question {
    /// Whether an answer can stand for this question, complete or not.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check_answer(&self, answer: &Answer) -> Result<(), AnswerFault> {
        match (&self.kind, answer) {
            (QuestionKind::Choice { multiple, variants }, Answer::Choice { chosen }) => {
                let known = variants.iter().map(|v| v.id).collect();
                check_known(&known, chosen.iter())?;
                if !multiple && chosen.len() > 1 {
                    return Err(AnswerFault::TooMany { found: chosen.len() });
                }
                Ok(())
            }
            (QuestionKind::Matching { lefts, rights, .. }, Answer::Matching { pairs }) => {
                check_known(&ids(lefts), pairs.keys())?;
                check_known(&ids(rights), pairs.values())
            }
            (QuestionKind::Ordering { items }, Answer::Ordering { order }) => {
                check_known(&ids(items), order.iter())?;
                let mut seen = BTreeSet::new();
                match order.iter().find(|id| !seen.insert(**id)) {
                    Some(id) => Err(AnswerFault::Duplicate { id: *id }),
                    None => Ok(()),
                }
            }
            (QuestionKind::Open { segments }, Answer::Open { gaps }) => check_gaps(segments, gaps),
            _ => Err(AnswerFault::WrongType {
                expected: self.kind.name().to_owned(),
                found: answer.kind_name().to_owned(),
            }),
        }
    }
}

impl QuestionKind {
    /// The name of the type: `choice`, `matching`, `ordering` or `open`.
    pub fn name(&self) -> &'static str {
        match self {
            QuestionKind::Choice { .. } => "choice",
            QuestionKind::Matching { .. } => "matching",
            QuestionKind::Ordering { .. } => "ordering",
            QuestionKind::Open { .. } => "open",
        }
    }
}

impl Answer {
    /// The name of the type of question that it answers.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Answer::Choice { .. } => "choice",
            Answer::Matching { .. } => "matching",
            Answer::Ordering { .. } => "ordering",
            Answer::Open { .. } => "open",
        }
    }

    /// Whether it says nothing at all: no variant named, no gap filled.
    pub fn is_blank(&self) -> bool {
        match self {
            Answer::Choice { chosen } => chosen.is_empty(),
            Answer::Matching { pairs } => pairs.is_empty(),
            Answer::Ordering { order } => order.is_empty(),
            Answer::Open { gaps } => gaps.iter().all(|gap| gap.trim().is_empty()),
        }
    }
}

fn ids(variants: &[Variant]) -> BTreeSet<VariantId> {
    variants.iter().map(|v| v.id).collect()
}

fn check_known<'a>(
    known: &BTreeSet<VariantId>,
    mut named: impl Iterator<Item = &'a VariantId>,
) -> Result<(), AnswerFault> {
    match named.find(|id| !known.contains(id)) {
        Some(id) => Err(AnswerFault::UnknownVariant { id: *id }),
        None => Ok(()),
    }
}

fn check_gaps(segments: &[Segment], gaps: &[String]) -> Result<(), AnswerFault> {
    let expected = segments.iter().filter(|s| matches!(s, Segment::Gap { .. })).count();
    if gaps.len() != expected {
        return Err(AnswerFault::GapCount { expected, found: gaps.len() });
    }
    match gaps.iter().position(|gap| gap.chars().nth(GAP_CHARS_MAX).is_some()) {
        Some(i) => Err(AnswerFault::GapTooLong { index: i + 1, max: GAP_CHARS_MAX }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
