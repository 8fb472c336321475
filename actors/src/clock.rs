//! The clock, the ids and the randomness of the real program. Only this file may read or draw them:
//! `clippy.toml` bans the rest by name.

use crate::ports::{Clock, IdSource};
use engine::{CommandId, Moment, StreamId};
use rustix::time::{ClockId, clock_gettime};
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Ticks while the laptop sleeps, so that closing its lid does not stretch an exam.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MONOTONIC: ClockId = ClockId::Boottime;
/// The nearest that other systems have.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const MONOTONIC: ClockId = ClockId::Monotonic;

/// The machine's clocks.
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Moment {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        Moment(millis)
    }

    fn monotonic_us(&self) -> i64 {
        let t = clock_gettime(MONOTONIC);
        t.tv_sec * 1_000_000 + t.tv_nsec / 1_000
    }
}

/// Ids and randomness from the operating system's generator.
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemIds;

impl SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
    fn bytes<const N: usize>() -> [u8; N] {
        let mut out = [0; N];
        rand::fill(&mut out);
        out
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that draws ids")]
    fn uuid() -> Uuid {
        Uuid::now_v7()
    }
}

impl IdSource for SystemIds {
    fn stream_id(&self) -> StreamId {
        StreamId(Self::uuid())
    }

    fn command_id(&self) -> CommandId {
        CommandId(Self::uuid())
    }

    fn salt(&self) -> [u8; 16] {
        Self::bytes()
    }

    fn seed(&self) -> [u8; 32] {
        Self::bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_never_goes_back() {
        let readings: Vec<i64> = (0..1_000).map(|_| SystemClock.monotonic_us()).collect();
        assert!(readings.is_sorted());
        assert!(readings[0] > 0);
        assert_eq!(SystemClock.monotonic_ms() / 1_000, SystemClock.monotonic_us() / 1_000_000);
    }

    #[test]
    fn the_wall_clock_reads_milliseconds_since_1970() {
        // 2024-01-01 and 2200-01-01: wrong units fall outside.
        let now = SystemClock.now();
        assert!(now > Moment(1_704_067_200_000) && now < Moment(7_258_118_400_000));
    }

    #[test]
    fn ids_are_version_7_and_sorted_and_draws_differ() {
        let ids: Vec<StreamId> = (0..100).map(|_| SystemIds.stream_id()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.0.get_version_num() == 7));
        assert_ne!(SystemIds.salt(), SystemIds.salt());
        assert_ne!(SystemIds.seed(), SystemIds.seed());
        assert_ne!(SystemIds.command_id(), SystemIds.command_id());
    }
}
