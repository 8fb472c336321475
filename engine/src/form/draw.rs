//! How a form is drawn, exactly enough to be done again by another program.
//!
//! **Numbers.** Block `i` (from 0) of the stream is SHA-256 over: the 12 bytes `nsk form v1` and
//! zero, the bank's hash, the blueprint's hash, the seed (32 bytes each), `i` as 8 bytes, big end
//! first. Each block gives four numbers of 64 bits, big end first. `below(n)` is 0 for `n = 1` and
//! takes nothing; otherwise it takes numbers until one is below the largest multiple of `n` that
//! is at most 2^64, and is that number modulo `n`.
//! **Shuffle.** For `i` from the last index down to 1: swap elements `i` and `below(i + 1)`.
//!
//! **Form.** 1. For each topic of the blueprint and each of its blocks, in order: question number
//! `below(questions of the block)`. 2. The questions are shuffled if the blueprint says so.
//! 3. For each question, in the order now reached: the variants of a choice or the rights of a
//! matching, from the bank's order, are shuffled if the blueprint says so; the items of an
//! ordering, from the correct order, are always shuffled, and when three or more come out in the
//! correct order, the first moves to the end (with two that rule would give the answer away).

use crate::canon::Hash;
use crate::form::{Blueprint, Form, FormError, FormItem, Seed};
use crate::question::{Question, QuestionKind, Variant, VariantId};
use crate::tool::{BlockId, Tool, Topic};
use std::collections::BTreeSet;

/// The stream of numbers that a seed gives for one bank and blueprint.
struct Stream<'s> {
    tool: Hash,
    blueprint: Hash,
    seed: &'s Seed,
    block: u64,
    /// Numbers of the last block that were not yet taken, the next one last.
    left: Vec<u64>,
}

impl Stream<'_> {
    fn next(&mut self) -> u64 {
        loop {
            if let Some(number) = self.left.pop() {
                return number;
            }
            let (block, i) = (&self.blueprint.0, self.block.to_be_bytes());
            let hash = Hash::of(&[b"nsk form v1\0", &self.tool.0, block, &self.seed.0, &i]);
            let (words, _) = hash.0.as_chunks::<8>();
            self.left = words.iter().rev().map(|word| u64::from_be_bytes(*word)).collect();
            self.block += 1;
        }
    }

    /// An unbiased index below `n`, which is at least 1.
    fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        if n <= 1 {
            return 0;
        }
        // 2^64 modulo n: that many numbers at the top would favour the low results.
        let surplus = (u64::MAX % n + 1) % n;
        loop {
            let number = self.next();
            if number <= u64::MAX - surplus {
                // Below n, which came from a usize.
                return usize::try_from(number % n).unwrap_or_default();
            }
        }
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

pub(super) fn form(
    (tool, tool_hash): (&Tool, Hash),
    blueprint: &Blueprint,
    seed: &Seed,
) -> Result<Form, FormError> {
    if blueprint.tool_hash != tool_hash {
        return Err(FormError::OtherTool { expected: blueprint.tool_hash, found: tool_hash });
    }
    let blueprint_hash = blueprint.hash();
    let mut stream =
        Stream { tool: tool_hash, blueprint: blueprint_hash, seed, block: 0, left: Vec::new() };
    let mut drawn = questions(tool, blueprint, &mut stream)?;
    if blueprint.shuffle_questions {
        stream.shuffle(&mut drawn);
    }
    let mut items = Vec::with_capacity(drawn.len());
    for (topic, block_id, question) in drawn {
        let (lefts, order) = variants(question, blueprint.shuffle_variants, &mut stream);
        let points = topic.block_points();
        items.push(FormItem { block_id, question_id: question.id, points, order, lefts });
    }
    Ok(Form { tool_hash, blueprint_hash, items })
}

type Drawn<'t> = (&'t Topic, BlockId, &'t Question);

fn questions<'t>(
    tool: &'t Tool,
    blueprint: &Blueprint,
    stream: &mut Stream<'_>,
) -> Result<Vec<Drawn<'t>>, FormError> {
    let mut drawn = Vec::new();
    let mut seen = BTreeSet::new();
    for wanted in &blueprint.topics {
        let (id, kind) = (wanted.topic_id, wanted.kind);
        let topic = tool.topics.iter().find(|t| t.id == id && t.kind == kind);
        let topic = topic.ok_or(FormError::UnknownTopic { topic_id: id })?;
        for block_id in &wanted.blocks {
            let block = topic.blocks.iter().find(|b| b.id == *block_id);
            let block = block.ok_or(FormError::UnknownBlock { block_id: *block_id })?;
            if !seen.insert(block.id) {
                return Err(FormError::DuplicateBlock { block_id: block.id });
            }
            if block.questions.is_empty() {
                return Err(FormError::EmptyBlock { block_id: block.id });
            }
            let question = &block.questions[stream.below(block.questions.len())];
            drawn.push((topic, block.id, question));
        }
    }
    Ok(drawn)
}

/// Lefts and variants in the order shown.
fn variants(
    question: &Question,
    shuffle: bool,
    stream: &mut Stream<'_>,
) -> (Vec<VariantId>, Vec<VariantId>) {
    let ids = |list: &[Variant]| -> Vec<VariantId> { list.iter().map(|v| v.id).collect() };
    let (lefts, mut order) = match &question.kind {
        QuestionKind::Choice { variants, .. } => {
            (Vec::new(), variants.iter().map(|v| v.id).collect())
        }
        QuestionKind::Matching { lefts, rights, .. } => (ids(lefts), ids(rights)),
        QuestionKind::Ordering { items } => {
            let correct = ids(items);
            let mut order = correct.clone();
            stream.shuffle(&mut order);
            if order.len() > 2 && order == correct {
                order.rotate_left(1);
            }
            return (Vec::new(), order);
        }
        QuestionKind::Open { .. } => return (Vec::new(), Vec::new()),
    };
    if shuffle {
        stream.shuffle(&mut order);
    }
    (lefts, order)
}
