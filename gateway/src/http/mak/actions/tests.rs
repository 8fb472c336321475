//! Which command an action becomes, and which faults a wrong one has.

use super::*;
use engine::Moment;

fn place(value: &str, refers_at: Option<i64>) -> Command {
    Command::PlaceMark {
        task: TaskId(1),
        criterion: CriterionId(11),
        value: value.parse().expect("points"),
        refers_at: refers_at.map(Moment),
    }
}

#[test]
fn known_types_become_their_commands() {
    let text = || "искрит розетка".to_owned();
    let (category, severity) = (Category::Other, Severity::Notice);
    for (a_type, data, expected) in [
        ("mark", json!({"task": 1, "criterion": 11, "value": 2}), place("2", None)),
        ("mark", json!({"task": "1", "criterion": "11", "value": "5/2"}), place("5/2", None)),
        (
            "mark",
            json!({"task": 1, "criterion": 11, "value": 2.5, "refers_at": 7}),
            place("5/2", Some(7)),
        ),
        (
            "mark",
            json!({"task": 1, "criterion": 11, "value": 0, "refers_at": "2022-02-03T16:31:16"}),
            place("0", Some(1_643_905_876_000)),
        ),
        ("lock", json!({"task": 3, "cmd": "x"}), Command::LockTask { task: TaskId(3) }),
        ("comment", json!({"text": text()}), Command::AddComment { category, text: text() }),
        (
            "incident",
            json!({"text": text()}),
            Command::ReportIncident { category, severity, text: text() },
        ),
        (
            "incident",
            json!({"text": text(), "category": "safety", "severity": "critical"}),
            Command::ReportIncident {
                category: Category::Safety,
                severity: Severity::Critical,
                text: text(),
            },
        ),
        ("vote", json!({"passed": true}), Command::VoteVerdict { passed: true, reason: None }),
        ("sign", json!({}), Command::SignProtocol { dissent: None }),
        ("arrive", json!({}), Command::Arrive {}),
        ("identity", json!([1]), Command::ConfirmIdentity {}),
        (
            "tool_handed_out",
            json!([1, {"x": null}]),
            Command::NoteAction { a_type: "tool_handed_out".into(), data: json!([1, {"x": null}]) },
        ),
    ] {
        assert_eq!(command(a_type, data.clone()), Ok(expected), "{a_type} {data}");
    }
}

#[test]
fn faults_have_their_places() {
    for (a_type, data, expected) in [
        (
            "mark",
            json!({}),
            vec![
                ("task", "value_error.missing"),
                ("criterion", "value_error.missing"),
                ("value", "value_error.missing"),
            ],
        ),
        (
            "mark",
            json!({"task": "x", "criterion": 1.5, "value": [], "refers_at": "soon"}),
            vec![
                ("task", "type_error.integer"),
                ("criterion", "type_error.integer"),
                ("value", "type_error.decimal"),
                ("refers_at", "value_error.datetime"),
            ],
        ),
        ("mark", json!([]), vec![("", "type_error.dict")]),
        ("lock", json!({"task": -1}), vec![("task", "type_error.integer")]),
        ("comment", json!({}), vec![("text", "value_error.missing")]),
        ("vote", json!({"passed": 1}), vec![("", "type_error")]),
        ("incident", json!({"text": "x", "severity": "mild"}), vec![("", "type_error")]),
    ] {
        let faults = command(a_type, data.clone()).expect_err(a_type);
        let found: Vec<_> = faults
            .list()
            .iter()
            .map(|f| (f.loc.get(2).map_or("", String::as_str), f.kind.as_str()))
            .collect();
        assert_eq!(found, expected, "{a_type} {data}");
        assert!(faults.list().iter().all(|f| f.loc[..2] == ["body", "data"]));
    }
}

#[test]
fn a_missing_field_is_written_as_documented() {
    let mut faults = Faults::default();
    faults.missing(&["body", "a_type"]);
    let text = serde_json::to_string(faults.list()).expect("JSON");
    let expected =
        r#"[{"loc":["body","a_type"],"msg":"field required","type":"value_error.missing"}]"#;
    assert_eq!(text, expected);
}

#[test]
fn refusals_by_the_rules_are_faults_of_the_data() {
    let rejection = engine::exam::Rejection::AlreadyLocked;
    let MakError::Faults(faults) = refused(SubmitError::Rejected(rejection)) else {
        panic!("a fault");
    };
    assert_eq!(faults.list()[0].kind, "value_error.already_locked");
    assert_eq!(faults.list()[0].loc, ["body", "data"]);
    assert!(matches!(refused(SubmitError::Busy), MakError::Api(e) if e.temporary));
}

#[test]
fn data_in_a_form_is_json_when_it_can_be() {
    assert_eq!(data_of(None), json!({}));
    assert_eq!(data_of(Some(json!("{\"task\":1}"))), json!({"task": 1}));
    assert_eq!(data_of(Some(json!("двадцать"))), json!("двадцать"));
    assert_eq!(data_of(Some(json!([1]))), json!([1]));
}

#[test]
fn a_client_may_name_its_command() {
    let cmd = "01930f2a-7c1e-7b3a-9d52-5f7f0c1e2a3b";
    let given = given_command(&json!({ "cmd": cmd })).expect("a uuid").expect("given");
    assert_eq!(given.to_string(), cmd);
    assert_eq!(given_command(&json!({})), Ok(None));
    assert!(given_command(&json!({"cmd": 5})).is_err());
}
