//! What the imports of documents share: limits, problems with their paths, and the outcome.
//!
//! A document is hostile until it is read: its size, depth and number of values are checked on the
//! bytes before a parser sees them, and every complaint names the path and what was expected.

use serde::{Deserialize, Serialize};
use std::fmt;

pub(crate) mod complaints;
pub(crate) mod json;
pub(crate) mod link;
pub(crate) mod node;
pub(crate) mod text;

pub(crate) use complaints::Complaints;
pub(crate) use node::Node;

/// Largest number of points that a document may give, in all or anywhere.
pub const POINTS_MAX: i64 = 1_000_000;

/// Longest time in minutes that a document may give.
pub const MINUTES_MAX: u64 = 24 * 60;

/// Limits of an import. A document beyond one of them is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportLimits {
    /// Size of the document in bytes.
    pub bytes_max: usize,
    /// Nesting of arrays and objects.
    pub depth_max: usize,
    /// JSON values in the document.
    pub values_max: usize,
    /// Topics of a tool, or tasks of a practice tool.
    pub topics_max: usize,
    /// Blocks of a tool, over all topics.
    pub blocks_max: usize,
    /// Questions of a tool, over all blocks, or criteria of a practice tool.
    pub questions_max: usize,
    /// Variants of one question, gaps of an open question, accepted answers of a gap.
    pub variants_max: usize,
    /// Characters of one text.
    pub text_chars_max: usize,
    /// Largest common denominator of a document's points.
    pub denominator_max: u64,
    /// Problems reported one by one; the rest is only counted.
    pub problems_max: usize,
}

impl Default for ImportLimits {
    fn default() -> ImportLimits {
        ImportLimits {
            bytes_max: 16 * 1024 * 1024,
            depth_max: 32,
            values_max: 1_000_000,
            topics_max: 1_000,
            blocks_max: 2_000,
            questions_max: 20_000,
            variants_max: 64,
            text_chars_max: 20_000,
            denominator_max: 1_000_000_000,
            problems_max: 200,
        }
    }
}

/// One complaint about a document: where, what was expected, what stands there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Where, such as `zn[0].blocs[1].quests[2].variants[0].ans`; empty for the whole document.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What was found, shortened.
    pub found: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "document" } else { &self.path };
        write!(f, "{path}: expected {}, found {}", self.expected, self.found)
    }
}

/// A value that was imported, with what a person should know about it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Imported<T> {
    /// The value, complete and consistent.
    pub value: T,
    /// What was odd but usable.
    pub warnings: Vec<Problem>,
}
