//! Exports: sound ones verify, and whatever was changed in one is noticed and named.

use crate::replay::finish;
use crate::rig::{Rig, kinds, materials, plan};
use engine::chain::{ChainFault, Head};
use engine::exam::export::{Export, ExportFault, FORMAT};
use engine::exam::{Command, ExamClass, FoldError, Phase};
use engine::{Hash, Record, Span};
use proptest::prelude::*;
use serde_json::Value;

/// The export of a finished exam.
pub fn export(rig: &Rig) -> Export {
    Export::new(rig.records.clone(), rig.materials.clone()).expect("a finished exam")
}

fn completed() -> Export {
    export(&Rig::in_phase(Phase::Completed))
}

/// Reads and checks a document as an outsider would: the words of what is wrong with it.
fn complaint(document: &Value) -> Option<String> {
    match serde_json::from_value::<Export>(document.clone()) {
        Err(error) => Some(format!("unreadable: {error}")),
        Ok(export) => export.verify().err().map(|fault| fault.to_string()),
    }
}

/// Every place in a document that holds a plain value, as a JSON pointer.
fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(k, v)| leaves(v, &format!("{at}/{k}"), out));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), out));
        }
        _ => out.push(at.to_owned()),
    }
}

/// Another value of the same sort.
fn changed(value: &Value) -> Value {
    match value {
        Value::Null => Value::from("было пусто"),
        Value::Bool(b) => Value::from(!b),
        Value::Number(n) => n.as_i64().map_or(Value::from(1), |n| Value::from(n + 1)),
        Value::String(s) => {
            // Hexadecimal stays hexadecimal, words stay words.
            let last = s.chars().last();
            let other = if last == Some('0') { '1' } else { '0' };
            Value::from(
                s.chars().take(s.chars().count().max(1) - 1).chain([other]).collect::<String>(),
            )
        }
        other => other.clone(),
    }
}

/// What the complaint about a change at this place must speak of.
fn named(place: &str, complaint: &str) -> bool {
    let mut parts = place.split('/').skip(1);
    let part = parts.next().unwrap_or_default();
    match part {
        "records" => {
            let seq: u64 = parts.next().and_then(|n| n.parse().ok()).map_or(0, |n: u64| n + 1);
            complaint.contains(&format!("record {seq}"))
                || complaint.contains(&format!("where {seq} was expected"))
                || complaint.starts_with("unreadable")
        }
        "state_hash" => complaint.contains("state") || complaint.starts_with("unreadable"),
        part => complaint.contains(part) || complaint.starts_with("unreadable"),
    }
}

fn changed_at(document: &Value, place: &str) -> Value {
    let mut other = document.clone();
    let leaf = other.pointer_mut(place).expect("a place of the document");
    *leaf = changed(leaf);
    other
}

#[test]
fn every_ending_exports_soundly_and_nothing_else_does() {
    for phase in Phase::ALL {
        let rig = Rig::in_phase(phase);
        let export = Export::new(rig.records.clone(), rig.materials.clone());
        if !phase.is_final() {
            assert_eq!(export, Err(ExportFault::NotEnded(phase)));
            continue;
        }
        let export = export.expect("an ended exam");
        let text = serde_json::to_string(&export).expect("JSON");
        let read: Export = serde_json::from_str(&text).expect("read back");
        assert_eq!(read, export);
        let exam = read.verify().expect("sound");
        assert_eq!((exam.phase, exam.state_hash()), (phase, rig.exam.state_hash()));
        assert_eq!(export.head, rig.head.hash);
    }
}

/// Every single value of a short exam's export, one after another.
#[test]
fn whatever_is_changed_is_noticed_and_named() {
    let rig = Rig::in_phase(Phase::NoShow);
    let document = serde_json::to_value(export(&rig)).expect("JSON");
    let mut places = Vec::new();
    leaves(&document, "", &mut places);
    assert!(places.len() > 300, "{}", places.len());
    for place in places {
        let complaint = complaint(&changed_at(&document, &place));
        let complaint = complaint.unwrap_or_else(|| panic!("nobody noticed a change of {place}"));
        assert!(named(&place, &complaint), "a change of {place}: {complaint}");
    }
}

#[test]
fn whatever_is_left_out_is_noticed() {
    let document = serde_json::to_value(completed()).expect("JSON");
    for (key, _) in document.as_object().expect("an object") {
        let mut other = document.clone();
        other.as_object_mut().expect("an object").remove(key);
        let complaint = complaint(&other).unwrap_or_else(|| panic!("nobody missed {key}"));
        assert!(complaint.contains(key.as_str()), "without {key}: {complaint}");
    }
}

#[test]
fn records_cannot_be_dropped_doubled_or_moved() {
    let sound = completed();
    let with = |change: &dyn Fn(&mut Vec<Record>)| {
        let mut export = sound.clone();
        change(&mut export.records);
        export.verify().expect_err("a changed journal")
    };
    let n = sound.records.len();
    let gap = |expected, found| ExportFault::Chain(ChainFault::Gap { expected, found });
    assert_eq!(with(&|r| drop(r.remove(3))), gap(4, 5));
    assert_eq!(with(&|r| r.insert(3, r[3].clone())), gap(5, 4));
    assert_eq!(with(&|r| r.swap(3, 4)), gap(4, 5));
    assert_eq!(with(&Vec::clear), ExportFault::Fold(FoldError::Empty));
    let cut = with(&|r| r.truncate(n - 1));
    assert!(matches!(cut, ExportFault::Differs { what: "head", .. }), "{cut}");
    let other = Rig::with(
        plan(ExamClass::Theory, 3, 3, &materials(ExamClass::Theory)),
        materials(ExamClass::Theory),
    );
    let foreign = with(&|r| {
        r[1].stream = engine::StreamId(uuid::Uuid::from_u128(7));
        r[1] = r[1].clone().sealed();
    });
    assert_eq!(foreign, ExportFault::Chain(ChainFault::Foreign(2)));
    let swapped = with(&|r| r[0] = other.records[0].clone());
    assert_eq!(swapped, ExportFault::Chain(ChainFault::Broken(2)));
}

/// Chains the records anew after a change, and makes the document agree with them.
fn forged(change: impl Fn(&mut Record)) -> Export {
    let mut export = completed();
    let mut head = Head::default();
    for record in &mut export.records {
        change(record);
        record.prev = head.hash;
        *record = record.clone().sealed();
        head = Head::of(record);
    }
    export.head = head.hash;
    let rig = Rig::in_phase(Phase::Completed);
    let exam = engine::Exam::fold(&export.records, rig.materials).expect("folds");
    export.state_hash = exam.state_hash();
    export.form = exam.theory.form.as_deref().cloned();
    export
}

/// A forger who chains everything anew is still caught where the records contradict themselves.
#[test]
fn a_forged_score_seed_or_answer_contradicts_the_rest() {
    let what = |export: &Export| match export.verify() {
        Err(ExportFault::Differs { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert!(forged(|_| {}).verify().is_ok(), "the forger's tools work");
    let score = forged(|r| {
        if r.kind == "theory_scored" {
            r.d["score"] = Value::from("99");
        }
    });
    assert_eq!(what(&score), "theory score");
    let answer = forged(|r| {
        if r.kind == "answer_saved" && r.d["answer"]["type"] == "ordering" {
            r.d["answer"]["order"].as_array_mut().expect("a list").reverse();
        } else if r.kind == "answer_saved" && r.d["answer"]["type"] == "choice" {
            r.d["answer"]["chosen"] = serde_json::json!([]);
        }
    });
    assert_eq!(what(&answer), "theory score");
    let total = forged(|r| {
        if r.kind == "practice_scored" {
            r.d["total"] = Value::from("19");
        }
    });
    assert_eq!(what(&total), "practice score");
    let seed = forged(|r| {
        if r.kind == "form_committed" {
            r.d["seed"] = Value::from(Hash([1; 32]).to_string());
        }
    });
    assert_eq!(what(&seed), "form");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A random value of a long exam's export.
    #[test]
    fn a_change_anywhere_in_a_long_exam_is_named(n in any::<prop::sample::Index>()) {
        let mut rig = Rig::in_phase(Phase::PracticeRunning);
        rig.now = rig.now + Span::minutes(3);
        rig.must("chair", Command::Suspend { reason: "перерыв".into() });
        finish(&mut rig);
        prop_assert!(kinds(&rig.events).len() > 20);
        let document = serde_json::to_value(export(&rig)).expect("JSON");
        let mut places = Vec::new();
        leaves(&document, "", &mut places);
        let place = n.get(&places);
        let complaint = complaint(&changed_at(&document, place));
        prop_assert!(complaint.is_some(), "nobody noticed a change of {}", place);
        let complaint = complaint.unwrap_or_default();
        prop_assert!(named(place, &complaint), "a change of {}: {}", place, complaint);
    }
}

/// A verifier that forgets a check would be found out by the tests above.
#[test]
fn a_blind_verifier_is_noticed() {
    let mut export = completed();
    export.outcome = None;
    export.format = "nsk-exam-export/2".into();
    let blind = engine::chain::verify(&export.records).is_ok();
    assert!(blind, "the chain alone does not see it");
    assert!(export.verify().is_err());
    assert_eq!(FORMAT, "nsk-exam-export/1");
}
