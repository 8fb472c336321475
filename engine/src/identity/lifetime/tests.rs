use super::*;
use crate::identity::{Epochs, Original};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

fn claims(nbf: i64, exp: i64) -> Claims {
    Claims {
        iss: String::new(),
        sub: Uuid::nil(),
        aud: String::new(),
        iat: Moment(nbf),
        nbf: Moment(nbf),
        exp: Moment(exp),
        jti: String::new(),
        cls: Class::Svc,
        sid: String::new(),
        upn: String::new(),
        name: String::new(),
        person: None,
        oid: None,
        opn: None,
        roles: BTreeSet::new(),
        groups: BTreeSet::new(),
        claims: BTreeMap::new(),
        cid: String::new(),
        ep: Epochs::default(),
        auth_time: Moment(nbf),
        acr: String::new(),
        amr: BTreeSet::new(),
        scope: BTreeSet::new(),
        act: None,
        orig: None::<Original>,
        cnf: None,
        rw: None,
    }
}

#[test]
fn a_token_counts_from_its_beginning_less_the_skew_up_to_its_end() {
    let one = claims(1_000_000, 2_000_000);
    for (now, verdict) in [
        (939_999, Err(TimeFault::NotYet)),
        (940_000, Ok(())),
        (1_000_000, Ok(())),
        (1_999_000, Ok(())),
        (1_999_999, Ok(())),
        (2_000_000, Err(TimeFault::Expired)),
        (2_001_000, Err(TimeFault::Expired)),
        (i64::MAX, Err(TimeFault::Expired)),
        (i64::MIN, Err(TimeFault::NotYet)),
    ] {
        assert_eq!(temporal(&one, Moment(now)), verdict, "at {now}");
    }
    let ahead = Claims { iat: Moment(1_060_001), ..claims(1_000_000, 2_000_000) };
    assert_eq!(temporal(&ahead, Moment(1_000_000)), Err(TimeFault::NotYet), "issued tomorrow");
    assert_eq!(temporal(&claims(2_000, 1_000), Moment(1_500)), Err(TimeFault::Expired));
}

/// The design's table: class, profile, default and cap in hours.
#[test]
fn defaults_and_caps_are_those_of_the_table() {
    use Class::{Base, Child, Dlg, Legacy, Mak, Qr, Role, Svc};
    for (class, profile, limits_in_hours) in [
        (Base, Profile::Aaa, Some((8, 168))),
        (Role, Profile::Aaa, Some((8, 168))),
        (Svc, Profile::Aaa, Some((2, 168))),
        (Dlg, Profile::Aaa, Some((2, 168))),
        (Qr, Profile::Aaa, Some((2, 168))),
        (Legacy, Profile::Aaa, None),
        (Mak, Profile::Aaa, None),
        (Legacy, Profile::Passport, Some((24, 720))),
        (Mak, Profile::Passport, Some((168, 720))),
        (Svc, Profile::Passport, Some((2, 168))),
        (Child, Profile::Aaa, Some((2, 24))),
    ] {
        let found = limits(class, profile).map(|(a, b)| (a.0 / HOUR.0, b.0 / HOUR.0));
        assert_eq!(found, limits_in_hours, "{class} {profile:?}");
    }
}

fn ask(class: Class, requested: Option<Span>) -> Grant {
    Grant { class, profile: Profile::Passport, requested, parent_exp: None, grant_exp: None }
}

#[test]
fn one_second_over_the_cap_is_refused_and_not_shortened() {
    let now = Moment(1_796_000_000_000);
    for class in Class::ALL {
        let Some((default, cap)) = limits(class, Profile::Passport) else { continue };
        assert_eq!(grant(ask(class, None), now), Ok(now + default), "{class}");
        assert_eq!(grant(ask(class, Some(cap)), now), Ok(now + cap), "{class}");
        let over = ask(class, Some(cap + Span::secs(1)));
        assert_eq!(grant(over, now), Err(LifetimeFault::OverCap), "{class}");
        // Nor does a parent that ends early make such a request sound.
        let bounded = Grant { parent_exp: Some(now + HOUR), ..over };
        assert_eq!(grant(bounded, now), Err(LifetimeFault::OverCap), "{class}");
    }
    for seconds in [0, -1] {
        let asked = ask(Class::Svc, Some(Span::secs(seconds)));
        assert_eq!(grant(asked, now), Err(LifetimeFault::NotPositive));
    }
    let alien = Grant { profile: Profile::Aaa, ..ask(Class::Mak, None) };
    assert_eq!(grant(alien, now), Err(LifetimeFault::NotAllowed));
}

proptest! {
    /// Whatever is asked: the end lies after now, within the cap, within what it is made from, on a
    /// whole second, and it is the latest such moment.
    #[test]
    fn a_grant_keeps_every_bound(
        class in prop::sample::select(Class::ALL.to_vec()),
        aaa in any::<bool>(),
        now in 0_i64..4_000_000_000_000,
        requested in prop::option::of(-10_i64..3_000_000),
        parent in prop::option::of(-10_000_i64..3_000_000_000),
        right in prop::option::of(-10_000_i64..3_000_000_000),
    ) {
        let now = Moment(now);
        let asked = Grant {
            class,
            profile: if aaa { Profile::Aaa } else { Profile::Passport },
            requested: requested.map(Span::secs),
            parent_exp: parent.map(|ms| now + Span(ms)),
            grant_exp: right.map(|ms| now + Span(ms)),
        };
        let Some((default, cap)) = limits(class, asked.profile) else {
            prop_assert_eq!(grant(asked, now), Err(LifetimeFault::NotAllowed));
            return Ok(());
        };
        let life = asked.requested.unwrap_or(default);
        let bounds = [Some(now + life), asked.parent_exp, asked.grant_exp];
        let first = bounds.into_iter().flatten().min().expect("the life itself");
        match grant(asked, now) {
            Ok(end) => {
                prop_assert!(end > now && end <= now + cap && end <= first);
                prop_assert_eq!(end.0 % 1_000, 0);
                prop_assert!(first.0 - end.0 < 1_000, "shortened for nothing");
            }
            Err(LifetimeFault::NotPositive) => prop_assert!(life.0 <= 0),
            Err(LifetimeFault::OverCap) => prop_assert!(life > cap),
            Err(LifetimeFault::Ended) => prop_assert!(first.0 - first.0.rem_euclid(1_000) <= now.0),
            Err(LifetimeFault::NotAllowed) => prop_assert!(false, "it has limits"),
        }
    }
}
