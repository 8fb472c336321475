//! Children on threads of their own, on real time: a thread cannot be blocked on paused time.

use super::*;
use crate::clock::SystemClock;
use std::sync::mpsc;

/// Blocks its thread until the test lets go.
struct Block(mpsc::Receiver<()>);

impl actix::Message for Block {
    type Result = ();
}

impl Handler<Block> for Worker {
    type Result = ();

    fn handle(&mut self, block: Block, _: &mut Context<Self>) {
        // An error is the test's end: it lets go as well.
        let _ = block.0.recv();
    }
}

fn in_system<F: Future<Output = ()>>(future: F) {
    actix::System::new().block_on(future);
}

fn threads(count: usize) -> Bench {
    // Two seconds of silence: a busy machine is not that slow, and nothing here waits for it twice.
    let limits = Limits {
        heartbeat_ms: 50,
        heartbeats_missed_max: 40,
        start_heartbeats_max: 500,
        ask_ms_max: 60_000,
        ..Limits::default()
    };
    let bench = Bench::new(Places::Threads(count), limits, Arc::new(SystemClock));
    let family = bench.family.clone();
    spawn_local(async move { family.run().await });
    bench
}

/// The child's next incarnation, after the first alert of the test.
async fn reborn(bench: &Bench, old: &Child<Worker>, key: u32) -> Child<Worker> {
    drop(bench.told.subscribe().wait_for(|told| *told > 0).await.unwrap());
    let child = bench.child(key).await.unwrap();
    assert!(child.incarnation > old.incarnation);
    assert_eq!(child.addr.send(Order::Count).await.unwrap(), 1);
    child
}

#[test]
fn who_blocks_a_thread_is_replaced_elsewhere_and_its_siblings_move_without_blame() {
    in_system(async {
        let bench = threads(2);
        let mut children = HashMap::new();
        for key in 0..4 {
            children.insert(key, bench.child(key).await.unwrap());
            assert_eq!(bench.order(key, Order::Count).await.unwrap(), 1);
        }
        let (let_go, gate) = mpsc::sync_channel::<()>(1);
        children[&0].addr.try_send(Block(gate)).unwrap();
        reborn(&bench, &children[&0], 0).await;
        // Children are dealt in turn, so 2 shares the thread of 0.
        reborn(&bench, &children[&2], 2).await;
        for key in [1, 3] {
            assert_eq!(bench.child(key).await.unwrap().incarnation, children[&key].incarnation);
            assert_eq!(bench.order(key, Order::Count).await.unwrap(), 2);
        }
        let counters = bench.family.counters();
        assert_eq!((counters.num_freezes, counters.num_abandoned), (1, 1));
        assert_eq!(bench.alerts(), [failed(0, End::Frozen, 1, 100)]);

        // The abandoned one wakes, handles at most what it had, and ends.
        drop(let_go);
        while children[&0].addr.send(Order::Count).await.is_ok() {}
        assert_eq!(bench.order(0, Order::Count).await.unwrap(), 2);
        assert_eq!(bench.family.stop_all().await, 0);
    });
}

#[test]
fn a_panic_on_one_thread_restarts_there_or_elsewhere_while_others_go_on() {
    in_system(async {
        let bench = threads(2);
        for key in 0..20 {
            assert_eq!(bench.order(key, Order::Count).await.unwrap(), 1);
        }
        let old = bench.child(7).await.unwrap();
        assert!(old.addr.send(Order::Panic).await.is_err());
        reborn(&bench, &old, 7).await;
        for key in (0..20).filter(|key| *key != 7) {
            assert_eq!(bench.order(key, Order::Count).await.unwrap(), 2);
        }
        assert_eq!(bench.family.counters().num_panics, 1);
        assert_eq!(bench.family.stop_all().await, 0);
    });
}
