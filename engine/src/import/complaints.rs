//! The collector of an import's problems: all of them at once, up to a limit that is named.

use crate::import::{ImportLimits, Imported, Problem};

/// Errors and warnings of one document as they are found.
pub(crate) struct Complaints<'l> {
    /// The limits of this import.
    pub(crate) limits: &'l ImportLimits,
    errors: Kept,
    warnings: Kept,
}

#[derive(Default)]
struct Kept {
    kept: Vec<Problem>,
    dropped: usize,
}

impl Kept {
    fn push(&mut self, max: usize, problem: impl FnOnce() -> Problem) {
        if self.kept.len() < max {
            self.kept.push(problem());
        } else {
            self.dropped += 1;
        }
    }

    fn list(mut self, max: usize) -> Vec<Problem> {
        if self.dropped > 0 {
            self.kept.push(Problem {
                path: String::new(),
                expected: format!("at most {max} problems"),
                found: format!("and {} more", self.dropped),
            });
        }
        self.kept
    }
}

impl<'l> Complaints<'l> {
    /// No complaints yet.
    pub(crate) fn new(limits: &'l ImportLimits) -> Complaints<'l> {
        Complaints { limits, errors: Kept::default(), warnings: Kept::default() }
    }

    /// Something that makes the document unusable.
    pub(crate) fn error(
        &mut self,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.errors.push(self.limits.problems_max, || problem(path, expected, found));
    }

    /// Something odd in a document that stays usable.
    pub(crate) fn warn(
        &mut self,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.warnings.push(self.limits.problems_max, || problem(path, expected, found));
    }

    /// The value with its warnings, unless there was an error.
    pub(crate) fn finish<T>(self, value: T) -> Result<Imported<T>, Vec<Problem>> {
        let max = self.limits.problems_max;
        if self.errors.kept.is_empty() && self.errors.dropped == 0 {
            Ok(Imported { value, warnings: self.warnings.list(max) })
        } else {
            Err(self.errors.list(max))
        }
    }
}

fn problem(path: &str, expected: impl Into<String>, found: impl Into<String>) -> Problem {
    Problem { path: path.to_owned(), expected: expected.into(), found: found.into() }
}
