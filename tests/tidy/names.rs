//! A file is named after the noun it is about. A name that could hold anything ends up holding
//! everything.

use super::tree;

const BANNED: [&str; 15] = [
    "base",
    "common",
    "constants",
    "core",
    "helper",
    "helpers",
    "misc",
    "mod",
    "models",
    "prelude",
    "shared",
    "types",
    "util",
    "utils",
    "utilities",
];

/// Each folder or file stem of the path that says nothing.
fn check(path: &str) -> Vec<String> {
    path.split('/')
        .map(|part| part.split('.').next().unwrap_or(part))
        .filter(|stem| BANNED.contains(&stem.to_lowercase().as_str()))
        .map(|stem| format!("{path}: `{stem}` names no noun; put the code under what it is about"))
        .collect()
}

#[test]
fn no_file_or_folder_has_an_empty_name() {
    let files = tree::files(&[".rs", ".ts", ".svelte"]);
    tree::expect_none(&files.iter().flat_map(|f| check(&f.path)).collect::<Vec<_>>());
}

#[test]
fn a_planted_name_is_found() {
    for path in ["engine/src/utils.rs", "web/src/common/a.ts", "actors/src/exam/mod.rs"] {
        assert_eq!(check(path).len(), 1, "{path}");
    }
    assert!(check("engine/src/model_answer.rs").is_empty());
}
