//! No log line of any level and no event of the audit holds a secret. The real program runs with
//! everything logged while people, clients and strangers use every secret that there is.

use crate::oauth::kit::{
    ANNA, Idp, Key, PORTAL, Pairs, SECRET, asked, changed, exchanging, idp, location, query,
    redeeming,
};
use actors::clock::SystemIds;
use actors::ports::{Clock, IdSource};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::exam::Role;
use entities::{ClientKind, ClientTerms};
use gateway::auth::password;
use serde_json::{Value, json};
use std::path::Path;
use tests::browser::{Browser, between};
use tests::http::{Ask, Http, Reply};
use tests::process::{Nsk, program};
use tests::stack::{ADMIN, Place};
use totp_rs::{Builder, Secret};

const UPN: &str = "anna@nark.example";
const PASSWORD: &str = "an-old-passphrase-b41f9c";
const NEXT: &str = "a-new-passphrase-77d2";
const WRONG: &str = "guessed-password-5c1d";
const PIN: &str = "83490715";
/// What stands for the end of a secret: logs cut long lines.
const TAIL: usize = 16;

/// Everything secret that was used, by a name that may be printed.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn keep(&mut self, name: &str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= 6, "{name} is too short to be looked for");
        self.0.push((name.to_owned(), secret.clone()));
        secret
    }

    fn keep_in(&mut self, answer: &Value) {
        for name in ["access_token", "refresh_token", "id_token", "request_uri", "secret"] {
            if let Some(secret) = answer[name].as_str() {
                self.keep(name, secret);
            }
        }
    }

    /// Names of the secrets that a text holds, whole or by their end.
    fn found_in(&self, text: &str) -> Vec<&str> {
        let holds = |secret: &str| {
            if secret.bytes().all(|b| b.is_ascii_digit()) {
                return text.lines().any(|line| holds_number(line, secret));
            }
            let tail = secret.get(secret.len().saturating_sub(TAIL)..).unwrap_or(secret);
            text.contains(tail) || text.contains(&tail.replace('"', "\\\""))
        };
        self.0.iter().filter(|(_, s)| holds(s)).map(|(name, _)| name.as_str()).collect()
    }
}

/// Whether a line holds a number by itself: neither a part of a time nor a measured one.
fn holds_number(line: &str, number: &str) -> bool {
    let joined = |c: char| c.is_ascii_alphanumeric() || c == '.';
    line.match_indices(number).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + number.len()..]);
        let measured = ["took_us=", "elapsed="].iter().any(|name| before.ends_with(name));
        !measured && !before.ends_with(joined) && !after.starts_with(joined)
    })
}

/// The program with everything in its log.
async fn talkative(place: &Place, log: &Path) -> Nsk {
    let config = place.config();
    let mut text = std::fs::read_to_string(&config).expect("a configuration");
    text.push_str("\n[log]\nfilter = \"trace\"\n");
    std::fs::write(&config, text).expect("written");
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2>\"$NSK_TEST_LOG\""]).env("NSK_TEST_LOG", log);
    command.arg(program()).args(["--lang", "en", "serve", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(place.data()).arg("--config").arg(config);
    Nsk::start_by(command).await.unwrap_or_else(|said| panic!("nsk does not start: {said:?}"))
}

async fn people(idp: &Idp, key: &Key) {
    let store = &idp.stack.app.passport.store;
    let mut anna = store.user(ANNA).await.expect("a read").expect("Anna");
    anna.password_hash = Some(password::hash(PASSWORD, SystemIds.salt()).expect("a hash"));
    store.put_user(&anna).await.expect("kept");
    idp.stack.enter(ADMIN, "admin", Role::Administrator).await;
    let terms = ClientTerms { jwks: Some(key.set()), ..ClientTerms::default() };
    idp.client("signer", ClientKind::Service, terms).await;
}

struct Day {
    nsk: Nsk,
    issuer: String,
    secrets: Secrets,
}

impl Day {
    fn http(&self) -> Http {
        Http::new(self.nsk.addr)
    }

    async fn post(&self, path: &str, pairs: &Pairs<'_>, headers: &[(&str, &str)]) -> Reply {
        let body = query(pairs);
        let ask = Ask::form(path, &body);
        let ask = headers.iter().fold(ask, |ask, (name, value)| ask.with(name, *value));
        self.http().must(ask).await
    }

    /// Anna signs in with a password and a second factor, and changes the password.
    async fn sign_in(&mut self) -> Browser {
        let mut browser = Browser::new(self.nsk.addr);
        browser.open("/passport/login").await;
        for (password, status) in [(WRONG, 422), (PASSWORD, 303)] {
            let password = self.secrets.keep("a password", password);
            let fields = [("login", UPN), ("password", password.as_str())];
            assert_eq!(browser.submit("/passport/login", &fields).await.status, status);
        }
        let page = browser.open("/passport/codes").await.text();
        let secret = between(&page, "class=\"secret\">", "<").expect("a secret").replace(' ', "");
        self.secrets.keep("a TOTP secret", secret.clone());
        let secret = Secret::try_from_base32(secret).expect("base32");
        let app = Builder::new().with_secret(secret).with_account_name("a").build().expect("one");
        let now = actors::clock::SystemClock.now().0.unsigned_abs() / 1_000;
        let code = self.secrets.keep("a TOTP code", app.generate(now).to_string());
        let page = browser.submit("/passport/codes", &[("code", &code)]).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let mut rest = between(&page.text(), "<ol class=\"codes\">", "</ol>").expect("codes");
        while let Some(code) = between(&rest, "<li>", "</li>") {
            rest = rest.split_once("</li>").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
            self.secrets.keep("a recovery code", code);
        }
        browser.open("/passport/password").await;
        self.secrets.keep("a new password", NEXT);
        let fields = [("current", PASSWORD), ("fresh", NEXT), ("again", NEXT)];
        assert_eq!(browser.submit("/passport/password", &fields).await.status, 200);
        for name in ["nsk_passport", "nsk_form"] {
            if let Some(value) = browser.cookie(name) {
                self.secrets.keep("a cookie", value);
            }
        }
        self.secrets.keep("a form's token", browser.form.clone());
        browser
    }

    async fn code(&mut self, browser: &mut Browser, client: &str) -> String {
        let reply = browser.open(&format!("/oauth/authorize?{}", query(&asked(client)))).await;
        let code = location(&reply)["code"].clone();
        self.secrets.keep("a code", code)
    }

    /// What the client "web" does, its secret in the header and in the body.
    async fn web(&mut self, browser: &mut Browser) {
        let basic = format!("Basic {}", STANDARD.encode(format!("web:{SECRET}")));
        self.secrets.keep("a client's secret", SECRET);
        self.secrets.keep("a client's header", basic.clone());
        let header = [("authorization", basic.as_str())];
        let code = self.code(browser, "web").await;
        let given = self.post("/oauth/token", &redeeming(&code), &header).await.json_of(200);
        self.secrets.keep_in(&given);
        self.secrets.keep("a verifier", crate::oauth::kit::VERIFIER);
        let again = self.post("/oauth/token", &redeeming(&code), &header).await;
        assert_eq!(again.status, 400, "a code comes again");
        let code = self.code(browser, "web").await;
        let mut in_body = redeeming(&code);
        in_body.extend([("client_id", "web"), ("client_secret", SECRET)]);
        let given = self.post("/oauth/token", &in_body, &[]).await.json_of(200);
        self.secrets.keep_in(&given);
        let text = |name: &str| given[name].as_str().expect("a token").to_owned();
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        for kind in ["urn:nsk:token-type:paseto", "urn:nsk:token-type:record"] {
            let asked = [("audience", PORTAL), ("requested_token_type", kind)];
            let pairs = exchanging(&access, &asked);
            self.secrets.keep_in(&self.post("/oauth/token", &pairs, &header).await.json_of(200));
        }
        for (pairs, status) in [
            (vec![("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())], 200),
            (vec![("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())], 400),
            (vec![("grant_type", "password"), ("username", UPN), ("password", NEXT)], 400),
        ] {
            let reply = self.post("/oauth/token", &pairs, &header).await;
            assert_eq!(reply.status, status, "{}", reply.text());
            self.secrets.keep_in(&reply.json());
        }
        let pushed = changed(&asked("web"), "client_id", "");
        self.secrets.keep_in(&self.post("/oauth/par", &pushed, &header).await.json_of(201));
        for path in ["/oauth/introspect", "/oauth/revoke"] {
            let reply = self.post(path, &vec![("token", access.as_str())], &header).await;
            assert_eq!(reply.status, 200);
        }
        for path in ["/oauth/userinfo", "/api/nsk/v1/session", "/api/v1/person/info"] {
            assert_eq!(Http::bearer(self.nsk.addr, &access).get(path).await.status, 401);
            let path = format!("{path}?access_token={access}");
            assert_eq!(self.http().get(&path).await.status, 401, "where it does not belong");
        }
    }

    /// A key of a client: bound tokens, and an assertion.
    async fn keys(&mut self, browser: &mut Browser, key: &Key) {
        self.secrets.keep("a private key", key.private());
        let iat = actors::clock::SystemClock.now().0.unsigned_abs() / 1_000;
        let code = self.code(browser, "app").await;
        let mut pairs = redeeming(&code);
        pairs.push(("client_id", "app"));
        let first = key.proof_at(&self.issuer, iat, "1", None);
        let challenged = self.post("/oauth/token", &pairs, &[("DPoP", &first)]).await;
        assert_eq!(challenged.json_of(400)["error"], "use_dpop_nonce");
        let proof = key.proof_at(&self.issuer, iat, "2", Some(&challenged.headers["dpop-nonce"]));
        let given = self.post("/oauth/token", &pairs, &[("DPoP", &proof)]).await.json_of(200);
        self.secrets.keep_in(&given);
        let claims = json!({"iss": "signer", "sub": "signer", "aud": self.issuer,
            "jti": "only", "exp": iat + 60});
        let assertion = key.sign(&json!({"alg": "EdDSA"}), &claims);
        let assertion = self.secrets.keep("an assertion", assertion);
        let pairs = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
        ];
        self.secrets.keep_in(&self.post("/oauth/token", &pairs, &[]).await.json_of(200));
    }

    /// The administrator, and the older doors. Answers the export of the audit.
    async fn administrator(&mut self) -> String {
        for (form, status) in [
            ("username=admin&password=guessed-at-the-old-door", 401),
            ("username=admin&password=admin", 200),
        ] {
            let reply = self.http().must(Ask::form("/token", form)).await;
            assert_eq!(reply.status, status);
            self.secrets.keep_in(&reply.json());
        }
        self.secrets.keep("a password", "guessed-at-the-old-door");
        let pin = self.secrets.keep("a PIN", PIN);
        for form in [
            format!("grant_type=urn:nsk:grant:pin&pin={pin}"),
            format!("username={UPN}&password={pin}"),
            format!("username=&password={pin}"),
        ] {
            let reply = self.http().must(Ask::form("/token", &form)).await;
            assert!((400..500).contains(&reply.status), "{form}: {}", reply.text());
        }
        let token = self.secrets.0.iter().rev().find(|(_, secret)| secret.starts_with("v4."));
        let token = token.map(|(_, secret)| secret.clone()).expect("the administrator's token");
        let mut admin = Http::bearer(self.nsk.addr, &token);
        let path = "/api/nsk/v1/passport/clients/web/secret";
        self.secrets.keep_in(&admin.post(path, &json!({})).await.json_of(200));
        let person = json!({"upn": "new@nark.example", "name": "New", "password": "their-first-password-01"});
        self.secrets.keep("a first password", "their-first-password-01");
        let made = admin.post("/api/nsk/v1/passport/people", &person).await;
        assert!(made.status < 300, "{}", made.text());
        let export = admin.get("/api/nsk/v1/passport/audit/export").await;
        assert_eq!(export.status, 200);
        export.text()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_and_no_audit_holds_a_secret() {
    let key = Key::new();
    let idp = idp().await;
    people(&idp, &key).await;
    let (issuer, place) = (idp.issuer(), idp.stack.stop().await);
    let log = place.data().with_extension("log");
    let nsk = talkative(&place, &log).await;
    let mut day = Day { nsk, issuer, secrets: Secrets::default() };
    let mut browser = day.sign_in().await;
    day.web(&mut browser).await;
    day.keys(&mut browser, &key).await;
    let export = day.administrator().await;
    let Day { nsk, secrets, .. } = day;
    assert!(nsk.stop().await.success());

    let text = std::fs::read_to_string(&log).expect("a log");
    for (word, what) in [("TRACE", "everything is logged"), ("/oauth/token", "and all of it")] {
        assert!(text.contains(word), "{what}");
    }
    for kind in ["token.issue", "token.refresh", "token.reuse", "login.fail", "login.ok"] {
        assert!(export.contains(kind), "the audit holds the day: {kind}");
    }
    assert!(secrets.0.len() > 30, "only {} secrets", secrets.0.len());
    assert_eq!(secrets.found_in(&export), Vec::<&str>::new(), "in the audit");
    let leaks: Vec<&str> = text.lines().filter(|l| !secrets.found_in(l).is_empty()).collect();
    let shown: Vec<String> = leaks.iter().take(5).map(|l| l.chars().take(400).collect()).collect();
    assert_eq!(secrets.found_in(&text), Vec::<&str>::new(), "{} lines: {shown:#?}", leaks.len());
    // The negative control: each of them would be found.
    for (name, secret) in &secrets.0 {
        let line = format!("{text}\nDEBUG a careless line: {}", json!({ "x": secret }));
        let plain = format!("{export}\n{secret}");
        assert!(secrets.found_in(&plain).contains(&name.as_str()), "{name}");
        assert!(line.contains("careless") && !secrets.found_in(&line).is_empty(), "{name}");
    }
}
