//! Every format against the same claims and the same attacks.

mod attacks;
mod fuzzed;
mod proofs;
mod vectors;

use super::*;
use crate::adapters::clock::ManualClock;
use crate::passport::keys::Kek;
use actors::clock::SystemIds;
use actors::ports::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::exam::Role;
use engine::identity::{Act, Confirmation, Epochs, KeyPurpose, Original};
use entities::{OpenOptions, Store};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const NOW: Moment = Moment(1_796_000_000_000);

pub(crate) struct Desk {
    pub keyring: Keyring,
    pub clock: Arc<ManualClock>,
    pub store: Store,
    _dir: TempDir,
}

pub(crate) async fn desk() -> Desk {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("nsk.db");
    migrations::up(&migrations::file_url(&path)).await.expect("a schema");
    let store = Store::open(&path, OpenOptions::default()).await.expect("a store");
    let clock = Arc::new(ManualClock::default());
    clock.advance_ms(NOW.0 - clock.now().0);
    let keyring =
        Keyring::start(&store, Arc::new(SystemIds), clock.clone(), Kek::new([9; 32]), ISSUER)
            .await
            .expect("keys");
    Desk { keyring, clock, store, _dir: dir }
}

/// Claims with every member filled.
pub(crate) fn full(cls: Class) -> Claims {
    let at = |s: i64| Moment(NOW.0 + s * 1_000);
    Claims {
        iss: ISSUER.to_owned(),
        sub: Uuid::from_u128(7),
        aud: "mak/mak-07".to_owned(),
        iat: NOW,
        nbf: NOW,
        exp: at(7_200),
        jti: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        cls,
        sid: "sign-in".to_owned(),
        upn: "ivanov.ii@nark.example".to_owned(),
        name: "Иванов И. И. \"cls\":\"mak\"".to_owned(),
        person: Some(engine::PersonId(12)),
        oid: Some(Uuid::from_u128(8)),
        opn: Some("org/coc-12@nark.example".to_owned()),
        roles: [Role::Expert].into(),
        groups: ["coc-12/expert".to_owned()].into(),
        claims: [("snils".to_owned(), serde_json::json!("001"))].into(),
        cid: "portal".to_owned(),
        ep: Epochs { g: Some(1), u: Some(3), o: Some(1), c: Some(7), s: Some(0), d: None },
        auth_time: at(-60),
        acr: "urn:nsk:acr:mfa".to_owned(),
        amr: ["pwd".to_owned(), "otp".to_owned()].into(),
        scope: ["exam.read".to_owned(), "exam.write".to_owned()].into(),
        act: Some(Act { sub: "coc/portal".to_owned(), act: None }),
        orig: Some(Original { jti: "o".to_owned(), exp: 1_796_007_200 }),
        cnf: Some(Confirmation { jkt: Some("thumb".to_owned()), dkt: None }),
        rw: Some(at(5_400)),
    }
}

pub(crate) fn for_mak(classes: &'static [Class]) -> Expect {
    Expect { classes, audience: Audience::Spn("mak/mak-07".to_owned()) }
}

pub(crate) const FORMATS: [Format; 7] = [
    Format::Paseto,
    Format::Jwt(JwtAlg::Es256),
    Format::Jwt(JwtAlg::EdDsa),
    Format::Jwt(JwtAlg::Ed25519),
    Format::Jwt(JwtAlg::Rs256),
    Format::Record { base64: false },
    Format::Record { base64: true },
];

#[tokio::test]
async fn every_format_says_the_same_of_every_class() {
    let desk = desk().await;
    desk.keyring.want(KeyPurpose::JwtRs256).await.expect("an RSA key");
    for format in FORMATS {
        for class in Class::ALL.into_iter().filter(|c| *c != Class::Qr) {
            for roles in [vec![], vec![Role::Expert], vec![Role::Expert, Role::Operator]] {
                let claims = Claims { roles: roles.into_iter().collect(), ..full(class) };
                let token = desk.keyring.issue(&claims, format).expect("a token");
                let read = desk.keyring.verify(&token, &for_mak(&Class::ALL), NOW);
                assert_eq!(read.as_ref(), Ok(&claims), "{format:?} {token}");
            }
        }
        let bare = Claims {
            person: None,
            oid: None,
            opn: None,
            roles: [].into(),
            groups: [].into(),
            claims: [].into(),
            scope: [].into(),
            act: None,
            orig: None,
            cnf: None,
            rw: None,
            ..full(Class::Svc)
        };
        let token = desk.keyring.issue(&bare, format).expect("a token");
        assert_eq!(desk.keyring.verify(&token, &for_mak(&[Class::Svc]), NOW), Ok(bare));
    }
}

#[tokio::test]
async fn a_token_holds_from_its_first_second_to_the_one_before_its_last() {
    let desk = desk().await;
    let expect = for_mak(&[Class::Svc]);
    for format in [Format::Paseto, Format::Jwt(JwtAlg::Es256), Format::Record { base64: true }] {
        let token = desk.keyring.issue(&full(Class::Svc), format).expect("a token");
        for (ms, fault) in [
            (-60_001, Some(TokenFault::Early)),
            (-60_000, None),
            (7_200_000 - 1, None),
            (7_200_000, Some(TokenFault::Expired)),
            (7_201_000, Some(TokenFault::Expired)),
        ] {
            let read = desk.keyring.verify(&token, &expect, Moment(NOW.0 + ms));
            assert_eq!(read.err(), fault, "{format:?} at {ms}");
        }
        let later = Moment(NOW.0 + 86_400_000);
        assert!(desk.keyring.ring().read(&token, &expect, later).is_ok(), "for a hint");
    }
}

#[tokio::test]
async fn another_class_audience_or_issuer_is_foreign() {
    let desk = desk().await;
    for format in [Format::Paseto, Format::Jwt(JwtAlg::Es256), Format::Record { base64: false }] {
        let token = desk.keyring.issue(&full(Class::Dlg), format).expect("a token");
        let elsewhere = Audience::Spn("mak/mak-08".to_owned());
        for expect in [
            for_mak(&[Class::Svc, Class::Mak]),
            Expect { classes: &[Class::Dlg], audience: elsewhere },
            Expect { classes: &[Class::Dlg], audience: Audience::Issuer },
        ] {
            let read = desk.keyring.verify(&token, &expect, NOW);
            assert_eq!(read.err(), Some(TokenFault::Foreign), "{format:?} {expect:?}");
        }
        assert!(desk.keyring.verify(&token, &Expect::anything(), NOW).is_ok());
    }
    let foreign = Claims { iss: "https://evil.example".to_owned(), ..full(Class::Svc) };
    assert!(desk.keyring.issue(&foreign, Format::Paseto).is_err());
}

#[tokio::test]
async fn an_id_token_is_no_access_token_and_a_logout_token_neither() {
    let desk = desk().await;
    let keyring = &desk.keyring;
    let id = jwt::IdToken {
        iss: ISSUER.to_owned(),
        sub: Uuid::from_u128(7).to_string(),
        aud: "portal".to_owned(),
        exp: 1_796_007_200,
        iat: 1_796_000_000,
        auth_time: 1_796_000_000,
        nonce: Some("n".to_owned()),
        acr: "1".to_owned(),
        amr: vec!["pwd".to_owned()],
        at_hash: Some(jwt::half_hash("token")),
        sid: "s".to_owned(),
        more: serde_json::Map::new(),
    };
    let token = keyring.issue_id_token(&id, JwtAlg::Es256).expect("a token");
    assert_eq!(keyring.read_id_token(&token, NOW), Ok(id.clone()));
    assert_eq!(keyring.verify(&token, &Expect::anything(), NOW), Err(TokenFault::Foreign));
    let logout = jwt::sign(keyring, JwtAlg::Es256, jwt::Typ::Logout, &id).expect("a token");
    assert_eq!(keyring.read_id_token(&logout, NOW), Err(TokenFault::Foreign));
    let access = keyring.issue(&full(Class::Svc), Format::Jwt(JwtAlg::Es256)).expect("a token");
    assert_eq!(keyring.read_id_token(&access, NOW), Err(TokenFault::Foreign));
}
