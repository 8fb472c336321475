//! The two lint configurations stay one: load-tests may read clocks and make ids, and differs
//! from the root in nothing else.

use super::tree;
use std::collections::BTreeSet;
use toml::Table;

/// What a load generator may do and the product may not.
const LOAD_TESTS_MAY: [&str; 5] = ["SystemTime", "Instant", "OffsetDateTime", "Uuid", "rand"];

fn banned(text: &str) -> BTreeSet<String> {
    let table: Table = text.parse().expect("a clippy.toml");
    let list = table["disallowed-methods"].as_array().expect("a list");
    list.iter().filter_map(|entry| entry["path"].as_str()).map(Into::into).collect()
}

fn check(root: &str, load_tests: &str) -> Vec<String> {
    let expected: BTreeSet<String> = banned(root)
        .into_iter()
        .filter(|path| !path.split("::").any(|part| LOAD_TESTS_MAY.contains(&part)))
        .filter(|path| !path.starts_with("getrandom::"))
        .collect();
    let present = banned(load_tests);
    expected
        .symmetric_difference(&present)
        .map(|path| format!("load-tests/clippy.toml and clippy.toml differ in {path}"))
        .collect()
}

#[test]
fn load_tests_are_excused_from_the_clocks_alone() {
    let root = tree::file("clippy.toml").text;
    tree::expect_none(&check(&root, &tree::file("load-tests/clippy.toml").text));
}

#[test]
fn a_planted_difference_is_found() {
    let list = |paths: &str| format!("disallowed-methods = [{paths}]");
    let root = list("{ path = \"a::b\" }, { path = \"std::time::Instant::now\" }");
    assert!(check(&root, &list("{ path = \"a::b\" }")).is_empty());
    assert_eq!(check(&root, &list("")).len(), 1);
}
