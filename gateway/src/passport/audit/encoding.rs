//! What an event may hold: short names, details of a limited size, and no character that could
//! make one line of a log or export look like two.

use engine::Hash;
use serde_json::{Map, Number, Value, json};

/// Longest name of an actor or subject, characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Largest detail, bytes of its JSON. A larger one is replaced by its size and hash.
pub const DETAIL_BYTES_MAX: usize = 4 * 1024;
/// Deepest nesting of a detail.
const DEPTH_MAX: usize = 8;
/// The largest whole number that every JSON reader keeps exactly.
const EXACT_MAX: i64 = (1 << 53) - 1;

/// A name, cut and with its control characters written out.
pub(super) fn name(text: &str) -> String {
    written_out(&text.chars().take(NAME_CHARS_MAX).collect::<String>())
}

/// A detail within its limits, with control characters written out. Numbers that are not whole or
/// too large to be exact become text: the hash must not depend on how somebody prints them.
pub(super) fn detail(value: &Value) -> Value {
    let clean = clean(value, DEPTH_MAX);
    let size = clean.to_string().len();
    if size <= DETAIL_BYTES_MAX {
        return clean;
    }
    json!({"too_long": size, "sha256": Hash::of_json(&clean)})
}

fn clean(value: &Value, depth: usize) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(number) => exact(number),
        Value::String(text) => Value::String(written_out(text)),
        Value::Array(_) | Value::Object(_) if depth == 0 => json!("too deep"),
        Value::Array(items) => items.iter().map(|item| clean(item, depth - 1)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(k, v)| (written_out(k), clean(v, depth - 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

fn exact(number: &Number) -> Value {
    match number.as_i64() {
        Some(n) if n.unsigned_abs() <= EXACT_MAX.unsigned_abs() => Value::from(n),
        _ => Value::String(number.to_string()),
    }
}

/// Control characters, and those that turn or break lines, as `\u{a}`; the backslash doubled, so
/// that what is written out can be told from what was there.
fn written_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.extend(c.escape_unicode());
            }
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_a_line() {
        assert_eq!(name("a\r\nlogin.ok b\\n\u{1b}[31m"), "a\\u{d}\\u{a}login.ok b\\\\n\\u{1b}[31m");
        let given = json!({"k\n": ["v\u{2028}", {"deep": "\u{7f}\u{85}\u{202e}"}], "я": true});
        let taken = detail(&given);
        let breaks = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
        assert_eq!(taken.to_string().find(breaks), None, "{taken}");
        assert_eq!(taken["я"], json!(true));
        // Negative control: the same search finds what was given.
        assert!(given["k\n"][0].as_str().expect("text").contains(breaks));
    }

    #[test]
    fn size_depth_and_numbers_are_limited() {
        let long = detail(&json!({"text": "x".repeat(DETAIL_BYTES_MAX)}));
        assert_eq!(long["too_long"], json!(DETAIL_BYTES_MAX + 11));
        assert_eq!(name(&"я".repeat(500)).chars().count(), NAME_CHARS_MAX);
        let mut nested = json!(1);
        for _ in 0..100 {
            nested = json!([nested]);
        }
        assert!(detail(&nested).to_string().contains("too deep"));
        let numbers = detail(&json!([1, -5, 1.5, 9_007_199_254_740_993_u64]));
        assert_eq!(numbers, json!([1, -5, "1.5", "9007199254740993"]));
    }
}
