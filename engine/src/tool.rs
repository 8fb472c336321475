//! The assessment tool (оценочное средство): the bank of theory questions with its pass score.
//!
//! A tool is made only by [`import`], which reads the constructor's JSON; afterwards it is plain
//! data whose [`Tool::hash`] depends on its meaning and not on the file it came from.

use crate::canon::Hash;
pub use crate::import::{ImportLimits, Imported, Problem};
use crate::points::Points;
use crate::question::{Question, QuestionId, bank_id};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

mod document;
mod gaps;
mod questions;
mod sort;
mod topics;

bank_id!(
    /// A topic, unique within its kind.
    TopicId
);
bank_id!(
    /// A block of interchangeable questions, unique within its tool.
    BlockId
);

/// The bank of questions of one qualification.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tool {
    /// The constructor's id of the tool.
    pub os_id: u64,
    /// What it examines.
    pub qualification: Qualification,
    /// The professional standard behind it.
    pub standard: Standard,
    /// Minutes given for the theory part.
    pub minutes: u32,
    /// Points of a form without a mistake: the sum over topics.
    pub total: Points,
    /// Points from which the theory part is passed.
    pub pass: Points,
    /// Knowledge first, then skills, as the document orders them.
    pub topics: Vec<Topic>,
}

/// A qualification (`skill` on the wire).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Qualification {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: u32,
    /// Its number in the register.
    pub num: String,
}

/// A professional standard (`standart` on the wire).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standard {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its registration number.
    pub num: String,
}

/// What a topic examines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicKind {
    /// Knowledge (`zn`).
    Knowledge,
    /// A skill (`um`).
    Skill,
}

/// A topic: its points are shared equally by its blocks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Topic {
    /// Its id, unique within its kind.
    pub id: TopicId,
    /// Knowledge or skill.
    pub kind: TopicKind,
    /// The theme it stands in, where the document nests topics in themes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme_id: Option<u64>,
    /// Its name.
    pub name: String,
    /// Points of the whole topic.
    pub points: Points,
    /// At least one block.
    pub blocks: Vec<Block>,
}

/// A block: a form takes one of its questions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Block {
    /// Its id in the tool.
    pub id: BlockId,
    /// At least one question.
    pub questions: Vec<Question>,
}

impl Tool {
    /// The hash of the bank's meaning.
    pub fn hash(&self) -> Hash {
        Hash::of_json(self)
    }

    /// The question with this id.
    pub fn question(&self, id: QuestionId) -> Option<&Question> {
        self.topics.iter().flat_map(|t| &t.blocks).flat_map(|b| &b.questions).find(|q| q.id == id)
    }

    /// The block with this id, and its topic.
    pub fn block(&self, id: BlockId) -> Option<(&Topic, &Block)> {
        self.topics.iter().find_map(|t| t.blocks.iter().find(|b| b.id == id).map(|b| (t, b)))
    }
}

impl Topic {
    /// What one block is worth: an equal share of the topic's points, as an exact fraction.
    pub fn block_points(&self) -> Points {
        i64::try_from(self.blocks.len())
            .ok()
            .and_then(|n| self.points.checked_div(&Points::whole(n)))
            .unwrap_or_default()
    }
}

/// Reads an assessment tool in the constructor's JSON.
///
/// # Errors
/// Every problem found, up to `limits.problems_max`.
pub fn import(bytes: &[u8], limits: &ImportLimits) -> Result<Imported<Tool>, Vec<Problem>> {
    document::read(bytes, limits)
}
