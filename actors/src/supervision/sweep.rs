//! The supervisor's loop: heartbeats, freezes, restarts that are due, and stopping.

use super::family::{Deeds, Kin, State, Supervised, Tended};
use super::{Alert, End, Tend};
use futures_util::stream::{FuturesUnordered, StreamExt};
use futures_util::{FutureExt, future::BoxFuture};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Children told to stop at the same time.
const STOP_BATCH: usize = 256;

/// One heartbeat's answer: which incarnation, and whether it answered at all.
type Pings<K> = FuturesUnordered<BoxFuture<'static, (K, u64, bool)>>;

impl<K: Kin, A: Tended> Supervised<K, A> {
    /// Tends the children until [`Supervised::stop_all`]. Run it on a thread that no child blocks.
    pub async fn run(&self) {
        while AssertUnwindSafe(self.tend()).catch_unwind().await.is_err() {
            // A panic in an alert's hearer; without this loop nobody would be restarted.
            tracing::error!("supervision panicked");
            sleep(Duration::from_millis(self.limits().heartbeat_ms)).await;
        }
    }

    async fn tend(&self) {
        let mut pings = Pings::new();
        let mut beat = interval(Duration::from_millis(self.limits().heartbeat_ms));
        // Late beats are not made up for: after a suspended hour nobody is frozen.
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_stopping() {
            tokio::select! {
                Some(pong) = pings.next(), if !pings.is_empty() => {
                    self.pong(pong);
                    while let Some(Some(pong)) = pings.next().now_or_never() {
                        self.pong(pong);
                    }
                }
                _ = beat.tick() => self.sweep(&mut pings),
                () = self.until_due() => self.restart_due(),
                () = self.inner.wake.notified() => {}
            }
        }
    }

    fn pong(&self, (key, incarnation, answered): (K, u64, bool)) {
        let mut state = self.state();
        if let Some(entry) = state.children.get_mut(&key)
            && entry.guard.incarnation() == incarnation
        {
            entry.pinging = false;
            if answered {
                (entry.answered, entry.missed) = (true, 0);
            }
        }
    }

    async fn until_due(&self) {
        let next = self.state().due.first_key_value().map(|((at, _), _)| *at);
        match next {
            None => std::future::pending().await,
            Some(at) => {
                let wait = at.saturating_sub(self.inner.rules.clock.monotonic_ms());
                sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
            }
        }
    }

    fn restart_due(&self) {
        let now = self.inner.rules.clock.monotonic_ms();
        let mut deeds = Deeds::default();
        {
            let mut state = self.state();
            while let Some(first) = state.due.first_entry() {
                if first.key().0 > now {
                    break;
                }
                let failed = first.key().1;
                let key = first.remove();
                // A child that was stopped and started again meanwhile has another life.
                let same = state.children.get(&key).map(|e| e.guard.incarnation()) == Some(failed);
                if same {
                    self.bear(&mut state, &key, &mut deeds);
                }
            }
        }
        self.perform(deeds);
    }

    /// Judges who owes answers, and asks the others again.
    fn sweep(&self, pings: &mut Pings<K>) {
        let mut deeds = Deeds::default();
        {
            let mut state = self.state();
            self.sweep_threads(&mut state, &mut deeds);
            self.sweep_children(&mut state, pings, &mut deeds);
        }
        self.perform(deeds);
    }

    fn sweep_threads(&self, state: &mut State<K, A>, deeds: &mut Deeds<K, A>) {
        let limits = self.limits();
        let abandoned_max = limits.arbiters_abandoned_max;
        for blocked in state.threads.sweep(limits.heartbeats_missed_max, abandoned_max) {
            tracing::error!(place = blocked.place, by = blocked.by, "thread is blocked");
            let affected: Vec<(K, u64)> = state
                .children
                .iter()
                .filter(|(_, entry)| entry.place == blocked.place)
                .map(|(key, entry)| (key.clone(), entry.guard.incarnation()))
                .collect();
            for (key, incarnation) in affected {
                let guilty = incarnation == blocked.by;
                if guilty {
                    Self::suspect(state, &key);
                }
                let end = if guilty { End::Frozen } else { End::Moved };
                self.judge(state, (&key, incarnation), end, deeds);
            }
            if state.threads.abandoned() == abandoned_max as u64 {
                let reason = format!("{abandoned_max} threads are blocked; no more are replaced");
                deeds.alert(Alert::Systemic { reason });
            }
        }
    }

    fn sweep_children(
        &self,
        state: &mut State<K, A>,
        pings: &mut Pings<K>,
        deeds: &mut Deeds<K, A>,
    ) {
        let limits = self.limits();
        let mut frozen = Vec::new();
        let State { children, threads, .. } = state;
        for (key, entry) in children.iter_mut() {
            let incarnation = entry.guard.incarnation();
            if !entry.guard.is_current() || !threads.answers(entry.place) {
                continue;
            }
            let allowed = if entry.answered {
                limits.heartbeats_missed_max
            } else {
                limits.start_heartbeats_max
            };
            let running = entry.running();
            if entry.pinging || running.is_none() {
                entry.missed += 1;
                if entry.missed >= allowed {
                    frozen.push((key.clone(), incarnation));
                }
                continue;
            }
            if let Some(child) = running {
                entry.pinging = true;
                let key = key.clone();
                let ping = child.addr.send(Tend::Ping);
                pings.push(async move { (key, incarnation, ping.await.is_ok()) }.boxed());
            }
        }
        for (key, incarnation) in frozen {
            self.judge(state, (&key, incarnation), End::Frozen, deeds);
        }
    }

    /// Starts no more children, tells all to end, waits until they have or `drain_ms_max` is over,
    /// gives up the rest, and ends the loop and the threads. Answers how many were given up.
    pub async fn stop_all(&self) -> usize {
        let running = self.close();
        self.inner.wake.notify_one();
        let mut population = self.inner.population.subscribe();
        let all = async {
            for batch in running.chunks(STOP_BATCH) {
                let told = batch.iter().map(|child| child.addr.send(Tend::Stop));
                // Closed already is as good as answered.
                let _ = futures_util::future::join_all(told).await;
            }
            drop(population.wait_for(|count| *count == 0).await);
        };
        let in_time = timeout(Duration::from_millis(self.limits().drain_ms_max), all).await;
        let left = self.abandon_all();
        if in_time.is_err() {
            tracing::error!(left, "children did not end in time");
        }
        left
    }
}
