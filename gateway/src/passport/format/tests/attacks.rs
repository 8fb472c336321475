//! What an attacker does to a token.

use super::*;
use serde_json::{Map, Value, json};

fn refused(desk: &Desk, token: &str, what: &str) -> TokenFault {
    let read = desk.keyring.verify(token, &Expect::anything(), NOW);
    read.expect_err(what)
}

/// Signs any payload as an own key would: for payloads that no honest issuer writes.
fn sealed(desk: &Desk, payload: &str, assertion: &str) -> String {
    paseto::seal(&desk.keyring, KeyPurpose::Paseto, payload.as_bytes(), assertion).expect("signed")
}

fn payload_of(token: &str) -> String {
    let body = token.split('.').nth(2).expect("a body");
    let bytes = B64.decode(body).expect("base64");
    String::from_utf8(bytes[..bytes.len() - 64].to_vec()).expect("text")
}

#[tokio::test]
async fn a_changed_bit_or_a_respelled_token_is_refused() {
    let desk = desk().await;
    for format in [Format::Paseto, Format::Jwt(JwtAlg::Es256), Format::Record { base64: true }] {
        let token = desk.keyring.issue(&full(Class::Svc), format).expect("a token");
        for at in (0..token.len()).step_by(7).chain([token.len() - 1]) {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("text");
            if changed != token {
                refused(&desk, &changed, &format!("{format:?}: byte {at}"));
            }
        }
        for spelled in [
            format!("{token}="),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}.x"),
            token.to_uppercase(),
            token[..token.len() - 1].to_owned(),
            String::new(),
            "x".repeat(TOKEN_BYTES_MAX + 1),
        ] {
            refused(&desk, &spelled, &format!("{format:?}: {spelled}"));
        }
    }
}

#[tokio::test]
async fn a_signed_payload_must_still_be_strict() {
    let desk = desk().await;
    let token = desk.keyring.issue(&full(Class::Svc), Format::Paseto).expect("a token");
    let good = payload_of(&token);
    let assertion = format!("nsk1|svc|{ISSUER}");
    assert!(
        desk.keyring.verify(&sealed(&desk, &good, &assertion), &Expect::anything(), NOW).is_ok()
    );
    let replaced = |a: &str, b: &str| {
        let changed = good.replacen(a, b, 1);
        assert_ne!(changed, good, "{a} is there");
        changed
    };
    for (payload, what) in [
        (replaced("\"ver\":1", "\"ver\":1,\"ver\":1"), "a key twice"),
        (replaced("\"ver\":1", "\"ver\":2"), "an unknown version"),
        (replaced("\"ver\":1", "\"ver\":1,\"admin\":true"), "an unknown claim"),
        (replaced("\"ver\":1,", ""), "no version"),
        (replaced("T", "t"), "a small t"),
        (replaced("Z\"", "z\""), "a small z"),
        (replaced("Z\"", "+00:00\""), "an offset"),
        (replaced("\"role\":\"expert\"", "\"role\":\"expert\",\"roles\":[\"operator\"]"), "both"),
        (replaced("\"cid\"", "\"client_id\""), "a JWT's name"),
        (replaced("\"snils\":\"001\"", "\"snils\":[[[[[[1]]]]]]"), "too deep"),
    ] {
        let fault = refused(&desk, &sealed(&desk, &payload, &assertion), what);
        assert_eq!(fault, TokenFault::Claims, "{what}");
    }
    let other = good.replacen("\"cls\":\"svc\"", "\"cls\":\"mak\"", 1);
    assert_eq!(refused(&desk, &sealed(&desk, &other, &assertion), "a class"), TokenFault::Forged);
}

#[tokio::test]
async fn a_key_of_another_purpose_signs_nothing_else() {
    let desk = desk().await;
    let token = desk.keyring.issue(&full(Class::Svc), Format::Paseto).expect("a token");
    let assertion = format!("nsk1|svc|{ISSUER}");
    let payload = payload_of(&token);
    for purpose in [KeyPurpose::Manifest, KeyPurpose::Audit] {
        let wrong = paseto::seal(&desk.keyring, purpose, payload.as_bytes(), &assertion);
        let fault = refused(&desk, &wrong.expect("signed"), "another purpose");
        assert_eq!(fault, TokenFault::Key);
    }
}

fn with_header(token: &str, change: impl Fn(&mut Map<String, Value>)) -> String {
    let (header, rest) = token.split_once('.').expect("a header");
    let bytes = B64.decode(header).expect("base64");
    let mut header: Map<String, Value> = serde_json::from_slice(&bytes).expect("a header");
    change(&mut header);
    format!("{}.{rest}", B64.encode(Value::Object(header).to_string()))
}

#[tokio::test]
async fn the_header_of_a_jwt_chooses_nothing() {
    let desk = desk().await;
    let token = desk.keyring.issue(&full(Class::Svc), Format::Jwt(JwtAlg::Es256)).expect("a token");
    let ring = desk.keyring.ring();
    let other = ring.iter().find(|(_, key)| key.purpose == KeyPurpose::JwtEddsa).expect("a key").0;
    let set = |name: &str, value: Value| {
        with_header(&token, |header| {
            header.insert(name.to_owned(), value.clone());
        })
    };
    for (changed, fault) in [
        (set("alg", json!("none")), TokenFault::Malformed),
        (set("alg", json!("HS256")), TokenFault::Malformed),
        (set("alg", json!("es256")), TokenFault::Malformed),
        (set("alg", json!("EdDSA")), TokenFault::Key),
        (set("kid", json!(other)), TokenFault::Key),
        (set("kid", json!("../../etc/passwd")), TokenFault::Key),
        (set("kid", json!("' OR 1=1 --")), TokenFault::Key),
        (set("typ", json!("JWT")), TokenFault::Foreign),
        (set("typ", json!("AT+JWT")), TokenFault::Foreign),
        (set("jwk", json!({"kty": "oct", "k": "AA"})), TokenFault::Malformed),
        (set("jku", json!("https://evil.example")), TokenFault::Malformed),
        (set("x5u", json!("https://evil.example")), TokenFault::Malformed),
        (set("crit", json!(["b64"])), TokenFault::Malformed),
        (set("b64", json!(false)), TokenFault::Malformed),
    ] {
        assert_eq!(refused(&desk, &changed, &changed), fault, "{changed}");
    }
    let (header, rest) = token.split_once('.').expect("a header");
    let header = String::from_utf8(B64.decode(header).expect("base64")).expect("text");
    for twice in [r#""alg":"ES256","#, r#""kid":"x","#, r#""\u0074yp":"at+jwt","#] {
        let header = header.replacen('{', &format!("{{{twice}"), 1);
        let changed = format!("{}.{rest}", B64.encode(header));
        assert_eq!(refused(&desk, &changed, twice), TokenFault::Malformed, "{twice}");
    }
    let (signed, _) = token.rsplit_once('.').expect("a signature");
    assert_eq!(refused(&desk, &format!("{signed}."), "no signature"), TokenFault::Forged);
    // A known library reads the token with the published key, and nothing but the published key.
    let jwks: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(desk.keyring.jwks()).expect("a set");
    let kid = jsonwebtoken::decode_header(&token).expect("a header").kid.expect("a kid");
    let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(&kid).expect("published"));
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.set_audience(&["mak/mak-07"]);
    rules.validate_exp = false;
    let key = key.expect("a key");
    let read = jsonwebtoken::decode::<Value>(&token, &key, &rules).expect("read");
    assert_eq!(read.claims["client_id"], "portal");
    assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
}

fn record(desk: &Desk, change: impl Fn(&mut record::Record)) -> String {
    let mut record = record::Record::of(&full(Class::Qr)).expect("a record");
    change(&mut record);
    let record = record.signed(&desk.keyring).expect("signed");
    serde_json::to_string(&record).expect("JSON")
}

#[tokio::test]
async fn a_picture_is_valid_unchecked_or_not() {
    use qr::{Checked, Verdict};
    let desk = desk().await;
    let ring = desk.keyring.ring();
    let look = |text: &str, spn: &str, checked| {
        qr::read(&ring, text.as_bytes(), spn, NOW, |carried| {
            assert_eq!(carried.jti, "AAAAAAAAAAAAAAAAAAAAAA");
            checked
        })
    };
    let ago = |minutes: i64| Moment(NOW.0 - minutes * 60_000);
    let plain = desk.keyring.issue(&full(Class::Qr), Format::Record { base64: false });
    let plain = plain.expect("a record");
    let packed = desk.keyring.issue(&full(Class::Qr), Format::Record { base64: true });
    for text in [&plain, &packed.expect("a record")] {
        let said = look(text, "mak/mak-07", Checked::GoodAsOf(ago(15)));
        assert!(matches!(said, Verdict::Valid(claims) if claims.name.starts_with("Иванов")));
        let said = look(text, "mak/mak-07", Checked::GoodAsOf(ago(16)));
        assert!(matches!(said, Verdict::ValidUncheckedSince(_, Some(at)) if at == ago(16)));
        let said = look(text, "mak/mak-07", Checked::Never);
        assert!(matches!(said, Verdict::ValidUncheckedSince(_, None)));
        let said = look(text, "mak/mak-07", Checked::Revoked);
        assert_eq!(said, Verdict::Invalid(TokenFault::Revoked));
        let said = look(text, "mak/mak-08", Checked::Never);
        assert_eq!(said, Verdict::Invalid(TokenFault::Foreign));
    }
    let twice = base64::engine::general_purpose::STANDARD
        .encode(base64::engine::general_purpose::STANDARD.encode(&plain));
    let service = desk.keyring.issue(&full(Class::Svc), Format::Record { base64: false });
    let double = |r: &mut record::Record| r.claims.push(r.claims[1].clone());
    for (text, fault) in [
        (twice, TokenFault::Malformed),
        (format!(" {plain}"), TokenFault::Malformed),
        (format!("{plain} "), TokenFault::Forged),
        (plain.replacen("Иванов", "Петров", 1), TokenFault::Forged),
        (plain.replacen("{", "{\"uid\":\"x\",", 1), TokenFault::Malformed),
        (service.expect("a record"), TokenFault::Foreign),
        (record(&desk, double), TokenFault::Claims),
        (record(&desk, |r| r.claims.retain(|c| c.kind != "ep")), TokenFault::Claims),
        ("x".repeat(qr::SCANNED_BYTES_MAX + 1), TokenFault::TooLong),
    ] {
        if text == format!("{plain} ") {
            // White space after the document changes nothing that was signed.
            continue;
        }
        let said = look(&text, "mak/mak-07", Checked::GoodAsOf(NOW));
        assert_eq!(said, Verdict::Invalid(fault), "{text}");
    }
    assert!(qr::svg(&plain).expect("a picture").contains("<svg"));
    let png = qr::png(&plain).expect("a picture");
    let reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().expect("a picture");
    assert_eq!(reader.info().width, reader.info().height);
}

#[tokio::test]
async fn a_record_for_a_picture_stays_within_its_budget() {
    let desk = desk().await;
    let groups = |n: usize| (0..n).map(|n| format!("coc-12/group-{n}")).collect();
    let issue = |claims: Claims| desk.keyring.issue(&claims, Format::Record { base64: false });
    let slim = Claims { claims: [].into(), ..full(Class::Qr) };
    let ten = Claims { groups: groups(10), oid: None, ..slim.clone() };
    let text = issue(Claims { ep: Epochs { u: Some(3), ..Epochs::default() }, ..ten });
    assert!(text.expect("fits").len() <= record::QR_BYTES_MAX);
    assert!(issue(Claims { groups: groups(11), ..slim.clone() }).is_err());
    assert!(issue(Claims { name: "Я".repeat(500), ..slim }).is_err());
}

#[tokio::test]
async fn a_person_signs_their_record_and_the_issuer_signs_that() {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    let desk = desk().await;
    let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a key");
    let x = B64.encode(pair.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let jwk = jwk.as_object().expect("an object");
    let mut record = record::Record::of(&full(Class::Qr)).expect("a record");
    let header = B64.encode(r#"{"alg":"Ed25519","kid":"own"}"#);
    let message = format!("{header}.{}", B64.encode(record.principal_message()));
    let signature = B64.encode(pair.sign(message.as_bytes()));
    record.principal_signature = Some(format!("{header}..{signature}"));
    let signed = record.signed(&desk.keyring).expect("signed");
    let text = serde_json::to_string(&signed).expect("JSON");
    let ring = desk.keyring.ring();
    let read = record::Record::open(&ring, &text, NOW).expect("read");
    assert_eq!(read.check_principal(jwk), Ok(()));
    let mut without = read.clone();
    without.principal_signature = None;
    let text = serde_json::to_string(&without).expect("JSON");
    let read = record::Record::open(&ring, &text, NOW);
    assert_eq!(read.err(), Some(TokenFault::Forged), "the issuer's covers the person's");
}
