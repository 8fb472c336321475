//! Who is waited for, for what and since when (`wait_experts` on the wire).

use super::{Exam, Phase, TaskState};
use crate::ids::PersonId;
use crate::practice::TaskLock;
use crate::time::Moment;
use serde::Serialize;

/// What somebody is awaited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// To take their seat.
    Arrival,
    /// To lock the current task.
    Lock,
    /// To vote on the verdict.
    Vote,
    /// To sign the protocol.
    Signature,
}

/// Somebody is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Wait {
    /// Who.
    pub expert: PersonId,
    /// For what.
    pub what: WaitFor,
    /// Since when.
    pub since: Moment,
}

impl Exam {
    /// Everybody for whom the exam waits now, in order of their ids.
    pub fn waits(&self) -> Vec<Wait> {
        match self.phase {
            Phase::Gathering => self.arrivals_awaited(),
            Phase::PracticeRunning => self.locks_awaited(),
            Phase::PracticeScored => self.votes_awaited(),
            Phase::ProtocolDraft => self.signatures_awaited(),
            _ => Vec::new(),
        }
    }

    fn arrivals_awaited(&self) -> Vec<Wait> {
        let since = self.opened_at.unwrap_or(self.at);
        self.absent().map(|expert| Wait { expert, what: WaitFor::Arrival, since }).collect()
    }

    /// Members of the panel who are not in the room.
    fn absent(&self) -> impl Iterator<Item = PersonId> {
        let seats = self.plan.panel.iter().map(|m| m.person);
        seats.filter(|p| !self.present.contains_key(p))
    }

    fn locks_awaited(&self) -> Vec<Wait> {
        let Some(task) = self.current_task() else { return Vec::new() };
        let none = TaskState::default();
        let state = self.practice.tasks.get(&task.id).unwrap_or(&none);
        let begun = state.begun_at.unwrap_or(self.at);
        let open = |expert: &PersonId| !state.locks.contains_key(expert);
        let mut awaited: Vec<_> = self.present.keys().copied().filter(open).collect();
        let too_few = state.locks.len() + awaited.len() < self.marking_quorum();
        if let (TaskLock::Chair, Some(chair)) = (task.lock, self.chair().filter(open)) {
            // The chair's lock closes the task for all but those who were called back.
            awaited.retain(|e| state.recalled.contains_key(e));
            awaited.push(chair);
        } else if task.lock == TaskLock::Chair && state.locks.len() >= self.marking_quorum() {
            awaited.retain(|e| state.recalled.contains_key(e));
        }
        if too_few {
            awaited.extend(self.absent().filter(open));
        }
        awaited.sort_unstable();
        awaited.dedup();
        let wait = |expert: PersonId| {
            let since = state.recalled.get(&expert).copied().unwrap_or(begun);
            Wait { expert, what: self.or_arrival(expert, WaitFor::Lock), since }
        };
        awaited.into_iter().map(wait).collect()
    }

    fn votes_awaited(&self) -> Vec<Wait> {
        let since = self.practice.scored_at.unwrap_or(self.at);
        let votes = &self.practice.votes;
        let open = |expert: &PersonId| !votes.contains_key(expert);
        let mut awaited: Vec<_> = self.present.keys().copied().filter(open).collect();
        let ayes = votes.values().filter(|(passed, _)| *passed).count();
        if votes.len() + awaited.len() < self.quorum() {
            awaited.extend(self.absent().filter(open));
        } else if awaited.is_empty() && ayes * 2 == votes.len() {
            // A tie waits for the chair even when the chair is out of the room.
            awaited.extend(self.chair().filter(open));
        }
        awaited.sort_unstable();
        let wait = |expert| Wait { expert, what: self.or_arrival(expert, WaitFor::Vote), since };
        awaited.into_iter().map(wait).collect()
    }

    fn or_arrival(&self, expert: PersonId, what: WaitFor) -> WaitFor {
        if self.present.contains_key(&expert) { what } else { WaitFor::Arrival }
    }

    /// Who must still sign: those in the room and the chair; those who left only where the
    /// quorum needs them.
    pub fn missing_signers(&self) -> Vec<PersonId> {
        let Some(protocol) = &self.protocol else { return Vec::new() };
        let signed = protocol.signatures.len();
        let open = protocol.signers.iter().filter(|s| !protocol.signatures.contains_key(s));
        let here = |s: &PersonId| self.present.contains_key(s) || self.chair() == Some(*s);
        let (here, gone): (Vec<PersonId>, Vec<PersonId>) = open.copied().partition(here);
        let enough = signed + here.len() >= self.quorum();
        let mut awaited: Vec<_> =
            here.into_iter().chain(gone.into_iter().filter(|_| !enough)).collect();
        awaited.sort_unstable();
        awaited
    }

    fn signatures_awaited(&self) -> Vec<Wait> {
        let Some(protocol) = &self.protocol else { return Vec::new() };
        let mut missing = self.missing_signers();
        // The chair signs last and is awaited only then.
        if missing.len() > 1 {
            missing.retain(|s| Some(*s) != self.chair());
        }
        let last = protocol.signatures.values().map(|(at, _)| *at).max();
        let since = last.filter(|_| missing.len() == 1).unwrap_or(protocol.drafted_at);
        missing.into_iter().map(|expert| Wait { expert, what: WaitFor::Signature, since }).collect()
    }
}
