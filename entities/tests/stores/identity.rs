//! The passport's tables.

use crate::Station;
use engine::{Moment, PersonId};
use entities::{
    Assignment, Client, ClientFlags, ClientKind, ClientTerms, Group, ONCE_BODY_BYTES_MAX,
    Organisation, PassportSession, Person, Refresh, Rotation, Service, Store, StoreError, User,
};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How many ask at the same moment for what one may have.
const RIVALS: usize = 50;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn user(n: u128, upn: &str) -> User {
    User {
        uid: id(n),
        person: None,
        upn: upn.to_owned(),
        skeleton: upn.replace('1', "l"),
        name: String::from("Иванова Анна"),
        password_hash: Some(String::from("$argon2id$secret")),
        active: true,
        delegable: true,
        made_at: Moment(5),
    }
}

#[tokio::test]
async fn people_have_one_name_that_nothing_looks_like() {
    let Station { store, .. } = &Station::new().await;
    let anna = user(1, "anna@nark.example");
    store.put_user(&anna).await.unwrap();
    store.put_user(&user(2, "al@nark.example")).await.unwrap();
    for (other, why) in
        [(user(3, "anna@nark.example"), "same"), (user(3, "a1@nark.example"), "like")]
    {
        let error = store.put_user(&other).await.unwrap_err();
        assert!(matches!(error, StoreError::Taken(_)), "{why}: {error}");
    }
    assert_eq!(store.user_by_upn("anna@nark.example").await.unwrap(), Some(anna.clone()));
    assert_eq!(store.user_by_upn("Anna@nark.example").await.unwrap(), None);
    assert_eq!(store.user(id(9)).await.unwrap(), None);
    let gone = User { active: false, password_hash: None, ..anna.clone() };
    store.put_user(&gone).await.unwrap();
    assert_eq!(store.user(id(1)).await.unwrap(), Some(gone.clone()));
    let upns = async |prefix: &str, after, limit| -> Vec<String> {
        let found = store.users(prefix, after, limit).await.unwrap();
        found.into_iter().map(|user| user.upn).collect()
    };
    assert_eq!(upns("", None, 10).await, ["al@nark.example", "anna@nark.example"]);
    assert_eq!(upns("", Some("al@nark.example"), 10).await, ["anna@nark.example"]);
    assert_eq!(upns("ann", None, 10).await, ["anna@nark.example"]);
    assert_eq!(upns("", None, 1).await, ["al@nark.example"]);
    assert_eq!(upns("%", None, 10).await, Vec::<String>::new());
    assert_eq!(store.count_users().await.unwrap(), 2);
    assert!(!format!("{anna:?}").contains("secret"));
}

#[tokio::test]
async fn somebody_and_their_place_in_exams_are_made_together_or_not_at_all() {
    let Station { store, .. } = &Station::new().await;
    let person = |login: &str| Person {
        id: PersonId(7),
        login: login.to_owned(),
        name: String::from("Анна"),
        password_hash: String::from("!"),
        roles: vec![String::from("expert")],
        personnel_no: None,
        active: true,
        made_at: Moment(5),
    };
    let anna = User { person: Some(PersonId(7)), ..user(1, "anna@nark.example") };
    store.put_user_and_person(&anna, &person("anna@nark.example")).await.unwrap();
    assert_eq!(store.user_by_person(PersonId(7)).await.unwrap(), Some(anna));
    let twin = User { person: Some(PersonId(7)), ..user(2, "boris@nark.example") };
    let error = store.put_user_and_person(&twin, &person("boris@nark.example")).await.unwrap_err();
    assert!(matches!(error, StoreError::Taken(_)), "{error}");
    assert_eq!(store.person_by_login("boris@nark.example").await.unwrap(), None);
}

#[tokio::test]
async fn a_role_counts_between_its_edges_until_it_is_taken_back() {
    let Station { store, .. } = &Station::new().await;
    let mut centre = Organisation {
        oid: id(10),
        opn: String::from("org/coc-12@nark.example"),
        name: String::from("ЦОК 12"),
        ogrn: Some(String::from("1027700132195")),
        active: true,
        made_at: Moment(1),
    };
    store.put_organisation(&centre).await.unwrap();
    let twin =
        Organisation { oid: id(11), opn: String::from("org/x@nark.example"), ..centre.clone() };
    assert!(matches!(store.put_organisation(&twin).await.unwrap_err(), StoreError::Taken(_)));
    store.put_user(&user(1, "anna@nark.example")).await.unwrap();
    let expert = Assignment {
        id: id(20),
        uid: id(1),
        role: String::from("expert"),
        oid: Some(centre.oid),
        from: Moment(100),
        until: Some(Moment(200)),
        granted_by: String::from("council"),
        granted_at: Moment(50),
        withdrawn_at: None,
    };
    store.put_assignment(&expert).await.unwrap();
    let held = async |at| store.roles_held(id(1), Moment(at)).await.unwrap().len();
    for (at, count) in [(99, 0), (100, 1), (199, 1), (200, 0)] {
        assert_eq!(held(at).await, count, "at {at}");
        assert_eq!(expert.counts(Moment(at)), count == 1, "at {at}");
        assert_eq!(store.count_holders("expert", Moment(at)).await.unwrap(), count as u64);
    }
    centre.active = false;
    store.put_organisation(&centre).await.unwrap();
    assert_eq!(held(150).await, 0, "the organisation is closed");
    centre.active = true;
    store.put_organisation(&centre).await.unwrap();
    assert!(store.withdraw_assignment(expert.id, Moment(150)).await.unwrap());
    assert!(!store.withdraw_assignment(expert.id, Moment(160)).await.unwrap());
    assert_eq!(held(150).await, 0);
    let history = store.assignments_of(id(1)).await.unwrap();
    assert_eq!(history, [Assignment { withdrawn_at: Some(Moment(150)), ..expert.clone() }]);
    assert_eq!(store.assignment(expert.id).await.unwrap(), history.into_iter().next());
}

#[tokio::test]
async fn groups_have_members_and_a_replica() {
    let Station { store, .. } = &Station::new().await;
    let group = |name: &str| Group {
        name: name.to_owned(),
        title: String::from("Эксперты"),
        made_at: Moment(1),
    };
    store.put_user(&user(1, "anna@nark.example")).await.unwrap();
    store.put_user(&User { active: false, ..user(2, "boris@nark.example") }).await.unwrap();
    for name in ["coc-12/expert", "coc-12/chair"] {
        store.put_group(&group(name)).await.unwrap();
    }
    assert!(store.put_member("coc-12/expert", id(1)).await.unwrap());
    assert!(!store.put_member("coc-12/expert", id(1)).await.unwrap(), "already in it");
    assert!(!store.put_member("nobody", id(1)).await.unwrap(), "no such group");
    assert!(store.put_member("coc-12/expert", id(2)).await.unwrap());
    assert_eq!(store.groups_of(id(1)).await.unwrap(), ["coc-12/expert"]);
    assert_eq!(store.members("coc-12/expert").await.unwrap(), [id(1), id(2)]);
    let replica = store.group_replica().await.unwrap();
    let expected = json!({"groups": {"coc-12/chair": [], "coc-12/expert": ["anna@nark.example"]}});
    assert_eq!(serde_json::to_value(&replica).unwrap(), expected);
    assert!(store.remove_member("coc-12/expert", id(1)).await.unwrap());
    assert!(!store.remove_member("coc-12/expert", id(1)).await.unwrap());
    assert!(store.remove_group("coc-12/expert").await.unwrap());
    assert_eq!(store.groups().await.unwrap(), [group("coc-12/chair")]);
    assert_eq!(store.members("coc-12/expert").await.unwrap(), Vec::<Uuid>::new());
}

#[tokio::test]
async fn clients_and_services_are_kept_whole() {
    let Station { store, .. } = &Station::new().await;
    let set = |words: &[&str]| words.iter().map(|&w| w.to_owned()).collect::<BTreeSet<_>>();
    let portal = Client {
        id: String::from("portal"),
        uid: id(30),
        name: String::from("Портал ЦОК"),
        kind: ClientKind::Confidential,
        secret_hash: Some(vec![7; 32]),
        terms: ClientTerms {
            redirect_uris: vec![String::from("https://portal.example/back")],
            jwks: Some(json!({"keys": []})),
            scopes: set(&["openid"]),
            audiences: set(&["mak/mak-07"]),
            spn: Some(String::from("coc/portal")),
            flags: ClientFlags { dpop_required: true, ..ClientFlags::default() },
            ..ClientTerms::default()
        },
        active: true,
        made_at: Moment(1),
    };
    store.put_client(&portal).await.unwrap();
    assert_eq!(store.client("portal").await.unwrap(), Some(portal.clone()));
    let other = Client { id: String::from("other"), ..portal.clone() };
    assert!(matches!(store.put_client(&other).await.unwrap_err(), StoreError::Taken(_)));
    let changed = Client { uid: id(31), secret_hash: None, active: false, ..portal.clone() };
    store.put_client(&changed).await.unwrap();
    let kept = store.client("portal").await.unwrap().unwrap();
    assert_eq!(kept, Client { uid: id(30), ..changed });
    assert!(!format!("{portal:?}").contains("7, 7"), "the secret's hash is printed");

    let mak = Service {
        spn: String::from("mak/mak-07"),
        name: String::from("МАК 7"),
        requires: json!({"roles": ["expert"]}),
        aliases: vec![String::from("coc/portal")],
        active: true,
        made_at: Moment(1),
    };
    store.put_service(&mak).await.unwrap();
    assert_eq!(store.service("mak/mak-07").await.unwrap(), Some(mak.clone()));
    assert_eq!(store.service("mak/mak-0").await.unwrap(), None);
    assert_eq!(store.services().await.unwrap(), [mak]);
    assert!(store.allow_delegation("coc/portal", "mak/mak-07").await.unwrap());
    assert!(!store.allow_delegation("coc/portal", "mak/mak-07").await.unwrap());
    assert!(store.may_delegate("coc/portal", "mak/mak-07").await.unwrap());
    assert!(!store.may_delegate("mak/mak-07", "coc/portal").await.unwrap(), "one direction only");
    assert_eq!(store.delegations().await.unwrap().len(), 1);
    assert!(store.forbid_delegation("coc/portal", "mak/mak-07").await.unwrap());
    assert!(!store.may_delegate("coc/portal", "mak/mak-07").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_take_a_thing_at_once_one_gets_it() {
    let Station { store, .. } = &Station::new().await;
    let body = json!({"client": "portal"});
    assert!(store.put_once("code", &[1; 32], &body, Moment(100)).await.unwrap());
    assert!(!store.put_once("code", &[1; 32], &json!(2), Moment(900)).await.unwrap(), "a replay");
    assert_eq!(store.look_once("code", &[1; 32], Moment(50)).await.unwrap(), Some(body.clone()));
    assert_eq!(store.take_once("par", &[1; 32], Moment(50)).await.unwrap(), None, "other kind");
    assert_eq!(store.take_once("code", &[1; 32], Moment(100)).await.unwrap(), None, "expired");
    let changed = json!({"client": "portal", "code": 1});
    assert!(store.change_once("code", &[1; 32], &changed, Moment(50)).await.unwrap());
    assert!(!store.change_once("code", &[1; 32], &changed, Moment(100)).await.unwrap());

    let tasks: Vec<_> = (0..RIVALS)
        .map(|_| {
            let store: Store = store.clone();
            tokio::spawn(
                async move { store.take_once("code", &[1; 32], Moment(99)).await.unwrap() },
            )
        })
        .collect();
    let mut got = Vec::new();
    for task in tasks {
        got.extend(task.await.unwrap());
    }
    assert_eq!(got, [changed]);

    let large = json!("x".repeat(ONCE_BODY_BYTES_MAX));
    let error = store.put_once("code", &[2; 32], &large, Moment(100)).await.unwrap_err();
    assert!(matches!(error, StoreError::TooMany { .. }), "{error}");
    for (key, until) in [(3, 10), (4, 20)] {
        store.put_once("jti", &[key; 32], &json!(null), Moment(until)).await.unwrap();
    }
    assert_eq!(store.forget_expired_once(Moment(10)).await.unwrap(), 1);
    assert!(store.look_once("jti", &[4; 32], Moment(10)).await.unwrap().is_some());
}

fn refresh(hash: u8, parent: Option<u8>) -> Refresh {
    Refresh {
        hash: vec![hash; 32],
        family: id(40),
        parent: parent.map(|hash| vec![hash; 32]),
        sid: String::from("s1"),
        uid: id(1),
        cid: String::from("portal"),
        body: json!({"scope": ["openid"]}),
        issued_at: Moment(10),
        idle_until: Moment(100),
        absolute_until: Moment(500),
        used_at: None,
        ended_at: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_use_a_refresh_token_at_once_one_gets_the_next() {
    let Station { store, .. } = &Station::new().await;
    store.put_refresh(&refresh(1, None)).await.unwrap();
    let tasks: Vec<_> = (0..RIVALS)
        .map(|n| {
            let store: Store = store.clone();
            let new = refresh(u8::try_from(n + 2).unwrap(), Some(1));
            tokio::spawn(async move {
                let done = store.rotate_refresh(&[1; 32], &new, Moment(50)).await.unwrap();
                (new, done)
            })
        })
        .collect();
    let (mut won, mut reused) = (Vec::new(), 0);
    for task in tasks {
        match task.await.unwrap() {
            (new, Rotation::Rotated) => won.push(new),
            (new, Rotation::Reused { family, used_at }) => {
                assert_eq!((family, used_at), (id(40), Moment(50)));
                assert_eq!(store.refresh(&new.hash).await.unwrap(), None, "a loser's is kept");
                reused += 1;
            }
            (_, other) => panic!("{other:?}"),
        }
    }
    assert_eq!((won.len(), reused), (1, RIVALS - 1));
    assert_eq!(store.refresh(&won[0].hash).await.unwrap(), won.pop());
}

#[tokio::test]
async fn a_family_of_refresh_tokens_ends_together() {
    let Station { store, .. } = &Station::new().await;
    store.put_refresh(&refresh(1, None)).await.unwrap();
    assert!(matches!(store.put_refresh(&refresh(1, None)).await, Err(StoreError::Taken(_))));
    let rotate = async |old: u8, new: u8, at| {
        let new = refresh(new, Some(old));
        store.rotate_refresh(&[old; 32], &new, Moment(at)).await.unwrap()
    };
    assert_eq!(rotate(9, 2, 50).await, Rotation::Unknown);
    assert_eq!(rotate(1, 2, 100).await, Rotation::Ended, "idle for too long");
    assert_eq!(rotate(1, 2, 99).await, Rotation::Rotated);
    assert_eq!(rotate(2, 3, 500).await, Rotation::Ended, "the whole family is too old");
    let other = Refresh { family: id(41), ..refresh(3, Some(2)) };
    let lost = store.rotate_refresh(&[2; 32], &other, Moment(99)).await.unwrap();
    assert_eq!(lost, Rotation::Ended, "a token never changes its family");
    assert!(store.end_family(id(40), Moment(60)).await.unwrap());
    assert!(!store.end_family(id(40), Moment(70)).await.unwrap());
    assert_eq!(rotate(2, 3, 99).await, Rotation::Ended);
    assert_eq!(rotate(1, 3, 99).await, Rotation::Ended);
    assert_eq!(store.refresh(&[2; 32]).await.unwrap().unwrap().ended_at, Some(Moment(60)));

    for (n, end) in [(50, "session"), (51, "user"), (52, "client")] {
        let one = Refresh { family: id(n), ..refresh(u8::try_from(n).unwrap(), None) };
        store.put_refresh(&one).await.unwrap();
        let ended = match end {
            "session" => store.end_families_of_session("s1", Moment(60)).await,
            "user" => store.end_families_of_user(id(1), Moment(60)).await,
            _ => store.end_families_of_client("portal", Moment(60)).await,
        };
        assert_eq!(ended.unwrap(), 1, "{end}");
    }
    assert_eq!(store.forget_families(Moment(500)).await.unwrap(), 0);
    assert_eq!(store.forget_families(Moment(501)).await.unwrap(), 4);
    assert_eq!(store.refresh(&[1; 32]).await.unwrap(), None);
}

#[tokio::test]
async fn an_ended_sign_in_stays_ended() {
    let Station { store, .. } = &Station::new().await;
    let session = |sid: &str, cookie: u8, seen| PassportSession {
        sid: sid.to_owned(),
        cookie_hash: vec![cookie; 32],
        uid: id(1),
        made_at: Moment(1),
        seen_at: Moment(seen),
        auth_time: Moment(1),
        expires_at: Moment(100),
        user_agent: String::from("Firefox"),
        acr: String::from("urn:nsk:acr:pwd"),
        amr: BTreeSet::from([String::from("pwd")]),
        ended_at: None,
    };
    let (desk, phone) = (session("s1", 1, 5), session("s2", 2, 9));
    for one in [&desk, &phone] {
        store.put_session(one).await.unwrap();
    }
    let thief = store.put_session(&session("s3", 1, 5)).await.unwrap_err();
    assert!(matches!(thief, StoreError::Taken(_)), "{thief}");
    let by_cookie = async |cookie: u8, at| {
        store.session_by_cookie(&[cookie; 32], Moment(at)).await.unwrap().map(|one| one.sid)
    };
    assert_eq!(by_cookie(1, 99).await.as_deref(), Some("s1"));
    assert_eq!(by_cookie(1, 100).await, None, "expired");
    assert_eq!(by_cookie(3, 50).await, None);
    assert_eq!(store.sessions_of(id(1), Moment(50)).await.unwrap(), [phone, desk.clone()]);
    assert!(store.touch_session("s1", Moment(50)).await.unwrap());
    assert!(store.end_session("s1", Moment(60)).await.unwrap());
    assert!(!store.end_session("s1", Moment(61)).await.unwrap());
    assert!(!store.touch_session("s1", Moment(62)).await.unwrap());
    store.put_session(&desk).await.unwrap();
    assert_eq!(by_cookie(1, 70).await, None, "written again, it lives again");
    assert_eq!(store.end_sessions_of(id(1), Moment(80)).await.unwrap(), ["s2"]);
    let kept = store.passport_session("s1").await.unwrap().unwrap();
    assert_eq!((kept.ended_at, kept.seen_at), (Some(Moment(60)), Moment(5)));
    assert_eq!(store.forget_sessions(Moment(101)).await.unwrap(), 2);
    assert!(!format!("{desk:?}").contains("1, 1"), "the cookie's hash is printed");
}
