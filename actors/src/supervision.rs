//! Supervision of dynamic children: one actor per key, rebuilt by its factory when it fails.
//!
//! actix ends an actor that panics and tells nobody, and its own `Supervisor` revives the same
//! value. Here each incarnation runs inside a task that catches its panic, reports how it ended and
//! is judged: a clean end is final, a failure is followed by a *new* actor from the factory after a
//! growing wait, and a child that fails too often is quarantined and reported while all others run
//! on. A sweep pings every child; one that is stuck is abandoned and replaced, on another thread if
//! it blocks its own. What the abandoned one may still do is harmless: the journal's unique
//! `(stream, seq)` refuses it.
//!
//! A child's actor implements [`actix::Handler`] for [`Tend`] by `tended!(TheActor);`.

mod budget;
mod family;
mod fate;
mod guard;
mod incarnation;
mod places;
mod sweep;

pub use budget::{Budget, Systemic, Verdict};
pub use family::Supervised;
pub use guard::Guard;
pub use places::Places;

use crate::ports::Clock;
use crate::settings::{Limits, RestartPolicy, SystemicPolicy};
use actix::{Actor, Addr, Message};
use std::fmt;
use std::sync::Arc;

/// What supervisors tell every child. `tended!` handles it.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug)]
#[rtype(result = "()")]
pub enum Tend {
    /// Answer, to show that messages are still handled.
    Ping,
    /// End cleanly. What came before is handled first.
    Stop,
}

/// Implements `Handler<Tend>` for an actor.
macro_rules! tended {
    ($actor:ty) => {
        impl actix::Handler<$crate::supervision::Tend> for $actor {
            type Result = ();

            fn handle(
                &mut self,
                tend: $crate::supervision::Tend,
                ctx: &mut <Self as actix::Actor>::Context,
            ) {
                if tend == $crate::supervision::Tend::Stop {
                    actix::ActorContext::stop(ctx);
                }
            }
        }
    };
}

pub(crate) use tended;

/// A running child. After a failure its address is closed and [`Supervised::get`] gives another.
pub struct Child<A: Actor> {
    /// Where to send.
    pub addr: Addr<A>,
    /// Which of the child's lives this is; never repeats.
    pub incarnation: u64,
}

impl<A: Actor> Clone for Child<A> {
    fn clone(&self) -> Self {
        Self { addr: self.addr.clone(), incarnation: self.incarnation }
    }
}

/// How an incarnation ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// By its own will, or because it was told to: not started again.
    Clean,
    /// By a panic, with its message.
    Panicked(String),
    /// It said that it cannot go on: [`Guard::fail`].
    Failed(String),
    /// It did not answer its heartbeats.
    Frozen,
    /// Its thread was blocked by another child; no failure of its own.
    Moved,
    /// Its thread went away.
    Lost,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clean => f.write_str("ended"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Frozen => f.write_str("stopped answering"),
            Self::Moved => f.write_str("moved from a blocked thread"),
            Self::Lost => f.write_str("lost its thread"),
        }
    }
}

/// What a supervisor reports while it works. Called from any thread; must not block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Alert<K> {
    /// A child failed. Not told for clean ends and moves.
    Failed {
        /// The child.
        key: K,
        /// How it ended.
        end: End,
        /// The last place it named by [`Guard::at`].
        at: u64,
        /// What follows.
        verdict: Verdict,
    },
    /// A child failed too often, or was quarantined by request: it is not started any more.
    Quarantined {
        /// The child.
        key: K,
        /// Why.
        reason: String,
    },
    /// So much fails that the build or the machine is bad.
    Systemic {
        /// What happened, for the operator.
        reason: String,
    },
}

/// What a supervisor has seen since its start.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Counters {
    /// Children present, waiting ones included.
    pub children: usize,
    /// Keys in quarantine now.
    pub quarantined: usize,
    /// Incarnations whose actor began to run.
    pub num_started: u64,
    /// Ends by a panic.
    pub num_panics: u64,
    /// Ends by [`Guard::fail`], or by the loss of a thread.
    pub num_errors: u64,
    /// Children that stopped answering.
    pub num_freezes: u64,
    /// Incarnations after the first, for whatever reason.
    pub num_restarts: u64,
    /// Threads given up because something blocked them.
    pub num_abandoned: u64,
}

/// Hears what a supervisor reports.
pub type OnAlert<K> = Arc<dyn Fn(Alert<K>) + Send + Sync>;

/// What a supervisor stands on.
pub struct Supervision<K> {
    /// Dates failures.
    pub clock: Arc<dyn Clock>,
    /// Bounds of mailboxes, children, heartbeats and waits.
    pub limits: Limits,
    /// How often a child may be restarted.
    pub policy: RestartPolicy,
    /// When quarantines are systemic.
    pub systemic: SystemicPolicy,
    /// Where children run.
    pub places: Places,
    /// Hears alerts.
    pub on_alert: OnAlert<K>,
}

#[cfg(test)]
mod tests;
