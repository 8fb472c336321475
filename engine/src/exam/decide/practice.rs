//! The practice part: blind marks, locks, spread, settling, and the computed verdict.

use super::{Scratch, text};
use crate::exam::event::Event;
use crate::exam::{PanelRole, Phase, Rejection};
use crate::ids::PersonId;
use crate::ledger::Stage;
use crate::points::Points;
use crate::practice::{
    CriterionId, CriterionResult, Task, TaskId, TaskLock, criterion_result, verdict,
};
use crate::time::{Moment, Span};
use std::collections::{BTreeMap, BTreeSet};

impl Scratch<'_> {
    pub(super) fn start_practice(&mut self) -> Result<(), Rejection> {
        self.chair()?;
        if !self.exam.plan.class.has_practice() {
            return Err(Rejection::Unknown("practice part"));
        }
        let from =
            if self.exam.plan.class.has_theory() { Phase::PracticeAdmitted } else { Phase::Ready };
        self.ready_to_start(from)?;
        self.present_are(self.exam.marking_quorum())?;
        self.emit(Event::PracticeStarted {});
        Ok(())
    }

    /// As in theory: time granted after the end reopens nothing by itself.
    pub(super) fn reopen_practice(&mut self, reason: &str) -> Result<(), Rejection> {
        self.chair()?;
        self.in_phase(&[Phase::PracticeRunning])?;
        let reason = text("reason", reason)?;
        if !self.exam.practice.time_over {
            return Err(Rejection::AlreadyDone);
        }
        if self.exam.ledger.remaining(Stage::Practice, self.context.now) == Span::ZERO {
            return Err(Rejection::TimeOver);
        }
        self.emit(Event::PracticeReopened { reason });
        Ok(())
    }

    /// The current task, if this is it.
    fn task(&self, id: TaskId) -> Result<Task, Rejection> {
        self.in_phase(&[Phase::PracticeRunning])?;
        let tool = self.exam.practice_tool().ok_or(Rejection::Unknown("practice tool"))?;
        tool.task(id).ok_or(Rejection::Unknown("task"))?;
        match self.exam.current_task() {
            Some(task) if task.id == id => Ok(task.clone()),
            Some(task) => Err(Rejection::NotCurrentTask(task.id.0)),
            None => Err(Rejection::WrongPhase(self.exam.phase)),
        }
    }

    fn has_locked(&self, task: TaskId, expert: PersonId) -> bool {
        self.exam.practice.tasks.get(&task).is_some_and(|s| s.locks.contains_key(&expert))
    }

    fn is_recalled(&self, task: TaskId, expert: PersonId) -> bool {
        self.exam.practice.tasks.get(&task).is_some_and(|s| s.recalled.contains_key(&expert))
    }

    pub(super) fn place_mark(
        &mut self,
        task: TaskId,
        criterion: CriterionId,
        value: Points,
        refers_at: Option<Moment>,
    ) -> Result<(), Rejection> {
        let expert = self.present_expert()?;
        let current = self.task(task)?;
        let rule = current.criteria.iter().find(|c| c.id == criterion);
        rule.ok_or(Rejection::Unknown("criterion"))?
            .check_mark(&value)
            .map_err(|e| Rejection::Invalid { field: "value", expected: e.to_string() })?;
        if self.has_locked(task, expert) {
            return Err(Rejection::AlreadyLocked);
        }
        // The moment lies within the practice part, whatever a tablet's clock says.
        let began = self.exam.practice.started_at.unwrap_or(self.context.now);
        let refers_at = refers_at.unwrap_or(self.context.now).min(self.context.now).max(began);
        self.emit(Event::MarkPlaced { task, criterion, value, refers_at });
        Ok(())
    }

    /// Criteria of a task that an expert has not marked.
    fn unmarked(&self, task: &Task, expert: PersonId) -> Vec<CriterionId> {
        let marks = self.exam.practice.tasks.get(&task.id).map(|s| &s.marks);
        let marked = |c: CriterionId| {
            marks.and_then(|m| m.get(&c)).is_some_and(|by| by.contains_key(&expert))
        };
        task.criteria.iter().map(|c| c.id).filter(|c| !marked(*c)).collect()
    }

    pub(super) fn lock_task(&mut self, task: TaskId) -> Result<(), Rejection> {
        let expert = self.present_expert()?;
        let current = self.task(task)?;
        if self.has_locked(task, expert) {
            return Err(Rejection::AlreadyLocked);
        }
        let missing = self.unmarked(&current, expert);
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
            return Err(Rejection::MarksMissing(names.join(", ")));
        }
        self.emit(Event::TaskLocked { task, expert });
        let by_chair = self.exam.panel_role(expert) == Some(PanelRole::Chair);
        if current.lock == TaskLock::Chair && by_chair {
            self.lock_the_rest(&current);
        }
        self.settle_current_task();
        Ok(())
    }

    /// The chair's lock closes a task for everybody: complete marks count, others are left out.
    /// Those who were called back lock again themselves, or nothing would have been looked at.
    fn lock_the_rest(&mut self, task: &Task) {
        let present: Vec<_> = self.exam.present.keys().copied().collect();
        for expert in present {
            let done = self.has_locked(task.id, expert) || self.is_recalled(task.id, expert);
            if !done && self.unmarked(task, expert).is_empty() {
                self.emit(Event::TaskLocked { task: task.id, expert });
            }
        }
    }

    /// Settles the current task when everybody awaited has locked, or calls experts back.
    pub(super) fn settle_current_task(&mut self) {
        let Some(task) = self.exam.current_task().cloned() else { return };
        if !self.everybody_locked(&task) {
            return;
        }
        let mut results = BTreeMap::new();
        let mut wide = Vec::new();
        let mut recalled = BTreeSet::new();
        for criterion in &task.criteria {
            let marks = self.locked_marks(task.id, criterion.id);
            match criterion_result(criterion, &marks) {
                CriterionResult::Agreed(points) => {
                    results.insert(criterion.id, points);
                }
                CriterionResult::TooWide { low, high, .. } => {
                    wide.push(criterion.id);
                    let far = marks.iter().filter(|(_, v)| **v == low || **v == high);
                    recalled.extend(far.map(|(expert, _)| *expert));
                }
                CriterionResult::Missing => return,
            }
        }
        if wide.is_empty() {
            self.emit(Event::TaskSettled { task: task.id, results });
            self.score_if_complete();
        } else {
            let recalled = recalled.into_iter().collect();
            self.emit(Event::SpreadExceeded { task: task.id, criteria: wide, recalled });
        }
    }

    fn everybody_locked(&self, task: &Task) -> bool {
        let Some(state) = self.exam.practice.tasks.get(&task.id) else { return false };
        if state.locks.len() < self.exam.marking_quorum() {
            return false;
        }
        match task.lock {
            TaskLock::AllExperts => {
                self.exam.present.keys().all(|expert| state.locks.contains_key(expert))
            }
            // Those called back lock again unless they left; the others were closed by the chair.
            TaskLock::Chair => {
                !state.recalled.keys().any(|expert| self.exam.present.contains_key(expert))
                    && self.exam.chair().is_some_and(|chair| state.locks.contains_key(&chair))
            }
        }
    }

    /// Marks of those who have locked.
    fn locked_marks(&self, task: TaskId, criterion: CriterionId) -> BTreeMap<PersonId, Points> {
        let Some(state) = self.exam.practice.tasks.get(&task) else { return BTreeMap::new() };
        let marks = state.marks.get(&criterion).into_iter().flatten();
        marks
            .filter(|(expert, _)| state.locks.contains_key(expert))
            .map(|(expert, mark)| (*expert, mark.value))
            .collect()
    }

    fn score_if_complete(&mut self) {
        if self.exam.current_task().is_none() {
            self.score_practice();
        }
    }

    pub(super) fn close_practice(&mut self, reason: &str) -> Result<(), Rejection> {
        self.chair()?;
        self.in_phase(&[Phase::PracticeRunning])?;
        let reason = text("reason", reason)?;
        self.has_quorum()?;
        self.emit(Event::PracticeClosed { reason });
        self.score_practice();
        Ok(())
    }

    /// Settled criteria count as settled, all others as nothing.
    fn score_practice(&mut self) {
        let Some(tool) = self.exam.materials().practice.clone() else { return };
        let score = verdict(&tool, &self.exam.practice.points());
        self.emit(Event::PracticeScored { total: score.total, passed: score.passed });
    }
}
