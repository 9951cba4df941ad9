//! What is added up over one span, and what is made of it.

use steward_core::usage::{Measure, UsageSums};

use super::super::overview::count;
use crate::cache::decode::format_nano;
use crate::cache::facet::Facet;
use crate::cache::rollup::{Sums, Totals, sum};

/// Sums of a span, or of a part of its events.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) totals: Totals,
    /// Distinct users; none where they were not counted.
    pub(super) active_users: Option<u64>,
    /// Whether the latencies were counted, too.
    pub(super) has_latencies: bool,
}

impl Tally {
    /// The sums of some facets, without users and latencies.
    pub(super) fn of_facets(
        facets: &[Facet],
        sums: &[Sums],
        mut holds: impl FnMut(u32, &Facet) -> bool,
    ) -> Self {
        let mut tally = Self::default();
        // Facet ids start at 1; slot 0 of the sums is empty.
        for ((id, facet), sums) in (1..).zip(facets).zip(sums.iter().skip(1)) {
            if sums.0[sum::EVENTS] != 0 && holds(id, facet) {
                tally.totals.add_sums(sums, facet.outcome());
            }
        }
        tally
    }

    pub(super) fn events(&self) -> i128 {
        self.totals.sums.0[sum::EVENTS]
    }

    /// A measure; none where there is nothing to measure, or where it was not counted.
    pub(super) fn measure(&self, measure: Measure) -> Option<f64> {
        let sums = &self.totals.sums.0;
        let events = sums[sum::EVENTS];
        let latencies = || Some(&self.totals.latencies).filter(|_| self.has_latencies);
        match measure {
            Measure::Events => Some(events as f64),
            Measure::ActiveUsers => self.active_users.map(|users| users as f64),
            Measure::Errors => Some(self.totals.errors as f64),
            Measure::ErrorRate => (events > 0).then(|| self.totals.errors as f64 * 100.0 / events as f64),
            Measure::LimitHits => Some(self.totals.rate_limited as f64),
            Measure::Quantity => Some(sums[sum::QUANTITY] as f64),
            Measure::Tokens => Some(tokens(&self.totals.sums) as f64),
            Measure::BytesOut => Some(sums[sum::BYTES_OUT] as f64),
            Measure::Credits => Some(sums[sum::CREDITS] as f64),
            Measure::Cost => (events > sums[sum::UNPRICED]).then(|| sums[sum::COST] as f64 / 1e9),
            Measure::LatencyAverage => (sums[sum::LATENCY_COUNT] > 0)
                .then(|| sums[sum::LATENCY_SUM] as f64 / sums[sum::LATENCY_COUNT] as f64),
            Measure::LatencyP50 => latencies()?.quantile(0.5),
            Measure::LatencyP95 => latencies()?.quantile(0.95),
        }
    }

    pub(super) fn sums(&self) -> UsageSums {
        let sums = &self.totals.sums.0;
        let whole = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
        UsageSums {
            events: count(sums[sum::EVENTS]),
            errors: count(self.totals.errors),
            limit_hits: count(self.totals.rate_limited),
            active_users: self.active_users,
            quantity: whole(sums[sum::QUANTITY]),
            tokens: whole(tokens(&self.totals.sums)),
            bytes_out: whole(sums[sum::BYTES_OUT]),
            credits: whole(sums[sum::CREDITS]),
            cost: format_nano(sums[sum::COST]),
            unpriced_events: count(sums[sum::UNPRICED]),
            latency_ms_sum: whole(sums[sum::LATENCY_SUM]),
            latency_count: count(sums[sum::LATENCY_COUNT]),
            latency_p50: self.measure(Measure::LatencyP50),
            latency_p95: self.measure(Measure::LatencyP95),
        }
    }
}

fn tokens(sums: &Sums) -> i128 {
    sums.0[sum::INPUT_TOKENS] + sums.0[sum::OUTPUT_TOKENS] + sums.0[sum::REASONING_TOKENS]
}

/// A span with its sums by facet.
#[derive(Debug, Clone, Default)]
pub(super) struct Span {
    pub(super) tally: Tally,
    /// By facet id; only those that are meant.
    pub(super) facets: Vec<Sums>,
}

/// A group of the breakdown.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) whole: Tally,
    /// Over the finished steps, and over those they are compared with.
    pub(super) change: Option<(Tally, Tally)>,
    /// Whether only the events were counted.
    pub(super) has_events_only: bool,
}

/// Everything read for one answer.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) whole: Tally,
    pub(super) whole_facets: Vec<Sums>,
    /// Over the finished steps, and over those they are compared with.
    pub(super) change: Option<(Span, Span)>,
    pub(super) steps: Vec<Tally>,
    /// One for each step; none where it is compared with nothing.
    pub(super) previous: Vec<Option<Tally>>,
    /// By the grouping's key.
    pub(super) groups: Vec<(u32, Group)>,
    /// Events by hour of the week, where the rows were read.
    pub(super) heat: Option<Box<[u64; 168]>>,
}
