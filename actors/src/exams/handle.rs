//! Finding an exam's actor, asking it, and following it through restarts.

use super::{Ack, ConnId, Submit, SubmitError, Subscribe};
use crate::error::{AppendError, AskError, LogError};
use crate::exam::{AskDigest, ExamActor, ExamDeps, Inspect, Join, Leave, Observe, Refresh};
use crate::exam::{recovery, summary};
use crate::feed::Snapshot;
use crate::ports::Append;
use crate::supervision::{Child, Supervised};
use actix::dev::ToEnvelope;
use actix::prelude::*;
use engine::chain::{Cause, Content, Head};
use engine::exam::event::EVENT_VERSION;
use engine::exam::view::Audience;
use engine::exam::{Issuer, Materials, Plan, Rejection, Stamp};
use engine::{Actor as By, CommandId, Exam, Record, StreamId, WireId};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The handle to all exams. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Exams {
    deps: Arc<ExamDeps>,
    families: Families,
    directory: Arc<RwLock<HashMap<WireId, StreamId>>>,
}

/// The supervisors of exam actors.
#[derive(Clone)]
pub(crate) struct Families {
    /// Exams that take commands.
    pub live: Supervised<StreamId, ExamActor>,
    /// Exams in quarantine: they can be read.
    pub frozen: Supervised<StreamId, ExamActor>,
}

impl Exams {
    /// A handle over the supervisors of exam actors.
    pub(crate) fn new(deps: Arc<ExamDeps>, families: Families) -> Exams {
        Exams { deps, families, directory: Arc::default() }
    }

    /// The log's epoch: numbers of different epochs do not compare.
    pub fn epoch(&self) -> Arc<str> {
        self.deps.epoch.clone()
    }

    /// Learns which stream an exam has.
    pub(crate) fn learn(&self, exam: WireId, stream: StreamId) {
        self.directory.write().unwrap_or_else(PoisonError::into_inner).insert(exam, stream);
    }

    async fn stream_of(&self, exam: WireId) -> Result<StreamId, SubmitError> {
        let known =
            self.directory.read().unwrap_or_else(PoisonError::into_inner).get(&exam).copied();
        if let Some(stream) = known {
            return Ok(stream);
        }
        let found = self.deps.catalog.by_wire(exam).await.map_err(from_log)?;
        let stream = found.ok_or(SubmitError::UnknownExam)?;
        self.learn(exam, stream);
        Ok(stream)
    }

    /// Sends a message to an exam's actor, as it is now.
    async fn ask<M, T>(&self, exam: WireId, message: M) -> Result<T, Unanswered>
    where
        M: Message<Result = Result<T, SubmitError>> + Send + 'static,
        ExamActor: Handler<M>,
        <ExamActor as Actor>::Context: ToEnvelope<ExamActor, M>,
        T: Send + 'static,
    {
        let stream = self.stream_of(exam).await?;
        let child = self.child(stream, exam).await?;
        let wait = Duration::from_millis(self.deps.limits.ask_ms_max);
        match tokio::time::timeout(wait, child.addr.send(message)).await {
            Ok(Ok(answer)) => answer.map_err(Unanswered::Refused),
            Ok(Err(MailboxError::Closed)) => Err(Unanswered::Ended),
            Ok(Err(MailboxError::Timeout)) | Err(_) => Err(SubmitError::Retry.into()),
        }
    }

    /// The actor of an exam; one that failed too often is answered for by a read-only one.
    async fn child(&self, stream: StreamId, exam: WireId) -> Result<Child<ExamActor>, SubmitError> {
        let deps = self.deps.clone();
        let make = move |guard| ExamActor::new(deps.clone(), (stream, exam), None, guard);
        match self.families.live.get_or_start(stream, make).await {
            Err(AskError::Quarantined(why)) => {
                let deps = self.deps.clone();
                let make = move |guard| {
                    ExamActor::new(deps.clone(), (stream, exam), Some(why.clone()), guard)
                };
                self.families.frozen.get_or_start(stream, make).await.map_err(from_ask)
            }
            other => other.map_err(from_ask),
        }
    }

    /// Starts an exam's actor, so that its deadlines are kept.
    pub(crate) async fn wake(&self, exam: WireId, stream: StreamId) -> Result<(), SubmitError> {
        self.learn(exam, stream);
        self.child(stream, exam).await.map(|_| ())
    }

    /// Schedules an exam: journals its first record.
    ///
    /// # Errors
    /// When the issuer may not, the plan does not hold, its tools are not on the station, or the
    /// number is taken by another exam.
    pub async fn plan(
        &self,
        cmd: CommandId,
        issuer: Issuer,
        plan: Plan,
    ) -> Result<Ack, SubmitError> {
        let wire_id = plan.wire_id;
        let materials = self.materials_of(&plan).await?;
        let events = Exam::decide_plan(&issuer, plan.clone())?;
        let stream = self.deps.ids.stream_id();
        let at = self.deps.clock.now();
        let by = issuer.person.map_or(By::System, By::Person);
        let contents = events.iter().map(|event| {
            let (kind, d) = event.to_parts();
            Content { kind, v: EVENT_VERSION, d, salt: self.deps.ids.salt() }
        });
        let mut head = Head::default();
        let records = head.extend(stream, Cause { at, by, cmd: Some(cmd) }, contents);
        let exam = Exam::planned(stream, plan, materials, Stamp::of(&records[0]));
        let append = Append { records, summary: Some(summary(&exam)) };
        match self.deps.journal.append(append).await {
            Ok(()) => {
                self.learn(wire_id, stream);
                self.deps.board.changed(exam.board_row());
                Ok(Ack { seq: head.seq, dup: false })
            }
            Err(AppendError::WireIdTaken) => self.planned_before(cmd, wire_id).await,
            Err(AppendError::Unavailable(why)) if why == "busy" => Err(SubmitError::Busy),
            Err(AppendError::Full) => Err(SubmitError::Unavailable("the disk is full")),
            Err(AppendError::ReadOnly) => Err(SubmitError::Unavailable("the store is read-only")),
            Err(AppendError::Unavailable(_)) => Err(SubmitError::Unavailable("the journal")),
            Err(
                AppendError::Fenced
                | AppendError::Conflict
                | AppendError::Duplicate
                | AppendError::Unknown,
            ) => Err(SubmitError::Retry),
        }
    }

    /// The same command again is acknowledged; another exam with this number is not.
    async fn planned_before(&self, cmd: CommandId, exam: WireId) -> Result<Ack, SubmitError> {
        let first = self.records(exam).await?.into_iter().next();
        match first {
            Some(record) if record.cmd == Some(cmd) => Ok(Ack { seq: record.seq, dup: true }),
            _ => Err(SubmitError::ExamExists),
        }
    }

    async fn materials_of(&self, plan: &Plan) -> Result<Materials, SubmitError> {
        let missing = |field, hash: engine::Hash| {
            let expected = format!("a tool on this station; {hash} is not imported");
            SubmitError::Rejected(Rejection::Invalid { field, expected })
        };
        let mut materials = Materials::default();
        if let Some(hash) = plan.tool {
            let tool = self.deps.catalog.tool(hash).await.map_err(from_log)?;
            materials.tool = Some(tool.ok_or_else(|| missing("tool", hash))?);
        }
        if let Some(hash) = plan.practice {
            let practice = self.deps.catalog.practice(hash).await.map_err(from_log)?;
            materials.practice = Some(practice.ok_or_else(|| missing("practice", hash))?);
        }
        Ok(materials)
    }

    /// Carries a command out; the answer means that it is durable.
    ///
    /// # Errors
    /// See [`SubmitError`]; temporary ones may be sent again with the same id.
    pub async fn submit(&self, submit: Submit) -> Result<Ack, SubmitError> {
        // The actor may end on this command or on one before it; the next incarnation finds out
        // which, and refuses what brings it down too often.
        for _ in 0..=self.deps.limits.poison_panics_max {
            match self.ask(submit.exam, submit.clone()).await {
                Ok(ack) => return Ok(ack),
                Err(Unanswered::Refused(error)) => return Err(error),
                Err(Unanswered::Ended) => {}
            }
        }
        Err(SubmitError::Retry)
    }

    /// Asks something that changes nothing, again if the actor was replaced meanwhile.
    async fn read<M, T>(&self, exam: WireId, make: impl Fn() -> M) -> Result<T, SubmitError>
    where
        M: Message<Result = Result<T, SubmitError>> + Send + 'static,
        ExamActor: Handler<M>,
        <ExamActor as Actor>::Context: ToEnvelope<ExamActor, M>,
        T: Send + 'static,
    {
        match self.ask(exam, make()).await {
            Err(Unanswered::Ended) => self.ask(exam, make()).await.map_err(SubmitError::from),
            other => other.map_err(SubmitError::from),
        }
    }

    /// Runs a function over the live state.
    ///
    /// # Errors
    /// When there is no such exam or it does not answer.
    pub async fn inspect<R: Send + 'static>(
        &self,
        exam: WireId,
        f: impl FnOnce(&Exam, Head) -> R + Send + 'static,
    ) -> Result<R, SubmitError> {
        Ok(self.ask(exam, Inspect(Box::new(f))).await?)
    }

    /// The state as an audience sees it.
    ///
    /// # Errors
    /// When there is no such exam or it does not answer.
    pub async fn snapshot(&self, exam: WireId, who: Audience) -> Result<Snapshot, SubmitError> {
        self.read(exam, || Observe(who)).await
    }

    /// A connection follows an exam; what it gets arrives in its outbox.
    ///
    /// # Errors
    /// When there is no such exam or it does not answer.
    pub async fn subscribe(&self, exam: WireId, s: Subscribe) -> Result<(), SubmitError> {
        self.read(exam, || Join(s.clone())).await
    }

    /// A connection stops following an exam. Nothing is lost when the actor is too busy to hear
    /// it: it drops connections whose outbox is closed.
    pub fn unsubscribe(&self, exam: WireId, conn: ConnId) {
        self.tell(exam, Leave(conn));
    }

    /// Sends a connection the digest of its view.
    pub fn ask_digest(&self, exam: WireId, conn: ConnId) {
        self.tell(exam, AskDigest(conn));
    }

    fn tell<M>(&self, exam: WireId, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        ExamActor: Handler<M>,
        <ExamActor as Actor>::Context: ToEnvelope<ExamActor, M>,
    {
        let stream = {
            let known = self.directory.read().unwrap_or_else(PoisonError::into_inner);
            known.get(&exam).copied()
        };
        let Some(stream) = stream else { return };
        let families = [&self.families.live, &self.families.frozen];
        let child = families.iter().find_map(|f| f.get(&stream));
        if child.is_some_and(|child| child.addr.try_send(message).is_err()) {
            tracing::debug!(exam.id = exam.0, "exam too busy for a hint");
        }
    }

    /// Every record of an exam, from the journal.
    ///
    /// # Errors
    /// When there is no such exam or the store does not answer.
    pub async fn records(&self, exam: WireId) -> Result<Vec<Record>, SubmitError> {
        let stream = self.stream_of(exam).await?;
        recovery::records(&self.deps, stream).await.map_err(from_log)
    }

    /// The tools that an exam refers to.
    ///
    /// # Errors
    /// When there is no such exam or the store does not answer.
    pub async fn materials(&self, exam: WireId) -> Result<Materials, SubmitError> {
        self.inspect(exam, |exam, _| exam.materials().clone()).await
    }

    /// Ends an exam's quarantine and reads it anew; answers whether it was quarantined.
    ///
    /// # Errors
    /// When there is no such exam or the store does not answer.
    pub async fn release(&self, exam: WireId) -> Result<bool, SubmitError> {
        let stream = self.stream_of(exam).await?;
        let was = self.deps.log.release(stream).await.map_err(from_log)?;
        self.deps.quarantine.lift(stream);
        for alert in ["quarantined", "poisoned"] {
            self.deps.board.clear_alert(&format!("{alert}:{exam}"));
        }
        self.families.live.release(&stream);
        self.families.frozen.stop(&stream).await.map_err(from_ask)?;
        self.child(stream, exam).await?;
        self.tell(exam, Refresh);
        Ok(was)
    }
}

/// Why a question got no good answer.
enum Unanswered {
    /// The actor, or the way to it, said no.
    Refused(SubmitError),
    /// The actor ended before it answered.
    Ended,
}

impl From<SubmitError> for Unanswered {
    fn from(error: SubmitError) -> Unanswered {
        Unanswered::Refused(error)
    }
}

impl From<Unanswered> for SubmitError {
    fn from(unanswered: Unanswered) -> SubmitError {
        match unanswered {
            Unanswered::Refused(error) => error,
            Unanswered::Ended => SubmitError::Retry,
        }
    }
}

fn from_log(error: LogError) -> SubmitError {
    tracing::warn!(%error, "the log does not answer");
    SubmitError::Unavailable("the store")
}

fn from_ask(error: AskError) -> SubmitError {
    match error {
        AskError::Busy => SubmitError::Busy,
        AskError::Gone | AskError::TimedOut | AskError::Restarting => SubmitError::Retry,
        AskError::Quarantined(why) => SubmitError::Quarantined(why),
        AskError::Stopping => SubmitError::Unavailable("the program, which is stopping"),
    }
}
