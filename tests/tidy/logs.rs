//! A log line reads like every other: lower case, no full stop, its facts in fields. A Rust file
//! begins by saying what it owns.

use super::code::{code_only, line_of, past_closing};
use super::tree::{self, File};

const MACROS: [&str; 5] = ["trace!(", "debug!(", "info!(", "warn!(", "error!("];

fn check_messages(path: &str, text: &str) -> Vec<String> {
    let code = code_only(path, text);
    let mut found = Vec::new();
    for name in MACROS {
        for (at, _) in code.match_indices(name) {
            let tail_of_longer = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let open = at + name.len() - 1;
            let end = past_closing(&code, open) - 1;
            if tail_of_longer || end <= open {
                continue;
            }
            let Some(message) = message(&code, text, open + 1, end) else { continue };
            let line = line_of(text, at);
            if message.starts_with(char::is_uppercase) {
                found.push(format!("{path}:{line}: log message `{message}` begins with a capital"));
            }
            if message.ends_with(['.', '!']) {
                found.push(format!("{path}:{line}: log message `{message}` ends with a stop"));
            }
        }
    }
    found
}

/// The last argument at depth 0 that is a bare string literal.
fn message<'t>(code: &str, text: &'t str, from: usize, to: usize) -> Option<&'t str> {
    let mut depth = 0_i32;
    let mut start = from;
    let mut arguments = Vec::new();
    for (i, c) in code[from..to].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(start..from + i);
                start = from + i + 1;
            }
            _ => {}
        }
    }
    arguments.push(start..to);
    let literals = arguments.into_iter().map(|range| text[range].trim());
    literals
        .filter(|argument| {
            argument.len() >= 2 && argument.starts_with('"') && argument.ends_with('"')
        })
        .map(|argument| &argument[1..argument.len() - 1])
        .next_back()
}

fn check_module_docs(path: &str, text: &str) -> Vec<String> {
    // The tests of one module, moved out of its file, are about that module.
    if text.starts_with("//! ") || path.ends_with("/tests.rs") {
        return Vec::new();
    }
    vec![format!("{path}:1: begins without `//!`: say what the file owns and what it must not do")]
}

#[test]
fn every_log_message_has_the_one_form() {
    let files = tree::files(&[".rs"]);
    let found = files.iter().flat_map(|File { path, text }| check_messages(path, text));
    tree::expect_none(&found.collect::<Vec<_>>());
}

#[test]
fn every_file_says_what_it_owns() {
    let files = tree::files(&[".rs"]);
    let found = files.iter().flat_map(|File { path, text }| check_module_docs(path, text));
    tree::expect_none(&found.collect::<Vec<_>>());
}

#[test]
fn a_planted_message_is_found() {
    let planted = |call: &str| check_messages("a.rs", &format!("fn a() {{ {call}; }}"));
    assert_eq!(planted("tracing::info!(\"Started\")").len(), 1);
    assert_eq!(planted("warn!(exam.id = %id, f(a, \"B.\"), \"lost a frame.\")").len(), 1);
    assert_eq!(planted("error!(\"Gone.\", )").len(), 2);
    assert!(planted("info!(kind = \"Exam\", \"started\")").is_empty());
    assert!(planted("// info!(\"Started\")").is_empty());
    assert!(planted("my_info!(\"Started\")").is_empty());
}

#[test]
fn a_planted_file_without_docs_is_found() {
    assert_eq!(check_module_docs("a.rs", "use std::fs;\n").len(), 1);
    assert!(check_module_docs("a.rs", "//! Owns a.\n").is_empty());
}
