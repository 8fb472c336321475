//! Exams by their numbers and tools by their hashes, over the station's database.

use super::log_error;
use actors::catalog::{Catalog, ListFilter, Listed};
use actors::error::LogError;
use async_trait::async_trait;
use engine::{Hash, Moment, PersonId, PracticeTool, StreamId, Tool, WireId};
use entities::{ExamFilter, Material, MaterialHead, MaterialKind, Store, StoreError, StreamRow};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Tools kept in memory: all exams of a day share a few.
const TOOLS_MAX: usize = 64;

/// The catalog of a store.
pub struct StoreCatalog {
    store: Store,
    theory: Mutex<BTreeMap<Hash, Arc<Tool>>>,
    practice: Mutex<BTreeMap<Hash, Arc<PracticeTool>>>,
}

impl StoreCatalog {
    /// A catalog with nothing in memory yet.
    pub fn new(store: Store) -> StoreCatalog {
        StoreCatalog { store, theory: Mutex::default(), practice: Mutex::default() }
    }

    /// The tool from memory, or read from the store and kept.
    async fn kept<T>(
        &self,
        memory: &Mutex<BTreeMap<Hash, Arc<T>>>,
        hash: Hash,
        own_hash: fn(&T) -> Hash,
    ) -> Result<Option<Arc<T>>, LogError>
    where
        T: serde::de::DeserializeOwned,
    {
        let held = |memory: &Mutex<BTreeMap<Hash, Arc<T>>>| {
            memory.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned()
        };
        if let Some(found) = held(memory) {
            return Ok(Some(found));
        }
        let Some(material) = self.store.get_material(hash).await.map_err(log_error)? else {
            return Ok(None);
        };
        let corrupt = |why: String| LogError::Corrupt(format!("tool {hash}: {why}"));
        let tool: T = serde_json::from_str(&material.body).map_err(|e| corrupt(e.to_string()))?;
        if own_hash(&tool) != hash {
            return Err(corrupt("its content does not match its hash".to_owned()));
        }
        let tool = Arc::new(tool);
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= TOOLS_MAX {
            memory.pop_first();
        }
        memory.insert(hash, tool.clone());
        Ok(Some(tool))
    }
}

#[async_trait]
impl Catalog for StoreCatalog {
    async fn by_wire(&self, id: WireId) -> Result<Option<StreamId>, LogError> {
        self.store.stream_by_wire(id).await.map_err(log_error)
    }

    async fn list(&self, filter: &ListFilter) -> Result<Vec<Listed>, LogError> {
        let wanted = ExamFilter {
            from: filter.from,
            to: filter.to,
            live_only: filter.live_only,
            after: filter.after,
        };
        let rows = self.store.list_exams(wanted, filter.limit).await.map_err(log_error)?;
        Ok(rows.into_iter().filter_map(listed).collect())
    }

    async fn tool(&self, hash: Hash) -> Result<Option<Arc<Tool>>, LogError> {
        self.kept(&self.theory, hash, Tool::hash).await
    }

    async fn practice(&self, hash: Hash) -> Result<Option<Arc<PracticeTool>>, LogError> {
        self.kept(&self.practice, hash, PracticeTool::hash).await
    }
}

fn listed(row: StreamRow) -> Option<Listed> {
    let summary = row.summary;
    Some(Listed {
        stream: row.stream,
        wire_id: summary.wire_id?,
        phase: summary.phase,
        begins_at: summary.begins_at,
        ends_at: summary.ends_at.unwrap_or(summary.begins_at),
        candidate: summary.candidate_id.unwrap_or(PersonId(0)),
        title: summary.title,
        live: summary.live,
        body: summary.body,
    })
}

/// Keeps a theory tool under its hash; `false` when it was there already.
///
/// # Errors
/// As any write of the store.
pub async fn keep_theory(store: &Store, tool: &Tool, at: Moment) -> Result<bool, StoreError> {
    let head = MaterialHead {
        hash: tool.hash(),
        kind: MaterialKind::Theory,
        ref_id: tool.os_id,
        skill_id: Some(tool.qualification.id),
        title: tool.qualification.name.clone(),
        version: 1,
        imported_at: at,
    };
    store.put_material(&Material { head, body: body(tool)? }).await
}

/// Keeps a practice tool under its hash; `false` when it was there already.
///
/// # Errors
/// As any write of the store.
pub async fn keep_practice(
    store: &Store,
    tool: &PracticeTool,
    at: Moment,
) -> Result<bool, StoreError> {
    let head = MaterialHead {
        hash: tool.hash(),
        kind: MaterialKind::Practice,
        ref_id: tool.id,
        skill_id: Some(tool.qualification_id),
        title: tool.title.clone(),
        version: u64::from(tool.version),
        imported_at: at,
    };
    store.put_material(&Material { head, body: body(tool)? }).await
}

fn body<T: serde::Serialize>(tool: &T) -> Result<String, StoreError> {
    serde_json::to_string(tool).map_err(|e| StoreError::Corrupt(format!("a tool: {e}")))
}
