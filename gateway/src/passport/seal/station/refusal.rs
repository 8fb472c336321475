//! Why nobody was signed in by PIN.

use super::super::kdf::Unstretched;
use crate::error::ApiError;

/// Why nobody was signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// For whatever reason: never said which.
    Wrong,
    /// Come back after so many ms.
    Wait(u64),
    /// The clock is behind what it was: an operator must look at it.
    Clock,
    /// The store or the audit takes nothing: then nobody signs in.
    Broken,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        match refusal {
            Refusal::Wrong => ApiError::unauthorized(),
            Refusal::Wait(ms) => ApiError::too_many(ms),
            Refusal::Clock => {
                ApiError::unavailable("the station's clock must be confirmed by its operator")
            }
            Refusal::Broken => ApiError::unavailable("signing in does not work at this moment"),
        }
    }
}

pub(super) fn broken(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "sign-in by PIN does not work");
    Refusal::Broken
}

pub(super) fn unstretched(why: Unstretched) -> Refusal {
    match why {
        Unstretched::Busy => Refusal::Wait(1_000),
        Unstretched::Broken => broken(&"the key derivation failed"),
    }
}
