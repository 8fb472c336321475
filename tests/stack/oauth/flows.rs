//! What clients do every day.

use super::kit::{
    ANNA, CALLBACK, Key, SECRET, asked, changed, idp, location, payload, query, redeeming,
};
use entities::{ClientKind, ClientTerms};
use serde_json::json;
use tests::http::{Ask, Http};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_gives_tokens_that_open_the_passport() {
    let idp = idp().await;
    let sent = location(&idp.authorize(&asked("web")).await);
    assert_eq!(sent[""], CALLBACK);
    assert_eq!((&sent["state"], &sent["iss"]), (&"st/ate".to_owned(), &idp.issuer()));
    let reply = idp.redeem("web", &sent["code"]).await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let given = reply.json_of(200);
    assert_eq!(
        (&given["token_type"], &given["scope"]),
        (&json!("Bearer"), &json!("exam openid profile"))
    );
    let expires_in = given["expires_in"].as_i64().expect("seconds");
    assert!((28_790..=28_800).contains(&expires_in), "{expires_in}");
    let id = payload(given["id_token"].as_str().expect("an id token"));
    assert_eq!((&id["nonce"], &id["aud"]), (&json!("n-1"), &json!("web")));
    assert_eq!((&id["sub"], &id["iss"]), (&json!(ANNA), &json!(idp.issuer())));
    assert_eq!(id["preferred_username"], "anna@nark.example");
    let access = given["access_token"].as_str().expect("a token");
    let claims = payload(access);
    assert_eq!((&claims["cls"], &claims["client_id"]), (&json!("base"), &json!("web")));
    let mut http = Http::bearer(idp.stack.addr, access);
    let me = http.get("/oauth/userinfo").await.json_of(200);
    assert_eq!((&me["sub"], &me["name"]), (&json!(ANNA), &json!("Анна")));
    let roles = http.get("/v1/me/roles").await.json_of(200);
    let words: Vec<_> =
        roles["roles"].as_array().expect("a list").iter().map(|r| &r["role"]).collect();
    assert_eq!(words, ["expert", "operator"]);
    assert!(idp.is_active("web", access).await);
    assert!(!idp.is_active("video", &format!("{access}x")).await);
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_used_once_and_its_second_use_ends_the_family() {
    let idp = idp().await;
    let first = idp.tokens("web").await["refresh_token"].as_str().expect("one").to_owned();
    let refresh = |token: String| {
        let idp = &idp;
        async move {
            let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
            idp.post("/oauth/token", "web", &pairs).await
        }
    };
    let second = refresh(first.clone()).await.json_of(200);
    let access = second["access_token"].as_str().expect("a token").to_owned();
    assert!(idp.is_active("web", &access).await);
    let second = second["refresh_token"].as_str().expect("another").to_owned();
    assert_ne!(first, second);
    assert!(idp.is_active("web", &second).await && !idp.is_active("web", &first).await);
    assert_eq!(refresh(first).await.json_of(400)["error"], "invalid_grant");
    assert_eq!(refresh(second).await.json_of(400)["error"], "invalid_grant", "the family ended");
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_request_is_used_once_by_its_own_client() {
    let idp = idp().await;
    let body = changed(&asked("web"), "client_id", "");
    let pushed = idp.post("/oauth/par", "web", &body).await.json_of(201);
    assert_eq!(pushed["expires_in"], 90);
    let uri = pushed["request_uri"].as_str().expect("a handle").to_owned();
    let other = idp.authorize(&vec![("client_id", "app"), ("request_uri", &uri)]).await;
    assert_eq!(other.json_of(400)["error"], "invalid_request_uri");
    let own = vec![("client_id", "web"), ("request_uri", uri.as_str())];
    let sent = location(&idp.authorize(&own).await);
    assert_eq!(idp.redeem("web", &sent["code"]).await.status, 200);
    assert_eq!(idp.authorize(&own).await.json_of(400)["error"], "invalid_request_uri");
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signed_in_is_sent_to_sign_in_and_comes_back() {
    let idp = idp().await;
    let path = format!("/oauth/authorize?{}", query(&asked("web")));
    let sent = location(&idp.http().get(&path).await);
    assert_eq!(sent[""], "/passport/login");
    let back = vec![("continue", sent["continue"].as_str())];
    let sent = location(&idp.authorize(&back).await);
    assert_eq!((sent[""].as_str(), sent.contains_key("code")), (CALLBACK, true));
    assert_eq!(idp.authorize(&back).await.status, 400, "it is continued once");
    for (name, value, error) in [
        ("prompt", "none", None),
        ("prompt", "login", Some("login")),
        ("max_age", "0", Some("login")),
        ("acr_values", "urn:nsk:acr:pin", Some("invalid_request")),
    ] {
        let sent = location(&idp.authorize(&changed(&asked("web"), name, value)).await);
        match error {
            None => assert!(sent.contains_key("code"), "{sent:?}"),
            Some("login") => {
                assert_eq!((sent[""].as_str(), sent["fresh"].as_str()), ("/passport/login", "1"))
            }
            Some(error) => assert_eq!(sent["error"], error),
        }
    }
    let silent = format!("/oauth/authorize?{}", query(&changed(&asked("web"), "prompt", "none")));
    let sent = location(&idp.http().get(&silent).await);
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("login_required", "st/ate"));
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_needs_its_key_everywhere() {
    let idp = idp().await;
    let (key, thief) = (Key::new(), Key::new());
    let code = idp.code("app", &vec![]).await;
    let token = ("POST", "/oauth/token");
    let send = |pairs: Vec<(&'static str, String)>, proof: String| {
        let idp = &idp;
        async move {
            let pairs = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
            idp.post_with("/oauth/token", "app", &pairs, &[("DPoP", proof)]).await
        }
    };
    let redeem: Vec<_> = redeeming(&code).into_iter().map(|(n, v)| (n, v.to_owned())).collect();
    let redeem: Vec<(&'static str, String)> = redeem
        .into_iter()
        .map(|(n, v)| {
            (
                ["grant_type", "code", "redirect_uri", "code_verifier"]
                    .into_iter()
                    .find(|k| *k == n)
                    .expect("known"),
                v,
            )
        })
        .collect();
    let challenged = send(redeem.clone(), key.proof(&idp, token, None, None)).await;
    assert_eq!(challenged.json_of(400)["error"], "use_dpop_nonce");
    let nonce = challenged.headers["dpop-nonce"].clone();
    let proof = key.proof(&idp, token, Some(&nonce), None);
    let given = send(redeem.clone(), proof.clone()).await.json_of(200);
    assert_eq!(given["token_type"], "DPoP");
    let again = send(redeem, proof).await.json_of(400);
    assert_eq!(again["error"], "invalid_dpop_proof", "a proof is good once");
    let access = given["access_token"].as_str().expect("a token");
    let info = ("GET", "/oauth/userinfo");
    for (scheme, proof, status) in [
        ("Bearer", None, 401),
        ("DPoP", None, 401),
        ("DPoP", Some(thief.proof(&idp, info, Some(&nonce), Some(access))), 401),
        ("DPoP", Some(key.proof(&idp, info, Some(&nonce), None)), 401),
        ("DPoP", Some(key.proof(&idp, info, Some(&nonce), Some(access))), 200),
    ] {
        let ask = Ask { method: "GET", path: info.1, ..Ask::default() };
        let mut ask = ask.with("authorization", format!("{scheme} {access}"));
        if let Some(proof) = &proof {
            ask = ask.with("DPoP", proof.clone());
        }
        let reply = idp.http().must(ask).await;
        assert_eq!(reply.status, status, "{scheme} {proof:?} {}", reply.text());
    }
    let refresh = given["refresh_token"].as_str().expect("one").to_owned();
    let pairs = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh)];
    let stolen = thief.proof(&idp, token, Some(&nonce), None);
    assert_eq!(send(pairs.clone(), stolen).await.json_of(400)["error"], "invalid_dpop_proof");
    let own = key.proof(&idp, token, Some(&nonce), None);
    assert_eq!(send(pairs, own).await.json_of(200)["token_type"], "DPoP", "nothing was burnt");
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_assertion_proves_a_client_once() {
    let idp = idp().await;
    let key = Key::new();
    let terms = ClientTerms {
        jwks: Some(key.set()),
        spn: Some("chain/node-3".into()),
        scopes: ["exam".to_owned()].into(),
        ..ClientTerms::default()
    };
    idp.client("signer", ClientKind::Service, terms).await;
    let now = idp.stack.app.clock.now().0 / 1_000;
    let claims = |aud: &str, jti: &str, exp: i64| json!({"iss": "signer", "sub": "signer", "aud": aud, "jti": jti, "iat": now, "exp": exp});
    let header = json!({"alg": "EdDSA"});
    let issuer = idp.issuer();
    let good = key.sign(&header, &claims(&issuer, "1", now + 60));
    for (assertion, status) in [
        (good.clone(), 200),
        (good, 401),
        (key.sign(&header, &claims(&issuer, "2", now)), 401),
        (key.sign(&header, &claims("https://other.example", "3", now + 60)), 401),
        (Key::new().sign(&header, &claims(&issuer, "4", now + 60)), 401),
        (key.sign(&json!({"alg": "none"}), &claims(&issuer, "5", now + 60)), 401),
        (key.sign(&json!({"alg": "HS256"}), &claims(&issuer, "6", now + 60)), 401),
        (key.sign(&header, &claims(&issuer, "7", now + 86_400)), 401),
        (key.sign(&header, &claims(&issuer, "8", now + 60)), 200),
    ] {
        let body = query(&vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ]);
        let reply = idp.http().must(Ask::form("/oauth/token", &body)).await;
        assert_eq!(reply.status, status, "{assertion} {}", reply.text());
    }
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_or_signed_out_is_over() {
    let idp = idp().await;
    let given = idp.tokens("web").await;
    let text = |name: &str| given[name].as_str().expect("a token").to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    let revoke = |client: &'static str, token: String| {
        let idp = &idp;
        async move { idp.post("/oauth/revoke", client, &vec![("token", token.as_str())]).await.status }
    };
    assert_eq!(revoke("portal", access.clone()).await, 200, "it tells nothing");
    assert!(idp.is_active("web", &access).await, "another client's token stays");
    assert_eq!(revoke("web", access.clone()).await, 200);
    assert!(!idp.is_active("web", &access).await);
    let reply = Http::bearer(idp.stack.addr, &access).get("/oauth/userinfo").await;
    assert_eq!(reply.status, 401);
    assert_eq!(revoke("web", refresh.clone()).await, 200);
    assert!(!idp.is_active("web", &refresh).await);
    assert_eq!(revoke("web", "nonsense".into()).await, 200);
    let given = idp.tokens("web").await;
    let hint = given["id_token"].as_str().expect("a hint");
    let out = |uri: &str| {
        let pairs =
            vec![("id_token_hint", hint), ("post_logout_redirect_uri", uri), ("state", "x")];
        format!("/oauth/logout?{}", query(&pairs))
    };
    let cookie = || "nsk_passport=the-browser-of-anna".to_owned();
    let evil = out("https://evil.example/bye");
    let ask = Ask { method: "GET", path: &evil, ..Ask::default() }.with("cookie", cookie());
    assert_eq!(idp.http().must(ask).await.status, 400);
    let path = out("https://app.example/bye");
    let ask = Ask { method: "GET", path: &path, ..Ask::default() }.with("cookie", cookie());
    let reply = idp.http().must(ask).await;
    assert_eq!(location(&reply)[""], "https://app.example/bye");
    assert!(reply.headers["set-cookie"].starts_with("nsk_passport=;"), "{reply:?}");
    assert!(!idp.is_active("web", given["access_token"].as_str().expect("a token")).await);
    assert!(!idp.is_active("web", given["refresh_token"].as_str().expect("one")).await);
    assert_eq!(location(&idp.authorize(&asked("web")).await)[""], "/passport/login");
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_names_what_is_there() {
    let idp = idp().await;
    let mut http = idp.http();
    let document = http.get("/.well-known/openid-configuration").await.json_of(200);
    assert_eq!(document["issuer"], idp.issuer());
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert!(!document["grant_types_supported"].to_string().contains("password"));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    let same = http.get("/.well-known/oauth-authorization-server").await.json_of(200);
    assert_eq!(same, document);
    let keys = http.get("/oauth/jwks").await.json_of(200);
    let keys = keys["keys"].as_array().expect("keys").clone();
    assert!(keys.iter().any(|key| key["alg"] == "ES256"), "{keys:?}");
    assert!(keys.iter().all(|key| key.get("d").is_none()));
    // Secrets in the body work as in the header.
    let code = idp.code("web", &vec![]).await;
    let mut pairs = redeeming(&code);
    pairs.extend([("client_id", "web"), ("client_secret", SECRET)]);
    assert_eq!(http.must(Ask::form("/oauth/token", &query(&pairs))).await.status, 200);
    idp.stack.stop().await;
}
