//! What an import refuses, with the words of the complaint.

use crate::{import, lines, with};
use engine::{ImportLimits, tool};
use serde_json::{Value, json};

/// Places of the sample, the JSON put there, and the beginning of the complaint.
const REFUSED: &[(&str, &str, &str)] = &[
    ("/os", "null", "os: expected an object, found nothing"),
    ("/os", "[]", "os: expected an object, found a list of 0"),
    ("/os/id", r#""NaN""#, "os.id: expected a whole number from 1"),
    ("/os/id", "1e300", "os.id: expected a whole number from 1"),
    ("/os/id", "-1", "os.id: expected a whole number from 1"),
    ("/os/time", "0", "os.time: expected a whole number from 1 to 1440, found 0"),
    ("/os/time", r#""Infinity""#, "os.time: expected"),
    ("/os/min_ball", "101", "os.min_ball: expected at most total_ball (100), found 101"),
    ("/os/min_ball", r#""100.001""#, "os.min_ball: expected at most total_ball (100)"),
    ("/os/min_ball", "-1", "os.min_ball: expected a number of points"),
    ("/os/min_ball", r#""NaN""#, "os.min_ball: expected a number of points"),
    ("/os/min_ball", r#""1e5""#, "os.min_ball: expected a number of points"),
    ("/os/total_ball", "99", "os.total_ball: expected 100, the sum over topics, found 99"),
    ("/os/total_ball", "1e12", "os.total_ball: expected a number of points"),
    ("/skill", "null", "skill: expected an object, found nothing"),
    (
        "/zn/0/bloc_count",
        "3",
        "zn[0].bloc_count: expected 2, the number of blocks in blocs, found 3",
    ),
    ("/zn/0/blocs", "[]", "zn[0].blocs: expected at least one block, found a list of 0"),
    ("/zn/0/blocs", "{}", "zn[0].blocs: expected a list, found an object"),
    ("/zn/0/blocs/1/id", "413", "zn[0].blocs[1].id: expected an id that no other block has"),
    ("/zn/1/blocs/0/id", "413", "zn[1].blocs[0].id: expected an id that no other block has"),
    ("/zn/1/id", "40346", "zn[1].id: expected an id that no other topic of its kind has"),
    ("/zn/0/ball", "36", "zn[0].ball: expected the same as total_ball (35), found 36"),
    ("/zn/0/total_ball", r#""35/1000000007""#, "zn[0].total_ball: expected points whose sums"),
    ("/zn/0/blocs/0/quests", "[]", "zn[0].blocs[0].quests: expected at least one question"),
    (
        "/zn/0/blocs/0/quests/1/id",
        "1333",
        "zn[0].blocs[0].quests[1].id: expected an id that no other question has",
    ),
    (
        "/um/0/blocs/0/quests/1/id",
        "1333",
        "um[0].blocs[0].quests[1].id: expected an id that no other question has",
    ),
    (
        "/zn/0/blocs/0/quests/0/type_id",
        "5",
        "zn[0].blocs[0].quests[0].type_id: expected a whole number from 1 to 4, found 5",
    ),
    (
        "/zn/0/blocs/0/quests/1/text",
        r#""  ""#,
        r#"zn[0].blocs[0].quests[1].text: expected a text or an image, found "  ""#,
    ),
    (
        "/zn/0/blocs/0/quests/1/text",
        r#"["a"]"#,
        "zn[0].blocs[0].quests[1].text: expected a text, found a list of 1",
    ),
    (
        "/zn/0/blocs/0/quests/0/variants/1/ans",
        "0",
        "zn[0].blocs[0].quests[0].variants: expected at least one variant with ans 1, found none among 3",
    ),
    (
        "/zn/0/blocs/0/quests/0/variants/1/ans",
        "2",
        "zn[0].blocs[0].quests[0].variants[1].ans: expected 1 for a correct",
    ),
    (
        "/zn/0/blocs/0/quests/0/variants/1/id",
        "4838",
        "zn[0].blocs[0].quests[0].variants[1].id: expected an id that no other variant",
    ),
    (
        "/zn/0/blocs/0/quests/0/variants",
        "[]",
        "zn[0].blocs[0].quests[0].variants: expected at least one variant with ans 1",
    ),
    (
        "/zn/0/blocs/0/quests/0/variants",
        "[1]",
        "zn[0].blocs[0].quests[0].variants[0]: expected an object, found 1",
    ),
    (
        "/zn/0/blocs/1/quests/0/variants/0/ans",
        "1",
        "zn[0].blocs[1].quests[0].variants[1].ans: expected a position from 1 to 4 that no other",
    ),
    (
        "/zn/0/blocs/1/quests/0/variants/3/ans",
        "5",
        "zn[0].blocs[1].quests[0].variants[3].ans: expected a position from 1 to 4 that no other",
    ),
    (
        "/zn/0/blocs/1/quests/0/variants/3/ans",
        "0",
        "zn[0].blocs[1].quests[0].variants[3].ans: expected a position from 1 to 4 that no other",
    ),
    (
        "/zn/1/blocs/0/quests/0/variants/3/ans",
        "4863",
        "zn[1].blocs[0].quests[0].variants[3].ans: expected the id of a right variant",
    ),
    (
        "/zn/1/blocs/0/quests/0/variants/3/ans",
        "1",
        "zn[1].blocs[0].quests[0].variants[3].ans: expected the id of a right variant",
    ),
    (
        "/zn/1/blocs/0/quests/0/variants/3/conf",
        "2",
        "zn[1].blocs[0].quests[0].variants[3].conf: expected a whole number from 0 to 1",
    ),
    (
        "/zn/1/blocs/1/quests/1/text",
        r#""нет поля""#,
        "zn[1].blocs[1].quests[1].text: expected a gap",
    ),
    (
        "/zn/1/blocs/1/quests/1/text",
        r#""2 + 2 = {4""#,
        r#"zn[1].blocs[1].quests[1].text: expected a } after each {, found "{4""#,
    ),
    (
        "/zn/1/blocs/1/quests/1/text",
        r#""2 + 2 = 4}""#,
        "zn[1].blocs[1].quests[1].text: expected a { before each }",
    ),
    (
        "/zn/1/blocs/1/quests/1/text",
        r#""{a{b}}""#,
        "zn[1].blocs[1].quests[1].text: expected a } before the next {",
    ),
    (
        "/zn/1/blocs/1/quests/1/text",
        r#""{} {|}""#,
        "zn[1].blocs[1].quests[1].text: expected an accepted answer in each gap, found {}",
    ),
];

/// The same for values that are too long to write down.
fn too_much() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/os/id", json!(1_u64 << 53), "os.id: expected a whole number from 1"),
        (
            "/zn/0/blocs/0/quests/1/text",
            json!("я".repeat(20_001)),
            "zn[0].blocs[0].quests[1].text: expected a text of at most 20000",
        ),
        (
            "/zn/0/blocs/0/quests/0/variants",
            json!(vec![0; 65]),
            "zn[0].blocs[0].quests[0].variants: expected a list of at most 64",
        ),
        (
            "/zn/1/blocs/1/quests/1/text",
            json!("{a}".repeat(65)),
            "zn[1].blocs[1].quests[1].text: expected at most 64 gaps",
        ),
    ]
}

#[test]
fn each_fault_is_named_with_its_path() {
    let json = |text| serde_json::from_str::<Value>(text).expect("JSON");
    let written = REFUSED.iter().map(|(path, text, expected)| (*path, json(text), *expected));
    for (path, value, expected) in written.chain(too_much()) {
        let problems = lines(&import(&with(&[(path, value)])).expect_err(expected));
        assert!(problems.lines().any(|l| l.starts_with(expected)), "{expected}\n{problems}");
    }
}

/// Documents that must not reach a parser, or must not hurt one.
#[test]
fn hostile_documents_are_refused() {
    let text = |text: &str| text.as_bytes().to_vec();
    let deep = |n: usize| text(&format!("{}{}", "[".repeat(n), "]".repeat(n)));
    let objects = text(&format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)));
    for (bytes, expected) in [
        (vec![b' '; 100 * 1024 * 1024], "at most 16777216 bytes, found 104857600 bytes"),
        (deep(10_000), "at most 32 levels of nesting"),
        (objects, "at most 32 levels of nesting"),
        (vec![b'['; 10_000_000], "at most 32 levels of nesting"),
        (text(&format!("[{}0]", "0,".repeat(1_000_001))), "at most 1000000 values"),
        (text(""), "a JSON document, found EOF"),
        (text("null"), "an object, found null"),
        (text("[]"), "an object, found a list of 0"),
        (text("{\"os\": NaN}"), "a JSON document, found expected value"),
        (text("{\"os\": 1e999}"), "a JSON document, found number out of range"),
        (text("{} {}"), "a JSON document, found trailing characters"),
        (text("{\"os\": \"\u{0}\"}"), "a JSON document, found control character"),
        (text("{\"os\": \"\\ud800\"}"), "a JSON document"),
        (b"{\"os\": \"\xff\"}".to_vec(), "text in UTF-8, found other bytes at offset 8"),
        (b"\xff\xfe{\0}\0".to_vec(), "text in UTF-8"),
    ] {
        let problems = tool::import(&bytes, &ImportLimits::default()).expect_err(expected);
        let first = problems[0].to_string();
        assert!(first.starts_with(&format!("document: expected {expected}")), "{first}");
    }
}
