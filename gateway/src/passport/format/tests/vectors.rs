//! The official vectors of PASETO v4, those that must fail included.

use super::*;
use crate::passport::keys::{Algorithm, Public};
use ::paseto::Public as Public4;
use ::paseto::keys::{AsymmetricPublicKey, AsymmetricSecretKey};
use ::paseto::token::UntrustedToken;
use ::paseto::version4::{PublicToken, V4};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vector {
    name: String,
    expect_fail: bool,
    public_key: Option<String>,
    secret_key: Option<String>,
    token: String,
    payload: Option<String>,
    footer: String,
    implicit_assertion: String,
}

#[tokio::test]
async fn the_official_vectors_hold() {
    let file: File = serde_json::from_str(include_str!("paseto-v4.json")).expect("vectors");
    let desk = desk().await;
    let first = file.tests[0].public_key.clone().expect("a key");
    let (mut good, mut bad) = (0, 0);
    for v in file.tests {
        let implicit = v.implicit_assertion.as_bytes();
        let footer = Some(v.footer.as_bytes()).filter(|footer| !footer.is_empty());
        let public = hex::decode(v.public_key.as_ref().unwrap_or(&first)).expect("hex");
        let own = Public::read(Algorithm::Ed25519, &public).expect("a key");
        let public = AsymmetricPublicKey::<V4>::from(&public).expect("a key");
        let parsed = UntrustedToken::<Public4, V4>::try_from(v.token.as_str());
        let same = |token: paseto::Parts| {
            token.footer == v.footer.as_bytes() && paseto::signed_by(&own, &token, implicit)
        };
        let signed = paseto::parse(&v.token).is_ok_and(same);
        assert_eq!(signed, !v.expect_fail, "{}: as this program checks it", v.name);
        let read = parsed
            .ok()
            .and_then(|token| PublicToken::verify(&public, &token, footer, Some(implicit)).ok());
        let ours = desk.keyring.verify(&v.token, &Expect::anything(), NOW);
        assert!(ours.is_err(), "{}: no key of ours", v.name);
        if v.expect_fail {
            assert!(read.is_none(), "{}", v.name);
            bad += 1;
            continue;
        }
        let payload = v.payload.expect("a payload");
        assert_eq!(read.as_ref().map(|t| t.payload()), Some(payload.as_str()), "{}", v.name);
        let secret = hex::decode(v.secret_key.expect("a key")).expect("hex");
        let secret = AsymmetricSecretKey::<V4>::from(&secret).expect("a key");
        let signed = PublicToken::sign(&secret, payload.as_bytes(), footer, Some(implicit));
        assert_eq!(signed.expect("a token"), v.token, "{}", v.name);
        good += 1;
    }
    assert_eq!((good, bad), (3, 5));
}

/// From the vectors of PASERK, `k4.pid`.
#[test]
fn key_ids_are_those_of_the_standard() {
    let key: Vec<u8> = (0x70..=0x8f).collect();
    for (bytes, kid) in [
        (vec![0; 32], "k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE"),
        (key, "k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs"),
    ] {
        let native = AsymmetricPublicKey::<V4>::from(&bytes).expect("bytes");
        let mut text = String::new();
        let id = ::paseto::paserk::Id::from(&native);
        ::paseto::paserk::FormatAsPaserk::fmt(&id, &mut text).expect("written");
        assert_eq!(text, kid);
    }
}

/// The example of RFC 7638, section 3.1.
#[test]
fn a_thumbprint_is_that_of_the_standard() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let jwk =
        serde_json::json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
    let key = jws::Foreign::read(jwk.as_object().expect("an object")).expect("a key");
    assert_eq!(key.thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}
