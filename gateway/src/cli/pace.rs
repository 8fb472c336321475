//! How fast the demo's simulated people are.

/// How much faster than life: hundredths, from 0.1 to 100.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace(u32);

impl Pace {
    /// A span of life at this pace, ms.
    pub fn ms(self, life_ms: u64) -> u64 {
        (life_ms * 100 / u64::from(self.0)).max(1)
    }
}

impl std::str::FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Pace, String> {
        let points: Option<engine::Points> = text.parse().ok();
        let hundred = engine::Points::whole(100);
        let hundredths =
            points.and_then(|p| p.checked_mul(&hundred)).filter(|p| p.denominator() == 1);
        hundredths
            .and_then(|p| u32::try_from(p.numerator()).ok())
            .filter(|n| (10..=10_000).contains(n))
            .map(Pace)
            .ok_or_else(|| "expected a number from 0.1 to 100 such as 1 or 2.5".to_owned())
    }
}
