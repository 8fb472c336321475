//! The port to what exams refer to: which exam has which stream, and the tools by their hashes.

use crate::error::LogError;
use async_trait::async_trait;
use engine::{Hash, Moment, PersonId, PracticeTool, StreamId, Tool, WireId};
use std::sync::Arc;

/// An exam in a list, from its stream's summary.
#[derive(Clone, PartialEq, Debug)]
pub struct Listed {
    /// Its stream.
    pub stream: StreamId,
    /// Its number.
    pub wire_id: WireId,
    /// The phase's word.
    pub phase: String,
    /// Planned start.
    pub begins_at: Moment,
    /// Planned end.
    pub ends_at: Moment,
    /// The candidate.
    pub candidate: PersonId,
    /// The qualification's name.
    pub title: String,
    /// The exam has not ended.
    pub live: bool,
    /// What else lists show: `{room, candidate, class, panel: [ids], outcome}`.
    pub body: serde_json::Value,
}

/// Which exams a list shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListFilter {
    /// Ends at this moment or later.
    pub from: Option<Moment>,
    /// Begins at this moment or earlier.
    pub to: Option<Moment>,
    /// Only exams that have not ended.
    pub live_only: bool,
    /// After this exam in the order of numbers.
    pub after: Option<WireId>,
    /// At most so many.
    pub limit: u32,
}

/// Finds exams and tools.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The stream of an exam.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn by_wire(&self, id: WireId) -> Result<Option<StreamId>, LogError>;

    /// Exams in the order of their numbers.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn list(&self, filter: &ListFilter) -> Result<Vec<Listed>, LogError>;

    /// A theory tool.
    ///
    /// # Errors
    /// When the store does not answer or what it holds cannot be read.
    async fn tool(&self, hash: Hash) -> Result<Option<Arc<Tool>>, LogError>;

    /// A practice tool.
    ///
    /// # Errors
    /// When the store does not answer or what it holds cannot be read.
    async fn practice(&self, hash: Hash) -> Result<Option<Arc<PracticeTool>>, LogError>;
}
