//! What the papers promise is there: the two commands of the README, the files that ARCHITECTURE
//! points to, a record for each decision that code cites, and in each record what would change
//! our mind.

use super::code::line_of;
use super::tree::{self, File};
use std::collections::BTreeSet;
use std::path::Path;

/// Folders a path in prose may begin with.
const TOP: [&str; 8] =
    ["engine/", "actors/", "entities/", "migrations/", "gateway/", "web/", "ops/", "tests/"];

/// Paths in backticks that lead nowhere.
fn dead_paths(path: &str, text: &str, root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (i, quoted) in text.split('`').enumerate().skip(1).step_by(2) {
        let shape = quoted.contains(char::is_whitespace) || quoted.contains(['*', '<', '…', '{']);
        let ours =
            TOP.iter().any(|top| quoted.starts_with(top)) || quoted.starts_with("load-tests/");
        if ours && !shape && !root.join(quoted).exists() {
            let before: usize = text.split('`').take(i).map(|part| part.len() + 1).sum();
            found.push(format!("{path}:{}: `{quoted}` is not there", line_of(text, before - 1)));
        }
    }
    found
}

/// Commands that a text names and the Makefile lacks.
fn unknown_targets(path: &str, text: &str, makefile: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let targets =
        quoted.filter_map(|q| q.strip_prefix("make ")).filter_map(|q| q.split(' ').next());
    targets
        .filter(|target| !makefile.lines().any(|l| l.starts_with(&format!("{target}:"))))
        .map(|target| format!("{path}: `make {target}` is no target of the Makefile"))
        .collect()
}

/// What a decision record lacks.
fn check_decision(path: &str, text: &str) -> Vec<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let number = name.split('-').next().unwrap_or(name);
    let mut found = Vec::new();
    if number.len() != 4 || !number.chars().all(|c| c.is_ascii_digit()) {
        found.push(format!("{path}: is named NNNN-what-was-decided.md"));
    }
    for heading in ["## What", "## Why", "## What would change our mind"] {
        if !text.lines().any(|line| line == heading) {
            found.push(format!("{path}: has no heading `{heading}`"));
        }
    }
    found
}

/// Citations of decisions that do not exist.
fn unknown_decisions(path: &str, text: &str, numbers: &BTreeSet<String>) -> Vec<String> {
    text.split("ops/decisions/")
        .skip(1)
        .map(|rest| rest.chars().take(4).collect::<String>())
        .filter(|number| number.chars().all(|c| c.is_ascii_digit()) && number.len() == 4)
        .filter(|number| !numbers.contains(number))
        .map(|number| format!("{path}: cites ops/decisions/{number}, which is not there"))
        .collect()
}

/// Log lines that a runbook quotes and no code writes.
fn unwritten_lines(path: &str, text: &str, sources: &[File]) -> Vec<String> {
    let quoted = text.lines().filter_map(|l| l.strip_prefix("Log line: `"));
    let mut lines = quoted.filter_map(|l| l.strip_suffix('`')).peekable();
    if lines.peek().is_none() {
        return vec![format!("{path}: has no `Log line:` to find it by")];
    }
    lines
        .filter(|line| !sources.iter().any(|f| f.text.contains(&format!("\"{line}\""))))
        .map(|line| format!("{path}: no code logs \"{line}\""))
        .collect()
}

fn decisions() -> Vec<File> {
    let papers = tree::files(&[".md"]);
    papers.into_iter().filter(|f| f.path.starts_with("ops/decisions/")).collect()
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = tree::file("README.md").text;
    let run = readme.find("make run").expect("README shows make run");
    let test = readme.find("make test").expect("README shows make test");
    assert!(run < test, "running it comes first");
    assert!(line_of(&readme, run) <= 20, "the first command is on the first screen");
}

#[test]
fn what_the_papers_point_to_is_there() {
    let makefile = tree::file("Makefile").text;
    let mut found = Vec::new();
    for File { path, text } in tree::files(&[".md"]).iter().filter(|f| !f.path.starts_with("web/"))
    {
        found.extend(dead_paths(path, text, &tree::root()));
        found.extend(unknown_targets(path, text, &makefile));
    }
    tree::expect_none(&found);
}

#[test]
fn every_decision_says_what_would_change_it() {
    let records = decisions();
    assert!(records.len() >= 2, "the records are there");
    let mut found: Vec<String> =
        records.iter().flat_map(|f| check_decision(&f.path, &f.text)).collect();
    let numbers: BTreeSet<&str> = records.iter().filter_map(|f| f.path.get(14..18)).collect();
    if numbers.len() != records.len() {
        found.push("two decisions share a number".into());
    }
    tree::expect_none(&found);
}

#[test]
fn every_cited_decision_exists() {
    let numbers = decisions().iter().filter_map(|f| f.path.get(14..18).map(Into::into)).collect();
    let endings = [".rs", ".toml", ".md", ".ts", ".svelte", ".sh", "Makefile"];
    let files = tree::files(&endings);
    let ours = files.iter().filter(|f| f.path != "tests/tidy/papers.rs");
    let found = ours.flat_map(|File { path, text }| unknown_decisions(path, text, &numbers));
    tree::expect_none(&found.collect::<Vec<_>>());
}

#[test]
fn every_runbook_is_found_by_its_log_line() {
    let papers = tree::files(&[".md"]);
    let runbooks = papers.iter().filter(|f| f.path.starts_with("ops/runbooks/"));
    let sources = tree::files(&[".rs"]);
    let found = runbooks.flat_map(|File { path, text }| unwritten_lines(path, text, &sources));
    tree::expect_none(&found.collect::<Vec<_>>());
}

#[test]
fn planted_lies_are_found() {
    let dead = dead_paths("a.md", "x\n`engine/src/gone.rs` `engine/src/lib.rs`", &tree::root());
    assert_eq!(dead, ["a.md:2: `engine/src/gone.rs` is not there"]);
    assert_eq!(unknown_targets("a.md", "`make run` `make fly`", "run: web\n").len(), 1);
    assert_eq!(check_decision("ops/decisions/0001-a.md", "## What\n## Why\n").len(), 1);
    assert_eq!(check_decision("ops/decisions/a.md", "").len(), 4);
    let source = File { path: "a.rs".into(), text: "info!(\"gone\")".into() };
    assert_eq!(unwritten_lines("a.md", "# A\n\nLog line: `gone`\n", &[source]).len(), 0);
    assert_eq!(unwritten_lines("a.md", "# A\n\nLog line: `gone`\n", &[]).len(), 1);
    assert_eq!(unwritten_lines("a.md", "# A\n", &[]).len(), 1);
    let none = BTreeSet::new();
    assert_eq!(unknown_decisions("a.rs", "// ops/decisions/0042", &none).len(), 1);
}
