//! Source text with its comments and the insides of its literals blanked, so that a rule about
//! code is not set off by prose. Every byte keeps its place: an offset into one is one into the other.

/// Blanks comments, strings and character literals of Rust, TypeScript or Svelte.
pub fn code_only(path: &str, text: &str) -> String {
    let rust = path.ends_with(".rs");
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at, rust);
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        // A literal's delimiters stay: a reader of the result sees where it was.
        let comment = matches!(chars[at], '/' | '<');
        for (i, &c) in chars[at..end].iter().enumerate() {
            let edge = i == 0 || at + i + 1 == end;
            if c == '\n' || (edge && !comment) {
                out.push(c);
            } else {
                out.extend(std::iter::repeat_n(' ', c.len_utf8()));
            }
        }
        at = end;
    }
    out
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn literal_end(chars: &[char], at: usize, rust: bool) -> usize {
    let starts = |mark: &str| mark.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    if starts("//") {
        // `https://` in Svelte markup is no comment.
        let scheme = !rust && at > 0 && chars[at - 1] == ':';
        return if scheme { at } else { find(chars, at, "\n").unwrap_or(chars.len()) };
    }
    if starts("/*") {
        return past(chars, at + 2, "*/");
    }
    if starts("<!--") && !rust {
        return past(chars, at + 4, "-->");
    }
    let word_before = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        'r' if rust && !word_before => raw_string_end(chars, at),
        '"' => quoted_end(chars, at, '"'),
        '\'' if rust => char_end(chars, at),
        // An apostrophe in markup text has a letter before it.
        '\'' if !word_before => quoted_end(chars, at, '\''),
        '`' if !rust => quoted_end(chars, at, '`'),
        _ => at,
    }
}

fn find(chars: &[char], from: usize, mark: &str) -> Option<usize> {
    let mark: Vec<char> = mark.chars().collect();
    (from..chars.len()).find(|&i| chars[i..].starts_with(&mark))
}

fn past(chars: &[char], from: usize, mark: &str) -> usize {
    find(chars, from, mark).map_or(chars.len(), |i| i + mark.len())
}

fn quoted_end(chars: &[char], at: usize, quote: char) -> usize {
    let mut i = at + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 1,
            c if c == quote => return i + 1,
            _ => {}
        }
        i += 1;
    }
    chars.len()
}

fn raw_string_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    past(chars, at + 2 + hashes, &format!("\"{}", "#".repeat(hashes)))
}

/// A character literal, as against a lifetime.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => quoted_end(chars, at, '\''),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// The 1-based line of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// The byte offset just past the bracket that closes the one at `open`.
pub fn past_closing(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (i, c) in code[open..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + i + c.len_utf8();
        }
    }
    code.len()
}

#[test]
fn blanks_prose_and_keeps_code() {
    let blank = |text: &str| code_only("a.rs", text);
    assert_eq!(blank("a(); // b()\nc();"), "a();       \nc();");
    assert_eq!(blank("a(\"b \\\" c\"); d"), "a(\"      \"); d");
    assert_eq!(blank("r#\"x\" y\"#; z"), "r       #; z");
    assert_eq!(blank("let c = '\"'; fn f<'a>()"), "let c = ' '; fn f<'a>()");
    assert_eq!(blank("/* a\nb */c"), "    \n    c");
    assert_eq!(blank("for x"), "for x");
    assert_eq!(blank("\"оценка\"; x").len(), "\"оценка\"; x".len());
    assert_eq!(code_only("a.svelte", "<a href=\"x\">don't</a> `y`"), "<a href=\" \">don't</a> ` `");
}
