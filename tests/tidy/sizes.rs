//! No file is longer than one can hold in one's head. `large-files.txt` lists those that are all
//! the same, with their present length: an entry may shrink or vanish, never grow.

use super::code::{code_only, past_closing};
use super::tree::{self, File};
use std::collections::BTreeMap;

/// Lines without inline tests.
const LINES_MAX: usize = 400;
/// Lines of an inline `mod tests`; beyond it the tests have a file of their own.
const INLINE_TEST_LINES_MAX: usize = 150;
/// Written by a program.
const GENERATED: [&str; 1] = ["web/src/api/generated.ts"];

/// Lines outside and inside of the inline test module.
fn lengths(path: &str, text: &str) -> (usize, usize) {
    let all = text.lines().count();
    let code = code_only(path, text);
    let Some(start) = code.find("#[cfg(test)]\nmod ") else { return (all, 0) };
    let head = code[start..].find(['{', ';']).map_or(code.len(), |i| start + i);
    if !code[head..].starts_with('{') {
        return (all, 0);
    }
    let inside = code[start..past_closing(&code, head)].lines().count();
    (all - inside, inside)
}

fn check(path: &str, text: &str, listed: Option<usize>) -> Vec<String> {
    let (lines, inline) = lengths(path, text);
    let mut found = Vec::new();
    match listed {
        None if lines > LINES_MAX => {
            found.push(format!("{path}: {lines} lines, at most {LINES_MAX}: split it by noun"));
        }
        Some(was) if lines <= LINES_MAX => {
            found.push(format!("{path}: {lines} lines now (was {was}): drop it from the list"));
        }
        Some(was) if lines > was => {
            found.push(format!("{path}: grew from {was} to {lines} lines: it may only shrink"));
        }
        Some(was) if lines < was => {
            found.push(format!("{path}: shrank to {lines} lines: write that in place of {was}"));
        }
        _ => {}
    }
    if inline > INLINE_TEST_LINES_MAX {
        found.push(format!(
            "{path}: {inline} lines of inline tests, at most {INLINE_TEST_LINES_MAX}: \
             move them to a tests.rs of their own"
        ));
    }
    found
}

fn ratchet(list: &str) -> BTreeMap<String, usize> {
    list.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (path, lines) = line.rsplit_once(' ').unwrap_or_else(|| panic!("bad line: {line}"));
            (path.into(), lines.parse().unwrap_or_else(|e| panic!("{line}: {e}")))
        })
        .collect()
}

#[test]
fn no_file_outgrows_its_reader() {
    let mut listed = ratchet(include_str!("large-files.txt"));
    let mut found = Vec::new();
    for File { path, text } in tree::files(&[".rs", ".ts", ".svelte"]) {
        if !GENERATED.contains(&path.as_str()) {
            let entry = listed.remove(&path);
            found.extend(check(&path, &text, entry));
        }
    }
    found.extend(listed.keys().map(|path| format!("{path}: listed in large-files.txt, but gone")));
    tree::expect_none(&found);
}

#[test]
fn a_planted_size_is_found() {
    let long = "a\n".repeat(LINES_MAX + 1);
    assert!(check("a.rs", &"a\n".repeat(LINES_MAX), None).is_empty());
    assert!(check("a.rs", &long, None)[0].contains("401 lines, at most 400"));
    assert!(check("a.rs", &long, Some(LINES_MAX + 1)).is_empty());
    assert!(check("a.rs", &long, Some(500))[0].contains("shrank"));
    assert!(check("a.rs", &"a\n".repeat(501), Some(500))[0].contains("grew"));
    assert!(check("a.rs", "a\n", Some(500))[0].contains("drop it"));
}

#[test]
fn inline_tests_are_counted_apart() {
    let body = "    // }\n".repeat(INLINE_TEST_LINES_MAX);
    let text = format!("fn a() {{}}\n\n#[cfg(test)]\nmod tests {{\n{body}}}\n");
    assert_eq!(lengths("a.rs", &text), (2, INLINE_TEST_LINES_MAX + 3));
    assert!(check("a.rs", &text, None)[0].contains("inline tests"));
    assert_eq!(lengths("a.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n"), (3, 0));
}
