//! The files of the work tree, read once per rule. Walks folders rather than asking git: the
//! rules hold in an unpacked archive too.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing written by hand.
const SKIPPED: [&str; 5] = ["target", "var", "node_modules", "dist", "samples"];

/// One text file of the tree.
pub struct File {
    /// From the root of the workspace, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// The folder that holds the workspace's Cargo.toml.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is inside the root").into()
}

/// Every file whose name ends in one of `endings`, by path.
pub fn files(endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    walk(&root(), "", endings, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// One file that must be there.
pub fn file(path: &str) -> File {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    File { path: path.into(), text }
}

/// Fails with one finding a line.
pub fn expect_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}\n", findings.len(), findings.join("\n"));
}

fn walk(folder: &Path, prefix: &str, endings: &[&str], found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let entry = entry.expect("a folder entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().expect("a file type").is_dir() {
            walk(&entry.path(), &format!("{path}/"), endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            // A file that an editor replaces while the test runs is not an offence.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                found.push(File { path, text });
            }
        }
    }
}

#[test]
fn the_walk_sees_every_package_and_nothing_built() {
    let paths: Vec<String> = files(&[".rs", ".toml"]).into_iter().map(|f| f.path).collect();
    for package in super::layers::PACKAGES {
        let manifest = format!("{}/Cargo.toml", package.name);
        assert!(paths.contains(&manifest), "{manifest}");
        let source = format!("{}/src/lib.rs", package.name);
        assert!(paths.contains(&source) || package.name == "load-tests", "{source}");
    }
    assert!(!paths.iter().any(|p| p.starts_with("target/") || p.contains("node_modules")));
}
