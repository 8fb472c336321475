//! Exact scores. A block is worth `total_ball / bloc_count`, which may be 35/2 or 100/3; it stays
//! a fraction from the import to the verdict, and hundredths exist only for the eye.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::str::FromStr;

/// An exact score. Written `20`, or `35/2` when it is not whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Points(Ratio<i128>);

impl Points {
    /// Nothing.
    pub fn zero() -> Points {
        Points(Ratio::zero())
    }

    /// A whole number of points.
    pub fn whole(n: i64) -> Points {
        Points(Ratio::from_integer(i128::from(n)))
    }

    /// `numerator / denominator`; `None` when the denominator is not positive.
    pub fn ratio(numerator: i64, denominator: i64) -> Option<Points> {
        (denominator > 0)
            .then(|| Points(Ratio::new(i128::from(numerator), i128::from(denominator))))
    }

    /// The exact sum, or `None` where it cannot be represented.
    pub fn checked_add(&self, other: &Points) -> Option<Points> {
        self.0.checked_add(&other.0).map(Points)
    }

    /// The exact product, or `None` where it cannot be represented.
    pub fn checked_mul(&self, other: &Points) -> Option<Points> {
        self.0.checked_mul(&other.0).map(Points)
    }

    /// The exact quotient, or `None` for a division by zero or an overflow.
    pub fn checked_div(&self, other: &Points) -> Option<Points> {
        if other.0.is_zero() { None } else { self.0.checked_div(&other.0).map(Points) }
    }

    /// The denominator in lowest terms; 1 for a whole number.
    pub fn denominator(&self) -> i128 {
        *self.0.denom()
    }

    /// The numerator in lowest terms.
    pub fn numerator(&self) -> i128 {
        *self.0.numer()
    }

    /// Rounded half up to hundredths, for display only: `17.50`.
    pub fn hundredths(&self) -> String {
        let scaled = (self.0 * 100 + Ratio::new(1, 2)).floor().to_integer();
        let (sign, abs) = if scaled < 0 { ("-", -scaled) } else { ("", scaled) };
        format!("{sign}{}.{:02}", abs / 100, abs % 100)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Text that is not a score.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "expected a whole number, a decimal with at most 9 digits after the point, or a fraction such as 35/2"
)]
pub struct NotPoints;

impl FromStr for Points {
    type Err = NotPoints;

    /// Reads `20`, `17.5` and `35/2`, each exactly.
    fn from_str(text: &str) -> Result<Points, NotPoints> {
        let text = text.trim();
        if let Some((n, d)) = text.split_once('/') {
            let n: i64 = n.trim().parse().map_err(|_| NotPoints)?;
            let d: i64 = d.trim().parse().map_err(|_| NotPoints)?;
            return Points::ratio(n, d).ok_or(NotPoints);
        }
        if let Some((whole, decimals)) = text.split_once('.') {
            let negative = whole.starts_with('-');
            let digits = decimals.len();
            if digits == 0 || digits > 9 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
                return Err(NotPoints);
            }
            let whole: i64 = whole.parse().map_err(|_| NotPoints)?;
            let part: i64 = decimals.parse().map_err(|_| NotPoints)?;
            let scale = 10_i64.pow(u32::try_from(digits).map_err(|_| NotPoints)?);
            let scaled = whole.checked_mul(scale).ok_or(NotPoints)?;
            let n = if negative { scaled.checked_sub(part) } else { scaled.checked_add(part) };
            return Points::ratio(n.ok_or(NotPoints)?, scale).ok_or(NotPoints);
        }
        text.parse::<i64>().map(Points::whole).map_err(|_| NotPoints)
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Points, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_exactly() {
        for (text, shown, hundredths) in [
            ("20", "20", "20.00"),
            ("17.5", "35/2", "17.50"),
            ("100/3", "100/3", "33.33"),
            ("200/3", "200/3", "66.67"),
            ("-0.5", "-1/2", "-0.50"),
            ("59.999", "59999/1000", "60.00"),
        ] {
            let p: Points = text.parse().expect(text);
            assert_eq!(p.to_string(), shown);
            assert_eq!(p.hundredths(), hundredths);
        }
        for bad in ["", "1/0", "1/-2", "x", "1.", "1.0000000001", "--1"] {
            assert_eq!(bad.parse::<Points>(), Err(NotPoints), "{bad}");
        }
    }
}
