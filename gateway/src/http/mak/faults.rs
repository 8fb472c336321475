//! The 422 of the legacy МАК: every fault of a request with its place, in the words of the framework
//! that its clients were written against.

use crate::wire::mak::{Fault, ValidationError};
use actix_web::HttpResponse;

/// Everything that is wrong with a request.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// One fault.
    pub fn one(loc: &[&str], msg: impl Into<String>, kind: impl Into<String>) -> Faults {
        let mut faults = Faults::default();
        faults.add(loc, msg, kind);
        faults
    }

    /// Another fault.
    pub fn add(&mut self, loc: &[&str], msg: impl Into<String>, kind: impl Into<String>) {
        let loc = loc.iter().map(|part| (*part).to_owned()).collect();
        self.0.push(Fault { loc, msg: msg.into(), kind: kind.into() });
    }

    /// A field that must be there and is not.
    pub fn missing(&mut self, loc: &[&str]) {
        self.add(loc, "field required", "value_error.missing");
    }

    /// Goes on when nothing is wrong.
    ///
    /// # Errors
    /// The faults, when there are any.
    pub fn none(self) -> Result<(), Faults> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The answer.
    pub fn response(&self) -> HttpResponse {
        HttpResponse::UnprocessableEntity().json(ValidationError { detail: self.0.clone() })
    }

    /// The faults.
    pub fn list(&self) -> &[Fault] {
        &self.0
    }
}
