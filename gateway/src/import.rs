//! Reading assessment tools from files: which kind a document is, and all that is wrong with it.

use crate::error::Trouble;
use engine::import::Imported;
use engine::{ImportLimits, PracticeTool, Problem, Tool, practice, tool};
use std::io::Read;
use std::path::Path;

/// A tool of either kind.
#[derive(Clone, PartialEq, Debug)]
pub enum Material {
    /// A bank of theory questions.
    Theory(Tool),
    /// Tasks and criteria of a practice part.
    Practice(PracticeTool),
}

/// What a document says it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Theory,
    Practice,
}

/// Reads a document of either kind.
///
/// # Errors
/// Every problem found in it, up to `limits.problems_max`.
pub fn read(bytes: &[u8], limits: &ImportLimits) -> Result<Imported<Material>, Vec<Problem>> {
    match kind_of(bytes) {
        Some(Kind::Practice) => practice::import(bytes, limits).map(|imported| Imported {
            value: Material::Practice(imported.value),
            warnings: imported.warnings,
        }),
        Some(Kind::Theory) => theory(bytes, limits),
        // The size, the encoding or the syntax may be what is wrong: that is said first.
        None => theory(bytes, limits).and(Err(vec![neither()])).map_err(|problems| {
            let general = problems.len() == 1 && problems[0].path.is_empty();
            if general { problems } else { vec![neither()] }
        }),
    }
}

fn theory(bytes: &[u8], limits: &ImportLimits) -> Result<Imported<Material>, Vec<Problem>> {
    let imported = tool::import(bytes, limits)?;
    Ok(Imported { value: Material::Theory(imported.value), warnings: imported.warnings })
}

fn neither() -> Problem {
    Problem {
        path: String::new(),
        expected: "a theory tool (an object with `os`) or a practice tool (with `practice`)".into(),
        found: "an object with neither".into(),
    }
}

/// Looks for the telling key among those of the outermost object, on the bytes: a hostile document
/// is not parsed to find out what it is.
fn kind_of(bytes: &[u8]) -> Option<Kind> {
    let (mut depth, mut start, mut escaped) = (0_usize, None, false);
    for (at, byte) in bytes.iter().enumerate() {
        match (start, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(from), b'"') => {
                start = None;
                if depth == 1 && is_key(&bytes[at + 1..]) {
                    match &bytes[from..at] {
                        b"practice" => return Some(Kind::Practice),
                        b"os" => return Some(Kind::Theory),
                        _ => {}
                    }
                }
            }
            (None, b'"') => start = Some(at + 1),
            (None, b'{' | b'[') => depth += 1,
            (None, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn is_key(after: &[u8]) -> bool {
    after.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':')
}

/// Reads a file that is not larger than `bytes_max`; `-` is standard input.
///
/// # Errors
/// When it cannot be read or is larger.
pub fn file(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Trouble> {
    let shown = path.display();
    let failed = |e: std::io::Error| {
        Trouble::new(format!("{shown} cannot be read: {e}")).remedy("check the path and its rights")
    };
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() > bytes_max {
        return Err(Trouble::new(format!("{shown} is larger than {bytes_max} bytes"))
            .remedy("this is not a file that nsk reads; check that it is the right one"));
    }
    Ok(bytes)
}

/// A bank from the constructor's export, or from the `tool` of an exam's export.
///
/// # Errors
/// When it is neither; the constructor's problems are in the text.
pub fn bank(path: &Path, limits: &ImportLimits) -> Result<Tool, Trouble> {
    let bytes = file(path, limits.bytes_max)?;
    if kind_of(&bytes) != Some(Kind::Theory) && bytes.len() <= limits.bytes_max {
        // serde_json refuses deep nesting by itself.
        if let Ok(tool) = serde_json::from_slice::<Tool>(&bytes) {
            return Ok(tool);
        }
    }
    let problems = match tool::import(&bytes, limits) {
        Ok(imported) => return Ok(imported.value),
        Err(problems) => problems,
    };
    let lines: Vec<String> = problems.iter().map(|p| format!("\n  {p}")).collect();
    Err(Trouble::new(format!("{} is no bank of questions:{}", path.display(), lines.concat()))
        .remedy("give the constructor's export, or the `tool` of an exam's export"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEORY: &[u8] = include_bytes!("../demo/os-edu-69.json");
    const PRACTICE: &[u8] = include_bytes!("../demo/practice-57.json");

    fn problems(bytes: &[u8]) -> Vec<Problem> {
        read(bytes, &ImportLimits::default()).expect_err("not a tool")
    }

    #[test]
    fn the_demo_tools_are_told_apart() {
        let limits = ImportLimits::default();
        let theory = read(THEORY, &limits).expect("a theory tool");
        assert!(matches!(theory.value, Material::Theory(_)));
        assert_eq!(theory.warnings, []);
        let practice = read(PRACTICE, &limits).expect("a practice tool");
        assert!(matches!(practice.value, Material::Practice(_)));
        assert_eq!(practice.warnings, []);
    }

    #[test]
    fn the_key_that_tells_is_of_the_outermost_object() {
        assert_eq!(kind_of(br#"{"a": {"practice": 1}, "b": "os", "os": {}}"#), Some(Kind::Theory));
        assert_eq!(kind_of(br#"{"x": "\"practice\":", "practice" : 1}"#), Some(Kind::Practice));
        assert_eq!(kind_of(br#"["os", {"os": 1}]"#), None);
        assert_eq!(kind_of(b"{\"os"), None);
    }

    #[test]
    fn what_is_neither_says_so() {
        assert_eq!(problems(br#"{"a": 1}"#), [neither()]);
        let syntax = problems(b"{\"a\": ");
        assert!(syntax[0].to_string().contains("JSON"), "{syntax:?}");
        let deep = "[".repeat(10_000);
        assert_eq!(problems(deep.as_bytes()).len(), 1);
        assert!(problems(&vec![b' '; 17 * 1024 * 1024])[0].expected.contains("bytes"));
    }
}
