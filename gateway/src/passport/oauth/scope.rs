//! Scopes: words separated by single spaces, each of which was registered for the client.

use super::fault::Fault;
use std::collections::BTreeSet;

/// Most words of a scope.
const WORDS_MAX: usize = 32;
/// Longest word, bytes.
const WORD_BYTES_MAX: usize = 64;

/// Reads a scope.
///
/// # Errors
/// `invalid_scope` when it is none.
pub fn parse(text: &str) -> Result<BTreeSet<String>, Fault> {
    let mut words = BTreeSet::new();
    for word in text.split(' ') {
        // RFC 6749, 3.3: visible ASCII but `"` and `\`.
        let fits = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if word.is_empty() || word.len() > WORD_BYTES_MAX || !word.bytes().all(fits) {
            return Err(Fault::invalid_scope());
        }
        words.insert(word.to_owned());
        if words.len() > WORDS_MAX {
            return Err(Fault::invalid_scope());
        }
    }
    Ok(words)
}

/// The asked scope, which must lie within what is allowed; all of what is allowed when none is
/// asked for.
///
/// # Errors
/// `invalid_scope` when it does not.
pub fn within(asked: Option<&str>, allowed: &BTreeSet<String>) -> Result<BTreeSet<String>, Fault> {
    let Some(asked) = asked else { return Ok(allowed.clone()) };
    let asked = parse(asked)?;
    if asked.is_subset(allowed) { Ok(asked) } else { Err(Fault::invalid_scope()) }
}

/// As the wire writes it.
pub fn join(scope: &BTreeSet<String>) -> String {
    scope.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_only_narrows() {
        let allowed = parse("openid profile exam:read").expect("a scope");
        assert_eq!(within(None, &allowed).expect("all"), allowed);
        let narrow = within(Some("openid exam:read"), &allowed).expect("narrower");
        assert_eq!(join(&narrow), "exam:read openid");
        for bad in
            ["openid admin", "Openid", " openid", "openid  profile", "a\"b", "openid\tprofile"]
        {
            assert_eq!(within(Some(bad), &allowed).expect_err(bad).error, "invalid_scope");
        }
    }
}
