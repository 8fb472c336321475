//! What the actors of all exams share.

use crate::board::Board;
use crate::catalog::Catalog;
use crate::faults::Faults;
use crate::journal::JournalHandle;
use crate::ports::{Clock, EventLog, IdSource, Quarantined};
use crate::settings::Limits;
use engine::{CommandId, Moment, StreamId};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Commands remembered as refused for good; the oldest make room, and are found out anew.
const CONDEMNED_MAX: usize = 1_024;

/// What every exam's actor stands on.
pub struct ExamDeps {
    /// Reads and notes.
    pub log: Arc<dyn EventLog>,
    /// Appends.
    pub journal: JournalHandle,
    /// Tools by hash.
    pub catalog: Arc<dyn Catalog>,
    /// The station's clock.
    pub clock: Arc<dyn Clock>,
    /// Salt, seeds, ids.
    pub ids: Arc<dyn IdSource>,
    /// The board that shows every exam.
    pub board: Board,
    /// Named limits.
    pub limits: Limits,
    /// The log's epoch.
    pub epoch: Arc<str>,
    /// When this process started, and when the one before it was last known to be alive.
    pub boot: Boot,
    /// Which command each exam is deciding, in case it never comes back.
    pub suspects: Suspects,
    /// Exams in quarantine.
    pub quarantine: Quarantine,
    /// Planted faults; none outside tests.
    pub faults: Faults,
}

/// Exams in quarantine, as this process knows them: read from the log once, kept up to date by
/// whoever quarantines or releases. A start that wakes thousands of exams asks it for each.
#[derive(Default)]
pub struct Quarantine(Mutex<HashMap<StreamId, Quarantined>>);

impl Quarantine {
    /// What the log holds at the start.
    pub fn new(known: Vec<Quarantined>) -> Quarantine {
        Quarantine(Mutex::new(known.into_iter().map(|q| (q.stream, q)).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StreamId, Quarantined>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The quarantine of a stream, if it is in one.
    pub(crate) fn of(&self, stream: StreamId) -> Option<Quarantined> {
        self.lock().get(&stream).cloned()
    }

    /// A stream is quarantined; the first reason is kept.
    pub(crate) fn set(&self, quarantined: Quarantined) {
        self.lock().entry(quarantined.stream).or_insert(quarantined);
    }

    /// A stream is released.
    pub(crate) fn lift(&self, stream: StreamId) {
        self.lock().remove(&stream);
    }
}

/// The command that each exam is deciding at this moment. What is left after a panic names the
/// command that caused it, so that commands that only waited behind it are not blamed.
#[derive(Default)]
pub struct Suspects(Mutex<Known>);

#[derive(Default)]
struct Known {
    deciding: HashMap<StreamId, CommandId>,
    condemned: VecDeque<(StreamId, CommandId)>,
}

impl Suspects {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The exam begins to decide this command.
    pub(super) fn set(&self, stream: StreamId, cmd: CommandId) {
        self.lock().deciding.insert(stream, cmd);
    }

    /// The command was decided, or found to be the cause of a panic.
    pub(super) fn clear(&self, stream: StreamId) {
        self.lock().deciding.remove(&stream);
    }

    /// What the exam was deciding when it was last heard of.
    pub(super) fn left(&self, stream: StreamId) -> Option<CommandId> {
        self.lock().deciding.get(&stream).copied()
    }

    /// From now on this command is refused without being tried.
    pub(super) fn condemn(&self, stream: StreamId, cmd: CommandId) {
        let mut known = self.lock();
        if known.condemned.len() >= CONDEMNED_MAX {
            known.condemned.pop_front();
        }
        known.condemned.push_back((stream, cmd));
    }

    /// Whether this command is refused for good.
    pub(super) fn is_condemned(&self, stream: StreamId, cmd: CommandId) -> bool {
        self.lock().condemned.contains(&(stream, cmd))
    }
}

/// The moments around a start of the process.
#[derive(Clone, Copy, Debug)]
pub struct Boot {
    /// When this process started.
    pub at: Moment,
    /// When the one before was last known to be alive, if one was.
    pub alive_at: Option<Moment>,
}
