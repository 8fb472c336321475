//! Ids and randomness drawn from a seed: the same seed gives the same run.

use crate::ports::IdSource;
use engine::{CommandId, StreamId};
use std::sync::Mutex;
use uuid::Uuid;

/// SplitMix64: small, and the same in every version of every library.
#[derive(Clone, Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True in `percent` of the draws.
    pub(crate) fn chance(&mut self, percent: u8) -> bool {
        self.next() % 100 < u64::from(percent)
    }
}

/// An id source whose whole sequence follows from its seed.
#[derive(Debug)]
pub struct FixedIds(Mutex<(Draws, u64)>);

impl FixedIds {
    /// A source for this seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((Draws::new(seed), 0)))
    }

    fn draw<T>(&self, f: impl FnOnce(&mut Draws, u64) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.1 += 1;
        let count = state.1;
        f(&mut state.0, count)
    }

    /// UUIDv7 in form; a counter stands for the time, so ids sort as they were drawn.
    fn uuid(&self) -> Uuid {
        self.draw(|draws, count| {
            let high = (count << 16) | 0x7000 | (draws.next() & 0xfff);
            let low = (draws.next() & (u64::MAX >> 2)) | (1 << 63);
            Uuid::from_u64_pair(high, low)
        })
    }

    fn fill(&self, out: &mut [u8]) {
        self.draw(|draws, _| {
            for chunk in out.chunks_mut(8) {
                chunk.copy_from_slice(&draws.next().to_le_bytes()[..chunk.len()]);
            }
        });
    }
}

impl IdSource for FixedIds {
    fn stream_id(&self) -> StreamId {
        StreamId(self.uuid())
    }

    fn command_id(&self) -> CommandId {
        CommandId(self.uuid())
    }

    fn salt(&self) -> [u8; 16] {
        let mut out = [0; 16];
        self.fill(&mut out);
        out
    }

    fn seed(&self) -> [u8; 32] {
        let mut out = [0; 32];
        self.fill(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_everything() {
        let draw = |seed| {
            let ids = FixedIds::new(seed);
            (ids.stream_id(), ids.command_id(), ids.salt(), ids.seed())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn ids_have_the_form_of_version_7_and_sort_as_drawn() {
        let ids = FixedIds::new(5);
        let drawn: Vec<Uuid> = (0..1_000).map(|_| ids.uuid()).collect();
        assert!(drawn.is_sorted_by(|a, b| a < b));
        for id in drawn {
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        }
    }
}
