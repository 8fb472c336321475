//! Deciding: a command and the facts of the moment become events, or a refusal.
//!
//! Several events may follow from one command (the last lock settles a task, the last task scores
//! the part). Each is decided on the state after the ones before it, so `decide` works on a
//! scratch copy; that copy is also the dry run that keeps a poison event out of the journal.

mod course;
mod notes;
mod panel;
mod practice;
mod protocol;
mod theory;

use super::command::{Command, Context, Issuer, Role, TEXT_CHARS_MAX};
use super::event::Event;
use super::{Exam, Phase, Plan, Rejection, Stamp};
use crate::ids::PersonId;

/// Most records that one exam's stream may hold. Beyond it only commands that bring the exam to
/// its end are accepted: each of them moves it forward, so that they are few.
pub const RECORDS_MAX: u64 = 20_000;

/// The scratch copy on which one command's events are decided in turn.
pub(super) struct Scratch<'a> {
    /// The state after the events so far.
    pub exam: Exam,
    /// Who commands.
    pub issuer: &'a Issuer,
    /// The facts of the moment.
    pub context: &'a Context,
    events: Vec<Event>,
}

impl Scratch<'_> {
    /// Records an event and moves on.
    pub fn emit(&mut self, event: Event) {
        let by = self.issuer.person;
        let stamp = Stamp { seq: self.exam.seq + 1, at: self.context.now, by };
        self.exam.apply(stamp, &event);
        self.events.push(event);
    }
}

impl Exam {
    /// Decides the first command of an exam.
    ///
    /// # Errors
    /// When the issuer may not schedule, or the plan does not hold.
    pub fn decide_plan(issuer: &Issuer, plan: Plan) -> Result<Vec<Event>, Rejection> {
        if !may_schedule(issuer) {
            return Err(Rejection::NotAllowed("an operator"));
        }
        plan.check()?;
        Ok(vec![Event::Planned(Box::new(plan))])
    }

    /// Decides a command. An empty answer means that it is accepted and changes nothing.
    ///
    /// # Errors
    /// Why it is refused; the state is untouched either way.
    pub fn decide(
        &self,
        issuer: &Issuer,
        command: &Command,
        context: &Context,
    ) -> Result<Vec<Event>, Rejection> {
        if self.seq >= RECORDS_MAX && !self.leads_to_the_end(issuer, command) {
            return Err(Rejection::Limit("records of an exam"));
        }
        let mut scratch =
            Scratch { exam: self.clone(), issuer, context, events: Vec::with_capacity(4) };
        scratch.dispatch(command)?;
        Ok(scratch.events)
    }

    /// Commands that a full stream still takes: none of them can be given for ever.
    fn leads_to_the_end(&self, issuer: &Issuer, command: &Command) -> bool {
        match command {
            Command::VoteVerdict { .. } => {
                issuer.person.is_some_and(|p| !self.practice.votes.contains_key(&p))
            }
            Command::Arrive {}
            | Command::RecordNoShow { .. }
            | Command::SubmitTheory {}
            | Command::ConfirmTheory {}
            | Command::ClosePractice { .. }
            | Command::SignProtocol { .. }
            | Command::Suspend { .. }
            | Command::Abort { .. }
            | Command::Cancel { .. }
            | Command::EndTime {} => true,
            _ => false,
        }
    }
}

impl Scratch<'_> {
    fn dispatch(&mut self, command: &Command) -> Result<(), Rejection> {
        match command {
            Command::Plan { .. } => Err(Rejection::AlreadyDone),
            Command::Reschedule { begins_at, ends_at, room } => {
                self.reschedule(*begins_at, *ends_at, room)
            }
            Command::MarkSynced {} => self.mark_synced(),
            Command::Open {} => self.open(),
            Command::Arrive {} => self.arrive(),
            Command::Leave { reason } => self.leave(reason),
            Command::ConfirmIdentity {} => self.confirm_identity(),
            Command::RecordNoShow { reason } => self.record_no_show(reason),
            Command::StartTheory {} => self.start_theory(),
            Command::SaveAnswer { question, answer } => self.save_answer(*question, answer),
            Command::FlagQuestion { question, flagged } => self.flag_question(*question, *flagged),
            Command::SubmitTheory {} => self.submit_theory(),
            Command::ConfirmTheory {} => self.confirm_theory(),
            Command::ReopenTheory { reason } => self.reopen_theory(reason),
            Command::StartPractice {} => self.start_practice(),
            Command::ReopenPractice { reason } => self.reopen_practice(reason),
            Command::PlaceMark { task, criterion, value, refers_at } => {
                self.place_mark(*task, *criterion, *value, *refers_at)
            }
            Command::LockTask { task } => self.lock_task(*task),
            Command::ClosePractice { reason } => self.close_practice(reason),
            Command::VoteVerdict { passed, reason } => self.vote_verdict(*passed, reason.as_ref()),
            Command::SignProtocol { dissent } => self.sign_protocol(dissent.as_ref()),
            Command::Suspend { reason } => self.suspend(reason),
            Command::Resume {} => self.resume(),
            Command::Abort { reason } => self.abort(reason),
            Command::Cancel { reason } => self.cancel(reason),
            Command::GrantTime { minutes, reason } => self.grant_time(*minutes, reason),
            Command::Accommodate { percent, reason } => self.accommodate(*percent, reason),
            Command::AcceptOutage { lost, reason } => self.accept_outage(*lost, reason),
            Command::ReportIncident { category, severity, text } => {
                self.report_incident(*category, *severity, text)
            }
            Command::ResolveIncident { incident, text } => self.resolve_incident(*incident, text),
            Command::AddComment { category, text } => self.add_comment(*category, text),
            Command::NoteAction { a_type, data } => self.note_action(a_type, data),
            Command::EndTime {} => self.end_time(),
            Command::RecordStationOutage { lost } => self.record_station_outage(*lost),
        }
    }

    /// The phase must be one of these.
    fn in_phase(&self, phases: &[Phase]) -> Result<(), Rejection> {
        if phases.contains(&self.exam.phase) {
            Ok(())
        } else {
            Err(Rejection::WrongPhase(self.exam.phase))
        }
    }

    /// The issuer as a member of the panel.
    fn expert(&self) -> Result<PersonId, Rejection> {
        self.issuer
            .person
            .filter(|p| self.exam.panel_role(*p).is_some())
            .ok_or(Rejection::NotAllowed("an expert of this panel"))
    }

    /// The issuer as a member of the panel who is present.
    fn present_expert(&self) -> Result<PersonId, Rejection> {
        self.expert().and_then(|p| {
            if self.exam.present.contains_key(&p) {
                Ok(p)
            } else {
                Err(Rejection::NotAllowed("an expert of this panel who is present"))
            }
        })
    }

    /// The issuer as the chair of this panel.
    fn chair(&self) -> Result<PersonId, Rejection> {
        self.issuer
            .person
            .filter(|p| self.exam.chair() == Some(*p))
            .ok_or(Rejection::NotAllowed("the chair of this panel"))
    }

    /// The issuer as this exam's candidate.
    fn candidate(&self) -> Result<PersonId, Rejection> {
        self.issuer
            .person
            .filter(|p| *p == self.exam.plan.candidate.person)
            .ok_or(Rejection::NotAllowed("the candidate of this exam"))
    }

    /// An operator, who is not this exam's own candidate.
    fn scheduler(&self) -> Result<(), Rejection> {
        if may_schedule(self.issuer) && self.candidate().is_err() {
            Ok(())
        } else {
            Err(Rejection::NotAllowed("an operator"))
        }
    }

    fn is_system(&self) -> bool {
        self.issuer.person.is_none() && self.issuer.roles.is_empty()
    }

    fn system(&self) -> Result<(), Rejection> {
        if self.is_system() { Ok(()) } else { Err(Rejection::NotAllowed("the program itself")) }
    }

    fn chair_or_scheduler(&self) -> Result<(), Rejection> {
        if self.chair().is_ok() || self.is_system() {
            return Ok(());
        }
        self.scheduler().map_err(|_| Rejection::NotAllowed("the chair or an operator"))
    }

    fn has_quorum(&self) -> Result<(), Rejection> {
        self.present_are(self.exam.quorum())
    }

    fn present_are(&self, needed: usize) -> Result<(), Rejection> {
        let present = self.exam.present.len();
        if present >= needed { Ok(()) } else { Err(Rejection::NoQuorum { present, needed }) }
    }
}

fn may_schedule(issuer: &Issuer) -> bool {
    [Role::Operator, Role::Administrator, Role::Service].iter().any(|r| issuer.has(*r))
}

/// A text that must be there and must not be endless.
fn text(field: &'static str, text: &str) -> Result<String, Rejection> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 || chars > TEXT_CHARS_MAX {
        let expected = format!("a text of 1 to {TEXT_CHARS_MAX} characters");
        return Err(Rejection::Invalid { field, expected });
    }
    Ok(text.to_owned())
}
