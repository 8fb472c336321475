//! The state of the theory part.

use crate::canon::Hash;
use crate::form::{Form, Seed};
use crate::points::Points;
use crate::question::{Answer, QuestionId};
use crate::time::Moment;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A confirmed result of the theory test.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct TheoryScore {
    /// Points reached.
    pub score: Points,
    /// Points reachable.
    pub max: Points,
    /// Points needed.
    pub pass: Points,
    /// `score >= pass`, exactly.
    pub passed: bool,
    /// The time ran out (the candidate did not hand in).
    pub by_time: bool,
}

/// The theory part.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Theory {
    /// Public commitment to the seed.
    pub commitment: Option<Hash>,
    /// Hash of the form.
    pub form_hash: Option<Hash>,
    /// The drawn form; rebuilt from materials and seed.
    #[serde(skip)]
    pub form: Option<Arc<Form>>,
    /// The seed, sealed until revealed.
    pub seed: Option<Seed>,
    /// The seed is public.
    pub revealed: bool,
    /// When it first started.
    pub started_at: Option<Moment>,
    /// When it ended.
    pub ended_at: Option<Moment>,
    /// Latest answers.
    pub answers: BTreeMap<QuestionId, Answer>,
    /// Questions to come back to.
    pub flags: BTreeSet<QuestionId>,
    pub(super) ended_by_time: bool,
    /// Its result, once scored.
    pub result: Option<TheoryScore>,
}
