//! An event log in memory that enforces what the real one enforces, and fails as it is told.

use crate::error::{AppendError, LogError};
use crate::ports::{Append, EventLog, Fence, Quarantined, Summary};
use async_trait::async_trait;
use engine::{CommandId, Moment, Record, StreamId, WireId};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, watch};

/// What one append does instead of working.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Refuses and writes nothing.
    Refuse(AppendError),
    /// Writes, then answers as if nobody knew.
    LoseReply,
    /// Panics before it writes.
    Panic,
    /// Never answers, and writes nothing.
    Hang,
}

#[derive(Default)]
struct State {
    streams: HashMap<StreamId, Vec<Record>>,
    commands: HashSet<(StreamId, CommandId, u16)>,
    wire_ids: HashMap<WireId, StreamId>,
    summaries: BTreeMap<StreamId, Summary>,
    fence: Option<Fence>,
    faults: VecDeque<Fault>,
    outage: Option<AppendError>,
    read_outage: Option<LogError>,
    hold: Option<Arc<Semaphore>>,
    lenient: bool,
    batches: Vec<usize>,
    attempts: usize,
    crashes: HashMap<(StreamId, u64), u32>,
    poison: HashMap<(StreamId, CommandId), u32>,
    quarantined: BTreeMap<StreamId, Quarantined>,
}

/// The log. Share it by `Arc`; two journals over one log stand for two processes.
pub struct MemoryLog {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

/// While it lives, appends wait before they write.
pub struct Hold(Arc<Semaphore>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

impl MemoryLog {
    /// An empty log that accepts every fence.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next appends fail so, one fault each, in this order.
    pub fn fail_next(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Every append and probe is refused so, until `None` is set.
    pub fn set_outage(&self, outage: Option<AppendError>) {
        self.state().outage = outage;
    }

    /// Every read fails so, until `None` is set.
    pub fn set_read_outage(&self, outage: Option<LogError>) {
        self.state().read_outage = outage;
    }

    /// Appends wait until the returned hold is dropped.
    pub fn hold(&self) -> Hold {
        let gate = Arc::new(Semaphore::new(0));
        self.state().hold = Some(gate.clone());
        Hold(gate)
    }

    /// Accepts only this fence from now on, as after another process took over.
    pub fn set_fence(&self, fence: Fence) {
        self.state().fence = Some(fence);
    }

    /// Stops enforcing uniqueness and the fence: the negative control of a checker.
    pub fn enforce_nothing(&self) {
        self.state().lenient = true;
    }

    /// Every stored record of a stream.
    pub fn records(&self, stream: StreamId) -> Vec<Record> {
        self.state().streams.get(&stream).cloned().unwrap_or_default()
    }

    /// How many records are stored in all streams.
    pub fn total(&self) -> usize {
        self.state().streams.values().map(Vec::len).sum()
    }

    /// Number of items of every committed batch, in order.
    pub fn batches(&self) -> Vec<usize> {
        self.state().batches.clone()
    }

    /// How many appends have begun, those that wait or failed included; probes are not counted.
    pub fn attempts(&self) -> usize {
        self.state().attempts
    }

    /// A stream's present summary.
    pub fn summary(&self, stream: StreamId) -> Option<Summary> {
        self.state().summaries.get(&stream).cloned()
    }

    /// Every present summary, by stream.
    pub fn summaries(&self) -> Vec<Summary> {
        self.state().summaries.values().cloned().collect()
    }

    /// Waits until the log satisfies a condition; it is asked again after every change.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.changed.subscribe();
        while !condition(self) {
            // The sender lives in `self`, so this cannot fail.
            let _ = changes.changed().await;
        }
    }

    fn touch(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    fn commit(&self, fence: Fence, batch: &[Append]) -> Result<(), AppendError> {
        let mut state = self.state();
        if !state.lenient {
            if state.fence.is_some_and(|now| now != fence) {
                return Err(AppendError::Fenced);
            }
            check(&state, batch)?;
        }
        for append in batch {
            for record in &append.records {
                if let Some(cmd) = record.cmd {
                    state.commands.insert((record.stream, cmd, record.cmd_ix));
                }
                state.streams.entry(record.stream).or_default().push(record.clone());
            }
            if let Some(summary) = &append.summary {
                if let Some(wire_id) = summary.wire_id {
                    state.wire_ids.insert(wire_id, summary.stream);
                }
                state.summaries.insert(summary.stream, summary.clone());
            }
        }
        if !batch.is_empty() {
            state.batches.push(batch.len());
        }
        Ok(())
    }
}

/// The constraints of the real tables, over what is stored and the batch itself.
fn check(state: &State, batch: &[Append]) -> Result<(), AppendError> {
    let mut heads: HashMap<StreamId, u64> = HashMap::new();
    let mut commands = HashSet::new();
    let mut wire_ids = HashMap::new();
    for append in batch {
        for record in &append.records {
            if let Some(cmd) = record.cmd {
                let key = (record.stream, cmd, record.cmd_ix);
                if state.commands.contains(&key) || !commands.insert(key) {
                    return Err(AppendError::Duplicate);
                }
            }
            let stored = || state.streams.get(&record.stream).map_or(0, |all| all.len() as u64);
            let head = heads.entry(record.stream).or_insert_with(stored);
            *head += 1;
            if record.seq != *head {
                return Err(AppendError::Conflict);
            }
        }
        if let Some((summary, wire_id)) =
            append.summary.as_ref().and_then(|s| Some((s, s.wire_id?)))
        {
            let owner = *wire_ids.entry(wire_id).or_insert(summary.stream);
            let stored = state.wire_ids.get(&wire_id).copied().unwrap_or(owner);
            if owner != summary.stream || stored != summary.stream {
                return Err(AppendError::WireIdTaken);
            }
        }
    }
    Ok(())
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, fence: Fence, batch: &[Append]) -> Result<(), AppendError> {
        let hold = {
            let mut state = self.state();
            state.attempts += usize::from(!batch.is_empty());
            state.hold.clone()
        };
        self.touch();
        if let Some(gate) = hold {
            // Closed, not acquired: an error is how a dropped hold lets everyone pass.
            let _ = gate.acquire().await;
        }
        let (fault, outage) = {
            let mut state = self.state();
            // A probe must not use up a fault meant for a real append.
            let fault = if batch.is_empty() { None } else { state.faults.pop_front() };
            (fault, state.outage.clone())
        };
        match fault {
            Some(Fault::Refuse(error)) => return Err(error),
            Some(Fault::Panic) => panic!("the log was told to panic"),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::LoseReply) => {
                self.commit(fence, batch)?;
                self.touch();
                return Err(AppendError::Unknown);
            }
            None => {}
        }
        if let Some(error) = outage {
            return Err(error);
        }
        let outcome = self.commit(fence, batch);
        self.touch();
        outcome
    }

    async fn read(&self, stream: StreamId, after: u64, max: u32) -> Result<Vec<Record>, LogError> {
        let state = self.state();
        if let Some(error) = &state.read_outage {
            return Err(error.clone());
        }
        let all = state.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        Ok(all.iter().filter(|r| r.seq > after).take(max as usize).cloned().collect())
    }

    async fn find_command(
        &self,
        stream: StreamId,
        cmd: CommandId,
    ) -> Result<Option<u64>, LogError> {
        let state = self.state();
        if let Some(error) = &state.read_outage {
            return Err(error.clone());
        }
        let all = state.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        Ok(all.iter().rev().find(|r| r.cmd == Some(cmd)).map(|r| r.seq))
    }

    async fn note_crash(&self, stream: StreamId, seq: u64, _detail: &str) -> Result<u32, LogError> {
        let count = {
            let mut state = self.state();
            let count = state.crashes.entry((stream, seq)).or_default();
            *count += 1;
            *count
        };
        self.touch();
        Ok(count)
    }

    async fn note_poison(&self, stream: StreamId, cmd: CommandId) -> Result<u32, LogError> {
        let count = {
            let mut state = self.state();
            let count = state.poison.entry((stream, cmd)).or_default();
            *count += 1;
            *count
        };
        self.touch();
        Ok(count)
    }

    async fn quarantine(&self, stream: StreamId, reason: &str, at: Moment) -> Result<(), LogError> {
        self.state().quarantined.entry(stream).or_insert_with(|| Quarantined {
            stream,
            reason: reason.to_owned(),
            at,
        });
        self.touch();
        Ok(())
    }

    async fn release(&self, stream: StreamId) -> Result<bool, LogError> {
        let was = {
            let mut state = self.state();
            state.crashes.retain(|(of, _), _| *of != stream);
            state.quarantined.remove(&stream).is_some()
        };
        self.touch();
        Ok(was)
    }

    async fn quarantined(&self) -> Result<Vec<Quarantined>, LogError> {
        Ok(self.state().quarantined.values().cloned().collect())
    }
}

#[cfg(test)]
mod tests;
