//! Sums of any span, from the fewest buckets.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use rustc_hash::FxBuildHasher;
use steward_core::Result;

use super::{Level, Totals};
use crate::cache::fault;
use crate::cache::pack::{self, Unpacker};

/// A run of buckets of one level, and how often it counts: −1 takes back what a wider bucket has too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) level: Level,
    pub(crate) first: i64,
    pub(crate) end: i64,
    pub(crate) factor: i128,
}

/// The runs whose sum is a span.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cover {
    pub(crate) runs: Vec<Run>,
}

impl Cover {
    /// Covers a half-open span whose ends lie on quarter-hours.
    ///
    /// An edge day is reached from its nearer midnight, so that an edge costs at most 48 quarter-hours.
    pub(crate) fn of(start: i64, end: i64) -> Self {
        let mut cover = Self::default();
        if start >= end {
            return cover;
        }
        let quarter = |at: i64| Level::Quarter.bucket(at);
        let (first, last) = (quarter(start), quarter(end));
        let per_day = Level::Day.width() / Level::Quarter.width();
        // A span within few hours needs no days at all.
        if last - first <= per_day / 2 {
            cover.push(Level::Quarter, first, last, 1);
            return cover;
        }
        // Each end moves to its nearer midnight; the difference is added or taken back.
        let nearer = |at: i64| (at + per_day / 2).div_euclid(per_day);
        let (day_first, day_end) = (nearer(first), nearer(last));
        cover.push(Level::Day, day_first, day_end, 1);
        cover.push_signed(first, day_first * per_day);
        cover.push_signed(day_end * per_day, last);
        cover
    }

    /// Adds the quarter-hours from `from` to `to`, backwards with a minus.
    fn push_signed(&mut self, from: i64, to: i64) {
        if from <= to {
            self.push(Level::Quarter, from, to, 1);
        } else {
            self.push(Level::Quarter, to, from, -1);
        }
    }

    fn push(&mut self, level: Level, first: i64, end: i64, factor: i128) {
        if first < end {
            self.runs.push(Run { level, first, end, factor });
        }
    }
}

fn each_row(
    connection: &Connection,
    sql: &str,
    cover: &Cover,
    mut take: impl FnMut(&rusqlite::Row<'_>, i128) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(sql).map_err(fault::map)?;
    for run in &cover.runs {
        let mut rows =
            statement.query(params![run.level.number(), run.first, run.end]).map_err(fault::map)?;
        while let Some(row) = rows.next().map_err(fault::map)? {
            take(row, run.factor)?;
        }
    }
    Ok(())
}

fn blob<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<&'r [u8]> {
    row.get_ref(column).map_err(fault::map)?.as_blob().map_err(|_| fault::damaged())
}

/// Adds the totals of a span.
pub(crate) fn add_totals(connection: &Connection, cover: &Cover, totals: &mut Totals) -> Result<()> {
    each_row(
        connection,
        "select sums, latency from rollup_total where level = ?1 and bucket >= ?2 and bucket < ?3",
        cover,
        |row, factor| totals.add_packed(blob(row, 0)?, blob(row, 1)?, factor),
    )
}

/// A set of facets by id.
pub(crate) type FacetSet = HashMap<u32, (), FxBuildHasher>;

/// The events of a span: all of them, those of a user, or those of a set of facets. (A user's events of
/// certain facets are in no sum.)
pub(crate) fn count_events(
    connection: &Connection,
    cover: &Cover,
    user: Option<u32>,
    facets: Option<&FacetSet>,
) -> Result<u64> {
    let mut events = 0;
    for run in &cover.runs {
        for (_, found) in buckets_with(connection, *run, user, facets)? {
            events += run.factor * found;
        }
    }
    Ok(u64::try_from(events).unwrap_or(0))
}

/// What shares are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FacetCount {
    pub(crate) events: i128,
    pub(crate) cost: i128,
    pub(crate) unpriced: i128,
}

/// Adds events and cost of a span by facet; the index is the facet's id.
pub(crate) fn add_facet_counts(
    connection: &Connection,
    cover: &Cover,
    counts: &mut Vec<FacetCount>,
) -> Result<()> {
    each_row(
        connection,
        "select counts from rollup_facet where level = ?1 and bucket >= ?2 and bucket < ?3",
        cover,
        |row, factor| {
            let mut from = Unpacker::new(blob(row, 0)?);
            let ids = pack::take_ids(&mut from)?;
            let needed = ids.last().map_or(0, |last| *last as usize + 1);
            if counts.len() < needed {
                counts.resize(needed, FacetCount::default());
            }
            let at = |index: usize| ids[index] as usize;
            pack::take_column(&mut from, ids.len(), |i, n| counts[at(i)].events += factor * n)?;
            pack::take_column(&mut from, ids.len(), |i, n| counts[at(i)].cost += factor * n)?;
            pack::take_column(&mut from, ids.len(), |i, n| counts[at(i)].unpriced += factor * n)
        },
    )
}

/// Adds the events of a span by user; the index is the user's id.
pub(crate) fn add_user_counts(connection: &Connection, cover: &Cover, counts: &mut Vec<i64>) -> Result<()> {
    each_row(
        connection,
        "select counts from rollup_user where level = ?1 and bucket >= ?2 and bucket < ?3",
        cover,
        |row, factor| {
            let mut from = Unpacker::new(blob(row, 0)?);
            let ids = pack::take_ids(&mut from)?;
            let needed = ids.last().map_or(0, |last| *last as usize + 1);
            if counts.len() < needed {
                counts.resize(needed, 0);
            }
            for id in ids {
                counts[id as usize] += (factor * from.next_sum()?) as i64;
            }
            Ok(())
        },
    )
}

/// The buckets of a run, newest first, in which a user or a set of facets occurs, with the number of events:
/// where the rows behind a filter lie, without looking at any row.
pub(crate) fn buckets_with(
    connection: &Connection,
    run: Run,
    user: Option<u32>,
    facets: Option<&FacetSet>,
) -> Result<Vec<(i64, i128)>> {
    let mut found: HashMap<i64, (i128, u8), FxBuildHasher> = HashMap::default();
    let wanted = u8::from(user.is_some()) + u8::from(facets.is_some());
    let cover = Cover { runs: vec![run] };
    let mut note = |bucket: i64, events: i128| {
        if events > 0 {
            let entry = found.entry(bucket).or_insert((i128::MAX, 0));
            *entry = (entry.0.min(events), entry.1 + 1);
        }
    };
    let bucket_of = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0).map_err(fault::map);
    if let Some(user) = user {
        let sql = "select bucket, counts from rollup_user where level = ?1 and bucket >= ?2 and bucket < ?3";
        each_row(connection, sql, &cover, |row, _| {
            let mut from = Unpacker::new(blob(row, 1)?);
            let ids = pack::take_ids(&mut from)?;
            if let Ok(position) = ids.binary_search(&user) {
                for _ in 0..position {
                    from.next()?;
                }
                note(bucket_of(row)?, from.next_sum()?);
            }
            Ok(())
        })?;
    }
    if let Some(facets) = facets {
        let sql = "select bucket, counts from rollup_facet where level = ?1 and bucket >= ?2 and bucket < ?3";
        each_row(connection, sql, &cover, |row, _| {
            let mut from = Unpacker::new(blob(row, 1)?);
            let ids = pack::take_ids(&mut from)?;
            let mut events = 0;
            pack::take_column(&mut from, ids.len(), |index, count| {
                if facets.contains_key(&ids[index]) {
                    events += count;
                }
            })?;
            note(bucket_of(row)?, events);
            Ok(())
        })?;
    }
    if wanted == 0 {
        let sql = "select bucket, sums from rollup_total where level = ?1 and bucket >= ?2 and bucket < ?3";
        each_row(connection, sql, &cover, |row, _| {
            note(bucket_of(row)?, Unpacker::new(blob(row, 1)?).next_sum()?);
            Ok(())
        })?;
    }
    let mut buckets: Vec<(i64, i128)> = found
        .into_iter()
        .filter(|(_, (_, kinds))| *kinds >= wanted.max(1))
        .map(|(bucket, (events, _))| (bucket, events))
        .collect();
    buckets.sort_unstable_by_key(|(bucket, _)| std::cmp::Reverse(*bucket));
    Ok(buckets)
}

/// The oldest and the newest bucket that hold an event.
pub(crate) fn extent(connection: &Connection, level: Level) -> Result<Option<(i64, i64)>> {
    let ends: (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "select (select min(bucket) from rollup_total where level = ?1),
                    (select max(bucket) from rollup_total where level = ?1)",
        )
        .and_then(|mut find| find.query_row([level.number()], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(fault::map)?;
    Ok(ends.0.zip(ends.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_is_the_span_and_nothing_else() {
        let quarter = Level::Quarter.width();
        for (first, last) in [(0, 1), (0, 96), (-5, 300), (7, 50), (95, 97), (-200, -3), (40, 41 + 96 * 40)] {
            let cover = Cover::of(first * quarter, last * quarter);
            let mut weight: HashMap<i64, i128> = HashMap::new();
            for run in &cover.runs {
                let per = run.level.width() / quarter;
                for bucket in run.first * per..run.end * per {
                    *weight.entry(bucket).or_default() += run.factor;
                }
            }
            for bucket in first - 200..last + 200 {
                let inside = i128::from((first..last).contains(&bucket));
                assert_eq!(weight.get(&bucket).copied().unwrap_or(0), inside, "{first}..{last} at {bucket}");
            }
            let edges: i64 = cover
                .runs
                .iter()
                .filter(|run| run.level == Level::Quarter)
                .map(|run| run.end - run.first)
                .sum();
            assert!(edges <= 96, "{first}..{last}: two edges of half a day at most");
        }
    }
}
