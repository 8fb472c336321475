//! A centre whose Redis or PostgreSQL server is killed, paused, flushed, or restarted: which answers
//! go on, which are refused and how, and what comes back by itself.

use crate::oauth::kit::{Idp, asked, exchanging, idp_with, redeeming};
use engine::Span;
use engine::exam::Role;
use gateway::auth::SignedIn;
use serde_json::{Value, json};
use std::sync::Arc;
use tests::client::Client;
use tests::clock::MovedClock;
use tests::http::{Ask, Http, Reply};
use tests::server::{Redis, Server};
use tests::stack::{ADMIN, OBSERVER, Place, Setup};
use tests::wait_until;

/// A centre with its servers, and people who are signed in.
struct Centre {
    idp: Idp,
    clock: Arc<MovedClock>,
    observer: SignedIn,
    admin: String,
    access: String,
    refresh: String,
    code: String,
}

async fn centre(postgres: &Server, redis: &Redis) -> Centre {
    let clock = Arc::new(MovedClock::default());
    let setup = Setup { place: Place::on(postgres.url()), clock: clock.clone(), ..Setup::new() };
    let idp = idp_with(setup.with(|config| config.redis.url = redis.url().to_owned())).await;
    let given = idp.tokens("web").await;
    let text = |name: &str| given[name].as_str().expect(name).to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    let code = idp.code("web", &vec![]).await;
    let observer = idp.stack.signed_in(OBSERVER, Role::Observer);
    let admin = idp.stack.token(ADMIN, Role::Administrator);
    let centre = Centre { idp, clock, observer, admin, access, refresh, code };
    centre.until_reads_are("open").await;
    centre
}

impl Centre {
    fn reader(&self) -> Http {
        Http::bearer(self.idp.stack.addr, &self.observer.token)
    }

    /// What a read is like: `open`, `told` with the age of what is known, or the status.
    async fn reads(&self) -> String {
        let reply = self.reader().get("/api/nsk/v1/board").await;
        match (reply.status, reply.headers.contains_key("x-revocation-age")) {
            (200, false) => "open".to_owned(),
            (200, true) => "told".to_owned(),
            (503, _) => format!("503 after {}", reply.headers["retry-after"]),
            (other, _) => other.to_string(),
        }
    }

    async fn until_reads_are(&self, what: &str) {
        let looks = || async { (self.reads().await == what).then_some(()) };
        wait_until(&format!("reads to be {what}"), looks).await;
    }

    async fn change(&self) -> Reply {
        let unique = self.idp.stack.app.ids.salt().map(|byte| format!("{byte:02x}")).concat();
        let new = json!({"name": format!("coc-77/{unique}"), "title": "Experts"});
        Http::bearer(self.idp.stack.addr, &self.admin)
            .post("/api/nsk/v1/passport/groups", &new)
            .await
    }

    async fn presence(&self) -> Value {
        self.reader().get("/api/nsk/v1/presence?s=board").await.json_of(200)
    }

    async fn sign_in(&self) -> Reply {
        let who = json!({"login": "nobody", "password": "wrong"});
        self.idp.http().post("/api/nsk/v1/session", &who).await
    }

    async fn active(&self) -> Reply {
        self.idp.post("/oauth/introspect", "web", &vec![("token", &self.access)]).await
    }

    /// Everything that goes on while the database answers, whatever is with Redis.
    async fn works(&self, why: &str) {
        let idp = &self.idp;
        assert_eq!(self.active().await.json_of(200)["active"], true, "{why}");
        let given = idp.tokens("web").await;
        let access = given["access_token"].as_str().expect("a token");
        let refresh = given["refresh_token"].as_str().expect("a token");
        let pairs = vec![("grant_type", "refresh_token"), ("refresh_token", refresh)];
        assert_eq!(idp.post("/oauth/token", "web", &pairs).await.status, 200, "{why}");
        let exchange = exchanging(access, &[("audience", crate::oauth::kit::MAK)]);
        assert_eq!(idp.post("/oauth/token", "web", &exchange).await.status, 200, "{why}");
        let mut pushed = asked("web");
        pushed.retain(|(name, _)| *name != "client_id");
        assert_eq!(idp.post("/oauth/par", "web", &pushed).await.status, 201, "{why}");
        assert_eq!(self.reader().post("/api/nsk/v1/tickets", &json!({})).await.status, 200);
        assert_eq!(self.sign_in().await.status, 401, "{why}: looked at, and refused");
        let revoked = idp.post("/oauth/revoke", "web", &vec![("token", access)]).await;
        assert_eq!(revoked.status, 200, "{why}");
        assert!(!idp.is_active("web", access).await, "{why}");
        assert_eq!(self.change().await.status, 200, "{why}");
        self.open(why).await;
    }

    /// What is open to everybody, always.
    async fn open(&self, why: &str) {
        for path in [
            "/oauth/jwks",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
            "/livez",
            "/passport/style.css",
        ] {
            assert_eq!(self.idp.http().get(path).await.status, 200, "{why}: {path}");
        }
    }

    /// What is closed at once without the database, in the words of each interface.
    async fn closed(&self, why: &str) {
        let idp = &self.idp;
        let refreshing =
            vec![("grant_type", "refresh_token"), ("refresh_token", self.refresh.as_str())];
        let exchange = exchanging(&self.access, &[("audience", crate::oauth::kit::MAK)]);
        let mut pushed = asked("web");
        pushed.retain(|(name, _)| *name != "client_id");
        for (what, reply) in [
            ("introspection", self.active().await),
            ("a code", idp.redeem("web", &self.code).await),
            ("a refresh", idp.post("/oauth/token", "web", &refreshing).await),
            ("an exchange", idp.post("/oauth/token", "web", &exchange).await),
            ("a pushed request", idp.post("/oauth/par", "web", &pushed).await),
            ("authorization", idp.authorize(&asked("web")).await),
            ("revocation", idp.post("/oauth/revoke", "web", &vec![("token", &self.access)]).await),
            ("who am I", Http::bearer(idp.stack.addr, &self.access).get("/oauth/userinfo").await),
        ] {
            assert_eq!(reply.headers["retry-after"], "5", "{why}: {what}");
            let text = "try again a little later";
            let body = json!({"error": "temporarily_unavailable", "error_description": text});
            assert_eq!(reply.json_of(503), body, "{why}: {what}");
        }
        let ticket = self.reader().post("/api/nsk/v1/tickets", &json!({})).await;
        for (what, reply) in [("a sign-in", self.sign_in().await), ("a ticket", ticket)] {
            assert_eq!(reply.headers["retry-after"], "5", "{why}: {what}");
            assert_eq!(reply.json_of(503)["code"], "unavailable", "{why}: {what}");
        }
        let form = Ask::form("/token", "username=a&password=b&client_id=mak");
        let legacy = idp.http().must(form).await;
        assert_eq!(legacy.json_of(503), json!({"detail": "SERVICE UNAVAILABLE"}), "{why}");
        assert_eq!(legacy.headers["retry-after"], "5", "{why}");
        let page = idp.http().get("/passport/login").await;
        assert_eq!((page.status, page.headers["retry-after"].as_str()), (503, "5"), "{why}");
        assert!(page.headers["content-type"].starts_with("text/html"), "{why}");
        self.open(why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_all_goes_on_with_smaller_shares() {
    let (postgres, redis) = (Server::start(), Redis::start());
    let centre = centre(&postgres, &redis).await;
    centre.works("all is well").await;
    assert_eq!(centre.presence().await["known"], true);
    for what in ["killed", "paused"] {
        if what == "killed" {
            redis.kill()
        } else {
            redis.pause()
        }
        centre.until_reads_are("told").await;
        centre.works(what).await;
        assert_eq!(centre.presence().await, json!({"known": false, "people": []}), "{what}");
        // Who is revoked now is out at once, and the cache hears of it later.
        let signed_in = centre.idp.stack.signed_in(OBSERVER, Role::Observer);
        let mut socket =
            Client::following(centre.idp.stack.addr, &signed_in.token, &["board"]).await;
        centre.idp.stack.revoke(&signed_in.principal).await;
        assert_eq!(socket.until_gone().await.code, Some(4501), "{what}");
        if what == "killed" {
            redis.start_again()
        } else {
            redis.go_on()
        }
        centre.until_reads_are("open").await;
        centre.works(&format!("{what}, and back")).await;
    }
    redis.flush();
    // Filled anew before anybody is told anything is missing: nothing is forgotten by the flush.
    centre.until_reads_are("open").await;
    centre.works("flushed").await;
    centre.idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_what_is_known_serves_for_its_time() {
    let (postgres, redis) = (Server::start(), Redis::start());
    let centre = centre(&postgres, &redis).await;
    for (what, also_redis) in [("killed", false), ("paused", true)] {
        if what == "killed" {
            postgres.kill()
        } else {
            postgres.pause()
        }
        if also_redis {
            redis.kill();
        }
        // The tokens are good, and each look at the database is in vain from here on.
        wait_until("the database to be found away", || async {
            (centre.active().await.headers["retry-after"] == "5").then_some(())
        })
        .await;
        centre.closed(what).await;
        assert_eq!(centre.reads().await, "told", "{what}");
        let stack = &centre.idp.stack;
        let mut socket = Client::following(stack.addr, &centre.observer.token, &["board"]).await;

        centre.clock.pass(Span::secs(61));
        let refused = centre.change().await;
        assert_eq!(refused.headers["retry-after"], "5", "{what}");
        assert_eq!(refused.json_of(503)["code"], "unavailable", "{what}");
        assert_eq!(centre.reads().await, "told", "{what}");
        let age =
            centre.reader().get("/api/nsk/v1/board").await.headers["x-revocation-age"].clone();
        assert!((61..900).contains(&age.parse::<u64>().expect("seconds")), "{what}: {age}");
        assert_eq!(centre.presence().await["known"], !also_redis, "{what}");

        centre.clock.pass(Span::minutes(15));
        let gone = socket.until_gone().await;
        assert_eq!((gone.code, gone.bye.map(|bye| bye.reconnect)), (Some(4013), Some(true)));
        assert!(centre.reads().await.starts_with("503 after "), "{what}");
        let mut late = Client::new(stack.addr, &centre.observer.token);
        late.upgrade().await.expect("an upgrade");
        late.hello(1).await;
        assert_eq!(late.until_gone().await.code, Some(4013), "{what}");
        centre.closed(&format!("{what}, for long")).await;

        if what == "killed" {
            postgres.start_again()
        } else {
            postgres.go_on()
        }
        if also_redis {
            redis.start_again();
        }
        centre.until_reads_are("open").await;
        // Nothing was used up by what was refused.
        assert_eq!(centre.active().await.json_of(200)["active"], true, "{what}");
        centre.works(&format!("{what}, and back")).await;
    }
    let redeemed = centre.idp.post("/oauth/token", "web", &redeeming(&centre.code)).await;
    assert_ne!(redeemed.status, 503, "{}", redeemed.text());
    centre.idp.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_leaves_a_quarter_of_every_share() {
    let (postgres, redis) = (Server::start(), Redis::start());
    let setup = Setup { place: Place::on(postgres.url()), ..Setup::new() };
    let idp = idp_with(setup.with(|config| {
        config.redis.url = redis.url().to_owned();
        config.auth.limits.attempts_per_login_per_minute = 8;
    }))
    .await;
    let looks = || async {
        let away = idp.stack.app.revocation.cache_away();
        (!away.load(std::sync::atomic::Ordering::Acquire)).then_some(())
    };
    wait_until("Redis to be used", looks).await;
    let attempts = async |login: &str| {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let who = json!({"login": login, "password": "wrong"});
            statuses.push(idp.http().post("/api/nsk/v1/session", &who).await.status);
        }
        statuses
    };
    assert_eq!(attempts("anna").await, [401; 8]);
    redis.pause();
    let looks = || async {
        let away = idp.stack.app.revocation.cache_away();
        away.load(std::sync::atomic::Ordering::Acquire).then_some(())
    };
    wait_until("Redis to be missed", looks).await;
    assert_eq!(attempts("boris").await, [401, 401, 429, 429, 429, 429, 429, 429]);
    idp.stack.stop().await;
}
