//! What a candidate sees of a form. The types have no room for a correct answer or a note.

use crate::form::{Form, FormItem};
use crate::points::Points;
use crate::question::{Question, QuestionId, QuestionKind, Segment, Variant, VariantId};
use crate::tool::Tool;
use serde::{Deserialize, Serialize};

/// A question as the candidate's browser renders it: nothing in it tells the correct answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PresentedQuestion {
    /// The question.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub question_id: QuestionId,
    /// Its number in the form, from 1.
    pub number: u32,
    /// What it is worth, such as `35/2`.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub points: Points,
    /// Its type.
    pub kind: PresentedKind,
    /// Choice: several may be chosen.
    pub multiple: bool,
    /// Plain text; empty for an open question, whose text is in `segments`.
    pub text: String,
    /// Absolute URL of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub img: Option<String>,
    /// Choice and ordering: the variants in the order shown.
    pub variants: Vec<PresentedVariant>,
    /// Matching: the lefts in the order shown.
    pub lefts: Vec<PresentedVariant>,
    /// Matching: the rights in the order shown.
    pub rights: Vec<PresentedVariant>,
    /// Open: text and gaps as they follow one another.
    pub segments: Vec<PresentedSegment>,
}

/// The type of a presented question.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PresentedKind {
    /// Choose one or several.
    Choice,
    /// Give each left its right.
    Matching,
    /// Put in order.
    Ordering,
    /// Fill the gaps.
    Open,
}

/// A variant as shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PresentedVariant {
    /// Its id, to be named in the answer.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: VariantId,
    /// Plain text.
    pub text: String,
    /// Absolute URL of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub img: Option<String>,
}

/// A piece of an open question as shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PresentedSegment {
    /// Text between gaps.
    Text {
        /// Plain text.
        text: String,
    },
    /// A gap to fill.
    Gap {
        /// Its place in the answer's `gaps`, from 0.
        index: u32,
    },
}

/// What the candidate sees of a form: no correct answers, no notes, gaps as blanks.
///
/// Items whose question the tool does not have are left out; a form assembled from the same tool
/// has none.
pub fn present(tool: &Tool, form: &Form) -> Vec<PresentedQuestion> {
    let items = form.items.iter().zip(1..);
    items
        .filter_map(|(item, number)| Some(question(tool.question(item.question_id)?, item, number)))
        .collect()
}

fn question(question: &Question, item: &FormItem, number: u32) -> PresentedQuestion {
    let mut shown = PresentedQuestion {
        question_id: question.id,
        number,
        points: item.points,
        kind: PresentedKind::Choice,
        multiple: false,
        text: question.text.clone(),
        img: question.img.clone(),
        variants: Vec::new(),
        lefts: Vec::new(),
        rights: Vec::new(),
        segments: Vec::new(),
    };
    match &question.kind {
        QuestionKind::Choice { multiple, variants } => {
            let variants: Vec<Variant> = variants
                .iter()
                .map(|v| Variant { id: v.id, text: v.text.clone(), img: v.img.clone() })
                .collect();
            shown.multiple = *multiple;
            shown.variants = in_order(&variants, &item.order);
        }
        QuestionKind::Matching { lefts, rights, .. } => {
            shown.kind = PresentedKind::Matching;
            shown.lefts = in_order(lefts, &item.lefts);
            shown.rights = in_order(rights, &item.order);
        }
        QuestionKind::Ordering { items } => {
            shown.kind = PresentedKind::Ordering;
            shown.variants = in_order(items, &item.order);
        }
        QuestionKind::Open { segments } => {
            shown.kind = PresentedKind::Open;
            shown.text = String::new();
            shown.segments = blanks(segments);
        }
    }
    shown
}

fn in_order(variants: &[Variant], order: &[VariantId]) -> Vec<PresentedVariant> {
    let find = |id: &VariantId| variants.iter().find(|v| v.id == *id);
    order
        .iter()
        .filter_map(find)
        .map(|v| PresentedVariant { id: v.id, text: v.text.clone(), img: v.img.clone() })
        .collect()
}

fn blanks(segments: &[Segment]) -> Vec<PresentedSegment> {
    let mut next = 0;
    let mut shown = Vec::new();
    for segment in segments {
        shown.push(match segment {
            Segment::Text(text) => PresentedSegment::Text { text: text.clone() },
            Segment::Gap { .. } => {
                next += 1;
                PresentedSegment::Gap { index: next - 1 }
            }
        });
    }
    shown
}
