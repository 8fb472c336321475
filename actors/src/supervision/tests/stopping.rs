//! Ends that are no failures: a child's own, one child told to stop, and all of them.

use super::*;

#[test]
fn a_clean_end_is_final_and_a_later_start_is_a_new_child() {
    in_paused_system(async {
        let bench = Bench::here();
        let _ = bench.order(1, Order::End).await;
        let mut population = bench.family.population();
        population.wait_for(|count| *count == 0).await.unwrap();
        sleep(Duration::from_secs(10)).await;
        assert!(bench.family.get(&1).is_none());
        assert_eq!(bench.alerts(), []);
        assert_eq!(bench.order(1, Order::Count).await.unwrap(), 1);
        assert_eq!(bench.family.counters().num_restarts, 0);
    });
}

#[test]
fn stopping_lets_mailboxes_empty_and_names_what_is_left() {
    in_paused_system(async {
        let bench = Bench::here();
        let mut answers = HashMap::new();
        for key in 0..600 {
            let addr = bench.child(key).await.unwrap().addr;
            answers.insert(key, spawn_local(async move { addr.send(Order::Count).await }));
        }
        yield_now().await;
        assert_eq!(bench.family.stop_all().await, 0);
        for (_, answer) in answers {
            assert_eq!(answer.await.unwrap().unwrap(), 1);
        }
        assert_eq!(bench.child(1).await.err(), Some(AskError::Stopping));
        assert_eq!(bench.family.counters().children, 0);

        let bench = Bench::here();
        let addr = bench.child(1).await.unwrap().addr;
        spawn_local(async move { addr.send(Order::Hang).await });
        yield_now().await;
        assert_eq!(bench.family.stop_all().await, 1);
    });
}

#[test]
fn one_child_can_be_stopped_even_while_it_waits_or_hangs() {
    in_paused_system(async {
        let bench = Bench::here();
        bench.child(1).await.unwrap();
        assert_eq!(bench.family.stop(&1).await, Ok(()));
        assert!(bench.family.get(&1).is_none());

        let _ = bench.order(1, Order::Panic).await;
        assert_eq!(bench.family.stop(&1).await, Ok(()));
        sleep(Duration::from_secs(10)).await;
        assert_eq!(bench.family.counters().children, 0);

        let addr = bench.child(1).await.unwrap().addr;
        spawn_local(async move { addr.send(Order::Hang).await });
        yield_now().await;
        assert_eq!(bench.family.stop(&1).await, Err(AskError::TimedOut));
        assert!(bench.child(1).await.is_ok());
    });
}
