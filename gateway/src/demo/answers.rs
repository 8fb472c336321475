//! How well simulated candidates answer, and what experts see in their work: decided by hashing
//! the exam's number, so that it is the same after every restart.

use engine::practice::{Criterion, CriterionKind};
use engine::question::{QuestionKind, Segment};
use engine::{Answer, Exam, Hash, PersonId, Points, Question};

/// A number that depends on nothing but its arguments.
pub(super) fn dice(exam: &Exam, what: &str, of: u64) -> u64 {
    let wire = exam.plan.wire_id.0;
    let hash = Hash::of(&[&wire.to_be_bytes(), what.as_bytes(), &of.to_be_bytes()]);
    let mut eight = [0; 8];
    eight.copy_from_slice(&hash.0[..8]);
    u64::from_be_bytes(eight)
}

/// The exam's place in its round, from 0: its story.
pub(super) fn story(exam: &Exam) -> u64 {
    (exam.plan.wire_id.0 % 100).saturating_sub(1)
}

/// Of 100 questions so many are answered right.
fn knowledge(exam: &Exam) -> u64 {
    match story(exam) {
        2 => 0,
        _ => 95,
    }
}

/// What the candidate answers.
pub(super) fn answer(exam: &Exam, question: &Question) -> Answer {
    let right = dice(exam, "knows", question.id.0) % 100 < knowledge(exam);
    match &question.kind {
        QuestionKind::Choice { variants, .. } => {
            let wanted = variants.iter().filter(|v| v.correct == right);
            let some = if right { variants.len() } else { 1 };
            Answer::Choice { chosen: wanted.take(some).map(|v| v.id).collect() }
        }
        QuestionKind::Matching { rights, pairs, .. } => {
            let other = |id| rights.iter().map(|r| r.id).find(|r| *r != id).unwrap_or(id);
            let pairs = pairs.iter().map(|(l, r)| (*l, if right { *r } else { other(*r) }));
            Answer::Matching { pairs: pairs.collect() }
        }
        QuestionKind::Ordering { items } => {
            let mut order: Vec<_> = items.iter().map(|i| i.id).collect();
            if !right {
                order.reverse();
            }
            Answer::Ordering { order }
        }
        QuestionKind::Open { segments } => {
            let gaps = segments.iter().filter_map(|s| match s {
                Segment::Gap { accepted } if right => accepted.first().cloned(),
                Segment::Gap { .. } => Some("не знаю".to_owned()),
                Segment::Text(_) => None,
            });
            Answer::Open { gaps: gaps.collect() }
        }
    }
}

/// What an expert gives for a criterion. In one story two of them first disagree beyond the
/// spread, and agree when they were called back.
pub(super) fn mark(exam: &Exam, criterion: &Criterion, expert: PersonId, recalled: bool) -> Points {
    let max = i64::try_from(criterion.max.numerator() / criterion.max.denominator()).unwrap_or(0);
    let clumsy = story(exam) == 3;
    let lost = match criterion.kind {
        CriterionKind::Measurement if clumsy => max,
        CriterionKind::Measurement => 0,
        CriterionKind::Judgement if clumsy => 2,
        CriterionKind::Judgement => i64::from(dice(exam, "work", criterion.id.0).is_multiple_of(3)),
    };
    let seen = (max - lost).max(0);
    let first_judgement = criterion.kind == CriterionKind::Judgement;
    let quarrels = story(exam) == 7 && first_judgement && !recalled;
    if quarrels && Some(expert) == exam.chair() {
        return Points::whole((seen - 2).max(0));
    }
    Points::whole(seen)
}
