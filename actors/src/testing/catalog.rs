//! The catalog over a log in memory: exams from its summaries, tools from two maps.

use super::MemoryLog;
use crate::catalog::{Catalog, ListFilter, Listed};
use crate::error::LogError;
use crate::ports::{StreamKind, Summary};
use async_trait::async_trait;
use engine::{Hash, PracticeTool, StreamId, Tool, WireId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Exams of one log, and the tools that it was made with.
pub struct MemoryCatalog {
    log: Arc<MemoryLog>,
    tools: BTreeMap<Hash, Arc<Tool>>,
    practices: BTreeMap<Hash, Arc<PracticeTool>>,
}

impl MemoryCatalog {
    /// A catalog of these tools.
    pub fn new(log: Arc<MemoryLog>, tool: Tool, practice: PracticeTool) -> MemoryCatalog {
        MemoryCatalog {
            log,
            tools: BTreeMap::from([(tool.hash(), Arc::new(tool))]),
            practices: BTreeMap::from([(practice.hash(), Arc::new(practice))]),
        }
    }
}

fn listed(summary: Summary) -> Option<Listed> {
    Some(Listed {
        stream: summary.stream,
        wire_id: summary.wire_id?,
        phase: summary.phase,
        begins_at: summary.begins_at?,
        ends_at: summary.ends_at?,
        candidate: summary.candidate?,
        title: summary.title,
        live: summary.live,
        body: summary.body,
    })
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn by_wire(&self, id: WireId) -> Result<Option<StreamId>, LogError> {
        let found = self.log.summaries().into_iter().find(|s| s.wire_id == Some(id));
        Ok(found.map(|s| s.stream))
    }

    async fn list(&self, filter: &ListFilter) -> Result<Vec<Listed>, LogError> {
        let exams = self.log.summaries().into_iter().filter(|s| s.kind == StreamKind::Exam);
        let mut exams: Vec<Listed> = exams.filter_map(listed).collect();
        exams.sort_by_key(|exam| exam.wire_id);
        exams.retain(|exam| {
            filter.after.is_none_or(|after| exam.wire_id > after)
                && filter.from.is_none_or(|from| exam.ends_at >= from)
                && filter.to.is_none_or(|to| exam.begins_at <= to)
                && (exam.live || !filter.live_only)
        });
        exams.truncate(filter.limit as usize);
        Ok(exams)
    }

    async fn tool(&self, hash: Hash) -> Result<Option<Arc<Tool>>, LogError> {
        Ok(self.tools.get(&hash).cloned())
    }

    async fn practice(&self, hash: Hash) -> Result<Option<Arc<PracticeTool>>, LogError> {
        Ok(self.practices.get(&hash).cloned())
    }
}
