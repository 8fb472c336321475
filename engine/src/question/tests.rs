use super::*;
use serde_json::json;

fn v(id: u64) -> Variant {
    Variant { id: VariantId(id), text: format!("в{id}"), img: None }
}

fn question(kind: QuestionKind) -> Question {
    Question { id: QuestionId(1), text: "?".to_owned(), img: None, kind, note: None }
}

fn choice(multiple: bool) -> Question {
    let variants = [(1, true), (2, multiple), (3, false)].map(|(id, correct)| ChoiceVariant {
        id: VariantId(id),
        text: "в".to_owned(),
        img: None,
        correct,
    });
    question(QuestionKind::Choice { multiple, variants: variants.to_vec() })
}

fn answer(json: serde_json::Value) -> Answer {
    serde_json::from_value(json).expect("an answer")
}

#[test]
fn answers_are_checked_by_type() {
    let matching = question(QuestionKind::Matching {
        lefts: vec![v(1), v(2)],
        rights: vec![v(11), v(12)],
        pairs: [(VariantId(1), VariantId(11)), (VariantId(2), VariantId(12))].into(),
    });
    let ordering = question(QuestionKind::Ordering { items: vec![v(1), v(2), v(3)] });
    let gap = || Segment::Gap { accepted: vec!["а".to_owned()] };
    let open = question(QuestionKind::Open {
        segments: vec![gap(), Segment::Text(" и ".to_owned()), gap()],
    });
    let unknown = |id| Err(AnswerFault::UnknownVariant { id: VariantId(id) });
    let long = "я".repeat(GAP_CHARS_MAX);
    for (question, json, expected) in [
        (&choice(false), json!({"type": "choice", "chosen": [2]}), Ok(())),
        (&choice(false), json!({"type": "choice", "chosen": []}), Ok(())),
        (&choice(false), json!({"type": "choice", "chosen": [4]}), unknown(4)),
        (
            &choice(false),
            json!({"type": "choice", "chosen": [1, 2]}),
            Err(AnswerFault::TooMany { found: 2 }),
        ),
        (&choice(true), json!({"type": "choice", "chosen": [1, 2, 3]}), Ok(())),
        (&matching, json!({"type": "matching", "pairs": {}}), Ok(())),
        (&matching, json!({"type": "matching", "pairs": {"1": 12, "2": 12}}), Ok(())),
        (&matching, json!({"type": "matching", "pairs": {"11": 1}}), unknown(11)),
        (&matching, json!({"type": "matching", "pairs": {"1": 2}}), unknown(2)),
        (&ordering, json!({"type": "ordering", "order": [3, 1]}), Ok(())),
        (&ordering, json!({"type": "ordering", "order": [3, 4]}), unknown(4)),
        (
            &ordering,
            json!({"type": "ordering", "order": [3, 1, 3]}),
            Err(AnswerFault::Duplicate { id: VariantId(3) }),
        ),
        (&open, json!({"type": "open", "gaps": ["", long.clone()]}), Ok(())),
        (
            &open,
            json!({"type": "open", "gaps": ["", long.clone() + "я"]}),
            Err(AnswerFault::GapTooLong { index: 2, max: GAP_CHARS_MAX }),
        ),
        (
            &open,
            json!({"type": "open", "gaps": ["а"]}),
            Err(AnswerFault::GapCount { expected: 2, found: 1 }),
        ),
        (
            &open,
            json!({"type": "choice", "chosen": []}),
            Err(AnswerFault::WrongType { expected: "open".into(), found: "choice".into() }),
        ),
    ] {
        assert_eq!(question.check_answer(&answer(json.clone())), expected, "{json}");
    }
}

#[test]
fn answers_and_questions_round_trip() {
    let json = json!({"type": "matching", "pairs": {"10": 2, "9": 1}});
    assert_eq!(serde_json::to_value(answer(json.clone())).expect("JSON"), json);
    let text = serde_json::to_string(&answer(json)).expect("JSON");
    assert_eq!(text, r#"{"type":"matching","pairs":{"9":1,"10":2}}"#);
    assert_eq!(answer(serde_json::from_str(&text).expect("JSON")).kind_name(), "matching");
    assert_eq!(
        answer(json!({"type": "choice", "chosen": ["7", 8]})),
        Answer::Choice { chosen: [VariantId(7), VariantId(8)].into() }
    );
    let by_question = BTreeMap::from([(QuestionId(5), Answer::Ordering { order: vec![] })]);
    let text = crate::canon::canonical(&by_question);
    assert_eq!(text, br#"{"5":{"order":[],"type":"ordering"}}"#);
    assert_eq!(
        serde_json::from_slice::<BTreeMap<QuestionId, Answer>>(&text).expect("JSON"),
        by_question
    );
}

#[test]
fn ids_stay_exact_in_a_browser() {
    for bad in [json!(-1), json!(1_u64 << 53), json!(""), json!("+1"), json!("1.0"), json!(1.5)] {
        assert!(serde_json::from_value::<VariantId>(bad.clone()).is_err(), "{bad}");
    }
    assert_eq!(serde_json::from_value::<VariantId>(json!("12")).expect("id"), VariantId(12));
}

#[test]
fn blank_answers_are_known() {
    for (json, blank) in [
        (json!({"type": "open", "gaps": ["", "  "]}), true),
        (json!({"type": "open", "gaps": ["", "а"]}), false),
        (json!({"type": "choice", "chosen": []}), true),
        (json!({"type": "ordering", "order": [1]}), false),
        (json!({"type": "matching", "pairs": {}}), true),
    ] {
        assert_eq!(answer(json.clone()).is_blank(), blank, "{json}");
    }
}
