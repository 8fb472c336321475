//! The queue at its limits.

use super::*;
use engine::{Moment, WireId};

fn update(exam: u64, seq: u64) -> Arc<Update> {
    Arc::new(Update::new(Topic::exam(WireId(exam)), seq, Moment(0), "answer_saved"))
}

fn seqs(outbox: &Outbox) -> Vec<String> {
    std::iter::from_fn(|| outbox.try_next())
        .map(|item| match item {
            Item::Update(u) => format!("{}#{}", u.topic, u.seq),
            Item::Lagged { topic, missed } => format!("{topic} lost {missed}"),
            Item::Subscribed { topic, .. } => format!("{topic} again"),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_full_queue_names_what_was_lost_and_spares_other_streams() {
    let outbox = Outbox::new(3, 1 << 20, 4);
    assert_eq!(outbox.update(&update(1, 1)), Pushed::Queued);
    assert_eq!(outbox.update(&update(2, 1)), Pushed::Queued);
    assert_eq!(outbox.update(&update(1, 2)), Pushed::Queued);
    assert_eq!(outbox.update(&update(1, 3)), Pushed::Lagging);
    assert_eq!(outbox.update(&update(1, 4)), Pushed::Lagging);
    assert_eq!(outbox.update(&update(2, 2)), Pushed::Queued);
    assert_eq!(seqs(&outbox), ["exam:2#1", "exam:2#2", "exam:1 lost 4"]);
    assert_eq!(outbox.update(&update(1, 5)), Pushed::Lagging, "until it subscribes anew");
    assert!(outbox.is_empty());
    let again = Item::Subscribed {
        topic: Topic::exam(WireId(1)),
        id: None,
        recovered: false,
        epoch: "e".into(),
        seq: 5,
    };
    assert_eq!(outbox.push(again), Pushed::Queued);
    assert_eq!(outbox.update(&update(1, 6)), Pushed::Queued);
    assert_eq!(seqs(&outbox), ["exam:1 again", "exam:1#6"]);
}

#[test]
fn bytes_are_bounded_and_given_back() {
    let outbox = Outbox::new(100, 450, 4);
    for round in 0..5 {
        assert_eq!(outbox.update(&update(1, round * 2)), Pushed::Queued);
        assert_eq!(outbox.update(&update(1, round * 2 + 1)), Pushed::Queued);
        assert_eq!(seqs(&outbox).len(), 2);
    }
    outbox.update(&update(1, 1));
    outbox.update(&update(1, 2));
    assert_eq!(outbox.update(&update(1, 3)), Pushed::Lagging);
}

fn subscribed(exam: u64, id: Option<u64>) -> Item {
    let (topic, recovered, epoch) = (Topic::exam(WireId(exam)), false, "e".into());
    Item::Subscribed { topic, id, recovered, epoch, seq: 1 }
}

fn snapshot(exam: u64) -> Item {
    Item::Snapshot(Arc::new(crate::feed::Snapshot {
        topic: Topic::exam(WireId(exam)),
        epoch: "e".into(),
        seq: 1,
        hash: engine::Hash::default(),
        state: serde_json::Value::Null,
    }))
}

fn digest(exam: u64) -> Item {
    Item::Digest { topic: Topic::exam(WireId(exam)), seq: 1, digest: "d".into() }
}

fn presence(exam: u64) -> Item {
    let topic = Topic::exam(WireId(exam));
    Item::Presence { topic, members: Arc::default(), observers: 0 }
}

#[test]
fn a_client_that_asks_again_and_again_and_never_reads_is_owed_one_of_each() {
    let outbox = Outbox::new(100, 1 << 20, 4);
    for round in 0..1_000 {
        for exam in [1, 2] {
            outbox.push(subscribed(exam, None));
            outbox.push(snapshot(exam));
            outbox.push(digest(exam));
            outbox.push(presence(exam));
            outbox.push(digest(exam));
            outbox.push(presence(exam));
            outbox.update(&update(exam, round));
        }
    }
    assert_eq!(outbox.len(), 2 * 5, "subscribed, snapshot, digest, viewers, the last update");
    assert_eq!(outbox.update(&update(1, 1)), Pushed::Queued, "and it still counts right");
}

#[test]
fn a_newer_snapshot_takes_the_place_of_older_steps_but_never_of_an_answer() {
    let outbox = Outbox::new(100, 1 << 20, 4);
    outbox.push(subscribed(1, Some(7)));
    outbox.update(&update(1, 2));
    outbox.update(&update(2, 2));
    outbox.push(snapshot(1));
    outbox.update(&update(1, 3));
    let items: Vec<Item> = std::iter::from_fn(|| outbox.try_next()).collect();
    assert!(matches!(items[0], Item::Subscribed { id: Some(7), .. }), "{items:?}");
    assert!(matches!(&items[1], Item::Update(u) if u.topic == Topic::exam(WireId(2))));
    assert!(matches!(items[2], Item::Snapshot(_)), "{items:?}");
    assert!(matches!(&items[3], Item::Update(u) if u.seq == 3), "{items:?}");
    assert_eq!(items.len(), 4);
}

#[test]
fn what_is_followed_no_longer_is_not_sent() {
    let outbox = Outbox::new(2, 1 << 20, 1);
    outbox.push(snapshot(1));
    outbox.update(&update(1, 2));
    outbox.update(&update(2, 2));
    assert_eq!(outbox.update(&update(1, 3)), Pushed::Lagging);
    outbox.forget(&Topic::exam(WireId(1)));
    assert_eq!(seqs(&outbox), ["exam:2#2"]);
    assert_eq!(outbox.push(subscribed(1, Some(1))), Pushed::Queued);
    assert_eq!(outbox.push(subscribed(2, Some(2))), Pushed::Closed, "answers are counted");
}

#[test]
fn replies_are_kept_and_a_client_that_never_reads_them_is_closed() {
    let outbox = Outbox::new(1, 1, 2);
    assert_eq!(outbox.push(Item::Reply("a".into())), Pushed::Queued);
    assert_eq!(outbox.push(Item::Reply("b".into())), Pushed::Queued);
    assert_eq!(outbox.push(Item::Reply("c".into())), Pushed::Closed);
    assert!(outbox.is_closed());
    assert_eq!(outbox.update(&update(1, 1)), Pushed::Closed);
}

#[test]
fn a_digest_goes_with_the_steps_that_led_to_it() {
    let outbox = Outbox::new(2, 1 << 20, 4);
    outbox.update(&update(1, 1));
    outbox.push(digest(1));
    outbox.push(digest(2));
    outbox.update(&update(1, 2));
    assert_eq!(outbox.update(&update(1, 3)), Pushed::Lagging);
    let left = seqs(&outbox);
    assert!(left.len() == 2 && left[0].contains("exam:2"), "{left:?}");
    assert_eq!(left[1], "exam:1 lost 3", "a digest of steps that never come would be a hole");
}
