//! What clients asked and what they were answered, in the order in which it happened.

use engine::{CommandId, WireId};
use std::cell::{Cell, RefCell};

/// One command of one client.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which exam.
    pub exam: WireId,
    /// Its id.
    pub cmd: CommandId,
    /// It may be accepted and change nothing.
    pub may_be_quiet: bool,
    /// When it was sent first.
    pub invoked: u64,
    /// When and at which number it was acknowledged first.
    pub acked: Option<(u64, u64)>,
    /// It was refused for good, with this code.
    pub refused: Option<&'static str>,
}

/// Every command of a run. Steps are a logical clock: they order what paused time cannot.
#[derive(Default)]
pub struct History {
    told: RefCell<Vec<Told>>,
    steps: Cell<u64>,
}

impl History {
    fn step(&self) -> u64 {
        self.steps.set(self.steps.get() + 1);
        self.steps.get()
    }

    /// A command is sent for the first time; answers its place.
    pub fn invoke(&self, exam: WireId, cmd: CommandId, may_be_quiet: bool) -> usize {
        let invoked = self.step();
        let told = Told { exam, cmd, may_be_quiet, invoked, acked: None, refused: None };
        self.told.borrow_mut().push(told);
        self.told.borrow().len() - 1
    }

    /// It was acknowledged.
    pub fn ack(&self, at: usize, seq: u64) {
        let step = self.step();
        self.told.borrow_mut()[at].acked = Some((step, seq));
    }

    /// It was refused for good.
    pub fn refuse(&self, at: usize, code: &'static str) {
        self.told.borrow_mut()[at].refused = Some(code);
    }

    /// All of it.
    pub fn all(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }
}
