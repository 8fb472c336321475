//! The states of an exam.

use serde::{Deserialize, Serialize};

/// Where an exam stands. The words are those that REST and frames show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Scheduled.
    Planned,
    /// Everything it needs is on the station.
    Synced,
    /// Opened: experts sign in, the candidate's identity is checked.
    Gathering,
    /// Quorum present, identity confirmed, cameras armed.
    Ready,
    /// The candidate answers the theory test.
    TheoryRunning,
    /// The theory test passed its threshold and awaits the chair's confirmation.
    TheoryScored,
    /// The theory test is below its threshold.
    FailedTheory,
    /// Admitted to practice.
    PracticeAdmitted,
    /// The practice part is under way.
    PracticeRunning,
    /// All marks are in; the panel votes on the verdict.
    PracticeScored,
    /// The protocol awaits signatures.
    ProtocolDraft,
    /// Signed by all, the chair last.
    Completed,
    /// Frozen; the candidate's clock stands.
    Suspended,
    /// Ended without a result.
    Aborted,
    /// Called off before it began.
    Cancelled,
    /// The candidate did not come.
    NoShow,
}

impl Phase {
    /// Every phase, in the order of an exam's life.
    pub const ALL: [Phase; 16] = [
        Phase::Planned,
        Phase::Synced,
        Phase::Gathering,
        Phase::Ready,
        Phase::TheoryRunning,
        Phase::TheoryScored,
        Phase::FailedTheory,
        Phase::PracticeAdmitted,
        Phase::PracticeRunning,
        Phase::PracticeScored,
        Phase::ProtocolDraft,
        Phase::Completed,
        Phase::Suspended,
        Phase::Aborted,
        Phase::Cancelled,
        Phase::NoShow,
    ];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Planned => "planned",
            Phase::Synced => "synced",
            Phase::Gathering => "gathering",
            Phase::Ready => "ready",
            Phase::TheoryRunning => "theory_running",
            Phase::TheoryScored => "theory_scored",
            Phase::FailedTheory => "failed_theory",
            Phase::PracticeAdmitted => "practice_admitted",
            Phase::PracticeRunning => "practice_running",
            Phase::PracticeScored => "practice_scored",
            Phase::ProtocolDraft => "protocol_draft",
            Phase::Completed => "completed",
            Phase::Suspended => "suspended",
            Phase::Aborted => "aborted",
            Phase::Cancelled => "cancelled",
            Phase::NoShow => "no_show",
        }
    }

    /// Nothing further happens to the exam.
    pub fn is_final(self) -> bool {
        matches!(self, Phase::Completed | Phase::Aborted | Phase::Cancelled | Phase::NoShow)
    }

    /// From here an exam may be suspended.
    pub fn may_suspend(self) -> bool {
        matches!(
            self,
            Phase::Ready
                | Phase::TheoryRunning
                | Phase::TheoryScored
                | Phase::FailedTheory
                | Phase::PracticeAdmitted
                | Phase::PracticeRunning
        )
    }

    /// The exam has been opened and has not ended: people are in the room.
    pub fn is_live(self) -> bool {
        !self.is_final() && !matches!(self, Phase::Planned | Phase::Synced)
    }
}
