//! How PINs are used at a station.

use serde::{Deserialize, Serialize};

/// It can only be stricter than what the program has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Digits of a PIN.
    pub pin_digits: u32,
    /// Whether a PIN alone is enough; otherwise people give their name with it.
    pub pin_only: bool,
    /// So many failures end sign-in by a PIN alone.
    pub pin_only_fails: u32,
    /// So many failures destroy the device's key.
    pub fails_max: u32,
}

impl Policy {
    /// With this many failures a PIN alone is not enough any more.
    pub const PIN_ONLY_FAILS: u32 = 20;
    /// With this many failures the device's key is destroyed.
    pub const FAILS_MAX: u32 = 30;

    /// For so many people and such a key: six digits, or eight. Where the key lies on a plain disk
    /// people give their names too.
    pub fn of(people: usize, key_protected: bool) -> Policy {
        let pin_digits = if people > 50 || !key_protected { 8 } else { 6 };
        Policy {
            pin_digits,
            pin_only: key_protected,
            pin_only_fails: Policy::PIN_ONLY_FAILS,
            fails_max: Policy::FAILS_MAX,
        }
    }

    /// Never weaker than the program's own limits: where the device's key lies on a plain disk, a
    /// name is needed.
    #[must_use]
    pub fn floored(mut self, key_protected: bool) -> Policy {
        self.pin_only_fails = self.pin_only_fails.min(Policy::PIN_ONLY_FAILS);
        self.fails_max = self.fails_max.min(Policy::FAILS_MAX);
        self.pin_only &= key_protected;
        self
    }
}
