//! The audit's events and checkpoints.

use crate::Station;
use engine::chain::Head;
use engine::identity::audit::{Checkpoint, Event, Sealed, SignedCheckpoint};
use engine::{Hash, Moment};
use entities::{AuditFilter, StoreError};
use serde_json::json;

fn sealed(seq: u64, kind: &str, prev: Hash) -> Sealed {
    Event {
        stream: String::from("one"),
        seq,
        at: Moment(i64::try_from(seq * 1_000).unwrap()),
        kind: kind.to_owned(),
        actor: (seq.is_multiple_of(2)).then(|| String::from("анна")),
        subject: Some(format!("s{}", seq % 3)),
        detail: json!({"n": seq, "text": "причина"}),
    }
    .sealed(prev)
}

fn chain() -> Vec<Sealed> {
    let mut prev = Hash::default();
    let kinds = ["login.ok", "login.fail", "token.issue", "login.ok", "key.state"];
    let mut all = Vec::new();
    for (kind, seq) in kinds.into_iter().zip(1..) {
        all.push(sealed(seq, kind, prev));
        prev = all[all.len() - 1].hash;
    }
    all
}

#[tokio::test]
async fn events_come_back_as_they_were_and_a_number_is_given_once() {
    let Station { store, .. } = &Station::new().await;
    assert_eq!(store.audit_head("one").await.unwrap(), Head::default());
    let chain = chain();
    store.audit_append(&chain[..3]).await.unwrap();
    store.audit_append(&chain[3..]).await.unwrap();
    assert_eq!(store.audit_head("one").await.unwrap(), chain[4].head());
    assert_eq!(store.audit_read("one", 0).await.unwrap(), chain);
    assert_eq!(store.audit_read("one", 3).await.unwrap(), chain[3..]);
    assert_eq!(store.audit_read("two", 0).await.unwrap(), vec![]);
    assert_eq!(store.audit_streams().await.unwrap(), ["one"]);

    // The second of two writers gets nothing in, not even what would have had room.
    let late = [sealed(5, "late", Hash::default()), sealed(6, "late", Hash::default())];
    let refused = store.audit_append(&late).await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    assert_eq!(store.audit_read("one", 0).await.unwrap(), chain);
}

#[tokio::test]
async fn events_are_searched_by_what_they_say() {
    let Station { store, .. } = &Station::new().await;
    store.audit_append(&chain()).await.unwrap();
    let all = AuditFilter::default;
    let text = |s: &str| Some(s.to_owned());
    let table = [
        (all(), vec![5, 4, 3, 2, 1]),
        (AuditFilter { kind: text("login.ok"), ..all() }, vec![4, 1]),
        (AuditFilter { kind: text("login.*"), ..all() }, vec![4, 2, 1]),
        (AuditFilter { kind: text("log%"), ..all() }, vec![]),
        (AuditFilter { actor: text("анна"), ..all() }, vec![4, 2]),
        (AuditFilter { subject: text("s1"), before: Some(4), ..all() }, vec![1]),
        (
            AuditFilter { since: Some(Moment(2_000)), until: Some(Moment(4_000)), ..all() },
            vec![3, 2],
        ),
        (AuditFilter { stream: text("two"), ..all() }, vec![]),
    ];
    for (filter, expected) in table {
        let found = store.audit_search(&filter, 100).await.unwrap();
        let found: Vec<u64> = found.iter().map(|e| e.event.seq).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    assert_eq!(store.audit_search(&all(), 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn checkpoints_are_kept_once() {
    let Station { store, .. } = &Station::new().await;
    assert_eq!(store.audit_last_checkpoint("one").await.unwrap(), 0);
    let of = |seq: u64, kid: Option<&str>| SignedCheckpoint {
        checkpoint: Checkpoint {
            stream: String::from("one"),
            seq,
            hash: Hash::of(&[&seq.to_be_bytes()]),
            at: Moment(7),
        },
        kid: kid.map(str::to_owned),
        sig: kid.map(|_| String::from("00ff")),
    };
    for one in [of(4, Some("k")), of(2, None), of(4, None)] {
        store.audit_put_checkpoint(&one).await.unwrap();
    }
    let kept = store.audit_checkpoints("one", 0).await.unwrap();
    assert_eq!(kept, [of(2, None), of(4, Some("k"))]);
    assert_eq!(store.audit_checkpoints("one", 2).await.unwrap().len(), 1);
    assert_eq!(store.audit_last_checkpoint("one").await.unwrap(), 4);
}
