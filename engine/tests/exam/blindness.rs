//! Blindness: nobody sees another expert's mark before that expert has locked the task.
//!
//! Every mark of these courses is a number that occurs nowhere else, so that it can be looked for
//! in the text of every view; a second check goes by the structure of the views alone.

use crate::rig::{PANEL, Rig, issuer, materials, person, plan, practice_tool};
use crate::views::audiences;
use engine::exam::view::{Audience, to_json};
use engine::exam::{Command, Event, Exam, ExamClass, Issuer, Materials};
use engine::{CriterionId, PersonId, Points, TaskId};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Key = (TaskId, CriterionId, PersonId);

/// What has been marked and locked, as the events tell it, apart from the exam's own state.
#[derive(Default)]
struct Secrets {
    marks: BTreeMap<Key, String>,
    locked: BTreeSet<(TaskId, PersonId)>,
    /// Points that settling made public. The mean of locked marks may happen to be a number that
    /// somebody else wrote down; then its text tells nothing, and the places still must not.
    settled: BTreeSet<String>,
}

impl Secrets {
    fn note(&mut self, who: &Issuer, events: &[Event]) {
        for event in events {
            match event {
                Event::MarkPlaced { task, criterion, value, .. } => {
                    let by = who.person.expect("a person marks");
                    self.marks.insert((*task, *criterion, by), format!("\"{value}\""));
                }
                Event::TaskLocked { task, expert } => {
                    self.locked.insert((*task, *expert));
                }
                Event::SpreadExceeded { task, recalled, .. } => {
                    self.locked.retain(|(t, e)| t != task || !recalled.contains(e));
                }
                Event::TaskSettled { results, .. } => {
                    self.settled.extend(results.values().map(|mean| format!("\"{mean}\"")));
                }
                Event::PracticeScored { total, .. } => {
                    self.settled.insert(format!("\"{total}\""));
                }
                _ => {}
            }
        }
    }

    /// Whether this audience may see a mark.
    fn open(&self, audience: Audience, (task, _, by): &Key) -> bool {
        match audience {
            Audience::Candidate => false,
            Audience::Expert(me) if me == *by => true,
            Audience::Expert(_) | Audience::Staff => self.locked.contains(&(*task, *by)),
        }
    }

    /// Marks that the text of a view must not hold, and does.
    fn leaks(&self, audience: Audience, text: &str) -> Vec<Key> {
        let hidden = self.marks.iter().filter(|(key, _)| !self.open(audience, key));
        let told = hidden.filter(|(_, value)| !self.settled.contains(*value));
        told.filter(|(_, value)| text.contains(*value)).map(|(key, _)| *key).collect()
    }

    /// The same by the places at which a view holds marks, whatever their values are.
    fn misplaced(&self, audience: Audience, view: &Value) -> Vec<String> {
        let mut found = Vec::new();
        for (task, criterion, expert) in places(view) {
            let key = (TaskId(task), CriterionId(criterion), PersonId(expert));
            if !self.open(audience, &key) {
                found.push(format!("{task}/{criterion}/{expert}"));
            }
        }
        found
    }
}

/// Task, criterion and expert of every mark in a view.
fn places(view: &Value) -> Vec<(u64, u64, u64)> {
    let map = |v: &Value| v.as_object().cloned().unwrap_or_default();
    let number = |text: &String| text.parse::<u64>().expect("an id");
    let mut found = Vec::new();
    for (task, body) in map(&view["practice"]["tasks"]) {
        for (criterion, body) in map(&body["criteria"]) {
            for (expert, _) in map(&body["marks"]) {
                found.push((number(&task), number(&criterion), number(&expert)));
            }
        }
    }
    found
}

/// Only measurements in thousandths, far enough apart and close enough to be anything.
fn fine_tool(spread: i64) -> Materials {
    let tool = practice_tool(|document| {
        for task in document["tasks"].as_array_mut().expect("tasks") {
            for criterion in task["criteria"].as_array_mut().expect("criteria") {
                criterion["kind"] = json!("measurement");
                criterion["max"] = json!(900);
                criterion["spread"] = json!(spread);
            }
        }
    });
    Materials { practice: Some(tool), ..materials(ExamClass::Practice) }
}

/// A panel that marks, in the phase where it does.
fn marking(materials: Materials) -> Rig {
    let plan = plan(ExamClass::Practice, 4, 3, &materials);
    let mut rig = Rig::with(plan, materials);
    rig.now = crate::rig::at(9, 0, 0);
    rig.must("operator", Command::Open {});
    for (who, _, _) in PANEL {
        rig.must(who, Command::Arrive {});
    }
    rig.must("chair", Command::ConfirmIdentity {});
    rig.must("chair", Command::StartPractice {});
    rig
}

/// One move of the game: who, and what they do to the current task.
#[derive(Clone, Copy, Debug)]
enum Move {
    Mark(usize),
    MarkAll,
    Lock,
    Leave,
    Arrive,
    Pause,
}

fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    let what = prop_oneof![
        6 => (0..4_usize).prop_map(Move::Mark),
        4 => Just(Move::MarkAll),
        6 => Just(Move::Lock),
        1 => Just(Move::Leave),
        2 => Just(Move::Arrive),
        1 => Just(Move::Pause),
    ];
    prop::collection::vec((0..4_usize, what), 1..90)
}

/// The commands of a move; every mark is a number of its own.
fn commands(rig: &Rig, what: Move, unique: &mut i64) -> Vec<Command> {
    let why = || "причина".to_owned();
    let Some(task) = rig.exam.current_task().cloned() else { return Vec::new() };
    let mut mark = |at: usize| {
        // An odd number of thousandths that 5 does not divide stays in thousandths.
        *unique += if *unique % 10 == 3 { 4 } else { 2 };
        let value = Points::ratio(*unique, 1_000).expect("a fraction");
        let criterion = task.criteria[at % task.criteria.len()].id;
        Command::PlaceMark { task: task.id, criterion, value, refers_at: None }
    };
    match what {
        Move::Mark(at) => vec![mark(at)],
        Move::MarkAll => (0..task.criteria.len()).map(mark).collect(),
        Move::Lock => vec![Command::LockTask { task: task.id }],
        Move::Leave => vec![Command::Leave { reason: why() }],
        Move::Arrive => vec![Command::Arrive {}],
        Move::Pause => vec![Command::Suspend { reason: why() }, Command::Resume {}],
    }
}

/// Plays the moves and looks at every view after each command.
fn watch(
    rig: &mut Rig,
    moves: &[(usize, Move)],
    look: &dyn Fn(&Exam, Audience) -> Value,
) -> Vec<String> {
    let mut secrets = Secrets::default();
    let mut unique = 1_001;
    let mut found = Vec::new();
    for (who, what) in moves {
        let who = issuer(PANEL[*who].0);
        for command in commands(rig, *what, &mut unique) {
            let Ok(events) = rig.act(&who, &command) else { continue };
            secrets.note(&who, &events);
            for audience in audiences() {
                let view = look(&rig.exam, audience);
                let leaks = secrets.leaks(audience, &view.to_string());
                found.extend(leaks.iter().map(|key| format!("{audience:?} reads {key:?}")));
                let misplaced = secrets.misplaced(audience, &view);
                found.extend(misplaced.iter().map(|at| format!("{audience:?} finds {at}")));
            }
            let row = to_json(&rig.exam.board_row()).to_string();
            let leaks = secrets.leaks(Audience::Candidate, &row);
            found.extend(leaks.iter().map(|key| format!("the board tells {key:?}")));
        }
    }
    found
}

fn honest(exam: &Exam, audience: Audience) -> Value {
    to_json(&exam.view(audience))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nobody_sees_a_mark_before_its_lock(moves in moves(), wide in any::<bool>()) {
        let mut rig = marking(fine_tool(if wide { 900 } else { 0 }));
        prop_assert_eq!(watch(&mut rig, &moves, &honest), Vec::<String>::new());
    }

    /// The demo's own tool, whose opinions from 0 to 3 are no unique numbers: by structure.
    #[test]
    fn opinions_are_as_blind_as_measurements(marks in prop::collection::vec((0..4_usize, 0..7_usize, 0..4_i64), 1..60)) {
        let mut rig = marking(materials(ExamClass::Practice));
        let mut secrets = Secrets::default();
        for (who, at, value) in marks {
            let Some(task) = rig.exam.current_task().cloned() else { break };
            let who = issuer(PANEL[who].0);
            let command = match task.criteria.get(at) {
                Some(c) => {
                    let value = Points::whole(value);
                    Command::PlaceMark { task: task.id, criterion: c.id, value, refers_at: None }
                }
                None => Command::LockTask { task: task.id },
            };
            let Ok(events) = rig.act(&who, &command) else { continue };
            secrets.note(&who, &events);
            for audience in audiences() {
                let misplaced = secrets.misplaced(audience, &honest(&rig.exam, audience));
                prop_assert_eq!(misplaced, Vec::<String>::new(), "{:?}", audience);
            }
        }
    }
}

/// Each expert marks task 1 and only the first locks.
fn first_moves() -> Vec<(usize, Move)> {
    let mut moves: Vec<_> = (0..4).map(|who| (who, Move::MarkAll)).collect();
    moves.push((0, Move::Lock));
    moves
}

#[test]
fn locked_marks_are_seen_and_open_ones_are_not() {
    let mut rig = marking(fine_tool(900));
    assert_eq!(watch(&mut rig, &first_moves(), &honest), Vec::<String>::new());
    let seen = |audience| {
        let experts: BTreeSet<_> =
            places(&honest(&rig.exam, audience)).into_iter().map(|(_, _, e)| PersonId(e)).collect();
        experts.into_iter().collect::<Vec<_>>()
    };
    let chair = person("chair");
    assert_eq!(seen(Audience::Staff), [chair]);
    assert_eq!(seen(Audience::Expert(chair)), [chair]);
    assert_eq!(seen(Audience::Expert(person("expert1"))), [chair, person("expert1")]);
    assert_eq!(seen(Audience::Candidate), []);
}

/// Negative controls: views that leak in each of the ways that a mistake would make them.
#[test]
fn leaking_views_are_noticed() {
    let everything: &dyn Fn(&Exam, Audience) -> Value = &|exam, audience| {
        let mut view = honest(exam, audience);
        view["debug"] = serde_json::to_value(&exam.practice).expect("JSON");
        view
    };
    // As if one's neighbour were oneself.
    let neighbour: &dyn Fn(&Exam, Audience) -> Value = &|exam, audience| match audience {
        Audience::Expert(me) => honest(exam, Audience::Expert(PersonId(me.0 % 4 + 1))),
        other => honest(exam, other),
    };
    // As if the candidate were of the staff.
    let promoted: &dyn Fn(&Exam, Audience) -> Value = &|exam, audience| match audience {
        Audience::Candidate => honest(exam, Audience::Staff),
        other => honest(exam, other),
    };
    // As if a task were open to all once the first has locked it.
    let hasty: &dyn Fn(&Exam, Audience) -> Value = &|exam, audience| {
        let mut open = exam.clone();
        for task in open.practice.tasks.values_mut().filter(|t| !t.locks.is_empty()) {
            for (_, expert, _) in PANEL {
                task.locks.insert(expert, exam.at);
            }
        }
        honest(&open, audience)
    };
    for leaking in [everything, neighbour, promoted, hasty] {
        let mut rig = marking(fine_tool(900));
        assert!(!watch(&mut rig, &first_moves(), leaking).is_empty());
    }
}

/// The kinds of events that the others see sealed.
#[test]
fn marks_are_sealed_for_everybody_else() {
    let mark = Event::MarkPlaced {
        task: TaskId(1),
        criterion: CriterionId(11),
        value: Points::whole(1),
        refers_at: engine::Moment(0),
    };
    let (me, other) = (person("expert1"), person("expert2"));
    assert!(Audience::Expert(me).may_see(&mark, Some(me)));
    assert!(!Audience::Expert(other).may_see(&mark, Some(me)));
    assert!(!Audience::Staff.may_see(&mark, Some(me)));
    assert!(!Audience::Candidate.may_see(&mark, Some(me)));
    assert!(!Audience::Expert(me).may_see(&mark, None));
}
