//! The schedule entry of an exam, and what a sound one looks like.

use super::Rejection;
use super::command::TEXT_CHARS_MAX;
use crate::canon::Hash;
use crate::form::Blueprint;
use crate::ids::{PersonId, WireId};
use crate::question::ID_MAX;
use crate::time::{Moment, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most experts on one panel.
pub const PANEL_MAX: usize = 15;
/// An exam is valid with at least so many experts.
pub const QUORUM_MIN: u32 = 3;
/// An exam may be opened this long before its start.
pub const OPEN_EARLY: Span = Span::minutes(120);
/// An exam may be opened this long after its planned end.
pub const OPEN_LATE: Span = Span::minutes(240);

/// Which parts an exam has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ExamClass {
    /// The test alone.
    Theory,
    /// The practical part alone.
    Practice,
    /// Both, theory first.
    TheoryPractice,
}

impl ExamClass {
    /// The candidate sits a theory test.
    pub fn has_theory(self) -> bool {
        self != ExamClass::Practice
    }

    /// The candidate does practical tasks.
    pub fn has_practice(self) -> bool {
        self != ExamClass::Theory
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            ExamClass::Theory => "theory",
            ExamClass::Practice => "practice",
            ExamClass::TheoryPractice => "theory_practice",
        }
    }
}

/// A person's part on a panel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PanelRole {
    /// Leads the panel, signs last, decides ties.
    Chair,
    /// Marks and votes.
    Expert,
    /// Marks and votes, and answers for the equipment.
    TechnicalExpert,
}

/// A seat on the panel.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PanelMember {
    /// Who.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// Part on the panel.
    pub role: PanelRole,
}

/// The candidate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Candidate {
    /// Who.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub person: PersonId,
    /// Full name.
    pub name: String,
}

/// A schedule entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The number that every REST and frame shows.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub wire_id: WireId,
    /// Which parts it has.
    pub class: ExamClass,
    /// The qualification's name.
    pub title: String,
    /// The qualification's number, such as 12.00798.02.
    pub qualification: String,
    /// The qualification's id (`skill_id` on the wire).
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub skill_id: u64,
    /// The centre (ЦОК).
    pub centre: String,
    /// The room.
    pub room: String,
    /// IANA zone of the place.
    pub tz: String,
    /// Planned start.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub begins_at: Moment,
    /// Planned end.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub ends_at: Moment,
    /// The candidate.
    pub candidate: Candidate,
    /// The panel; one of them is the chair.
    pub panel: Vec<PanelMember>,
    /// Experts needed.
    pub quorum: u32,
    /// Hash of the theory tool, for classes with theory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub tool: Option<Hash>,
    /// Hash of the practice tool, for classes with practice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub practice: Option<Hash>,
    /// How forms are drawn; the tool's own blocks when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "unknown", optional))]
    pub blueprint: Option<Blueprint>,
}

fn need(ok: bool, field: &'static str, expected: impl Into<String>) -> Result<(), Rejection> {
    if ok { Ok(()) } else { Err(Rejection::Invalid { field, expected: expected.into() }) }
}

impl Plan {
    /// Checks everything that a schedule entry must satisfy by itself.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self) -> Result<(), Rejection> {
        let panel = &self.panel;
        let people: BTreeSet<_> = panel.iter().map(|m| m.person).collect();
        let chairs = panel.iter().filter(|m| m.role == PanelRole::Chair).count();
        let texts = [&self.title, &self.qualification, &self.centre, &self.room, &self.tz];
        let names = panel.iter().map(|m| &m.name).chain([&self.candidate.name]);
        need(self.ids().all(|id| id <= ID_MAX), "id", format!("ids from 0 to {ID_MAX}"))?;
        let moments = [self.begins_at, self.ends_at];
        need(
            moments.iter().all(|m| u64::try_from(m.0).is_ok_and(|ms| ms <= ID_MAX)),
            "begins_at",
            format!("moments from 0 to {ID_MAX} milliseconds"),
        )?;
        need(self.begins_at < self.ends_at, "ends_at", "a moment after begins_at")?;
        need(panel.len() <= PANEL_MAX, "panel", format!("at most {PANEL_MAX} experts"))?;
        need(people.len() == panel.len(), "panel", "each expert once")?;
        need(chairs == 1, "panel", "exactly one chair")?;
        need(!people.contains(&self.candidate.person), "panel", "nobody who is the candidate")?;
        need(self.quorum >= QUORUM_MIN, "quorum", format!("at least {QUORUM_MIN}"))?;
        need(
            panel.len() >= self.quorum as usize,
            "panel",
            format!("at least {} experts (the quorum)", self.quorum),
        )?;
        need(
            texts.into_iter().chain(names).all(|t| t.chars().count() <= TEXT_CHARS_MAX),
            "title",
            format!("texts of at most {TEXT_CHARS_MAX} characters"),
        )?;
        need(
            self.class.has_theory() == self.tool.is_some(),
            "tool",
            "a theory tool exactly when the class has theory",
        )?;
        need(
            self.class.has_practice() == self.practice.is_some(),
            "practice",
            "a practice tool exactly when the class has practice",
        )?;
        need(
            self.blueprint.as_ref().is_none_or(|b| Some(b.tool_hash) == self.tool),
            "blueprint",
            "a blueprint of the theory tool",
        )
    }

    /// Every number that names something. Beyond 2^53 JSON readers lose digits.
    fn ids(&self) -> impl Iterator<Item = u64> {
        let people = self.panel.iter().map(|m| m.person).chain([self.candidate.person]);
        people.map(|p| p.0).chain([self.wire_id.0, self.skill_id])
    }
}
