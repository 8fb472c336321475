//! The person at the terminal: where text goes to and in which language.

use crate::error::Trouble;
use engine::Lang;
use serde::Serialize;
use std::fmt;
use std::io::Write;

/// What a command comes to: its exit code, or the trouble that stopped it.
pub type Done = Result<u8, Trouble>;

/// Standard output and error, and the language to speak.
///
/// A write that fails is not reported: the reader has gone away, as `nsk routes | head` does.
pub struct Terminal<'w> {
    out: &'w mut dyn Write,
    err: &'w mut dyn Write,
    /// The language of texts for people.
    pub lang: Lang,
}

impl<'w> Terminal<'w> {
    /// A terminal.
    pub fn new(out: &'w mut dyn Write, err: &'w mut dyn Write, lang: Lang) -> Terminal<'w> {
        Terminal { out, err, lang }
    }

    /// A line of the result.
    pub fn say(&mut self, line: impl fmt::Display) {
        let _ = writeln!(self.out, "{line}");
    }

    /// A line beside the result: progress, warnings.
    pub fn note(&mut self, line: impl fmt::Display) {
        let _ = writeln!(self.err, "{line}");
    }

    /// Text as it is.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let _ = self.out.write_all(bytes).and_then(|()| self.out.flush());
    }

    /// A result for programs, as indented JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn json(&mut self, value: &impl Serialize) -> Done {
        let text = serde_json::to_string_pretty(value)
            .map_err(|e| Trouble::new(format!("the result cannot be written as JSON: {e}")))?;
        self.say(text);
        Ok(0)
    }

    /// What went wrong, and what to do.
    pub fn trouble(&mut self, trouble: &Trouble) {
        let word = self.lang.pick("ошибка", "error");
        self.note(format_args!("{word}: {}", trouble.what()));
        if let Some(remedy) = trouble.to_do() {
            let word = self.lang.pick("что делать", "what to do");
            self.note(format_args!("{word}: {remedy}"));
        }
    }

    /// The text of this terminal's language.
    pub fn pick<T>(&self, ru: T, en: T) -> T {
        self.lang.pick(ru, en)
    }
}
