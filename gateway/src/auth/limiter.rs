//! The limiter of sign-in attempts, per address and per login, over `governor`.
//!
//! While the cache that nodes share is away, shares are a quarter: whoever is refused here may be
//! trying elsewhere too.
//!
//! What it remembers is bounded: when too many addresses or logins are fresh in memory, nobody new
//! may try until some of them have faded.

use actors::ports::Clock;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The program's own monotonic clock, as the limiter reads it.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(u64::try_from(self.0.monotonic_us()).unwrap_or(0).saturating_mul(1_000))
    }
}

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, Ticks, NoOpMiddleware<Nanos>>;

/// While the shared cache is away, a share is divided by this.
const ALONE_DIVISOR: u32 = 4;

/// A limiter of one kind of key with bounded memory.
pub struct Limiter<K: Hash + Eq + Clone> {
    keyed: Keyed<K>,
    alone: Option<(Arc<AtomicBool>, Keyed<K>)>,
    most: NonZeroU32,
    period: Duration,
    ticks: Ticks,
    keys_max: usize,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("keys_max", &self.keys_max).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// So many in each period, all of which may come at once.
    pub fn new(clock: Arc<dyn Clock>, most: u32, period: Duration, keys_max: usize) -> Limiter<K> {
        let most = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
        let ticks = Ticks(clock);
        Limiter { keyed: keyed(most, period, &ticks), alone: None, most, period, ticks, keys_max }
    }

    /// So many attempts a minute, and a quarter of them while the shared cache is away.
    pub fn per_minute(
        clock: &Arc<dyn Clock>,
        most: u32,
        keys_max: usize,
        alone: &Arc<AtomicBool>,
    ) -> Limiter<K> {
        Limiter::new(clock.clone(), most, Duration::from_secs(60), keys_max)
            .quartered_while(alone.clone())
    }

    /// With a quarter of every share while the flag is up.
    #[must_use]
    fn quartered_while(mut self, alone: Arc<AtomicBool>) -> Limiter<K> {
        let quarter = NonZeroU32::new(self.most.get() / ALONE_DIVISOR).unwrap_or(NonZeroU32::MIN);
        self.alone = Some((alone, keyed(quarter, self.period, &self.ticks)));
        self
    }

    /// Takes one; otherwise says how many ms to wait.
    ///
    /// # Errors
    /// The wait in ms, when the key has used up its share or no more keys are remembered.
    pub fn take(&self, key: &K) -> Result<(), u64> {
        if let Some((alone, keyed)) = &self.alone
            && alone.load(Ordering::Acquire)
        {
            self.take_of(keyed, key)?;
        }
        self.take_of(&self.keyed, key)
    }

    fn take_of(&self, keyed: &Keyed<K>, key: &K) -> Result<(), u64> {
        if keyed.len() >= self.keys_max {
            keyed.retain_recent();
            if keyed.len() >= self.keys_max {
                return Err(1_000);
            }
        }
        keyed.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.ticks.now());
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
        })
    }
}

fn keyed<K: Hash + Eq + Clone>(most: NonZeroU32, period: Duration, ticks: &Ticks) -> Keyed<K> {
    let each = Quota::with_period(period / most.get()).unwrap_or(Quota::per_minute(most));
    RateLimiter::new(each.allow_burst(most), HashMapStateStore::default(), ticks.clone())
}

/// What attempts from one place are counted under: an IPv4 address, or an IPv6 network of 64 bits,
/// for such a network belongs to one household.
pub fn place_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let network = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::clock::ManualClock;

    #[test]
    fn a_share_is_used_up_and_grows_again() {
        let clock = Arc::new(ManualClock::default());
        let limiter: Limiter<&str> = Limiter::new(clock.clone(), 3, Duration::from_secs(60), 10);
        for _ in 0..3 {
            assert_eq!(limiter.take(&"a"), Ok(()));
        }
        let wait = limiter.take(&"a").expect_err("used up");
        assert!((19_000..=20_001).contains(&wait), "{wait}");
        assert_eq!(limiter.take(&"b"), Ok(()), "others are not concerned");
        clock.advance_ms(20_001);
        assert_eq!(limiter.take(&"a"), Ok(()));
        assert!(limiter.take(&"a").is_err());
    }

    #[test]
    fn alone_a_share_is_a_quarter() {
        let (clock, alone) = (Arc::new(ManualClock::default()), Arc::new(AtomicBool::new(false)));
        let limiter: Limiter<&str> = Limiter::new(clock.clone(), 8, Duration::from_secs(60), 10);
        let limiter = limiter.quartered_while(alone.clone());
        let taken = || (0..20).filter(|_| limiter.take(&"a").is_ok()).count();
        assert_eq!(taken(), 8);
        clock.advance_ms(120_000);
        alone.store(true, Ordering::Release);
        assert_eq!(taken(), 2);
        let wait = limiter.take(&"a").expect_err("used up");
        assert!((29_000..=30_001).contains(&wait), "{wait}");
        alone.store(false, Ordering::Release);
        assert_eq!(taken(), 6, "what was taken meanwhile counts");
        let small: Limiter<&str> = Limiter::new(clock, 1, Duration::from_secs(60), 10);
        alone.store(true, Ordering::Release);
        assert_eq!(small.quartered_while(alone).take(&"a"), Ok(()), "at least one");
    }

    #[test]
    fn a_flood_of_names_does_not_fill_the_memory() {
        let clock = Arc::new(ManualClock::default());
        let limiter: Limiter<u32> = Limiter::new(clock.clone(), 1, Duration::from_secs(60), 100);
        let taken = (0..1_000).filter(|n| limiter.take(n).is_ok()).count();
        assert_eq!(taken, 100);
        clock.advance_ms(120_000);
        assert_eq!(limiter.take(&5_000), Ok(()), "the old ones have faded");
    }

    #[test]
    fn an_ipv6_household_is_one_place() {
        let place = |text: &str| place_of(text.parse().expect(text));
        assert_eq!(place("2001:db8:1:2::5"), place("2001:db8:1:2:ffff::9"));
        assert_ne!(place("2001:db8:1:2::5"), place("2001:db8:1:3::5"));
        assert_ne!(place("10.0.0.1"), place("10.0.0.2"));
        assert_eq!(place("::ffff:10.0.0.1"), place("10.0.0.1"));
    }
}
