//! A JSON tree that keeps what `serde_json::Value` would hide: repeated keys of an object.
//!
//! Size, depth and number of values are checked on the bytes, before a parser allocates anything.

use crate::import::{Complaints, ImportLimits, Problem};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::collections::BTreeSet;
use std::fmt;

/// A JSON value.
#[derive(Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Parses a document within its limits.
///
/// # Errors
/// The one problem that stopped the parser.
pub(crate) fn parse(bytes: &[u8], limits: &ImportLimits) -> Result<Json, Problem> {
    if bytes.len() > limits.bytes_max {
        let max = limits.bytes_max;
        return Err(whole(format!("at most {max} bytes"), format!("{} bytes", bytes.len())));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Err(e) = std::str::from_utf8(bytes) {
        return Err(whole("text in UTF-8", format!("other bytes at offset {}", e.valid_up_to())));
    }
    scan(bytes, limits)?;
    serde_json::from_slice(bytes).map_err(|e| whole("a JSON document", e.to_string()))
}

/// Counts depth and values without understanding them; braces inside strings do not count.
fn scan(bytes: &[u8], limits: &ImportLimits) -> Result<(), Problem> {
    let (mut depth, mut values, mut in_string, mut escaped) = (0_usize, 1_usize, false, false);
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                values += 1;
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > limits.depth_max {
            let max = limits.depth_max;
            return Err(whole(format!("at most {max} levels of nesting"), "deeper nesting"));
        }
        if values > limits.values_max {
            return Err(whole(format!("at most {} values", limits.values_max), "more values"));
        }
    }
    Ok(())
}

fn whole(expected: impl Into<String>, found: impl Into<String>) -> Problem {
    Problem { path: String::new(), expected: expected.into(), found: found.into() }
}

/// Reports every key that an object repeats: two parsers may read such a document differently.
pub(crate) fn refuse_duplicate_keys(json: &Json, path: &str, out: &mut Complaints) {
    match json {
        Json::List(items) => {
            for (i, item) in items.iter().enumerate() {
                if matches!(item, Json::List(_) | Json::Object(_)) {
                    refuse_duplicate_keys(item, &format!("{path}[{i}]"), out);
                }
            }
        }
        Json::Object(fields) => {
            let mut seen = BTreeSet::new();
            for (key, value) in fields {
                let duplicate = !seen.insert(key.as_str());
                if duplicate || matches!(value, Json::List(_) | Json::Object(_)) {
                    let path = child(path, key);
                    if duplicate {
                        out.error(&path, "each key once in an object", "the key a second time");
                    }
                    refuse_duplicate_keys(value, &path, out);
                }
            }
        }
        _ => {}
    }
}

/// The path of a field.
pub(crate) fn child(path: &str, key: &str) -> String {
    let key = shorten(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A text as a report may show it: one line, at most 60 characters.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let mut short: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

impl Json {
    /// The value in a few words, for a report.
    pub(crate) fn describe(&self) -> String {
        match self {
            Json::Null => "null".to_owned(),
            Json::Bool(b) => b.to_string(),
            Json::Number(n) => n.to_string(),
            Json::Text(text) => format!("\"{}\"", shorten(text)),
            Json::List(items) => format!("a list of {}", items.len()),
            Json::Object(_) => "an object".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Json, D::Error> {
        d.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Json, E> {
        Ok(Json::Bool(b))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Json, E> {
        Ok(Json::Number(n.into()))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Json, E> {
        Ok(Json::Number(n.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<Json, E> {
        Number::from_f64(n).map(Json::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = map.next_entry()? {
            fields.push(entry);
        }
        Ok(Json::Object(fields))
    }
}
