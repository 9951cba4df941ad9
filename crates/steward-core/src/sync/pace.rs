//! How much at a time, and how long to wait: adaptive chunks and growing pauses.

use super::instruction::Chunk;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The size of the next chunk, held between bounds and steered by how long the last one took (S11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width {
    value: u64,
    floor: u64,
    ceiling: u64,
}

/// Chunks aim at this duration: long enough to be efficient, short enough not to hold back vacuum.
const AIM_MS: u64 = 500;

/// Chunks of events aim below this many rows (S11).
const EVENTS_AT_ONCE: u64 = 65_536;

impl Width {
    /// A width that starts at `value` and stays between the bounds.
    #[must_use]
    pub const fn new(value: u64, floor: u64, ceiling: u64) -> Self {
        Self { value, floor, ceiling }
    }

    /// The width now.
    #[must_use]
    pub fn value(self) -> u64 {
        self.value
    }

    /// Learns from a chunk that took this long.
    pub fn took(&mut self, elapsed_ms: u64) {
        if elapsed_ms < AIM_MS / 2 {
            self.value = self.value.saturating_mul(2).min(self.ceiling);
        } else if elapsed_ms > AIM_MS * 2 {
            self.halve();
        }
    }

    /// Learns from a chunk of this width that was read in full: how long it took, and how many rows it had.
    pub fn learn(&mut self, chunk: &Chunk, elapsed_ms: u64, row_count: u64) {
        match chunk {
            // The copy sorts a chunk of events in memory.
            Chunk::Time { .. } if row_count > EVENTS_AT_ONCE => self.halve(),
            Chunk::Time { .. } if row_count > EVENTS_AT_ONCE / 2 && elapsed_ms < 2 * AIM_MS => {}
            // The last, short chunk of a window or of a table says nothing about a full one, and an empty window
            // that was read at once says nothing at all: months made ahead must not widen the first chunk with rows.
            Chunk::Time { start_us, end_us } | Chunk::Sums { start_us, end_us }
                if elapsed_ms <= 2 * AIM_MS
                    && match end_us.saturating_sub(*start_us).unsigned_abs() {
                        span if span < self.value => true,
                        span => span > self.value && row_count == 0,
                    } => {}
            Chunk::Keys { .. } if row_count < self.value && elapsed_ms <= 2 * AIM_MS => {}
            Chunk::Time { .. } | Chunk::Sums { .. } | Chunk::Keys { .. } => self.took(elapsed_ms),
        }
    }

    /// Learns from a chunk that ran into the server's time limit. False at the floor: smaller cannot help.
    pub fn timed_out(&mut self) -> bool {
        let could_shrink = self.value > self.floor;
        self.halve();
        could_shrink
    }

    fn halve(&mut self) {
        self.value = (self.value / 2).max(self.floor);
    }
}

/// Growing pauses with jitter, so that many clients of a server that comes back do not come at once.
#[derive(Debug, Clone)]
pub struct Backoff {
    failures: u32,
    first_ms: u64,
    longest_ms: u64,
    random: ChaCha8Rng,
}

impl Backoff {
    /// Pauses from `first_ms` to `longest_ms`; the seed comes from outside.
    #[must_use]
    pub fn new(first_ms: u64, longest_ms: u64, seed: u64) -> Self {
        Self { failures: 0, first_ms, longest_ms, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The pause after one more failure: between half and all of the doubled last one.
    pub fn next_ms(&mut self) -> u64 {
        let full = self.first_ms.saturating_mul(1 << self.failures.min(20)).min(self.longest_ms);
        self.failures = self.failures.saturating_add(1);
        self.random.random_range(full / 2..=full)
    }

    /// Forgets the failures.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_a_chunk_grows_when_quick_and_halves_when_slow_within_bounds() {
        let mut width = Width::new(2_000, 50, 8_000);
        width.took(10);
        width.took(10);
        width.took(10);
        assert_eq!(width.value(), 8_000, "the ceiling holds");
        width.took(600);
        assert_eq!(width.value(), 8_000, "near the aim nothing changes");
        width.took(1_500);
        assert_eq!(width.value(), 4_000);
        while width.timed_out() {}
        assert_eq!(width.value(), 50, "the floor holds");
    }

    #[test]
    fn s11_chunks_of_events_hold_what_can_be_sorted_and_a_last_short_one_says_nothing() {
        let events = Chunk::Time { start_us: 0, end_us: 1_000 };
        let after = |chunk: &Chunk, elapsed_ms, row_count| {
            let mut width = Width::new(1_000, 50, 8_000);
            width.learn(chunk, elapsed_ms, row_count);
            width.value()
        };
        assert_eq!(after(&events, 100, EVENTS_AT_ONCE + 1), 500, "too many rows, however quick");
        assert_eq!(after(&events, 100, EVENTS_AT_ONCE / 2 + 1), 1_000, "twice as many would be too many");
        assert_eq!(after(&events, 100, EVENTS_AT_ONCE / 2), 2_000, "quick and small");
        assert_eq!(after(&events, 1_500, EVENTS_AT_ONCE), 500, "slow");
        let rest = Chunk::Time { start_us: 0, end_us: 999 };
        assert_eq!(after(&rest, 100, 9), 1_000, "the beginning of a window");
        assert_eq!(after(&rest, 1_500, 9), 500, "slow all the same");
        let month = Chunk::Time { start_us: 0, end_us: 30_000 };
        assert_eq!(after(&month, 3, 0), 1_000, "a window without rows, read at once");
        assert_eq!(after(&month, 3, 9), 2_000, "one whose rows lie together");
        assert_eq!(after(&events, 3, 0), 2_000, "a gap is crossed in growing steps");
        let keys = Chunk::Keys { after: None, upto: None, limit: 1_000 };
        assert_eq!(after(&keys, 10, 999), 1_000, "the end of the table");
        assert_eq!(after(&keys, 10, 1_000), 2_000);
        assert_eq!(after(&keys, 1_500, 3), 500);
    }

    #[test]
    fn s11_pauses_grow_with_jitter_and_are_the_same_for_the_same_seed() {
        let mut backoff = Backoff::new(500, 60_000, 7);
        let pauses: Vec<_> = (0..12).map(|_| backoff.next_ms()).collect();
        for (index, pause) in pauses.iter().enumerate() {
            let full = (500_u64 << index).min(60_000);
            assert!((full / 2..=full).contains(pause), "pause {index} is {pause}");
        }
        let mut again = Backoff::new(500, 60_000, 7);
        assert_eq!(pauses, (0..12).map(|_| again.next_ms()).collect::<Vec<_>>());
        backoff.reset();
        assert!(backoff.next_ms() <= 500, "a success forgets");
    }
}
