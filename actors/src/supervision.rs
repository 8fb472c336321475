//! Supervision (under construction).

mod budget;

pub use budget::{Budget, Systemic, Verdict};
