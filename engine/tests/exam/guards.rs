//! Limits and sound plans: what is refused before it can do harm.

use crate::rig::{CANDIDATE, Rig, issuer, materials, plan, practice_tool};
use crate::script::command;
use engine::exam::{Command, Exam, ExamClass, Materials, Phase, Plan, Rejection};
use engine::{Hash, Moment, PersonId, Span, WireId};
use serde_json::json;

/// Most records, as `decide` has it.
const RECORDS_MAX: u64 = 20_000;

fn refused(plan: Plan) -> &'static str {
    match Exam::decide_plan(&issuer("operator"), plan) {
        Err(Rejection::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plan_that_does_not_hold_is_refused() {
    let sound = || plan(ExamClass::TheoryPractice, 4, 3, &materials(ExamClass::TheoryPractice));
    let with = |change: &dyn Fn(&mut Plan)| {
        let mut plan = sound();
        change(&mut plan);
        refused(plan)
    };
    assert!(Exam::decide_plan(&issuer("operator"), sound()).is_ok());
    assert_eq!(with(&|p| p.ends_at = p.begins_at), "ends_at");
    assert_eq!(with(&|p| p.begins_at = Moment(i64::MIN)), "begins_at");
    assert_eq!(with(&|p| p.ends_at = Moment(i64::MAX)), "begins_at");
    assert_eq!(with(&|p| p.wire_id = WireId(1 << 53)), "id");
    assert_eq!(with(&|p| p.candidate.person = PersonId(u64::MAX)), "id");
    assert_eq!(with(&|p| p.panel[1].person = PersonId(1)), "panel");
    assert_eq!(with(&|p| p.panel[1].person = CANDIDATE), "panel");
    assert_eq!(with(&|p| p.panel[1].role = engine::exam::PanelRole::Chair), "panel");
    assert_eq!(with(&|p| p.panel[0].role = engine::exam::PanelRole::Expert), "panel");
    assert_eq!(with(&|p| p.panel.truncate(2)), "panel");
    assert_eq!(with(&|p| p.quorum = 2), "quorum");
    assert_eq!(with(&|p| p.quorum = 5), "panel");
    assert_eq!(with(&|p| p.tool = None), "tool");
    assert_eq!(with(&|p| p.class = ExamClass::Theory), "practice");
    assert_eq!(with(&|p| p.room = "я".repeat(4_001)), "title");
    assert_eq!(with(&|p| p.panel[0].name = "я".repeat(4_001)), "title");
    assert_eq!(
        with(&|p| {
            let mut blueprint = engine::Blueprint::of(&crate::rig::theory_tool());
            blueprint.tool_hash = Hash([1; 32]);
            p.blueprint = Some(blueprint);
        }),
        "blueprint"
    );
    for who in ["chair", "candidate", "observer", "council", "system"] {
        assert_eq!(
            Exam::decide_plan(&issuer(who), sound()).map_err(|e| e.code()),
            Err("not_allowed"),
            "{who}"
        );
    }
}

/// The practice tool may ask for more experts than the exam does.
#[test]
fn the_tools_quorum_counts_for_marks() {
    let with_quorum = |quorum: u32, panel: usize| {
        let tool = practice_tool(|d| d["practice"]["quorum"] = json!(quorum));
        let materials = Materials { practice: Some(tool), tool: None };
        let mut rig = Rig::with(plan(ExamClass::Practice, panel, 3, &materials), materials);
        rig.now = crate::rig::at(9, 0, 0);
        rig
    };
    let refused = with_quorum(5, 4).act(&issuer("operator"), &Command::Open {});
    assert!(matches!(refused, Err(Rejection::Invalid { field: "panel", .. })), "{refused:?}");
    let mut rig = with_quorum(4, 4);
    rig.must("operator", Command::Open {});
    for who in ["chair", "expert1", "expert2"] {
        rig.must(who, Command::Arrive {});
    }
    rig.must("chair", Command::ConfirmIdentity {});
    let refused = rig.act(&issuer("chair"), &Command::StartPractice {});
    assert_eq!(refused, Err(Rejection::NoQuorum { present: 3, needed: 4 }));
    rig.must("tech", Command::Arrive {});
    rig.must("chair", Command::StartPractice {});
    rig.full_marks();
    assert_eq!(rig.exam.phase, Phase::PracticeScored);
    // Three may still vote: that is the exam's own quorum.
    rig.must("tech", Command::Leave { reason: "поезд".into() });
    for who in ["chair", "expert1", "expert2"] {
        rig.must(who, Command::VoteVerdict { passed: true, reason: None });
    }
    assert_eq!(rig.exam.phase, Phase::ProtocolDraft);
}

/// A stream that is full takes nothing more than what ends its exam.
#[test]
fn a_full_stream_can_still_be_ended() {
    for phase in Phase::ALL.into_iter().filter(|p| !p.is_final()) {
        let mut rig = Rig::in_phase(phase);
        rig.exam.seq = RECORDS_MAX;
        rig.head.seq = RECORDS_MAX;
        rig.now = rig.now + Span::minutes(1);
        let note = command(json!({"type": "add_comment", "category": "other", "text": "ещё"}));
        assert_eq!(rig.act(&issuer("chair"), &note), Err(Rejection::Limit("records of an exam")));
        end_full(&mut rig);
        assert!(rig.exam.phase.is_final(), "{phase:?} led to {:?}", rig.exam.phase);
        assert!(rig.exam.seq < RECORDS_MAX + 40, "{}", rig.exam.seq);
    }
}

/// The shortest end from wherever it stands.
fn end_full(rig: &mut Rig) {
    let why = || "полно".to_owned();
    match rig.exam.phase {
        Phase::Planned | Phase::Synced | Phase::Gathering => {
            rig.must("operator", Command::Cancel { reason: why() });
        }
        Phase::Suspended => drop(rig.must("chair", Command::Abort { reason: why() })),
        Phase::Ready | Phase::TheoryRunning | Phase::TheoryScored | Phase::PracticeAdmitted => {
            rig.must("expert1", Command::Suspend { reason: why() });
            rig.must("chair", Command::Abort { reason: why() });
        }
        Phase::FailedTheory => {
            rig.must("chair", Command::ConfirmTheory {});
            end_full(rig);
        }
        Phase::PracticeRunning => {
            rig.must("chair", Command::ClosePractice { reason: why() });
            end_full(rig);
        }
        Phase::PracticeScored => {
            let vote = |n| Command::VoteVerdict { passed: false, reason: Some(format!("{n}")) };
            rig.must("expert1", vote(1));
            // Nobody may change their mind for ever.
            assert_eq!(rig.act(&issuer("expert1"), &vote(2)).map_err(|e| e.code()), Err("limit"));
            rig.must("expert2", vote(1));
            rig.must("chair", vote(1));
            end_full(rig);
        }
        Phase::ProtocolDraft => {
            for who in ["expert1", "expert2", "chair"] {
                rig.must(who, Command::SignProtocol { dissent: None });
            }
        }
        Phase::Completed | Phase::Aborted | Phase::Cancelled | Phase::NoShow => {}
    }
}

#[test]
fn texts_have_their_limits() {
    let rig = Rig::in_phase(Phase::TheoryRunning);
    let suspend = |reason: String| {
        rig.decide(&issuer("chair"), &Command::Suspend { reason }).map_err(|e| e.code())
    };
    assert_eq!(suspend("  \n ".into()), Err("invalid"));
    assert_eq!(suspend("я".repeat(4_001)), Err("invalid"));
    assert!(suspend("я".repeat(4_000)).is_ok());
}

/// A legacy client's data is kept only as far as it can be stored, hashed and read unchanged.
#[test]
fn free_form_data_is_kept_exactly_or_refused() {
    let mut rig = Rig::in_phase(Phase::PracticeRunning);
    let mut note = |data: serde_json::Value| {
        let note = Command::NoteAction { a_type: "note".into(), data };
        rig.act(&issuer("expert1"), &note).map(|_| ()).map_err(|e| e.code())
    };
    for kept in [json!(null), json!(0.1), json!(-1.5e300), json!((1_i64 << 53) - 1), json!("я")] {
        assert_eq!(note(kept.clone()), Ok(()), "{kept}");
    }
    for lost in [json!(1_i64 << 53), json!(u64::MAX), json!(-(1_i64 << 53))] {
        assert_eq!(note(lost.clone()), Err("invalid"), "{lost}");
    }
    let nested =
        |depth| (0..depth).fold(json!(1), |inner, _| serde_json::Value::Array(vec![inner]));
    assert_eq!(note(nested(32)), Ok(()));
    assert_eq!(note(nested(33)), Err("invalid"));
    assert_eq!(note(nested(1_000)), Err("invalid"));
    assert_eq!(note(json!("я".repeat(8_193))), Err("invalid"));
    let long = Command::NoteAction { a_type: "a".repeat(65), data: json!(null) };
    assert_eq!(rig.act(&issuer("expert1"), &long).map_err(|e| e.code()), Err("invalid"));
}

#[test]
fn notes_have_their_limit() {
    let mut rig = Rig::in_phase(Phase::Gathering);
    let comment = command(json!({"type": "add_comment", "category": "other", "text": "ещё"}));
    let text = "было".to_owned();
    for seq in 0..1_000 {
        let (category, at) = (engine::exam::Category::Other, rig.now);
        let comment = engine::exam::Comment { category, text: text.clone(), at, by: None };
        rig.exam.comments.insert(1_000_000 + seq, comment);
    }
    assert_eq!(rig.act(&issuer("chair"), &comment).map_err(|e| e.code()), Err("limit"));
}

/// Whoever replays an exam without its tool is told which one is missing.
#[test]
fn an_exam_whose_tool_is_missing_is_not_opened() {
    let materials = materials(ExamClass::TheoryPractice);
    let plan = plan(ExamClass::TheoryPractice, 3, 3, &materials);
    for (tool, practice, said) in [
        (None, materials.practice.clone(), "unknown theory tool: import it first"),
        (materials.tool.clone(), None, "unknown practice tool: import it first"),
    ] {
        let mut rig = Rig::with(plan.clone(), Materials { tool, practice });
        rig.now = crate::rig::at(9, 0, 0);
        let refused = rig.act(&issuer("operator"), &Command::Open {});
        assert_eq!(refused.map_err(|e| e.to_string()), Err(said.to_owned()));
    }
}
