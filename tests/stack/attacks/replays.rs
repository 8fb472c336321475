//! What was used up stays so over a power cut; what was not can still be used.

use crate::oauth::kit::{
    Key, Pairs, SECRET, asked, changed, idp, idp_with, location, query, redeeming,
};
use actors::clock::SystemClock;
use actors::ports::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Span;
use engine::identity::{Claims, Class};
use futures_util::future::join_all;
use gateway::passport::format::Format;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use tests::clock::StillClock;
use tests::http::{Ask, Http, Reply};
use tests::process::Nsk;
use tests::stack::{Place, Setup};

/// The client "web" of a real program, and Anna's browser.
struct Outside {
    place: Place,
    nsk: Nsk,
}

impl Outside {
    async fn start(place: Place) -> Outside {
        let nsk = Outside::serve(&place).await;
        Outside { place, nsk }
    }

    async fn serve(place: &Place) -> Nsk {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let started = Nsk::serve(place.data(), Some(&place.config()), any).await;
        started.unwrap_or_else(|said| panic!("nsk does not start: {said:?}"))
    }

    /// Ends the program as a power cut does, and starts it again.
    async fn power_cut(&mut self) {
        self.nsk.kill_9().await;
        self.nsk = Outside::serve(&self.place).await;
    }

    async fn authorize(&self, pairs: &Pairs<'_>) -> Reply {
        let path = format!("/oauth/authorize?{}", query(pairs));
        let ask = super::get(&path, &[("cookie", "nsk_passport=the-browser-of-anna")]);
        Http::new(self.nsk.addr).must(ask).await
    }

    async fn code(&self) -> String {
        location(&self.authorize(&asked("web")).await)["code"].clone()
    }

    async fn post(&self, path: &str, pairs: &Pairs<'_>, proof: Option<String>) -> Reply {
        let body = query(pairs);
        let basic = STANDARD.encode(format!("web:{SECRET}"));
        let mut ask = Ask::form(path, &body).with("authorization", format!("Basic {basic}"));
        if let Some(proof) = proof {
            ask = ask.with("DPoP", proof);
        }
        Http::new(self.nsk.addr).must(ask).await
    }

    async fn redeem(&self, code: &str) -> Reply {
        self.post("/oauth/token", &redeeming(code), None).await
    }

    async fn refresh(&self, token: &str) -> Reply {
        let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post("/oauth/token", &pairs, None).await
    }

    async fn is_active(&self, token: &str) -> bool {
        let told = self.post("/oauth/introspect", &vec![("token", token)], None).await;
        told.json_of(200)["active"] == true
    }
}

fn text(answer: &serde_json::Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_gives_nobody_a_second_try() {
    let idp = idp().await;
    let (issuer, place) = (idp.issuer(), idp.stack.stop().await);
    let mut outside = Outside::start(place).await;
    // What is in flight survives.
    let (unused, used, twice) = (outside.code().await, outside.code().await, outside.code().await);
    let given = outside.redeem(&used).await.json_of(200);
    let lost = outside.redeem(&twice).await.json_of(200);
    let pushed = changed(&asked("web"), "client_id", "");
    let pushed = outside.post("/oauth/par", &pushed, None).await.json_of(201);
    let request = vec![
        ("client_id", "web"),
        ("request_uri", pushed["request_uri"].as_str().expect("a handle")),
    ];
    location(&outside.authorize(&request).await);
    let first = text(&given, "refresh_token");
    let second = text(&outside.refresh(&first).await.json_of(200), "refresh_token");
    let access = text(&given, "access_token");
    outside.power_cut().await;

    assert_eq!(outside.redeem(&unused).await.status, 200, "a code that nobody used");
    assert!(outside.is_active(&access).await && outside.is_active(&second).await);
    let again = outside.authorize(&request).await.json_of(400);
    assert_eq!(again["error"], "invalid_request_uri", "a pushed request is used once");
    // A code comes again: what it gave ends.
    assert_eq!(outside.redeem(&twice).await.json_of(400)["error"], "invalid_grant");
    assert!(!outside.is_active(&text(&lost, "access_token")).await);
    assert!(!outside.is_active(&text(&lost, "refresh_token")).await);
    assert!(outside.is_active(&second).await, "and nothing else");
    // A refresh token comes again: its family ends, and stays ended.
    assert_eq!(outside.refresh(&first).await.json_of(400)["error"], "invalid_grant");
    outside.power_cut().await;
    assert_eq!(outside.refresh(&second).await.json_of(400)["error"], "invalid_grant");
    assert!(!outside.is_active(&text(&lost, "access_token")).await, "it stays revoked");
    assert_eq!(outside.redeem(&unused).await.json_of(400)["error"], "invalid_grant");

    // Proofs of possession: the memory is gone, and so are the nonces that they carry.
    let key = Key::new();
    let code = outside.code().await;
    let iat = SystemClock.now().0.unsigned_abs() / 1_000;
    let challenged = outside
        .post("/oauth/token", &redeeming("x"), Some(key.proof_at(&issuer, iat, "a", None)))
        .await;
    let nonce = challenged.headers["dpop-nonce"].clone();
    let proof = key.proof_at(&issuer, iat, "b", Some(&nonce));
    let bound = outside.post("/oauth/token", &redeeming(&code), Some(proof.clone())).await;
    let bound = text(&bound.json_of(200), "refresh_token");
    outside.power_cut().await;
    let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", bound.as_str())];
    let replayed = outside.post("/oauth/token", &pairs, Some(proof)).await;
    assert_eq!(replayed.json_of(400)["error"], "use_dpop_nonce");
    let nonce = replayed.headers["dpop-nonce"].clone();
    let proof = key.proof_at(&issuer, iat, "c", Some(&nonce));
    let renewed = outside.post("/oauth/token", &pairs, Some(proof)).await.json_of(200);
    assert_eq!(renewed["token_type"], "DPoP", "the challenge used nothing up");
    assert!(outside.nsk.stop().await.success());
}

/// A retry of a moment later is the same request to whoever has the key, and theft to others.
#[tokio::test(flavor = "multi_thread")]
async fn a_bound_refresh_token_may_come_again_for_a_moment() {
    let clock = Arc::new(StillClock::default());
    let idp = idp_with(Setup { clock: clock.clone(), ..Setup::new() }).await;
    let (key, thief) = (Key::new(), Key::new());
    let ask = async |key: &Key, pairs: &Pairs<'_>| {
        let nonce = idp.stack.app.passport.oauth.proofs.nonce(idp.now());
        let proof = key.proof(&idp, ("POST", "/oauth/token"), Some(&nonce), None);
        idp.post_with("/oauth/token", "app", pairs, &[("DPoP", proof)]).await
    };
    let code = idp.code("app", &vec![]).await;
    let first = text(&ask(&key, &redeeming(&code)).await.json_of(200), "refresh_token");
    let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    // Fifty retries at once: one is worked on, all get its answer.
    let all = join_all((0..50).map(|_| ask(&key, &pairs))).await;
    let second = text(&all[0].json_of(200), "refresh_token");
    for reply in &all {
        assert_eq!(reply.json_of(200), all[0].json());
    }
    clock.pass(Span(4_999));
    assert_eq!(ask(&key, &pairs).await.json_of(200), all[0].json());
    assert_eq!(ask(&thief, &pairs).await.json_of(400)["error"], "invalid_dpop_proof");
    let next = vec![("grant_type", "refresh_token"), ("refresh_token", second.as_str())];
    let third = text(&ask(&key, &next).await.json_of(200), "refresh_token");
    clock.pass(Span(1));
    assert_eq!(ask(&key, &pairs).await.json_of(400)["error"], "invalid_grant", "too late");
    let last = vec![("grant_type", "refresh_token"), ("refresh_token", third.as_str())];
    assert_eq!(ask(&key, &last).await.json_of(400)["error"], "invalid_grant", "the family ended");
    // A family that has ended answers nothing again, not even at once.
    let code = idp.code("app", &vec![]).await;
    let first = text(&ask(&key, &redeeming(&code)).await.json_of(200), "refresh_token");
    let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    let second = text(&ask(&key, &pairs).await.json_of(200), "refresh_token");
    let revoked = idp.post("/oauth/revoke", "app", &vec![("token", second.as_str())]).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(ask(&key, &pairs).await.json_of(400)["error"], "invalid_grant");
    super::no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

/// One memory of proofs and one rule for all doors: what was shown at one is used up at the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_needs_a_nonce_and_counts_once_at_every_door() {
    let idp = idp().await;
    let key = Key::new();
    let app = &idp.stack.app;
    let nonce = || app.passport.oauth.proofs.nonce(app.clock.now());
    // A token for this installation's own API, bound to the key.
    let code = idp.code("app", &vec![]).await;
    let proof = key.proof(&idp, ("POST", "/oauth/token"), Some(&nonce()), None);
    let headers = [("DPoP", proof)];
    let given = idp.post_with("/oauth/token", "app", &redeeming(&code), &headers).await;
    let base = text(&given.json_of(200), "access_token");
    let anything = gateway::passport::format::Expect::anything();
    let claims = app.passport.keys.verify(&base, &anything, app.clock.now()).expect("claims");
    let bound = Claims {
        cls: Class::Svc,
        aud: app.config.auth.audience.clone(),
        person: Some(tests::stack::OPERATOR),
        scope: ["exam.read".to_owned()].into(),
        roles: [engine::exam::Role::Operator].into(),
        ..claims
    };
    let token = app.passport.keys.issue(&bound, Format::Paseto).expect("a token");
    let path = "/api/nsk/v1/session";
    let show = async |scheme: &str, proof: Option<&str>, path: &str, token: &str| {
        let mut ask = super::get(path, &[]).with("authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            ask = ask.with("DPoP", proof);
        }
        idp.http().must(ask).await
    };
    let made = |path: &str, nonce: Option<&str>, token: &str| {
        key.proof(&idp, ("GET", path), nonce, Some(token))
    };
    for (scheme, proof) in [("Bearer", None), ("DPoP", None)] {
        assert_eq!(show(scheme, proof, path, &token).await.status, 401, "without a proof");
    }
    let bare = show("DPoP", Some(&made(path, None, &token)), path, &token).await;
    assert_eq!(bare.status, 401);
    let challenge = "DPoP error=\"use_dpop_nonce\", algs=\"ES256 EdDSA\"";
    assert_eq!(bare.headers["www-authenticate"], challenge);
    let given = bare.headers["dpop-nonce"].clone();
    let proof = made(path, Some(&given), &token);
    let good = show("DPoP", Some(&proof), path, &token).await;
    assert_eq!(good.status, 200, "{}", good.text());
    assert!(good.headers.contains_key("dpop-nonce"), "for the next one");
    let again = show("DPoP", Some(&proof), path, &token).await;
    assert_eq!(again.status, 401);
    let challenge = "DPoP error=\"invalid_dpop_proof\", algs=\"ES256 EdDSA\"";
    assert_eq!(again.headers["www-authenticate"], challenge);
    // The passport's own resource, behind the same guard: the guard leaves its proofs alone.
    let info = "/oauth/userinfo";
    let proof = made(info, Some(&nonce()), &base);
    assert_eq!(show("DPoP", Some(&proof), info, &base).await.status, 200);
    assert_eq!(show("DPoP", Some(&proof), info, &base).await.status, 401, "once");
    // The same id of a proof, first there and then here.
    let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": key.set()["keys"][0]});
    let both = |path: &str, token: &str| {
        let ath = gateway::passport::format::dpop::hash_of(token);
        let claims = json!({"htm": "GET", "htu": format!("{}{path}", idp.issuer()),
            "iat": idp.now().0 / 1_000, "jti": "the-same", "nonce": nonce(), "ath": ath});
        key.sign(&header, &claims)
    };
    assert_eq!(show("DPoP", Some(&both(info, &base)), info, &base).await.status, 200);
    let elsewhere = show("DPoP", Some(&both(path, &token)), path, &token).await;
    assert_eq!(elsewhere.headers["www-authenticate"], challenge, "one memory for all");
    super::no_faults(&idp.stack).await;
    idp.stack.stop().await;
}
