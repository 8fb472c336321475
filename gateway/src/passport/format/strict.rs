//! A scan that refuses what JSON parsers let pass: two keys of one name, more nesting and more
//! keys than a token ever has. It runs before the parser proper, which still checks the grammar.

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Deepest nesting of arrays and objects.
pub const DEPTH_MAX: u32 = 6;
/// Most keys in the whole document.
pub const KEYS_MAX: u32 = 64;

/// Reads a document after the scan.
///
/// # Errors
/// When it is no JSON, names a key twice, is nested too deep, has too many keys, or does not have
/// the shape of `T`.
pub fn from_str<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, serde_json::Error> {
    from_str_within(text, LIMITS)
}

/// What a token may hold.
const LIMITS: Limits = Limits { depth: DEPTH_MAX, keys: KEYS_MAX };

/// How much a document may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Deepest nesting of arrays and objects.
    pub depth: u32,
    /// Most keys in the whole document.
    pub keys: u32,
}

/// As [`from_str`], within other limits.
///
/// # Errors
/// As [`from_str`].
pub fn from_str_within<T: for<'de> Deserialize<'de>>(
    text: &str,
    limits: Limits,
) -> Result<T, serde_json::Error> {
    scan(text, limits)?;
    serde_json::from_str(text)
}

/// The scan alone.
///
/// # Errors
/// As [`from_str`], but for the shape.
fn scan(text: &str, limits: Limits) -> Result<(), serde_json::Error> {
    let mut keys = limits.keys;
    let mut reader = serde_json::Deserializer::from_str(text);
    Scan { depth: limits.depth, keys: &mut keys }.deserialize(&mut reader)?;
    reader.end()
}

/// What may still come: levels below this one, and keys.
struct Scan<'k> {
    depth: u32,
    keys: &'k mut u32,
}

impl Scan<'_> {
    fn below<E: de::Error>(&mut self) -> Result<Scan<'_>, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Scan { depth, keys: self.keys })
    }
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        // Few keys: looking through them is faster than any tree.
        let mut seen: Vec<Cow<'de, str>> = Vec::with_capacity(16);
        while let Some(key) = map.next_key_seed(Key)? {
            *self.keys =
                self.keys.checked_sub(1).ok_or_else(|| de::Error::custom("too many keys"))?;
            if seen.contains(&key) {
                return Err(de::Error::custom("a key is named twice"));
            }
            seen.push(key);
            map.next_value_seed(self.below()?)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self.below()?)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key, copied only when it is written with escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Cow<'de, str>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn what_parsers_let_pass_is_refused() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"b":1,"b":1}]}"#,
            "[[[[[[[1]]]]]]]",
            r#"{"a":1} {}"#,
            "{",
            "",
        ] {
            assert!(from_str::<Value>(bad).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..=KEYS_MAX).map(|n| format!("\"k{n}\":1")).collect();
        assert!(from_str::<Value>(&format!("{{{}}}", many.join(","))).is_err());
        assert!(from_str::<Value>(&format!("{{{}}}", many[1..].join(","))).is_ok());
    }

    #[test]
    fn the_same_key_in_two_objects_is_fine() {
        let text = r#"{"a":{"b":1},"c":{"b":[1,2.5,true,null,"x",-1]}}"#;
        assert!(from_str::<Value>(text).is_ok());
    }
}
