//! A station with people, clients and services of the passport, and a client's side of the
//! protocol: PKCE, Basic, proofs of possession.

mod key;

pub use key::Key;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use engine::{Moment, Span};
use entities::{Assignment, Client, ClientKind, ClientTerms, Organisation, PassportSession};
use entities::{Service, User};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::http::{Ask, Http, Reply};
use tests::stack::{Setup, Stack};
use uuid::Uuid;

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const CALLBACK: &str = "https://app.example/cb";
pub const SECRET: &str = "a-secret-with-256-bits-of-its-own-0123456789";
pub const ANNA: Uuid = Uuid::from_u128(0xa11a);
pub const CENTRE: Uuid = Uuid::from_u128(0xce27);
/// The front service and the one behind it.
pub const PORTAL: &str = "coc/portal";
pub const MAK: &str = "mak/mak-07";
pub const VIDEO: &str = "video/srv1";
const COOKIE: &str = "the-browser-of-anna";

/// A station with the passport's people.
pub struct Idp {
    pub stack: Stack,
}

/// Parameters by name.
pub type Pairs<'a> = Vec<(&'a str, &'a str)>;

pub async fn idp() -> Idp {
    idp_with(Setup::new()).await
}

pub async fn idp_with(setup: Setup) -> Idp {
    let stack = setup.start().await;
    let idp = Idp { stack };
    idp.people().await;
    idp.clients().await;
    idp
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

impl Idp {
    pub fn now(&self) -> Moment {
        self.stack.app.clock.now()
    }

    async fn people(&self) {
        let store = &self.stack.app.passport.store;
        let now = self.now();
        let anna = User {
            uid: ANNA,
            person: None,
            upn: "anna@nark.example".into(),
            skeleton: "anna@nark.example".into(),
            name: "Анна".into(),
            password_hash: None,
            active: true,
            delegable: true,
            made_at: now,
        };
        store.put_user(&anna).await.expect("a user");
        let centre = Organisation {
            oid: CENTRE,
            opn: "org/coc-12@nark.example".into(),
            name: "ЦОК 12".into(),
            ogrn: None,
            active: true,
            made_at: now,
        };
        store.put_organisation(&centre).await.expect("an organisation");
        for (n, role, oid, until) in [
            (1, "expert", Some(CENTRE), None),
            (2, "operator", None, Some(now + Span::secs(3_600))),
        ] {
            let held = Assignment {
                id: Uuid::from_u128(n),
                uid: ANNA,
                role: role.into(),
                oid,
                from: now,
                until,
                granted_by: "cli".into(),
                granted_at: now,
                withdrawn_at: None,
            };
            store.put_assignment(&held).await.expect("an assignment");
        }
        self.sign_in(COOKIE, now).await;
    }

    /// A browser in which Anna has signed in.
    pub async fn sign_in(&self, cookie: &str, at: Moment) {
        let session = PassportSession {
            sid: format!("sid-{cookie}"),
            cookie_hash: sha256(cookie.as_bytes()),
            uid: ANNA,
            made_at: at,
            seen_at: at,
            auth_time: at,
            expires_at: at + Span::secs(36_000),
            user_agent: String::new(),
            acr: "urn:nsk:acr:password".into(),
            amr: ["pwd".to_owned()].into(),
            ended_at: None,
        };
        self.stack.app.passport.store.put_session(&session).await.expect("a session");
    }

    async fn clients(&self) {
        let store = &self.stack.app.passport.store;
        for (spn, aliases) in [(PORTAL, vec![]), (MAK, vec![]), (VIDEO, vec![])] {
            let service = Service {
                spn: spn.into(),
                name: spn.into(),
                requires: json!({}),
                aliases,
                active: true,
                made_at: self.now(),
            };
            store.put_service(&service).await.expect("a service");
        }
        store.allow_delegation(PORTAL, MAK).await.expect("allowed");
        let all = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let terms = |audiences: &[&str]| ClientTerms {
            redirect_uris: vec![CALLBACK.into(), "http://127.0.0.1/cb".into()],
            post_logout_redirect_uris: vec!["https://app.example/bye".into()],
            scopes: all(&["openid", "profile", "exam"]),
            audiences: all(audiences).into_iter().collect(),
            ..ClientTerms::default()
        };
        self.client("app", ClientKind::Public, terms(&[])).await;
        self.client("web", ClientKind::Confidential, terms(&[PORTAL, MAK])).await;
        let portal = ClientTerms { spn: Some(PORTAL.into()), ..terms(&[MAK, VIDEO]) };
        self.client("portal", ClientKind::Service, portal).await;
        let other = ClientTerms { spn: Some(VIDEO.into()), ..terms(&[MAK]) };
        self.client("video", ClientKind::Service, other).await;
    }

    pub async fn client(&self, id: &str, kind: ClientKind, terms: ClientTerms) {
        let secret = (kind != ClientKind::Public).then(|| sha256(SECRET.as_bytes()));
        let client = Client {
            id: id.into(),
            uid: Uuid::from_slice(&sha256(id.as_bytes())[..16]).expect("16 bytes"),
            name: id.into(),
            kind,
            secret_hash: secret,
            terms,
            active: true,
            made_at: self.now(),
        };
        self.stack.app.passport.store.put_client(&client).await.expect("a client");
    }

    pub fn issuer(&self) -> String {
        self.stack.app.passport.keys.issuer().to_owned()
    }

    pub fn http(&self) -> Http {
        Http::new(self.stack.addr)
    }

    /// Asks for a code as a browser in which Anna has signed in; answers where it is sent.
    pub async fn authorize(&self, pairs: &Pairs<'_>) -> Reply {
        let path = format!("/oauth/authorize?{}", query(pairs));
        let ask = Ask { method: "GET", path: &path, ..Ask::default() };
        self.http().must(ask.with("cookie", format!("nsk_passport={COOKIE}"))).await
    }

    /// A code for a client.
    pub async fn code(&self, client: &str, more: &Pairs<'_>) -> String {
        let mut pairs = asked(client);
        pairs.extend(more.iter().copied());
        let place = location(&self.authorize(&pairs).await);
        place.get("code").unwrap_or_else(|| panic!("no code: {place:?}")).clone()
    }

    /// Asks the token endpoint, or another for clients, with the client's secret if it has one.
    pub async fn post(&self, path: &str, client: &str, pairs: &Pairs<'_>) -> Reply {
        self.post_with(path, client, pairs, &[]).await
    }

    pub async fn post_with(
        &self,
        path: &str,
        client: &str,
        pairs: &Pairs<'_>,
        headers: &[(&str, String)],
    ) -> Reply {
        let mut pairs = pairs.clone();
        let public = client == "app";
        if public {
            pairs.push(("client_id", client));
        }
        let body = query(&pairs);
        let mut ask = Ask::form(path, &body);
        if !public {
            let basic = STANDARD.encode(format!("{client}:{SECRET}"));
            ask = ask.with("authorization", format!("Basic {basic}"));
        }
        for (name, value) in headers {
            ask = ask.with(name, value.clone());
        }
        self.http().must(ask).await
    }

    /// The tokens of a code.
    pub async fn redeem(&self, client: &str, code: &str) -> Reply {
        self.post("/oauth/token", client, &redeeming(code)).await
    }

    /// The tokens of a fresh sign-in.
    pub async fn tokens(&self, client: &str) -> Value {
        let code = self.code(client, &vec![]).await;
        self.redeem(client, &code).await.json_of(200)
    }

    /// Whether the passport calls a token active, as the portal asks.
    pub async fn is_active(&self, client: &str, token: &str) -> bool {
        let told = self.post("/oauth/introspect", client, &vec![("token", token)]).await;
        told.json_of(200)["active"] == true
    }
}

/// A sound request of a client.
pub fn asked(client: &str) -> Pairs<'_> {
    vec![
        ("client_id", client),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile exam"),
        ("state", "st/ate"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// With another value; an empty one takes it away.
pub fn changed<'a>(pairs: &Pairs<'a>, name: &'a str, value: &'a str) -> Pairs<'a> {
    let mut pairs: Pairs<'a> = pairs.iter().copied().filter(|(n, _)| *n != name).collect();
    if !value.is_empty() {
        pairs.push((name, value));
    }
    pairs
}

/// What redeems a code.
pub fn redeeming(code: &str) -> Pairs<'_> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

/// An exchange of a token.
pub fn exchanging<'a>(subject: &'a str, more: &[(&'a str, &'a str)]) -> Pairs<'a> {
    let mut pairs = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", subject),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    ];
    pairs.extend_from_slice(more);
    pairs
}

pub fn query(pairs: &Pairs<'_>) -> String {
    let part = |(name, value): &(&str, &str)| format!("{name}={}", escaped(value));
    pairs.iter().map(part).collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    let one = |b: u8| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    };
    text.bytes().map(one).collect()
}

/// The query of where a browser is sent, with the place itself under an empty name.
pub fn location(reply: &Reply) -> BTreeMap<String, String> {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let place = reply.headers.get("location").expect("a place").clone();
    let (base, query) = place.split_once('?').unwrap_or((&place, ""));
    let mut found: BTreeMap<String, String> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(n, v)| (n.to_owned(), unescaped(v)))
        .collect();
    found.insert(String::new(), base.to_owned());
    found
}

fn unescaped(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'%' => {
                let pair = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let pair = String::from_utf8_lossy(&pair).into_owned();
                out.push(u8::from_str_radix(&pair, 16).unwrap_or(b'?'));
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The payload of a JWT.
pub fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&B64.decode(part).expect("base64url")).expect("JSON")
}

/// Gives somebody a role for everything.
pub async fn grant(idp: &Idp, uid: Uuid, role: &str) {
    let now = idp.now();
    let held = Assignment {
        id: Uuid::from_slice(&sha256(format!("{uid}{role}").as_bytes())[..16]).expect("16 bytes"),
        uid,
        role: role.into(),
        oid: None,
        from: now,
        until: None,
        granted_by: "cli".into(),
        granted_at: now,
        withdrawn_at: None,
    };
    idp.stack.app.passport.store.put_assignment(&held).await.expect("an assignment");
}
