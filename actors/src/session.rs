//! Sittings: an expert's or candidate's session is an actor that outlives its connections.
//!
//! Signing in on another device ends the earlier sitting of the same person: its connections are
//! closed as revoked, and its stream says so.

use crate::error::LogError;
use crate::exams::{ConnId, SubmitError};
use crate::feed::Outbox;
use crate::journal::JournalHandle;
use crate::ports::{Append, Clock, EventLog, IdSource, Revoked, StreamKind, Summary};
use crate::settings::Limits;
use crate::supervision::{Guard, Supervised, tended};
use actix::prelude::*;
use engine::chain::{Cause, Content, Head};
use engine::session::{SITTING_EVENT_VERSION, Sitting, SittingCommand, SittingEvent};
use engine::{Actor as By, PersonId, Record, StreamId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// A link must be gone for so long before it counts as lost: a reload is not an absence.
const LINK_GRACE: Duration = Duration::from_secs(2);
/// How many incarnations of a sitting are asked to take a connection.
const ATTACH_TRIES_MAX: usize = 2;
/// Close code of a connection whose sitting was ended elsewhere.
const CLOSE_REVOKED: u16 = 4501;

/// Who signs in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignIn {
    /// Who.
    pub person: PersonId,
    /// Full name.
    pub name: String,
    /// The role's word.
    pub role: String,
    /// What the device says it is.
    pub device: String,
    /// Ends this person's other sittings.
    pub exclusive: bool,
}

/// What sittings stand on.
pub(crate) struct SessionDeps {
    pub log: Arc<dyn EventLog>,
    pub journal: JournalHandle,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub limits: Limits,
}

/// The handle to all sittings. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    deps: Arc<SessionDeps>,
    children: Supervised<StreamId, ExpertSessionActor>,
    by_person: Arc<Mutex<HashMap<PersonId, StreamId>>>,
    ended: broadcast::Sender<Revoked>,
}

impl Sessions {
    /// A handle over a supervisor of sittings; `ended` hears of sittings that were ended.
    pub(crate) fn new(
        deps: Arc<SessionDeps>,
        children: Supervised<StreamId, ExpertSessionActor>,
    ) -> Sessions {
        let (ended, _) = broadcast::channel(deps.limits.revocations_max);
        Sessions { deps, children, by_person: Arc::default(), ended }
    }

    /// Sittings that end, from now on.
    pub fn ended(&self) -> broadcast::Receiver<Revoked> {
        self.ended.subscribe()
    }

    /// Opens a sitting; the answer is its id, which tokens carry as `sid`.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub async fn open(&self, who: SignIn) -> Result<StreamId, SubmitError> {
        let stream = self.deps.ids.stream_id();
        let (person, device) = (who.person, who.device.clone());
        let event = SittingEvent::SignedIn {
            person,
            name: who.name.clone(),
            role: who.role.clone(),
            device: who.device,
        };
        let at = self.deps.clock.now();
        let mut head = Head::default();
        let cause = Cause { at, by: By::Person(person), cmd: None };
        let records = head.extend(stream, cause, [content(&event, &*self.deps.ids)]);
        let summary = Some(row(stream, person, &who.name, "signed_in"));
        let appended = self.deps.journal.append(Append { records, summary }).await;
        appended.map_err(|error| {
            tracing::warn!(%error, "sitting not journalled");
            SubmitError::Unavailable("the journal")
        })?;
        let before = {
            let mut by_person = self.by_person.lock().unwrap_or_else(PoisonError::into_inner);
            by_person.insert(person, stream)
        };
        if let Some(before) = before.filter(|_| who.exclusive) {
            self.end(before, SittingCommand::Replace { device }).await;
        }
        Ok(stream)
    }

    /// A connection of a sitting came.
    ///
    /// # Errors
    /// When the sitting is unknown or has ended.
    pub async fn attach(
        &self,
        sid: StreamId,
        conn: ConnId,
        outbox: Arc<Outbox>,
    ) -> Result<(), SubmitError> {
        let wait = Duration::from_millis(self.deps.limits.ask_ms_max);
        for _ in 0..ATTACH_TRIES_MAX {
            let child = self.child(sid).await?;
            let asked = child.addr.send(Attach { conn, outbox: outbox.clone() });
            match tokio::time::timeout(wait, asked).await {
                Ok(Ok(answer)) => return answer,
                // It went to rest just now; the next one takes over.
                Ok(Err(MailboxError::Closed)) => {}
                Ok(Err(MailboxError::Timeout)) | Err(_) => break,
            }
        }
        Err(SubmitError::Retry)
    }

    /// A connection of a sitting went.
    pub fn detach(&self, sid: StreamId, conn: ConnId) {
        let child = self.children.get(&sid);
        if child.is_some_and(|child| child.addr.try_send(Detach(conn)).is_err()) {
            tracing::debug!(%sid, "sitting too busy for a hint");
        }
    }

    /// The person signs out.
    pub async fn close(&self, sid: StreamId) {
        self.end(sid, SittingCommand::SignOut).await;
    }

    /// The person signed in elsewhere: for sittings that began before this process did, which
    /// [`Sessions::open`] does not know of. One that has ended stays as it is.
    pub async fn replace(&self, sid: StreamId, device: String) {
        self.end(sid, SittingCommand::Replace { device }).await;
    }

    async fn end(&self, sid: StreamId, command: SittingCommand) {
        let Ok(child) = self.child(sid).await else { return };
        let wait = Duration::from_millis(self.deps.limits.ask_ms_max);
        if tokio::time::timeout(wait, child.addr.send(End(command))).await.is_err() {
            tracing::warn!(%sid, "sitting did not end in time");
        }
        // Nobody may listen.
        let _ = self.ended.send(Revoked::Session(sid.to_string()));
    }

    async fn child(
        &self,
        sid: StreamId,
    ) -> Result<crate::supervision::Child<ExpertSessionActor>, SubmitError> {
        let deps = self.deps.clone();
        let make = move |guard| ExpertSessionActor::new(deps.clone(), sid, guard);
        self.children.get_or_start(sid, make).await.map_err(|error| {
            tracing::warn!(%sid, %error, "sitting not available");
            SubmitError::Retry
        })
    }
}

fn content(event: &SittingEvent, ids: &dyn IdSource) -> Content {
    let (kind, d) = event.to_parts();
    Content { kind, v: SITTING_EVENT_VERSION, d, salt: ids.salt() }
}

fn row(stream: StreamId, person: PersonId, name: &str, phase: &str) -> Summary {
    Summary {
        kind: StreamKind::Session,
        stream,
        wire_id: None,
        phase: phase.to_owned(),
        begins_at: None,
        ends_at: None,
        candidate: Some(person),
        title: name.to_owned(),
        // A sitting needs no actor until a connection comes.
        live: false,
        body: serde_json::Value::Null,
    }
}

/// The actor of one sitting.
pub struct ExpertSessionActor {
    deps: Arc<SessionDeps>,
    stream: StreamId,
    sitting: Option<(Sitting, Head)>,
    links: BTreeMap<ConnId, Arc<Outbox>>,
    grace: Option<SpawnHandle>,
    guard: Guard,
}

impl ExpertSessionActor {
    fn new(deps: Arc<SessionDeps>, stream: StreamId, guard: Guard) -> ExpertSessionActor {
        let links = BTreeMap::new();
        ExpertSessionActor { deps, stream, sitting: None, links, grace: None, guard }
    }

    /// Reads the sitting from the journal; messages wait until it is done.
    fn read(&mut self, ctx: &mut Context<Self>) {
        self.sitting = None;
        let (log, stream) = (self.deps.log.clone(), self.stream);
        let max = self.deps.limits.read_events_max;
        let reading = async move { records(&*log, stream, max).await };
        ctx.wait(reading.into_actor(self).map(|read, act, _| match read {
            Ok(records) => {
                let head = records.last().map(Head::of).unwrap_or_default();
                act.sitting = Sitting::fold(&records).map(|sitting| (sitting, head));
            }
            Err(error) => tracing::warn!(sid = %act.stream, %error, "sitting not read"),
        }));
    }

    /// Without a connection a sitting needs no actor: the next one to come starts it again.
    fn rest(ctx: &mut Context<Self>) {
        ctx.run_later(LINK_GRACE, |act, ctx| {
            if act.links.is_empty() && act.grace.is_none() {
                ctx.stop();
            }
        });
    }

    /// Journals what a command leads to, then applies it.
    fn note(&mut self, command: SittingCommand) -> ResponseActFuture<Self, ()> {
        let decided = self.sitting.as_ref().and_then(|(sitting, head)| {
            let event = sitting.decide(&command)?;
            Some((event, *head))
        });
        let Some((event, mut head)) = decided else {
            return Box::pin(actix::fut::ready(()));
        };
        let at = self.deps.clock.now();
        let by = self.sitting.as_ref().map_or(By::System, |(s, _)| By::Person(s.person));
        let contents = [content(&event, &*self.deps.ids)];
        let records = head.extend(self.stream, Cause { at, by, cmd: None }, contents);
        let journal = self.deps.journal.clone();
        let commit = async move { journal.append(Append { records, summary: None }).await };
        Box::pin(commit.into_actor(self).map(move |outcome, act, ctx| match outcome {
            Ok(()) => {
                if let Some((sitting, at_head)) = &mut act.sitting {
                    sitting.apply(at, &event);
                    *at_head = head;
                }
            }
            Err(error) => {
                // It may be stored all the same: where the stream stands is read anew.
                tracing::warn!(sid = %act.stream, %error, "sitting event not journalled");
                act.read(ctx);
            }
        }))
    }
}

impl Actor for ExpertSessionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.guard.started();
        self.read(ctx);
    }
}

/// All records of a sitting.
async fn records(log: &dyn EventLog, stream: StreamId, page: u32) -> Result<Vec<Record>, LogError> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map_or(0, |r| r.seq);
        let next = log.read(stream, after, page).await?;
        let last = next.len() < page as usize;
        all.extend(next);
        if last {
            return Ok(all);
        }
    }
}

tended!(ExpertSessionActor);

/// A connection came.
#[derive(Message)]
#[rtype(result = "Result<(), SubmitError>")]
struct Attach {
    conn: ConnId,
    outbox: Arc<Outbox>,
}

impl Handler<Attach> for ExpertSessionActor {
    type Result = AtomicResponse<Self, Result<(), SubmitError>>;

    fn handle(&mut self, attach: Attach, ctx: &mut Context<Self>) -> Self::Result {
        let answer = match &self.sitting {
            None => {
                self.read(ctx);
                Err(SubmitError::Unavailable("the sitting"))
            }
            Some((sitting, _)) if sitting.ended_at.is_some() => {
                attach.outbox.close_with(CLOSE_REVOKED);
                Self::rest(ctx);
                Ok(())
            }
            Some(_) => {
                self.links.retain(|_, outbox| !outbox.is_closed());
                self.links.insert(attach.conn, attach.outbox);
                if let Some(grace) = self.grace.take() {
                    ctx.cancel_future(grace);
                }
                Ok(())
            }
        };
        let noted = self.note(SittingCommand::LinkUp);
        AtomicResponse::new(Box::pin(noted.map(move |(), _, _| answer)))
    }
}

/// A connection went.
#[derive(Message)]
#[rtype(result = "()")]
struct Detach(ConnId);

impl Handler<Detach> for ExpertSessionActor {
    type Result = ();

    fn handle(&mut self, Detach(conn): Detach, ctx: &mut Context<Self>) {
        self.links.remove(&conn);
        if self.links.is_empty() && self.grace.is_none() {
            self.grace = Some(ctx.run_later(LINK_GRACE, |act, ctx| {
                act.grace = None;
                act.links.retain(|_, outbox| !outbox.is_closed());
                if act.links.is_empty() {
                    let noted = act.note(SittingCommand::LinkDown);
                    ctx.wait(noted);
                    Self::rest(ctx);
                }
            }));
        }
    }
}

/// The sitting ends.
#[derive(Message)]
#[rtype(result = "()")]
struct End(SittingCommand);

impl Handler<End> for ExpertSessionActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, End(command): End, ctx: &mut Context<Self>) -> Self::Result {
        for outbox in std::mem::take(&mut self.links).into_values() {
            outbox.close_with(CLOSE_REVOKED);
        }
        Self::rest(ctx);
        AtomicResponse::new(self.note(command))
    }
}

#[cfg(test)]
mod tests;
