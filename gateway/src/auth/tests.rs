use super::*;
use crate::adapters::clock::ManualClock;
use actors::clock::SystemIds;
use actors::settings::Limits;
use engine::exam::Role;
use entities::{Assignment, NewRevocation, OpenOptions, Person, User};
use tempfile::TempDir;
use uuid::Uuid;

struct Desk {
    auth: Auth,
    clock: Arc<ManualClock>,
    store: Store,
    dir: TempDir,
}

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

async fn store_in(dir: &TempDir) -> Store {
    let path = dir.path().join("nsk.db");
    migrations::up(&migrations::file_url(&path)).await.expect("a schema");
    Store::open(&path, OpenOptions::default()).await.expect("a store")
}

async fn auth_over(store: &Store, clock: Arc<ManualClock>) -> Auth {
    let limits = Limits::default();
    let revocation = StoreRevocation::load(store.clone(), clock.clone(), &limits);
    let revocation = revocation.await.expect("loaded");
    let audit_deps = crate::passport::audit::AuditDeps {
        store: store.clone(),
        clock: clock.clone(),
        ids: Arc::new(SystemIds),
        dir: store.file().and_then(std::path::Path::parent).expect("a directory").to_owned(),
        signer: None,
    };
    let (audit, _) = Audit::start(audit_deps).await.expect("an audit");
    let kek = crate::passport::keys::Kek::new([1; 32]);
    let keys = Keyring::start(store, Arc::new(SystemIds), clock.clone(), kek, "https://id.example");
    let deps = AuthDeps {
        keys: keys.await.expect("keys"),
        store: store.clone(),
        revocation: Arc::new(revocation),
        clock,
        ids: Arc::new(SystemIds),
        metrics: Metrics::new(),
        audit,
        station: None,
        proofs: Arc::new(Proofs::new(&SystemIds)),
    };
    Auth::start(deps, &AuthConfig::default()).expect("sign-in")
}

async fn desk() -> Desk {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store_in(&dir).await;
    let person = Person {
        id: engine::PersonId(7),
        login: "ivanova".into(),
        name: "Иванова И. И.".into(),
        password_hash: password::hash("correct horse", [3; 16]).expect("a hash"),
        roles: vec!["expert".into(), "astronaut".into()],
        personnel_no: None,
        active: true,
        made_at: Moment(0),
    };
    store.put_person(&person).await.expect("a person");
    let left = Person { id: engine::PersonId(8), login: "left".into(), active: false, ..person };
    store.put_person(&left).await.expect("a person");
    let clock = Arc::new(ManualClock::default());
    let auth = auth_over(&store, clock.clone()).await;
    Desk { auth, clock, store, dir }
}

#[tokio::test]
async fn a_password_gives_a_token_that_names_its_owner() {
    let desk = desk().await;
    let signed_in = desk.auth.login(HOME, " Ivanova", "correct horse").await.expect("signed in");
    let principal = desk.auth.verify(&signed_in.token).expect("a principal");
    assert_eq!(principal, signed_in.principal);
    assert_eq!(principal.person, engine::PersonId(7));
    let roles = [engine::exam::Role::Expert].into();
    assert_eq!(principal.roles, roles, "an unknown role gives nothing");
    assert!(!format!("{signed_in:?}").contains(&signed_in.token));
}

#[tokio::test]
async fn a_role_ends_when_it_was_granted_to_end() {
    const MINUTE: i64 = 60_000;
    let desk = desk().await;
    let person = desk.store.person(engine::PersonId(7)).await.expect("a read").expect("a person");
    let user = User {
        uid: Uuid::from_u128(7),
        person: Some(person.id),
        upn: "ivanova@nark.example".into(),
        skeleton: "ivanova@nark.example".into(),
        name: person.name.clone(),
        password_hash: None,
        active: true,
        delegable: true,
        made_at: Moment(0),
    };
    desk.store.put_user(&user).await.expect("a user");
    let now = desk.clock.now();
    for (n, role, until) in [(1, "operator", None), (2, "expert", Some(5 * MINUTE))] {
        let assignment = Assignment {
            id: Uuid::from_u128(n),
            uid: user.uid,
            role: role.into(),
            oid: None,
            from: now,
            until: until.map(|ms| now + Span(ms)),
            granted_by: "test".into(),
            granted_at: now,
            withdrawn_at: None,
        };
        desk.store.put_assignment(&assignment).await.expect("an assignment");
    }
    let both = desk.auth.login(HOME, "ivanova", "correct horse").await.expect("signed in");
    assert_eq!(both.principal.roles, [Role::Expert, Role::Operator].into());
    desk.clock.advance_ms(5 * MINUTE);
    // What was written down still says so: nobody has granted or withdrawn anything since.
    assert_eq!(person.roles[0], "expert");
    assert_eq!(desk.auth.check(&both.token), Err(TokenFault::Expired), "it ended with the role");
    let later = desk.auth.login(HOME, "ivanova", "correct horse").await.expect("signed in");
    assert_eq!(later.principal.roles, [Role::Operator].into());
    let held = desk.store.roles_by_person(desk.clock.now()).await.expect("a read");
    assert_eq!(held[&engine::PersonId(7)], ["operator".to_owned()].into());
}

#[tokio::test]
async fn whatever_is_wrong_looks_the_same() {
    let desk = desk().await;
    for (login, password) in [
        ("ivanova", "wrong horse"),
        ("nobody", "correct horse"),
        ("left", "correct horse"),
        ("", ""),
        (&*"a".repeat(10_000), "correct horse"),
    ] {
        let refused = desk.auth.login(HOME, login, password).await;
        assert_eq!(refused.err(), Some(ApiError::unauthorized()), "{login}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_login_and_not_for_others() {
    let desk = desk().await;
    for n in 0..10 {
        let from = IpAddr::from([10, 0, 0, n]);
        let refused = desk.auth.login(from, "ivanova", "guess").await.expect_err("refused");
        assert_eq!(refused, ApiError::unauthorized());
    }
    let from = IpAddr::from([10, 0, 1, 1]);
    let slowed = desk.auth.login(from, "IVANOVA ", "correct horse").await.expect_err("slowed");
    assert_eq!(slowed.status.as_u16(), 429);
    assert!(slowed.after_ms > 0 && slowed.temporary);
    let other = desk.auth.login(from, "other", "x").await.expect_err("refused");
    assert_eq!(other, ApiError::unauthorized());
    desk.clock.advance_ms(60_000);
    assert!(desk.auth.login(from, "ivanova", "correct horse").await.is_ok());
}

#[tokio::test]
async fn signing_out_is_remembered_over_a_restart() {
    let desk = desk().await;
    let first = desk.auth.login(HOME, "ivanova", "correct horse").await.expect("signed in");
    let second = desk.auth.login(HOME, "ivanova", "correct horse").await.expect("signed in");
    assert!(desk.auth.check(&first.token).is_ok(), "verified, and remembered as such");
    let mut changes = desk.auth.0.revocation.changes();
    desk.auth.logout(&first.principal).await.expect("signed out");
    assert!(changes.try_recv().is_ok(), "open connections hear of it");
    assert_eq!(desk.auth.check(&first.token), Err(TokenFault::Revoked));
    assert!(desk.auth.check(&second.token).is_ok(), "another sign-in goes on");

    let Desk { auth, clock, store, dir } = desk;
    drop(auth);
    store.close().await.expect("closed");
    drop(store);
    let store = store_in(&dir).await;
    let auth = auth_over(&store, clock.clone()).await;
    assert_eq!(auth.check(&first.token), Err(TokenFault::Revoked));
    assert!(auth.check(&second.token).is_ok(), "the key is the same");
    assert!(auth.check(&second.token).is_ok(), "from memory");
    clock.advance_ms(8 * 3_600_000);
    assert_eq!(auth.check(&second.token), Err(TokenFault::Expired));
}

#[tokio::test]
async fn a_revocation_written_by_another_process_is_seen() {
    let desk = desk().await;
    let signed_in = desk.auth.login(HOME, "ivanova", "correct horse").await.expect("signed in");
    let other = NewRevocation {
        sid: Some(signed_in.principal.sid.clone()),
        reason: "lost tablet".into(),
        at: Moment(0),
        expires_at: signed_in.principal.expires_at,
        ..NewRevocation::default()
    };
    desk.store.revoke(&other).await.expect("written");
    assert!(desk.auth.check(&signed_in.token).is_ok(), "not read yet");
    desk.auth.0.revocation.refresh().await.expect("read");
    assert_eq!(desk.auth.check(&signed_in.token), Err(TokenFault::Revoked));
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let principal = Principal::somebody(1, Moment(90_000));
    let signed_in = SignedIn { token: "v4.public.x".into(), principal };
    let text = session_cookie(&signed_in, Moment(30_000), true).to_string();
    for part in ["nsk_session=v4.public.x", "HttpOnly", "SameSite=Strict", "Secure", "Max-Age=60"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!session_cookie(&signed_in, Moment(0), false).to_string().contains("Secure"));
    assert!(cleared_cookie(false).to_string().contains("Max-Age=0"));
}
