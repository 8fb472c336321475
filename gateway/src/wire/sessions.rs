//! Signing in from a page, and tickets for those who can send neither cookie nor header.

use super::server::PersonFrame;
use engine::Moment;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Signs a page in.
#[derive(Clone, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct SessionRequest {
    /// The login.
    pub login: String,
    /// The password.
    pub password: String,
}

/// Who is signed in; the token itself travels in a cookie that no script reads.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct Session {
    /// Who.
    pub person: PersonFrame,
    /// When the sign-in ends, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub exp: Moment,
}

/// A single-use ticket that stands for the caller for a short time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct Ticket {
    /// Goes into the query as `ticket`.
    pub ticket: String,
    /// Until when it can be used, ms UTC.
    #[ts(type = "number")]
    #[schema(value_type = i64)]
    pub exp: Moment,
}
