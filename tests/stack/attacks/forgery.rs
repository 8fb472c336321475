//! Tokens that this installation did not make, or not so.

use super::{no_faults, patient, refused_everywhere, shown};
use crate::oauth::kit::{Idp, Key, idp_with, query};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use entities::{ClientKind, ClientTerms};
use serde_json::{Value, json};
use tests::http::Ask;

/// A JWT with another header, and the signature that it had.
fn with_header(token: &str, change: impl Fn(&mut Value)) -> String {
    let (header, rest) = token.split_once('.').expect("a header");
    let mut header: Value =
        serde_json::from_slice(&B64.decode(header).expect("base64")).expect("JSON");
    change(&mut header);
    format!("{}.{rest}", B64.encode(header.to_string()))
}

fn set(token: &str, name: &str, value: &Value) -> String {
    with_header(token, |header| header[name] = value.clone())
}

/// Signed anew by whatever signs.
fn signed(token: &str, header: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let payload = token.split('.').nth(1).expect("a payload");
    let signed = format!("{}.{payload}", B64.encode(header.to_string()));
    format!("{signed}.{}", B64.encode(sign(signed.as_bytes())))
}

async fn base_token(idp: &Idp) -> String {
    let token = idp.tokens("web").await["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(shown(idp, "userinfo", &token).await.0, 200, "the control");
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn no_algorithm_is_believed_but_the_keys_own() {
    let idp = idp_with(patient()).await;
    let token = base_token(&idp).await;
    let keys = idp.http().get("/oauth/jwks").await.json_of(200);
    let jwk = |alg: &str| {
        let all = keys["keys"].as_array().expect("keys").iter();
        all.clone().find(|key| key["alg"] == alg).expect("a key").clone()
    };
    let (es, ed) = (jwk("ES256"), jwk("EdDSA"));
    let mut forged = Vec::new();
    for alg in ["none", "None", "nOnE", ""] {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": es["kid"]});
        forged.push(signed(&token, &header, |_| Vec::new()));
    }
    // The published key as a shared secret, however it may be written down.
    let point: Vec<u8> = ["x", "y"]
        .iter()
        .flat_map(|name| B64.decode(es[*name].as_str().expect("text")).expect("base64"))
        .collect();
    let whole = [&[4], point.as_slice()].concat();
    let texts = [point.clone(), whole, es.to_string().into_bytes(), es["x"].to_string().into()];
    for secret in texts {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": es["kid"]});
        forged.push(signed(&token, &header, |text| hmac::sign(&key, text).as_ref().to_vec()));
    }
    // Another algorithm, or another algorithm's key.
    for (alg, kid) in [
        ("EdDSA", &es["kid"]),
        ("ES256", &ed["kid"]),
        ("RS256", &es["kid"]),
        ("ES384", &es["kid"]),
        ("ES256K", &es["kid"]),
        ("PS256", &es["kid"]),
    ] {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": kid});
        let (before, signature) = token.rsplit_once('.').expect("a signature");
        let payload = before.split_once('.').expect("a payload").1;
        forged.push(format!("{}.{payload}.{signature}", B64.encode(header.to_string())));
        let stranger = Key::new();
        forged.push(stranger.sign(&header, &crate::oauth::kit::payload(&token)));
    }
    for token in forged {
        refused_everywhere(&idp, &token, "an algorithm").await;
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_looked_up_and_never_fetched_opened_or_brought_along() {
    let idp = idp_with(patient()).await;
    let token = base_token(&idp).await;
    let stranger = Key::new();
    let own = stranger.set()["keys"][0].clone();
    for kid in [
        "../../../../dev/null",
        "/etc/passwd",
        "C:\\keys\\a.pem",
        "file:///dev/null",
        "https://evil.example/key",
        "' OR '1'='1",
        "x'; DROP TABLE identity_key; --",
        "\u{0}",
        "$(id)",
        "{{7*7}}",
        "",
        &"k".repeat(4_000),
    ] {
        refused_everywhere(&idp, &set(&token, "kid", &json!(kid)), "a key's id").await;
        let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid});
        let forged = stranger.sign(&header, &crate::oauth::kit::payload(&token));
        refused_everywhere(&idp, &forged, "a stranger's key").await;
    }
    let kid = with_header(&token, |header| drop(header.as_object_mut().map(|h| h.remove("kid"))));
    refused_everywhere(&idp, &kid, "no key's id").await;
    for (name, value) in [
        ("jwk", own.clone()),
        ("jku", json!("http://127.0.0.1:1/jwks")),
        ("x5u", json!("http://127.0.0.1:1/cert")),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ] {
        refused_everywhere(&idp, &set(&token, name, &value), name).await;
        let mut header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k"});
        header[name] = value;
        let forged = stranger.sign(&header, &crate::oauth::kit::payload(&token));
        refused_everywhere(&idp, &forged, name).await;
    }
    // The same for PASETO: the footer names a key and does nothing else.
    let native = idp.stack.token(tests::stack::OPERATOR, engine::exam::Role::Operator);
    let parts: Vec<&str> = native.split('.').collect();
    for footer in [
        json!({"kid": "../x"}).to_string(),
        json!({"kid": "' OR 1=1 --"}).to_string(),
        json!({"kid": "k4.pid.AAAA"}).to_string(),
        json!({"kid": "x", "jwk": own}).to_string(),
        "not JSON".to_owned(),
        String::new(),
        "A".repeat(400),
    ] {
        let forged = format!("{}.{}.{}.{}", parts[0], parts[1], parts[2], B64.encode(footer));
        refused_everywhere(&idp, &forged, "a footer").await;
    }
    for header in ["v4.local", "v3.public", "v2.public", "v1.public", "v4.Public", "V4.public"] {
        let forged = format!("{header}.{}.{}", parts[2], parts[3]);
        refused_everywhere(&idp, &forged, header).await;
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_one_spelling() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let idp = idp_with(patient()).await;
    let jwt = base_token(&idp).await;
    let native = idp.stack.token(tests::stack::OPERATOR, engine::exam::Role::Operator);
    for token in [&jwt, &native] {
        let mut spelled = vec![
            format!("{token}="),
            format!("{token}=="),
            format!("{token}."),
            format!(".{token}"),
            format!("{token}.AAAA"),
            format!("{token}%3D"),
            format!("{token}\n"),
            format!("\u{feff}{token}"),
            token.replace('.', ".."),
            token.replace('_', "/"),
            token.replace('-', "+"),
            token.to_lowercase(),
            token.to_uppercase(),
            format!("{}\u{430}{}", &token[..20], &token[21..]),
        ];
        // The bits of each part's last character that no byte needs.
        let parts: Vec<&str> = token.split('.').collect();
        for (at, part) in parts.iter().enumerate().filter(|(_, part)| part.len() % 4 > 1) {
            let (rest, last) = part.split_at(part.len() - 1);
            let value = ALPHABET.iter().position(|b| *b == last.as_bytes()[0]).expect("base64");
            let mut changed = parts.clone();
            let other = format!("{rest}{}", char::from(ALPHABET[value ^ 1]));
            changed[at] = &other;
            spelled.push(changed.join("."));
        }
        for other in spelled.iter().filter(|other| *other != token) {
            refused_everywhere(&idp, other, "another spelling").await;
        }
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

/// What strangers may sign with their own, registered keys must be strict as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_twice_is_refused_though_rightly_signed() {
    let idp = idp_with(patient()).await;
    let key = Key::new();
    let terms = ClientTerms { jwks: Some(key.set()), ..ClientTerms::default() };
    idp.client("signer", ClientKind::Service, terms).await;
    let now = idp.stack.app.clock.now().0 / 1_000;
    let issuer = idp.issuer();
    let claims = |jti: &str, more: &str| {
        format!(
            r#"{{"iss":"signer","sub":"signer","aud":"{issuer}","jti":"{jti}","exp":{}{more}}}"#,
            now + 60
        )
    };
    let deep = format!(r#","x":{}1{}"#, "[".repeat(4_000), "]".repeat(4_000));
    let many: String = (0..200).map(|n| format!(r#","k{n}":1"#)).collect();
    for (jti, more, status) in [
        ("1", "", 200),
        ("2", r#","sub":"signer""#, 401),
        ("3", r#","sub":"web""#, 401),
        ("4", r#","\u0073ub":"web""#, 401),
        ("5", r#","exp":99999999999"#, 401),
        ("6", deep.as_str(), 401),
        ("7", many.as_str(), 401),
        ("8", r#","nbf":9e99"#, 401),
    ] {
        let header = r#"{"alg":"EdDSA"}"#;
        let assertion = key.sign_text(header, &claims(jti, more));
        let body = query(&vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ]);
        let reply = idp.http().must(Ask::form("/oauth/token", &body)).await;
        assert_eq!(reply.status, status, "{more} {}", reply.text());
        if status == 401 {
            let told =
                r#"{"error":"invalid_client","error_description":"the client is not known"}"#;
            assert_eq!(reply.text(), told);
        }
    }
    let jwk = key.set()["keys"][0].to_string();
    let head = format!(r#"{{"typ":"dpop+jwt","alg":"EdDSA","jwk":{jwk}}}"#);
    let body = format!(r#"{{"htm":"POST","htu":"{issuer}/oauth/token","iat":{now},"jti":"j"}}"#);
    let twice = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    for (head, body, error) in [
        (head.clone(), body.clone(), "use_dpop_nonce"),
        (twice(&head, r#""alg":"none""#), body.clone(), "invalid_dpop_proof"),
        (twice(&head, r#""typ":"dpop+jwt""#), body.clone(), "invalid_dpop_proof"),
        (head.clone(), twice(&body, r#""htm":"POST""#), "invalid_dpop_proof"),
        (head.clone(), twice(&body, r#""jt\u0069":"k""#), "invalid_dpop_proof"),
        (
            head,
            twice(&body, &format!(r#""x":{}1{}"#, "[".repeat(900), "]".repeat(900))),
            "invalid_dpop_proof",
        ),
    ] {
        let proof = key.sign_text(&head, &body);
        let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", "x")];
        let reply = idp.post_with("/oauth/token", "app", &pairs, &[("DPoP", proof)]).await;
        assert_eq!(reply.json_of(400)["error"], error, "{head} {body}");
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}
