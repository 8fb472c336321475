//! Reading questions: what each of the four types demands of its variants.

use crate::import::{Complaints, Node, link};
use crate::question::{ChoiceVariant, Question, QuestionId, QuestionKind, Variant, VariantId};
use crate::tool::{gaps, sort};
use std::collections::{BTreeMap, BTreeSet};

/// A variant as the document gives it.
struct Raw<'a> {
    node: Node<'a>,
    id: VariantId,
    text: String,
    img: Option<String>,
    /// It is a right of a matching question.
    right: bool,
    ans: u64,
    sort: String,
}

impl Raw<'_> {
    fn variant(&self) -> Variant {
        Variant { id: self.id, text: self.text.clone(), img: self.img.clone() }
    }
}

/// Reads a question; `None` after a complaint that leaves nothing to keep.
pub(crate) fn read(node: Node, out: &mut Complaints) -> Option<Question> {
    let node = node.object(out)?;
    let id = node.field("id").id(out);
    let type_id = node.field("type_id").whole(1, 4, out);
    let text_node = node.field("text");
    let mut text = text_node.text(out);
    let img = link::image(&node.field("img"), out);
    let note = Some(node.field("note").text(out)).filter(|n| !n.is_empty());
    if text.is_empty() && img.is_none() {
        text_node.error("a text or an image", out);
    }
    let kind = match type_id? {
        1 => choice(variants(&node, out), &node, out),
        2 => matching(variants(&node, out), &node, out),
        3 => ordering(variants(&node, out), out),
        _ => {
            let variants = node.field("variants");
            if variants.is_there() && !variants.list(usize::MAX, out).is_empty() {
                variants.warn("no variants in an open question (left out)", out);
            }
            let segments = gaps::segments(&text, &text_node, out);
            text = gaps::shown(&segments);
            QuestionKind::Open { segments }
        }
    };
    Some(Question { id: QuestionId(id?), text, img, kind, note })
}

/// The variants of a question in natural order of `sort`, each id once.
fn variants<'a>(question: &Node<'a>, out: &mut Complaints) -> Vec<Raw<'a>> {
    let list = question.field("variants");
    let mut raws = Vec::new();
    let mut ids = BTreeSet::new();
    for node in list.list(out.limits.variants_max, out) {
        let Some(raw) = variant(node, out) else { continue };
        if ids.insert(raw.id) {
            raws.push(raw);
        } else {
            raw.node.field("id").error("an id that no other variant of the question has", out);
        }
    }
    raws.sort_by(|a, b| sort::natural(&a.sort, &b.sort));
    raws
}

fn variant<'a>(node: Node<'a>, out: &mut Complaints) -> Option<Raw<'a>> {
    let node = node.object(out)?;
    let id = node.field("id").id(out);
    let text = node.field("text").text(out);
    let img = link::image(&node.field("img"), out);
    if text.is_empty() && img.is_none() {
        node.field("text").error("a text or an image", out);
    }
    let conf = node.field("conf");
    let right = if conf.is_there() { conf.whole(0, 1, out)? == 1 } else { false };
    let ans = node.field("ans").whole(0, crate::question::ID_MAX, out)?;
    let sort = node.field("sort").text(out);
    Some(Raw { id: VariantId(id?), text, img, right, ans, sort, node })
}

fn choice(raws: Vec<Raw>, question: &Node, out: &mut Complaints) -> QuestionKind {
    for raw in raws.iter().filter(|raw| raw.ans > 1) {
        raw.node.field("ans").error("1 for a correct variant, 0 for a wrong one", out);
    }
    let correct = raws.iter().filter(|raw| raw.ans > 0).count();
    if correct == 0 {
        let found = format!("none among {} variants", raws.len());
        out.error(&question.field("variants").path, "at least one variant with ans 1", found);
    }
    if raws.len() < 2 {
        question.field("variants").warn("at least 2 variants to choose from", out);
    }
    let variants = raws.into_iter().map(|raw| ChoiceVariant {
        id: raw.id,
        text: raw.text,
        img: raw.img,
        correct: raw.ans > 0,
    });
    QuestionKind::Choice { multiple: correct > 1, variants: variants.collect() }
}

fn matching(raws: Vec<Raw>, question: &Node, out: &mut Complaints) -> QuestionKind {
    let (rights, lefts): (Vec<Raw>, Vec<Raw>) = raws.into_iter().partition(|raw| raw.right);
    for (side, name) in [(&lefts, "left (conf 0)"), (&rights, "right (conf 1)")] {
        if side.is_empty() {
            let path = question.field("variants").path;
            out.error(&path, format!("at least one {name} variant"), "none");
        }
    }
    for raw in rights.iter().filter(|raw| raw.ans != 0) {
        raw.node.field("ans").warn("0 for a right variant", out);
    }
    let ids: BTreeSet<VariantId> = rights.iter().map(|raw| raw.id).collect();
    let mut pairs = BTreeMap::new();
    let mut used = BTreeSet::new();
    for raw in &lefts {
        let right = VariantId(raw.ans);
        if !ids.contains(&right) {
            let expected = "the id of a right variant (conf 1) of the same question";
            raw.node.field("ans").error(expected, out);
        } else if !used.insert(right) {
            raw.node.field("ans").warn("a right variant that no other left has", out);
        }
        pairs.insert(raw.id, right);
    }
    QuestionKind::Matching {
        lefts: lefts.iter().map(Raw::variant).collect(),
        rights: rights.iter().map(Raw::variant).collect(),
        pairs,
    }
}

fn ordering(mut raws: Vec<Raw>, out: &mut Complaints) -> QuestionKind {
    let n = raws.len() as u64;
    let mut taken = BTreeSet::new();
    for raw in &raws {
        if !(1..=n).contains(&raw.ans) || !taken.insert(raw.ans) {
            let expected = format!("a position from 1 to {n} that no other variant has");
            raw.node.field("ans").error(expected, out);
        }
    }
    if let (true, Some(raw)) = (n < 2, raws.first()) {
        raw.node.warn("at least 2 items to put in order", out);
    }
    raws.sort_by_key(|raw| raw.ans);
    QuestionKind::Ordering { items: raws.iter().map(Raw::variant).collect() }
}
