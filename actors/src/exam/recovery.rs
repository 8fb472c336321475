//! Reading an exam back from its journal: the same state, byte for byte, or a named reason.

use super::{Applied, Boot, ExamDeps};
use crate::error::LogError;
use crate::ports::Quarantined;
use engine::chain::Head;
use engine::exam::{Event, Materials, Plan, Stamp};
use engine::ledger::Effect;
use engine::{Exam, Moment, Record, Span, StreamId, WireId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A shorter gap than this was a restart that nobody noticed; it is not credited.
const OUTAGE_MIN: Span = Span(2_000);

/// An exam in memory.
pub(crate) struct Loaded {
    /// Its state.
    pub exam: Exam,
    /// The end of its chain.
    pub head: Head,
    /// Commands applied.
    pub commands: Applied,
    /// When the newest of the records was made that this process found when it started: so long
    /// the one before it was certainly alive.
    pub inherited_at: Option<Moment>,
    boot_at: Moment,
}

/// What reading came to.
pub(crate) enum Read {
    /// Ready for commands.
    Live(Box<Loaded>),
    /// Readable up to some number, and why no further.
    Frozen(Box<Loaded>, String),
    /// Nothing can be shown.
    Broken(String),
    /// The log does not answer now.
    Unavailable,
}

impl Loaded {
    /// Applies a record that is durable.
    pub fn apply(&mut self, record: &Record, event: &Event) {
        self.exam.apply(Stamp::of(record), event);
        self.note(record);
    }

    fn note(&mut self, record: &Record) {
        self.head = Head::of(record);
        if record.at < self.boot_at {
            self.inherited_at = Some(record.at);
        }
        if let Some(cmd) = record.cmd {
            self.commands.insert(cmd, record.seq);
        }
    }
}

/// Reads and folds a stream.
pub(crate) async fn load(deps: Arc<ExamDeps>, stream: StreamId, wire_id: WireId) -> Read {
    match read(&deps, stream, wire_id).await {
        Ok(read) => read,
        Err(LogError::Unavailable(why)) => {
            tracing::warn!(exam.id = wire_id.0, why, "the log does not answer");
            Read::Unavailable
        }
        Err(LogError::Corrupt(why)) => {
            freeze(&deps, stream, wire_id, &why).await;
            Read::Broken(why)
        }
    }
}

async fn read(deps: &ExamDeps, stream: StreamId, wire_id: WireId) -> Result<Read, LogError> {
    count_suspect(deps, stream, wire_id).await?;
    let mut records = records(deps, stream).await?;
    let Some(first) = records.first() else {
        return Ok(Read::Broken("the exam has no records".to_owned()));
    };
    let plan = match Exam::plan_of(first) {
        Ok(plan) => plan,
        Err(fault) => return Err(LogError::Corrupt(fault.to_string())),
    };
    let materials = Materials {
        tool: match plan.tool {
            Some(hash) => deps.catalog.tool(hash).await?,
            None => None,
        },
        practice: match plan.practice {
            Some(hash) => deps.catalog.practice(hash).await?,
            None => None,
        },
    };
    if materials.tool.is_none() && plan.tool.is_some() {
        return Err(LogError::Corrupt("the theory tool is missing from the store".into()));
    }
    if materials.practice.is_none() && plan.practice.is_some() {
        return Err(LogError::Corrupt("the practice tool is missing from the store".into()));
    }
    let boot_at = deps.boot.at;
    let mut loaded = begin(first, (plan.clone(), materials.clone()), boot_at);
    if let Err(stop) = replay(deps, wire_id, &mut loaded, &mut records[1..]) {
        freeze(deps, stream, wire_id, &stop.why).await;
        // The failed step may have left a torn state: fold again up to where it was sound.
        let sound = reread(deps, stream, (plan, materials), stop.sound).await?;
        return Ok(Read::Frozen(sound, stop.why));
    }
    Ok(match deps.quarantine.of(stream) {
        Some(q) => {
            // The board is new after a restart; the reason is not.
            deps.board.quarantined(wire_id, &q.reason, q.at);
            Read::Frozen(loaded, q.reason)
        }
        None => Read::Live(loaded),
    })
}

/// The state after a stream's first record and so many more, which are known to be sound.
async fn reread(
    deps: &ExamDeps,
    stream: StreamId,
    of: (Plan, Materials),
    sound: usize,
) -> Result<Box<Loaded>, LogError> {
    let records = records(deps, stream).await?;
    let mut loaded = begin(&records[0], of, deps.boot.at);
    for record in &records[1..=sound] {
        if let Ok(event) = Event::from_record(record) {
            loaded.apply(record, &event);
        }
    }
    Ok(loaded)
}

/// The incarnation before this one may have panicked while it decided a command. That is counted
/// durably, and a command that did so too often is refused for good.
async fn count_suspect(deps: &ExamDeps, stream: StreamId, wire_id: WireId) -> Result<(), LogError> {
    let Some(cmd) = deps.suspects.left(stream) else { return Ok(()) };
    let times = deps.log.note_poison(stream, cmd).await?;
    deps.suspects.clear(stream);
    if times >= deps.limits.poison_panics_max {
        tracing::error!(exam.id = wire_id.0, %cmd, "command refused after repeated panics");
        deps.suspects.condemn(stream, cmd);
        deps.board.poisoned(wire_id, deps.clock.now());
    }
    Ok(())
}

/// All records of a stream.
pub(crate) async fn records(deps: &ExamDeps, stream: StreamId) -> Result<Vec<Record>, LogError> {
    let page = deps.limits.read_events_max;
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map_or(0, |r| r.seq);
        let next = deps.log.read(stream, after, page).await?;
        let last = next.len() < page as usize;
        records.extend(next);
        if last {
            return Ok(records);
        }
    }
}

/// The state after a stream's first record.
fn begin(first: &Record, (plan, materials): (Plan, Materials), boot_at: Moment) -> Box<Loaded> {
    let exam = Exam::planned(first.stream, plan, materials, Stamp::of(first));
    let mut loaded = Loaded {
        exam,
        head: Head::default(),
        commands: Applied::new(),
        inherited_at: None,
        boot_at,
    };
    loaded.note(first);
    Box::new(loaded)
}

/// Where and why a replay stopped.
struct Stop {
    /// How many records were folded.
    sound: usize,
    why: String,
}

/// Folds record after record; a poison event stops it and never walks further.
fn replay(
    deps: &ExamDeps,
    wire_id: WireId,
    loaded: &mut Loaded,
    records: &mut [Record],
) -> Result<(), Stop> {
    for (sound, record) in records.iter_mut().enumerate() {
        let stop = |why: String| Stop { sound, why };
        if record.seq != loaded.head.seq + 1 {
            return Err(stop(format!("record {} is missing", loaded.head.seq + 1)));
        }
        if record.prev != loaded.head.hash {
            return Err(stop(format!("record {} does not continue the one before", record.seq)));
        }
        let event = Event::take(record).map_err(|fault| stop(fault.to_string()))?;
        let folded = catch_unwind(AssertUnwindSafe(|| {
            deps.faults.before_replay(wire_id, record.seq);
            loaded.apply(record, &event);
        }));
        if folded.is_err() {
            return Err(stop(format!("record {} cannot be replayed by this build", record.seq)));
        }
    }
    Ok(())
}

/// Quarantines a stream durably and tells the operator.
pub(crate) async fn freeze(deps: &ExamDeps, stream: StreamId, wire_id: WireId, why: &str) {
    let at = deps.clock.now();
    tracing::error!(exam.id = wire_id.0, why, "exam quarantined");
    deps.quarantine.set(Quarantined { stream, reason: why.to_owned(), at });
    if let Err(error) = deps.log.quarantine(stream, why, at).await {
        tracing::error!(exam.id = wire_id.0, %error, "quarantine not stored");
    }
    deps.board.quarantined(wire_id, why, at);
}

/// As [`freeze`], for a stream whose exam must be found first.
pub(crate) async fn freeze_stream(deps: &ExamDeps, stream: StreamId, why: &str) {
    let first = deps.log.read(stream, 0, 1).await.ok().and_then(|r| r.into_iter().next());
    match first.as_ref().map(Exam::plan_of) {
        Some(Ok(plan)) => freeze(deps, stream, plan.wire_id, why).await,
        Some(Err(_)) | None => tracing::error!(%stream, why, "stream quarantined without a plan"),
    }
}

/// How long the station was down while this exam's clock ran, if that was not credited yet.
pub(crate) fn station_outage(loaded: &Loaded, boot: Boot) -> Option<Span> {
    let ledger = &loaded.exam.ledger;
    let run = ledger.running()?;
    let alive_at = boot.alive_at?.max(run.since).max(loaded.inherited_at.unwrap_or_default());
    let lost = boot.at - alive_at;
    let credited = ledger.entries().iter().any(|entry| {
        entry.approver.is_none()
            && entry.at >= boot.at
            && matches!(entry.effect, Effect::Outage { .. })
    });
    (lost >= OUTAGE_MIN && !credited).then_some(lost)
}
