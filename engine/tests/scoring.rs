//! Scoring against an independent calculator that reads the constructor's document itself and
//! counts in whole numbers of a common denominator.

use engine::question::GAP_CHARS_MAX;
use engine::scoring::Outcome;
use engine::{
    Answer, Blueprint, Form, ImportLimits, Lang, Points, QuestionId, ScoreSheet, ScoringPolicy,
    Seed, Tool, score, tool,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SAMPLE: &[u8] = include_bytes!("../../gateway/demo/os-edu-69.json");

fn document() -> Value {
    serde_json::from_slice(SAMPLE).expect("JSON")
}

fn read(document: &Value) -> Tool {
    let bytes = document.to_string();
    tool::import(bytes.as_bytes(), &ImportLimits::default()).expect("imports").value
}

fn draw(tool: &Tool, seed: [u8; 32]) -> Form {
    Form::assemble(tool, &Blueprint::of(tool), &Seed(seed)).expect("a form")
}

fn answer(json: Value) -> Answer {
    serde_json::from_value(json).expect("an answer")
}

fn raw_questions(document: &Value) -> BTreeMap<u64, Value> {
    let topics = ["zn", "um"].into_iter().flat_map(|k| document[k].as_array().expect("topics"));
    topics
        .flat_map(|t| t["blocs"].as_array().expect("blocks"))
        .flat_map(|b| b["quests"].as_array().expect("questions"))
        .map(|q| (q["id"].as_u64().expect("an id"), q.clone()))
        .collect()
}

/// The correct answer by the constructor's own fields.
fn correct(question: &Value) -> Value {
    let variants = question["variants"].as_array().expect("variants");
    let (id, ans) = (|v: &Value| v["id"].as_u64(), |v: &Value| v["ans"].as_u64().expect("ans"));
    match question["type_id"].as_u64() {
        Some(1) => {
            let right = variants.iter().filter(|v| ans(v) == 1).map(id).collect::<Vec<_>>();
            json!({"type": "choice", "chosen": right})
        }
        Some(2) => {
            let lefts = variants.iter().filter(|v| v["conf"] == 0);
            let pairs: BTreeMap<String, u64> =
                lefts.map(|v| (v["id"].to_string(), ans(v))).collect();
            json!({"type": "matching", "pairs": pairs})
        }
        Some(3) => {
            let place = |n| variants.iter().find(|v| ans(v) == n).and_then(id);
            let order = (1..=variants.len() as u64).map(place).collect::<Vec<_>>();
            json!({"type": "ordering", "order": order})
        }
        _ => {
            let text = question["text"].as_str().expect("a text");
            let gaps = text.split('{').skip(1).map(|g| g.split(['|', '}']).next());
            json!({"type": "open", "gaps": gaps.collect::<Vec<_>>()})
        }
    }
}

/// The correct answer spoilt in one of several ways.
fn spoilt(correct: &Value, way: u8) -> Value {
    let mut wrong = correct.clone();
    match wrong["type"].as_str() {
        Some("choice") => {
            let chosen = wrong["chosen"].as_array_mut().expect("a list");
            if chosen.len() > 1 && way.is_multiple_of(2) {
                chosen.pop();
            } else {
                chosen[0] = json!(999_999);
            }
        }
        Some("matching") => {
            let pairs = wrong["pairs"].as_object_mut().expect("pairs");
            let (first, last) = (pairs.keys().next().cloned(), pairs.keys().next_back().cloned());
            let (first, last) = (first.expect("a left"), last.expect("a left"));
            if way.is_multiple_of(2) {
                pairs.remove(&first);
            } else {
                let right = pairs[&last].clone();
                pairs.insert(first, right);
            }
        }
        Some("ordering") => {
            let order = wrong["order"].as_array_mut().expect("a list");
            match way % 3 {
                0 => order.swap(0, 1),
                1 => drop(order.pop()),
                _ => order[0] = order[1].clone(),
            }
        }
        _ => {
            let gaps = wrong["gaps"].as_array_mut().expect("gaps");
            match way % 3 {
                0 => gaps[0] = json!("нет"),
                1 => gaps[0] = json!(""),
                _ => gaps.push(json!("лишнее")),
            }
        }
    }
    wrong
}

/// The sample with other points: hundredths of a point for each topic, and the pass mark.
fn with_points(hundredths: [u32; 3], pass: u32) -> Value {
    let decimal = |n: u32| json!(format!("{}.{:02}", n / 100, n % 100));
    let mut document = document();
    document["zn"][0]["total_ball"] = decimal(hundredths[0]);
    document["zn"][1]["total_ball"] = decimal(hundredths[1]);
    document["um"][0]["ball"] = decimal(hundredths[2]);
    document["os"]["total_ball"] = decimal(hundredths.iter().sum());
    document["os"]["min_ball"] = decimal(pass);
    document
}

/// What a block of this topic is worth in two-hundredths of a point: the sample's knowledge topics
/// have two blocks, its skill topic one.
fn two_hundredths(document: &Value, hundredths: [u32; 3], question: u64) -> u32 {
    let holds = |topic: &Value| topic.to_string().contains(&format!("\"id\":{question},"));
    match (holds(&document["zn"][0]), holds(&document["zn"][1])) {
        (true, _) => hundredths[0],
        (_, true) => hundredths[1],
        _ => hundredths[2] * 2,
    }
}

proptest! {
    #[test]
    fn agrees_with_whole_number_arithmetic(
        seed in any::<[u8; 32]>(),
        hundredths in prop::array::uniform3(1..5_000_u32),
        share in 0..=10_000_u32,
        ways in prop::collection::vec((0..4_u8, any::<u8>()), 5),
    ) {
        let pass = u32::try_from(u64::from(hundredths.iter().sum::<u32>()) * u64::from(share) / 10_000)
            .expect("small");
        let document = with_points(hundredths, pass);
        let (tool, raw) = (read(&document), raw_questions(&document));
        let form = draw(&tool, seed);
        let (mut answers, mut sum) = (BTreeMap::new(), 0);
        for (item, (way, how)) in form.items.iter().zip(ways) {
            let right = correct(&raw[&item.question_id.0]);
            match way {
                0 => {}
                1 => drop(answers.insert(item.question_id, answer(spoilt(&right, how)))),
                _ => {
                    answers.insert(item.question_id, answer(right));
                    sum += two_hundredths(&document, hundredths, item.question_id.0);
                }
            }
        }
        answers.insert(QuestionId(424_242), answer(json!({"type": "choice", "chosen": [1]})));
        let sheet = score(&tool, &form, &answers, ScoringPolicy::AllOrNothing);
        prop_assert_eq!(Some(sheet.total), Points::ratio(i64::from(sum), 200));
        prop_assert_eq!(sheet.passed, sum >= pass * 2);
        prop_assert_eq!(sheet.max, tool.total);
        let awarded = sheet.items.iter().fold(Points::zero(), |s, i| s.checked_add(&i.awarded).expect("sum"));
        prop_assert_eq!(awarded, sheet.total);
        let json = serde_json::to_string(&sheet).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<ScoreSheet>(&json).expect("a sheet"), sheet);
    }
}

/// A tool of one topic with three blocks of one choice each: each block is worth total / 3.
fn thirds(total: &str, pass: &str) -> Tool {
    let block = |n: u64| {
        json!({"id": n, "quests": [{"id": n, "type_id": 1, "text": "?", "variants": [
            {"id": 1, "text": "да", "ans": 1}, {"id": 2, "text": "нет", "ans": 0}]}]})
    };
    read(&json!({
        "os": {"id": 1, "quest_count": 3, "total_ball": total, "min_ball": pass, "time": 1},
        "skill": {"id": 1, "name": "к", "level": 1, "num": "1"},
        "zn": [{"id": 1, "name": "т", "bloc_count": 3, "total_ball": total,
            "blocs": [block(1), block(2), block(3)]}],
    }))
}

fn with_right(tool: &Tool, right: u64) -> ScoreSheet {
    let yes = answer(json!({"type": "choice", "chosen": [1]}));
    let answers = (1..=right).map(|n| (QuestionId(n), yes.clone())).collect();
    score(tool, &draw(tool, [1; 32]), &answers, ScoringPolicy::AllOrNothing)
}

#[test]
fn fractions_stay_exact_to_the_verdict() {
    for (pass, right, total, passed) in [
        ("200/3", 2, "200/3", true),
        ("66.667", 2, "200/3", false),
        ("66.666", 2, "200/3", true),
        ("100", 3, "100", true),
        ("33.33", 1, "100/3", true),
        ("33.334", 1, "100/3", false),
        ("0", 0, "0", true),
    ] {
        let sheet = with_right(&thirds("100", pass), right);
        assert_eq!((sheet.total.to_string().as_str(), sheet.passed), (total, passed), "{pass}");
    }
}

#[test]
fn one_thousandth_below_fails() {
    let tool = thirds("59.999", "59.999");
    assert!(with_right(&tool, 3).passed);
    let mut tool = thirds("60", "60");
    assert!(with_right(&tool, 3).passed);
    tool.topics[0].points = "59.999".parse().expect("points");
    let sheet = with_right(&tool, 3);
    assert_eq!(sheet.total.hundredths(), "60.00");
    assert!(!sheet.passed, "hundredths are for the eye");
}

/// The outcome of one answer to one question of the sample.
fn judged(id: u64, json: Value) -> (Outcome, Vec<String>) {
    let tool = read(&document());
    let form = (0..=u8::MAX)
        .map(|n| draw(&tool, [n; 32]))
        .find(|form| form.items.iter().any(|i| i.question_id.0 == id))
        .expect("a form with the question");
    let answers = [(QuestionId(id), answer(json))].into();
    let sheet = score(&tool, &form, &answers, ScoringPolicy::AllOrNothing);
    let item = sheet.items.into_iter().find(|i| i.question_id.0 == id).expect("an item");
    assert_eq!(item.correct, item.awarded == item.of);
    assert_eq!(item.correct, item.explanation.outcome == Outcome::Correct);
    let texts = [Lang::Ru, Lang::En].map(|lang| item.explanation.text(lang));
    (item.explanation.outcome, texts.to_vec())
}

/// Questions of the sample, an answer, its outcome, and words of the explanation.
const JUDGED: &[(u64, &str, &str, &[&str])] = &[
    (
        1333,
        r#"{"type": "choice", "chosen": [4839]}"#,
        "correct",
        &["полностью", "fully correct", "35/2 (17.50) из 35/2"],
    ),
    (
        1333,
        r#"{"type": "choice", "chosen": [4838]}"#,
        "wrong",
        &["«Франция»", "выбрано лишнее: «Франция»; не выбрано: «Россия»", "Начислено 0 из"],
    ),
    (1333, r#"{"type": "choice", "chosen": []}"#, "unanswered", &["Ответ не дан", "No answer"]),
    (
        1333,
        r#"{"type": "choice", "chosen": [4838, 4839]}"#,
        "invalid",
        &["один вариант, а не 2", "one variant is to be chosen"],
    ),
    (1335, r#"{"type": "choice", "chosen": [4844, 4845, 4847]}"#, "correct", &[]),
    (1335, r#"{"type": "choice", "chosen": [4844, 4845]}"#, "wrong", &["не выбрано", "not chosen"]),
    (
        1335,
        r#"{"type": "choice", "chosen": [4844, 4845, 4846, 4847]}"#,
        "wrong",
        &["выбрано лишнее", "wrongly chosen"],
    ),
    (2884, r#"{"type": "matching", "pairs": {"4866": 4864, "4867": 4865}}"#, "correct", &[]),
    (
        2884,
        r#"{"type": "matching", "pairs": {"4866": 4864}}"#,
        "wrong",
        &["верных пар 1 из 2", "(пусто)", "correct pairs 1 of 2"],
    ),
    (
        2884,
        r#"{"type": "matching", "pairs": {"4866": 4865, "4867": 4865}}"#,
        "wrong",
        &["верных пар 1 из 2"],
    ),
    (2879, r#"{"type": "ordering", "order": [4849, 4848, 4850, 4851]}"#, "correct", &[" → "]),
    (
        2879,
        r#"{"type": "ordering", "order": [4848, 4849, 4850, 4851]}"#,
        "wrong",
        &["на своих местах 2 из 4"],
    ),
    (2879, r#"{"type": "ordering", "order": [4849, 4848, 4850]}"#, "wrong", &["3 из 4"]),
    (1337, r#"{"type": "open", "gaps": [" москва", "ВАРШАВА "]}"#, "correct", &[]),
    (1337, r#"{"type": "open", "gaps": ["Moscow", "Варшава"]}"#, "correct", &[]),
    (
        1337,
        r#"{"type": "open", "gaps": ["Москва", "Москва"]}"#,
        "wrong",
        &["верных полей 1 из 2", "«Варшава» или «Warsaw»"],
    ),
    (1337, r#"{"type": "open", "gaps": ["Москва"]}"#, "invalid", &["полей 2, а не 1"]),
    (1339, r#"{"type": "open", "gaps": ["FIR \u00a0 tree"]}"#, "correct", &[]),
    (1339, r#"{"type": "open", "gaps": ["firtree"]}"#, "wrong", &[]),
    (1338, r#"{"type": "choice", "chosen": [1]}"#, "invalid", &["типа open, а не choice"]),
];

#[test]
fn each_type_is_judged_and_explained() {
    for (id, json, outcome, words) in JUDGED {
        let (is, texts) = judged(*id, serde_json::from_str(json).expect("JSON"));
        let is = serde_json::to_value(&is).expect("JSON");
        assert_eq!(is["is"], *outcome, "{json}: {texts:?}");
        for word in *words {
            assert!(texts.iter().any(|t| t.contains(word)), "{word} in {texts:?}");
        }
    }
    let long = "я".repeat(GAP_CHARS_MAX + 1);
    let (is, texts) = judged(1337, json!({"type": "open", "gaps": ["Москва", long]}));
    assert!(matches!(is, Outcome::Invalid { .. }) && texts[0].contains("длиннее"), "{texts:?}");
}
