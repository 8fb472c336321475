//! Genuine artefacts of this installation, shown as something that they are not.

use super::{no_faults, patient, refused_everywhere, shown};
use crate::oauth::kit::{
    Idp, MAK, PORTAL, Pairs, asked, changed, exchanging, idp_with, location, query,
};
use engine::identity::{Claims, Class};
use gateway::passport::format::{Expect, Format, JwtAlg, jwt};
use serde_json::json;
use tests::http::Ask;

fn claims_of(idp: &Idp, token: &str) -> Claims {
    let app = &idp.stack.app;
    app.passport.keys.verify(token, &Expect::anything(), app.clock.now()).expect("claims")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_an_access_token_is_an_access_token() {
    let idp = idp_with(patient()).await;
    let given = idp.tokens("web").await;
    let text = |name: &str| given[name].as_str().expect("a token").to_owned();
    let access = text("access_token");
    assert_eq!(shown(&idp, "userinfo", &access).await.0, 200, "the control");
    let keys = &idp.stack.app.passport.keys;
    let claims = claims_of(&idp, &access);
    let of = |cls: Class, aud: &str| Claims { cls, aud: aud.to_owned(), ..claims.clone() };
    let issuer = idp.issuer();
    let issued = |cls, format| keys.issue(&of(cls, &issuer), format).expect("a token");
    let qr = Claims { groups: [].into(), scope: [].into(), ..of(Class::Qr, PORTAL) };
    let es = JwtAlg::Es256;
    let artefacts = [
        ("an id_token", text("id_token")),
        ("a code", idp.code("web", &vec![]).await),
        ("a cookie", "the-browser-of-anna".to_owned()),
        ("a sealed token", issued(Class::Mak, Format::Paseto)),
        ("a sealed token as JWT", issued(Class::Mak, Format::Jwt(es))),
        ("a picture", keys.issue(&qr, Format::Record { base64: false }).expect("a record")),
        ("a picture in base64", keys.issue(&qr, Format::Record { base64: true }).expect("one")),
        ("a logout token", jwt::sign(keys, es, jwt::Typ::Logout, &json!({})).expect("signed")),
        (
            "an introspection",
            jwt::sign(keys, es, jwt::Typ::Introspection, &json!({})).expect("signed"),
        ),
        ("an id_token of our claims", {
            let bare = serde_json::to_value(crate::oauth::kit::payload(&access)).expect("JSON");
            jwt::sign(keys, es, jwt::Typ::Id, &bare).expect("signed")
        }),
    ];
    for (what, token) in &artefacts {
        refused_everywhere(&idp, token, what).await;
    }
    // A refresh token is introspected by its own client alone, and is no token anywhere.
    let refresh = text("refresh_token");
    refused_everywhere(&idp, &refresh, "a refresh token of another client").await;
    // For another service than the one that looks.
    let foreign = keys.issue(&of(Class::Svc, MAK), Format::Paseto).expect("a token");
    for door in ["userinfo", "person/info", "session", "introspect"] {
        let status = shown(&idp, door, &foreign).await.0;
        assert_eq!(status, if door == "introspect" { 200 } else { 401 }, "{door}");
    }
    // And an access token is none of those.
    for (name, value) in [("refresh_token", &access), ("refresh_token", &artefacts[0].1)] {
        let pairs = vec![("grant_type", "refresh_token"), (name, value.as_str())];
        let reply = idp.post("/oauth/token", "web", &pairs).await;
        assert_eq!(reply.json_of(400)["error"], "invalid_grant");
    }
    for hint in [&access, &refresh] {
        let path = format!("/oauth/logout?id_token_hint={hint}");
        let reply = idp.http().get(&path).await;
        assert_eq!(reply.json_of(400)["error"], "invalid_request");
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_right_grows_by_renewing_exchanging_or_asking_again() {
    let idp = idp_with(patient()).await;
    let narrow = changed(&asked("web"), "scope", "openid");
    let code = location(&idp.authorize(&narrow).await)["code"].clone();
    let given = idp.redeem("web", &code).await.json_of(200);
    assert_eq!(given["scope"], "openid");
    let (base, refresh) = (
        given["access_token"].as_str().expect("a token").to_owned(),
        given["refresh_token"].as_str().expect("one").to_owned(),
    );
    let role = exchanging(&base, &[("nsk_role", "operator")]);
    let role = idp.post("/oauth/token", "web", &role).await.json_of(200);
    let role = role["access_token"].as_str().expect("a token").to_owned();
    let svc = exchanging(&role, &[("audience", PORTAL)]);
    let svc = idp.post("/oauth/token", "web", &svc).await.json_of(200);
    let svc = svc["access_token"].as_str().expect("a token").to_owned();
    let more: Pairs<'_> =
        vec![("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", "exam")];
    let actor = ("actor_token", svc.as_str());
    let kind = ("actor_token_type", "urn:ietf:params:oauth:token-type:access_token");
    for (client, pairs, error) in [
        ("web", more, "invalid_scope"),
        ("web", exchanging(&base, &[("audience", PORTAL), ("scope", "exam")]), "invalid_scope"),
        ("web", exchanging(&role, &[("nsk_role", "expert")]), "invalid_grant"),
        ("web", exchanging(&svc, &[("nsk_role", "operator")]), "invalid_grant"),
        ("web", exchanging(&base, &[("nsk_role", "Administrator")]), "invalid_target"),
        ("web", exchanging(&base, &[("nsk_role", "operator ")]), "invalid_target"),
        ("web", exchanging(&base, &[("audience", "MAK/mak-07")]), "invalid_target"),
        ("web", exchanging(&base, &[("audience", "mak/mak-07/../x")]), "invalid_target"),
        ("web", exchanging(&base, &[("audience", PORTAL), ("nsk_role", "x")]), "invalid_request"),
        ("portal", exchanging(&svc, &[("audience", MAK), actor, kind]), "invalid_grant"),
        ("web", vec![("grant_type", "client_credentials")], "unauthorized_client"),
        ("portal", vec![("grant_type", "client_credentials"), ("scope", "admin")], "invalid_scope"),
        (
            "portal",
            vec![("grant_type", "client_credentials"), ("audience", PORTAL)],
            "invalid_target",
        ),
    ] {
        let reply = idp.post("/oauth/token", client, &pairs).await;
        assert_eq!(reply.json_of(400)["error"], error, "{client} {pairs:?}");
    }
    // The refusal of a wider scope did not use the refresh token up.
    let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    assert_eq!(idp.post("/oauth/token", "web", &pairs).await.json_of(200)["scope"], "openid");
    // Who manages people needs the role, whatever scope a token has.
    let path = "/api/nsk/v1/passport/people";
    for (token, status) in [(&base, 403), (&role, 403), (&svc, 401)] {
        let mut http = tests::http::Http::bearer(idp.stack.addr, token);
        assert_eq!(http.get(path).await.status, status);
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_of_the_verifier_cannot_be_left_out_or_weakened() {
    let idp = idp_with(patient()).await;
    for (name, value) in [
        ("code_challenge", ""),
        ("code_challenge", "short"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="),
        ("code_challenge_method", ""),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", "s256"),
    ] {
        let pairs = changed(&asked("web"), name, value);
        let sent = location(&idp.authorize(&pairs).await);
        assert_eq!(sent["error"], "invalid_request", "{name}={value}");
        // Pushed in advance it is refused the same.
        let pairs = changed(&pairs, "client_id", "");
        let reply = idp.post("/oauth/par", "web", &pairs).await;
        assert_eq!(reply.json_of(400)["error"], "invalid_request", "pushed {name}={value}");
    }
    // What was pushed counts, not what stands beside it.
    let pushed = changed(&asked("web"), "client_id", "");
    let pushed = idp.post("/oauth/par", "web", &pushed).await.json_of(201);
    let uri = pushed["request_uri"].as_str().expect("a handle");
    let weaker = vec![
        ("client_id", "web"),
        ("request_uri", uri),
        ("code_challenge_method", "plain"),
        ("redirect_uri", "https://evil.example/cb"),
    ];
    let path = format!("/oauth/authorize?{}", query(&weaker));
    let ask = Ask { method: "GET", path: &path, ..Ask::default() };
    let reply = idp.http().must(ask.with("cookie", "nsk_passport=the-browser-of-anna")).await;
    let place = reply.headers.get("location").cloned().unwrap_or_default();
    assert!(!place.contains("evil"), "{place}");
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}
