//! The theory test: start, answers, the end by hand or by time, and its score.

use super::{Scratch, text};
use crate::exam::event::Event;
use crate::exam::{Phase, Rejection};
use crate::ledger::Stage;
use crate::question::{Answer, QuestionId};
use crate::scoring::{ScoringPolicy, score};
use crate::time::Span;

impl Scratch<'_> {
    pub(super) fn start_theory(&mut self) -> Result<(), Rejection> {
        self.chair()?;
        if !self.exam.plan.class.has_theory() {
            return Err(Rejection::Unknown("theory part"));
        }
        self.ready_to_start(Phase::Ready)?;
        self.emit(Event::TheoryStarted {});
        Ok(())
    }

    /// The candidate's own running theory, with time left.
    fn sitting(&self) -> Result<(), Rejection> {
        self.candidate()?;
        self.in_phase(&[Phase::TheoryRunning])?;
        if self.exam.ledger.remaining(Stage::Theory, self.context.now) == Span::ZERO {
            return Err(Rejection::TimeOver);
        }
        Ok(())
    }

    fn on_form(&self, question: QuestionId) -> Result<(), Rejection> {
        let form = self.exam.theory.form.as_deref().ok_or(Rejection::Unknown("form"))?;
        if form.items.iter().any(|i| i.question_id == question) {
            Ok(())
        } else {
            Err(Rejection::Unknown("question"))
        }
    }

    pub(super) fn save_answer(
        &mut self,
        question: QuestionId,
        answer: &Answer,
    ) -> Result<(), Rejection> {
        self.sitting()?;
        self.on_form(question)?;
        let known = self.exam.tool().and_then(|t| t.question(question));
        known
            .ok_or(Rejection::Unknown("question"))?
            .check_answer(answer)
            .map_err(|e| Rejection::Invalid { field: "answer", expected: e.to_string() })?;
        if self.exam.theory.answers.get(&question) != Some(answer) {
            self.emit(Event::AnswerSaved { question, answer: answer.clone() });
        }
        Ok(())
    }

    pub(super) fn flag_question(
        &mut self,
        question: QuestionId,
        flagged: bool,
    ) -> Result<(), Rejection> {
        self.sitting()?;
        self.on_form(question)?;
        if self.exam.theory.flags.contains(&question) != flagged {
            self.emit(Event::QuestionFlagged { question, flagged });
        }
        Ok(())
    }

    pub(super) fn submit_theory(&mut self) -> Result<(), Rejection> {
        self.candidate()?;
        self.in_phase(&[Phase::TheoryRunning])?;
        self.end_theory(false)
    }

    pub(super) fn end_time(&mut self) -> Result<(), Rejection> {
        self.system()?;
        let due = self.exam.next_deadline().is_some_and(|at| at <= self.context.now);
        match self.exam.phase {
            Phase::TheoryRunning if due => self.end_theory(true),
            Phase::PracticeRunning if due => {
                self.emit(Event::PracticeTimedOut {});
                Ok(())
            }
            // A grant moved the end while the timer fired: nothing to do yet.
            _ => Ok(()),
        }
    }

    fn end_theory(&mut self, by_time: bool) -> Result<(), Rejection> {
        let form = self.exam.theory.form.clone().ok_or(Rejection::Unknown("form"))?;
        let tool = self.exam.materials().tool.clone().ok_or(Rejection::Unknown("tool"))?;
        let answers = &self.exam.theory.answers;
        let sheet = score(&tool, &form, answers, ScoringPolicy::AllOrNothing);
        self.emit(Event::TheoryEnded { by_time });
        self.emit(Event::TheoryScored {
            score: sheet.total,
            max: sheet.max,
            pass: sheet.pass,
            passed: sheet.passed,
        });
        Ok(())
    }

    /// The chair confirms: to practice, or to the protocol where nothing is left to do.
    pub(super) fn confirm_theory(&mut self) -> Result<(), Rejection> {
        self.chair()?;
        self.in_phase(&[Phase::TheoryScored, Phase::FailedTheory])?;
        if self.exam.phase == Phase::TheoryScored && self.exam.plan.class.has_practice() {
            self.emit(Event::TheoryConfirmed {});
        } else {
            self.has_quorum()?;
            self.draft_protocol();
        }
        Ok(())
    }

    /// Time granted after the end reopens nothing by itself; this decision of the chair does.
    pub(super) fn reopen_theory(&mut self, reason: &str) -> Result<(), Rejection> {
        self.chair()?;
        self.in_phase(&[Phase::TheoryScored, Phase::FailedTheory])?;
        let reason = text("reason", reason)?;
        if self.exam.ledger.remaining(Stage::Theory, self.context.now) == Span::ZERO {
            return Err(Rejection::TimeOver);
        }
        self.emit(Event::TheoryReopened { reason });
        Ok(())
    }
}
