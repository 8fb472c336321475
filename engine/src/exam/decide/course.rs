//! Opening, suspending and ending an exam, and the entries of its time ledger.

use super::{Scratch, text};
use crate::exam::command::Cameras;
use crate::exam::event::Event;
use crate::exam::plan::{OPEN_EARLY, OPEN_LATE};
use crate::exam::{Phase, Rejection};
use crate::form::{Blueprint, Form};
use crate::ledger::{
    ACCOMMODATION_PERCENT_MAX, ENTRIES_MAX, Effect, Entry, GRANT_MINUTES_MAX, Stage,
};
use crate::time::{Moment, Span};

/// Longest outage that one entry may give back.
const OUTAGE_MAX: Span = Span::minutes(7 * 24 * 60);

impl Scratch<'_> {
    pub(super) fn reschedule(
        &mut self,
        begins_at: Moment,
        ends_at: Moment,
        room: &str,
    ) -> Result<(), Rejection> {
        self.scheduler()?;
        self.in_phase(&[Phase::Planned, Phase::Synced])?;
        let room = text("room", room)?;
        let mut plan = self.exam.plan.clone();
        (plan.begins_at, plan.ends_at, plan.room) = (begins_at, ends_at, room.clone());
        plan.check()?;
        if plan != self.exam.plan {
            self.emit(Event::Rescheduled { begins_at, ends_at, room });
        }
        Ok(())
    }

    pub(super) fn mark_synced(&mut self) -> Result<(), Rejection> {
        self.scheduler().or_else(|_| self.system())?;
        self.in_phase(&[Phase::Planned])?;
        self.emit(Event::Synced {});
        Ok(())
    }

    pub(super) fn open(&mut self) -> Result<(), Rejection> {
        self.scheduler()?;
        self.in_phase(&[Phase::Planned, Phase::Synced])?;
        let plan = &self.exam.plan;
        let from = Moment(plan.begins_at.0.saturating_sub(OPEN_EARLY.0));
        let to = plan.ends_at + OPEN_LATE;
        if self.context.now < from || self.context.now > to {
            return Err(Rejection::OutsideInterval { from: from.0, to: to.0 });
        }
        if plan.class.has_practice() {
            let tool = self.exam.practice_tool();
            let tool = tool.ok_or(Rejection::Unknown("practice tool: import it first"))?;
            if plan.panel.len() < tool.quorum as usize {
                let expected = format!("at least {} experts (the practice tool's)", tool.quorum);
                return Err(Rejection::Invalid { field: "panel", expected });
            }
        }
        let form = self.draw_form()?;
        self.emit(Event::Opened {});
        if let Some(event) = form {
            self.emit(event);
        }
        Ok(())
    }

    /// The form is drawn, and its seed committed, before anybody enters the room.
    fn draw_form(&self) -> Result<Option<Event>, Rejection> {
        if !self.exam.plan.class.has_theory() {
            return Ok(None);
        }
        let tool = self.exam.tool().ok_or(Rejection::Unknown("theory tool: import it first"))?;
        let blueprint = self.exam.plan.blueprint.clone().unwrap_or_else(|| Blueprint::of(tool));
        let seed = self.context.seed.clone();
        let form = Form::assemble(tool, &blueprint, &seed)
            .map_err(|e| Rejection::Invalid { field: "tool", expected: e.to_string() })?;
        Ok(Some(Event::FormCommitted {
            commitment: seed.commitment(),
            form_hash: form.hash(),
            blueprint_hash: blueprint.hash(),
            seed,
        }))
    }

    /// A required camera that does not deliver keeps the exam from being ready.
    pub(super) fn cameras_armed(&self) -> Result<(), Rejection> {
        match &self.context.cameras {
            Cameras::NotRequired | Cameras::Armed | Cameras::Recording => Ok(()),
            Cameras::Missing(names) => Err(Rejection::CamerasNotReady(names.join(", "))),
        }
    }

    /// A stage starts only when the required recording is confirmed.
    pub(super) fn cameras_recording(&self) -> Result<(), Rejection> {
        match &self.context.cameras {
            Cameras::NotRequired | Cameras::Recording => Ok(()),
            Cameras::Armed => Err(Rejection::CamerasNotReady("recording not confirmed".into())),
            Cameras::Missing(names) => Err(Rejection::CamerasNotReady(names.join(", "))),
        }
    }

    pub(super) fn record_no_show(&mut self, reason: &str) -> Result<(), Rejection> {
        self.chair()?;
        self.in_phase(&[Phase::Gathering, Phase::Ready])?;
        let reason = text("reason", reason)?;
        self.emit(Event::NoShowRecorded { reason });
        self.reveal_seed();
        Ok(())
    }

    pub(super) fn suspend(&mut self, reason: &str) -> Result<(), Rejection> {
        if self.present_expert().is_err() {
            self.chair_or_scheduler()
                .map_err(|_| Rejection::NotAllowed("the panel or an operator"))?;
        }
        if !self.exam.phase.may_suspend() {
            return Err(Rejection::WrongPhase(self.exam.phase));
        }
        let reason = text("reason", reason)?;
        self.emit(Event::Suspended { reason });
        Ok(())
    }

    pub(super) fn resume(&mut self) -> Result<(), Rejection> {
        self.chair_or_scheduler()?;
        self.in_phase(&[Phase::Suspended])?;
        // Before the first start nothing has to be on record yet.
        if self.exam.under_way() == Phase::Ready {
            self.cameras_armed()?;
        } else {
            self.cameras_recording()?;
        }
        self.emit(Event::Resumed {});
        // Whoever was awaited may have left meanwhile.
        if self.exam.phase == Phase::PracticeRunning {
            self.settle_current_task();
        }
        Ok(())
    }

    pub(super) fn abort(&mut self, reason: &str) -> Result<(), Rejection> {
        self.chair()?;
        self.in_phase(&[Phase::Suspended])?;
        let reason = text("reason", reason)?;
        self.emit(Event::Aborted { reason });
        self.reveal_seed();
        Ok(())
    }

    pub(super) fn cancel(&mut self, reason: &str) -> Result<(), Rejection> {
        self.scheduler()?;
        self.in_phase(&[Phase::Planned, Phase::Synced, Phase::Gathering, Phase::Ready])?;
        let reason = text("reason", reason)?;
        self.emit(Event::Cancelled { reason });
        self.reveal_seed();
        Ok(())
    }

    /// Opens the commitment, once, when nothing more can be drawn from it.
    pub(super) fn reveal_seed(&mut self) {
        if let (Some(seed), false) = (self.exam.theory.seed.clone(), self.exam.theory.revealed) {
            self.emit(Event::SeedRevealed { seed });
        }
    }

    pub(super) fn grant_time(&mut self, minutes: u32, reason: &str) -> Result<(), Rejection> {
        if !(1..=GRANT_MINUTES_MAX).contains(&minutes) {
            let expected = format!("from 1 to {GRANT_MINUTES_MAX}");
            return Err(Rejection::Invalid { field: "minutes", expected });
        }
        self.enter_time(Effect::Grant { minutes }, reason)
    }

    pub(super) fn accommodate(&mut self, percent: u32, reason: &str) -> Result<(), Rejection> {
        if !(101..=ACCOMMODATION_PERCENT_MAX).contains(&percent) {
            let expected = format!("from 101 to {ACCOMMODATION_PERCENT_MAX}");
            return Err(Rejection::Invalid { field: "percent", expected });
        }
        self.approver()?;
        let stages = match self.exam.stage() {
            Stage::Theory if self.exam.plan.class.has_practice() => {
                vec![Stage::Theory, Stage::Practice]
            }
            stage => vec![stage],
        };
        for stage in stages {
            self.enter_stage(stage, Effect::Multiply { percent }, reason)?;
        }
        Ok(())
    }

    pub(super) fn accept_outage(&mut self, lost: Span, reason: &str) -> Result<(), Rejection> {
        if lost <= Span::ZERO || lost > OUTAGE_MAX {
            let expected = format!("from 1 to {} milliseconds", OUTAGE_MAX.0);
            return Err(Rejection::Invalid { field: "lost", expected });
        }
        self.enter_time(Effect::Outage { lost }, reason)
    }

    /// The station itself was down: nobody has to ask for that time back.
    pub(super) fn record_station_outage(&mut self, lost: Span) -> Result<(), Rejection> {
        self.system()?;
        if self.exam.ledger.running().is_some() && lost > Span::ZERO {
            let effect = Effect::Outage { lost };
            self.enter_stage(self.exam.stage(), effect, "station was down")?;
        }
        Ok(())
    }

    fn enter_time(&mut self, effect: Effect, reason: &str) -> Result<(), Rejection> {
        self.approver()?;
        self.enter_stage(self.exam.stage(), effect, reason)
    }

    /// Time is given by somebody with a name; only the station's own outages are not.
    fn approver(&self) -> Result<(), Rejection> {
        let somebody = self.issuer.person.is_some();
        if somebody { Ok(()) } else { Err(Rejection::NotAllowed("the chair or an operator")) }
    }

    fn enter_stage(&mut self, stage: Stage, effect: Effect, reason: &str) -> Result<(), Rejection> {
        self.chair_or_scheduler()?;
        let phase = self.exam.phase;
        // After the last mark nothing could be made of more time.
        let over = matches!(phase, Phase::PracticeScored | Phase::ProtocolDraft);
        if !phase.is_live() || over {
            return Err(Rejection::WrongPhase(phase));
        }
        if self.exam.ledger.entries().len() >= ENTRIES_MAX {
            return Err(Rejection::Limit("entries of the time ledger"));
        }
        let reason = text("reason", reason)?;
        let approver = self.issuer.person;
        let entry = Entry { stage, effect, approver, reason, at: self.context.now };
        self.emit(Event::TimeEntered { entry });
        Ok(())
    }
}
