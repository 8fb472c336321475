//! The practice part: import, marks, spreads and the verdict, against whole-number arithmetic.

use engine::practice::{
    self, CriterionKind, CriterionResult, MarkFault, PassRule, PracticeScore, Reason,
    criterion_result, verdict,
};
use engine::{CriterionId, ImportLimits, Lang, PersonId, Points, PracticeTool, Problem, TaskId};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SAMPLE: &[u8] = include_bytes!("../../gateway/demo/practice-57.json");

fn document() -> Value {
    serde_json::from_slice(SAMPLE).expect("JSON")
}

fn import(document: &Value) -> Result<PracticeTool, Vec<Problem>> {
    let bytes = document.to_string();
    practice::import(bytes.as_bytes(), &ImportLimits::default()).map(|imported| imported.value)
}

fn sample() -> PracticeTool {
    import(&document()).expect("imports")
}

fn with(path: &str, value: Value) -> Value {
    let mut document = document();
    let (parent, key) = path.rsplit_once('/').expect("a path");
    match document.pointer_mut(parent).expect("a parent") {
        Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value,
        parent => parent[key] = value,
    }
    document
}

fn points(text: &str) -> Points {
    text.parse().expect("points")
}

#[test]
fn the_sample_is_read_whole() {
    let imported = practice::import(SAMPLE, &ImportLimits::default()).expect("imports");
    assert_eq!(imported.warnings, []);
    let tool = imported.value;
    assert_eq!((tool.id, tool.qualification_id, tool.minutes, tool.quorum), (57, 57, 60, 3));
    let (min_points, each_task_min_points) = (Points::whole(14), Points::whole(3));
    assert_eq!(tool.pass, PassRule::SumAndEach { min_points, each_task_min_points });
    assert_eq!(tool.max_points(), Points::whole(20));
    let (task, criterion) = tool.criterion(CriterionId(22)).expect("a criterion");
    assert_eq!((task.id, criterion.kind), (TaskId(2), CriterionKind::Judgement));
    assert!(tool.task(TaskId(4)).is_none() && tool.criterion(CriterionId(4)).is_none());
    let json = serde_json::to_string(&tool).expect("JSON");
    let back: PracticeTool = serde_json::from_str(&json).expect("a tool");
    assert_eq!(back.hash(), tool.hash());
    assert_ne!(import(&with("/pass/min_points", json!(15))).expect("ok").hash(), tool.hash());
    let spaced = serde_json::to_vec_pretty(&document()).expect("JSON");
    let spaced = practice::import(&spaced, &ImportLimits::default()).expect("imports");
    assert_eq!(spaced.value.hash(), tool.hash());
}

#[test]
fn each_fault_is_named_with_its_path() {
    for (path, value, expected) in [
        ("/practice", json!(null), "practice: expected an object, found nothing"),
        ("/practice/id", json!(0), "practice.id: expected a whole number from 1"),
        ("/practice/quorum", json!(0), "practice.quorum: expected a whole number from 1 to 20"),
        ("/practice/minutes", json!("час"), "practice.minutes: expected a whole number"),
        ("/pass", json!([]), "pass: expected an object"),
        (
            "/pass/rule",
            json!("median"),
            "pass.rule: expected sum, each or sum_and_each, found \"median\"",
        ),
        ("/pass/min_points", json!(21), "pass.min_points: expected at most 20"),
        ("/pass/min_points", json!(null), "pass.min_points: expected a number of points"),
        ("/pass/min_points", json!("1/1000000007"), "pass.min_points: expected a denominator"),
        ("/pass/each_task_min_points", json!(6), "pass.each_task_min_points: expected at most 5"),
        ("/tasks", json!([]), "tasks: expected at least one task"),
        ("/tasks", json!("нет"), "tasks: expected a list"),
        ("/tasks/1/id", json!(1), "tasks[1].id: expected an id that no other task has, found 1"),
        ("/tasks/1/lock", json!("anyone"), "tasks[1].lock: expected all_experts or chair"),
        ("/tasks/1/criteria", json!([]), "tasks[1].criteria: expected at least one criterion"),
        ("/tasks/1/criteria/0/id", json!(11), "tasks[1].criteria[0].id: expected an id that no"),
        (
            "/tasks/1/criteria/0/kind",
            json!("taste"),
            "tasks[1].criteria[0].kind: expected measurement",
        ),
        ("/tasks/1/criteria/0/max", json!(0), "tasks[1].criteria[0].max: expected more than 0"),
        (
            "/tasks/1/criteria/0/max",
            json!("1/3"),
            "tasks[1].criteria[0].max: expected more than 0, in",
        ),
        (
            "/tasks/1/criteria/1/max",
            json!(4),
            "tasks[1].criteria[1].max: expected a whole number from 1 to 3 for a judgement, found 4",
        ),
        (
            "/tasks/1/criteria/1/max",
            json!(2.5),
            "tasks[1].criteria[1].max: expected a whole number",
        ),
        (
            "/tasks/1/criteria/0/spread",
            json!(5),
            "tasks[1].criteria[0].spread: expected from 0 to 4",
        ),
        ("/tasks/1/criteria/0/spread", json!(-1), "tasks[1].criteria[0].spread: expected a number"),
        (
            "/tasks/1/criteria/0/spread",
            json!(null),
            "tasks[1].criteria[0].spread: expected a number",
        ),
    ] {
        let problems = import(&with(path, value)).expect_err(expected);
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert!(lines.iter().any(|l| l.starts_with(expected)), "{expected}\n{lines:#?}");
    }
    let twice = String::from_utf8(SAMPLE.to_vec()).expect("UTF-8").replacen(
        "\"rule\"",
        "\"rule\": 1, \"rule\"",
        1,
    );
    assert!(practice::import(twice.as_bytes(), &ImportLimits::default()).is_err());
    assert!(practice::import(&[b'['; 100_000], &ImportLimits::default()).is_err());
}

#[test]
fn odd_but_usable_data_is_remarked_on() {
    let mut document = with("/practice/minutes", json!(50));
    document["pass"]["rule"] = json!("each");
    document["tasks"][0]["title"] = json!("<i>Первое</i>");
    let imported = practice::import(document.to_string().as_bytes(), &ImportLimits::default());
    let imported = imported.expect("imports");
    let lines: Vec<String> = imported.warnings.iter().map(Problem::to_string).collect();
    assert_eq!(
        lines,
        [
            "tasks[0].title: expected plain text, found <i>: removed",
            "pass.min_points: expected nothing under this rule (left out), found 14",
            "tasks: expected at most 50 minutes planned, found 60 over all tasks",
        ]
    );
}

#[test]
fn marks_are_checked() {
    let tool = sample();
    let measurement = tool.criterion(CriterionId(21)).expect("a criterion").1;
    let judgement = tool.criterion(CriterionId(22)).expect("a criterion").1;
    for (mark, good) in
        [("0", true), ("4", true), ("3.999", true), ("-1", false), ("4.001", false), ("1/3", false)]
    {
        assert_eq!(measurement.check_mark(&points(mark)).is_ok(), good, "{mark}");
    }
    let found = points("1.5");
    assert_eq!(judgement.check_mark(&found), Err(MarkFault::NotWhole { found }));
    assert_eq!(judgement.check_mark(&points("3")), Ok(()));
    assert!(matches!(judgement.check_mark(&points("4")), Err(MarkFault::OutOfRange { .. })));
    let fine = measurement.check_mark(&points("0.0001"));
    assert!(matches!(fine, Err(MarkFault::TooFine { .. })));
}

fn marks(list: &[&str]) -> BTreeMap<PersonId, Points> {
    (1..).map(PersonId).zip(list.iter().map(|m| points(m))).collect()
}

#[test]
fn marks_agree_within_the_spread() {
    let tool = sample();
    let of = |id, list: &[&str]| {
        criterion_result(tool.criterion(CriterionId(id)).expect("c").1, &marks(list))
    };
    assert_eq!(of(22, &[]), CriterionResult::Missing);
    assert_eq!(of(22, &["2"]), CriterionResult::Agreed(points("2")));
    assert_eq!(of(22, &["2", "3", "2"]), CriterionResult::Agreed(points("7/3")));
    let (low, high, allowed) = (points("1"), points("3"), points("1"));
    assert_eq!(of(22, &["1", "3", "2"]), CriterionResult::TooWide { low, high, allowed });
    assert_eq!(of(21, &["4", "4"]), CriterionResult::Agreed(points("4")));
    assert!(matches!(of(21, &["4", "3.999"]), CriterionResult::TooWide { .. }));
    let json = serde_json::to_value(of(22, &["2", "3", "2"])).expect("JSON");
    assert_eq!(json, json!({"agreed": "7/3"}));
}

fn decided(rule: Value, given: &[(u64, &str)]) -> PracticeScore {
    let mut document = document();
    document["pass"] = rule;
    let given = given.iter().map(|(id, p)| (CriterionId(*id), points(p))).collect();
    verdict(&import(&document).expect("imports"), &given)
}

#[test]
fn the_rule_decides() {
    // Tasks of 5, 10 and 5 points; these give 3 + 9 + 3 = 15.
    let given = [(11, "1"), (12, "2"), (21, "4"), (22, "5/2"), (23, "5/2"), (31, "2"), (32, "1")];
    let sum = |n: &str| json!({"rule": "sum", "min_points": n});
    let each = |n: &str| json!({"rule": "each", "each_task_min_points": n});
    let both = |n: &str, m: &str| json!({"rule": "sum_and_each", "min_points": n, "each_task_min_points": m});
    for (rule, passed) in [
        (sum("15"), true),
        (sum("15.001"), false),
        (each("3"), true),
        (each("3.001"), false),
        (both("15", "3"), true),
        (both("15.001", "3"), false),
        (both("15", "3.001"), false),
    ] {
        let score = decided(rule.clone(), &given);
        assert_eq!(score.passed, passed, "{rule}");
        assert_eq!(score.total, points("15"));
        let per_task: Vec<String> = score.per_task.iter().map(|t| t.points.to_string()).collect();
        assert_eq!(per_task, ["3", "9", "3"]);
    }
    let missing = decided(sum("1"), &given[1..]);
    assert!(!missing.passed);
    assert!(matches!(&missing.reasons[0], Reason::Missing { criterion_id: CriterionId(11), .. }));
    let texts: Vec<String> = missing.reasons.iter().map(|r| r.text(Lang::Ru)).collect();
    assert_eq!(
        texts,
        [
            "Критерий «Найдены обе неисправности» не оценён.",
            "Сумма: 14 при необходимых 1, достаточно."
        ]
    );
    let failed = decided(each("3.5"), &given);
    assert_eq!(
        failed.reasons[0].text(Lang::En),
        "Task «Подготовка рабочего места»: 3 with 7/2 (3.50) needed, not enough."
    );
}

proptest! {
    /// Means and sums in whole 1/60000 of a point: thousandths of up to five experts.
    #[test]
    fn agrees_with_whole_number_arithmetic(
        given in prop::collection::vec(prop::collection::vec((0..=4_000_i64, 0..=3_i64), 1..=5), 7),
        needed in (0..=20_000_i64, 0..=5_000_i64),
    ) {
        const UNIT: i64 = 60_000;
        let mut tool = sample();
        let (min_points, each_task_min_points) =
            (Points::ratio(needed.0, 1_000).expect("points"), Points::ratio(needed.1, 1_000).expect("points"));
        tool.pass = PassRule::SumAndEach { min_points, each_task_min_points };
        let (mut agreed, mut per_task, mut given) = (BTreeMap::new(), Vec::new(), given.into_iter());
        for task in &tool.tasks {
            let mut of_task = 0;
            for criterion in &task.criteria {
                let thousandths: Vec<i64> = given
                    .next()
                    .expect("seven criteria")
                    .into_iter()
                    .map(|(measured, judged)| match criterion.kind {
                        CriterionKind::Judgement => judged * 1_000,
                        CriterionKind::Measurement => measured,
                    })
                    .collect();
                let marks: BTreeMap<PersonId, Points> = (1..)
                    .map(PersonId)
                    .zip(thousandths.iter().map(|n| Points::ratio(*n, 1_000).expect("points")))
                    .collect();
                let (low, high) = (thousandths.iter().min().expect("a mark"), thousandths.iter().max().expect("a mark"));
                let wide = i128::from(high - low) * criterion.spread.denominator() > 1_000 * criterion.spread.numerator();
                let count = i64::try_from(thousandths.len()).expect("small");
                let mean = thousandths.iter().sum::<i64>() * (UNIT / 1_000) / count;
                prop_assert_eq!(thousandths.iter().sum::<i64>() * (UNIT / 1_000) % count, 0);
                match criterion_result(criterion, &marks) {
                    CriterionResult::Agreed(p) => {
                        prop_assert!(!wide);
                        prop_assert_eq!(Some(p), Points::ratio(mean, UNIT));
                    }
                    CriterionResult::TooWide { .. } => prop_assert!(wide),
                    CriterionResult::Missing => prop_assert!(false, "there were marks"),
                }
                agreed.insert(criterion.id, Points::ratio(mean, UNIT).expect("points"));
                of_task += mean;
            }
            per_task.push(of_task);
        }
        let score = verdict(&tool, &agreed);
        let sum: i64 = per_task.iter().sum();
        prop_assert_eq!(Some(score.total), Points::ratio(sum, UNIT));
        let passed = sum >= needed.0 * 60 && per_task.iter().all(|t| *t >= needed.1 * 60);
        prop_assert_eq!(score.passed, passed);
        let json = serde_json::to_string(&score).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<PracticeScore>(&json).expect("a score"), score);
    }
}
