use super::*;
use paseto::version4::LocalToken;
use serde_json::{Value, json};

const NOW: Moment = Moment(1_800_000_000_000);

fn signer() -> Signer {
    Signer::new(&new_key().expect("a key"), "nsk-test", "mak/test").expect("a signer")
}

fn principal() -> Principal {
    Principal {
        person: PersonId(7),
        name: "Иванов И. И.".into(),
        roles: BTreeSet::from([Role::Expert, Role::Observer]),
        jti: "0123".into(),
        sid: "4567".into(),
        expires_at: NOW + Span::minutes(10),
        carried: Principal::bare("0123", "4567", NOW + Span::minutes(10)),
    }
}

/// The claims of a sound token, to be spoilt.
fn claims() -> Value {
    json!({
        "iss": "nsk-test", "sub": "7", "aud": "mak/test",
        "iat": written(NOW), "nbf": written(NOW), "exp": written(NOW + Span::minutes(10)),
        "jti": "0123", "sid": "4567", "ver": 1, "cls": "session",
        "name": "Иванов И. И.", "roles": ["expert", "observer"],
    })
}

fn verify_claims(claims: &Value) -> Result<Principal, TokenFault> {
    let signer = signer();
    let token = signer.sign_payload(claims.to_string().as_bytes()).expect("signed");
    signer.verify(&token, NOW)
}

#[test]
fn a_token_gives_back_its_principal() {
    let signer = signer();
    let token = signer.sign(&principal(), NOW).expect("signed");
    assert!(token.starts_with("v4.public."));
    assert_eq!(signer.verify(&token, NOW), Ok(principal()));
    assert_eq!(verify_claims(&claims()), Ok(principal()));
}

#[test]
fn its_life_has_exact_ends() {
    let signer = signer();
    let token = signer.sign(&principal(), NOW).expect("signed");
    let end = NOW + Span::minutes(10);
    for (at, expected) in [
        (Moment(end.0 - 1), None),
        (end, Some(TokenFault::Expired)),
        (Moment(end.0 + 86_400_000), Some(TokenFault::Expired)),
        (Moment(NOW.0 - 60_000), None),
        (Moment(NOW.0 - 60_001), Some(TokenFault::Early)),
    ] {
        assert_eq!(signer.verify(&token, at).err(), expected, "{at:?}");
    }
}

#[test]
fn what_was_made_elsewhere_or_for_something_else_is_refused() {
    let key = new_key().expect("a key");
    let ours = Signer::new(&key, "nsk-test", "mak/test").expect("a signer");
    let token = ours.sign(&principal(), NOW).expect("signed");
    let other_key = signer();
    assert_eq!(other_key.verify(&token, NOW), Err(TokenFault::Forged));
    let other_issuer = Signer::new(&key, "nsk-other", "mak/test").expect("a signer");
    assert_eq!(other_issuer.verify(&token, NOW), Err(TokenFault::Forged));
    let other_audience = Signer::new(&key, "nsk-test", "mak/other").expect("a signer");
    assert_eq!(other_audience.verify(&token, NOW), Err(TokenFault::Foreign));

    // The same key and claims, but signed for another class or without the assertion or footer.
    let payload = claims().to_string();
    for (footer, assertion) in [
        (Some(&ours.footer[..]), Some(&b"nsk1|qr|nsk-test"[..])),
        (Some(&ours.footer[..]), None),
        (None, Some(&ours.assertion[..])),
        (Some(&b"{\"kid\":\"k4.pid.x\"}"[..]), Some(&ours.assertion[..])),
    ] {
        let token = PublicToken::sign(&ours.secret, payload.as_bytes(), footer, assertion);
        assert_eq!(ours.verify(&token.expect("signed"), NOW), Err(TokenFault::Forged));
    }
}

#[test]
fn each_changed_character_is_noticed() {
    let signer = signer();
    let token = signer.sign(&principal(), NOW).expect("signed");
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        assert!(signer.verify(&changed, NOW).is_err(), "at {at}");
    }
    assert_eq!(signer.verify(&format!("{token}="), NOW), Err(TokenFault::Malformed));
    assert!(signer.verify(&token[..token.len() - 1], NOW).is_err());
}

#[test]
fn other_forms_of_token_are_not_tried() {
    let signer = signer();
    let symmetric = paseto::keys::SymmetricKey::<V4>::generate().expect("a key");
    let local = LocalToken::encrypt(&symmetric, claims().to_string().as_bytes(), None, None);
    for text in [
        local.expect("encrypted"),
        String::new(),
        "v4.public.".into(),
        "v3.public.AAAA".into(),
        "eyJhbGciOiJub25lIn0.e30.".into(),
        claims().to_string(),
    ] {
        assert_eq!(signer.verify(&text, NOW), Err(TokenFault::Malformed), "{text}");
    }
    let long = "v4.public.".to_owned() + &"A".repeat(TOKEN_BYTES_MAX);
    assert_eq!(signer.verify(&long, NOW), Err(TokenFault::TooLong));
}

#[test]
fn each_spoilt_claim_is_refused() {
    for (claim, value, fault) in [
        ("ver", json!(2), TokenFault::Foreign),
        ("cls", json!("mak"), TokenFault::Foreign),
        ("iss", json!("nsk-other"), TokenFault::Foreign),
        ("aud", json!("video/srv1"), TokenFault::Foreign),
        ("aud", json!(["mak/test"]), TokenFault::Claims),
        ("sub", json!("seven"), TokenFault::Claims),
        ("sub", json!(7), TokenFault::Claims),
        ("exp", json!("2040-01-01t00:00:00z"), TokenFault::Claims),
        ("exp", json!("2040-01-01T00:00:00+00:00"), TokenFault::Claims),
        ("exp", json!("2040-01-01T00:00:00.5Z"), TokenFault::Claims),
        ("exp", json!(2_208_988_800_u64), TokenFault::Claims),
        ("nbf", json!("2040-01-01T00:00:00Z"), TokenFault::Early),
        ("iat", json!("2040-01-01T00:00:00Z"), TokenFault::Early),
        ("jti", json!(""), TokenFault::Claims),
        ("sid", json!(""), TokenFault::Claims),
        ("roles", json!(["root"]), TokenFault::Claims),
        ("extra", json!(1), TokenFault::Claims),
    ] {
        let mut spoilt = claims();
        spoilt[claim] = value.clone();
        assert_eq!(verify_claims(&spoilt), Err(fault), "{claim} = {value}");
    }
    for claim in ["exp", "nbf", "jti", "roles", "ver", "cls"] {
        let mut spoilt = claims();
        spoilt.as_object_mut().expect("an object").remove(claim);
        assert_eq!(verify_claims(&spoilt), Err(TokenFault::Claims), "without {claim}");
    }
}

#[test]
fn a_claim_named_twice_is_refused_although_it_is_signed() {
    let signer = signer();
    let twice = claims().to_string().replacen('{', r#"{"roles":["administrator"],"#, 1);
    let token = signer.sign_payload(twice.as_bytes()).expect("signed");
    assert_eq!(signer.verify(&token, NOW), Err(TokenFault::Claims));
}

#[test]
fn a_useless_key_is_an_error_and_no_panic() {
    for key in [&[0_u8; 64][..], &[1; 63], &[1; 64], &[]] {
        assert_eq!(Signer::new(key, "a", "b").err(), Some(BadKey));
    }
    let shown = format!("{:?}", signer());
    assert_eq!(shown, "Signer { issuer: \"nsk-test\", .. }");
}
