//! What an exam can be planned with: the station's people and tools.

use engine::exam::{ExamClass, Role};
use engine::{Hash, PersonId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// People and tools to choose from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct Planning {
    /// Active candidates and experts, by name.
    pub people: Vec<PlannablePerson>,
    /// Tools, the latest import first.
    pub tools: Vec<PlannableTool>,
}

/// Somebody who can sit an exam or sit on a panel.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct PlannablePerson {
    /// The person's number.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// What they may do.
    #[schema(value_type = Vec<String>)]
    pub roles: Vec<Role>,
}

/// A tool.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[ts(optional_fields)]
pub struct PlannableTool {
    /// Its hash, which a plan names.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub hash: Hash,
    /// The part that it serves: theory or practice.
    #[schema(value_type = String)]
    pub part: ExamClass,
    /// What to call it.
    pub title: String,
    /// Its maker's version.
    pub version: u64,
    /// The qualification's id; 0 when the tool names none.
    pub skill_id: u64,
    /// The qualification's number, where the tool gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualification: Option<String>,
}
