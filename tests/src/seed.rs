//! Seeds of randomized tests, and what is drawn from them.

/// Numbers that follow from a seed (SplitMix64): the same in every version of every library.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// The draws of a seed.
    pub fn new(seed: u64) -> Draws {
        Draws(seed)
    }

    /// Draws of their own for one part of a test, so that parts do not disturb each other.
    pub fn part(&self, n: u64) -> Draws {
        let mut draws = Draws(self.0 ^ n.wrapping_mul(0xa076_1d64_78bd_642f));
        draws.any();
        draws
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.any() % end
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    /// True in `percent` of the draws.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let at = usize::try_from(self.below(from.len() as u64)).unwrap_or_default();
        from[at].clone()
    }
}

/// The seed that `NSK_SEED` asks for, to repeat one run of a seeded test.
#[expect(clippy::disallowed_methods, reason = "the one variable by which a seed is repeated")]
pub fn asked_seed() -> Option<u64> {
    std::env::var("NSK_SEED").ok()?.parse().ok()
}

/// Says the seed when a test fails, whatever way it fails.
pub struct SaysSeed(pub u64);

impl Drop for SaysSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {0}: repeat it with NSK_SEED={0}", self.0);
        }
    }
}
