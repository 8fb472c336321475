//! Views: what each role sees, and that what travels as patches adds up to it.

use crate::random::{begun, course, play};
use crate::rig::{CANDIDATE, PANEL, Rig, changed_tool, materials, person, plan, practice_tool};
use engine::exam::view::{Audience, to_json};
use engine::exam::{Command, Event, Exam, ExamClass, Materials, Phase, Stamp};
use engine::patch;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// Everybody who may look.
pub fn audiences() -> Vec<Audience> {
    let experts = PANEL.iter().map(|(_, p, _)| Audience::Expert(*p));
    [Audience::Staff, Audience::Candidate].into_iter().chain(experts).collect()
}

/// Where a document holds a `null`.
fn nulls(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Null => out.push(at.to_owned()),
        Value::Object(fields) => {
            fields.iter().for_each(|(k, v)| nulls(v, &format!("{at}/{k}"), out))
        }
        Value::Array(items) => items.iter().for_each(|v| nulls(v, &format!("{at}[]"), out)),
        _ => {}
    }
}

fn without_nulls(view: &Value) {
    let mut found = Vec::new();
    nulls(view, "", &mut found);
    assert!(found.is_empty(), "a view holds null at {found:?}");
}

/// Patches event by event, as a live client folds them.
struct Follower {
    audience: Audience,
    state: Value,
}

impl Follower {
    fn follow(&mut self, exam: &Exam) {
        let view = to_json(&exam.view(self.audience));
        without_nulls(&view);
        if let Some(change) = patch::diff(&self.state, &view) {
            patch::merge(&mut self.state, &change);
        }
        assert_eq!(self.state, view, "{:?} after {}", self.audience, exam.seq);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn patches_add_up_to_the_view(mut rig in begun(), steps in course(60)) {
        let start = |audience| Follower { audience, state: to_json(&rig.exam.view(audience)) };
        let mut followers: Vec<_> = audiences().into_iter().map(start).collect();
        let mut exam = rig.exam.clone();
        let mut row = to_json(&exam.board_row());
        for step in &steps {
            let known = rig.records.len();
            play(&mut rig, step);
            for record in &rig.records[known..] {
                exam.apply(Stamp::of(record), &Event::from_record(record).expect("readable"));
                followers.iter_mut().for_each(|f| f.follow(&exam));
                let next = to_json(&exam.board_row());
                without_nulls(&next);
                if let Some(change) = patch::diff(&row, &next) {
                    patch::merge(&mut row, &change);
                }
                prop_assert_eq!(&row, &next);
            }
        }
    }
}

/// An event that changes nothing for somebody sends them nothing but its number.
#[test]
fn a_mark_changes_no_view_but_that_of_its_expert() {
    let mut rig = Rig::in_phase(Phase::PracticeRunning);
    let view = |rig: &Rig, a| to_json(&rig.exam.view(a));
    let before: Vec<_> = audiences().iter().map(|a| view(&rig, *a)).collect();
    let (task, criterion) = (engine::TaskId(1), engine::CriterionId(11));
    let value = engine::Points::whole(1);
    rig.must("expert1", Command::PlaceMark { task, criterion, value, refers_at: None });
    for (audience, before) in audiences().into_iter().zip(before) {
        let same = before == view(&rig, audience);
        assert_eq!(same, audience != Audience::Expert(person("expert1")), "{audience:?}");
    }
}

/// Words that stand in no question a candidate sees: keys, notes, and gaps with their answers.
const SECRET: [&str; 2] = ["ЗАМЕТКА-СОСТАВИТЕЛЯ", "ВЕРНЫЙ-ОТВЕТ"];

/// The demo's tool with secrets planted in every note and every gap.
fn telling_tool() -> Materials {
    let tool = changed_tool(|document| {
        let parts = ["zn", "um"].into_iter().flat_map(|part| {
            document[part].as_array().map_or(0, Vec::len).checked_sub(0).map(|n| (part, n))
        });
        for (part, n) in parts.collect::<Vec<_>>() {
            for topic in 0..n {
                let blocks = document[part][topic]["blocs"].as_array_mut().expect("blocks");
                let quests =
                    blocks.iter_mut().flat_map(|b| b["quests"].as_array_mut().expect("quests"));
                for quest in quests {
                    quest["note"] = Value::from(SECRET[0]);
                    let text = quest["text"].as_str().unwrap_or_default();
                    if let (Some(open), Some(close)) = (text.find('{'), text.rfind('}')) {
                        let text =
                            format!("{}{{{}}}{}", &text[..open], SECRET[1], &text[close + 1..]);
                        quest["text"] = Value::from(text);
                    }
                }
            }
        }
    });
    Materials { tool: Some(tool), practice: Some(practice_tool(|_| {})) }
}

fn running(materials: Materials) -> Rig {
    let plan = plan(ExamClass::TheoryPractice, 3, 3, &materials);
    let mut rig = Rig::with(plan, materials);
    rig.now = crate::rig::at(9, 0, 0);
    rig.must("operator", Command::Open {});
    for who in ["chair", "expert1", "expert2"] {
        rig.must(who, Command::Arrive {});
    }
    rig.must("chair", Command::ConfirmIdentity {});
    rig.must("chair", Command::StartTheory {});
    rig
}

/// Every key under which something stands in a document.
fn keys(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if !key.bytes().all(|b| b.is_ascii_digit()) {
                    out.insert(key.clone());
                }
                keys(value, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|v| keys(v, out)),
        _ => {}
    }
}

/// What is wrong with a candidate's view while the test runs.
fn telling(view: &Value, rig: &Rig) -> Vec<String> {
    let text = view.to_string();
    let seed = rig.exam.theory.seed.as_ref().map(engine::Seed::reveal).unwrap_or_default();
    let mut found: Vec<String> =
        SECRET.iter().filter(|s| text.contains(*s)).map(|s| (*s).to_owned()).collect();
    if !rig.exam.theory.revealed && text.contains(&seed) {
        found.push("the seed".into());
    }
    let mut seen = BTreeSet::new();
    keys(&view["theory"]["form"], &mut seen);
    let known = [
        "question_id",
        "number",
        "points",
        "kind",
        "multiple",
        "text",
        "img",
        "variants",
        "lefts",
        "rights",
        "segments",
        "id",
        "type",
        "index",
    ];
    found.extend(seen.into_iter().filter(|k| !known.contains(&k.as_str())));
    let form = view["theory"]["form"].to_string();
    let braces =
        form.matches('{').count() != form.matches("{\"").count() + form.matches("{}").count();
    if braces {
        found.push("a brace in a text".into());
    }
    found
}

#[test]
fn a_candidate_sees_the_questions_and_nothing_that_answers_them() {
    let rig = running(telling_tool());
    let view = to_json(&rig.exam.view(Audience::Candidate));
    assert_eq!(view["theory"]["form"].as_object().map(serde_json::Map::len), Some(5));
    assert_eq!(telling(&view, &rig), Vec::<String>::new());
    for audience in audiences() {
        let text = to_json(&rig.exam.view(audience)).to_string();
        let seed = rig.exam.theory.seed.as_ref().map(engine::Seed::reveal).unwrap_or_default();
        assert!(!text.contains(&seed), "{audience:?} sees the seed");
        assert!(SECRET.iter().all(|s| !text.contains(s)), "{audience:?} sees a secret");
        let questions = text.contains("question_id");
        assert_eq!(questions, audience == Audience::Candidate, "{audience:?} and the questions");
    }
}

/// Negative control: each sort of leak is found by the same check.
#[test]
fn a_view_that_tells_is_noticed() {
    let rig = running(telling_tool());
    let sound = to_json(&rig.exam.view(Audience::Candidate));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut view = sound.clone();
        change(&mut view);
        telling(&view, &rig)
    };
    let tool = serde_json::to_value(rig.exam.tool()).expect("JSON");
    assert!(!with(&|v| v["theory"]["tool"] = tool.clone()).is_empty());
    let seed = rig.exam.theory.seed.as_ref().map(engine::Seed::reveal).unwrap_or_default();
    assert_eq!(with(&|v| v["theory"]["seed"] = Value::from(seed.clone())), ["the seed"]);
    let correct = |v: &mut Value| v["theory"]["form"]["1"]["correct"] = Value::from(true);
    assert_eq!(with(&correct), ["correct"]);
    let text = |v: &mut Value| v["theory"]["form"]["1"]["text"] = Value::from("столица: {Москва}");
    assert_eq!(with(&text), ["a brace in a text"]);
}

/// The candidate reads the questions while the test runs, and only then.
#[test]
fn the_questions_are_shown_while_the_test_runs() {
    for phase in Phase::ALL {
        let rig = Rig::in_phase(phase);
        let view = to_json(&rig.exam.view(Audience::Candidate));
        // The suspension of this way interrupts the test.
        let sits = matches!(phase, Phase::TheoryRunning | Phase::Suspended);
        assert_eq!(view["theory"].get("form").is_some(), sits, "{phase:?}");
        let revealed = view["theory"].get("seed").is_some();
        let ended = phase.is_final() && phase != Phase::Cancelled;
        // The exam of this way was called off before a form was drawn.
        assert_eq!(revealed, ended, "{phase:?}");
        without_nulls(&view);
    }
}

#[test]
fn a_candidate_sees_no_marks_no_votes_and_no_notes() {
    for phase in [Phase::PracticeScored, Phase::ProtocolDraft, Phase::Completed] {
        let view = to_json(&Rig::in_phase(phase).exam.view(Audience::Candidate));
        for key in ["verdict", "protocol"] {
            assert!(view.get(key).is_none(), "{key} in {phase:?}");
        }
        for key in ["waits", "incidents", "comments"] {
            assert_eq!(view[key], serde_json::json!({}), "{key} in {phase:?}");
        }
        for key in ["criteria", "locks", "total", "passed", "recalled", "marks"] {
            let quoted = format!("\"{key}\"");
            assert!(!view["practice"].to_string().contains(&quoted), "{key} in {phase:?}");
        }
    }
    assert!(
        to_json(&Rig::in_phase(Phase::Completed).exam.view(Audience::Candidate))
            .get("outcome")
            .is_some()
    );
}

#[test]
fn a_task_is_shown_while_practice_runs() {
    for phase in Phase::ALL {
        let rig = Rig::in_phase(phase);
        let view = to_json(&rig.exam.view(Audience::Staff));
        let task = view["practice"].get("task").is_some();
        assert_eq!(task, phase == Phase::PracticeRunning, "{phase:?}");
        assert_eq!(rig.exam.board_row().task.is_some(), task, "{phase:?}");
    }
    let mut rig = Rig::in_phase(Phase::PracticeRunning);
    rig.must("chair", Command::Suspend { reason: "перерыв".into() });
    assert!(rig.exam.board_row().task.is_some(), "a suspension of practice keeps its task");
}

#[test]
fn everybody_belongs_to_their_audience() {
    let exam = materials_exam();
    assert_eq!(exam.audience_of(CANDIDATE), Some(Audience::Candidate));
    assert_eq!(exam.audience_of(person("tech")), Some(Audience::Expert(person("tech"))));
    assert_eq!(exam.audience_of(engine::PersonId(200)), None);
}

fn materials_exam() -> Exam {
    let materials = materials(ExamClass::Theory);
    Rig::with(plan(ExamClass::Theory, 4, 3, &materials), materials).exam
}
