//! When two texts of a gap count as the same.

use unicode_normalization::UnicodeNormalization;

/// A gap's text in the form in which it is compared: NFC, lower case, `ё` as `е`, white space
/// collapsed to single spaces and none at the ends.
pub(crate) fn normal(text: &str) -> String {
    // Lower case can undo the composition, so it is composed again.
    let lower: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.join(" ").replace('ё', "е")
}

#[cfg(test)]
mod tests {
    use super::normal;
    use proptest::prelude::*;

    #[test]
    fn same_and_different() {
        for (a, b) in [
            ("Москва", "  мОСКВА "),
            ("ёлка", "Елка"),
            ("Ё", "е\u{308}"),
            ("й", "и\u{306}"),
            ("fir\u{a0}\t tree", "Fir tree"),
            ("Straße", "straße"),
        ] {
            assert_eq!(normal(a), normal(b), "{a} {b}");
        }
        for (a, b) in [("ё", "э"), ("и", "й"), ("fir tree", "firtree"), ("1,5", "1.5"), ("", "0")]
        {
            assert_ne!(normal(a), normal(b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn is_idempotent(text in any::<String>()) {
            let once = normal(&text);
            prop_assert_eq!(normal(&once), once);
        }
    }
}
