//! Sums against the server's own, and against the local rows.

use std::collections::BTreeSet;

use steward_core::{Dataset, Result};

use crate::cache::event::Ids;
use crate::cache::facet;
use crate::cache::rollup::{self, Bucket, Level, SUMS, Sums};
use crate::cache::{Reader, decode, fault, instant};
use crate::row::{RawRow, RowBatch};

/// The server's own sums per quarter-hour and facet. `$1` and `$2` are the span as `timestamptz`; the rows
/// go to [`RollupVerifier::sums`] by `copy … (format binary)`.
pub const SERVER_SUMS: &str = "\
    select date_bin('15 minutes', occurred_at, timestamptz '2000-01-01 00:00:00+00') as quarter, \
    event_type, feature, provider, model, endpoint, plan_code, status, is_admin, \
    count(*)::numeric, coalesce(sum(cost), 0)::numeric, count(*) filter (where cost is null)::numeric, \
    coalesce(sum(quantity), 0)::numeric, coalesce(sum(input_tokens), 0)::numeric, \
    coalesce(sum(cached_tokens), 0)::numeric, coalesce(sum(output_tokens), 0)::numeric, \
    coalesce(sum(reasoning_tokens), 0)::numeric, coalesce(sum(bytes_out), 0)::numeric, \
    coalesce(sum(credits), 0)::numeric, coalesce(sum(latency_ms), 0)::numeric, count(latency_ms)::numeric \
    from steward.usage_events where occurred_at >= $1 and occurred_at < $2 \
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9 order by 1";

/// The server's own counts per quarter-hour and user, for [`RollupVerifier::users`].
pub const SERVER_USERS: &str = "\
    select date_bin('15 minutes', occurred_at, timestamptz '2000-01-01 00:00:00+00') as quarter, \
    user_id, count(*)::numeric \
    from steward.usage_events where occurred_at >= $1 and occurred_at < $2 \
    group by 1, 2 order by 1";

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
    seen: BTreeSet<i64>,
    seen_users: BTreeSet<i64>,
    different: BTreeSet<i64>,
    facets: Option<(i64, Vec<(u32, Sums)>)>,
    users: Option<(i64, Vec<(u32, i128)>)>,
}

impl<'r> RollupVerifier<'r> {
    pub(super) fn begin(reader: &'r Reader, start_us: i64, end_us: i64) -> Result<Self> {
        let quarter = |us: i64| Level::Quarter.bucket(instant::from_unix(us));
        let local = reader
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
            local,
            seen: BTreeSet::new(),
            seen_users: BTreeSet::new(),
            different: BTreeSet::new(),
            facets: None,
            users: None,
        })
    }

    /// Feeds rows of [`SERVER_SUMS`], in their order. The batch's dataset is that of the events.
    ///
    /// # Errors
    /// When a row has another shape or the file cannot be read.
    pub fn sums(&mut self, rows: &RowBatch) -> Result<()> {
        for row in rows.rows() {
            let mut fields = Fields::new(row);
            let quarter = fields.quarter()?;
            let start = fields.at();
            for _ in 0..facet::COLUMNS {
                fields.next()?;
            }
            let facet = self.ids.facet(self.reader.connection(), &row.bytes()[start..fields.at()])?;
            let mut sums = Sums::default();
            for (index, sum) in sums.0.iter_mut().enumerate() {
                // The cost is kept in units of 10⁻⁹; the others are whole numbers.
                let nano = fields.nano()?;
                *sum = if index == rollup::sum::COST { nano } else { nano / 1_000_000_000 };
            }
            if self.facets.as_ref().is_none_or(|(open, _)| *open != quarter) {
                self.close_facets()?;
                self.facets = Some((quarter, Vec::new()));
            }
            if let Some((_, facets)) = &mut self.facets {
                facets.push((facet, sums));
            }
        }
        Ok(())
    }

    /// Feeds rows of [`SERVER_USERS`], in their order.
    ///
    /// # Errors
    /// When a row has another shape or the file cannot be read.
    pub fn users(&mut self, rows: &RowBatch) -> Result<()> {
        for row in rows.rows() {
            let mut fields = Fields::new(row);
            let quarter = fields.quarter()?;
            let user = self.ids.uuid(self.reader.connection(), fields.next()?, "user_id")?;
            let count = fields.nano()? / 1_000_000_000;
            if self.users.as_ref().is_none_or(|(open, _)| *open != quarter) {
                self.close_users()?;
                self.users = Some((quarter, Vec::new()));
            }
            if let Some((_, users)) = &mut self.users {
                users.push((user, count));
            }
        }
        Ok(())
    }

    fn close_facets(&mut self) -> Result<()> {
        let Some((quarter, mut facets)) = self.facets.take() else { return Ok(()) };
        facets.sort_unstable_by_key(|(id, _)| *id);
        self.seen.insert(quarter);
        let own = Bucket::load(self.reader.connection(), Level::Quarter, quarter)?.unwrap_or_default();
        let mut total = Sums::default();
        own.facets.iter().for_each(|(_, sums)| total.merge(sums, 1));
        if own.facets != facets || own.totals.sums != total {
            self.different.insert(quarter);
        }
        Ok(())
    }

    fn close_users(&mut self) -> Result<()> {
        let Some((quarter, mut users)) = self.users.take() else { return Ok(()) };
        users.sort_unstable_by_key(|(id, _)| *id);
        self.seen_users.insert(quarter);
        let own = Bucket::load(self.reader.connection(), Level::Quarter, quarter)?.unwrap_or_default();
        if own.users != users {
            self.different.insert(quarter);
        }
        Ok(())
    }

    /// What was found, after both streams ended.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn finish(mut self) -> Result<RollupDiff> {
        self.close_facets()?;
        self.close_users()?;
        // A quarter-hour that only one side, or only one of the server's streams, knows.
        self.different.extend(self.local.symmetric_difference(&self.seen));
        self.different.extend(self.seen.symmetric_difference(&self.seen_users));
        let buckets = self.local.union(&self.seen).count() as u64;
        Ok(RollupDiff { buckets, different: self.different.len() as u64 })
    }
}

/// Compares every bucket with what the rows make of it.
pub(super) fn from_rows(reader: &Reader) -> Result<RollupDiff> {
    let ids = Ids::load_scratch(reader.connection())?;
    let mut diff = RollupDiff::default();
    rollup::audit(reader.connection(), ids.outcomes(), |_, _, stored, own| {
        diff.buckets += 1;
        diff.different += u64::from(stored != own);
    })?;
    Ok(diff)
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

const _: () = assert!(SUMS == 12, "SERVER_SUMS lists the sums in their order");
