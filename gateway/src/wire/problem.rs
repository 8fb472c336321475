//! The error body of the modern API: problem+json (RFC 9457) with what a client may branch on.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The media type.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not answered with success.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct Problem {
    /// `urn:nsk:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// For people.
    pub detail: String,
    /// The same request may succeed later.
    pub temporary: bool,
    /// How long to wait before trying again, ms.
    pub after_ms: u64,
}
