//! Epochs: each level ends what was issued under it, by itself and in whatever order, and nothing
//! else.

use super::no_faults;
use crate::oauth::kit::{ANNA, CENTRE, Idp, PORTAL, idp};
use engine::exam::Role;
use engine::identity::{Claims, Class, Confirmation, Epochs};
use gateway::passport::format::Format;
use serde_json::json;
use std::collections::BTreeSet;
use tests::stack::ADMIN;
use uuid::Uuid;

const DEVICE: &str = "thumbprint-of-a-device";
const OTHER: &str = "another";

/// A level, and whose epoch it is: of the token's own, or of somebody else's.
fn levels() -> [(&'static str, String, String); 6] {
    [
        ("user", ANNA.to_string(), Uuid::from_u128(1).to_string()),
        ("organisation", CENTRE.to_string(), Uuid::from_u128(2).to_string()),
        ("client", "web".to_owned(), OTHER.to_owned()),
        ("service", PORTAL.to_owned(), "mak/mak-07".to_owned()),
        ("device", DEVICE.to_owned(), OTHER.to_owned()),
        ("global", String::new(), String::new()),
    ]
}

/// A token that carries these levels, issued now. A station's own carries all; the web's some.
fn token(idp: &Idp, carried: &BTreeSet<&str>) -> String {
    let app = &idp.stack.app;
    let now = engine::Moment(app.clock.now().0.div_euclid(1_000) * 1_000);
    let has = |level: &str| carried.contains(level);
    let (uid, oid) = (ANNA.to_string(), CENTRE.to_string());
    let all = app.revocation.epochs_for(&uid, Some(&oid), Some("web"), Some(PORTAL), Some(DEVICE));
    let ep = Epochs {
        g: all.g.filter(|_| has("global")),
        u: all.u.filter(|_| has("user")),
        o: all.o.filter(|_| has("organisation")),
        c: all.c.filter(|_| has("client")),
        s: all.s.filter(|_| has("service")),
        d: all.d.filter(|_| has("device")),
    };
    let claims = Claims {
        iss: idp.issuer(),
        sub: ANNA,
        aud: PORTAL.to_owned(),
        iat: now,
        nbf: now,
        exp: now + engine::Span::secs(600),
        jti: hex(&app.ids.salt()),
        cls: Class::Svc,
        sid: hex(&app.ids.salt()),
        upn: "anna@nark.example".to_owned(),
        name: "Анна".to_owned(),
        person: None,
        oid: Some(CENTRE),
        opn: None,
        roles: [].into(),
        groups: [].into(),
        claims: [].into(),
        cid: "web".to_owned(),
        ep,
        auth_time: now,
        acr: String::new(),
        amr: [].into(),
        scope: [].into(),
        act: None,
        orig: None,
        cnf: Some(Confirmation { jkt: None, dkt: Some(DEVICE.to_owned()) }),
        rw: None,
    };
    app.passport.keys.issue(&claims, Format::Paseto).expect("a token")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn bump(idp: &Idp, level: &str, id: &str) {
    let body = json!({"level": level, "id": id, "reason": "a test"});
    // The administrator's own token ends with the global epoch: each time a new one.
    let mut http = idp.stack.http(ADMIN, Role::Administrator);
    http.post("/api/nsk/v1/passport/epochs", &body).await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_ends_what_carries_it_and_nothing_else() {
    let idp = idp().await;
    let names: BTreeSet<&str> = levels().iter().map(|(level, ..)| *level).collect();
    for (level, own, foreign) in levels() {
        let alone = token(&idp, &[level].into());
        let mut rest = names.clone();
        rest.remove(level);
        let (all, without) = (token(&idp, &names), token(&idp, &rest));
        if level != "global" {
            bump(&idp, level, &foreign).await;
            for token in [&alone, &all, &without] {
                assert!(idp.is_active("portal", token).await, "{level} of somebody else");
            }
        }
        bump(&idp, level, &own).await;
        assert!(!idp.is_active("portal", &alone).await, "{level} by itself");
        assert!(!idp.is_active("portal", &all).await, "{level} among all");
        assert!(idp.is_active("portal", &without).await, "not what does not carry {level}");
        assert!(idp.is_active("portal", &token(&idp, &names)).await, "a new one after {level}");
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

/// No level hides another: after any of the others, before or behind it, each still counts.
#[tokio::test(flavor = "multi_thread")]
async fn no_level_hides_another_in_whatever_order() {
    let idp = idp().await;
    let names: BTreeSet<&str> = levels().iter().map(|(level, ..)| *level).collect();
    for (first, of_first, _) in levels() {
        for (second, of_second, _) in levels() {
            let before = token(&idp, &names);
            bump(&idp, first, &of_first).await;
            let between = token(&idp, &names);
            assert!(!idp.is_active("portal", &before).await, "{first}");
            assert!(idp.is_active("portal", &between).await, "{first}, then a new token");
            bump(&idp, second, &of_second).await;
            assert!(!idp.is_active("portal", &before).await, "{first}, {second}");
            assert!(!idp.is_active("portal", &between).await, "{second} after {first}");
        }
    }
    no_faults(&idp.stack).await;
    idp.stack.stop().await;
}

/// An epoch that was raised stays so over a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_no_epoch() {
    let idp = idp().await;
    let names: BTreeSet<&str> = levels().iter().map(|(level, ..)| *level).collect();
    let old = token(&idp, &names);
    for (level, own, _) in levels() {
        bump(&idp, level, &own).await;
    }
    let new = token(&idp, &names);
    let place = idp.stack.stop().await;
    let idp = Idp { stack: tests::stack::Setup::new().on(&place).start().await };
    assert!(!idp.is_active("portal", &old).await);
    assert!(idp.is_active("portal", &new).await);
    idp.stack.stop().await;
}
