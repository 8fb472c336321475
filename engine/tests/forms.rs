//! Forms: reproducible, within their quotas, and rebuilt by an independent program.

use engine::form::{FormError, PresentedKind, PresentedSegment, present};
use engine::question::{Question, QuestionKind, Variant};
use engine::tool::{Topic, TopicKind};
use engine::{Blueprint, Form, Hash, ImportLimits, Points, Seed, Tool, tool};
use proptest::prelude::*;
use std::collections::BTreeSet;

const SAMPLE: &[u8] = include_bytes!("../../gateway/demo/os-edu-69.json");

fn sample() -> Tool {
    tool::import(SAMPLE, &ImportLimits::default()).expect("the sample imports").value
}

fn draw(tool: &Tool, seed: [u8; 32]) -> Form {
    Form::assemble(tool, &Blueprint::of(tool), &Seed(seed)).expect("a form")
}

/// The rule of the form written a second time, from its description alone.
mod again {
    use super::*;

    struct Numbers<'a> {
        head: &'a [u8],
        taken: u64,
    }

    impl Numbers<'_> {
        fn next(&mut self) -> u64 {
            let hash = Hash::of(&[self.head, &(self.taken / 4).to_be_bytes()]).0;
            let at = usize::try_from(self.taken % 4).expect("small") * 8;
            self.taken += 1;
            hash[at..at + 8].iter().fold(0, |n, b| (n << 8) | u64::from(*b))
        }

        fn below(&mut self, n: usize) -> usize {
            if n == 1 {
                return 0;
            }
            let n = n as u128;
            let limit = ((1_u128 << 64) / n) * n;
            loop {
                let x = u128::from(self.next());
                if x < limit {
                    return usize::try_from(x % n).expect("small");
                }
            }
        }

        fn shuffled(&mut self, mut list: Vec<u64>) -> Vec<u64> {
            let mut i = list.len();
            while i > 1 {
                i -= 1;
                let j = self.below(i + 1);
                list.swap(i, j);
            }
            list
        }
    }

    /// Question ids with the ids of their variants in the order shown.
    pub fn form(tool: &Tool, blueprint: &Blueprint, seed: [u8; 32]) -> Vec<(u64, Vec<u64>)> {
        let mut head = b"nsk form v1\0".to_vec();
        for part in [tool.hash().0, blueprint.hash().0, seed] {
            head.extend(part);
        }
        let mut numbers = Numbers { head: &head, taken: 0 };
        let mut drawn = Vec::new();
        for topic in &blueprint.topics {
            for id in &topic.blocks {
                let (_, block) = tool.block(*id).expect("a block");
                drawn.push(block.questions[numbers.below(block.questions.len())].id.0);
            }
        }
        if blueprint.shuffle_questions {
            drawn = numbers.shuffled(drawn);
        }
        let ids = |v: &[Variant]| -> Vec<u64> { v.iter().map(|v| v.id.0).collect() };
        let mut shown = Vec::new();
        for id in drawn {
            let question = tool.question(engine::QuestionId(id)).expect("a question");
            let order = match &question.kind {
                QuestionKind::Open { .. } => vec![],
                QuestionKind::Ordering { items } => {
                    let mut order = numbers.shuffled(ids(items));
                    if order.len() > 2 && order == ids(items) {
                        order.rotate_left(1);
                    }
                    order
                }
                QuestionKind::Choice { variants, .. } => {
                    let list: Vec<u64> = variants.iter().map(|v| v.id.0).collect();
                    if blueprint.shuffle_variants { numbers.shuffled(list) } else { list }
                }
                QuestionKind::Matching { rights, .. } => {
                    let list = ids(rights);
                    if blueprint.shuffle_variants { numbers.shuffled(list) } else { list }
                }
            };
            shown.push((id, order));
        }
        shown
    }
}

#[test]
fn a_known_seed_gives_a_known_form() {
    // Guards the drawing rule itself: a changed rule would make old forms irreproducible.
    let tool = sample();
    let seed = Seed([7; 32]);
    let form = draw(&tool, seed.0);
    assert_eq!(
        form.hash().to_string(),
        "1954fb9c4c809101785635d17a83dfca209cd3d16ba14fb18f26ea993e61d5b5"
    );
    assert_eq!(
        tool.hash().to_string(),
        "ad3b4031c0371b4060a7c2b5a860398fc5b08fd98db2d4590d4d7179aa557438"
    );
    assert_eq!(
        seed.commitment().to_string(),
        "a7f711d5d13bf0d6bcbd171002980af835f67e3153a069b9ed87767f0f8cfaf5"
    );
}

#[test]
fn seeds_stay_hidden() {
    let seed = Seed([0xab; 32]);
    assert!(!format!("{seed:?}").contains("ab"));
    assert!(!format!("{seed:?}").contains("171"));
    assert_eq!(Seed::parse(&seed.reveal()), Some(seed.clone()));
    let json = serde_json::to_string(&seed).expect("JSON");
    assert_eq!(serde_json::from_str::<Seed>(&json).expect("a seed"), seed);
    assert_ne!(seed.commitment(), Hash::of(&[&seed.0]));
}

#[test]
fn different_seeds_give_different_forms() {
    let tool = sample();
    let forms: BTreeSet<Hash> = (0..50).map(|n| draw(&tool, [n; 32]).hash()).collect();
    assert!(forms.len() > 45, "{} different forms of 50", forms.len());
}

#[test]
fn every_question_gets_its_turn() {
    let tool = sample();
    let mut counts = std::collections::BTreeMap::new();
    for n in 0..600_u32 {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&n.to_be_bytes());
        for item in draw(&tool, seed).items {
            *counts.entry(item.question_id).or_insert(0) += 1;
        }
    }
    // 600 draws of one in three: 200 each, and a fair draw leaves 130 to 270 as good as never.
    assert_eq!(counts.len(), 15);
    assert!(counts.values().all(|n| (130..=270).contains(n)), "{counts:?}");
}

#[test]
fn a_blueprint_must_fit_its_bank() {
    let tool = sample();
    let good = Blueprint::of(&tool);
    let seed = Seed([1; 32]);
    let change = |f: &dyn Fn(&mut Blueprint)| {
        let mut blueprint = good.clone();
        f(&mut blueprint);
        Form::assemble(&tool, &blueprint, &seed).expect_err("refused")
    };
    let other = change(&|b| b.tool_hash = Hash::default());
    assert!(matches!(other, FormError::OtherTool { .. }));
    let topic = change(&|b| b.topics[0].kind = TopicKind::Skill);
    assert!(matches!(topic, FormError::UnknownTopic { .. }));
    let block = change(&|b| b.topics[0].blocks[0] = engine::BlockId(1));
    assert!(matches!(block, FormError::UnknownBlock { .. }));
    let twice = change(&|b| b.topics[0].blocks[1] = b.topics[0].blocks[0]);
    assert!(matches!(twice, FormError::DuplicateBlock { .. }));
    let mut empty = tool.clone();
    empty.topics[0].blocks[0].questions.clear();
    let refused = Form::assemble(&empty, &Blueprint::of(&empty), &seed);
    assert!(matches!(refused, Err(FormError::EmptyBlock { .. })));
}

#[test]
fn differences_are_named() {
    let tool = sample();
    let form = draw(&tool, [3; 32]);
    assert!(form.differences(&form).is_empty());
    let mut other = form.clone();
    other.tool_hash = Hash::default();
    other.items[0].points = Points::whole(1);
    other.items[1].question_id = engine::QuestionId(5);
    let at = other.items.iter().rposition(|i| i.order.len() > 1).expect("some variants");
    other.items[at].order.reverse();
    let lines = form.differences(&other).join("\n");
    for expected in ["bank: ", "question 1: points", "question 2: question", "order ["] {
        assert!(lines.contains(expected), "{expected} in {lines}");
    }
    let mut shorter = form.clone();
    shorter.items.pop();
    assert_eq!(form.differences(&shorter), ["number of questions: 5 became 4"]);
}

fn secrets(question: &Question) -> Vec<String> {
    let gaps = match &question.kind {
        QuestionKind::Open { segments } => segments
            .iter()
            .filter_map(|s| match s {
                engine::question::Segment::Gap { accepted } => Some(accepted.clone()),
                engine::question::Segment::Text(_) => None,
            })
            .flatten()
            .collect(),
        _ => vec![],
    };
    gaps.into_iter().chain(question.note.clone()).collect()
}

#[test]
fn the_candidate_sees_no_answer() {
    let tool = sample();
    let mut kinds = BTreeSet::new();
    for n in 0..40 {
        let form = draw(&tool, [n; 32]);
        let shown = present(&tool, &form);
        assert_eq!(shown.len(), form.items.len());
        for (question, item) in shown.iter().zip(&form.items) {
            let source = tool.question(question.question_id).expect("a question");
            let json = serde_json::to_string(question).expect("JSON");
            kinds.insert(format!("{:?}", question.kind));
            for word in ["\"correct", "\"accepted", "\"pairs", "\"note", "\"ans", ":null"] {
                assert!(!json.contains(word), "{word} in {json}");
            }
            for secret in secrets(source).iter().filter(|s| s.chars().count() > 1) {
                assert!(!json.contains(secret.as_str()), "{secret} in {json}");
            }
            assert_eq!(question.points, item.points);
            if question.kind == PresentedKind::Open {
                let blanks = question.segments.iter().filter_map(|s| match s {
                    PresentedSegment::Gap { index } => Some(*index),
                    PresentedSegment::Text { .. } => None,
                });
                assert_eq!(blanks.collect::<Vec<_>>()[0], 0);
            }
        }
    }
    assert_eq!(kinds.len(), 4, "all four types were shown: {kinds:?}");
}

/// A bank of arbitrary shape with arbitrary points.
fn banks() -> impl Strategy<Value = Tool> {
    let block = prop::collection::vec((0..4_u8, 2..7_usize), 1..5);
    let topic = (prop::collection::vec(block, 1..4), 1..200_i64, any::<bool>());
    prop::collection::vec(topic, 1..4).prop_map(|topics| {
        let mut tool = sample();
        let mut next = 1;
        let mut id = || {
            next += 1;
            next
        };
        tool.topics = topics
            .into_iter()
            .map(|(blocks, points, skill)| Topic {
                id: engine::TopicId(id()),
                kind: if skill { TopicKind::Skill } else { TopicKind::Knowledge },
                theme_id: None,
                name: "т".to_owned(),
                points: Points::whole(points),
                blocks: blocks
                    .into_iter()
                    .map(|questions| engine::tool::Block {
                        id: engine::BlockId(id()),
                        questions: questions
                            .into_iter()
                            .map(|(kind, n)| question(kind, n, &mut id))
                            .collect(),
                    })
                    .collect(),
            })
            .collect();
        tool
    })
}

fn question(kind: u8, n: usize, id: &mut impl FnMut() -> u64) -> Question {
    let mut list = || -> Vec<Variant> {
        let variant = |_| Variant { id: engine::VariantId(id()), text: "в".to_owned(), img: None };
        (0..n).map(variant).collect()
    };
    let kind = match kind {
        0 => QuestionKind::Choice {
            multiple: false,
            variants: list()
                .into_iter()
                .map(|v| engine::question::ChoiceVariant {
                    correct: v.id.0 % 2 == 0,
                    id: v.id,
                    text: v.text,
                    img: None,
                })
                .collect(),
        },
        1 => {
            let (lefts, rights) = (list(), list());
            let pairs = lefts.iter().zip(&rights).map(|(l, r)| (l.id, r.id)).collect();
            QuestionKind::Matching { lefts, rights, pairs }
        }
        2 => QuestionKind::Ordering { items: list() },
        _ => QuestionKind::Open {
            segments: vec![engine::question::Segment::Gap { accepted: vec!["а".to_owned()] }],
        },
    };
    Question { id: engine::QuestionId(id()), text: "?".to_owned(), img: None, kind, note: None }
}

proptest! {
    #[test]
    fn forms_obey_quotas_and_can_be_rebuilt(
        tool in banks(), seed in any::<[u8; 32]>(), q in any::<bool>(), v in any::<bool>(),
    ) {
        let blueprint =
            Blueprint { shuffle_questions: q, shuffle_variants: v, ..Blueprint::of(&tool) };
        let form = Form::assemble(&tool, &blueprint, &Seed(seed)).expect("a form");
        prop_assert_eq!(&form, &Form::assemble(&tool, &blueprint, &Seed(seed)).expect("a form"));

        // One question of every block, worth its share, with every variant once.
        let blocks: Vec<_> = tool.topics.iter().flat_map(|t| &t.blocks).map(|b| b.id).collect();
        let mut drawn: Vec<_> = form.items.iter().map(|i| i.block_id).collect();
        if q { drawn.sort(); }
        prop_assert_eq!(drawn, blocks);
        for item in &form.items {
            let (topic, block) = tool.block(item.block_id).expect("a block");
            prop_assert!(block.questions.iter().any(|q| q.id == item.question_id));
            let n = i64::try_from(topic.blocks.len()).expect("small");
            prop_assert_eq!(item.points.checked_mul(&Points::whole(n)), Some(topic.points));
            if let QuestionKind::Ordering { items } = &tool.question(item.question_id).expect("q").kind {
                let correct: Vec<_> = items.iter().map(|v| v.id).collect();
                prop_assert!(items.len() < 3 || item.order != correct);
                let unique: BTreeSet<_> = item.order.iter().collect();
                prop_assert_eq!(unique.len(), items.len());
            }
        }

        // The same by a second program.
        let shown: Vec<(u64, Vec<u64>)> = form
            .items
            .iter()
            .map(|i| (i.question_id.0, i.order.iter().map(|v| v.0).collect()))
            .collect();
        prop_assert_eq!(shown, again::form(&tool, &blueprint, seed));

        // A form read back from its JSON is the same form.
        let json = serde_json::to_string(&form).expect("JSON");
        let back: Form = serde_json::from_str(&json).expect("a form");
        prop_assert_eq!(back.hash(), form.hash());
        let json = serde_json::to_string(&tool).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Tool>(&json).expect("a tool").hash(), tool.hash());
    }
}
