//! Why a question got its points, as data and as sentences in Russian and English.

use crate::lang::Lang;
use serde::{Deserialize, Serialize};

/// What was answered, what was expected, and why points were given or not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explanation {}

impl Explanation {
    /// The explanation in sentences.
    pub fn text(&self, lang: Lang) -> String {
        lang.pick(String::new(), String::new())
    }
}
