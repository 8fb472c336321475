//! Who is waited for, for what and since when (`wait_experts` on the wire).

use super::{Exam, Phase};
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
        let seats = self.plan.panel.iter().map(|m| m.person);
        let absent = seats.filter(|p| !self.present.contains_key(p));
        absent.map(|expert| Wait { expert, what: WaitFor::Arrival, since }).collect()
    }

    fn locks_awaited(&self) -> Vec<Wait> {
        let Some(task) = self.current_task() else { return Vec::new() };
        let state = self.practice.tasks.get(&task.id);
        let begun = state.and_then(|s| s.begun_at).unwrap_or(self.at);
        let awaited = |expert: &PersonId| match task.lock {
            TaskLock::AllExperts => true,
            TaskLock::Chair => {
                self.chair() == Some(*expert)
                    || state.is_some_and(|s| s.recalled.contains_key(expert))
            }
        };
        self.present
            .keys()
            .filter(|e| awaited(e) && !state.is_some_and(|s| s.locks.contains_key(e)))
            .map(|expert| {
                let recalled = state.and_then(|s| s.recalled.get(expert)).copied();
                let since = recalled.unwrap_or(begun);
                Wait { expert: *expert, what: WaitFor::Lock, since }
            })
            .collect()
    }

    fn votes_awaited(&self) -> Vec<Wait> {
        let since = self.practice.scored_at.unwrap_or(self.at);
        let mut awaited: Vec<_> = self.present.keys().copied().collect();
        // A tie waits for the chair even when the chair is out of the room.
        awaited.extend(self.chair().filter(|c| !self.present.contains_key(c)));
        awaited.retain(|e| !self.practice.votes.contains_key(e));
        awaited.into_iter().map(|expert| Wait { expert, what: WaitFor::Vote, since }).collect()
    }

    fn signatures_awaited(&self) -> Vec<Wait> {
        let Some(protocol) = &self.protocol else { return Vec::new() };
        let mut missing: Vec<_> = protocol
            .signers
            .iter()
            .copied()
            .filter(|s| !protocol.signatures.contains_key(s))
            .collect();
        // The chair signs last and is awaited only then.
        if missing.len() > 1 {
            missing.retain(|s| Some(*s) != self.chair());
        }
        let since = protocol.signatures.values().map(|(at, _)| *at).max();
        let since = since.filter(|_| missing.len() == 1).unwrap_or(protocol.drafted_at);
        missing.into_iter().map(|expert| Wait { expert, what: WaitFor::Signature, since }).collect()
    }
}
