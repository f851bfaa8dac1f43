//! Seeded chance: the same seed gives the same world on every machine.
//!
//! **Invariant**: nothing else in the demo draws anything.
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of chance.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// One of a seed's many streams.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        dice.set_stream(stream);
        Self(dice)
    }

    /// A whole number from `least` to `most`, both included.
    ///
    /// Not `random_range`: its mapping may change between releases, and with it every number.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let many = u64::try_from(most.saturating_sub(least)).unwrap_or(0).min(u64::from(u32::MAX - 1)) + 1;
        let drawn = (u64::from(self.0.next_u32()) * many) >> 32;
        least.saturating_add(i64::try_from(drawn).unwrap_or(0))
    }

    /// One of a list; `None` of an empty one.
    pub(crate) fn of<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(list.len()).unwrap_or(0) - 1;
        list.get(usize::try_from(self.between(0, last)).unwrap_or(0))
    }

    /// Puts a list into a drawn order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = usize::try_from(self.between(0, i64::try_from(last).unwrap_or(0))).unwrap_or(0);
            list.swap(last, other);
        }
    }
}
