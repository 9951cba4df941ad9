//! The server's own sums: what it is asked for, and its answers as buckets (S41).
//!
//! The same three statements serve reading what is kept as sums, and comparing every sum there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use rusqlite::Connection;
use steward_core::{Dataset, Result};

use super::decode;
use super::event::Ids;
use super::facet;
use super::rollup::{self, Bucket, Latencies, Level, SUMS, Sums};
use crate::row::{RawRow, RowBatch};

/// One of the things a quarter-hour's events are summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SumKind {
    /// Every sum by facet.
    Facets,
    /// Events by user.
    Users,
    /// Events by class of latency.
    Latencies,
}

/// Answers of the server, in the order of their quarter-hours.
#[derive(Debug)]
pub struct SumBatch {
    /// What they are sums by.
    pub kind: SumKind,
    /// The rows of [`SumKind::statement`]; the batch's dataset is that of the events.
    pub rows: RowBatch,
}

/// The quarter-hour of an event. The origin is that of the server's own clock.
const QUARTER: &str = "date_bin('15 minutes', t.occurred_at, timestamptz '2000-01-01 00:00:00+00')";

const _: () = assert!(SUMS == 12, "the statement lists the sums in their order");

/// The class of a latency, from the same bounds by which the copy counts.
static LATENCY_CLASS: LazyLock<String> = LazyLock::new(|| {
    let mut bounds = String::new();
    for bound in rollup::latency_bounds() {
        let _ = write!(bounds, "{}{bound}", if bounds.is_empty() { "" } else { "," });
    }
    format!("greatest(width_bucket(t.latency_ms::bigint, '{{{bounds}}}'::bigint[]) - 1, 0)")
});

impl SumKind {
    /// All of them, in the order in which they are read.
    pub const ALL: [Self; 3] = [Self::Facets, Self::Users, Self::Latencies];

    /// What the server is asked, for the events `t` that meet a condition.
    #[must_use]
    pub fn statement(self, condition: &str) -> String {
        let (what, by) = match self {
            Self::Facets => (
                "t.event_type, t.feature, t.provider, t.model, t.endpoint, t.plan_code, t.status, t.is_admin, \
                 count(*)::numeric, coalesce(sum(t.cost), 0)::numeric, \
                 count(*) filter (where t.cost is null)::numeric, \
                 coalesce(sum(t.quantity), 0)::numeric, coalesce(sum(t.input_tokens), 0)::numeric, \
                 coalesce(sum(t.cached_tokens), 0)::numeric, coalesce(sum(t.output_tokens), 0)::numeric, \
                 coalesce(sum(t.reasoning_tokens), 0)::numeric, coalesce(sum(t.bytes_out), 0)::numeric, \
                 coalesce(sum(t.credits), 0)::numeric, coalesce(sum(t.latency_ms), 0)::numeric, \
                 count(t.latency_ms)::numeric",
                "1, 2, 3, 4, 5, 6, 7, 8, 9",
            ),
            Self::Users => ("t.user_id, count(*)::numeric", "1, 2"),
            Self::Latencies => {
                return format!(
                    "select {QUARTER}, {}, count(*)::numeric from steward.usage_events t \
                     where ({condition}) and t.latency_ms is not null group by 1, 2 order by 1",
                    *LATENCY_CLASS
                );
            }
        };
        format!(
            "select {QUARTER}, {what} from steward.usage_events t where ({condition}) group by {by} order by 1"
        )
    }

    /// How many columns the answer has.
    #[must_use]
    pub fn column_count(self) -> usize {
        match self {
            Self::Facets => 1 + facet::COLUMNS + SUMS,
            Self::Users | Self::Latencies => 3,
        }
    }
}

/// One row of an answer, in short ids.
#[derive(Debug)]
pub(crate) enum Counted {
    Facet(u32, Box<Sums>),
    User(u32, i128),
    Latency(usize, i128),
}

/// Reads one row of an answer: its quarter-hour, and what it counts there.
pub(crate) fn counted(
    connection: &Connection,
    ids: &mut Ids,
    kind: SumKind,
    row: RawRow<'_>,
) -> Result<(i64, Counted)> {
    let mut fields = Fields::new(row);
    let quarter = fields.quarter()?;
    let counted = match kind {
        SumKind::Facets => {
            let start = fields.at();
            for _ in 0..facet::COLUMNS {
                fields.next()?;
            }
            let facet = ids.facet(connection, &row.bytes()[start..fields.at()])?;
            let mut sums = Sums::default();
            for (index, sum) in sums.0.iter_mut().enumerate() {
                // The cost is kept in units of 10⁻⁹; the others are whole numbers.
                let nano = fields.nano()?;
                *sum = if index == rollup::sum::COST { nano } else { nano / 1_000_000_000 };
            }
            Counted::Facet(facet, Box::new(sums))
        }
        SumKind::Users => {
            let user = ids.uuid(connection, fields.next()?, "user_id")?;
            Counted::User(user, fields.nano()? / 1_000_000_000)
        }
        SumKind::Latencies => {
            let class = fields.next()?.and_then(decode::int).and_then(|class| usize::try_from(class).ok());
            let class = class.ok_or_else(|| decode::unreadable(Dataset::UsageEvents, "latency_ms"))?;
            Counted::Latency(class, fields.nano()? / 1_000_000_000)
        }
    };
    Ok((quarter, counted))
}

/// The server's sums, put together quarter-hour by quarter-hour.
#[derive(Debug, Default)]
pub(crate) struct Assembly(BTreeMap<i64, Bucket>);

impl Assembly {
    /// Takes some of the rows.
    pub(crate) fn take(&mut self, connection: &Connection, ids: &mut Ids, batch: &SumBatch) -> Result<()> {
        for row in batch.rows.rows() {
            let (quarter, counted) = counted(connection, ids, batch.kind, row)?;
            let bucket = self.0.entry(quarter).or_default();
            match counted {
                Counted::Facet(facet, sums) => bucket.facets.push((facet, *sums)),
                Counted::User(user, count) => bucket.users.push((user, count)),
                Counted::Latency(class, count) => bucket.totals.latencies.add_class(class, count),
            }
        }
        Ok(())
    }

    /// The buckets, once every answer is there.
    pub(crate) fn finish(mut self, ids: &Ids) -> BTreeMap<i64, Bucket> {
        for bucket in self.0.values_mut() {
            let latencies = std::mem::take(&mut bucket.totals.latencies);
            bucket.facets.sort_unstable_by_key(|(id, _)| *id);
            bucket.users.sort_unstable_by_key(|(id, _)| *id);
            bucket.total_up(ids.outcomes(), latencies);
        }
        self.0
    }
}

impl Bucket {
    /// Makes the totals the sums of the facets.
    pub(crate) fn total_up(&mut self, outcomes: &[facet::Status], latencies: Latencies) {
        self.totals = rollup::Totals { latencies, ..rollup::Totals::default() };
        for (facet, sums) in &self.facets {
            self.totals.add_facet(outcomes, *facet, sums);
        }
    }
}

/// The fields of a row of sums, one by one.
struct Fields<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn new(row: RawRow<'a>) -> Self {
        Self { whole: row.bytes(), rest: row.bytes() }
    }

    /// Where the next field begins.
    fn at(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    fn next(&mut self) -> Result<Option<&'a [u8]>> {
        let misshapen = || decode::misshapen(Dataset::UsageEvents);
        let (length, after) = self.rest.split_first_chunk::<4>().ok_or_else(misshapen)?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.rest = after;
            return Ok(None);
        };
        let (field, after) = after.split_at_checked(length).ok_or_else(misshapen)?;
        self.rest = after;
        Ok(Some(field))
    }

    fn quarter(&mut self) -> Result<i64> {
        let at = self.next()?.and_then(|field| field.try_into().ok()).map(i64::from_be_bytes);
        at.map(|at| Level::Quarter.bucket(at)).ok_or_else(|| decode::misshapen(Dataset::UsageEvents))
    }

    fn nano(&mut self) -> Result<i128> {
        self.next()?
            .and_then(decode::nano_wide)
            .ok_or_else(|| decode::unreadable(Dataset::UsageEvents, "sums"))
    }
}
