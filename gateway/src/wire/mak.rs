//! The legacy МАК replies, keys exactly as documented, with the correct spelling beside a wrong one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `POST /token`: the type is documented as `baerer`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Token {
    /// The token.
    pub access_token: String,
    /// `baerer`, unless this installation says `bearer`.
    pub token_type: String,
    /// For how many seconds it is good; for a PIN.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_in: Option<i64>,
}

/// The 401 of every route.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Unauthorized {
    /// Always `UNAUTHORIZED`.
    pub detail: String,
}

/// The 422 of every route.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ValidationError {
    /// What is wrong, all of it.
    pub detail: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fault {
    /// Where: `["body", "a_type"]`.
    pub loc: Vec<String>,
    /// For people.
    pub msg: String,
    /// Such as `value_error.missing`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// `GET /api/v1/person/info`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PersonInfo {
    /// Full name.
    pub name: String,
}

/// An item of `GET /api/v1/exam/events`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExamEvent {
    /// The exam's number.
    pub id: u64,
    /// Planned start, UTC.
    pub start: String,
    /// Planned end, UTC.
    pub end: String,
    /// The qualification's name.
    pub title: String,
    /// The candidate and the room.
    pub content: String,
    /// `theory`, `practice` or `theory_practice`.
    pub class: String,
}

/// A person with a number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Named {
    /// Who.
    pub id: u64,
    /// Full name.
    pub name: String,
}

/// The one object in the array of `GET /api/v1/exam/{exam_id}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExamInfo {
    /// The exam's number.
    pub id: u64,
    /// Planned start, UTC.
    pub begin_utc: String,
    /// Planned end, UTC.
    pub end_utc: String,
    /// Always `professional`.
    pub s_type: String,
    /// The panel.
    pub experts: Vec<Named>,
    /// The candidate.
    pub student: Named,
    /// The qualification's name and number.
    pub exam: String,
    /// What the experts did.
    pub actions: Vec<ExpertAction>,
}

/// An expert's action.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExpertAction {
    /// The number of its record in the exam.
    pub id: u64,
    /// Its type.
    pub a_type: String,
    /// When, UTC.
    pub created_utc: String,
    /// Who, as documented.
    #[schema(required = true)]
    pub expart_id: Option<u64>,
    /// Who.
    #[schema(required = true)]
    pub expert_id: Option<u64>,
    /// What belongs to it.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// `GET /api/v1/exam/{exam_id}/practice/viewstate`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ViewState {
    /// The exam's state.
    pub state: String,
    /// The task that is being marked.
    #[schema(required = true)]
    pub task: Option<u64>,
    /// Tasks that somebody has locked: the settled ones, and the present one while it waits for
    /// the other experts.
    pub task_lock: Vec<u64>,
    /// Experts who are waited for.
    pub wait_experts: Vec<u64>,
}

/// The body of `POST /token`, as a form or as JSON.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct TokenRequest {
    /// `password`, which is meant when it is absent, or `urn:nsk:grant:pin`.
    pub grant_type: Option<String>,
    /// The login; empty for a PIN alone.
    pub username: Option<String>,
    /// The password, or the PIN.
    pub password: Option<String>,
    /// The PIN, with the grant for it.
    pub pin: Option<String>,
    /// Not used.
    pub scope: Option<String>,
    /// Which client asks, where this installation names those that may; a number or a text.
    pub client_id: Option<String>,
    /// Not used.
    pub client_secret: Option<String>,
}

/// The body of `POST /api/v1/exam/{exam_id}/practice/action`: JSON, form or query.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct ActionRequest {
    /// `mark`, `lock`, `comment`, `incident`, `vote`, `sign`, `arrive`, `identity`; anything else is
    /// kept as it is.
    pub a_type: String,
    /// What belongs to it; `cmd` in it makes the action safe to send again.
    #[schema(value_type = Object)]
    pub data: Value,
}
