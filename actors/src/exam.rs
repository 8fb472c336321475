//! The actor of one exam: decide → journal → apply → publish → re-arm the deadline.
//!
//! Each step of a command runs inside an `AtomicResponse`, so no other message of the same exam
//! comes between. Nothing is published or answered before its records are durable. When the
//! outcome of an append is unknown, or somebody else wrote, the actor forgets its state and reads
//! the journal again; it never guesses.

mod live;
mod messages;
pub(crate) mod recovery;

pub(crate) use messages::{AskDigest, Inspect, Join, Leave, Observe, Refresh};

use crate::board::Board;
use crate::catalog::Catalog;
use crate::error::AppendError;
use crate::exams::{Ack, Submit, SubmitError};
use crate::faults::Faults;
use crate::feed::Topic;
use crate::journal::JournalHandle;
use crate::ports::{Append, Clock, EventLog, IdSource, StreamKind, Summary};
use crate::settings::Limits;
use crate::supervision::{Guard, tended};
use actix::prelude::*;
use engine::chain::{Cause, Content};
use engine::exam::event::{EVENT_VERSION, Event};
use engine::exam::{Cameras, Command, Context as Facts, Issuer, Stamp};
use engine::{Actor as By, CommandId, Exam, Moment, Record, Seed, Span, StreamId, WireId};
use live::Groups;
use recovery::{Loaded, load};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the actor waits before it tries again what the store refused.
const RETRY: Duration = Duration::from_secs(1);

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
    /// Planted faults; none outside tests.
    pub faults: Faults,
}

/// The command that each exam is deciding at this moment. What is left after a panic names the
/// command that caused it, so that commands that only waited behind it are not blamed.
#[derive(Default)]
pub struct Suspects(Mutex<HashMap<StreamId, CommandId>>);

impl Suspects {
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamId, CommandId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, stream: StreamId, cmd: CommandId) {
        self.lock().insert(stream, cmd);
    }

    fn clear(&self, stream: StreamId) {
        self.lock().remove(&stream);
    }

    /// Whether the exam was deciding this command when it was last heard of.
    pub(crate) fn is(&self, stream: StreamId, cmd: CommandId) -> bool {
        self.lock().get(&stream) == Some(&cmd)
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

/// The actor of one exam.
pub struct ExamActor {
    deps: Arc<ExamDeps>,
    stream: StreamId,
    wire_id: WireId,
    topic: Topic,
    frozen: Option<String>,
    state: State,
    groups: Groups,
    deadline: Option<SpawnHandle>,
    digest: Option<SpawnHandle>,
    guard: Guard,
}

enum State {
    /// The journal has not been read yet, or must be read again.
    Unloaded,
    /// Ready for commands.
    Live(Box<Loaded>),
    /// Readable, not writable: its history cannot be replayed, or it failed too often.
    Frozen(Box<Loaded>, String),
    /// Nothing can be shown.
    Broken(String),
}

impl ExamActor {
    /// An actor that will read its exam from the journal when it starts. With `frozen` it only
    /// answers reads.
    pub fn new(
        deps: Arc<ExamDeps>,
        (stream, wire_id): (StreamId, WireId),
        frozen: Option<String>,
        guard: Guard,
    ) -> ExamActor {
        ExamActor {
            deps,
            stream,
            wire_id,
            topic: Topic::exam(wire_id),
            frozen,
            state: State::Unloaded,
            groups: Groups::default(),
            deadline: None,
            digest: None,
            guard,
        }
    }

    fn loaded(&self) -> Option<&Loaded> {
        match &self.state {
            State::Live(loaded) | State::Frozen(loaded, _) => Some(loaded),
            State::Unloaded | State::Broken(_) => None,
        }
    }

    /// Why there is no state to work on.
    fn absence(&self) -> SubmitError {
        match &self.state {
            State::Frozen(_, why) | State::Broken(why) => SubmitError::Quarantined(why.clone()),
            State::Unloaded | State::Live(_) => SubmitError::Unavailable("the journal"),
        }
    }

    /// Reads the journal; messages wait until it is done.
    fn reload(&mut self, ctx: &mut Context<Self>) {
        self.state = State::Unloaded;
        let loading = load(self.deps.clone(), self.stream, self.wire_id);
        ctx.wait(loading.into_actor(self).map(|read, act, ctx| act.settle(read, ctx)));
    }

    fn settle(&mut self, read: recovery::Read, ctx: &mut Context<Self>) {
        self.state = match read {
            recovery::Read::Live(loaded) => match &self.frozen {
                Some(why) => State::Frozen(loaded, why.clone()),
                None => State::Live(loaded),
            },
            recovery::Read::Frozen(loaded, why) => State::Frozen(loaded, why),
            recovery::Read::Broken(why) => State::Broken(why),
            recovery::Read::Unavailable => {
                ctx.run_later(RETRY, |act, ctx| {
                    if matches!(act.state, State::Unloaded) {
                        act.reload(ctx);
                    }
                });
                return;
            }
        };
        if let Some(loaded) = self.loaded() {
            self.deps.board.changed(loaded.exam.board_row());
        }
        let loaded = match &self.state {
            State::Live(loaded) | State::Frozen(loaded, _) => Some(&**loaded),
            State::Unloaded | State::Broken(_) => None,
        };
        self.groups.restate(&self.topic, &self.deps, loaded);
        self.credit_outage(ctx);
        self.arm(ctx, Duration::ZERO);
    }

    /// Time that the station itself took from a running stage is given back without being asked.
    fn credit_outage(&mut self, ctx: &mut Context<Self>) {
        let State::Live(loaded) = &self.state else { return };
        let Some(lost) = recovery::station_outage(&loaded.exam, self.deps.boot) else { return };
        self.system(ctx, Command::RecordStationOutage { lost });
    }

    fn system(&mut self, ctx: &mut Context<Self>, command: Command) {
        ctx.notify(Submit {
            exam: self.wire_id,
            cmd: self.deps.ids.command_id(),
            if_seq: None,
            issuer: Issuer::system(),
            command,
        });
    }

    /// Arms the one timer: the end of the running stage's time.
    fn arm(&mut self, ctx: &mut Context<Self>, at_least: Duration) {
        if let Some(timer) = self.deadline.take() {
            ctx.cancel_future(timer);
        }
        let State::Live(loaded) = &self.state else { return };
        let Some(deadline) = loaded.exam.next_deadline() else { return };
        let left = (deadline - self.deps.clock.now()).max(Span::ZERO);
        let wait = Duration::from_millis(left.0.unsigned_abs()).max(at_least);
        self.deadline = Some(ctx.run_later(wait, |act, ctx| {
            act.deadline = None;
            act.system(ctx, Command::EndTime {});
        }));
    }

    /// Decides a command; either the answer is known at once or something must be journalled.
    fn prepare(&mut self, submit: &Submit) -> Result<Prepared, Result<Ack, SubmitError>> {
        let State::Live(loaded) = &self.state else { return Err(Err(self.absence())) };
        if let Some(seq) = loaded.commands.get(&submit.cmd) {
            return Err(Ok(Ack { seq: *seq, dup: true }));
        }
        if submit.if_seq.is_some_and(|seq| seq < loaded.head.seq) {
            return Err(Err(engine::exam::Rejection::Stale(loaded.head.seq).into()));
        }
        self.deps.suspects.set(self.stream, submit.cmd);
        self.deps.faults.before_decide(self.wire_id, &submit.command);
        let facts = Facts {
            now: self.deps.clock.now(),
            seed: Seed(self.deps.ids.seed()),
            cameras: Cameras::NotRequired,
        };
        let decided = loaded.exam.decide(&submit.issuer, &submit.command, &facts);
        self.deps.suspects.clear(self.stream);
        let events = decided.map_err(|rejection| Err(rejection.into()))?;
        if events.is_empty() {
            return Err(Ok(Ack { seq: loaded.head.seq, dup: false }));
        }
        let by = submit.issuer.person.map_or(By::System, By::Person);
        let cause = Cause { at: facts.now, by, cmd: Some(submit.cmd) };
        let mut head = loaded.head;
        let contents = events.iter().map(|event| {
            let (kind, d) = event.to_parts();
            Content { kind, v: EVENT_VERSION, d, salt: self.deps.ids.salt() }
        });
        let records = head.extend(self.stream, cause, contents);
        let summary = changed_summary(&loaded.exam, &records, &events);
        Ok(Prepared { append: Append { records: records.clone(), summary }, records, events })
    }

    /// What follows an append: apply and publish, or find out where the exam stands.
    fn committed(
        &mut self,
        outcome: Result<(), AppendError>,
        prepared: Prepared,
        ctx: &mut Context<Self>,
    ) -> Result<Ack, SubmitError> {
        if let Err(error) = outcome {
            return Err(self.not_committed(&error, ctx));
        }
        let State::Live(loaded) = &mut self.state else { return Err(SubmitError::Retry) };
        let seq = prepared.records.last().map_or(loaded.head.seq, |r| r.seq);
        self.guard.at(seq);
        for (record, event) in prepared.records.iter().zip(&prepared.events) {
            loaded.apply(record, event);
            self.groups.publish(&self.topic, &self.deps, loaded, (record, event));
        }
        self.deps.board.changed(loaded.exam.board_row());
        self.arm(ctx, Duration::ZERO);
        self.arm_digest(ctx);
        Ok(Ack { seq, dup: false })
    }

    fn not_committed(&mut self, error: &AppendError, ctx: &mut Context<Self>) -> SubmitError {
        tracing::warn!(exam.id = self.wire_id.0, %error, "append not acknowledged");
        let answer = match error {
            AppendError::Full => SubmitError::Unavailable("the disk is full"),
            AppendError::ReadOnly => SubmitError::Unavailable("the store is read-only"),
            AppendError::Unavailable(why) if why == "busy" => SubmitError::Busy,
            AppendError::Unavailable(_) => SubmitError::Unavailable("the journal"),
            AppendError::WireIdTaken => SubmitError::ExamExists,
            AppendError::Fenced
            | AppendError::Conflict
            | AppendError::Duplicate
            | AppendError::Unknown => {
                self.reload(ctx);
                return SubmitError::Retry;
            }
        };
        // A deadline that could not be journalled is tried again.
        self.arm(ctx, RETRY);
        answer
    }

    /// One digest some seconds after a change, while somebody looks.
    fn arm_digest(&mut self, ctx: &mut Context<Self>) {
        if self.digest.is_some() || self.groups.is_empty() {
            return;
        }
        let wait = Duration::from_millis(self.deps.limits.digest_ms);
        self.digest = Some(ctx.run_later(wait, |act, ctx| {
            act.digest = None;
            act.groups.digest(&act.topic, act.deps.clock.monotonic_ms());
            if act.groups.has_idle() {
                act.arm_digest(ctx);
            }
        }));
    }
}

/// A decision that waits for its append.
struct Prepared {
    append: Append,
    records: Vec<Record>,
    events: Vec<Event>,
}

/// The row by which lists show an exam.
pub(crate) fn summary(exam: &Exam) -> Summary {
    let plan = &exam.plan;
    Summary {
        kind: StreamKind::Exam,
        stream: exam.stream(),
        wire_id: Some(plan.wire_id),
        phase: exam.phase.word().to_owned(),
        begins_at: Some(plan.begins_at),
        ends_at: Some(plan.ends_at),
        candidate: Some(plan.candidate.person),
        title: plan.title.clone(),
        live: !exam.phase.is_final(),
        body: serde_json::json!({
            "room": plan.room,
            "centre": plan.centre,
            "candidate": plan.candidate.name,
            "class": plan.class,
            "qualification": plan.qualification,
            "skill_id": plan.skill_id,
            "panel": plan.panel.iter().map(|m| m.person).collect::<Vec<_>>(),
            "outcome": exam.outcome,
        }),
    }
}

/// The new row, when these events change anything that lists show.
fn changed_summary(exam: &Exam, records: &[Record], events: &[Event]) -> Option<Summary> {
    let quiet = events.iter().all(|e| {
        matches!(
            e,
            Event::AnswerSaved { .. } | Event::QuestionFlagged { .. } | Event::MarkPlaced { .. }
        )
    });
    if quiet {
        return None;
    }
    let mut after = exam.clone();
    for (record, event) in records.iter().zip(events) {
        after.apply(Stamp::of(record), event);
    }
    let listed = |e: &Exam| (e.phase, e.plan.begins_at, e.plan.ends_at, e.plan.room.clone());
    (listed(exam) != listed(&after)).then(|| summary(&after))
}

impl Actor for ExamActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.guard.started();
        self.reload(ctx);
    }
}

impl Drop for ExamActor {
    /// Whoever followed is told, and subscribes anew: to the next incarnation, if there is one.
    fn drop(&mut self) {
        self.groups.orphan(&self.topic);
    }
}

tended!(ExamActor);

impl Handler<Submit> for ExamActor {
    type Result = AtomicResponse<Self, Result<Ack, SubmitError>>;

    fn handle(&mut self, submit: Submit, _: &mut Context<Self>) -> Self::Result {
        let journal = self.deps.journal.clone();
        match self.prepare(&submit) {
            Err(answer) => AtomicResponse::new(Box::pin(actix::fut::ready(answer))),
            Ok(prepared) => {
                let append = prepared.append.clone();
                let commit = async move { journal.append(append).await }.into_actor(self);
                AtomicResponse::new(Box::pin(
                    commit.map(move |outcome, act, ctx| act.committed(outcome, prepared, ctx)),
                ))
            }
        }
    }
}

/// The commands that an exam has applied, and the last number that each caused.
pub(crate) type Applied = HashMap<CommandId, u64>;
