//! Latencies as counts per bucket of about 5 %: percentiles without the rows, and subtractable.

use std::sync::LazyLock;

use steward_core::Result;

use crate::cache::pack::{self, Unpacker};

/// Lower bounds in milliseconds. Up to 20 ms every millisecond has its own bucket; the last one, from about
/// eleven days on, has no end.
static BOUNDS: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut bounds = vec![0_i64];
    while let Some(last) = bounds.last().copied().filter(|last| *last < 1_000_000_000) {
        bounds.push((last + 1).max(last + last / 20));
    }
    bounds
});

/// The lower bounds of the classes, in milliseconds.
pub(crate) fn latency_bounds() -> &'static [i64] {
    &BOUNDS
}

/// The bucket of a latency.
pub(crate) fn bucket(ms: i64) -> usize {
    BOUNDS.partition_point(|bound| *bound <= ms).saturating_sub(1)
}

/// Counts per bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Latencies {
    counts: Vec<i128>,
}

impl Latencies {
    pub(crate) fn add(&mut self, ms: i64, sign: i128) {
        self.add_class(bucket(ms), sign);
    }

    /// Adds to the count of a class.
    pub(crate) fn add_class(&mut self, index: usize, count: i128) {
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += count;
    }

    /// How many latencies were counted.
    pub(super) fn count(&self) -> i128 {
        self.counts.iter().sum()
    }

    /// Adds `factor` times another.
    pub(crate) fn merge(&mut self, other: &Self, factor: i128) {
        for (index, count) in other.counts.iter().enumerate().filter(|(_, count)| **count != 0) {
            self.add_class(index, factor * count);
        }
    }

    /// The latency that `share` of the events did not exceed: exact below 20 ms, else the middle of its
    /// bucket. None without events.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let total = self.count();
        if total <= 0 {
            return None;
        }
        let rank = ((total as f64 * share).ceil() as i128).clamp(1, total);
        let mut below = 0;
        let index = self.counts.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        let low = BOUNDS[index];
        let last = BOUNDS.get(index + 1).map_or(low, |next| next - 1);
        Some((low + last) as f64 / 2.0)
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let used = || self.counts.iter().enumerate().filter(|(_, count)| **count != 0);
        let ids: Vec<u32> =
            used().map(|(index, _)| u32::try_from(index).expect("there are 400 buckets")).collect();
        let mut bytes = Vec::new();
        pack::put_ids(&mut bytes, ids.into_iter());
        used().for_each(|(_, count)| pack::put_sum(&mut bytes, *count));
        bytes
    }

    /// Adds `factor` times what [`Latencies::pack`] wrote.
    pub(crate) fn add_packed(&mut self, bytes: &[u8], factor: i128) -> Result<()> {
        let mut from = Unpacker::new(bytes);
        let indexes = pack::take_ids(&mut from)?;
        pack::take_counts(&mut from, indexes.len(), |index, count| {
            self.add_class((indexes[index] as usize).min(BOUNDS.len() - 1), factor * i128::from(count));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_exact_or_five_percent_wide() {
        for pair in BOUNDS.windows(2) {
            let width = pair[1] - pair[0];
            assert!(width == 1 || width * 20 <= pair[0] + 19, "{pair:?}");
            assert_eq!(bucket(pair[0]), bucket(pair[1] - 1));
            assert_ne!(bucket(pair[0]), bucket(pair[1]));
        }
        assert_eq!(bucket(-5), 0);
        assert_eq!(bucket(i64::MAX), BOUNDS.len() - 1);
    }

    #[test]
    fn quantiles_stay_within_five_percent_of_the_rows() {
        let mut latencies = Latencies::default();
        let mut rows: Vec<i64> = (0..5_000_i64).map(|n| (n * 7_919) % 4_001).collect();
        rows.iter().for_each(|ms| latencies.add(*ms, 1));
        rows.sort_unstable();
        for (share, index) in [(0.5, 2_499), (0.95, 4_749), (0.99, 4_949)] {
            let exact = rows[index] as f64;
            let estimate = latencies.quantile(share).unwrap();
            assert!((estimate - exact).abs() <= exact * 0.05, "{share}: {estimate} for {exact}");
        }
        let mut back = Latencies::default();
        back.add_packed(&latencies.pack(), 1).unwrap();
        assert_eq!(back, latencies);
        back.add_packed(&latencies.pack(), -1).unwrap();
        assert_eq!(back.quantile(0.5), None, "everything was taken back");
    }
}
