//! A place in a JSON document: a value, or its absence, with the path that names it.
//!
//! Each reader either returns what was asked for or complains with the path and returns `None`,
//! so that one pass finds every problem.

use crate::import::json::{Json, child};
use crate::import::text::{self, Cleaned};
use crate::import::{Complaints, POINTS_MAX};
use crate::points::Points;
use crate::question::ID_MAX;

/// A value with its path; `json` is `None` where the document has nothing.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    /// The value.
    pub(crate) json: Option<&'a Json>,
    /// Its path.
    pub(crate) path: String,
}

impl<'a> Node<'a> {
    /// The whole document.
    pub(crate) fn root(json: &'a Json) -> Node<'a> {
        Node { json: Some(json), path: String::new() }
    }

    /// The field of this name; a field that is null counts as absent.
    pub(crate) fn field(&self, key: &str) -> Node<'a> {
        let json = match self.json {
            Some(Json::Object(fields)) => fields
                .iter()
                .find(|(k, _)| k == key)
                .map(|(_, v)| v)
                .filter(|v| !matches!(v, Json::Null)),
            _ => None,
        };
        Node { json, path: child(&self.path, key) }
    }

    /// The first of two spellings that is there; when both are there they must be equal.
    pub(crate) fn either(&self, key: &str, other: &str, out: &mut Complaints) -> Node<'a> {
        let (one, two) = (self.field(key), self.field(other));
        if let (Some(a), Some(b)) = (one.json, two.json) {
            let equal = number_text(a).is_some() && number_text(a) == number_text(b);
            if !equal {
                let expected = format!("the same as {key} ({})", a.describe());
                out.error(&two.path, expected, b.describe());
            }
        }
        if one.json.is_none() && two.json.is_some() { two } else { one }
    }

    /// Whether the document has something here.
    pub(crate) fn is_there(&self) -> bool {
        self.json.is_some()
    }

    /// What stands here, for a report.
    pub(crate) fn found(&self) -> String {
        self.json.map_or_else(|| "nothing".to_owned(), Json::describe)
    }

    /// Complains that something else was expected here.
    pub(crate) fn error(&self, expected: impl Into<String>, out: &mut Complaints) {
        out.error(&self.path, expected, self.found());
    }

    /// Remarks that something else was expected here.
    pub(crate) fn warn(&self, expected: impl Into<String>, out: &mut Complaints) {
        out.warn(&self.path, expected, self.found());
    }

    /// This node if it is an object.
    pub(crate) fn object(self, out: &mut Complaints) -> Option<Node<'a>> {
        if matches!(self.json, Some(Json::Object(_))) {
            return Some(self);
        }
        self.error("an object", out);
        None
    }

    /// The elements of a list; none, with a complaint, when it is no list or longer than `max`.
    pub(crate) fn list(&self, max: usize, out: &mut Complaints) -> Vec<Node<'a>> {
        match self.json {
            Some(Json::List(items)) if items.len() <= max => items
                .iter()
                .enumerate()
                .map(|(i, json)| Node { json: Some(json), path: format!("{}[{i}]", self.path) })
                .collect(),
            Some(Json::List(_)) => {
                self.error(format!("a list of at most {max}"), out);
                Vec::new()
            }
            _ => {
                self.error("a list", out);
                Vec::new()
            }
        }
    }

    /// A whole number from `min` to `max`, as a number or as its digits.
    pub(crate) fn whole(&self, min: u64, max: u64, out: &mut Complaints) -> Option<u64> {
        let n = self.json.and_then(whole).filter(|n| (min..=max).contains(n));
        if n.is_none() {
            self.error(format!("a whole number from {min} to {max}"), out);
        }
        n
    }

    /// An id.
    pub(crate) fn id(&self, out: &mut Complaints) -> Option<u64> {
        self.whole(1, ID_MAX, out)
    }

    /// Points from 0 to [`POINTS_MAX`], as a number, a decimal or a fraction.
    pub(crate) fn points(&self, out: &mut Complaints) -> Option<Points> {
        let points = self.json.and_then(number_text).and_then(|t| t.parse::<Points>().ok());
        let points = points.filter(|p| (Points::zero()..=Points::whole(POINTS_MAX)).contains(p));
        if points.is_none() {
            self.error(format!("a number of points from 0 to {POINTS_MAX}"), out);
        }
        points
    }

    /// Plain text, cleaned; empty, without a complaint, where there is nothing.
    pub(crate) fn text(&self, out: &mut Complaints) -> String {
        let raw = match self.json {
            None => return String::new(),
            Some(Json::Text(raw)) => raw,
            Some(Json::Number(n)) => return n.to_string(),
            Some(_) => {
                self.error("a text", out);
                return String::new();
            }
        };
        let max = out.limits.text_chars_max;
        if raw.chars().nth(max).is_some() {
            out.error(&self.path, format!("a text of at most {max} characters"), "a longer text");
            return String::new();
        }
        let Cleaned { text, removed } = text::clean(raw);
        if !removed.is_empty() {
            out.warn(&self.path, "plain text", format!("{}: removed", removed.join(", ")));
        }
        text
    }

    /// Plain text that should not be empty; remarked on where it is.
    pub(crate) fn name(&self, out: &mut Complaints) -> String {
        let text = self.text(out);
        if text.is_empty() {
            self.warn("a text", out);
        }
        text
    }
}

/// A number as text, from a number or from a text that may use a decimal comma.
fn number_text(json: &Json) -> Option<String> {
    match json {
        Json::Number(n) => match n.as_f64() {
            Some(f) if n.is_f64() => Some(f.to_string()),
            _ => Some(n.to_string()),
        },
        Json::Text(text) => Some(text.trim().replace(',', ".")),
        _ => None,
    }
}

fn whole(json: &Json) -> Option<u64> {
    match json {
        Json::Bool(b) => Some(u64::from(*b)),
        _ => {
            let text = number_text(json)?;
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        }
    }
}
