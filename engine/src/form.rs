//! The form (вариант): the test that one candidate gets.
//!
//! A form is a pure function of (tool, blueprint, seed), so that anybody who holds the three can
//! rebuild it. The seed is drawn and its commitment journalled before the candidate sits down.

use crate::canon::Hash;
use crate::points::Points;
use crate::question::{QuestionId, VariantId};
use crate::tool::{BlockId, Tool, TopicId, TopicKind};
use serde::{Deserialize, Serialize};
use std::fmt;

mod differences;
pub mod draw;
pub mod presented;

pub use differences::DIFFERENCES_MAX;
pub use presented::{
    PresentedKind, PresentedQuestion, PresentedSegment, PresentedVariant, present,
};

/// The 32 secret bytes from which a form is drawn; hexadecimal in JSON, hidden in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(#[serde(with = "hex::serde")] pub [u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(hidden)")
    }
}

impl Seed {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Seed> {
        Hash::parse(text.trim()).map(|hash| Seed(hash.0))
    }

    /// The seed in 64 hexadecimal digits: to be written only where it may be revealed.
    pub fn reveal(&self) -> String {
        hex::encode(self.0)
    }

    /// SHA-256 of `nsk form seed v1`, a zero byte and the seed: tells nothing about the seed and
    /// fits no other.
    pub fn commitment(&self) -> Hash {
        Hash::of(&[b"nsk form seed v1\0", &self.0])
    }
}

/// What a form is made of: the blocks asked and what is shuffled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Blueprint {
    /// The bank it is for.
    pub tool_hash: Hash,
    /// Topics and the blocks of each from which one question is drawn.
    pub topics: Vec<BlueprintTopic>,
    /// Questions come in random order; otherwise in the order of topics and blocks.
    pub shuffle_questions: bool,
    /// Variants come in random order; otherwise in the order of the tool (ordering items always
    /// come shuffled, for their order in the tool is the answer).
    pub shuffle_variants: bool,
}

/// A topic of a blueprint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlueprintTopic {
    /// The topic.
    pub topic_id: TopicId,
    /// Knowledge or skill: the ids of the two are numbered apart.
    pub kind: TopicKind,
    /// One question of each of these blocks is drawn.
    pub blocks: Vec<BlockId>,
}

impl Blueprint {
    /// The usual blueprint: one question of every block, everything shuffled.
    pub fn of(tool: &Tool) -> Blueprint {
        Blueprint::of_known(tool, tool.hash())
    }

    /// As [`Blueprint::of`], for a tool that was found by its hash: hashing it again would cost more
    /// than all else that folding an exam does.
    pub(crate) fn of_known(tool: &Tool, tool_hash: Hash) -> Blueprint {
        let topics = tool.topics.iter().map(|topic| BlueprintTopic {
            topic_id: topic.id,
            kind: topic.kind,
            blocks: topic.blocks.iter().map(|b| b.id).collect(),
        });
        Blueprint {
            tool_hash,
            topics: topics.collect(),
            shuffle_questions: true,
            shuffle_variants: true,
        }
    }

    /// The hash of the blueprint.
    pub fn hash(&self) -> Hash {
        Hash::of_json(self)
    }
}

/// Why a form cannot be assembled.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum FormError {
    /// The blueprint was made for another bank.
    #[error("the blueprint is for bank {expected}, this is bank {found}")]
    OtherTool {
        /// The bank of the blueprint.
        expected: Hash,
        /// The bank given.
        found: Hash,
    },
    /// The bank has no such topic.
    #[error("the bank has no topic {topic_id}")]
    UnknownTopic {
        /// The topic named.
        topic_id: TopicId,
    },
    /// The topic has no such block.
    #[error("the topic has no block {block_id}")]
    UnknownBlock {
        /// The block named.
        block_id: BlockId,
    },
    /// A block is named twice.
    #[error("block {block_id} is named twice")]
    DuplicateBlock {
        /// The block named.
        block_id: BlockId,
    },
    /// A block has no question to draw.
    #[error("block {block_id} has no questions")]
    EmptyBlock {
        /// The block named.
        block_id: BlockId,
    },
}

/// The test of one candidate: questions in the order shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Form {
    /// The bank it was drawn from.
    pub tool_hash: Hash,
    /// The blueprint it follows.
    pub blueprint_hash: Hash,
    /// The questions in the order shown.
    pub items: Vec<FormItem>,
}

/// A question of a form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FormItem {
    /// The block it was drawn from.
    pub block_id: BlockId,
    /// The question.
    pub question_id: QuestionId,
    /// What it is worth.
    pub points: Points,
    /// Variants (of matching: rights) in the order shown; empty for an open question.
    pub order: Vec<VariantId>,
    /// Lefts of a matching question in the order shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lefts: Vec<VariantId>,
}

impl Form {
    /// Draws the form that follows from bank, blueprint and seed; [`draw`] says how.
    ///
    /// # Errors
    /// [`FormError`] when the blueprint does not fit the bank.
    pub fn assemble(tool: &Tool, blueprint: &Blueprint, seed: &Seed) -> Result<Form, FormError> {
        draw::form((tool, tool.hash()), blueprint, seed)
    }

    /// As [`Form::assemble`], for a tool that was found by its hash.
    pub(crate) fn assemble_known(
        tool: (&Tool, Hash),
        blueprint: &Blueprint,
        seed: &Seed,
    ) -> Result<Form, FormError> {
        draw::form(tool, blueprint, seed)
    }

    /// The hash of the form.
    pub fn hash(&self) -> Hash {
        Hash::of_json(self)
    }

    /// What differs between two forms, a line for each difference up to
    /// [`DIFFERENCES_MAX`]; empty when they are equal.
    pub fn differences(&self, other: &Form) -> Vec<String> {
        differences::lines(self, other)
    }
}
