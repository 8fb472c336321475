//! Comparing with reviewed files.

use std::path::{Path, PathBuf};

/// Where the golden files of these tests lie.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exam/golden")
}

/// The text of a golden file.
pub fn read(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_default()
}

/// The text must be that of the golden file; if not, the difference is told, and the new text is
/// left where it can be reviewed and taken over.
pub fn expect(name: &str, text: &str) {
    let golden = read(name);
    if golden == text {
        return;
    }
    let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&actual, text).expect("the build's own folder is writable");
    let mut lines = golden.lines().zip(text.lines()).enumerate();
    let first = lines.find(|(_, (a, b))| a != b).map_or_else(
        || format!("{} lines became {}", golden.lines().count(), text.lines().count()),
        |(n, (a, b))| format!("line {}:\n  was {a:.400}\n  is  {b:.400}", n + 1),
    );
    panic!(
        "{name} differs from the reviewed file, {first}\nif the change is meant:\n  cp {} {}",
        actual.display(),
        folder().join(name).display()
    );
}
