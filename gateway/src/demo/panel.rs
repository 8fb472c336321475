//! What simulated experts do in the practice part, at the vote and at the protocol.

use super::answers::{dice, mark, story};
use super::cast;
use super::moves::Moves;
use engine::exam::{Category, Command, TaskState};
use engine::practice::{Task, TaskLock};
use engine::{Moment, PersonId};

/// From one mark to the next, ms of life; the slow ones need twice as long.
const MARK_MS: u64 = 5_000;
/// How long the chair waits for the others' marks before closing a task, ms of life.
const PATIENCE_MS: u64 = 120_000;

/// Each expert marks criterion after criterion at their own speed, and locks.
pub(super) fn practice(moves: &mut Moves<'_>) {
    let exam = moves.exam;
    let Some(task) = exam.current_task() else { return };
    let nothing = TaskState::default();
    let state = exam.practice.tasks.get(&task.id).unwrap_or(&nothing);
    let begun = state.begun_at.unwrap_or(exam.at);
    if exam.comments.is_empty() && story(exam) % 3 == 1 {
        let at = moves.later(begun, 15_000, "comments", 0);
        let text = "Кандидат работает уверенно, инструмент разложен по порядку".to_owned();
        if let Some(chair) = exam.chair() {
            moves.expert(at, chair, Command::AddComment { category: Category::Work, text });
        }
    }
    for expert in exam.present.keys().copied().filter(|e| !state.locks.contains_key(e)) {
        marks(moves, task, state, (expert, begun));
    }
}

fn marks(moves: &mut Moves<'_>, task: &Task, state: &TaskState, who: (PersonId, Moment)) {
    let (expert, begun) = who;
    let exam = moves.exam;
    let recalled = state.recalled.get(&expert).copied();
    let own = |c| state.marks.get(&c).and_then(|by| by.get(&expert));
    let last = task.criteria.iter().filter_map(|c| own(c.id)).map(|m| m.at).max();
    let since = [Some(begun), recalled, last].into_iter().flatten().max().unwrap_or(begun);
    let slow = 1 + dice(exam, "slow", expert.0) % 2;
    let pace = MARK_MS * slow;
    let wanted = task.criteria.iter().find(|criterion| match own(criterion.id) {
        None => true,
        Some(given) => recalled.is_some() && given.value != mark(exam, criterion, expert, true),
    });
    if let Some(criterion) = wanted {
        let value = mark(exam, criterion, expert, recalled.is_some());
        let at = moves.later(since, pace, "marks", expert.0 ^ criterion.id.0);
        let (task, criterion) = (task.id, criterion.id);
        moves.expert(at, expert, Command::PlaceMark { task, criterion, value, refers_at: None });
        return;
    }
    let is_chair = exam.chair() == Some(expert);
    if task.lock == TaskLock::Chair && is_chair && !others_are_done(moves, task, state) {
        let at = begun + moves.facts.day.span(PATIENCE_MS);
        moves.expert(at, expert, Command::LockTask { task: task.id });
        return;
    }
    let at = moves.later(since, pace, "locks", expert.0);
    moves.expert(at, expert, Command::LockTask { task: task.id });
}

/// Whether everybody else who is present has marked everything.
fn others_are_done(moves: &Moves<'_>, task: &Task, state: &TaskState) -> bool {
    moves.exam.present.keys().all(|expert| {
        state.locks.contains_key(expert)
            || task
                .criteria
                .iter()
                .all(|c| state.marks.get(&c.id).is_some_and(|by| by.contains_key(expert)))
    })
}

/// All confirm the computed verdict.
pub(super) fn votes(moves: &mut Moves<'_>) {
    let exam = moves.exam;
    let since = exam.practice.scored_at.unwrap_or(exam.at);
    let passed = exam.practice.scored.is_some_and(|(_, passed)| passed);
    for expert in exam.present.keys().copied() {
        if !exam.practice.votes.contains_key(&expert) {
            let at = moves.later(since, 9_000, "votes", expert.0);
            moves.expert(at, expert, Command::VoteVerdict { passed, reason: None });
        }
    }
}

/// The panel signs, the chair last; in one story with a dissenting opinion.
pub(super) fn signatures(moves: &mut Moves<'_>) {
    let exam = moves.exam;
    let Some(protocol) = &exam.protocol else { return };
    let signed = |expert: &PersonId| protocol.signatures.contains_key(expert);
    let missing = protocol.signers.iter().copied().filter(|s| !signed(s));
    for expert in missing.collect::<Vec<_>>() {
        let is_chair = exam.chair() == Some(expert);
        let others = protocol.signers.iter().filter(|s| !signed(s)).count();
        if is_chair && others > 1 {
            continue;
        }
        let dissents = story(exam) == 3 && !is_chair && !cast::is_human(expert);
        let dissent = dissents.then(|| "Считаю оценку за порядок заниженной".to_owned());
        let last = protocol.signatures.values().map(|(at, _)| *at).max();
        let since = if is_chair { last.unwrap_or(exam.at) } else { protocol.drafted_at };
        let at = moves.later(since, 8_000, "signs", expert.0);
        moves.expert(at, expert, Command::SignProtocol { dissent });
    }
}
