//! What somebody in the room would do now: a function of the exam, the time and nothing else.
//!
//! Each thing that could be done has a moment at which it is due; the earliest that has passed is
//! done. People at the keyboard are never played.

use super::answers::{answer, dice, story};
use super::cast;
use super::day::Day;
use super::panel;
use engine::exam::{Category, Command, Exam, Issuer, PanelRole, Phase, Role, Severity};
use engine::{Moment, PersonId};

/// What a decision may use beside the exam.
pub(super) struct Facts<'d> {
    /// The day's tools and pace.
    pub day: &'d Day,
    /// Now.
    pub now: Moment,
    /// The human candidate looks at the exam.
    pub candidate_here: bool,
}

/// Something to do.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Move {
    /// When it is due.
    pub at: Moment,
    /// Who does it.
    pub issuer: Issuer,
    /// What.
    pub command: Command,
}

/// The things that could be done in one exam.
pub(super) struct Moves<'e> {
    /// The exam.
    pub exam: &'e Exam,
    /// What may be used beside it.
    pub facts: &'e Facts<'e>,
    found: Vec<Move>,
}

/// What is due now.
pub(super) fn due(exam: &Exam, facts: &Facts<'_>) -> Option<Move> {
    next(exam, facts).filter(|next| next.at <= facts.now)
}

/// The earliest of all that could be done, due or not.
pub(super) fn next(exam: &Exam, facts: &Facts<'_>) -> Option<Move> {
    let mut moves = Moves { exam, facts, found: Vec::new() };
    match exam.phase {
        Phase::Planned | Phase::Synced => moves.before(),
        Phase::Gathering => moves.gathering(),
        Phase::Ready => moves.ready(),
        Phase::TheoryRunning => moves.theory(),
        Phase::TheoryScored | Phase::FailedTheory => {
            moves.chair(exam.at, 6_000, Command::ConfirmTheory {});
        }
        Phase::PracticeAdmitted => moves.chair(exam.at, 8_000, Command::StartPractice {}),
        Phase::PracticeRunning => panel::practice(&mut moves),
        Phase::PracticeScored => panel::votes(&mut moves),
        Phase::ProtocolDraft => panel::signatures(&mut moves),
        Phase::Suspended => moves.suspended(),
        Phase::Completed | Phase::Aborted | Phase::Cancelled | Phase::NoShow => {}
    }
    moves.found.into_iter().min_by_key(|m| m.at)
}

impl Moves<'_> {
    /// After a moment, so many ms of life later, more or less.
    pub fn later(&self, after: Moment, life_ms: u64, what: &str, of: u64) -> Moment {
        let wobble = life_ms / 2;
        let extra = if wobble == 0 { 0 } else { dice(self.exam, what, of) % wobble };
        after + self.facts.day.span(life_ms - wobble / 2 + extra)
    }

    fn push(&mut self, at: Moment, issuer: Issuer, command: Command) {
        self.found.push(Move { at, issuer, command });
    }

    fn operator(&mut self, at: Moment, command: Command) {
        self.push(at, Issuer::person(cast::OPERATOR.id, [Role::Operator]), command);
    }

    /// An expert does something, if they are played.
    pub fn expert(&mut self, at: Moment, expert: PersonId, command: Command) {
        if !cast::is_human(expert) {
            self.push(at, Issuer::person(expert, [Role::Expert]), command);
        }
    }

    pub fn chair(&mut self, after: Moment, life_ms: u64, command: Command) {
        let at = self.later(after, life_ms, "chair", self.exam.seq);
        if let Some(chair) = self.exam.chair() {
            self.expert(at, chair, command);
        }
    }

    fn candidate_is_human(&self) -> bool {
        cast::is_human(self.exam.plan.candidate.person)
    }

    /// The operator synchronises and opens in time.
    fn before(&mut self) {
        let begins = self.exam.plan.begins_at;
        let ahead = |ms| Moment(begins.0 - self.facts.day.span(ms).0);
        let (sync, open) = (ahead(18_000), ahead(10_000));
        match self.exam.phase {
            Phase::Planned => self.operator(sync, Command::MarkSynced {}),
            _ => self.operator(open, Command::Open {}),
        }
    }

    /// Experts arrive one after another, one of them late; the candidate's passport is checked when
    /// they are there.
    fn gathering(&mut self) {
        let exam = self.exam;
        let opened = exam.opened_at.unwrap_or(exam.at);
        for (n, seat) in (0_u64..).zip(&exam.plan.panel) {
            let late = if story(exam) == 4 && n == 2 { 60_000 } else { 0 };
            if !exam.present.contains_key(&seat.person) {
                let at = self.later(opened, 5_000 + 6_000 * n + late, "arrives", n);
                self.expert(at, seat.person, Command::Arrive {});
            }
        }
        if self.candidate_is_human() {
            let over = exam.plan.ends_at;
            let reason = "Кандидат не пришёл до конца времени".to_owned();
            self.chair(over, 1_000, Command::RecordNoShow { reason });
            if !self.facts.candidate_here {
                return;
            }
        }
        if exam.identity.is_empty() {
            let first = exam.present.iter().find(|(p, _)| !cast::is_human(**p));
            if let Some((expert, since)) = first.map(|(p, s)| (*p, *s)) {
                let at = self.later(since, 9_000, "passport", 0);
                self.expert(at, expert, Command::ConfirmIdentity {});
            }
        }
    }

    fn ready(&mut self) {
        let exam = self.exam;
        if story(exam) == 6 && exam.ledger.entries().is_empty() {
            let at = self.later(exam.at, 3_000, "accommodates", 0);
            let reason = "Нарушение зрения, справка приложена".to_owned();
            self.operator(at, Command::Accommodate { percent: 150, reason });
        }
        if self.candidate_is_human() && !self.facts.candidate_here {
            return;
        }
        let start = if exam.plan.class.has_theory() {
            Command::StartTheory {}
        } else {
            Command::StartPractice {}
        };
        self.chair(exam.at, 8_000, start);
    }

    /// The candidate answers one question after another, comes back to one, and hands in.
    fn theory(&mut self) {
        let exam = self.exam;
        self.incident();
        if self.candidate_is_human() {
            return;
        }
        let Some(form) = exam.theory.form.clone() else { return };
        let candidate = Issuer::person(exam.plan.candidate.person, [Role::Candidate]);
        let answered = exam.theory.answers.len() as u64;
        let open = form.items.iter().find(|i| !exam.theory.answers.contains_key(&i.question_id));
        let at = self.later(exam.at, 6_000, "answers", answered);
        if let Some(item) = open {
            let question = exam.tool().and_then(|t| t.question(item.question_id));
            if let Some(question) = question {
                let answer = answer(exam, question);
                let command = Command::SaveAnswer { question: question.id, answer };
                self.push(at, candidate, command);
            }
        } else {
            self.push(at, candidate, Command::SubmitTheory {});
        }
    }

    /// In one story something breaks: it is reported, the exam is suspended, it is mended, the exam
    /// goes on, and the lost time is given back.
    fn incident(&mut self) {
        let exam = self.exam;
        if story(exam) != 1 || exam.theory.answers.len() < 2 {
            return;
        }
        let soon = exam.at + self.facts.day.span(2_000);
        let technical =
            exam.plan.panel.iter().find(|m| m.role == PanelRole::TechnicalExpert).map(|m| m.person);
        let Some(technical) = technical else { return };
        match exam.incidents.values().next() {
            None => {
                let text = "Погас монитор кандидата".to_owned();
                let (category, severity) = (Category::Technical, Severity::Serious);
                self.expert(soon, technical, Command::ReportIncident { category, severity, text });
            }
            Some(incident) if incident.resolved.is_none() => {
                let reason = "Замена монитора".to_owned();
                self.chair(soon, 100, Command::Suspend { reason });
            }
            Some(_) if exam.ledger.entries().is_empty() => {
                let reason = "Время на замену монитора".to_owned();
                self.chair(soon, 100, Command::GrantTime { minutes: 5, reason });
            }
            Some(_) => {}
        }
    }

    fn suspended(&mut self) {
        let exam = self.exam;
        let open = exam.incidents.iter().find(|(_, i)| i.resolved.is_none());
        match open.map(|(seq, _)| *seq) {
            Some(incident) => {
                let text = "Монитор заменён".to_owned();
                self.chair(exam.at, 14_000, Command::ResolveIncident { incident, text });
            }
            None => self.chair(exam.at, 5_000, Command::Resume {}),
        }
    }
}
