//! One exam: its state, which is a fold of its events and of nothing else.
//!
//! [`Exam::decide`] turns a command into events or a [`Rejection`]; [`Exam::apply`] cannot fail;
//! [`Exam::next_deadline`] says when time alone creates work; views show the state to a role.
//! The tools that an exam refers to are content-addressed [`Materials`]: their hashes stand in
//! the first event, so the fold depends on nothing that could change.

mod apply;
pub mod command;
mod decide;
pub mod event;
pub mod export;
mod phase;
mod plan;
mod practice;
mod protocol;
mod rejection;
mod theory;
pub mod view;
mod waits;

pub use command::{Cameras, Category, Command, Context, Issuer, Role, Severity};
pub use event::{EVENT_VERSION, Event, Outcome, Unreadable};
pub use phase::Phase;
pub use plan::{Candidate, ExamClass, PanelMember, PanelRole, Plan};
pub use practice::{Mark, Practice, TaskState, Verdict};
pub use protocol::{Action, Comment, Incident, Protocol};
pub use rejection::Rejection;
pub use theory::{Theory, TheoryScore};
pub use waits::{Wait, WaitFor};

use crate::canon::Hash;
use crate::chain::Record;
use crate::ids::{PersonId, StreamId};
use crate::ledger::{Ledger, Stage};
use crate::practice::{PracticeTool, Task};
use crate::time::Moment;
use crate::tool::Tool;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The content-addressed inputs of an exam.
#[derive(Clone, Debug, Default)]
pub struct Materials {
    /// The theory tool, for classes with theory.
    pub tool: Option<Arc<Tool>>,
    /// The practice tool, for classes with practice.
    pub practice: Option<Arc<PracticeTool>>,
}

/// Where an event stands: who, when, under which number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Its number in the stream.
    pub seq: u64,
    /// When.
    pub at: Moment,
    /// The person behind it, if any.
    pub by: Option<PersonId>,
}

/// The state of one exam.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Exam {
    stream: StreamId,
    #[serde(skip)]
    materials: MaterialsEq,
    /// The schedule entry.
    pub plan: Plan,
    /// Where it stands.
    pub phase: Phase,
    /// Where it stood before a suspension.
    pub suspended_from: Option<Phase>,
    /// Why it was suspended, aborted, cancelled or not attended.
    pub reason: Option<String>,
    /// When the room was opened.
    pub opened_at: Option<Moment>,
    /// Experts present, and since when.
    pub present: BTreeMap<PersonId, Moment>,
    /// Experts who confirmed the candidate's identity.
    pub identity: BTreeMap<PersonId, Moment>,
    /// The time ledger.
    pub ledger: Ledger,
    /// Theory.
    pub theory: Theory,
    /// Practice.
    pub practice: Practice,
    /// The panel's decision.
    pub verdict: Option<Verdict>,
    /// The protocol.
    pub protocol: Option<Protocol>,
    /// The outcome, once complete.
    pub outcome: Option<Outcome>,
    /// Incidents by the `seq` that reported them.
    pub incidents: BTreeMap<u64, Incident>,
    /// Comments by `seq`.
    pub comments: BTreeMap<u64, Comment>,
    /// Free-form actions by `seq`.
    pub actions: BTreeMap<u64, Action>,
    /// The number of the last event.
    pub seq: u64,
    /// The time of the last event.
    pub at: Moment,
}

/// Materials compare by identity of meaning: the plan's hashes. They never take part in equality.
#[derive(Clone, Debug, Default)]
struct MaterialsEq(Materials);

impl PartialEq for MaterialsEq {
    fn eq(&self, _: &MaterialsEq) -> bool {
        true
    }
}

/// A journal that does not fold into an exam.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FoldError {
    /// There is nothing to fold.
    #[error("the exam has no records")]
    Empty,
    /// The first record is not `planned`.
    #[error("the first record is {0}, not planned")]
    NotPlanned(String),
    /// A record cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A number is missing.
    #[error("record {found} stands where {expected} was expected")]
    Gap {
        /// The expected number.
        expected: u64,
        /// The found number.
        found: u64,
    },
}

impl Exam {
    /// A planned exam: the state after its first event.
    pub fn planned(stream: StreamId, plan: Plan, materials: Materials, stamp: Stamp) -> Exam {
        let theory = materials.tool.as_ref().map_or(0, |t| t.minutes);
        let practice = materials.practice.as_ref().map_or(0, |p| p.minutes);
        Exam {
            stream,
            ledger: Ledger::new(theory, practice),
            materials: MaterialsEq(materials),
            plan,
            phase: Phase::Planned,
            suspended_from: None,
            reason: None,
            opened_at: None,
            present: BTreeMap::new(),
            identity: BTreeMap::new(),
            theory: Theory::default(),
            practice: Practice::default(),
            verdict: None,
            protocol: None,
            outcome: None,
            incidents: BTreeMap::new(),
            comments: BTreeMap::new(),
            actions: BTreeMap::new(),
            seq: stamp.seq,
            at: stamp.at,
        }
    }

    /// The plan in a stream's first record: it names the materials that [`Exam::fold`] needs.
    ///
    /// # Errors
    /// When the record is not a readable `planned`.
    pub fn plan_of(first: &Record) -> Result<Plan, FoldError> {
        match Event::from_record(first)? {
            Event::Planned(plan) => Ok(*plan),
            _ => Err(FoldError::NotPlanned(first.kind.clone())),
        }
    }

    /// Folds a stream from its first record.
    ///
    /// # Errors
    /// When the records do not begin with `planned`, leave a gap, or cannot be read.
    pub fn fold(records: &[Record], materials: Materials) -> Result<Exam, FoldError> {
        let first = records.first().ok_or(FoldError::Empty)?;
        let plan = Exam::plan_of(first)?;
        let mut exam = Exam::planned(first.stream, plan, materials, Stamp::of(first));
        for record in &records[1..] {
            exam.fold_one(record)?;
        }
        Ok(exam)
    }

    /// Applies the next record.
    ///
    /// # Errors
    /// When it is not the next one or cannot be read; the state is then unchanged.
    pub fn fold_one(&mut self, record: &Record) -> Result<(), FoldError> {
        if record.seq != self.seq + 1 {
            return Err(FoldError::Gap { expected: self.seq + 1, found: record.seq });
        }
        let event = Event::from_record(record)?;
        self.apply(Stamp::of(record), &event);
        Ok(())
    }

    /// SHA-256 over the RFC 8785 form of the whole state: equal after every replay.
    pub fn state_hash(&self) -> Hash {
        Hash::of_json(self)
    }

    /// The stream it is folded from.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// The tools it refers to.
    pub fn materials(&self) -> &Materials {
        &self.materials.0
    }

    /// The theory tool.
    pub fn tool(&self) -> Option<&Tool> {
        self.materials.0.tool.as_deref()
    }

    /// The practice tool.
    pub fn practice_tool(&self) -> Option<&PracticeTool> {
        self.materials.0.practice.as_deref()
    }

    /// When time alone creates work: the end of the running stage's time.
    pub fn next_deadline(&self) -> Option<Moment> {
        match self.phase {
            Phase::TheoryRunning => self.ledger.deadline(),
            Phase::PracticeRunning if !self.practice.time_over => self.ledger.deadline(),
            _ => None,
        }
    }

    /// The phase, or the one that a suspension interrupted.
    pub fn under_way(&self) -> Phase {
        self.suspended_from.unwrap_or(self.phase)
    }

    /// The stage that the candidate sits or sits next, or sat last.
    pub fn stage(&self) -> Stage {
        let admitted = self.under_way() == Phase::PracticeAdmitted;
        if admitted || self.practice.started_at.is_some() || !self.plan.class.has_theory() {
            Stage::Practice
        } else {
            Stage::Theory
        }
    }

    /// The practice task that is being marked: the first that is not settled. None outside of
    /// running practice.
    pub fn current_task(&self) -> Option<&Task> {
        if self.under_way() != Phase::PracticeRunning {
            return None;
        }
        self.practice_tool()?
            .tasks
            .iter()
            .find(|t| self.practice.tasks.get(&t.id).is_none_or(|s| s.results.is_none()))
    }

    /// Experts needed for every decision of the panel.
    pub fn quorum(&self) -> usize {
        self.plan.quorum as usize
    }

    /// Experts whose locked marks a task needs: what the exam asks for, or its practice tool.
    pub fn marking_quorum(&self) -> usize {
        let tool = self.practice_tool().map_or(0, |t| t.quorum as usize);
        self.quorum().max(tool)
    }

    /// The role of a person on this exam's panel.
    pub fn panel_role(&self, person: PersonId) -> Option<PanelRole> {
        self.plan.panel.iter().find(|m| m.person == person).map(|m| m.role)
    }

    /// The panel's chair.
    pub fn chair(&self) -> Option<PersonId> {
        self.plan.panel.iter().find(|m| m.role == PanelRole::Chair).map(|m| m.person)
    }
}

impl Stamp {
    /// The stamp of a record.
    pub fn of(record: &Record) -> Stamp {
        let by = match record.by {
            crate::Actor::Person(p) => Some(p),
            crate::Actor::System => None,
        };
        Stamp { seq: record.seq, at: record.at, by }
    }
}
