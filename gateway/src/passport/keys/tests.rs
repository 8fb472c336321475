use super::*;
use crate::passport::format::tests::{Desk, ISSUER, NOW, desk, for_mak, full};
use crate::passport::format::{Format, JwtAlg, TokenFault};
use actors::clock::SystemIds;
use engine::Moment;
use engine::identity::Class;

const DAY: i64 = 86_400_000;

async fn again(desk: &Desk, kek: Kek) -> Result<Keyring, Trouble> {
    Keyring::start(&desk.store, Arc::new(SystemIds), desk.clock.clone(), kek, ISSUER).await
}

fn states(keyring: &Keyring, purpose: KeyPurpose) -> Vec<KeyState> {
    keyring.list().iter().filter(|key| key.purpose == purpose).map(|key| key.state).collect()
}

#[tokio::test]
async fn keys_outlive_a_restart_and_open_with_their_file_alone() {
    let desk = desk().await;
    let token = desk.keyring.issue(&full(Class::Svc), Format::Paseto).expect("a token");
    let next = again(&desk, Kek::new([9; 32])).await.expect("the same file");
    assert!(next.verify(&token, &for_mak(&[Class::Svc]), NOW).is_ok());
    assert_eq!(next.list(), desk.keyring.list(), "nothing was made anew");
    let wrong = again(&desk, Kek::new([8; 32])).await.err().expect("another file");
    assert!(wrong.to_string().contains("key file"), "{wrong}");
    let (_, rows) = desk.store.keys().await.expect("keys");
    assert_eq!(rows.len(), AT_START.len());
    for row in rows.iter().filter(|row| row.purpose == "paseto") {
        assert_eq!(row.sealed.len(), 24 + 32 + 16);
        assert!(row.kid.starts_with("k4.pid."));
    }
}

#[tokio::test]
async fn a_key_goes_through_its_life() {
    let desk = desk().await;
    let keyring = &desk.keyring;
    let expect = for_mak(&[Class::Svc]);
    let claims = full(Class::Svc);
    let format = Format::Jwt(JwtAlg::Es256);
    let purpose = KeyPurpose::JwtEs256;
    let old = keyring.issue(&claims, format).expect("a token");
    assert!(matches!(keyring.rotate(purpose, false).await, Err(KeyFault::State(_))));
    desk.clock.advance_ms(1);
    keyring.announce(purpose).await.expect("announced");
    assert!(matches!(keyring.announce(purpose).await, Err(KeyFault::State(_))), "one at a time");
    let published = keyring.jwks()["keys"].as_array().map(Vec::len);
    assert_eq!(published, Some(3), "the announced one is published");
    assert!(matches!(keyring.rotate(purpose, false).await, Err(KeyFault::State(_))), "too early");
    desk.clock.advance_ms(DAY);
    keyring.rotate(purpose, false).await.expect("rotated");
    assert_eq!(states(keyring, purpose), [KeyState::VerifyOnly, KeyState::Active]);
    assert!(keyring.verify(&old, &expect, NOW).is_ok(), "what it signed still counts");
    assert_ne!(
        keyring.issue(&claims, format).expect("a token").split('.').next(),
        old.split('.').next()
    );
    desk.clock.advance_ms(30 * DAY + 60_000);
    let later = Moment(NOW.0 + 31 * DAY + 60_001);
    assert_eq!(keyring.ring().read(&old, &expect, later), Err(TokenFault::Key), "by time alone");
    keyring.upkeep().await.expect("looked after");
    assert_eq!(states(keyring, purpose)[0], KeyState::Retired);
}

#[tokio::test]
async fn a_compromised_key_verifies_nothing_from_that_moment_on_in_every_process() {
    let desk = desk().await;
    let expect = for_mak(&[Class::Svc]);
    let other = again(&desk, Kek::new([9; 32])).await.expect("another process");
    let claims = full(Class::Svc);
    let token = desk.keyring.issue(&claims, Format::Paseto).expect("a token");
    let kid = desk.keyring.list().into_iter().find(|k| k.purpose == KeyPurpose::Paseto);
    let kid = kid.expect("a key").kid;
    desk.keyring.compromise(&kid).await.expect("said");
    assert_eq!(desk.keyring.verify(&token, &expect, NOW), Err(TokenFault::Key));
    other.refresh().await.expect("read");
    assert_eq!(other.verify(&token, &expect, NOW), Err(TokenFault::Key));
    let next = desk.keyring.issue(&claims, Format::Paseto).expect("a new key took its place");
    assert!(other.verify(&next, &expect, NOW).is_ok());
    assert!(matches!(desk.keyring.compromise("nobody").await, Err(KeyFault::Unknown(_))));
    let (_, rows) = desk.store.keys().await.expect("keys");
    let row = rows.iter().find(|row| row.kid == kid).expect("kept");
    assert!(row.sealed.is_empty(), "its private half is gone");
}

#[tokio::test]
async fn the_calendar_announces_and_rotates_by_itself() {
    let desk = desk().await;
    let purpose = KeyPurpose::Paseto;
    let mut seen = Vec::new();
    for _ in 0..75 {
        desk.clock.advance_ms(DAY);
        desk.keyring.upkeep().await.expect("looked after");
        seen.push(states(&desk.keyring, purpose));
        let active = states(&desk.keyring, purpose).into_iter().filter(|s| s.signs()).count();
        assert_eq!(active, 1);
    }
    use KeyState::{Active, Announced, Retired, VerifyOnly};
    assert_eq!(seen[21], [Active]);
    assert_eq!(seen[22], [Active, Announced], "a week before");
    assert_eq!(seen[29], [VerifyOnly, Active]);
    assert_eq!(seen[74], [Retired, VerifyOnly, Active]);
}

#[tokio::test]
async fn a_station_takes_newer_bundles_of_the_key_it_knows() {
    let desk = desk().await;
    let keyring = &desk.keyring;
    let pinned = keyring.list().into_iter().find(|k| k.purpose == KeyPurpose::Manifest);
    let pinned = pinned.expect("a key").kid;
    let source = keyring.ring();
    let key = source.get(&pinned).expect("a key");
    let mut station = Ring::new(ISSUER, 0);
    station.add((key.purpose, key.state), key.public.bytes(), None).expect("pinned");
    let first = keyring.bundle().expect("a bundle");
    let token = keyring.issue(&full(Class::Mak), Format::Paseto).expect("a token");
    assert_eq!(station.verify(&token, &for_mak(&[Class::Mak]), NOW), Err(TokenFault::Key));
    let station = station.accept_bundle(&first, NOW).expect("accepted");
    assert!(station.verify(&token, &for_mak(&[Class::Mak]), NOW).is_ok());
    assert_eq!(station.accept_bundle(&first, NOW).err(), Some(BundleFault::Old));

    let kid = keyring.list().into_iter().find(|k| k.purpose == KeyPurpose::Paseto);
    keyring.compromise(&kid.expect("a key").kid).await.expect("said");
    let second = keyring.bundle().expect("a bundle");
    let station = station.accept_bundle(&second, NOW).expect("accepted");
    assert_eq!(station.verify(&token, &for_mak(&[Class::Mak]), NOW), Err(TokenFault::Key));
    assert_eq!(station.accept_bundle(&first, NOW).err(), Some(BundleFault::Old), "no way back");

    let forged = BundleFault::Token(TokenFault::Key);
    assert_eq!(Ring::new(ISSUER, 0).accept_bundle(&second, NOW).err(), Some(forged));
    let stranger = desk_of_another().await.keyring.bundle().expect("a bundle");
    assert!(station.accept_bundle(&stranger, NOW).is_err());
    let as_token = station.verify(&second, &for_mak(&Class::ALL), NOW);
    assert!(as_token.is_err(), "a bundle is no token");
}

async fn desk_of_another() -> Desk {
    desk().await
}
