//! The entry points of `ops/fuzz` with recipes that are the same each time.

use super::*;
use fuzz::{Bench, Crafted, ENTRIES, Family, Fate};

/// Recipes for each entry.
const RECIPES: u64 = 3_000;

/// The bytes of a recipe (SplitMix64).
fn recipe(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let words = 1 + next() % 6;
    (0..words).flat_map(|_| next().to_le_bytes()).collect()
}

#[tokio::test]
async fn no_parser_breaks_a_promise() {
    let desk = desk().await;
    let bench = Bench::new(desk.keyring.clone(), NOW).expect("tokens");
    for (name, entry) in ENTRIES {
        let (mut taken, mut refused) = (0, 0);
        for number in 0..RECIPES {
            match entry(&bench, &recipe(number)) {
                Ok(Fate::Taken) => taken += 1,
                Ok(Fate::Refused) => refused += 1,
                Err(broken) => panic!("{name}, recipe {number}: {broken:?}"),
            }
        }
        // Whatever refuses everything, or nothing, was not tested.
        assert!(taken > RECIPES / 100 && refused > RECIPES / 3, "{name}: {taken}, {refused}");
    }
}

/// Whether the recipes show that a promise is broken.
fn caught(bench: &Bench, family: Family, judge: impl Fn(&Crafted) -> bool) -> bool {
    (0..RECIPES).any(|number| judge(&bench.craft(family, &recipe(number))))
}

/// The negative control: readers that mean well, each in a way of its own.
#[tokio::test]
async fn a_lenient_parser_is_caught() {
    let desk = desk().await;
    let bench = Bench::new(desk.keyring.clone(), NOW).expect("tokens");
    let tidy = |text: &str| text.trim().trim_end_matches('=').to_owned();
    for family in [Family::Paseto, Family::Jwt, Family::Record] {
        let lenient = |bench: &Bench, text: &str| fuzz::verified(bench, &tidy(text));
        let judge = |crafted: &Crafted| fuzz::judge_token(&bench, crafted, lenient).is_err();
        assert!(caught(&bench, family, judge), "{family:?}: white space and padding");
    }
    // As serde_json reads: the last of two keys wins.
    let once = |text: &str| match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value.to_string(),
        Err(_) => text.to_owned(),
    };
    let last_wins = |bench: &Bench, text: &str| fuzz::verified(bench, &once(text));
    let judge = |crafted: &Crafted| fuzz::judge_token(&bench, crafted, last_wins).is_err();
    assert!(caught(&bench, Family::Record, judge), "a key twice in a record");
    let scanned = |bench: &Bench, text: &str| fuzz::scanned(bench, &once(text));
    let judge = |crafted: &Crafted| fuzz::judge_token(&bench, crafted, scanned).is_err();
    assert!(caught(&bench, Family::Qr, judge), "a key twice in a picture");
    let judge = |crafted: &Crafted| {
        fuzz::judge_json(crafted, |text| serde_json::from_str(text).ok()).is_err()
    };
    assert!(caught(&bench, Family::Json, judge), "a key twice in JSON");
    let lenient = |bench: &Bench, text: &str| fuzz::proved(bench, &tidy(text));
    let judge = |crafted: &Crafted| fuzz::judge_proof(&bench, crafted, lenient).is_err();
    assert!(caught(&bench, Family::Proof, judge), "a proof in disorder");
    // A reader that is not wrong at all, and one that takes nothing of ours.
    let judge = |crafted: &Crafted| fuzz::judge_token(&bench, crafted, fuzz::verified).is_err();
    assert!(!caught(&bench, Family::Jwt, judge), "the real reader");
    let judge = |crafted: &Crafted| fuzz::judge_token(&bench, crafted, |_, _| None).is_err();
    assert!(caught(&bench, Family::Paseto, judge), "a reader that refuses everything");
}
