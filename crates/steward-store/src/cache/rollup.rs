//! The sums behind every number, kept with the rows.
//!
//! Every zone's offset is a multiple of a quarter-hour, so any span of any calendar is whole UTC days plus
//! quarter-hours at its edges, exactly. All sums are integers: a changed row subtracts what it was and adds
//! what it is, and nothing drifts.
//!
//! | level | totals and latencies | by facet, by user | kept |
//! |---|---|---|---|
//! | quarter-hour | yes | yes | with the rows |
//! | hour, quarter of a day | yes | | with the rows: a day of any zone is then a handful of totals |
//! | day | yes | yes | with the rows |
//! | block of 32 days | yes | yes | derived from its days afterwards, dropped with the first change in it |
//!
//! Map: `bucket` one bucket and its packed form · `gather` many buckets summed in memory · `cover` which
//! buckets make a span · `read` their sums · `derive` the blocks · `audit` sums against rows · `mend` sums made
//! right from rows, or the server's in place of rows (see `cache::edge`).

mod audit;
mod bucket;
mod cover;
mod derive;
mod gather;
mod latency;
mod mend;
mod read;

use rusqlite::Connection;
use steward_core::Result;

use super::event::{self, Event};
use super::facet::Status;
use super::fault;
use super::pack::{self, Unpacker};

pub(crate) use audit::audit;
pub(crate) use bucket::Bucket;
pub(crate) use cover::{Cover, Run};
pub(crate) use derive::derive_block;
pub(crate) use latency::{Latencies, latency_bounds};
pub(crate) use mend::{mend, replace};
pub(crate) use read::{
    FacetCount, FacetSet, add_facet_counts, add_facet_sums, add_totals, add_user_counts, buckets_with,
    count_events, extent, step_totals,
};

use gather::Gathered;

/// How wide a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// A quarter-hour.
    Quarter,
    /// An hour; totals only.
    Hour,
    /// Six hours; totals only.
    Shift,
    /// A day.
    Day,
    /// 32 days, counted from 2000-01-01: a month without a calendar.
    Block,
}

impl Level {
    pub(crate) const ALL: [Self; 5] = [Self::Quarter, Self::Hour, Self::Shift, Self::Day, Self::Block];

    pub(crate) const DAYS_PER_BLOCK: i64 = 32;

    /// Width in microseconds.
    pub(crate) const fn width(self) -> i64 {
        match self {
            Self::Quarter => 900_000_000,
            Self::Hour => 3_600_000_000,
            Self::Shift => 21_600_000_000,
            Self::Day => 86_400_000_000,
            Self::Block => Self::DAYS_PER_BLOCK * 86_400_000_000,
        }
    }

    /// The name in the file.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Quarter => 0,
            Self::Day => 1,
            Self::Hour => 2,
            Self::Shift => 3,
            Self::Block => 4,
        }
    }

    /// The bucket of an instant.
    pub(crate) fn bucket(self, at: i64) -> i64 {
        at.div_euclid(self.width())
    }

    /// Where in a day a bucket lies: the totals of one time of day lie side by side, since a series of local
    /// days begins and ends each of them at the same one.
    pub(crate) fn slot(self, bucket: i64) -> i64 {
        match self {
            Self::Quarter | Self::Hour | Self::Shift => bucket.rem_euclid(Self::Day.width() / self.width()),
            Self::Day | Self::Block => 0,
        }
    }

    /// Whether it holds sums by facet and by user, too.
    pub(crate) fn is_detailed(self) -> bool {
        !matches!(self, Self::Hour | Self::Shift)
    }
}

/// Number of sums kept per facet.
pub(crate) const SUMS: usize = 12;

/// Positions in [`Sums`].
pub(crate) mod sum {
    pub(crate) const EVENTS: usize = 0;
    pub(crate) const COST: usize = 1;
    pub(crate) const UNPRICED: usize = 2;
    pub(crate) const QUANTITY: usize = 3;
    pub(crate) const INPUT_TOKENS: usize = 4;
    pub(crate) const CACHED_TOKENS: usize = 5;
    pub(crate) const OUTPUT_TOKENS: usize = 6;
    pub(crate) const REASONING_TOKENS: usize = 7;
    pub(crate) const BYTES_OUT: usize = 8;
    pub(crate) const CREDITS: usize = 9;
    pub(crate) const LATENCY_SUM: usize = 10;
    pub(crate) const LATENCY_COUNT: usize = 11;
}

/// The first sums, which lie in the blob that most questions need.
const COUNTS: usize = 3;

/// Sums over events; cost in units of 10⁻⁹.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums(pub(crate) [i128; SUMS]);

impl Sums {
    pub(crate) fn add(&mut self, event: &Event, sign: i128) {
        let metric = |index: usize| sign * i128::from(event.metrics[index]);
        self.0[sum::EVENTS] += sign;
        for (offset, index) in (0..event::COST).enumerate() {
            self.0[sum::QUANTITY + offset] += metric(index);
        }
        self.0[sum::CREDITS] += metric(event::COST + 1);
        match event.metric(event::COST) {
            Some(cost) => self.0[sum::COST] += sign * i128::from(cost),
            None => self.0[sum::UNPRICED] += sign,
        }
        if let Some(latency) = event.metric(event::LATENCY) {
            self.0[sum::LATENCY_SUM] += sign * i128::from(latency);
            self.0[sum::LATENCY_COUNT] += sign;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self, factor: i128) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += factor * other;
        }
    }

    fn is_zero(&self) -> bool {
        self.0.iter().all(|sum| *sum == 0)
    }
}

/// The sums of a bucket over all its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) sums: Sums,
    pub(crate) successes: i128,
    pub(crate) errors: i128,
    pub(crate) rate_limited: i128,
    pub(crate) latencies: Latencies,
}

impl Totals {
    /// Adds the sums of events that ended alike.
    pub(crate) fn add_sums(&mut self, sums: &Sums, outcome: Status) {
        self.sums.merge(sums, 1);
        let events = sums.0[sum::EVENTS];
        match outcome {
            Status::Success => self.successes += events,
            Status::Error => self.errors += events,
            Status::RateLimited => self.rate_limited += events,
            Status::Other => {}
        }
    }

    /// Adds one event without its place in the histogram of the latencies.
    pub(crate) fn add_event_sums(&mut self, event: &Event, outcome: Status) {
        let mut sums = Sums::default();
        sums.add(event, 1);
        self.add_sums(&sums, outcome);
    }

    /// Adds one event.
    pub(crate) fn add_event(&mut self, event: &Event, outcome: Status) {
        self.add_event_sums(event, outcome);
        if let Some(latency) = event.metric(event::LATENCY) {
            self.latencies.add(latency, 1);
        }
    }

    fn outcomes(&mut self) -> [&mut i128; 3] {
        [&mut self.successes, &mut self.errors, &mut self.rate_limited]
    }

    /// Adds what a facet sums up to.
    pub(crate) fn add_facet(&mut self, outcomes: &[Status], facet: u32, sums: &Sums) {
        match outcomes.get(facet as usize).copied().unwrap_or(Status::Other) {
            Status::Success => self.successes += sums.0[sum::EVENTS],
            Status::Error => self.errors += sums.0[sum::EVENTS],
            Status::RateLimited => self.rate_limited += sums.0[sum::EVENTS],
            Status::Other => {}
        }
        self.sums.merge(sums, 1);
    }

    fn pack(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.sums.0.iter().for_each(|sum| pack::put_sum(&mut bytes, *sum));
        self.outcomes().iter().for_each(|count| pack::put_sum(&mut bytes, **count));
        bytes
    }

    /// Adds another bucket's.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.add(other, 1);
    }

    /// Adds `factor` times another bucket's.
    pub(crate) fn add(&mut self, other: &Self, factor: i128) {
        self.sums.merge(&other.sums, factor);
        self.successes += factor * other.successes;
        self.errors += factor * other.errors;
        self.rate_limited += factor * other.rate_limited;
        self.latencies.merge(&other.latencies, factor);
    }

    /// Adds `factor` times a stored bucket, its latencies where they are asked for.
    pub(crate) fn add_packed(&mut self, sums: &[u8], latency: Option<&[u8]>, factor: i128) -> Result<()> {
        let mut from = Unpacker::new(sums);
        for sum in &mut self.sums.0 {
            *sum += factor * from.next_sum()?;
        }
        for count in self.outcomes() {
            *count += factor * from.next_sum()?;
        }
        if !from.is_empty() {
            return Err(fault::damaged());
        }
        latency.map_or(Ok(()), |latency| self.latencies.add_packed(latency, factor))
    }
}

/// An event that appears (+1) or disappears (−1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    pub(crate) event: Event,
    pub(crate) sign: i8,
}

/// What changes add to one bucket.
enum Delta {
    /// Of a level with details.
    Whole(Level, i64, Bucket),
    /// Of a level without.
    Totals(Level, i64, Totals),
}

/// What changes add to the rollups of every level.
pub(crate) struct Deltas(Vec<Delta>);

/// Sums changes up, without a look at the file: this may go on beside its writing. Their order does not matter;
/// nearly sorted is fastest.
pub(crate) fn sum_up(outcomes: &[Status], changes: &[Signed]) -> Deltas {
    let mut order: Vec<(i64, u32)> = changes
        .iter()
        .zip(0..)
        .map(|(change, index)| (Level::Quarter.bucket(change.event.occurred_at), index))
        .collect();
    order.sort_unstable();
    let per = |level: Level| level.width() / Level::Quarter.width();
    let in_same = |level: Level| {
        move |a: &(i64, u32), b: &(i64, u32)| a.0.div_euclid(per(level)) == b.0.div_euclid(per(level))
    };
    let number = |level: Level, quarters: &[(i64, u32)]| quarters[0].0.div_euclid(per(level));
    let mut deltas = Vec::new();
    let mut of_day = Gathered::default();
    for day in order.chunk_by(in_same(Level::Day)) {
        for shift in day.chunk_by(in_same(Level::Shift)) {
            let mut of_shift = Totals::default();
            for hour in shift.chunk_by(in_same(Level::Hour)) {
                let mut of_hour = Totals::default();
                for quarter in hour.chunk_by(|a, b| a.0 == b.0) {
                    let bucket = Bucket::of(outcomes, changes, quarter);
                    of_day.add(&bucket);
                    of_hour.merge(&bucket.totals);
                    deltas.push(Delta::Whole(Level::Quarter, quarter[0].0, bucket));
                }
                of_shift.merge(&of_hour);
                deltas.push(Delta::Totals(Level::Hour, number(Level::Hour, hour), of_hour));
            }
            deltas.push(Delta::Totals(Level::Shift, number(Level::Shift, shift), of_shift));
        }
        deltas.push(Delta::Whole(Level::Day, number(Level::Day, day), of_day.take()));
    }
    Deltas(deltas)
}

/// Adds what changes sum up to to what is stored.
pub(crate) fn add(connection: &Connection, deltas: Deltas) -> Result<()> {
    for delta in deltas.0 {
        match delta {
            Delta::Totals(level, number, totals) => totals.add_to_stored(connection, level, number)?,
            Delta::Whole(level, number, bucket) => {
                bucket.add_to_stored(connection, level, number)?;
                if level == Level::Day {
                    derive::drop_block(connection, number.div_euclid(Level::DAYS_PER_BLOCK))?;
                }
            }
        }
    }
    Ok(())
}
