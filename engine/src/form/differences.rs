//! What differs between two forms, in lines for a person who checks one against the other.

use crate::form::{Form, FormItem};
use crate::question::VariantId;

/// Lines of differences written out; the rest is only counted.
pub const DIFFERENCES_MAX: usize = 100;

pub(super) fn lines(one: &Form, other: &Form) -> Vec<String> {
    let mut lines = Vec::new();
    if one.tool_hash != other.tool_hash {
        lines.push(format!("bank: {} became {}", one.tool_hash, other.tool_hash));
    }
    if one.blueprint_hash != other.blueprint_hash {
        lines.push(format!("blueprint: {} became {}", one.blueprint_hash, other.blueprint_hash));
    }
    let (m, n) = (one.items.len(), other.items.len());
    if m != n {
        lines.push(format!("number of questions: {m} became {n}"));
    }
    for (i, (a, b)) in one.items.iter().zip(&other.items).enumerate() {
        item(i + 1, a, b, &mut lines);
    }
    if lines.len() > DIFFERENCES_MAX {
        let more = lines.len() - DIFFERENCES_MAX;
        lines.truncate(DIFFERENCES_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn item(number: usize, a: &FormItem, b: &FormItem, lines: &mut Vec<String>) {
    if a.block_id != b.block_id {
        lines.push(format!("question {number}: block {} became {}", a.block_id, b.block_id));
    }
    if a.points != b.points {
        lines.push(format!("question {number}: points {} became {}", a.points, b.points));
    }
    if a.question_id != b.question_id {
        // Another question has other variants: their order says nothing more.
        let (from, to) = (a.question_id, b.question_id);
        lines.push(format!("question {number}: question {from} became {to}"));
        return;
    }
    for (name, from, to) in [("order", &a.order, &b.order), ("lefts", &a.lefts, &b.lefts)] {
        if from != to {
            let (from, to) = (list(from), list(to));
            lines.push(format!("question {number}: {name} {from} became {to}"));
        }
    }
}

fn list(ids: &[VariantId]) -> String {
    let ids: Vec<String> = ids.iter().map(VariantId::to_string).collect();
    format!("[{}]", ids.join(" "))
}
