//! Roles, tokens for services, and services that act for people: what comes out is never more than
//! what went in.

use super::kit::{ANNA, CENTRE, Idp, MAK, PORTAL, Pairs, VIDEO, exchanging, idp, payload};
use serde_json::{Value, json};
use tests::http::Http;

async fn exchange(idp: &Idp, client: &str, subject: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let reply = idp.post("/oauth/token", client, &exchanging(subject, more)).await;
    (reply.status, reply.json())
}

fn token(answer: &Value) -> String {
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_then_a_service_then_a_service_behind_it() {
    let idp = idp().await;
    let base = token(&idp.tokens("web").await);
    let centre = CENTRE.to_string();
    let chosen = [("nsk_role", "expert"), ("nsk_org", centre.as_str())];
    let (status, role) = exchange(&idp, "web", &base, &chosen).await;
    assert_eq!(status, 200, "{role}");
    let role = token(&role);
    let claims = payload(&role);
    assert_eq!((&claims["cls"], &claims["role"]), (&json!("role"), &json!("expert")));
    assert_eq!(claims["opn"], "org/coc-12@nark.example");
    assert!(claims["exp"].as_i64() <= payload(&base)["exp"].as_i64());
    let asked = [("audience", PORTAL), ("scope", "exam")];
    let (status, svc) = exchange(&idp, "web", &role, &asked).await;
    assert_eq!(status, 200, "{svc}");
    assert_eq!(
        (&svc["scope"], &svc["issued_token_type"]),
        (&json!("exam"), &json!("urn:ietf:params:oauth:token-type:access_token"))
    );
    let svc = token(&svc);
    let claims = payload(&svc);
    assert_eq!((&claims["cls"], &claims["aud"]), (&json!("svc"), &json!([PORTAL])));
    assert_eq!((&claims["role"], &claims["oid"]), (&json!("expert"), &json!(CENTRE)));
    let own = vec![("grant_type", "client_credentials")];
    let actor = token(&idp.post("/oauth/token", "portal", &own).await.json_of(200));
    let act = [
        ("actor_token", actor.as_str()),
        ("actor_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("audience", MAK),
    ];
    let (status, dlg) = exchange(&idp, "portal", &svc, &act).await;
    assert_eq!(status, 200, "{dlg}");
    let dlg = token(&dlg);
    let claims = payload(&dlg);
    assert_eq!((&claims["cls"], &claims["aud"]), (&json!("dlg"), &json!([MAK])));
    assert_eq!(claims["act"], json!({"sub": PORTAL}));
    assert_eq!(claims["orig"]["jti"], payload(&base)["jti"]);
    assert!(claims["exp"].as_i64() <= payload(&svc)["exp"].as_i64());
    assert!(idp.is_active("portal", &dlg).await);
    // The first token ends all that came from it.
    idp.post("/oauth/revoke", "web", &vec![("token", base.as_str())]).await;
    for (client, token) in [("web", &role), ("web", &svc), ("portal", &dlg)] {
        assert!(!idp.is_active(client, token).await, "{}", payload(token)["cls"]);
    }
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_chosen_at_the_passport_is_that_of_whoever_names_none() {
    let idp = idp().await;
    let base = token(&idp.tokens("web").await);
    let claims = payload(&base);
    assert!(claims.get("role").is_none(), "a first token has no role: {claims}");
    let (status, answer) = exchange(&idp, "web", &base, &[]).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")), "nothing was chosen");
    let (store, now) = (&idp.stack.app.store, idp.stack.app.clock.now());
    let held = store.roles_held(ANNA, now).await.expect("a read");
    let expert = held.iter().find(|held| held.role == "expert").expect("an expert");
    let sid = claims["sid"].as_str().expect("a sid");
    store.put_chosen_role(sid, expert.id, (now, now)).await.expect("chosen");
    let (status, role) = exchange(&idp, "web", &base, &[]).await;
    assert_eq!(status, 200, "{role}");
    let claims = payload(&token(&role));
    assert_eq!((&claims["cls"], &claims["role"]), (&json!("role"), &json!("expert")));
    assert_eq!(claims["oid"], json!(CENTRE));
    let mut http = Http::bearer(idp.stack.addr, &base);
    let listed = http.get("/v1/me/roles").await.json_of(200);
    let chosen = |role: &str| {
        let all = listed["roles"].as_array().expect("roles").iter();
        all.filter(|one| one["role"] == role).any(|one| one["chosen"] == true)
    };
    assert!(chosen("expert") && !chosen("operator"), "{listed}");
    // What was chosen counts while it is held.
    assert_eq!(store.withdraw_assignment(expert.id, now).await, Ok(true));
    let (status, answer) = exchange(&idp, "web", &base, &[]).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_target")));
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_grows_on_the_way() {
    let idp = idp().await;
    let base = token(&idp.tokens("web").await);
    let svc =
        token(&exchange(&idp, "web", &base, &[("audience", PORTAL), ("scope", "exam")]).await.1);
    let own = vec![("grant_type", "client_credentials")];
    let portal = token(&idp.post("/oauth/token", "portal", &own).await.json_of(200));
    let video = token(&idp.post("/oauth/token", "video", &own).await.json_of(200));
    let kind = ("actor_token_type", "urn:ietf:params:oauth:token-type:access_token");
    let centre = CENTRE.to_string();
    let tries: [(&str, &str, Pairs<'_>, &str); 17] = [
        ("web", &base, vec![("nsk_role", "administrator")], "invalid_target"),
        ("web", &base, vec![("nsk_role", "expert")], "invalid_target"),
        ("web", &base, vec![("nsk_role", "operator"), ("nsk_org", &centre)], "invalid_target"),
        ("web", &base, vec![("nsk_role", "expert"), ("nsk_org", "x")], "invalid_target"),
        ("portal", &base, vec![("nsk_role", "operator")], "invalid_grant"),
        ("web", &base, vec![("audience", VIDEO)], "invalid_target"),
        ("web", &base, vec![("audience", "mak/*")], "invalid_target"),
        ("web", &base, vec![("audience", PORTAL), ("scope", "exam admin")], "invalid_scope"),
        ("web", &base, vec![("audience", PORTAL), ("lifetime", "604801")], "invalid_request"),
        (
            "web",
            &base,
            vec![("audience", PORTAL), ("resource", "https://x.example")],
            "invalid_target",
        ),
        ("web", &base, vec![], "invalid_request"),
        ("video", &base, vec![("audience", MAK)], "invalid_grant"),
        ("web", &svc, vec![("audience", MAK)], "invalid_grant"),
        ("portal", &svc, vec![("audience", MAK)], "invalid_grant"),
        (
            "portal",
            &svc,
            vec![("audience", VIDEO), ("actor_token", &portal), kind],
            "invalid_target",
        ),
        ("video", &svc, vec![("audience", MAK), ("actor_token", &video), kind], "invalid_grant"),
        ("portal", &svc, vec![("audience", MAK), ("actor_token", &video), kind], "invalid_grant"),
    ];
    for (client, subject, more, error) in tries {
        let (status, answer) = exchange(&idp, client, subject, &more).await;
        assert_eq!((status, &answer["error"]), (400, &json!(error)), "{client} {more:?}");
    }
    let short = [("audience", MAK), ("actor_token", portal.as_str()), kind, ("scope", "openid")];
    let (status, answer) = exchange(&idp, "portal", &svc, &short).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("invalid_scope")),
        "it was narrowed before"
    );
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_requires_a_role_takes_no_token_without() {
    let idp = idp().await;
    let store = &idp.stack.app.passport.store;
    let mut service = store.service(PORTAL).await.expect("a read").expect("the portal");
    let base = token(&idp.tokens("web").await);
    let role = token(&exchange(&idp, "web", &base, &[("nsk_role", "operator")]).await.1);
    for (requires, of_base, of_role) in [
        (json!({}), 200, 200),
        (json!({"roles": ["operator"]}), 400, 200),
        (json!({"roles": ["council"]}), 400, 400),
        (json!({"roles": ["operator"], "any_group": ["coc-12/staff"]}), 400, 400),
        (json!({"acr": ["urn:nsk:acr:two-factor"]}), 400, 400),
        // What cannot be read lets nobody in.
        (json!({"role": "operator"}), 400, 400),
        (json!([]), 400, 400),
    ] {
        service.requires = requires.clone();
        store.put_service(&service).await.expect("kept");
        for (subject, status) in [(&base, of_base), (&role, of_role)] {
            let found = exchange(&idp, "web", subject, &[("audience", PORTAL)]).await;
            assert_eq!(found.0, status, "{requires} {}", found.1);
            assert!(status == 200 || found.1["error"] == "invalid_target", "{}", found.1);
        }
    }
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_token_comes_in_each_format() {
    let idp = idp().await;
    let base = token(&idp.tokens("web").await);
    for (kind, begins) in [
        ("urn:nsk:token-type:paseto", "v4.public."),
        ("urn:nsk:token-type:record", "{"),
        ("urn:ietf:params:oauth:token-type:access_token", "eyJ"),
    ] {
        let asked = [("audience", PORTAL), ("requested_token_type", kind)];
        let (status, answer) = exchange(&idp, "web", &base, &asked).await;
        assert_eq!((status, &answer["issued_token_type"]), (200, &json!(kind)), "{answer}");
        let token = token(&answer);
        assert!(token.starts_with(begins), "{token}");
        assert!(idp.is_active("portal", &token).await, "{kind}");
    }
    let asked =
        [("audience", PORTAL), ("requested_token_type", "urn:ietf:params:oauth:token-type:saml2")];
    assert_eq!(exchange(&idp, "web", &base, &asked).await.1["error"], "invalid_request");
    idp.stack.stop().await;
}
