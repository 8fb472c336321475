//! A station without a network reads pictures of the passport by what its manifest says.

use super::field::{Field, by_pin, holder};
use actors::clock::SystemClock;
use actors::ports::Clock;
use engine::identity::{Claims, Class, Epochs};
use engine::{Moment, Span};
use gateway::passport::format::Format;
use gateway::passport::seal::manifest::RevokedList;
use serde_json::{Value, json};
use tests::http::Http;

/// What a person shows: a picture for the station, of their passport.
fn picture(field: &Field, spn: &str) -> String {
    let person = holder(9, "sidorov");
    let now = Moment(SystemClock.now().0.div_euclid(1_000) * 1_000);
    let keyring = &field.passport.issuer.keyring;
    let claims = Claims {
        iss: keyring.issuer().to_owned(),
        sub: person.uid,
        aud: spn.to_owned(),
        iat: now,
        nbf: now,
        exp: now + Span::secs(7_200),
        jti: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        cls: Class::Qr,
        sid: String::new(),
        upn: person.upn,
        name: person.name,
        person: Some(person.person),
        oid: None,
        opn: None,
        roles: person.roles,
        groups: [].into(),
        claims: [].into(),
        cid: String::new(),
        ep: Epochs { u: Some(0), ..Epochs::default() },
        auth_time: now,
        acr: String::new(),
        amr: [].into(),
        scope: [].into(),
        act: None,
        orig: None,
        cnf: None,
        rw: None,
    };
    keyring.issue(&claims, Format::Record { base64: true }).expect("a picture's record")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_without_a_network_says_how_much_it_knows_of_a_picture() {
    let field = Field::new().await;
    let (own, other) = (picture(&field, "mak/mak-07"), picture(&field, "mak/mak-08"));
    let read = async |scanned: &str, passed: Span| -> Value {
        let (stack, clock) = field.start().await;
        clock.pass(passed);
        let mut http = Http::new(stack.addr);
        let token = by_pin(&mut http, "", field.pin("ivanova")).await.json_of(200);
        let token = token["access_token"].as_str().expect("a token").to_owned();
        let answer = tests::wait_until("revocations to be read again", || async {
            let mut http = Http::bearer(stack.addr, &token);
            let reply = http.post("/api/nsk/v1/passport/qr", &json!({"scanned": scanned})).await;
            (reply.status != 503).then(|| reply.json_of(200))
        });
        let answer = answer.await;
        stack.stop().await;
        answer
    };
    let fresh = read(&own, Span(0)).await;
    assert_eq!(
        (&fresh["verdict"], &fresh["shown"]["name"]),
        (&json!("valid"), &json!("Person sidorov"))
    );
    assert_eq!(read(&other, Span(0)).await["reason"], "made for something else");
    let late = read(&own, Span::minutes(16)).await;
    assert_eq!(late["verdict"], "valid_unchecked_since", "{late}");
    let since = late["since"].as_i64().expect("a moment");
    assert!(since <= SystemClock.now().0, "when the manifest was made");

    let revoked = RevokedList {
        tokens: ["AAAAAAAAAAAAAAAAAAAAAA".to_owned()].into(),
        ..RevokedList::default()
    };
    let newer = field.passport.manifest(&field.device, |order| order.revoked = revoked).await;
    field.import(&newer.file).await.expect("accepted");
    assert_eq!(read(&own, Span::minutes(16)).await["reason"], "revoked");
}
