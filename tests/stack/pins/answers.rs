//! What `/token` of the МАК answers to PINs, and what the token that it gives is good for.

use super::field::{Field, MINUTE, by_pin, payload, unauthorized};
use engine::Span;
use engine::exam::Role;
use engine::identity::Level;
use entities::Guess;
use gateway::config::TokenType;
use serde_json::{Value, json};
use tests::http::{Ask, Http};
use tests::stack::{Setup, Stack};

#[tokio::test(flavor = "multi_thread")]
async fn an_expert_signs_in_by_pin_where_there_is_no_network() {
    let field = Field::new().await;
    let (stack, clock) = field.start().await;
    let other = Field::on(true, "mak/mak-08", |_| ()).await;
    let (elsewhere, _) = other.start().await;
    let mut http = Http::new(stack.addr);
    let pin = field.pin("ivanova").to_owned();
    assert_eq!(pin.len(), 6, "the disk is encrypted");
    let alone = format!("grant_type=password&username=&password={pin}");
    let named = format!("username=ivanova%40nark.example&password={pin}&scope=&client_id=x");
    let asks = [
        Ask::form("/token", &alone),
        Ask::form("/token", &named),
        Ask::json("POST", "/token", &json!({"username": " Ivanova@nark.example", "password": pin})),
        Ask::json("POST", "/token", &json!({"grant_type": "urn:nsk:grant:pin", "pin": pin})),
    ];
    let mut tokens = Vec::new();
    for ask in asks {
        let reply = http.must(ask).await;
        assert_eq!(reply.headers["cache-control"], "no-store");
        let given = reply.json_of(200);
        let mut keys: Vec<_> = given.as_object().expect("an object").keys().collect();
        keys.sort();
        assert_eq!(keys, ["access_token", "expires_in", "token_type"]);
        assert_eq!(given["token_type"], "baerer");
        assert!((7_190..=7_200).contains(&given["expires_in"].as_i64().expect("a number")));
        let token = given["access_token"].as_str().expect("a token").to_owned();
        let claims = payload(&token);
        // The sealed token is of the passport, of class `mak`: what is given is neither.
        assert_eq!((&claims["cls"], &claims["iss"]), (&json!("child"), &json!("mak/mak-07")));
        let mut expert = Http::bearer(stack.addr, &token);
        let who = expert.get("/api/v1/person/info").await.json_of(200);
        assert_eq!(who, json!({"name": "Person ivanova"}));
        assert_eq!(expert.get("/api/v1/admin/stat").await.status, 403, "an expert and no more");
        let mut changed = token.clone().into_bytes();
        changed[60] = if changed[60] == b'A' { b'B' } else { b'A' };
        let mut forger = Http::bearer(stack.addr, &String::from_utf8_lossy(&changed));
        forger.get("/api/v1/person/info").await.json_of(401);
        let mut stranger = Http::bearer(elsewhere.addr, &token);
        stranger.get("/api/v1/person/info").await.json_of(401);
        tokens.push(token);
        clock.pass(MINUTE);
    }
    let counted = stack.app.store.exposed().await.expect("read");
    assert_eq!(counted, 0, "successes are not counted");
    clock.pass(Span::secs(7_200));
    for token in &tokens {
        let mut late = Http::bearer(stack.addr, token);
        late.get("/api/v1/person/info").await.json_of(401);
    }
    by_pin(&mut http, "", &pin).await.json_of(200);
    clock.pass(Span::secs(86_400));
    assert_eq!(by_pin(&mut http, "", &pin).await.json_of(401), unauthorized(), "it has ended");
    stack.stop().await;
    elsewhere.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_pin_ends_no_later_than_the_sealed_one() {
    let field = Field::on(true, "mak/mak-07", |order| order.life = Some(Span::secs(1_800))).await;
    let (stack, clock) = field.start().await;
    clock.pass(Span::secs(600));
    let given = by_pin(&mut Http::new(stack.addr), "", field.pin("petrov")).await.json_of(200);
    let left = given["expires_in"].as_i64().expect("a number");
    assert!((1_100..=1_200).contains(&left), "{left}");
    stack.stop().await;
}

/// What one is told of a failure, without what differs by chance.
async fn told(http: &mut Http, ask: Ask<'_>) -> (u16, Value, Vec<(String, String)>) {
    let reply = http.must(ask).await;
    let by_chance = |name: &str| name == "date" || name.contains("request-id");
    let fixed = reply.headers.iter().filter(|(name, _)| !by_chance(name));
    (reply.status, reply.json(), fixed.map(|(n, v)| (n.clone(), v.clone())).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_looks_the_same() {
    let field = Field::on(true, "mak/mak-07", |order| {
        let gone = order.holders[1].uid.to_string();
        order.revoked.epochs.push((Level::User, gone, 1));
    });
    let field = field.await;
    let (stack, clock) = field.start().await;
    let mut http = Http::new(stack.addr);
    let (right, revoked) = (field.pin("ivanova"), field.pin("petrov"));
    let grant = |name: &str, pin: &str| json!({"grant_type": "urn:nsk:grant:pin", "username": name, "pin": pin});
    let first = told(&mut http, Ask::json("POST", "/token", &grant("", field.wrong()))).await;
    assert_eq!((first.0, &first.1), (401, &unauthorized()));
    assert!(first.2.contains(&("cache-control".to_owned(), "no-store".to_owned())));
    for (why, body) in [
        ("a wrong PIN of somebody", grant("ivanova@nark.example", field.wrong())),
        ("the PIN of another", grant("petrov@nark.example", right)),
        ("a right PIN of nobody", grant("nobody@nark.example", right)),
        ("revoked", grant("", revoked)),
        ("revoked, with the name", grant("petrov@nark.example", revoked)),
        ("no digits", grant("", "абвгд")),
        ("empty", grant("", "")),
        ("far too long", grant("", &"1".repeat(5_000))),
        ("as a password", json!({"username": "nobody", "password": right})),
        ("as a password that is no PIN", json!({"username": "nobody", "password": "wrong"})),
    ] {
        clock.pass(MINUTE);
        assert_eq!(told(&mut http, Ask::json("POST", "/token", &body)).await, first, "{why}");
    }
    clock.pass(MINUTE);
    by_pin(&mut http, "", right).await.json_of(200);
    for (body, loc, kind) in [
        (json!({"grant_type": "urn:nsk:grant:pin"}), "pin", "value_error.missing"),
        (json!({"username": ""}), "password", "value_error.missing"),
        (json!({"grant_type": "code", "pin": right, "password": ""}), "grant_type", "str.regex"),
    ] {
        let fault = http.post("/token", &body).await.json_of(422);
        assert_eq!(fault["detail"][0]["loc"], json!(["body", loc]), "{fault}");
        assert_eq!(fault["detail"][0]["type"], kind);
        assert!(fault["detail"][0]["msg"].is_string());
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_for_the_type_and_the_clients_are_chosen() {
    let field = Field::new().await;
    let setup = Setup::new().on(&field.place).with(|config| {
        config.mak.token_type = TokenType::Bearer;
        config.mak.clients = vec!["tablet".to_owned()];
    });
    let stack = setup.start().await;
    let mut http = Http::new(stack.addr);
    let body = |client: &str| format!("password={}&client_id={client}", field.pin("petrov"));
    for client in ["", "other"] {
        let refused = http.must(Ask::form("/token", &body(client))).await;
        assert_eq!(refused.json_of(401), unauthorized(), "{client}");
    }
    let given = http.must(Ask::form("/token", &body("tablet"))).await.json_of(200);
    assert_eq!(given["token_type"], "bearer");
    // The passport's own endpoint knows no such grant.
    let form = format!("grant_type=password&username=&password={}", field.pin("petrov"));
    let other = http.must(Ask::form("/oauth/token", &form)).await;
    assert_ne!(other.status, 200, "{}", other.text());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_on_a_plain_disk_forces_names_and_eight_digits() {
    let field = Field::on(false, "mak/mak-07", |_| ()).await;
    let pin = field.pin("ivanova").to_owned();
    assert_eq!(pin.len(), 8);
    let (stack, clock) = field.start().await;
    let mut http = Http::new(stack.addr);
    assert_eq!(by_pin(&mut http, "", &pin).await.json_of(401), unauthorized());
    let counted = stack.app.store.attempts(Guess::Nameless).await.expect("read").cumulative;
    assert_eq!(counted, 0, "it was not tried at all");
    clock.pass(MINUTE);
    by_pin(&mut http, "ivanova@nark.example", &pin).await.json_of(200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_opens_two_records_needs_a_name() {
    let two = |order: &mut gateway::passport::seal::issue::Order| {
        // The same person twice has the same PIN twice.
        order.holders[1].uid = order.holders[0].uid;
    };
    let field = Field::on(true, "mak/mak-07", two).await;
    let (stack, clock) = field.start().await;
    let mut http = Http::new(stack.addr);
    let pin = field.pin("ivanova").to_owned();
    assert_eq!(by_pin(&mut http, "", &pin).await.json_of(401), unauthorized());
    assert_eq!(why(&stack).await, "need_user_id");
    for login in ["ivanova", "petrov"] {
        clock.pass(MINUTE);
        let given = by_pin(&mut http, &format!("{login}@nark.example"), &pin).await.json_of(200);
        let token = given["access_token"].as_str().expect("a token");
        let who = Http::bearer(stack.addr, token).get("/api/v1/person/info").await.json_of(200);
        assert_eq!(who["name"], format!("Person {login}"));
    }
    stack.stop().await;
}

/// Why the last PIN was refused, as the audit has it.
async fn why(stack: &Stack) -> String {
    let mut admin = stack.http(tests::stack::ADMIN, Role::Administrator);
    let found = admin.get("/api/nsk/v1/passport/audit?kind=pin.fail&limit=1").await.json_of(200);
    let text = found.to_string();
    let at = text.find("\"why\":\"").expect("a reason") + 7;
    text[at..].split('"').next().unwrap_or_default().to_owned()
}
