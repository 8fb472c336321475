//! The small tables: tools, people, secrets, revocations, and what supervision remembers.

use crate::{Station, cmd, stream};
use engine::identity::{Level, Revoked};
use engine::{Hash, Moment, PersonId};
use entities::{
    Crash, DETAIL_BYTES_MAX, Material, MaterialHead, MaterialKind, NewRevocation, Person,
    Quarantined, RevocationHead, StoreError,
};

fn material(body: &str, skill_id: Option<u64>, at: i64) -> Material {
    let head = MaterialHead {
        hash: Hash::of(&[body.as_bytes()]),
        kind: if skill_id.is_some() { MaterialKind::Theory } else { MaterialKind::Practice },
        ref_id: 69,
        skill_id,
        title: String::from("Оценочное средство"),
        version: 3,
        imported_at: Moment(at),
    };
    Material { head, body: body.to_owned() }
}

#[tokio::test]
async fn tools_are_kept_by_the_hash_of_their_content() {
    let Station { store, .. } = &Station::new().await;
    let (old, new, other) =
        (material("{\"a\": 1.0}", Some(57), 1), material("b", Some(57), 2), material("c", None, 3));
    for one in [&old, &new, &other] {
        assert!(store.put_material(one).await.unwrap());
    }
    let mut again = old.clone();
    again.head.imported_at = Moment(99);
    assert!(!store.put_material(&again).await.unwrap());
    assert_eq!(store.get_material(old.head.hash).await.unwrap(), Some(old.clone()));
    assert_eq!(store.get_material(Hash::default()).await.unwrap(), None);
    let heads = |all: &[&Material]| all.iter().map(|one| one.head.clone()).collect::<Vec<_>>();
    assert_eq!(store.materials_for(57).await.unwrap(), heads(&[&new, &old]));
    assert_eq!(store.materials_for(58).await.unwrap(), vec![]);
    assert_eq!(store.materials().await.unwrap(), heads(&[&other, &new, &old]));
}

fn person(id: u64, login: &str) -> Person {
    Person {
        id: PersonId(id),
        login: login.to_owned(),
        name: String::from("Иванова Анна"),
        password_hash: String::from("$argon2id$secret"),
        roles: vec![String::from("expert"), String::from("chair")],
        personnel_no: (id == 1).then(|| String::from("0042")),
        active: true,
        made_at: Moment(5),
    }
}

#[tokio::test]
async fn people_are_found_by_login_and_by_number() {
    let Station { store, .. } = &Station::new().await;
    assert_eq!(store.next_person_id().await.unwrap(), PersonId(1));
    let (anna, boris) = (person(1, "anna"), person(2, "boris"));
    store.put_person(&anna).await.unwrap();
    store.put_person(&boris).await.unwrap();
    assert_eq!(store.next_person_id().await.unwrap(), PersonId(3));
    assert_eq!(store.person_by_login("anna").await.unwrap(), Some(anna.clone()));
    assert_eq!(store.person_by_login("Anna").await.unwrap(), None);
    assert_eq!(store.person(PersonId(2)).await.unwrap(), Some(boris.clone()));
    assert_eq!(store.person(PersonId(3)).await.unwrap(), None);
    assert_eq!(store.people(1).await.unwrap(), vec![anna.clone()]);

    let error = store.put_person(&person(3, "anna")).await.unwrap_err();
    assert_eq!(error, StoreError::Taken("the login"));
    let gone = Person { active: false, login: String::from("b"), roles: vec![], ..boris };
    store.put_person(&gone).await.unwrap();
    assert_eq!(store.people(100).await.unwrap(), vec![anna.clone(), gone]);
    assert!(!format!("{anna:?}").contains("secret"));
}

#[tokio::test]
async fn a_secret_is_made_once() {
    let Station { store, .. } = &Station::new().await;
    assert_eq!(store.secret_get_or_put("token", &[0, 255]).await.unwrap(), [0, 255]);
    assert_eq!(store.secret_get_or_put("token", &[1]).await.unwrap(), [0, 255]);
    assert_eq!(store.secret_get_or_put("other", &[1]).await.unwrap(), [1]);
}

#[tokio::test]
async fn revocations_and_epochs_are_read_on_from_one_number() {
    let Station { store, .. } = &Station::new().await;
    let new = |jti: Option<&str>, sid: Option<&str>, expires| NewRevocation {
        jti: jti.map(str::to_owned),
        sid: sid.map(str::to_owned),
        orig: sid.map(|_| String::from("o")),
        reason: String::from("sign-out"),
        at: Moment(1),
        expires_at: Moment(expires),
    };
    let since = async |seq| {
        let found = store.revoked_since(seq).await.unwrap();
        found.into_iter().map(|one| (one.seq, one.what, one.expires_at.0)).collect::<Vec<_>>()
    };
    let (j, s, o) =
        (Revoked::Token("j".into()), Revoked::Session("s".into()), Revoked::Origin("o".into()));
    let u = |epoch| Revoked::Epoch(Level::User, "u".into(), epoch);
    assert_eq!(store.revoke(&new(Some("j"), None, 100)).await.unwrap(), 1);
    assert_eq!(store.bump_epoch(Level::User, "u", "left", Moment(1)).await.unwrap(), (1, 2));
    assert_eq!(store.revoke(&new(None, Some("s"), 300)).await.unwrap(), 4);
    let all = [(1, j.clone(), 100), (2, u(1), 0), (3, s.clone(), 300), (4, o.clone(), 300)];
    assert_eq!(since(0).await, all);
    assert_eq!(since(2).await, all[2..]);

    store.revoke(&new(Some("j"), None, 100)).await.unwrap();
    store.revoke(&new(Some("j"), None, 99)).await.unwrap();
    assert_eq!(since(0).await, all, "twice is once");
    store.revoke(&new(Some("j"), None, 200)).await.unwrap();
    assert_eq!(store.bump_epoch(Level::User, "u", "again", Moment(1)).await.unwrap(), (2, 8));
    assert_eq!(since(4).await, [(7, j, 200), (8, u(2), 0)], "longer, and grown, is news");
    assert_eq!(store.bump_epoch(Level::Client, "u", "x", Moment(1)).await.unwrap(), (1, 9));

    assert_eq!(store.forget_expired_revocations(Moment(201)).await.unwrap(), 1);
    let client = Revoked::Epoch(Level::Client, "u".into(), 1);
    let left = [(3, s, 300), (4, o, 300), (8, u(2), 0), (9, client, 0)];
    assert_eq!(since(0).await, left, "epochs are never forgotten");

    let head = |cache_gen: &str, cache_seq| RevocationHead {
        seq: 9,
        cache_gen: cache_gen.to_owned(),
        cache_seq,
    };
    assert_eq!(store.revocation_head().await.unwrap(), head("", 0));
    for (told, seq, kept) in
        [("a", 5, head("a", 5)), ("a", 4, head("a", 5)), ("b", 2, head("b", 2))]
    {
        store.note_cached(told, seq).await.unwrap();
        assert_eq!(store.revocation_head().await.unwrap(), kept);
    }
}

#[tokio::test]
async fn crashes_are_counted_per_record_and_build() {
    let Station { store, .. } = &Station::new().await;
    let detail = "ж".repeat(DETAIL_BYTES_MAX);
    let crash =
        |n, seq, build| Crash { stream: stream(n), seq, build, at: Moment(1), detail: &detail };
    for (one, count) in [
        (crash(1, 5, "a"), 1),
        (crash(1, 5, "a"), 2),
        (crash(1, 5, "b"), 1),
        (crash(1, 6, "a"), 1),
        (crash(2, 5, "a"), 1),
    ] {
        assert_eq!(store.note_crash(&one).await.unwrap(), count);
    }
    store.clear_crashes(stream(1)).await.unwrap();
    assert_eq!(store.note_crash(&crash(1, 5, "a")).await.unwrap(), 1);
    assert_eq!(store.note_crash(&crash(2, 5, "a")).await.unwrap(), 2);
}

#[tokio::test]
async fn a_quarantine_lasts_until_it_is_released() {
    let Station { store, .. } = &Station::new().await;
    store.quarantine(stream(1), "panics", Moment(1)).await.unwrap();
    store.quarantine(stream(2), "panics", Moment(2)).await.unwrap();
    store.quarantine(stream(1), "panics again", Moment(3)).await.unwrap();
    let one = |n, reason: &str, at| Quarantined {
        stream: stream(n),
        reason: reason.to_owned(),
        at: Moment(at),
    };
    let both = vec![one(1, "panics again", 3), one(2, "panics", 2)];
    assert_eq!(store.quarantined().await.unwrap(), both);
    assert!(store.release(stream(1), Moment(4)).await.unwrap());
    assert!(!store.release(stream(1), Moment(5)).await.unwrap());
    assert!(!store.release(stream(3), Moment(5)).await.unwrap());
    assert_eq!(store.quarantined().await.unwrap(), both[1..]);
    store.quarantine(stream(1), "back", Moment(6)).await.unwrap();
    assert_eq!(store.quarantined().await.unwrap().len(), 2);
}

#[tokio::test]
async fn poison_commands_are_counted() {
    let Station { store, .. } = &Station::new().await;
    assert_eq!(store.poison_count(stream(1), cmd(1)).await.unwrap(), 0);
    assert_eq!(store.note_poison(stream(1), cmd(1)).await.unwrap(), 1);
    assert_eq!(store.note_poison(stream(1), cmd(1)).await.unwrap(), 2);
    assert_eq!(store.note_poison(stream(1), cmd(2)).await.unwrap(), 1);
    assert_eq!(store.poison_count(stream(1), cmd(1)).await.unwrap(), 2);
}
