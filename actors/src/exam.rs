//! The actor of one exam: decide → journal → apply → publish → re-arm the deadline.
//!
//! Each step of a command runs inside an `AtomicResponse`, so no other message of the same exam
//! comes between. Nothing is published or answered before its records are durable. When the
//! outcome of an append is unknown, or somebody else wrote, the actor forgets its state and reads
//! the journal again; it never guesses.

mod deps;
mod listing;
mod live;
mod messages;
pub(crate) mod recovery;

pub use deps::{Boot, ExamDeps, Quarantine, Suspects};
pub(crate) use listing::summary;
pub(crate) use messages::{AskDigest, Inspect, Join, Leave, Observe, Refresh};

use crate::error::AppendError;
use crate::exams::{Ack, Submit, SubmitError};
use crate::feed::Topic;
use crate::ports::Append;
use crate::supervision::{Guard, tended};
use actix::prelude::*;
use engine::chain::{Cause, Content};
use engine::exam::event::{EVENT_VERSION, Event};
use engine::exam::{Cameras, Command, Context as Facts, Issuer};
use engine::{Actor as By, CommandId, Record, Seed, Span, StreamId, WireId};
use listing::changed_summary;
use live::Groups;
use recovery::{Loaded, load};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// An exam that has ended leaves memory when nobody has followed it for so long.
const REST: Duration = Duration::from_secs(60);
/// How long the actor waits before it tries again what the store refused.
const RETRY: Duration = Duration::from_secs(1);

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
    /// The ledger does not take what an outage took: it is not asked again and again.
    outage_refused: bool,
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
            outage_refused: false,
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

    /// Reads the journal; messages wait until it is done. With `patience` what time alone brings
    /// about waits at least so long: the store was in trouble a moment ago.
    fn reload(&mut self, ctx: &mut Context<Self>, patience: Duration) {
        self.state = State::Unloaded;
        let loading = load(self.deps.clone(), self.stream, self.wire_id);
        let settled = loading.into_actor(self);
        ctx.wait(settled.map(move |read, act, ctx| act.settle(read, ctx, patience)));
    }

    fn settle(&mut self, read: recovery::Read, ctx: &mut Context<Self>, patience: Duration) {
        self.state = match read {
            recovery::Read::Live(loaded) => match &self.frozen {
                Some(why) => State::Frozen(loaded, why.clone()),
                None => State::Live(loaded),
            },
            recovery::Read::Frozen(loaded, why) => State::Frozen(loaded, why),
            recovery::Read::Broken(why) => State::Broken(why),
            recovery::Read::Unavailable => {
                ctx.run_later(RETRY, move |act, ctx| {
                    if matches!(act.state, State::Unloaded) {
                        act.reload(ctx, patience);
                    }
                });
                return;
            }
        };
        if let State::Live(loaded) | State::Frozen(loaded, _) = &self.state {
            self.deps.board.changed(loaded.exam.board_row());
            self.groups.restate(&self.topic, &self.deps, loaded);
        }
        // Before any command that waits: the candidate's time may depend on it.
        if !patience.is_zero() || !self.credit_outage(ctx) {
            self.arm(ctx, patience);
        }
    }

    /// Time that the station itself took from a running stage is given back without being asked.
    /// Answers whether an append for it is under way; the timer is armed when that ends.
    fn credit_outage(&mut self, ctx: &mut Context<Self>) -> bool {
        let Some(lost) = self.owed() else { return false };
        let Ok(prepared) = self.prepare(&self.own(Command::RecordStationOutage { lost })) else {
            tracing::warn!(exam.id = self.wire_id.0, lost_ms = lost.0, "outage not credited");
            self.outage_refused = true;
            return false;
        };
        let journal = self.deps.journal.clone();
        let append = prepared.append.clone();
        let commit = async move { journal.append(append).await }.into_actor(self);
        ctx.wait(commit.map(move |outcome, act, ctx| {
            // A failure is logged there, and the timer that it arms comes back here.
            let _ = act.committed(outcome, prepared, ctx);
        }));
        true
    }

    /// What an outage of the station took and the ledger has not given back yet.
    fn owed(&self) -> Option<Span> {
        let State::Live(loaded) = &self.state else { return None };
        recovery::station_outage(loaded, self.deps.boot).filter(|_| !self.outage_refused)
    }

    /// A command of the program itself.
    fn own(&self, command: Command) -> Submit {
        Submit {
            exam: self.wire_id,
            cmd: self.deps.ids.command_id(),
            if_seq: None,
            issuer: Issuer::system(),
            command,
        }
    }

    /// Arms the one timer: the end of the running stage's time, or what is owed before it.
    fn arm(&mut self, ctx: &mut Context<Self>, at_least: Duration) {
        if let Some(timer) = self.deadline.take() {
            ctx.cancel_future(timer);
        }
        let State::Live(loaded) = &self.state else { return };
        if loaded.exam.phase.is_final() {
            self.deadline = Some(ctx.run_later(REST, |act, ctx| act.rest(ctx)));
            return;
        }
        let Some(deadline) = loaded.exam.next_deadline() else { return };
        let left = (deadline - self.deps.clock.now()).max(Span::ZERO);
        let mut wait = Duration::from_millis(left.0.unsigned_abs());
        if self.owed().is_some() {
            wait = RETRY;
        }
        self.deadline = Some(ctx.run_later(wait.max(at_least), |act, ctx| {
            act.deadline = None;
            act.time_is_up(ctx);
        }));
    }

    /// Nothing more happens to an ended exam: whoever asks for it later wakes it again.
    fn rest(&mut self, ctx: &mut Context<Self>) {
        self.groups.digest(&self.topic, self.deps.clock.monotonic_ms());
        if self.groups.is_empty() {
            ctx.stop();
        } else {
            self.arm(ctx, Duration::ZERO);
        }
    }

    fn time_is_up(&mut self, ctx: &mut Context<Self>) {
        if self.credit_outage(ctx) {
            return;
        }
        let State::Live(loaded) = &self.state else { return };
        let now = self.deps.clock.now();
        if loaded.exam.next_deadline().is_some_and(|deadline| deadline <= now) {
            ctx.notify(self.own(Command::EndTime {}));
        } else {
            // The wall clock was set back meanwhile.
            self.arm(ctx, Duration::ZERO);
        }
    }

    /// Decides a command; either the answer is known at once or something must be journalled.
    fn prepare(&mut self, submit: &Submit) -> Result<Prepared, Result<Ack, SubmitError>> {
        let State::Live(loaded) = &self.state else { return Err(Err(self.absence())) };
        if let Some(seq) = loaded.commands.get(&submit.cmd) {
            return Err(Ok(Ack { seq: *seq, dup: true }));
        }
        if self.deps.suspects.is_condemned(self.stream, submit.cmd) {
            return Err(Err(SubmitError::Poisoned));
        }
        if submit.if_seq.is_some_and(|seq| seq < loaded.head.seq) {
            return Err(Err(engine::exam::Rejection::Stale(loaded.head.seq).into()));
        }
        self.deps.suspects.set(self.stream, submit.cmd);
        self.deps.faults.before_decide(self.wire_id, submit.cmd);
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
                self.reload(ctx, RETRY);
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

impl Actor for ExamActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.guard.started();
        self.reload(ctx, Duration::ZERO);
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

#[cfg(test)]
mod tests;
