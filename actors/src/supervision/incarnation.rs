//! The task in which one incarnation of a child runs: it catches the actor's panic and reports how
//! the actor ended, whatever way that was.

use super::family::{Kin, Supervised};
use super::guard::Guard;
use super::places::Seat;
use super::{Child, End};
use actix::Context;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use tokio::sync::oneshot;

/// Builds an actor of a child.
pub(super) type Factory<A> = Arc<dyn Fn(Guard) -> A + Send + Sync>;

/// Everything that one incarnation needs.
pub(super) struct Birth<K: Kin, A: super::family::Tended> {
    pub family: Supervised<K, A>,
    pub key: K,
    pub factory: Factory<A>,
    pub guard: Guard,
    /// Resolves when the supervisor gives this incarnation up.
    pub given_up: oneshot::Receiver<()>,
    pub seat: Seat,
}

impl<K: Kin, A: super::family::Tended> Birth<K, A> {
    /// Runs the actor to its end.
    pub async fn live(self) {
        let Birth { family, key, factory, guard, given_up, seat } = self;
        let incarnation = guard.incarnation();
        let mailbox_max = family.limits().mailbox_max;
        // Reports `Lost` if this task is dropped before it could say better.
        let mut report = Report { family, key, incarnation, end: End::Lost };
        let actor = match catch_unwind(AssertUnwindSafe(|| factory(guard.clone()))) {
            Ok(actor) => actor,
            Err(payload) => {
                report.end = End::Panicked(message(&*payload));
                return;
            }
        };
        let mut context = Context::new();
        context.set_mailbox_capacity(mailbox_max);
        let body = context.into_future(actor);
        let child = Child { addr: body.address(), incarnation };
        let body = Body { future: Some(Box::pin(body)), seat, incarnation };
        if !report.family.runs(&report.key, child) {
            return;
        }
        report.end = tokio::select! {
            biased;
            _ = given_up => End::Lost,
            end = body => end.map_or_else(End::Panicked, |()| guard.parting()),
        };
    }
}

/// Tells the family once how the incarnation ended.
struct Report<K: Kin, A: super::family::Tended> {
    family: Supervised<K, A>,
    key: K,
    incarnation: u64,
    end: End,
}

impl<K: Kin, A: super::family::Tended> Drop for Report<K, A> {
    fn drop(&mut self) {
        let end = std::mem::replace(&mut self.end, End::Lost);
        self.family.ended(&self.key, self.incarnation, end);
    }
}

/// The actor's future, whose panics stay inside. Polling marks the seat, so that a blocked thread
/// names who blocks it.
struct Body<F: Future<Output = ()>> {
    future: Option<Pin<Box<F>>>,
    seat: Seat,
    incarnation: u64,
}

impl<F: Future<Output = ()>> Future for Body<F> {
    type Output = Result<(), String>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Some(future) = &mut this.future else { return Poll::Ready(Ok(())) };
        this.seat.enter(this.incarnation);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        this.seat.leave();
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => {
                this.discard();
                Poll::Ready(Ok(()))
            }
            Err(payload) => {
                this.discard();
                Poll::Ready(Err(message(&*payload)))
            }
        }
    }
}

impl<F: Future<Output = ()>> Body<F> {
    /// Dropping an actix context polls it once more, which may panic after a panic.
    fn discard(&mut self) {
        let future = self.future.take();
        if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
            tracing::warn!(
                incarnation = self.incarnation,
                "an actor panicked while it was dropped"
            );
        }
    }
}

impl<F: Future<Output = ()>> Drop for Body<F> {
    fn drop(&mut self) {
        self.discard();
    }
}

/// The text of a panic.
fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
