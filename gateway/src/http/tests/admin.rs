//! The administrator's API against a whole station.

use super::calls::{call, get, post, request};
use super::station::{Station, run, station};
use crate::wire::passport::{OneTimePassword, OrganisationInfo, PassportPerson, SigningKey};
use engine::PersonId;
use engine::exam::Role;
use engine::identity::{KeyPurpose, KeyState};
use serde_json::json;
use uuid::Uuid;

const BASE: &str = "/api/nsk/v1/passport";

#[test]
fn an_administrator_enters_people_and_the_council_grants_experts_alone() {
    run(async {
        let station = station(|_| ()).await;
        let admin = station.token(PersonId(9_000), Role::Administrator);
        let council = station.token(PersonId(9_002), Role::Council);
        let people = format!("{BASE}/people");
        let new = json!({"upn": "Anna1@Nark.example", "name": "Анна"});
        assert_eq!(post(&station, &people, &council, new.clone()).await.status, 403);
        let made = post(&station, &people, &admin, new.clone()).await;
        assert_eq!((made.status, &made.body["upn"]), (200, &json!("anna1@nark.example")));
        let twin = json!({"upn": "annal@nark.example", "name": "Анна"});
        for (again, status) in [(new, 409), (twin, 409), (json!({"upn": "x", "name": "x"}), 422)] {
            let answer = post(&station, &people, &admin, again).await;
            assert_eq!((answer.status, answer.kind.as_str()), (status, "application/problem+json"));
        }

        let uid = made.body["uid"].as_str().expect("a uid").to_owned();
        let roles = format!("{people}/{uid}/roles");
        let expert = post(&station, &roles, &council, json!({"role": "expert"})).await;
        assert_eq!(expert.status, 200, "{expert:?}");
        let operator = post(&station, &roles, &council, json!({"role": "operator"})).await;
        assert_eq!(operator.status, 403);
        rights_of_a_centre(&station, &roles, (&admin, &council)).await;
        assert_eq!(post(&station, &roles, &admin, json!({"role": "operator"})).await.status, 200);
        assert_eq!(post(&station, &roles, &admin, json!({"role": "king"})).await.status, 422);
        let number = PersonId(made.body["person"].as_u64().expect("a number"));
        let store = &station.running.app.store;
        let person = store.person(number).await.expect("a read").expect("a place in exams");
        assert_eq!(person.roles, ["expert", "operator"]);
        let grant = format!("{BASE}/roles/{}", expert.body["id"].as_str().expect("an id"));
        let gone = call(&station, request("DELETE", &grant, Some(&council))).await;
        assert_eq!(gone.status, 204);
        let person = store.person(number).await.expect("a read").expect("a place in exams");
        assert_eq!(person.roles, ["operator"]);

        let audit = get(&station, &format!("{BASE}/audit?kind=admin.*"), &admin).await;
        let kinds: Vec<_> = audit.body["events"]
            .as_array()
            .expect("events")
            .iter()
            .map(|event| event["event"]["kind"].as_str().unwrap_or_default().to_owned())
            .collect();
        let expected = [
            "admin.role.withdraw",
            "admin.role.grant",
            "admin.organisation.open",
            "admin.organisation.close",
            "admin.role.withdraw",
            "admin.role.grant",
            "admin.organisation.add",
            "admin.role.grant",
            "admin.person.add",
        ];
        assert_eq!(kinds, expected);
        station.stop().await;
    });
}

/// The council lets a centre run exams: an operator in its name, and the centre's own state.
async fn rights_of_a_centre(station: &Station, roles: &str, (admin, council): (&str, &str)) {
    let list = format!("{BASE}/organisations");
    let new = json!({"opn": "org/coc-12@nark.example", "name": "ЦОК 12"});
    assert_eq!(post(station, &list, council, new.clone()).await.status, 403);
    let made = post(station, &list, admin, new).await;
    let made: OrganisationInfo = serde_json::from_value(made.body).expect("an organisation");
    let named = json!({"role": "operator", "organisation": made.opn});
    let granted = post(station, roles, council, named).await;
    assert_eq!((granted.status, &granted.body["oid"]), (200, &json!(made.oid)));
    let grant = format!("{BASE}/roles/{}", granted.body["id"].as_str().expect("an id"));
    assert_eq!(call(station, request("DELETE", &grant, Some(council))).await.status, 204);
    let state = format!("{list}/{}/state", made.oid);
    for active in [false, true] {
        let answer = post(station, &state, council, json!({"active": active})).await;
        assert_eq!((answer.status, &answer.body["active"]), (200, &json!(active)));
    }
    let nobodys = format!("{list}/{}/state", Uuid::nil());
    assert_eq!(post(station, &nobodys, council, json!({"active": true})).await.status, 404);
}

#[test]
fn a_password_for_once_closes_every_other_door() {
    run(async {
        let station = station(|_| ()).await;
        let admin = station.token(PersonId(9_000), Role::Administrator);
        let old = "a phrase of my own";
        let new = json!({"upn": "anna@nark.example", "name": "Анна", "password": old});
        let made = post(&station, &format!("{BASE}/people"), &admin, new).await;
        let made: PassportPerson = serde_json::from_value(made.body).expect("a person");
        let door = async |password: &str| {
            let form = [("username", "anna@nark.example"), ("password", password)];
            call(&station, request("POST", "/token", None).set_form(form)).await.status
        };
        assert_eq!(door(old).await, 200);
        let path = format!("{BASE}/people/{}/password", made.uid);
        let answer = post(&station, &path, &admin, json!({})).await;
        let given: OneTimePassword = serde_json::from_value(answer.body).expect("a password");
        assert_eq!((answer.status, given.password.len()), (200, 19));
        for password in [old, given.password.as_str(), "!"] {
            assert_eq!(door(password).await, 401, "the station's door knows no such duty");
        }
        let store = &station.running.app.store;
        assert_eq!(store.password_due(made.uid).await, Ok(true));
        let user = store.user(made.uid).await.expect("a read").expect("the person");
        assert!(user.password_hash.is_some_and(|hash| !hash.contains(&given.password)));
        let nobody = format!("{BASE}/people/{}/password", Uuid::nil());
        assert_eq!(post(&station, &nobody, &admin, json!({})).await.status, 404);
        station.stop().await;
    });
}

#[test]
fn keys_and_delegations_are_seen_to_by_administrators() {
    run(async {
        let station = station(|_| ()).await;
        let admin = station.token(PersonId(9_000), Role::Administrator);
        let keys = format!("{BASE}/keys");
        let list = async |path: &str| get(&station, path, &admin).await.body;
        let found: Vec<SigningKey> = serde_json::from_value(list(&keys).await).expect("keys");
        let active = found.iter().find(|key| key.purpose == KeyPurpose::Qr).expect("a key of QR");
        let announce = json!({"do": "announce", "purpose": "qr"});
        let answer = post(&station, &keys, &admin, announce.clone()).await;
        let after: Vec<SigningKey> = serde_json::from_value(answer.body).expect("keys");
        let next = after.iter().find(|key| key.state == KeyState::Announced).expect("the next");
        for (asked, status) in [
            (announce, 409),
            (json!({"do": "activate", "purpose": "qr"}), 409),
            (json!({"do": "retire", "kid": active.kid}), 409),
            (json!({"do": "retire", "kid": "k4.pid.none"}), 404),
            (json!({"do": "retire", "kid": next.kid}), 200),
            (json!({"do": "retire", "kid": next.kid}), 409),
            (json!({"do": "compromise", "kid": active.kid}), 200),
            (json!({"do": "burn", "kid": active.kid}), 422),
        ] {
            let answer = post(&station, &keys, &admin, asked.clone()).await;
            assert_eq!(answer.status, status, "{asked} {answer:?}");
        }
        let ended: Vec<SigningKey> = serde_json::from_value(list(&keys).await).expect("keys");
        let state = |kid: &str| ended.iter().find(|key| key.kid == kid).map(|key| key.state);
        assert_eq!(state(&next.kid), Some(KeyState::Retired));
        assert_eq!(state(&active.kid), Some(KeyState::Compromised));

        let pairs = format!("{BASE}/delegations");
        let pair =
            |allowed| json!({"front": "coc/Portal", "back": "mak/mak-07", "allowed": allowed});
        let allowed = post(&station, &pairs, &admin, pair(true)).await;
        assert_eq!(allowed.body, json!([{"front": "coc/portal", "back": "mak/mak-07"}]));
        assert_eq!(list(&pairs).await, allowed.body);
        assert_eq!(post(&station, &pairs, &admin, pair(false)).await.body, json!([]));
        let wrong = json!({"front": "x", "back": "mak/mak-07", "allowed": true});
        assert_eq!(post(&station, &pairs, &admin, wrong).await.status, 422);
        station.stop().await;
    });
}

#[test]
fn a_clients_secret_is_shown_once_and_kept_as_a_hash() {
    run(async {
        let station = station(|_| ()).await;
        let admin = station.token(PersonId(9_000), Role::Administrator);
        let clients = format!("{BASE}/clients");
        let new = json!({
            "id": "portal", "name": "Портал", "kind": "confidential",
            "redirect_uris": ["https://portal.example/back"], "audiences": ["mak/MAK-07"],
        });
        let made = post(&station, &clients, &admin, new.clone()).await;
        let secret = made.body["secret"].as_str().expect("a secret").to_owned();
        assert_eq!((made.status, secret.len()), (200, 43));
        assert_eq!(post(&station, &clients, &admin, new).await.status, 409);
        for uri in ["http://portal.example/x", "javascript:alert(1)", "https://x.example/#f", "/x"]
        {
            let new = json!({
                "id": "bad", "name": "x", "kind": "public", "redirect_uris": [uri],
            });
            assert_eq!(post(&station, &clients, &admin, new).await.status, 422, "{uri}");
        }
        let listed = get(&station, &clients, &admin).await.body.to_string();
        assert!(listed.contains("mak/mak-07") && !listed.contains(&secret));
        let terms = format!("{clients}/portal/terms");
        let asked = |uri: &str| {
            json!({
                "redirect_uris": [uri], "scopes": ["openid"], "audiences": ["mak/X"], "flags": {},
            })
        };
        let refused = post(&station, &terms, &admin, asked("http://portal.example/x")).await;
        assert_eq!(refused.status, 422, "the same rule as for a new one");
        let changed = post(&station, &terms, &admin, asked("https://portal.example/2")).await;
        assert_eq!(changed.body["terms"]["redirect_uris"], json!(["https://portal.example/2"]));
        let kept = station.running.app.store.client("portal").await.expect("a read");
        let before = kept.expect("the client").secret_hash;
        let next = post(&station, &format!("{clients}/portal/secret"), &admin, json!({})).await;
        assert_ne!(next.body["secret"], json!(secret));
        let kept = station.running.app.store.client("portal").await.expect("a read");
        assert_ne!(kept.expect("the client").secret_hash, before);
        station.stop().await;
    });
}
