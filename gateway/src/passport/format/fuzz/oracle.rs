//! A second opinion on JSON, by counting: it shares no code with the readers that it judges.

use super::Family;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

/// Reads whatever somebody might take for base64.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
/// Deepest nesting that a token may have.
const DEPTH_MAX: usize = 6;
/// Most members: those of a record, which has the most.
const MEMBERS_MAX: usize = 128;

/// Text in base64 of either alphabet, however it is spelled.
pub(super) fn from_base64(text: &str) -> Option<String> {
    String::from_utf8(bytes_of(text)?).ok()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT).decode(text).ok()
}

/// The JSON documents inside of a token.
pub(super) fn documents(family: Family, text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.trim().split('.').collect();
    match family {
        Family::Paseto => {
            let body = parts.get(2).and_then(|part| bytes_of(part)).unwrap_or_default();
            let payload = body.get(..body.len().saturating_sub(64)).unwrap_or_default();
            let footer = parts.get(3).and_then(|part| from_base64(part));
            String::from_utf8(payload.to_vec()).into_iter().chain(footer).collect()
        }
        Family::Jwt | Family::Proof => {
            parts.iter().take(2).filter_map(|part| from_base64(part)).collect()
        }
        Family::Record | Family::Qr => {
            let plain = text.trim_start().starts_with('{');
            if plain { vec![text.to_owned()] } else { from_base64(text).into_iter().collect() }
        }
        Family::Json => vec![text.to_owned()],
    }
}

/// What is wrong with a document that a strict reader took.
pub(super) fn fault_of(text: &str) -> Option<&'static str> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Some("this is no JSON") };
    let (colons, depth) = counted(text);
    // A key that comes twice is in the text and not in what was read.
    if colons != members(&value) {
        return Some("a key is named twice");
    }
    if depth > DEPTH_MAX {
        return Some("it is nested too deep");
    }
    (colons > MEMBERS_MAX).then_some("it has too many keys")
}

/// Colons outside of strings, and the deepest nesting.
fn counted(text: &str) -> (usize, usize) {
    let (mut colons, mut depth, mut deepest) = (0, 0_usize, 0);
    let (mut inside, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ if inside => {}
            b':' => colons += 1,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    (colons, deepest)
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        Value::Array(list) => list.iter().map(members).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_rightly() {
        for (text, fault) in [
            (r#"{"a":{"b:":[1,"{\":"]}}"#, None),
            (r#"{"a":1,"a":1}"#, Some("a key is named twice")),
            ("[[[[[[[]]]]]]]", Some("it is nested too deep")),
            ("{", Some("this is no JSON")),
        ] {
            assert_eq!(fault_of(text), fault, "{text}");
        }
    }
}
