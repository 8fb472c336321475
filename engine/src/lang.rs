//! The two languages in which the engine explains itself to people.

use serde::{Deserialize, Serialize};

/// A language of protocols, explanations and reasons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Russian: the language of the protocol.
    #[default]
    Ru,
    /// English.
    En,
}

impl Lang {
    /// The text of this language.
    pub fn pick<T>(self, ru: T, en: T) -> T {
        match self {
            Lang::Ru => ru,
            Lang::En => en,
        }
    }
}
