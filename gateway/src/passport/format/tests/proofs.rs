//! DPoP proofs.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use dpop::{DpopFault, check_proof, hash_of};
use serde_json::{Value, json};

const URL: &str = "https://id.example/oauth/token";

struct Holder(EcdsaKeyPair);

impl Holder {
    fn new() -> Holder {
        Holder(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let (x, y) = (B64.encode(&point[1..33]), B64.encode(&point[33..]));
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    }

    fn proof(&self, header: &Value, body: &Value) -> String {
        let [header, body] = [header, body].map(|part| B64.encode(part.to_string()));
        let signed = format!("{header}.{body}");
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed");
        format!("{signed}.{}", B64.encode(signature))
    }
}

fn with(base: &Value, name: &str, value: Value) -> Value {
    let mut changed = base.clone();
    changed[name] = value;
    changed
}

#[test]
fn a_proof_is_for_one_request_at_one_time() {
    let holder = Holder::new();
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": holder.jwk()});
    let body = json!({"htm": "POST", "htu": URL, "iat": NOW.0 / 1_000, "jti": "one"});
    let check = |header: &Value, body: &Value, token: Option<&str>| {
        check_proof(&holder.proof(header, body), "POST", URL, token, NOW)
    };
    let good = check(&header, &body, None).expect("a proof");
    let jwk = holder.jwk();
    let key = jws::Foreign::read(jwk.as_object().expect("an object")).expect("a key");
    assert_eq!((good.jkt, good.jti.as_str(), good.nonce), (key.thumbprint, "one", None));
    let bound = with(&body, "ath", json!(hash_of("token")));
    assert!(check(&header, &bound, Some("token")).is_ok());
    for htu in ["HTTPS://ID.example:443/oauth/token", "https://id.example/oauth/token?a=1#b"] {
        assert!(check(&header, &with(&body, "htu", json!(htu)), None).is_ok(), "{htu}");
    }
    let at = |s: i64| with(&body, "iat", json!(NOW.0 / 1_000 + s));
    assert!(check(&header, &at(60), None).is_ok() && check(&header, &at(-60), None).is_ok());
    let mut private = holder.jwk();
    private["d"] = json!("AAAA");
    for (header, body, token, fault) in [
        (&header, &with(&body, "htm", json!("GET")), None, DpopFault::Elsewhere),
        (&header, &with(&body, "htu", json!("https://id.example/")), None, DpopFault::Elsewhere),
        (
            &header,
            &with(&body, "htu", json!("http://id.example/oauth/token")),
            None,
            DpopFault::Elsewhere,
        ),
        (&header, &with(&body, "htu", json!("/oauth/token")), None, DpopFault::Elsewhere),
        (&header, &at(61), None, DpopFault::Time),
        (&header, &at(-61), None, DpopFault::Time),
        (&header, &with(&body, "iat", json!(i64::MAX)), None, DpopFault::Time),
        (&header, &with(&body, "jti", json!("")), None, DpopFault::Malformed),
        (&header, &body, Some("token"), DpopFault::Token),
        (&header, &bound, Some("other"), DpopFault::Token),
        (&with(&header, "typ", json!("JWT")), &body, None, DpopFault::Malformed),
        (&with(&header, "alg", json!("none")), &body, None, DpopFault::Malformed),
        (&with(&header, "alg", json!("RS256")), &body, None, DpopFault::Malformed),
        (&with(&header, "alg", json!("EdDSA")), &body, None, DpopFault::Forged),
        (&with(&header, "jwk", private), &body, None, DpopFault::Malformed),
        (&with(&header, "jwk", Holder::new().jwk()), &body, None, DpopFault::Forged),
        (&with(&header, "kid", json!("x")), &body, None, DpopFault::Malformed),
    ] {
        let checked = check_proof(&holder.proof(header, body), "POST", URL, token, NOW);
        assert_eq!(checked.err(), Some(fault), "{header} {body}");
    }
}

#[test]
fn a_clients_assertion_is_read_with_its_registered_key_alone() {
    let (holder, other) = (Holder::new(), Holder::new());
    let mut jwk = holder.jwk();
    jwk["kid"] = json!("k1");
    let jwks = json!({ "keys": [jwk] });
    let body = json!({"iss": "c", "sub": "c", "aud": ISSUER, "exp": 1, "jti": "j"});
    let header = json!({"alg": "ES256", "kid": "k1"});
    let read = jws::client_claims(&holder.proof(&header, &body), &jwks).expect("claims");
    assert_eq!(read["sub"], "c");
    let nameless = json!({"alg": "ES256"});
    assert!(jws::client_claims(&holder.proof(&nameless, &body), &jwks).is_ok());
    for (token, fault) in [
        (other.proof(&header, &body), TokenFault::Forged),
        (holder.proof(&json!({"alg": "ES256", "kid": "k2"}), &body), TokenFault::Key),
        (holder.proof(&json!({"alg": "none", "kid": "k1"}), &body), TokenFault::Forged),
        (holder.proof(&json!({"alg": "HS256", "kid": "k1"}), &body), TokenFault::Forged),
        (holder.proof(&json!({"alg": "ES256", "crit": ["x"]}), &body), TokenFault::Malformed),
    ] {
        assert_eq!(jws::client_claims(&token, &jwks).err(), Some(fault));
    }
}
