//! Folding: what each event does to the state. It cannot fail and decides nothing.

use super::event::Event;
use super::{Action, Comment, Exam, Incident, Mark, Outcome, Phase, Protocol, Stamp, TheoryScore};
use crate::form::{Blueprint, Form};
use crate::ids::PersonId;
use crate::ledger::Stage;
use std::sync::Arc;

impl Exam {
    /// Applies one event. Its stamp becomes the state's newest.
    pub fn apply(&mut self, stamp: Stamp, event: &Event) {
        self.seq = stamp.seq;
        self.at = stamp.at;
        self.apply_course(stamp, event);
        self.apply_theory(stamp, event);
        self.apply_practice(stamp, event);
        self.apply_protocol(stamp, event);
        self.apply_notes(stamp, event);
    }

    fn apply_course(&mut self, stamp: Stamp, event: &Event) {
        match event {
            Event::Rescheduled { begins_at, ends_at, room } => {
                self.plan.begins_at = *begins_at;
                self.plan.ends_at = *ends_at;
                self.plan.room.clone_from(room);
            }
            Event::Synced {} => self.phase = Phase::Synced,
            Event::Opened {} => {
                self.phase = Phase::Gathering;
                self.opened_at = Some(stamp.at);
            }
            Event::ExpertArrived { expert } => {
                self.present.insert(*expert, stamp.at);
            }
            Event::ExpertLeft { expert, .. } => {
                self.present.remove(expert);
            }
            Event::IdentityConfirmed { expert } => {
                self.identity.insert(*expert, stamp.at);
            }
            Event::Readied {} => self.phase = Phase::Ready,
            Event::NoShowRecorded { reason } => self.end(Phase::NoShow, stamp, reason),
            Event::Aborted { reason } => self.end(Phase::Aborted, stamp, reason),
            Event::Cancelled { reason } => self.end(Phase::Cancelled, stamp, reason),
            Event::Suspended { reason } => {
                self.suspended_from = Some(self.phase);
                self.phase = Phase::Suspended;
                self.reason = Some(reason.clone());
                self.ledger.stop(stamp.at);
            }
            Event::Resumed {} => self.resume(stamp),
            Event::TimeEntered { entry } => self.ledger.enter(entry.clone()),
            _ => {}
        }
    }

    fn end(&mut self, phase: Phase, stamp: Stamp, reason: &str) {
        self.phase = phase;
        self.suspended_from = None;
        self.reason = Some(reason.to_owned());
        self.ledger.stop(stamp.at);
    }

    fn resume(&mut self, stamp: Stamp) {
        self.reason = None;
        self.phase = self.suspended_from.take().unwrap_or(self.phase);
        match self.phase {
            Phase::TheoryRunning => self.ledger.run(Stage::Theory, stamp.at),
            Phase::PracticeRunning if !self.practice.time_over => {
                self.ledger.run(Stage::Practice, stamp.at);
            }
            _ => {}
        }
    }

    fn apply_theory(&mut self, stamp: Stamp, event: &Event) {
        let theory = &mut self.theory;
        match event {
            Event::FormCommitted { commitment, form_hash, seed, .. } => {
                theory.commitment = Some(*commitment);
                theory.form_hash = Some(*form_hash);
                theory.seed = Some(seed.clone());
                theory.form = self.materials.0.tool.as_ref().and_then(|tool| {
                    // The tool was found by the plan's hash; whoever doubts that hashes it.
                    let hash = self.plan.tool.unwrap_or_else(|| tool.hash());
                    let own = || Blueprint::of_known(tool, hash);
                    let blueprint = self.plan.blueprint.clone().unwrap_or_else(own);
                    Form::assemble_known((tool, hash), &blueprint, seed).ok().map(Arc::new)
                });
            }
            Event::SeedRevealed { .. } => theory.revealed = true,
            Event::TheoryStarted {} => {
                theory.started_at = Some(stamp.at);
                self.phase = Phase::TheoryRunning;
                self.ledger.run(Stage::Theory, stamp.at);
            }
            Event::AnswerSaved { question, answer } => {
                theory.answers.insert(*question, answer.clone());
            }
            Event::QuestionFlagged { question, flagged: true } => {
                theory.flags.insert(*question);
            }
            Event::QuestionFlagged { question, flagged: false } => {
                theory.flags.remove(question);
            }
            Event::TheoryEnded { by_time } => {
                theory.ended_at = Some(stamp.at);
                theory.ended_by_time = *by_time;
                self.ledger.stop(stamp.at);
            }
            Event::TheoryScored { score, max, pass, passed } => {
                theory.result = Some(TheoryScore {
                    score: *score,
                    max: *max,
                    pass: *pass,
                    passed: *passed,
                    by_time: theory.ended_by_time,
                });
                self.phase = if *passed { Phase::TheoryScored } else { Phase::FailedTheory };
            }
            Event::TheoryConfirmed {} => self.phase = Phase::PracticeAdmitted,
            Event::TheoryReopened { .. } => {
                theory.result = None;
                theory.ended_at = None;
                self.phase = Phase::TheoryRunning;
                self.ledger.run(Stage::Theory, stamp.at);
            }
            _ => {}
        }
    }

    fn apply_practice(&mut self, stamp: Stamp, event: &Event) {
        let practice = &mut self.practice;
        match event {
            Event::PracticeStarted {} => {
                practice.started_at = Some(stamp.at);
                self.phase = Phase::PracticeRunning;
                self.ledger.run(Stage::Practice, stamp.at);
                self.begin_task(stamp);
            }
            Event::PracticeTimedOut {} => {
                practice.time_over = true;
                self.ledger.stop(stamp.at);
            }
            Event::PracticeReopened { .. } => {
                practice.time_over = false;
                self.ledger.run(Stage::Practice, stamp.at);
            }
            Event::MarkPlaced { task, criterion, value, refers_at } => {
                if let Some(expert) = stamp.by {
                    let mark = Mark { value: *value, at: stamp.at, refers_at: *refers_at };
                    let task = practice.tasks.entry(*task).or_default();
                    task.marks.entry(*criterion).or_default().insert(expert, mark);
                }
            }
            Event::TaskLocked { task, expert } => {
                let task = practice.tasks.entry(*task).or_default();
                task.locks.insert(*expert, stamp.at);
                task.recalled.remove(expert);
            }
            Event::SpreadExceeded { task, recalled, .. } => {
                let task = practice.tasks.entry(*task).or_default();
                for expert in recalled {
                    task.locks.remove(expert);
                    task.recalled.insert(*expert, stamp.at);
                }
            }
            Event::TaskSettled { task, results } => {
                practice.tasks.entry(*task).or_default().results = Some(results.clone());
                self.begin_task(stamp);
            }
            Event::PracticeScored { total, passed } => {
                practice.scored = Some((*total, *passed));
                practice.scored_at = Some(stamp.at);
                self.phase = Phase::PracticeScored;
                self.ledger.stop(stamp.at);
            }
            Event::VerdictVoted { expert, passed, reason } => {
                practice.votes.insert(*expert, (*passed, reason.clone()));
            }
            Event::VerdictDecided { verdict } => self.verdict = Some(verdict.clone()),
            _ => {}
        }
    }

    fn begin_task(&mut self, stamp: Stamp) {
        if let Some(id) = self.current_task().map(|t| t.id) {
            self.practice.tasks.entry(id).or_default().begun_at.get_or_insert(stamp.at);
        }
    }

    fn apply_protocol(&mut self, stamp: Stamp, event: &Event) {
        match event {
            Event::ProtocolDrafted { outcome, protocol_hash } => {
                // Whoever voted answers for the verdict, whether still in the room or not.
                let present = self.present.keys().chain(self.practice.votes.keys()).copied();
                let signers = present.chain(self.chair());
                self.protocol = Some(Protocol {
                    outcome: *outcome,
                    hash: *protocol_hash,
                    drafted_at: stamp.at,
                    signers: signers.collect(),
                    signatures: Default::default(),
                });
                self.phase = Phase::ProtocolDraft;
            }
            Event::ProtocolSigned { expert, dissent } => self.sign(stamp, *expert, dissent),
            Event::Completed { outcome } => {
                self.outcome = Some(*outcome);
                self.phase = Phase::Completed;
            }
            _ => {}
        }
    }

    fn sign(&mut self, stamp: Stamp, expert: PersonId, dissent: &Option<String>) {
        if let Some(protocol) = &mut self.protocol {
            protocol.signatures.insert(expert, (stamp.at, dissent.clone()));
        }
    }

    fn apply_notes(&mut self, stamp: Stamp, event: &Event) {
        match event {
            Event::IncidentReported { category, severity, text } => {
                let incident = Incident {
                    category: *category,
                    severity: *severity,
                    text: text.clone(),
                    at: stamp.at,
                    by: stamp.by,
                    resolved: None,
                };
                self.incidents.insert(stamp.seq, incident);
            }
            Event::IncidentResolved { incident, text } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident.resolved = Some(text.clone());
                }
            }
            Event::CommentAdded { category, text } => {
                let comment =
                    Comment { category: *category, text: text.clone(), at: stamp.at, by: stamp.by };
                self.comments.insert(stamp.seq, comment);
            }
            Event::ActionNoted { a_type, data } => {
                let action = Action {
                    a_type: a_type.clone(),
                    data: data.clone(),
                    at: stamp.at,
                    by: stamp.by,
                };
                self.actions.insert(stamp.seq, action);
            }
            _ => {}
        }
    }

    /// The outcome that the state implies for a protocol.
    pub(super) fn implied_outcome(&self) -> Outcome {
        let theory = self.theory.result.is_none_or(|r| r.passed) && {
            !self.plan.class.has_theory() || self.theory.result.is_some()
        };
        let practice =
            !self.plan.class.has_practice() || self.verdict.as_ref().is_some_and(|v| v.passed);
        if theory && practice { Outcome::Pass } else { Outcome::Fail }
    }
}
