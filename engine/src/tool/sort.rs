//! The natural order of `sort`, which is a text: `2` before `10`, `a2` before `a10`.

use std::cmp::Ordering;

/// Compares two texts, runs of digits by their value.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.trim(), b.trim());
    while !a.is_empty() && !b.is_empty() {
        let (one, two) = (digits(a), digits(b));
        if one > 0 && two > 0 {
            let (m, n) = (a[..one].trim_start_matches('0'), b[..two].trim_start_matches('0'));
            let order = m.len().cmp(&n.len()).then_with(|| m.cmp(n));
            if order.is_ne() {
                return order;
            }
            (a, b) = (&a[one..], &b[two..]);
        } else {
            let (c, d) = (a.chars().next(), b.chars().next());
            if c != d {
                return c.cmp(&d);
            }
            let len = c.map_or(0, char::len_utf8);
            (a, b) = (&a[len..], &b[len..]);
        }
    }
    a.len().cmp(&b.len())
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::natural;
    use proptest::prelude::*;

    #[test]
    fn numbers_by_value() {
        let mut list = ["10", "b", "2", "a10", "", "a2", "1", "а", "007", "99999999999999999999"];
        list.sort_by(|a, b| natural(a, b));
        assert_eq!(
            list,
            ["", "1", "2", "007", "10", "99999999999999999999", "a2", "a10", "b", "а"]
        );
    }

    proptest! {
        #[test]
        fn is_an_order(a in "[a0-9я]{0,5}", b in "[a0-9я]{0,5}", c in "[a0-9я]{0,5}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
