use super::*;
use crate::Draws;
use engine::{Hash, Moment};
use gateway::wire::server::{DigFrame, EvFrame, ServerFrame, SnapFrame, SubFrame};
use serde_json::{Value, json};

const EXAM: &str = "exam:42";

fn sub(recovered: bool, epoch: &str, seq: u64) -> SubFrame {
    SubFrame { id: None, s: EXAM.into(), recovered, epoch: epoch.into(), seq }
}

fn snap(seq: u64, state: Value) -> SnapFrame {
    let hash = Hash::default();
    SnapFrame { s: EXAM.into(), epoch: "e".into(), seq, hash, v: 1, state }
}

fn ev(seq: u64, d: Value) -> EvFrame {
    EvFrame {
        s: EXAM.into(),
        seq,
        at: Moment(0),
        kind: "noted".into(),
        v: 1,
        by: None,
        d: Some(d),
        h: Hash::of(&[&seq.to_be_bytes()]),
    }
}

fn dig(seq: u64, state: &Value) -> DigFrame {
    DigFrame { s: EXAM.into(), seq, d: Hash::of_json(state).short() }
}

/// A copy that follows from number 1.
fn following() -> Fold {
    let mut fold = Fold::default();
    fold.sub(&sub(false, "e", 1));
    fold.snap(&snap(1, json!({"n": 1})));
    fold
}

#[test]
fn steps_are_folded_once_and_in_order() {
    let mut fold = following();
    assert!(!fold.step(&ev(2, json!({"n": 2, "m": {"a": 1, "b": 2}}))));
    assert!(!fold.step(&ev(2, json!({"n": 99}))), "known already");
    assert!(!fold.step(&ev(3, json!({"m": {"a": null}}))));
    let state = json!({"n": 2, "m": {"b": 2}});
    assert_eq!(fold.state.as_ref(), Some(&state));
    assert!(!fold.dig(&dig(3, &state)));
    assert_eq!((fold.tally.applied, fold.tally.stale, fold.tally.agreed), (2, 1, 1));
    assert_eq!(fold.tally.violations, Vec::<String>::new());
}

#[test]
fn a_gap_is_named_and_nothing_is_folded_until_the_snapshot() {
    let mut fold = following();
    assert!(fold.step(&ev(3, json!({"n": 3}))), "asks for a snapshot");
    assert!(!fold.step(&ev(4, json!({"n": 4}))), "asks once");
    assert_eq!((fold.seq, fold.tally.gaps), (1, 1));
    fold.sub(&sub(false, "e", 5));
    fold.snap(&snap(5, json!({"n": 5})));
    assert!(!fold.step(&ev(6, json!({"n": 6}))));
    assert_eq!(fold.seq, 6);
    // A digest beyond the copy is a gap too.
    assert!(fold.dig(&dig(9, &json!({}))));
    assert_eq!(fold.tally.gaps, 2);
}

/// What a violation is called, and how it comes about.
type Breach = (&'static str, fn(&mut Fold));

#[test]
fn what_the_server_may_not_do_is_noted() {
    let cases: [Breach; 6] = [
        ("does not have", |f| {
            f.state = None;
            f.sub(&sub(true, "e", 1));
        }),
        ("over epochs", |f| f.sub(&sub(true, "other", 1))),
        ("behind", |f| f.sub(&sub(true, "e", 0))),
        ("null", |f| f.snap(&snap(2, json!({"n": null})))),
        ("is another", |f| assert!(f.dig(&dig(1, &json!({"n": 2}))))),
        ("sealed", |f| assert!(!f.step(&EvFrame { kind: "sealed".into(), ..ev(2, json!({})) }))),
    ];
    for (expected, breach) in cases {
        let mut fold = following();
        breach(&mut fold);
        let found = &fold.tally.violations;
        assert!(found.iter().any(|v| v.contains(expected)), "{expected}: {found:?}");
    }
}

/// A stream of steps over a bad line: the strict copy names every gap and ends right; one that
/// ignores gaps ends wrong, so that the comparison of digests is seen to work.
#[test]
fn a_bad_line_is_noticed_by_the_strict_copy_alone() {
    let mut wrong = 0;
    for seed in 0..50 {
        let (mut strict, mut careless) = (following(), following());
        careless.ignores_gaps = true;
        let mut mangle = Mangle::new(Draws::new(seed));
        let mut state = json!({"n": 1});
        for seq in 2..200 {
            let key = (seq % 7).to_string();
            state[&key] = json!(seq);
            for arrived in mangle.pass(ServerFrame::Ev(ev(seq, json!({key: seq})))) {
                let ServerFrame::Ev(step) = arrived else { continue };
                careless.step(&step);
                if strict.step(&step) {
                    strict.sub(&sub(false, "e", seq));
                    strict.snap(&snap(seq, state.clone()));
                }
            }
        }
        if strict.dig(&dig(199, &state)) {
            strict.snap(&snap(199, state.clone()));
        }
        let digest = Hash::of_json(&state).short();
        assert_eq!((strict.digest(), &strict.tally.violations), (digest.clone(), &Vec::new()));
        wrong += u32::from(careless.digest() != digest);
    }
    assert!(wrong > 10, "only {wrong} careless copies of 50 ended wrong: the line is too good");
}
