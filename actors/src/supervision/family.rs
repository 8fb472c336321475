//! The children of one supervisor, and what follows when one ends.

use super::budget::{Budget, Systemic};
use super::guard::Guard;
use super::incarnation::{Birth, Factory};
use super::places::Threads;
use super::{Alert, Child, Counters, Supervision, Tend};
use crate::error::AskError;
use crate::settings::Limits;
use actix::{Actor, Context, Handler};
use actix_rt::ArbiterHandle;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout;

/// What may name a child.
pub trait Kin: Clone + Eq + Hash + Debug + Send + Sync + 'static {}
impl<K: Clone + Eq + Hash + Debug + Send + Sync + 'static> Kin for K {}

/// An actor that can be a child: see `tended!`.
pub trait Tended: Actor<Context = Context<Self>> + Handler<Tend> {}
impl<A: Actor<Context = Context<A>> + Handler<Tend>> Tended for A {}

/// What the callers of a child wait for.
pub(super) enum Stage<A: Actor> {
    Starting,
    Running(Child<A>),
    Waiting,
    Quarantined(String),
    Ended,
}

/// One child.
pub(super) struct Entry<A: Actor> {
    pub factory: Factory<A>,
    pub stage: watch::Sender<Stage<A>>,
    pub guard: Guard,
    /// Dropped to give the incarnation up.
    pub hold: Option<oneshot::Sender<()>>,
    pub budget: Budget,
    pub suspect: bool,
    pub stopping: bool,
    pub place: u64,
    /// Heartbeats owed.
    pub missed: u32,
    /// Whether this incarnation has answered a heartbeat.
    pub answered: bool,
    pub pinging: bool,
}

impl<A: Actor> Entry<A> {
    fn new(factory: Factory<A>) -> Self {
        Self {
            factory,
            stage: watch::Sender::new(Stage::Starting),
            guard: Guard::new(0),
            hold: None,
            budget: Budget::default(),
            suspect: false,
            stopping: false,
            place: 0,
            missed: 0,
            answered: false,
            pinging: false,
        }
    }

    pub fn running(&self) -> Option<Child<A>> {
        match &*self.stage.borrow() {
            Stage::Running(child) => Some(child.clone()),
            _ => None,
        }
    }
}

/// Everything behind the lock.
pub(super) struct State<K, A: Actor> {
    pub children: HashMap<K, Entry<A>>,
    pub quarantined: HashMap<K, String>,
    /// Restarts by the monotonic millisecond at which they are due.
    pub due: BTreeMap<(i64, u64), K>,
    pub threads: Threads,
    pub systemic: Systemic,
    pub counters: Counters,
    pub last_incarnation: u64,
    pub stopping: bool,
}

pub(super) struct Inner<K, A: Actor> {
    state: Mutex<State<K, A>>,
    pub rules: Supervision<K>,
    /// Something is due earlier than the loop knows, or it must end.
    pub wake: Notify,
    pub population: watch::Sender<usize>,
}

/// A supervisor of children by key. Cheap to clone, usable from any thread; somebody must run
/// [`Supervised::run`].
pub struct Supervised<K, A: Actor> {
    pub(super) inner: Arc<Inner<K, A>>,
}

impl<K, A: Actor> Clone for Supervised<K, A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

/// What to do once the lock is released.
pub(super) struct Deeds<K: Kin, A: Tended> {
    pub births: Vec<(Option<ArbiterHandle>, Birth<K, A>)>,
    pub alerts: Vec<Alert<K>>,
}

impl<K: Kin, A: Tended> Default for Deeds<K, A> {
    fn default() -> Self {
        Self { births: Vec::new(), alerts: Vec::new() }
    }
}

impl<K: Kin, A: Tended> Deeds<K, A> {
    pub fn alert(&mut self, alert: Alert<K>) {
        self.alerts.push(alert);
    }
}

impl<K: Kin, A: Tended> Supervised<K, A> {
    /// A supervisor without children. With [`super::Places::Threads`] it must be made inside an
    /// actix system.
    pub fn new(rules: Supervision<K>) -> Self {
        let state = State {
            children: HashMap::new(),
            quarantined: HashMap::new(),
            due: BTreeMap::new(),
            threads: Threads::new(rules.places),
            systemic: Systemic::default(),
            counters: Counters::default(),
            last_incarnation: 0,
            stopping: false,
        };
        let inner = Inner {
            state: Mutex::new(state),
            rules,
            wake: Notify::new(),
            population: watch::Sender::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.inner.rules.limits
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<K, A>> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The child, if it runs now.
    pub fn get(&self, key: &K) -> Option<Child<A>> {
        self.state().children.get(key)?.running()
    }

    /// The child; started by `make` if there is none, and waited for while it is restarted. `make`
    /// is kept for restarts, so it must build a *new* actor each time.
    ///
    /// # Errors
    /// `Quarantined`; `Stopping`; `Busy` when there are as many children as may be; `Restarting`
    /// when it did not run within `ask_ms_max`; `Gone` when it ended cleanly meanwhile.
    pub async fn get_or_start(
        &self,
        key: K,
        make: impl Fn(Guard) -> A + Send + Sync + 'static,
    ) -> Result<Child<A>, AskError> {
        let mut deeds = Deeds::default();
        let stage = {
            let mut state = self.state();
            if let Some(reason) = state.quarantined.get(&key) {
                return Err(AskError::Quarantined(reason.clone()));
            }
            if state.stopping {
                return Err(AskError::Stopping);
            }
            match state.children.get(&key) {
                Some(entry) => match entry.running() {
                    Some(child) => return Ok(child),
                    None => entry.stage.subscribe(),
                },
                None if state.children.len() >= self.limits().children_max => {
                    return Err(AskError::Busy);
                }
                None => {
                    let entry = Entry::new(Arc::new(make));
                    let stage = entry.stage.subscribe();
                    state.children.insert(key.clone(), entry);
                    self.bear(&mut state, &key, &mut deeds);
                    stage
                }
            }
        };
        self.perform(deeds);
        let wait = Duration::from_millis(self.limits().ask_ms_max);
        timeout(wait, arrival(stage)).await.unwrap_or(Err(AskError::Restarting))
    }

    /// Tells a child to end after what waits in its mailbox, and waits for that.
    ///
    /// # Errors
    /// `TimedOut` when it did not end within `ask_ms_max`; it is given up then.
    pub async fn stop(&self, key: &K) -> Result<(), AskError> {
        let (mut stage, child) = {
            let mut state = self.state();
            let Some(entry) = state.children.get_mut(key) else { return Ok(()) };
            entry.stopping = true;
            let pair = (entry.stage.subscribe(), entry.running());
            if pair.1.is_none() {
                state.remove(key, Stage::Ended);
                self.inner.population.send_replace(state.children.len());
                return Ok(());
            }
            pair
        };
        let wait = Duration::from_millis(self.limits().ask_ms_max);
        let ending = async {
            if let Some(child) = child {
                // Closed already is as good as answered.
                let _ = child.addr.send(Tend::Stop).await;
            }
            drop(
                stage.wait_for(|stage| matches!(stage, Stage::Ended | Stage::Quarantined(_))).await,
            );
        };
        if timeout(wait, ending).await.is_ok() {
            return Ok(());
        }
        let mut state = self.state();
        state.remove(key, Stage::Ended);
        self.inner.population.send_replace(state.children.len());
        Err(AskError::TimedOut)
    }

    /// Ends a child now and starts it no more.
    pub fn quarantine(&self, key: &K, reason: &str) {
        let mut deeds = Deeds::default();
        {
            let mut state = self.state();
            self.seclude(&mut state, key, reason.to_owned(), &mut deeds);
        }
        self.perform(deeds);
    }

    /// Forgets a quarantine, so that the key may be started again; answers whether there was one.
    pub fn release(&self, key: &K) -> bool {
        let mut state = self.state();
        state.quarantined.remove(key).is_some()
    }

    /// Every key in quarantine, with the reason.
    pub fn quarantined(&self) -> Vec<(K, String)> {
        self.state().quarantined.iter().map(|(key, why)| (key.clone(), why.clone())).collect()
    }

    /// What has happened so far.
    pub fn counters(&self) -> Counters {
        let state = self.state();
        Counters {
            children: state.children.len(),
            quarantined: state.quarantined.len(),
            num_abandoned: state.threads.abandoned(),
            ..state.counters
        }
    }

    /// Follows the number of children.
    pub fn population(&self) -> watch::Receiver<usize> {
        self.inner.population.subscribe()
    }

    /// Refuses new children; answers the running ones.
    pub(super) fn close(&self) -> Vec<Child<A>> {
        let mut state = self.state();
        state.stopping = true;
        state.due.clear();
        let waiting: Vec<K> = state
            .children
            .iter()
            .filter(|(_, entry)| entry.running().is_none())
            .map(|(key, _)| key.clone())
            .collect();
        for key in waiting {
            state.remove(&key, Stage::Ended);
        }
        self.inner.population.send_replace(state.children.len());
        state.children.values().filter_map(Entry::running).collect()
    }

    /// Gives up every child that is left, and the threads; answers how many were left.
    pub(super) fn abandon_all(&self) -> usize {
        let mut state = self.state();
        let left: Vec<K> = state.children.keys().cloned().collect();
        for key in &left {
            state.remove(key, Stage::Ended);
        }
        state.threads.stop();
        self.inner.population.send_replace(0);
        left.len()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().stopping
    }
}

impl<K: Kin, A: Tended> State<K, A> {
    /// Forgets a child and gives its incarnation up.
    pub fn remove(&mut self, key: &K, last: Stage<A>) {
        if let Some(entry) = self.children.remove(key) {
            entry.guard.retire();
            entry.stage.send_replace(last);
        }
    }
}

/// Waits until the child runs or never will.
async fn arrival<A: Actor>(mut stage: watch::Receiver<Stage<A>>) -> Result<Child<A>, AskError> {
    let settled = |stage: &Stage<A>| !matches!(stage, Stage::Starting | Stage::Waiting);
    match stage.wait_for(settled).await.as_deref() {
        Ok(Stage::Running(child)) => Ok(child.clone()),
        Ok(Stage::Quarantined(reason)) => Err(AskError::Quarantined(reason.clone())),
        Ok(Stage::Ended | Stage::Starting | Stage::Waiting) | Err(_) => Err(AskError::Gone),
    }
}
