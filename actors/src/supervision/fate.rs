//! What follows when an incarnation begins or ends: restarts, budgets, quarantine.

use super::budget::Verdict;
use super::family::{Deeds, Kin, Stage, State, Supervised, Tended};
use super::guard::Guard;
use super::incarnation::Birth;
use super::places::settle;
use super::{Alert, Child, End};
use tokio::sync::oneshot;

impl<K: Kin, A: Tended> Supervised<K, A> {
    /// Makes a new incarnation of a child.
    pub(super) fn bear(&self, state: &mut State<K, A>, key: &K, deeds: &mut Deeds<K, A>) {
        state.last_incarnation += 1;
        let incarnation = state.last_incarnation;
        let Some(entry) = state.children.get_mut(key) else { return };
        let (seat, arbiter) = state.threads.seat(entry.suspect);
        let (hold, given_up) = oneshot::channel();
        if entry.guard.incarnation() > 0 {
            state.counters.num_restarts += 1;
        }
        entry.guard.retire();
        entry.guard = Guard::new(incarnation);
        entry.hold = Some(hold);
        entry.place = seat.place;
        (entry.missed, entry.answered, entry.pinging) = (0, false, false);
        entry.stage.send_replace(Stage::Starting);
        let birth = Birth {
            family: self.clone(),
            key: key.clone(),
            factory: entry.factory.clone(),
            guard: entry.guard.clone(),
            given_up,
            seat,
        };
        deeds.births.push((arbiter, birth));
        self.inner.population.send_replace(state.children.len());
    }

    /// The incarnation has an address; answers whether it is still wanted.
    pub(super) fn runs(&self, key: &K, child: Child<A>) -> bool {
        let mut state = self.state();
        let Some(entry) = state.children.get_mut(key) else { return false };
        if entry.guard.incarnation() != child.incarnation {
            return false;
        }
        entry.stage.send_replace(Stage::Running(child));
        state.counters.num_started += 1;
        true
    }

    /// An incarnation has ended, or is given up.
    pub(super) fn ended(&self, key: &K, incarnation: u64, end: End) {
        let mut deeds = Deeds::default();
        {
            let mut state = self.state();
            self.judge(&mut state, (key, incarnation), end, &mut deeds);
        }
        self.perform(deeds);
    }

    pub(super) fn judge(
        &self,
        state: &mut State<K, A>,
        (key, incarnation): (&K, u64),
        end: End,
        deeds: &mut Deeds<K, A>,
    ) {
        let stopping = state.stopping;
        let Some(entry) = state.children.get_mut(key) else { return };
        if entry.guard.incarnation() != incarnation || !entry.guard.is_current() {
            return;
        }
        entry.guard.retire();
        let at = entry.guard.place();
        match &end {
            End::Panicked(_) => state.counters.num_panics += 1,
            End::Failed(_) | End::Lost => state.counters.num_errors += 1,
            End::Frozen => state.counters.num_freezes += 1,
            End::Clean | End::Moved => {}
        }
        if stopping || entry.stopping || end == End::Clean {
            state.remove(key, Stage::Ended);
            self.inner.population.send_replace(state.children.len());
            return;
        }
        if end == End::Moved {
            tracing::warn!(?key, incarnation, "child is moved from a blocked thread");
            self.bear(state, key, deeds);
            return;
        }
        let now = self.inner.rules.clock.monotonic_ms();
        let verdict = entry.budget.failed(now, &self.inner.rules.policy);
        tracing::error!(?key, incarnation, at, %end, ?verdict, "child failed");
        deeds.alert(Alert::Failed { key: key.clone(), end: end.clone(), at, verdict });
        match verdict {
            Verdict::RestartAfter(wait) => {
                entry.hold = None;
                entry.stage.send_replace(Stage::Waiting);
                state.due.insert((now.saturating_add(wait), incarnation), key.clone());
                self.inner.wake.notify_one();
            }
            Verdict::Exhausted => {
                let at_most = self.inner.rules.policy.at_most;
                let when = if entry.guard.has_started() { "" } else { "before it started, " };
                let reason = format!("failed {when}after {at_most} restarts: {end}");
                self.seclude(state, key, reason, deeds);
            }
        }
    }

    /// Marks a child so that its next incarnation runs among its like.
    pub(super) fn suspect(state: &mut State<K, A>, key: &K) {
        if let Some(entry) = state.children.get_mut(key) {
            entry.suspect = true;
        }
    }

    pub(super) fn seclude(
        &self,
        state: &mut State<K, A>,
        key: &K,
        reason: String,
        deeds: &mut Deeds<K, A>,
    ) {
        if state.quarantined.contains_key(key) {
            return;
        }
        state.quarantined.insert(key.clone(), reason.clone());
        state.remove(key, Stage::Quarantined(reason.clone()));
        self.inner.population.send_replace(state.children.len());
        deeds.alert(Alert::Quarantined { key: key.clone(), reason });
        let now = self.inner.rules.clock.monotonic_ms();
        let all = state.children.len() + state.quarantined.len();
        if let Some(count) = state.systemic.quarantined(now, all, &self.inner.rules.systemic) {
            let reason = format!("{count} of {all} children were quarantined in a short time");
            tracing::error!(reason, "systemic failure");
            deeds.alert(Alert::Systemic { reason });
        }
    }

    /// Carries out what was decided under the lock.
    pub(super) fn perform(&self, deeds: Deeds<K, A>) {
        for (arbiter, birth) in deeds.births {
            settle(arbiter, birth);
        }
        for alert in deeds.alerts {
            (self.inner.rules.on_alert)(alert);
        }
    }
}
