//! Gathering: experts take their seats and check the candidate's identity.

use super::{Scratch, text};
use crate::exam::event::Event;
use crate::exam::{Phase, Rejection};

impl Scratch<'_> {
    pub(super) fn arrive(&mut self) -> Result<(), Rejection> {
        let expert = self.expert()?;
        if !self.exam.phase.is_live() {
            return Err(Rejection::WrongPhase(self.exam.phase));
        }
        if !self.exam.present.contains_key(&expert) {
            self.emit(Event::ExpertArrived { expert });
            self.ready_if_complete();
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, reason: &str) -> Result<(), Rejection> {
        let expert = self.present_expert()?;
        if !self.exam.phase.is_live() {
            return Err(Rejection::WrongPhase(self.exam.phase));
        }
        let reason = text("reason", reason)?;
        self.emit(Event::ExpertLeft { expert, reason });
        // Those who remain may now be all who are awaited.
        match self.exam.phase {
            Phase::PracticeRunning => self.settle_current_task(),
            Phase::PracticeScored => self.decide_verdict(),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn confirm_identity(&mut self) -> Result<(), Rejection> {
        let expert = self.present_expert()?;
        self.in_phase(&[Phase::Gathering, Phase::Ready])?;
        if !self.exam.identity.contains_key(&expert) {
            self.emit(Event::IdentityConfirmed { expert });
            self.ready_if_complete();
        }
        Ok(())
    }

    /// `ready` follows by itself from quorum, identity and armed cameras.
    fn ready_if_complete(&mut self) {
        let complete = self.exam.phase == Phase::Gathering
            && self.has_quorum().is_ok()
            && !self.exam.identity.is_empty()
            && self.cameras_armed().is_ok();
        if complete {
            self.emit(Event::Readied {});
        }
    }

    /// The phase from which a stage starts, and its guards. Cameras that were armed after the last
    /// arrival make an exam ready only now.
    pub(super) fn ready_to_start(&mut self, from: Phase) -> Result<(), Rejection> {
        if self.exam.phase == Phase::Gathering && from == Phase::Ready {
            self.may_start()?;
            self.ready_if_complete();
        }
        self.in_phase(&[from])?;
        self.may_start()
    }

    /// What keeps a stage from starting: the same guards again, at the moment of the start.
    fn may_start(&self) -> Result<(), Rejection> {
        self.has_quorum()?;
        if self.exam.identity.is_empty() {
            return Err(Rejection::IdentityUnconfirmed);
        }
        self.cameras_recording()
    }
}
