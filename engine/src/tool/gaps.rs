//! The text of an open question: `{Москва|Moscow}` is a gap with its accepted answers.

use crate::import::{Complaints, Node};
use crate::question::Segment;

/// How a gap is shown in the text of an open question.
pub(crate) const BLANK: &str = "___";

/// Splits a cleaned text into texts and gaps.
pub(crate) fn segments(text: &str, node: &Node, out: &mut Complaints) -> Vec<Segment> {
    let mut list = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if rest[at..].starts_with('}') {
            out.error(&node.path, "a { before each }", context(rest, at));
            return Vec::new();
        }
        push_text(&mut list, &rest[..at]);
        let inside = &rest[at + 1..];
        let Some(end) = inside.find(['{', '}']) else {
            out.error(&node.path, "a } after each {", context(rest, at));
            return Vec::new();
        };
        if inside[end..].starts_with('{') {
            out.error(&node.path, "a } before the next {", context(rest, at));
            return Vec::new();
        }
        list.push(Segment::Gap { accepted: accepted(&inside[..end], node, out) });
        rest = &inside[end + 1..];
    }
    push_text(&mut list, rest);
    let gaps = list.iter().filter(|s| matches!(s, Segment::Gap { .. })).count();
    let max = out.limits.variants_max;
    if gaps == 0 {
        node.error("a gap with its accepted answers, such as {12|twelve}", out);
    } else if gaps > max {
        out.error(&node.path, format!("at most {max} gaps"), format!("{gaps} gaps"));
    }
    list
}

fn push_text(list: &mut Vec<Segment>, text: &str) {
    if !text.is_empty() {
        list.push(Segment::Text(text.to_owned()));
    }
}

/// The answers of one gap; an empty one among others is left out with a remark.
fn accepted(inside: &str, node: &Node, out: &mut Complaints) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut empty = false;
    for answer in inside.split('|').map(str::trim) {
        if answer.is_empty() {
            empty = true;
        } else if !list.iter().any(|a| a == answer) && list.len() <= out.limits.variants_max {
            list.push(answer.to_owned());
        }
    }
    let (found, max) =
        (format!("{{{}}}", crate::import::json::shorten(inside)), out.limits.variants_max);
    if list.is_empty() {
        out.error(&node.path, "an accepted answer in each gap", found);
    } else if list.len() > max {
        out.error(&node.path, format!("at most {max} accepted answers in a gap"), found);
    } else if empty {
        out.warn(&node.path, "no empty answers (left out)", found);
    }
    list
}

fn context(text: &str, at: usize) -> String {
    format!("\"{}\"", crate::import::json::shorten(&text[at..]))
}

/// The text as a person reads it: each gap a blank.
pub(crate) fn shown(segments: &[Segment]) -> String {
    segments
        .iter()
        .map(|s| match s {
            Segment::Text(text) => text.as_str(),
            Segment::Gap { .. } => BLANK,
        })
        .collect()
}
