use super::*;
use crate::error::AskError;
use crate::testing::{ManualClock, in_paused_system};
use actix::prelude::{AtomicResponse, Handler, MailboxError, ResponseActFuture, WrapFuture};
use actix::{ActorFutureExt, Context};
use engine::Moment;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{spawn_local, yield_now};
use tokio::time::{Instant, advance, sleep};

mod stopping;
mod threads;

/// What a test tells its actor to do.
#[derive(actix::Message, Clone, Copy, PartialEq, Eq, Debug)]
#[rtype(result = "u64")]
enum Order {
    Count,
    Panic,
    PanicAfterAwait,
    Hang,
    Fail,
    End,
}

struct Worker {
    guard: Guard,
    count: u64,
}

impl Actor for Worker {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.guard.started();
    }
}

tended!(Worker);

impl Handler<Order> for Worker {
    type Result = AtomicResponse<Self, u64>;

    fn handle(&mut self, order: Order, ctx: &mut Context<Self>) -> Self::Result {
        self.count += 1;
        self.guard.at(self.count);
        let count = self.count;
        match order {
            Order::Panic => panic!("told to panic"),
            Order::Fail => {
                self.guard.fail("told to fail");
                actix::ActorContext::stop(ctx);
            }
            Order::End => actix::ActorContext::stop(ctx),
            Order::Count | Order::PanicAfterAwait | Order::Hang => {}
        }
        let work = async move {
            match order {
                Order::PanicAfterAwait => {
                    yield_now().await;
                    panic!("told to panic later")
                }
                Order::Hang => std::future::pending().await,
                _ => count,
            }
        };
        let work: ResponseActFuture<Self, u64> = Box::pin(work.into_actor(self).map(|n, _, _| n));
        AtomicResponse::new(work)
    }
}

type Alerts = Arc<Mutex<Vec<Alert<u32>>>>;

struct Bench {
    family: Supervised<u32, Worker>,
    alerts: Alerts,
    built: Arc<AtomicU32>,
    /// How many alerts there were.
    told: Arc<watch::Sender<usize>>,
}

impl Bench {
    fn new(places: Places, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let (alerts, told) = (Alerts::default(), Arc::new(watch::Sender::new(0)));
        let family = Supervised::new(Supervision {
            clock,
            limits,
            policy: RestartPolicy::default(),
            systemic: SystemicPolicy::default(),
            places,
            on_alert: Arc::new({
                let (alerts, told) = (alerts.clone(), told.clone());
                move |alert| {
                    alerts.lock().unwrap().push(alert);
                    told.send_modify(|count| *count += 1);
                }
            }),
        });
        Self { family, alerts, built: Arc::default(), told }
    }

    /// A supervisor on this thread, whose loop runs already.
    fn here() -> Self {
        let clock = Arc::new(ManualClock::new(Moment(0)));
        let bench = Self::new(Places::Here, Limits::default(), clock);
        let family = bench.family.clone();
        spawn_local(async move { family.run().await });
        bench
    }

    async fn child(&self, key: u32) -> Result<Child<Worker>, AskError> {
        let built = self.built.clone();
        let make = move |guard| {
            built.fetch_add(1, Ordering::Relaxed);
            Worker { guard, count: 0 }
        };
        self.family.get_or_start(key, make).await
    }

    async fn order(&self, key: u32, order: Order) -> Result<u64, MailboxError> {
        self.child(key).await.unwrap().addr.send(order).await
    }

    fn alerts(&self) -> Vec<Alert<u32>> {
        self.alerts.lock().unwrap().clone()
    }
}

fn failed(key: u32, end: End, at: u64, wait: i64) -> Alert<u32> {
    Alert::Failed { key, end, at, verdict: Verdict::RestartAfter(wait) }
}

#[test]
fn a_failure_gives_a_new_actor_after_the_wait_and_harms_no_sibling() {
    let panicked = |text: &str| End::Panicked(text.to_owned());
    let table = [
        (Order::Panic, panicked("told to panic")),
        (Order::PanicAfterAwait, panicked("told to panic later")),
        (Order::Fail, End::Failed("told to fail".to_owned())),
    ];
    for (order, end) in table {
        in_paused_system(async {
            let bench = Bench::here();
            for key in [1, 2] {
                assert_eq!(bench.order(key, Order::Count).await.unwrap(), 1);
            }
            let first = bench.child(1).await.unwrap();
            let _ = first.addr.send(order).await;
            // Whoever sends to the old address is told; the sibling goes on.
            assert!(matches!(first.addr.send(Order::Count).await, Err(MailboxError::Closed)));
            assert_eq!(bench.order(2, Order::Count).await.unwrap(), 2);

            let started = Instant::now();
            let second = bench.child(1).await.unwrap();
            assert_eq!(started.elapsed(), Duration::from_millis(100));
            assert!(second.incarnation > first.incarnation);
            // New memory, not the old value revived.
            assert_eq!(second.addr.send(Order::Count).await.unwrap(), 1);
            assert_eq!(bench.alerts(), [failed(1, end.clone(), 2, 100)]);
            let counters = bench.family.counters();
            assert_eq!(counters.num_panics + counters.num_errors, 1);
            assert_eq!(counters.num_panics, u64::from(matches!(end, End::Panicked(_))));
            assert_eq!((counters.num_restarts, counters.num_started), (1, 3));
        });
    }
}

#[test]
fn messages_behind_a_panic_are_answered_closed_not_lost() {
    in_paused_system(async {
        let bench = Bench::here();
        let child = bench.child(1).await.unwrap();
        let (panic, after) =
            tokio::join!(child.addr.send(Order::Panic), child.addr.send(Order::Count));
        assert!(matches!(panic, Err(MailboxError::Closed)));
        assert!(matches!(after, Err(MailboxError::Closed)));
    });
}

#[test]
fn waits_double_and_the_budget_ends_in_quarantine_seen_by_all() {
    in_paused_system(async {
        let bench = Bench::here();
        let sibling = bench.child(2).await.unwrap();
        let started = Instant::now();
        for _ in 0..4 {
            assert!(bench.order(1, Order::Panic).await.is_err());
        }
        assert_eq!(started.elapsed(), Duration::from_millis(100 + 200 + 400));
        let reason = "failed after 3 restarts: panicked: told to panic".to_owned();
        let refused = bench.child(1).await.err();
        assert_eq!(refused, Some(AskError::Quarantined(reason.clone())));
        let told = bench.alerts();
        assert_eq!(told.last(), Some(&Alert::Quarantined { key: 1, reason: reason.clone() }));
        assert_eq!(told.len(), 5);
        assert_eq!(bench.family.quarantined(), [(1, reason)]);

        // It stays so; the sibling never noticed.
        sleep(Duration::from_secs(3_600)).await;
        assert!(bench.family.get(&1).is_none());
        assert_eq!(bench.child(2).await.unwrap().incarnation, sibling.incarnation);
        assert_eq!(bench.built.load(Ordering::Relaxed), 5);

        // Until an operator releases it.
        assert!(bench.family.release(&1) && !bench.family.release(&1));
        assert_eq!(bench.order(1, Order::Count).await.unwrap(), 1);
    });
}

#[test]
fn failures_far_apart_never_exhaust_the_budget() {
    in_paused_system(async {
        let bench = Bench::here();
        for _ in 0..10 {
            assert!(bench.order(1, Order::Panic).await.is_err());
            sleep(Duration::from_secs(25)).await;
        }
        assert_eq!(bench.order(1, Order::Count).await.unwrap(), 1);
        assert_eq!(bench.family.counters().num_restarts, 10);
    });
}

#[test]
fn a_stuck_child_is_abandoned_and_replaced() {
    in_paused_system(async {
        let bench = Bench::here();
        let old = bench.child(1).await.unwrap();
        let sibling = bench.child(2).await.unwrap();
        // Once it has answered a heartbeat, the shorter allowance holds.
        sleep(Duration::from_secs(2)).await;
        let stuck = spawn_local({
            let addr = old.addr.clone();
            async move { addr.send(Order::Hang).await }
        });
        sleep(Duration::from_secs(7)).await;
        assert_eq!(bench.family.counters().num_freezes, 0);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(bench.alerts(), [failed(1, End::Frozen, 1, 100)]);
        assert!(matches!(stuck.await.unwrap(), Err(MailboxError::Closed)));
        assert!(bench.child(1).await.unwrap().incarnation > old.incarnation);
        assert_eq!(bench.child(2).await.unwrap().incarnation, sibling.incarnation);
    });
}

#[test]
fn a_full_mailbox_does_not_hide_a_freeze() {
    in_paused_system(async {
        let clock = Arc::new(ManualClock::new(Moment(0)));
        let limits = Limits { mailbox_max: 1, ..Limits::default() };
        let bench = Bench::new(Places::Here, limits, clock);
        let child = bench.child(1).await.unwrap();
        let _stuck = spawn_local({
            let addr = child.addr.clone();
            async move { addr.send(Order::Hang).await }
        });
        yield_now().await;
        while child.addr.try_send(Order::Count).is_ok() {}
        let family = bench.family.clone();
        spawn_local(async move { family.run().await });
        // Not yet answered once: the longer allowance of a start holds.
        sleep(Duration::from_secs(29)).await;
        assert_eq!(bench.family.counters().num_freezes, 0);
        sleep(Duration::from_secs(3)).await;
        assert_eq!(bench.family.counters().num_freezes, 1);
    });
}

#[test]
fn a_long_pause_of_the_whole_machine_freezes_nobody() {
    in_paused_system(async {
        let bench = Bench::here();
        bench.child(1).await.unwrap();
        sleep(Duration::from_secs(2)).await;
        advance(Duration::from_secs(3_600)).await;
        sleep(Duration::from_secs(20)).await;
        assert_eq!(bench.family.counters().num_freezes, 0);
    });
}

#[test]
fn a_factory_that_panics_is_a_failed_start() {
    in_paused_system(async {
        let bench = Bench::here();
        let make = |_: Guard| -> Worker { panic!("cannot be built") };
        let outcome = bench.family.get_or_start(1, make).await.err();
        let reason = "failed before it started, after 3 restarts: panicked: cannot be built";
        assert_eq!(outcome, Some(AskError::Quarantined(reason.to_owned())));
    });
}

#[test]
fn there_are_never_more_children_than_the_limit() {
    in_paused_system(async {
        let clock = Arc::new(ManualClock::new(Moment(0)));
        let limits = Limits { children_max: 2, ..Limits::default() };
        let bench = Bench::new(Places::Here, limits, clock);
        for key in [1, 2] {
            bench.child(key).await.unwrap();
        }
        assert_eq!(bench.child(3).await.err(), Some(AskError::Busy));
        assert!(bench.child(2).await.is_ok());
        bench.family.quarantine(&2, "by hand");
        assert_eq!(bench.child(2).await.err(), Some(AskError::Quarantined("by hand".into())));
        assert!(bench.child(3).await.is_ok());
    });
}

#[test]
fn many_quarantines_are_a_systemic_failure() {
    in_paused_system(async {
        let bench = Bench::here();
        for key in 0..100 {
            bench.child(key).await.unwrap();
        }
        for key in 0..6 {
            bench.family.quarantine(&key, "by hand");
        }
        let systemic: Vec<_> =
            bench.alerts().into_iter().filter(|a| matches!(a, Alert::Systemic { .. })).collect();
        assert_eq!(systemic.len(), 1);
    });
}

#[test]
fn two_thousand_children_are_swept_and_one_failure_among_them_is_healed() {
    in_paused_system(async {
        let bench = Bench::here();
        for key in 0..2_000 {
            bench.child(key).await.unwrap();
        }
        sleep(Duration::from_secs(60)).await;
        assert!(bench.order(1_234, Order::Panic).await.is_err());
        sleep(Duration::from_secs(60)).await;
        let counters = bench.family.counters();
        assert_eq!((counters.children, counters.num_started), (2_000, 2_001));
        assert_eq!((counters.num_panics, counters.num_freezes), (1, 0));
    });
}
