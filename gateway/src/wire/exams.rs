//! Bodies of the HTTP twins: commands, lists, snapshots, timelines, score sheets.

use super::server::By;
use engine::exam::{Command, Plan};
use engine::{CommandId, Hash, Moment, PersonId, ScoreSheet, WireId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A command to one exam.
#[derive(Clone, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[ts(optional_fields)]
pub struct CommandRequest {
    /// The client-made UUIDv7: the same id is applied once, however often it is sent.
    #[ts(type = "string")]
    #[schema(value_type = String, format = "uuid")]
    pub cmd: CommandId,
    /// Refuse when the exam has moved beyond this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_seq: Option<u64>,
    /// The command: `type` and its fields.
    #[schema(value_type = Object)]
    pub body: Command,
}

/// The command is journalled.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct CommandReply {
    /// The command.
    #[ts(type = "string")]
    #[schema(value_type = String, format = "uuid")]
    pub cmd: CommandId,
    /// The number of its last event.
    pub seq: u64,
    /// The log's epoch.
    pub epoch: String,
    /// It had been applied before.
    pub dup: bool,
}

/// Schedules an exam.
#[derive(Clone, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// The client-made UUIDv7.
    #[ts(type = "string")]
    #[schema(value_type = String, format = "uuid")]
    pub cmd: CommandId,
    /// The schedule entry.
    #[schema(value_type = Object)]
    pub plan: Plan,
}

/// A page of exams in the order of their numbers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[ts(optional_fields)]
pub struct ExamList {
    /// Those that the caller may see.
    pub exams: Vec<ListedExam>,
    /// Give this as `cursor` to go on; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// An exam in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[ts(optional_fields)]
pub struct ListedExam {
    /// The exam's number.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub exam: WireId,
    /// Where it stands.
    #[ts(type = "Phase")]
    pub phase: String,
    /// The exam has not ended.
    pub live: bool,
    /// The qualification's name.
    pub title: String,
    /// The room.
    pub room: String,
    /// `theory`, `practice` or `theory_practice`.
    #[ts(type = "ExamClass")]
    pub class: String,
    /// Planned start, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub begins_at: Moment,
    /// Planned end, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub ends_at: Moment,
    /// The candidate's name.
    pub candidate: String,
    /// The candidate.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub candidate_id: PersonId,
    /// The experts of the panel.
    #[ts(type = "number[]")]
    #[schema(value_type = Vec<u64>)]
    pub panel: Vec<PersonId>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "Outcome")]
    pub outcome: Option<String>,
}

/// One exam as the caller may see it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct ExamSnapshot {
    /// The log's epoch.
    pub epoch: String,
    /// The number at which the state stands.
    pub seq: u64,
    /// The chain hash there.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub hash: Hash,
    /// Version of the state's shape.
    pub v: u16,
    /// The state.
    #[ts(type = "ExamView")]
    #[schema(value_type = Object)]
    pub state: Value,
}

/// Who looks at a stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PresentList {
    /// Whether that is known at this moment; nobody is listed while it is not.
    pub known: bool,
    /// One entry for each open connection.
    pub people: Vec<Present>,
}

/// Somebody who looks at a stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Present {
    /// The person.
    #[schema(value_type = u64)]
    pub person: PersonId,
    /// The role's wire name.
    pub role: String,
}

/// The board.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct BoardSnapshot {
    /// The log's epoch.
    pub epoch: String,
    /// The number at which the state stands.
    pub seq: u64,
    /// The chain hash there.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub hash: Hash,
    /// Version of the state's shape.
    pub v: u16,
    /// The state.
    #[ts(type = "BoardState")]
    #[schema(value_type = Object)]
    pub state: Value,
}

/// What happened to an exam, without the contents.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct Timeline {
    /// The exam's number.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub exam: WireId,
    /// Its records in order.
    pub records: Vec<TimelineRecord>,
}

/// One record of a timeline; what the caller may not see is `sealed` and has no `by`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[ts(optional_fields)]
pub struct TimelineRecord {
    /// Its number.
    pub seq: u64,
    /// When, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub at: Moment,
    /// Its kind.
    pub kind: String,
    /// Who caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub by: Option<By>,
    /// Its chain hash.
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub hash: Hash,
}

/// The explained score of a theory test.
#[derive(Clone, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct SheetReply {
    /// The exam's number.
    #[ts(type = "number")]
    #[schema(value_type = u64)]
    pub exam: WireId,
    /// The points, question by question.
    #[schema(value_type = Object)]
    pub sheet: ScoreSheet,
    /// The same in sentences, one for each question.
    pub sentences: Sentences,
}

/// Sentences in both languages.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct Sentences {
    /// Russian.
    pub ru: Vec<String>,
    /// English.
    pub en: Vec<String>,
}

/// Whether a quarantine was ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct ReleaseReply {
    /// The exam was quarantined and is not any more.
    pub released: bool,
}
