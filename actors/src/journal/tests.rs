use super::*;
use crate::ports::{Fence, IdSource, LocalOwner};
use crate::testing::{Fault, MemoryLog, TestSystem, in_paused_system, records};
use engine::{Moment, Record, Span, StreamId};
use proptest::prelude::*;
use std::future::Future;
use std::task::Poll;
use tokio::task::{JoinHandle, spawn_local, yield_now};

fn ground(system: &TestSystem) -> Ground {
    Ground { log: system.log.clone(), owner: system.owner.clone(), clock: system.clock() }
}

fn start(system: &TestSystem) -> (JournalHandle, JoinHandle<()>) {
    let (handle, writer) = journal(ground(system), &system.limits);
    (handle, spawn_local(writer.run()))
}

fn one(stream: StreamId, after: Option<&Record>) -> Append {
    Append { records: records(stream, after, None, 1), summary: None }
}

fn streams(system: &TestSystem, count: usize) -> Vec<StreamId> {
    (0..count).map(|_| system.ids.stream_id()).collect()
}

/// Starts appends at once, in this order, and answers their outcomes.
async fn all(handle: &JournalHandle, appends: Vec<Append>) -> Vec<Result<(), AppendError>> {
    let mut running: Vec<_> = appends.into_iter().map(|a| Box::pin(handle.append(a))).collect();
    // Polled once each, so that all are queued before the writer runs.
    let first: Vec<_> = std::future::poll_fn(|cx| {
        Poll::Ready(running.iter_mut().map(|f| f.as_mut().poll(cx)).collect())
    })
    .await;
    let mut outcomes = Vec::new();
    for (polled, rest) in first.into_iter().zip(running) {
        outcomes.push(match polled {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => rest.await,
        });
    }
    outcomes
}

#[test]
fn what_waits_together_is_committed_together() {
    in_paused_system(async {
        let mut system = TestSystem::new(1);
        system.limits.journal_batch_events_max = 4;
        let (handle, _writer) = start(&system);
        let ids = streams(&system, 10);
        let outcomes = all(&handle, ids.iter().map(|id| one(*id, None)).collect()).await;
        assert_eq!(outcomes, vec![Ok(()); 10]);
        assert_eq!(system.log.batches(), [4, 4, 2]);
        let stats = handle.stats();
        assert_eq!((stats.batches(), stats.appends(), stats.events()), (3, 10, 10));
        assert_eq!(stats.batch_sizes(), [0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
    });
}

#[test]
fn the_batch_limit_counts_events_and_a_large_append_goes_alone() {
    in_paused_system(async {
        let mut system = TestSystem::new(2);
        system.limits.journal_batch_events_max = 4;
        let (handle, _writer) = start(&system);
        let sized =
            |n| Append { records: records(system.ids.stream_id(), None, None, n), summary: None };
        let outcomes = all(&handle, [2, 1, 3, 9, 1].map(sized).into()).await;
        assert_eq!(outcomes, vec![Ok(()); 5]);
        assert_eq!(system.log.batches(), [2, 1, 1, 1]);
    });
}

#[test]
fn only_the_guilty_item_fails() {
    in_paused_system(async {
        let system = TestSystem::new(3);
        let (handle, _writer) = start(&system);
        let ids = streams(&system, 16);
        handle.append(one(ids[11], None)).await.unwrap();
        let outcomes = all(&handle, ids.iter().map(|id| one(*id, None)).collect()).await;
        for (n, outcome) in outcomes.iter().enumerate() {
            let expected = if n == 11 { Err(AppendError::Conflict) } else { Ok(()) };
            assert_eq!(*outcome, expected, "item {n}");
        }
        assert_eq!(system.log.total(), 16);
        assert!(handle.health().is_working());
    });
}

#[test]
fn a_failing_store_fails_everyone_alike_and_shows_it_until_it_works_again() {
    let failures = [
        AppendError::Full,
        AppendError::ReadOnly,
        AppendError::Fenced,
        AppendError::Unavailable("gone".into()),
        AppendError::Unknown,
    ];
    for error in failures {
        in_paused_system(async {
            let system = TestSystem::new(4);
            let (handle, _writer) = start(&system);
            let mut health = handle.health_changes();
            system.log.set_outage(Some(error.clone()));
            let ids = streams(&system, 3);
            let batch = || ids.iter().map(|id| one(*id, None)).collect();
            assert_eq!(all(&handle, batch()).await, vec![Err(error.clone()); 3]);
            assert_eq!(system.log.total(), 0);
            let shown = health.wait_for(|h| !h.is_working()).await.unwrap().clone();
            assert_eq!(shown.state, Health::Failing(error));

            // Recovery is noticed although nobody appends.
            system.log.set_outage(None);
            let shown = health.wait_for(JournalHealth::is_working).await.unwrap().clone();
            assert_eq!(shown.since, Moment(1_772_431_200_000) + Span(1_000));
            assert_eq!(all(&handle, batch()).await, vec![Ok(()); 3]);
        });
    }
}

#[test]
fn a_lost_reply_a_panic_and_a_silent_log_are_unknown_and_end_there() {
    for (fault, stored) in [(Fault::LoseReply, 1), (Fault::Panic, 0), (Fault::Hang, 0)] {
        in_paused_system(async {
            let system = TestSystem::new(5);
            let (handle, _writer) = start(&system);
            let ids = streams(&system, 2);
            system.log.fail_next(fault);
            assert_eq!(handle.append(one(ids[0], None)).await, Err(AppendError::Unknown));
            assert_eq!(system.log.total(), stored);
            assert_eq!(handle.append(one(ids[1], None)).await, Ok(()));
            assert!(handle.health().is_working());
        });
    }
}

#[test]
fn a_full_queue_is_refused_at_once() {
    in_paused_system(async {
        let mut system = TestSystem::new(6);
        system.limits.journal_queue_max = 2;
        let (handle, _writer) = start(&system);
        let hold = system.log.hold();
        let ids = streams(&system, 4);
        let spawn = |id: StreamId| {
            let handle = handle.clone();
            spawn_local(async move { handle.append(one(id, None)).await })
        };
        let first = spawn(ids[0]);
        system.log.until(|log| log.attempts() == 1).await;
        // The writer holds the first; two more fit.
        let second = spawn(ids[1]);
        let third = spawn(ids[2]);
        while handle.queued() < 2 {
            yield_now().await;
        }
        let busy = Err(AppendError::Unavailable("busy".into()));
        assert_eq!(handle.append(one(ids[3], None)).await, busy);
        drop(hold);
        for task in [first, second, third] {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
        assert_eq!((system.log.total(), handle.stats().refusals()), (3, 1));
    });
}

#[test]
fn stopping_writes_what_waits_and_refuses_the_rest() {
    in_paused_system(async {
        let mut system = TestSystem::new(7);
        system.limits.journal_batch_events_max = 2;
        let (handle, writer) = start(&system);
        let hold = system.log.hold();
        let ids = streams(&system, 6);
        let waiting = spawn_local({
            let (handle, ids) = (handle.clone(), ids.clone());
            async move { all(&handle, ids[..5].iter().map(|id| one(*id, None)).collect()).await }
        });
        system.log.until(|log| log.attempts() == 1).await;
        handle.stop();
        drop(hold);
        assert_eq!(waiting.await.unwrap(), vec![Ok(()); 5]);
        writer.await.unwrap();
        assert_eq!(system.log.total(), 5);
        let stopped = Err(AppendError::Unavailable("stopped".into()));
        assert_eq!(handle.append(one(ids[5], None)).await, stopped);
        assert_eq!(handle.health().state, Health::Stopped);
    });
}

#[test]
fn stopping_does_not_wait_for_the_load_to_end() {
    in_paused_system(async {
        let system = TestSystem::new(10);
        let journal = Journal::start_here(ground(&system), &system.limits);
        // Each client appends again as soon as it is answered, until it is refused.
        let clients: Vec<_> = streams(&system, 8)
            .into_iter()
            .map(|stream| {
                let handle = journal.handle();
                spawn_local(async move {
                    let mut last: Option<Record> = None;
                    loop {
                        let append = one(stream, last.as_ref());
                        let record = append.records.last().cloned();
                        match handle.append(append).await {
                            Ok(()) => last = record,
                            Err(error) => return (last.map_or(0, |r| r.seq), error),
                        }
                    }
                })
            })
            .collect();
        system.log.until(|log| log.total() >= 100).await;
        assert!(journal.stop().await);
        let mut acknowledged = 0;
        for client in clients {
            let (count, error) = client.await.unwrap();
            assert_eq!(error, AppendError::Unavailable("stopped".into()));
            acknowledged += count;
        }
        assert_eq!(acknowledged, system.log.total() as u64);
    });
}

#[test]
fn callers_who_come_back_at_once_share_a_batch() {
    in_paused_system(async {
        let system = TestSystem::new(11);
        let (handle, _writer) = start(&system);
        let clients: Vec<_> = streams(&system, 8)
            .into_iter()
            .map(|stream| {
                let handle = handle.clone();
                spawn_local(async move {
                    let mut last: Option<Record> = None;
                    for _ in 0..10 {
                        let append = one(stream, last.as_ref());
                        last = append.records.last().cloned();
                        handle.append(append).await.unwrap();
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        assert_eq!(system.log.batches(), [8; 10]);
    });
}

#[test]
fn a_process_without_the_fence_writes_nothing() {
    in_paused_system(async {
        let system = TestSystem::new(8);
        let (old, _old_writer) = start(&system);
        let stream = system.ids.stream_id();
        old.append(one(stream, None)).await.unwrap();
        system.log.set_fence(Fence(2));
        let newer = Ground { owner: Arc::new(LocalOwner::new(2)), ..ground(&system) };
        let (new, writer) = journal(newer, &system.limits);
        let _new_writer = spawn_local(writer.run());
        let head = system.log.records(stream);
        assert_eq!(old.append(one(stream, head.last())).await, Err(AppendError::Fenced));
        assert_eq!(new.append(one(stream, head.last())).await, Ok(()));
        assert_eq!(old.health().state, Health::Failing(AppendError::Fenced));
    });
}

#[test]
fn a_thread_of_its_own_serves_many_threads_and_drains() {
    let log = MemoryLog::new();
    let ground = Ground {
        log: log.clone(),
        owner: Arc::new(LocalOwner::new(1)),
        clock: Arc::new(crate::clock::SystemClock),
    };
    let journal = Journal::start(ground, &Limits::default()).unwrap();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let handle = journal.handle();
            scope.spawn(move || {
                let ids = crate::testing::FixedIds::new(seed);
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let stream = ids.stream_id();
                    let mut last: Option<Record> = None;
                    for _ in 0..50 {
                        let append = one(stream, last.as_ref());
                        last = append.records.last().cloned();
                        handle.append(append).await.unwrap();
                    }
                });
            });
        }
    });
    assert_eq!(log.total(), 200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert!(runtime.block_on(journal.stop()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the store does, what was acknowledged is stored, what was refused is not, and each
    /// stream's records are contiguous.
    #[test]
    fn acknowledged_is_stored_and_refused_is_not(
        items in prop::collection::vec((0_usize..6, any::<bool>()), 1..40),
        faults in prop::collection::vec(0_u8..12, 0..10),
    ) {
        in_paused_system(async {
            let system = TestSystem::new(9);
            for fault in faults {
                match fault {
                    0 => system.log.fail_next(Fault::Refuse(AppendError::Full)),
                    1 => system.log.fail_next(Fault::LoseReply),
                    2 => system.log.fail_next(Fault::Panic),
                    // No fault in this place.
                    _ => {}
                }
            }
            let (handle, _writer) = start(&system);
            let ids = streams(&system, 6);
            let mut heads: Vec<Option<Record>> = vec![None; 6];
            let mut appends = Vec::new();
            for (stream, stale) in items {
                // A stale item repeats a seq, as an evicted actor would.
                let append = one(ids[stream], heads[stream].as_ref());
                if !stale {
                    heads[stream] = append.records.last().cloned();
                }
                appends.push(append);
            }
            let outcomes = all(&handle, appends.clone()).await;
            for (append, outcome) in appends.iter().zip(&outcomes) {
                let record = &append.records[0];
                let stored = system.log.records(record.stream).contains(record);
                match outcome {
                    Ok(()) => assert!(stored),
                    // An equal record may have been acknowledged to somebody else.
                    Err(AppendError::Conflict | AppendError::Full | AppendError::Unknown) => {}
                    Err(other) => panic!("unexpected {other}"),
                }
            }
            let acknowledged = outcomes.iter().filter(|o| o.is_ok()).count();
            let unknown = outcomes.iter().filter(|o| **o == Err(AppendError::Unknown)).count();
            let total = system.log.total();
            assert!(acknowledged <= total && total <= acknowledged + unknown);
            for id in ids {
                let seqs: Vec<u64> = system.log.records(id).iter().map(|r| r.seq).collect();
                assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
            }
        });
    }
}
