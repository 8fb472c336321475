//! Clients that others wrote, against the passport: openid-client and oauth4webapi on Node.js,
//! Authlib and pyseto on Python. `make` installs them; their scripts are in `tests/interop`.

use crate::oauth::kit::{self, Idp};
use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use engine::identity::KeyPurpose;
use entities::{ClientKind, ClientTerms, User};
use gateway::auth::password;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;
use uuid::Uuid;

const UPN: &str = "ivan@nark.example";
const PASSWORD: &str = "correct horse battery staple";
const IVAN: Uuid = Uuid::from_u128(0x1fa2);
const CALLBACK: &str = "http://127.0.0.1:9/callback";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

/// A person who signs in with a password, and the clients of the scripts.
async fn given(idp: &Idp) -> Value {
    let app = &idp.stack.app;
    let now = app.clock.now();
    let salt = app.ids.salt();
    let hashed = tokio::task::spawn_blocking(move || password::hash(PASSWORD, salt)).await;
    let user = User {
        uid: IVAN,
        person: None,
        upn: UPN.into(),
        skeleton: UPN.into(),
        name: "Иван".into(),
        password_hash: Some(hashed.expect("a thread").expect("a hash")),
        active: true,
        delegable: true,
        made_at: now,
    };
    app.passport.store.put_user(&user).await.expect("a user");
    kit::grant(idp, IVAN, "expert").await;
    let terms = ClientTerms {
        redirect_uris: vec![CALLBACK.into()],
        scopes: ["openid", "profile", "exam"].map(str::to_owned).into(),
        audiences: [kit::MAK.to_owned()].into(),
        ..ClientTerms::default()
    };
    idp.client("interop-web", ClientKind::Confidential, terms.clone()).await;
    idp.client("interop-app", ClientKind::Public, terms.clone()).await;
    let (public, private) = service_key();
    let keys = ClientTerms { jwks: Some(json!({"keys": [public]})), ..terms };
    idp.client("interop-service", ClientKind::Service, keys).await;
    json!({
        "issuer": idp.issuer(),
        "redirect_uri": CALLBACK,
        "upn": UPN,
        "password": PASSWORD,
        "uid": IVAN,
        "role": "expert",
        "spn": kit::MAK,
        "public": {"id": "interop-app"},
        "confidential": {"id": "interop-web", "secret": kit::SECRET},
        "service": {"id": "interop-service", "jwk": private, "scope": "exam"},
        "paserk": paserk(idp),
    })
}

/// A P-256 key as public and as private JWK.
fn service_key() -> (Value, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let point = pair.public_key().as_ref().to_vec();
    let secret = pair.private_key().as_be_bytes().expect("a private key");
    let public = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "interop",
        "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]),
    });
    let mut private = public.clone();
    private["d"] = B64.encode(secret.as_ref()).into();
    (public, private)
}

/// The active key of native tokens, as PASERK writes it.
fn paserk(idp: &Idp) -> String {
    let ring = idp.stack.app.passport.keys.ring();
    let mut keys = ring.iter().filter(|(_, held)| held.purpose == KeyPurpose::Paseto);
    let (_, held) = keys.next().expect("a key");
    format!("k4.public.{}", B64.encode(held.public.bytes()))
}

/// Runs a client's script; what it did is printed.
async fn run(mut command: Command, given: &Value) {
    let ended = command.env("NSK_INTEROP", given.to_string()).output().await;
    let ended = ended.unwrap_or_else(|e| panic!("not installed (`make test` installs it): {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&ended.stdout), text(&ended.stderr));
    print!("{out}");
    assert!(ended.status.success(), "{out}\n{err}");
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(folder().join(script));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_does_what_a_stock_client_does() {
    let idp = kit::idp().await;
    let given = given(&idp).await;
    run(node("openid_client.mjs"), &given).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth4webapi_finds_every_answer_as_its_standard_says() {
    let idp = kit::idp().await;
    let given = given(&idp).await;
    run(node("oauth4webapi.mjs"), &given).await;
    idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_and_pyseto_agree() {
    let idp = kit::idp().await;
    let given = given(&idp).await;
    let mut python = Command::new(folder().join(".venv/bin/python"));
    python.arg(folder().join("authlib_client.py"));
    run(python, &given).await;
    idp.stack.stop().await;
}
