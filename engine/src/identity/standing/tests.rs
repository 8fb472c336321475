use super::*;
use proptest::prelude::*;

/// A token that carries every level and was made from another.
fn carried() -> Carried {
    Carried {
        jti: "j".into(),
        sid: "s".into(),
        orig: Some("o".into()),
        epochs: Level::ALL.map(|level| (level, id_of(level).to_owned(), 3)).to_vec(),
        exp: Moment(1_000),
    }
}

fn id_of(level: Level) -> &'static str {
    match level {
        Level::Global => "",
        // The same id on several levels: they must not be mixed up.
        Level::User | Level::Client | Level::Device => "same",
        Level::Organisation => "org",
        Level::Service => "mak/mak-07",
    }
}

fn with(all: &[Revoked]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for one in all {
        snapshot.revoke(one, Moment(1_000));
    }
    snapshot
}

#[test]
fn each_level_kills_alone_whatever_the_others_say() {
    let at = |level: Level, epoch| Revoked::Epoch(level, id_of(level).to_owned(), epoch);
    assert!(!with(&Level::ALL.map(|level| at(level, 3))).hits(&carried()));
    for grown in Level::ALL {
        assert!(at(grown, 4).hits(&carried()) && !at(grown, 3).hits(&carried()));
        assert!(with(&[at(grown, 4)]).hits(&carried()), "{grown:?} alone");
        // Another's epoch of the same level, and the same id on the other levels.
        assert!(!with(&[Revoked::Epoch(grown, "other".into(), 9)]).hits(&carried()), "{grown:?}");
        let mut without = carried();
        without.epochs.retain(|(level, ..)| *level != grown);
        assert!(!with(&[at(grown, 4)]).hits(&without), "{grown:?} is not carried");
        for other in Level::ALL.into_iter().filter(|level| *level != grown) {
            for both in [[at(grown, 4), at(other, 2)], [at(other, 2), at(grown, 4)]] {
                assert!(with(&both).hits(&carried()), "{grown:?} beside {other:?}");
            }
            // What the token carries on another level, however much, makes up for nothing.
            for ahead in [0, 1] {
                let mut ordered = carried();
                ordered.epochs.sort_by_key(|(level, ..)| (*level == grown) == (ahead == 0));
                for (level, _, epoch) in &mut ordered.epochs {
                    *epoch = if *level == grown { 3 } else { 99 };
                }
                assert!(with(&[at(grown, 4)]).hits(&ordered), "{grown:?} {ahead}");
            }
        }
    }
}

#[test]
fn tokens_sessions_and_origins_are_three_lists() {
    for (what, hit) in [
        (Revoked::Token("j".into()), true),
        (Revoked::Token("o".into()), true),
        (Revoked::Origin("o".into()), true),
        (Revoked::Session("s".into()), true),
        (Revoked::Token("s".into()), false),
        (Revoked::Origin("j".into()), false),
        (Revoked::Session("j".into()), false),
        (Revoked::Session("o".into()), false),
    ] {
        assert_eq!(what.hits(&carried()), hit, "{what:?}");
        assert_eq!(with(std::slice::from_ref(&what)).hits(&carried()), hit, "{what:?}");
    }
}

#[test]
fn a_revocation_lasts_as_long_as_the_longest_token_and_an_epoch_for_ever() {
    let mut snapshot = Snapshot::default();
    let token = Revoked::Token("j".into());
    assert!(snapshot.revoke(&token, Moment(300)));
    assert!(!snapshot.revoke(&token, Moment(100)), "no news");
    let epoch = Revoked::Epoch(Level::User, "u".into(), 2);
    assert!(snapshot.revoke(&epoch, Moment(0)) && !snapshot.revoke(&epoch, Moment(0)));
    snapshot.revoke(&Revoked::Epoch(Level::User, "u".into(), 1), Moment(0));
    snapshot.forget(Moment(300));
    assert!(snapshot.hits(&carried()));
    snapshot.forget(Moment(301));
    assert!(!snapshot.hits(&carried()));
    assert_eq!(snapshot.epoch(Level::User, "u"), 2, "epochs never go back");
    let epochs = snapshot.epochs_for([(Level::User, "u"), (Level::Client, "c")]);
    assert_eq!(epochs, Epochs { u: Some(2), c: Some(0), ..Epochs::default() });
}

#[test]
fn doors_close_by_the_age_of_what_is_known() {
    use Link::{Down, Up};
    let closed = Door::ClosedRetry(RETRY);
    let s = Span::secs;
    for (kind, cache, database, age, door) in [
        (Kind::Public, Down, Down, s(100_000), Door::Open),
        (Kind::Changes, Up, Up, s(1), Door::Open),
        (Kind::Changes, Down, Up, s(1), Door::Open),
        (Kind::Changes, Down, Down, s(60), Door::Open),
        (Kind::Changes, Up, Down, s(61), closed),
        (Kind::Changes, Down, Down, s(61), closed),
        (Kind::Reads, Up, Up, s(1), Door::Open),
        (Kind::Reads, Down, Up, s(1), Door::OpenWithAge(s(1))),
        (Kind::Reads, Up, Up, s(10), Door::OpenWithAge(s(10))),
        (Kind::Reads, Down, Down, s(900), Door::OpenWithAge(s(900))),
        (Kind::Reads, Up, Down, s(901), closed),
        (Kind::Introspects, Down, Up, s(1), Door::Open),
        (Kind::Introspects, Up, Down, s(1), closed),
        (Kind::Introspects, Up, Up, s(61), closed),
        (Kind::Grants, Down, Up, s(1), Door::Open),
        (Kind::Grants, Up, Down, s(1), closed),
        (Kind::Grants, Up, Up, s(61), closed),
    ] {
        assert_eq!(policy(kind, cache, database, age), door, "{kind:?} {cache:?} {database:?}");
    }
}

fn a_level() -> impl Strategy<Value = Level> {
    prop::sample::select(Level::ALL.to_vec())
}

fn a_revocation() -> impl Strategy<Value = Revoked> {
    let name = "[a-c]";
    prop_oneof![
        name.prop_map(Revoked::Token),
        name.prop_map(Revoked::Session),
        name.prop_map(Revoked::Origin),
        (a_level(), name, 0..4_u32).prop_map(|(level, id, e)| Revoked::Epoch(level, id, e)),
    ]
}

proptest! {
    /// The whole list says what its entries say one by one, in any order: nothing hides another.
    #[test]
    fn nothing_hides_another(
        all in prop::collection::vec(a_revocation(), 0..12),
        (jti, sid, orig) in ("[a-c]", "[a-c]", prop::option::of("[a-c]")),
        epochs in prop::collection::vec((a_level(), "[a-c]", 0..4_u32), 0..6),
    ) {
        let carried = Carried { jti, sid, orig, epochs, exp: Moment(0) };
        let expected = all.iter().any(|one| one.hits(&carried));
        let mut turned = all.clone();
        turned.reverse();
        prop_assert_eq!(with(&all).hits(&carried), expected);
        prop_assert_eq!(with(&turned).hits(&carried), expected);
        prop_assert_eq!(with(&all), with(&turned));
    }
}
