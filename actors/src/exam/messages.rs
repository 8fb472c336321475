//! What can be said to an exam's actor.

use super::ExamActor;
use crate::exams::{Ack, ConnId, Submit, SubmitError, Subscribe};
use crate::feed::Snapshot;
use actix::prelude::*;
use engine::Exam;
use engine::chain::Head;
use engine::exam::view::{Audience, to_json};

impl Message for Submit {
    type Result = Result<Ack, SubmitError>;
}

/// What a read does with the state.
pub type Look<R> = Box<dyn FnOnce(&Exam, Head) -> R + Send>;

/// Runs a function over the state; for reads that REST needs.
pub struct Inspect<R: Send + 'static>(pub Look<R>);

impl<R: Send + 'static> Message for Inspect<R> {
    type Result = Result<R, SubmitError>;
}

impl<R: Send + 'static> Handler<Inspect<R>> for ExamActor {
    type Result = Result<R, SubmitError>;

    fn handle(&mut self, ask: Inspect<R>, _: &mut Context<Self>) -> Self::Result {
        let loaded = self.loaded().ok_or_else(|| self.absence())?;
        Ok((ask.0)(&loaded.exam, loaded.head))
    }
}

/// The state as an audience sees it.
#[derive(Message)]
#[rtype(result = "Result<Snapshot, SubmitError>")]
pub struct Observe(pub Audience);

impl Handler<Observe> for ExamActor {
    type Result = Result<Snapshot, SubmitError>;

    fn handle(&mut self, Observe(audience): Observe, _: &mut Context<Self>) -> Self::Result {
        let loaded = self.loaded().ok_or_else(|| self.absence())?;
        Ok(Snapshot {
            topic: self.topic.clone(),
            epoch: self.deps.epoch.clone(),
            seq: loaded.head.seq,
            hash: loaded.head.hash,
            state: to_json(&loaded.exam.view(audience)),
        })
    }
}

/// A connection follows the exam.
#[derive(Message)]
#[rtype(result = "Result<(), SubmitError>")]
pub struct Join(pub Subscribe);

impl Handler<Join> for ExamActor {
    type Result = Result<(), SubmitError>;

    fn handle(&mut self, join: Join, ctx: &mut Context<Self>) -> Self::Result {
        let loaded = match &self.state {
            super::State::Live(loaded) | super::State::Frozen(loaded, _) => loaded,
            super::State::Unloaded | super::State::Broken(_) => return Err(self.absence()),
        };
        self.groups.join(&self.topic, &self.deps, loaded, join);
        self.arm_digest(ctx);
        Ok(())
    }
}

/// A connection stops following.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave(pub ConnId);

impl Handler<Leave> for ExamActor {
    type Result = ();

    fn handle(&mut self, Leave(conn): Leave, ctx: &mut Context<Self>) {
        self.groups.leave(&self.topic, conn, self.deps.clock.monotonic_ms());
        self.arm_digest(ctx);
    }
}

/// A connection asks for the digest of its view.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AskDigest(pub ConnId);

impl Handler<AskDigest> for ExamActor {
    type Result = ();

    fn handle(&mut self, AskDigest(conn): AskDigest, _: &mut Context<Self>) {
        self.groups.digest_for(&self.topic, conn);
    }
}

/// Reads the journal again; after a quarantine was lifted.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Refresh;

impl Handler<Refresh> for ExamActor {
    type Result = ();

    fn handle(&mut self, _: Refresh, ctx: &mut Context<Self>) {
        self.reload(ctx, std::time::Duration::ZERO);
    }
}
