//! What others may ask a station with a device: a tablet, whether it is the one that it knows; an
//! operator, to end a wait.

use super::field::{Field, by_pin};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::exam::Role;
use serde_json::{Value, json};
use tests::http::Http;
use tests::stack::{OPERATOR, Stack};

/// What a tablet checks that has pinned a thumbprint.
fn proves(answer: &Value, pinned: &str, nonce: &[u8]) -> bool {
    let bytes = |name: &str| B64.decode(answer[name].as_str().expect("text")).expect("base64url");
    let both = [b"nsk-device-v1\0".to_vec(), bytes("seal_key"), bytes("sign_key")].concat();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &both);
    if B64.encode(hash) != pinned || answer["dkt"] != pinned {
        return false;
    }
    let at = answer["at"].as_i64().expect("a moment").to_be_bytes();
    let message = [b"nsk-device-answer-v1\0", hash.as_ref(), &at, nonce].concat();
    let key = UnparsedPublicKey::new(&ED25519, bytes("sign_key"));
    key.verify(&message, &bytes("signature")).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_knows_its_station_by_the_answer_to_a_nonce() {
    let (field, other) = (Field::new().await, Field::new().await);
    let (stack, _) = field.start().await;
    let mut tablet = Http::new(stack.addr);
    let nonce = [7; 32];
    let path = |nonce: &[u8]| format!("/api/nsk/v1/station?nonce={}", B64.encode(nonce));
    let answer = tablet.get(&path(&nonce)).await.json_of(200);
    assert!(proves(&answer, &field.device.dkt, &nonce));
    assert!(!proves(&answer, &field.device.dkt, &[8; 32]), "a replay for another nonce");
    assert!(!proves(&answer, &other.device.dkt, &nonce), "another station");
    for short in ["", "AAAA", &"A".repeat(200), "!"] {
        let reply = tablet.get(&format!("/api/nsk/v1/station?nonce={short}")).await;
        assert_eq!(reply.status, 422, "{short}");
    }
    stack.stop().await;
    std::fs::remove_file(field.key()).expect("the key");
    let (stack, _) = field.start().await;
    assert_eq!(Http::new(stack.addr).get(&path(&nonce)).await.status, 503);
    stack.stop().await;
    let stack = Stack::start().await;
    assert_eq!(Http::new(stack.addr).get(&path(&nonce)).await.status, 404);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_a_wait_with_their_password() {
    let field = Field::new().await;
    let (stack, clock) = field.start().await;
    stack.enter(OPERATOR, "operator", Role::Operator).await;
    stack.enter(engine::PersonId(5), "colleague", Role::Operator).await;
    let mut http = Http::new(stack.addr);
    for _ in 0..5 {
        by_pin(&mut http, "", field.wrong()).await.json_of(401);
        clock.pass(engine::Span::secs(8));
    }
    let pin = field.pin("ivanova");
    assert_eq!(by_pin(&mut http, "", pin).await.status, 429);
    clock.pass(engine::Span::secs(8));
    let unlock = "/api/nsk/v1/station/unlock";
    let own = json!({"login": "operator", "password": "operator"});
    assert_eq!(http.post(unlock, &own).await.status, 401, "nobody is signed in");
    let mut expert = stack.http(engine::PersonId(7), Role::Expert);
    assert_eq!(expert.post(unlock, &own).await.status, 403);
    let mut operator = stack.operator();
    for (login, password, status) in
        [("operator", "wrong", 401), ("colleague", "colleague", 403), ("operator", "", 401)]
    {
        let body = json!({"login": login, "password": password});
        assert_eq!(operator.post(unlock, &body).await.status, status, "{login}");
    }
    assert_eq!(by_pin(&mut http, "", pin).await.status, 429, "not ended by any of them");
    assert_eq!(operator.post(unlock, &own).await.status, 204);
    clock.pass(engine::Span::secs(8));
    by_pin(&mut http, "", pin).await.json_of(200);
    assert_eq!(stack.app.store.exposed().await.expect("read"), 5, "they stay counted");
    stack.stop().await;
}
