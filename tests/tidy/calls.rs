//! Words that code may not say, and where they are at home. clippy.toml bans what has a path;
//! this list has what does not: macros, attributes, other crates' names, the pages' code.

use super::code::{code_only, line_of};
use super::tree::{self, File};

/// One banned piece of text.
struct Ban {
    text: &'static str,
    /// Path prefixes that the ban covers; empty covers all.
    within: &'static [&'static str],
    /// Path prefixes where the word is at home.
    except: &'static [&'static str],
    instead: &'static str,
}

const fn ban(text: &'static str, instead: &'static str) -> Ban {
    Ban { text, within: &[], except: &[], instead }
}

const fn at_home(
    text: &'static str,
    except: &'static [&'static str],
    instead: &'static str,
) -> Ban {
    Ban { text, within: &[], except, instead }
}

const fn within(text: &'static str, within: &'static [&'static str], instead: &'static str) -> Ban {
    Ban { text, within, except: &[], instead }
}

const ENGINE: &[&str] = &["engine/src/"];
const NO_THREADS: &[&str] =
    &["engine/src/", "actors/", "entities/", "tests/stack", "tests/simulation"];

const RUST: [Ban; 26] = [
    ban("do_send(", "it ignores the mailbox bound: try_send, or send with a timeout"),
    ban("todo!(", "write it, or leave the function out"),
    ban("unimplemented!(", "write it, or leave the function out"),
    ban("dbg!(", "use tracing"),
    ban("#[ignore", "a test runs or does not exist; long runs are make soak-… targets"),
    ban("thread::sleep", "wait on a value"),
    within("sleep(", &["tests/stack", "tests/simulation"], "wait on a value: tests::wait_until"),
    within("thread::spawn(", NO_THREADS, "tasks belong to the runtime"),
    at_home("clock_gettime", &["actors/src/clock.rs"], "time comes from actors::clock::Clock"),
    at_home("sea_orm::", &["entities/", "migrations/"], "rows never leave entities"),
    at_home("sea_orm_migration::", &["migrations/", "entities/"], "schema is for migrations"),
    at_home("actix::", &["actors/", "gateway/"], "actors are for the crate actors"),
    at_home("actix_web::", &["gateway/"], "HTTP is for gateway"),
    at_home("actix_ws::", &["gateway/"], "WebSocket is for gateway"),
    within("async ", ENGINE, "the engine is pure: no async"),
    within(".await", ENGINE, "the engine is pure: no async"),
    within("std::fs", ENGINE, "the engine is pure: no IO"),
    within("std::net", ENGINE, "the engine is pure: no IO"),
    within("std::io", ENGINE, "the engine is pure: no IO"),
    within("std::env", ENGINE, "the engine is pure: no environment"),
    within("println!(", ENGINE, "the engine is pure: no IO"),
    within("SystemTime", ENGINE, "the engine is pure: take a Moment"),
    within("Instant", ENGINE, "the engine is pure: take a Moment"),
    within("HashMap", ENGINE, "its order changes from run to run: BTreeMap"),
    within("HashSet", ENGINE, "its order changes from run to run: BTreeSet"),
    // Import reads numbers as JSON has them; nothing computes with them.
    Ban {
        text: "f64",
        within: ENGINE,
        except: &["engine/src/import"],
        instead: "points are exact fractions: Points",
    },
];

const WEB: [Ban; 8] = [
    ban(".only(", "every test runs"),
    ban(".skip(", "every test runs"),
    ban("test.todo(", "write it, or leave it out"),
    ban("{@html", "texts come from hostile files: let Svelte escape them"),
    ban("innerHTML", "texts come from hostile files: use textContent"),
    ban("eval(", "texts come from hostile files"),
    ban("debugger", "leave it out"),
    ban("console.log(", "say it on the screen, or not at all"),
];

/// Left in prose or code, it is work that nobody does.
const UNFINISHED: [&str; 2] = [concat!("FIX", "ME"), concat!("TO", "DO")];

fn check(path: &str, text: &str) -> Vec<String> {
    let code = code_only(path, text);
    let bans: &[Ban] = if path.ends_with(".rs") { &RUST } else { &WEB };
    let starts = |prefixes: &[&str]| prefixes.iter().any(|p| path.starts_with(p));
    let mut found = Vec::new();
    for ban in bans {
        if starts(ban.except) || !(ban.within.is_empty() || starts(ban.within)) {
            continue;
        }
        for (at, _) in code.match_indices(ban.text).filter(|&(at, _)| is_word(&code, at, ban.text))
        {
            let line = line_of(&code, at);
            found.push(format!("{path}:{line}: `{}`: {}", ban.text, ban.instead));
        }
    }
    for word in UNFINISHED {
        for (at, _) in text.match_indices(word) {
            found.push(format!("{path}:{}: {word}: do it, or file an issue", line_of(text, at)));
        }
    }
    found
}

/// Whether the match is no tail of a longer name.
fn is_word(code: &str, at: usize, text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_alphanumeric());
    let before = code[..at].chars().next_back();
    !(first && before.is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

#[test]
fn no_code_says_a_banned_word() {
    let files = tree::files(&[".rs", ".ts", ".svelte"]);
    let found: Vec<String> =
        files.iter().flat_map(|File { path, text }| check(path, text)).collect();
    tree::expect_none(&found);
}

#[test]
fn each_planted_word_is_found() {
    for (bans, ending) in [(&RUST[..], "rs"), (&WEB[..], "ts")] {
        for ban in bans {
            let folder = ban.within.first().unwrap_or(&"load-tests/");
            let path = format!("{}/src/a.{ending}", folder.trim_end_matches('/'));
            let found = check(&path, &format!("fn a() {{ {} }}", ban.text));
            assert!(found.iter().any(|f| f.contains(ban.text)), "{} in {path}", ban.text);
        }
    }
    assert_eq!(check("a.rs", &format!("// {}: later", UNFINISHED[0])).len(), 1);
}

#[test]
fn prose_and_homes_are_left_alone() {
    assert!(check("actors/src/a.rs", "// Addr::do_send( ignores bounds\n\"todo!(\"").is_empty());
    assert!(check("entities/src/a.rs", "use sea_orm::Set;").is_empty());
    assert!(!check("gateway/src/a.rs", "use sea_orm::Set;").is_empty());
    assert!(check("tests/stack/a.rs", "tokio::time::timeout_sleep(1)").is_empty());
}
