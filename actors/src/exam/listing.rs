//! An exam as a row of a list.

use crate::ports::{StreamKind, Summary};
use engine::exam::Stamp;
use engine::exam::event::Event;
use engine::{Exam, Record};

/// The row by which lists show an exam.
pub(crate) fn summary(exam: &Exam) -> Summary {
    let plan = &exam.plan;
    Summary {
        kind: StreamKind::Exam,
        stream: exam.stream(),
        wire_id: Some(plan.wire_id),
        phase: exam.phase.word().to_owned(),
        begins_at: Some(plan.begins_at),
        ends_at: Some(plan.ends_at),
        candidate: Some(plan.candidate.person),
        title: plan.title.clone(),
        live: !exam.phase.is_final(),
        body: serde_json::json!({
            "room": plan.room,
            "centre": plan.centre,
            "candidate": plan.candidate.name,
            "class": plan.class,
            "qualification": plan.qualification,
            "skill_id": plan.skill_id,
            "panel": plan.panel.iter().map(|m| m.person).collect::<Vec<_>>(),
            "outcome": exam.outcome,
        }),
    }
}

/// The new row, when these events change anything that lists show.
pub(super) fn changed_summary(
    exam: &Exam,
    records: &[Record],
    events: &[Event],
) -> Option<Summary> {
    let quiet = events.iter().all(|e| {
        matches!(
            e,
            Event::AnswerSaved { .. } | Event::QuestionFlagged { .. } | Event::MarkPlaced { .. }
        )
    });
    if quiet {
        return None;
    }
    let mut after = exam.clone();
    for (record, event) in records.iter().zip(events) {
        after.apply(Stamp::of(record), event);
    }
    let listed = |e: &Exam| (e.phase, e.plan.begins_at, e.plan.ends_at, e.plan.room.clone());
    (listed(exam) != listed(&after)).then(|| summary(&after))
}
