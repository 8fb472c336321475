//! The administrator's API against a whole station.

use super::calls::{call, get, post, request};
use super::station::{run, station};
use engine::PersonId;
use engine::exam::Role;
use serde_json::json;

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
        let expected =
            ["admin.role.withdraw", "admin.role.grant", "admin.role.grant", "admin.person.add"];
        assert_eq!(kinds, expected);
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
        let kept = station.running.app.store.client("portal").await.expect("a read");
        let before = kept.expect("the client").secret_hash;
        let next = post(&station, &format!("{clients}/portal/secret"), &admin, json!({})).await;
        assert_ne!(next.body["secret"], json!(secret));
        let kept = station.running.app.store.client("portal").await.expect("a read");
        assert_ne!(kept.expect("the client").secret_hash, before);
        station.stop().await;
    });
}
