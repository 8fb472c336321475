//! Import of assessment tools: what is read, what is refused and with which words.

use engine::question::{QuestionKind, Segment};
use engine::tool::TopicKind;
use engine::{ImportLimits, Imported, Points, Problem, QuestionId, Tool, tool};
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "import/faults.rs"]
mod faults;

const SAMPLE: &[u8] = include_bytes!("../../gateway/demo/os-edu-69.json");

fn import(document: &Value) -> Result<Imported<Tool>, Vec<Problem>> {
    tool::import(document.to_string().as_bytes(), &ImportLimits::default())
}

fn sample() -> Value {
    serde_json::from_slice(SAMPLE).expect("JSON")
}

/// The sample with one place changed; `null` takes the place away.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut document = sample();
    for (path, value) in changes {
        let place = document.pointer_mut(path);
        match place {
            Some(place) => *place = value.clone(),
            None => {
                let (parent, key) = path.rsplit_once('/').expect("a path");
                let parent = document.pointer_mut(parent).expect("a parent");
                parent.as_object_mut().expect("an object").insert(key.to_owned(), value.clone());
            }
        }
    }
    document
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

#[test]
fn the_sample_is_read_whole() {
    let Imported { value: tool, warnings } =
        tool::import(SAMPLE, &ImportLimits::default()).expect("imports");
    assert_eq!(lines(&warnings), "");
    assert_eq!((tool.os_id, tool.minutes), (69, 30));
    assert_eq!((tool.total, tool.pass), (Points::whole(100), Points::whole(60)));
    assert_eq!((tool.qualification.level, tool.qualification.num.as_str()), (6, "12.00798.02"));
    assert_eq!(tool.standard.num, "1362");
    let shape: Vec<_> = tool
        .topics
        .iter()
        .map(|t| (t.kind, t.blocks.len(), t.block_points().to_string()))
        .collect();
    assert_eq!(
        shape,
        [
            (TopicKind::Knowledge, 2, "35/2".to_owned()),
            (TopicKind::Knowledge, 2, "29/2".to_owned()),
            (TopicKind::Skill, 1, "36".to_owned()),
        ]
    );
    let kind = |id| &tool.question(QuestionId(id)).expect("a question").kind;
    assert!(matches!(kind(1333), QuestionKind::Choice { multiple: false, .. }));
    assert!(matches!(kind(1335), QuestionKind::Choice { multiple: true, .. }));
    let QuestionKind::Ordering { items } = kind(2879) else { panic!("an ordering") };
    assert_eq!(items.iter().map(|v| v.id.0).collect::<Vec<_>>(), [4849, 4848, 4850, 4851]);
    let QuestionKind::Matching { lefts, rights, pairs } = kind(2883) else { panic!("a matching") };
    assert_eq!((lefts.len(), rights.len(), pairs[&lefts[0].id].0), (3, 3, 4859));
    let QuestionKind::Open { segments } = kind(1338) else { panic!("an open question") };
    let accepted = vec!["4".to_owned(), "четыре".to_owned()];
    assert_eq!(segments[1], Segment::Gap { accepted });
    assert_eq!(tool.question(QuestionId(1338)).expect("q").text, "Дважды два равно ___");
    assert_eq!(tool.question(QuestionId(1)), None);
}

#[test]
fn the_hash_is_of_the_meaning() {
    let plain = import(&sample()).expect("imports").value;
    assert_eq!(
        plain.hash(),
        tool::import(SAMPLE, &ImportLimits::default()).expect("ok").value.hash()
    );
    let pretty = serde_json::to_vec_pretty(&sample()).expect("JSON");
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend(&pretty);
    let marked = tool::import(&marked, &ImportLimits::default()).expect("a BOM is fine");
    assert_eq!(plain.hash(), marked.value.hash());

    // The same written otherwise: numbers as strings, the other spelling, other dates.
    let same = with(&[
        ("/os/total_ball", json!("100")),
        ("/os/updated_at", json!("2030-01-01 00:00:00")),
        ("/zn/0/total_ball", json!("35.0")),
        ("/zn/0/id", json!(" 40346 ")),
        ("/um/0/bloc", Value::Null),
        ("/um/0/bloc_count", json!("1")),
        ("/um/0/ball", json!(null)),
        ("/um/0/total_ball", json!(36.0)),
    ]);
    assert_eq!(plain.hash(), import(&same).expect("imports").value.hash());
    for other in [
        ("/os/min_ball", json!(61)),
        ("/zn/0/blocs/0/quests/0/variants/0/text", json!("Другое")),
        ("/zn/0/blocs/0/quests/0/note", json!("")),
        ("/zn/0/name", json!("Другое")),
    ] {
        let other = import(&with(&[other])).expect("imports").value;
        assert_ne!(plain.hash(), other.hash());
    }
}

#[test]
fn topics_may_stand_inside_themes() {
    let mut document = sample();
    let object = document.as_object_mut().expect("an object");
    let (zn, um) = (object.remove("zn"), object.remove("um"));
    document["themes"][0]["zn"] = zn.expect("zn");
    document["themes"][0]["um"] = um.expect("um");
    let nested = import(&document).expect("imports").value;
    assert_eq!(nested.topics.len(), 3);
    assert!(nested.topics.iter().all(|t| t.theme_id == Some(3675)));
    let mut both = sample();
    both["themes"][0]["zn"] = both["zn"].clone();
    let problems = lines(&import(&both).expect_err("twice"));
    let line =
        "themes[0].zn[0].id: expected an id that no other topic of its kind has, found 40346";
    assert!(problems.contains(line), "{problems}");
}

#[test]
fn one_fault_gives_one_complaint() {
    for (path, value) in [
        ("/zn/0/blocs/1/quests/0/variants/0/ans", json!(1)),
        ("/zn/1/blocs/0/quests/0/variants/3/ans", json!(1)),
        ("/zn/0/blocs/0/quests/0/variants/1/ans", json!(0)),
        ("/zn/0/bloc_count", json!(3)),
        ("/os/total_ball", json!(99)),
    ] {
        let problems = import(&with(&[(path, value)])).expect_err(path);
        assert_eq!(problems.len(), 1, "{}", lines(&problems));
    }
}

#[test]
fn all_faults_are_reported_at_once_up_to_the_limit() {
    let changes: Vec<(&str, Value)> = vec![
        ("/os/time", json!("скоро")),
        ("/zn/0/bloc_count", json!(7)),
        ("/zn/0/blocs/0/quests/0/variants/1/ans", json!(0)),
        ("/zn/1/blocs/1/quests/1/text", json!("{")),
        ("/um/0/blocs/0/id", json!(416)),
    ];
    let document = with(&changes);
    assert_eq!(import(&document).expect_err("faults").len(), 5);
    let limits = ImportLimits { problems_max: 3, ..ImportLimits::default() };
    let problems = tool::import(document.to_string().as_bytes(), &limits).expect_err("faults");
    assert_eq!(problems.len(), 4);
    assert_eq!(problems[3].to_string(), "document: expected at most 3 problems, found and 2 more");
}

#[test]
fn odd_but_usable_data_is_remarked_on() {
    for (path, value, expected) in [
        ("/os/quest_count", json!(6), "os.quest_count: expected 5, the number of blocks, found 6"),
        ("/os/min_ball", json!(0), "os.min_ball: expected more than 0 points, found 0"),
        ("/standart", json!(null), "standart: expected the professional standard, found nothing"),
        ("/skill/name", json!(null), "skill.name: expected a text, found nothing"),
        ("/zn/0/bloc_count", json!(null), "zn[0].bloc_count: expected the number of blocks"),
        (
            "/um/0/blocs/0/quests",
            sample()["um"][0]["blocs"][0]["quests"].as_array().expect("a list")[..2].into(),
            "um[0].blocs[0].quests: expected at least 3 questions in a block, found a list of 2",
        ),
        (
            "/zn/1/blocs/0/quests/0/variants/3/ans",
            json!(4858),
            "zn[1].blocs[0].quests[0].variants[4].ans: expected a right variant that no other left",
        ),
        (
            "/zn/0/blocs/0/quests/0/img",
            json!("javascript:alert(1)"),
            "zn[0].blocs[0].quests[0].img: expected an absolute http or https URL",
        ),
        (
            "/zn/0/blocs/0/quests/0/text",
            json!("<b>Флаг</b><script>alert(1)</script> &laquo;чей&raquo;\u{0}"),
            "zn[0].blocs[0].quests[0].text: expected plain text, found control characters, <b>, <script>, HTML entities: removed",
        ),
        (
            "/zn/1/blocs/1/quests/1/text",
            json!("Дважды два {4||четыре}"),
            "zn[1].blocs[1].quests[1].text: expected no empty answers (left out), found {4||четыре}",
        ),
    ] {
        let Imported { value, warnings } = import(&with(&[(path, value)])).expect(expected);
        let warnings = lines(&warnings);
        assert_eq!(warnings.lines().count(), 1, "{warnings}");
        assert!(warnings.starts_with(expected), "{expected}\n{warnings}");
        let json = serde_json::to_string(&value).expect("JSON");
        for word in ["<script", "<b>", "javascript:", "\\u0000", "&laquo;"] {
            assert!(!json.contains(word), "{word} in {json}");
        }
    }
}

#[test]
fn braces_in_strings_are_not_depth() {
    let document = with(&[("/zn/0/name", json!("[{\"".repeat(100)))]);
    assert!(import(&document).is_ok());
}

#[test]
fn repeated_keys_are_refused() {
    let text = String::from_utf8(SAMPLE.to_vec()).expect("UTF-8");
    let twice = text.replacen("\"min_ball\"", "\"min_ball\": 0, \"min_ball\"", 1);
    assert_ne!(text, twice);
    let problems = lines(&tool::import(twice.as_bytes(), &ImportLimits::default()).expect_err("x"));
    assert!(problems.starts_with("os.min_ball: expected each key once"), "{problems}");
}

#[test]
fn the_limits_of_lists_are_kept() {
    let limits = ImportLimits::default();
    for (limits, expected) in [
        (ImportLimits { questions_max: 14, ..limits.clone() }, "at most 14 questions in all"),
        (ImportLimits { blocks_max: 4, ..limits.clone() }, "at most 4 blocks in all"),
        (ImportLimits { topics_max: 1, ..limits.clone() }, "a list of at most 1"),
        (ImportLimits { variants_max: 3, ..limits.clone() }, "a list of at most 3"),
        (ImportLimits { denominator_max: 1, ..limits.clone() }, "a denominator of at most 1"),
    ] {
        let problems = lines(&tool::import(SAMPLE, &limits).expect_err(expected));
        assert!(problems.contains(expected), "{problems}");
    }
    assert!(tool::import(SAMPLE, &ImportLimits { questions_max: 15, ..limits }).is_ok());
}

/// Any JSON at any place of the sample, and any bytes at all, end in an outcome and not in a panic.
fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| json!(f)),
        "[{}|<>&;a0/. ]{0,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({"id": 1, "text": "x"})),
        Just(json!([{}, [], 0])),
    ]
}

fn places(value: &Value, path: &str, out: &mut Vec<String>) {
    out.push(path.to_owned());
    match value {
        Value::Array(list) => {
            for (i, v) in list.iter().enumerate() {
                places(v, &format!("{path}/{i}"), out);
            }
        }
        Value::Object(map) => {
            for (k, v) in map {
                places(v, &format!("{path}/{k}"), out);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn junk_anywhere_is_survived(at in prop::collection::vec(any::<prop::sample::Index>(), 1..4), junk in junk()) {
        let mut document = sample();
        let mut all = Vec::new();
        places(&document, "", &mut all);
        for at in at {
            if let Some(place) = document.pointer_mut(&all[at.index(all.len())]) {
                *place = junk.clone();
            }
        }
        match import(&document) {
            Ok(imported) => {
                let tool = imported.value;
                let sum = tool.topics.iter().map(|t| t.points).fold(Points::zero(), |a, b| a.checked_add(&b).expect("a sum"));
                prop_assert_eq!(sum, tool.total);
                prop_assert!(tool.pass <= tool.total);
                let json = serde_json::to_string(&tool).expect("JSON");
                prop_assert_eq!(&serde_json::from_str::<Tool>(&json).expect("a tool"), &tool);
                let seed = engine::Seed([0; 32]);
                prop_assert!(engine::Form::assemble(&tool, &engine::Blueprint::of(&tool), &seed).is_ok());
            }
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(tool::import(&bytes, &ImportLimits::default()).is_err());
    }

    #[test]
    fn truncated_documents_are_refused(at in 0..SAMPLE.len() - 2) {
        prop_assert!(tool::import(&SAMPLE[..at], &ImportLimits::default()).is_err());
    }
}
