//! Sums against the server's own, and against the local rows.

use std::collections::BTreeSet;

use steward_core::Result;

use crate::cache::event::Ids;
use crate::cache::rollup::{self, Bucket, Latencies, Level};
use crate::cache::sums::{self, Counted, SumBatch, SumKind};
use crate::cache::{Reader, edge, fault, instant};

/// How the sums differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RollupDiff {
    /// Buckets compared.
    pub buckets: u64,
    /// Buckets that differ.
    pub different: u64,
}

impl std::ops::AddAssign for RollupDiff {
    fn add_assign(&mut self, other: Self) {
        self.buckets += other.buckets;
        self.different += other.different;
    }
}

/// The comparison of the sums of one span.
#[derive(Debug)]
pub struct RollupVerifier<'r> {
    reader: &'r Reader,
    ids: Ids,
    /// Quarter-hours of the span that have sums here.
    local: BTreeSet<i64>,
    /// Quarter-hours that the server named, by facets and by users.
    seen: [BTreeSet<i64>; 2],
    /// Quarter-hours with latencies that were not named yet.
    untimed: BTreeSet<i64>,
    different: BTreeSet<i64>,
    /// The quarter-hour whose sums come now.
    open: Option<Open>,
}

/// Sums of one kind and one quarter-hour, as far as they have come.
#[derive(Debug)]
struct Open {
    kind: SumKind,
    quarter: i64,
    server: Bucket,
}

impl<'r> RollupVerifier<'r> {
    pub(super) fn begin(reader: &'r Reader, start_us: i64, end_us: i64) -> Result<Self> {
        let quarter = |us: i64| Level::Quarter.bucket(instant::from_unix(us));
        let local: BTreeSet<i64> = reader
            .connection()
            .prepare_cached(
                "select bucket from rollup_user where level = ?1 and bucket >= ?2 and bucket < ?3",
            )
            .and_then(|mut find| {
                let span = [Level::Quarter.number(), quarter(start_us), quarter(end_us)];
                find.query_map(span, |row| row.get(0))?.collect()
            })
            .map_err(fault::map)?;
        Ok(Self {
            reader,
            ids: Ids::load_scratch(reader.connection())?,
            untimed: local.clone(),
            local,
            seen: [BTreeSet::new(), BTreeSet::new()],
            different: BTreeSet::new(),
            open: None,
        })
    }

    /// Feeds the server's answers, one kind after the other, each in its order.
    ///
    /// # Errors
    /// When a row has another shape or the file cannot be read.
    pub fn take(&mut self, batch: &SumBatch) -> Result<()> {
        for row in batch.rows.rows() {
            let (quarter, counted) = sums::counted(self.reader.connection(), &mut self.ids, batch.kind, row)?;
            if self.open.as_ref().is_none_or(|open| (open.kind, open.quarter) != (batch.kind, quarter)) {
                self.close()?;
            }
            let new = || Open { kind: batch.kind, quarter, server: Bucket::default() };
            let server = &mut self.open.get_or_insert_with(new).server;
            match counted {
                Counted::Facet(facet, sums) => server.facets.push((facet, *sums)),
                Counted::User(user, count) => server.users.push((user, count)),
                Counted::Latency(class, count) => server.totals.latencies.add_class(class, count),
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let Some(Open { kind, quarter, mut server }) = self.open.take() else { return Ok(()) };
        let own = Bucket::load(self.reader.connection(), Level::Quarter, quarter)?.unwrap_or_default();
        let is_equal = match kind {
            SumKind::Facets => {
                self.seen[0].insert(quarter);
                server.facets.sort_unstable_by_key(|(id, _)| *id);
                server.total_up(self.ids.outcomes(), own.totals.latencies.clone());
                server.facets == own.facets && server.totals == own.totals
            }
            SumKind::Users => {
                self.seen[1].insert(quarter);
                server.users.sort_unstable_by_key(|(id, _)| *id);
                server.users == own.users
            }
            SumKind::Latencies => {
                self.untimed.remove(&quarter);
                server.totals.latencies == own.totals.latencies
            }
        };
        if !is_equal {
            self.different.insert(quarter);
        }
        Ok(())
    }

    /// What was found, after every answer ended; and the starts of the quarter-hours before the edge that
    /// differ, in microseconds since 1970: no row here can make those right.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn finish(mut self) -> Result<(RollupDiff, Vec<i64>)> {
        self.close()?;
        // A quarter-hour that only one side, or only one of the server's answers, knows.
        let [by_facet, by_user] = &self.seen;
        self.different.extend(self.local.symmetric_difference(by_facet));
        self.different.extend(by_facet.symmetric_difference(by_user));
        for quarter in &self.untimed {
            let own = Bucket::load(self.reader.connection(), Level::Quarter, *quarter)?.unwrap_or_default();
            if own.totals.latencies != Latencies::default() {
                self.different.insert(*quarter);
            }
        }
        let diff = RollupDiff {
            buckets: self.local.union(by_facet).count() as u64,
            different: self.different.len() as u64,
        };
        let edge = edge::read(self.reader.connection())?.map_or(i64::MIN, |edge| Level::Quarter.bucket(edge));
        let start = |quarter: &i64| instant::to_unix(quarter.saturating_mul(Level::Quarter.width()));
        Ok((diff, self.different.range(..edge).filter_map(start).collect()))
    }
}

/// Compares every bucket with what the rows make of it, or where there are none its own parts.
pub(super) fn from_rows(reader: &Reader) -> Result<RollupDiff> {
    let ids = Ids::load_scratch(reader.connection())?;
    let mut diff = RollupDiff::default();
    let edge = edge::read(reader.connection())?;
    rollup::audit(reader.connection(), ids.outcomes(), edge, |_, _, stored, own| {
        diff.buckets += 1;
        diff.different += u64::from(stored != own);
    })?;
    Ok(diff)
}
