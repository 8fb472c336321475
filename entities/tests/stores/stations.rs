//! Attempts are counted before they are looked at; manifests only go forward; PINs do not meet.

use crate::Station;
use engine::Moment;
use entities::{
    AcceptedManifest, Attempt, Attempts, Device, Guess, Ladder, OpenOptions, PinGrant, PinKept,
    StoreError,
};
use uuid::Uuid;

const LADDER: Ladder = Ladder {
    short_from: 5,
    short_ms: 60_000,
    long_from: 10,
    long_ms: 900_000,
    nameless_most: 20,
    exposed_most: 30,
};
const LADDER_FREE: Ladder = Ladder { short_from: 99, long_from: 99, ..LADDER };
const PIN: Guess<'_> = Guess::Nameless;

fn manifest(seq: u64) -> AcceptedManifest {
    AcceptedManifest {
        seq,
        manifest_id: Uuid::from_u128(u128::from(seq)),
        token: format!("manifest {seq}"),
        records: vec![7; 3],
        accepted_at: Moment(5),
    }
}

#[tokio::test]
async fn an_attempt_is_on_disk_before_it_is_looked_at() {
    let station = Station::new().await;
    let mut now = Moment(1_000_000);
    for n in 1..=4 {
        let begun = station.store.begin_attempt(PIN, &LADDER, now).await.unwrap();
        let counted = Attempts { consecutive: n, cumulative: n, locked_until: Moment(0) };
        assert_eq!(begun, Attempt::May(counted, n));
        // Whoever opens the file now, as after a power cut, sees it.
        let options = OpenOptions { read_only: true };
        let other = station.place.open(options).await.unwrap();
        assert_eq!(other.attempts(PIN).await.unwrap(), counted, "attempt {n}");
        other.close().await.unwrap();
    }
    let fifth = station.store.begin_attempt(PIN, &LADDER, now).await.unwrap();
    let locked = Attempts { consecutive: 5, cumulative: 5, locked_until: Moment(now.0 + 60_000) };
    assert_eq!(fifth, Attempt::May(locked, 5));
    assert_eq!(
        station.store.begin_attempt(PIN, &LADDER, now).await.unwrap(),
        Attempt::Refused(locked)
    );
    now.0 += 60_000;
    station.store.begin_attempt(PIN, &LADDER, now).await.unwrap();
    station.store.attempt_succeeded(PIN).await.unwrap();
    let left = Attempts { consecutive: 0, cumulative: 5, locked_until: Moment(0) };
    assert_eq!(
        station.store.attempts(PIN).await.unwrap(),
        left,
        "the failures before stay counted"
    );
    let other = station.store.attempts(Guess::Sealed("ivanova")).await.unwrap();
    assert_eq!(other, Attempts::default());
}

#[tokio::test]
async fn parallel_attempts_are_counted_one_by_one_up_to_the_last() {
    let Station { store, .. } = &Station::new().await;
    let guess = async |guess: Guess<'static>| {
        let mut many = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let store = store.clone();
            many.spawn(async move { store.begin_attempt(guess, &LADDER_FREE, Moment(1)).await });
        }
        let begun = many.join_all().await;
        begun.iter().filter(|begun| matches!(begun, Ok(Attempt::May(..)))).count()
    };
    // Twenty without a name, then ten more on one record; a name without a record opens nothing.
    for (whose, looked_at, exposed) in [
        (Guess::Unsealed("nobody"), 50, 0),
        (Guess::Nameless, 20, 20),
        (Guess::Sealed("ivanova"), 10, 30),
        (Guess::Sealed("petrov"), 0, 30),
    ] {
        assert_eq!(guess(whose).await, looked_at, "{whose:?}");
        assert_eq!(store.exposed().await.unwrap(), exposed, "{whose:?}");
        let counted = store.attempts(whose).await.unwrap().cumulative;
        assert_eq!(usize::try_from(counted), Ok(looked_at), "a refused one counts nowhere");
    }
}

#[tokio::test]
async fn a_manifest_replaces_only_an_earlier_one() {
    let Station { store, .. } = &Station::new().await;
    assert_eq!(store.last_manifest().await.unwrap(), None);
    store.put_manifest(&manifest(4), "").await.unwrap();
    store.begin_attempt(PIN, &LADDER, Moment(1)).await.unwrap();
    for seq in [3, 4] {
        let old = store.put_manifest(&manifest(seq), "").await;
        assert_eq!(old, Err(StoreError::Taken("the manifest's number")), "{seq}");
    }
    assert_eq!(store.attempts(PIN).await.unwrap().cumulative, 1, "and changes nothing");
    store.put_manifest(&manifest(9), "").await.unwrap();
    assert_eq!(store.last_manifest().await.unwrap(), Some(manifest(9)));
    assert_eq!(store.attempts(PIN).await.unwrap().cumulative, 0);
}

#[tokio::test]
async fn a_station_has_one_device_and_its_clock_mark_only_grows() {
    let Station { store, .. } = &Station::new().await;
    let device = Device {
        device_id: Uuid::from_u128(1),
        spn: "mak/mak-07".to_owned(),
        issuer: "https://id.example".to_owned(),
        trust: "[]".to_owned(),
        seal_public: vec![1; 32],
        sign_public: vec![2; 32],
        key_protected: false,
        erased: false,
        clock_mark: Moment(100),
        made_at: Moment(50),
    };
    store.put_device(&device).await.unwrap();
    assert_eq!(store.put_device(&device).await, Err(StoreError::Taken("the device")));
    let mark = async || store.device().await.unwrap().unwrap().clock_mark;
    store.mark_clock(Moment(90)).await.unwrap();
    assert_eq!(mark().await, Moment(100));
    store.mark_clock(Moment(110)).await.unwrap();
    assert_eq!(mark().await, Moment(110));
    store.confirm_clock(Moment(90)).await.unwrap();
    assert_eq!(mark().await, Moment(90), "an operator said so");
    store.erase_device().await.unwrap();
    assert!(store.device().await.unwrap().unwrap().erased);
}

#[tokio::test]
async fn two_people_of_a_scope_never_have_one_pin() {
    let Station { store, .. } = &Station::new().await;
    let grant = |scope: u128, uid: u128, pin: u8| PinGrant {
        scope_id: Uuid::from_u128(scope),
        uid: Uuid::from_u128(uid),
        blind: vec![pin; 32],
        wrapped: vec![9; 72],
        digits: 6,
        day: 20_000,
        made_on_day: 0,
    };
    let put = async |grant: PinGrant| store.put_pin_grant(&grant, 3).await.unwrap();
    assert_eq!(put(grant(1, 1, 1)).await, PinKept::Kept);
    assert_eq!(put(grant(1, 2, 1)).await, PinKept::Clash);
    assert_eq!(put(grant(2, 2, 1)).await, PinKept::Kept, "another scope");
    assert_eq!(put(grant(1, 1, 2)).await, PinKept::Kept);
    assert_eq!(put(grant(1, 1, 3)).await, PinKept::Kept);
    assert_eq!(put(grant(1, 1, 4)).await, PinKept::TooMany);
    let next_day = PinGrant { day: 20_001, ..grant(1, 1, 4) };
    assert_eq!(put(next_day).await, PinKept::Kept);
    let kept = store.pin_grant(Uuid::from_u128(1), Uuid::from_u128(1)).await.unwrap().unwrap();
    assert_eq!((kept.made_on_day, kept.blind), (1, vec![4; 32]));
}
