//! The time ledger: every entry that gives or takes a candidate's time, and the one formula over it.
//!
//! allowed = base × (1 + Σ(multiplier − 1)) + Σ granted + Σ accepted outages, and only the
//! candidate's own running stage consumes it. Sums commute, so any order of the same entries gives
//! the same remaining time.

use crate::ids::PersonId;
use crate::time::{Moment, Span};
use serde::{Deserialize, Serialize};

/// Most minutes that one grant may add.
pub const GRANT_MINUTES_MAX: u32 = 24 * 60;
/// Largest accommodation, in percent of the base time (150 = half as much again).
pub const ACCOMMODATION_PERCENT_MAX: u32 = 500;
/// Most entries that one exam's ledger holds.
pub const ENTRIES_MAX: usize = 256;

/// The timed stages of an exam. Entries belong to the stage in which the candidate sat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The theory test.
    Theory,
    /// The practice part.
    Practice,
}

/// What an entry does to the allowed time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// An accommodation: the base time times `percent`/100.
    Multiply {
        /// At least 100; 150 adds half of the base time.
        percent: u32,
    },
    /// Minutes granted on top.
    Grant {
        /// From 1 to [`GRANT_MINUTES_MAX`].
        minutes: u32,
    },
    /// An outage accepted as lost time.
    Outage {
        /// How long it lasted, milliseconds.
        lost: Span,
    },
}

/// One entry: what, for which stage, approved by whom and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The stage it counts for.
    pub stage: Stage,
    /// What it does.
    #[serde(flatten)]
    pub effect: Effect,
    /// Who approved it; absent when the program itself recorded an outage of the station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<PersonId>,
    /// Why, in words.
    pub reason: String,
    /// When it was entered.
    pub at: Moment,
}

/// A stretch of running time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Since when the stage runs.
    pub since: Moment,
    /// Which stage.
    pub stage: Stage,
}

/// The ledger of one exam.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    theory_base: Span,
    practice_base: Span,
    theory_consumed: Span,
    practice_consumed: Span,
    running: Option<Run>,
    entries: Vec<Entry>,
}

impl Ledger {
    /// An empty ledger over the tools' times, in minutes.
    pub fn new(theory_minutes: u32, practice_minutes: u32) -> Ledger {
        Ledger {
            theory_base: Span::minutes(i64::from(theory_minutes)),
            practice_base: Span::minutes(i64::from(practice_minutes)),
            ..Ledger::default()
        }
    }

    /// All entries, in the order in which they were made.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The stage that runs now, and since when.
    pub fn running(&self) -> Option<Run> {
        self.running
    }

    /// The stage's time by its tool.
    pub fn base(&self, stage: Stage) -> Span {
        match stage {
            Stage::Theory => self.theory_base,
            Stage::Practice => self.practice_base,
        }
    }

    /// What the stage used up before its current run.
    pub fn consumed_before(&self, stage: Stage) -> Span {
        match stage {
            Stage::Theory => self.theory_consumed,
            Stage::Practice => self.practice_consumed,
        }
    }

    /// What the candidate may use of a stage.
    pub fn allowed(&self, stage: Stage) -> Span {
        let base = self.base(stage).0;
        let mut extra_percent = 0_i64;
        let mut extra = Span::ZERO;
        for entry in self.entries.iter().filter(|e| e.stage == stage) {
            match entry.effect {
                Effect::Multiply { percent } => extra_percent += i64::from(percent) - 100,
                Effect::Grant { minutes } => extra += Span::minutes(i64::from(minutes)),
                Effect::Outage { lost } => extra += lost,
            }
        }
        // Bases are whole minutes, of which every percent is a whole number of milliseconds.
        Span(base) + Span(base.saturating_mul(extra_percent) / 100) + extra
    }

    /// What the candidate has used of a stage by `now`.
    pub fn consumed(&self, stage: Stage, now: Moment) -> Span {
        let current = match self.running {
            Some(run) if run.stage == stage => (now - run.since).max(Span::ZERO),
            _ => Span::ZERO,
        };
        self.consumed_before(stage) + current
    }

    /// What is left of a stage at `now`; never below zero.
    pub fn remaining(&self, stage: Stage, now: Moment) -> Span {
        (self.allowed(stage) - self.consumed(stage, now)).max(Span::ZERO)
    }

    /// When the running stage's time is over, if one runs.
    pub fn deadline(&self) -> Option<Moment> {
        let run = self.running?;
        Some(
            run.since + (self.allowed(run.stage) - self.consumed_before(run.stage)).max(Span::ZERO),
        )
    }

    /// Adds an entry.
    pub fn enter(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Starts or resumes a stage.
    pub fn run(&mut self, stage: Stage, at: Moment) {
        self.stop(at);
        self.running = Some(Run { since: at, stage });
    }

    /// Stops whatever runs, and books what it consumed.
    pub fn stop(&mut self, at: Moment) {
        if let Some(run) = self.running.take() {
            let used = (at - run.since).max(Span::ZERO);
            match run.stage {
                Stage::Theory => self.theory_consumed += used,
                Stage::Practice => self.practice_consumed += used,
            }
        }
    }
}
