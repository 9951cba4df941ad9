//! Sums of any span, from the fewest buckets.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use rustc_hash::FxBuildHasher;
use steward_core::Result;

use super::{COUNTS, Cover, Level, Run, SUMS, Sums, Totals, sum};
use crate::cache::fault;
use crate::cache::pack::{self, Unpacker};

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
    add_each(connection, &[cover], std::slice::from_mut(totals), true)
}

/// The totals of the steps of a series, with or without latencies.
pub(crate) fn step_totals(
    connection: &Connection,
    steps: &[(i64, i64)],
    has_latencies: bool,
) -> Result<Vec<Totals>> {
    let covers: Vec<Cover> = steps.iter().map(|&(start, end)| Cover::of_step(start, end)).collect();
    let mut totals = vec![Totals::default(); steps.len()];
    add_each(connection, &covers.iter().collect::<Vec<_>>(), &mut totals, has_latencies)?;
    Ok(totals)
}

/// One stored bucket's part in one of several sums.
struct Part {
    level: Level,
    slot: i64,
    bucket: i64,
    factor: i128,
    target: usize,
}

/// Adds what each cover holds to its own totals. Every time of day is read in one go, over all covers.
fn add_each(
    connection: &Connection,
    covers: &[&Cover],
    totals: &mut [Totals],
    has_latencies: bool,
) -> Result<()> {
    let mut parts: Vec<Part> = Vec::new();
    for (target, cover) in covers.iter().enumerate() {
        for Run { level, first, end, factor } in &cover.runs {
            parts.extend((*first..*end).map(|bucket| Part {
                level: *level,
                slot: level.slot(bucket),
                bucket,
                factor: *factor,
                target,
            }));
        }
    }
    parts.sort_unstable_by_key(|part| (part.level, part.slot, part.bucket));
    let sql = if has_latencies {
        "select bucket, sums, latency from rollup_total
         where level = ?1 and slot = ?2 and bucket >= ?3 and bucket <= ?4 order by bucket"
    } else {
        "select bucket, sums from rollup_total
         where level = ?1 and slot = ?2 and bucket >= ?3 and bucket <= ?4 order by bucket"
    };
    let mut find = connection.prepare_cached(sql).map_err(fault::map)?;
    for group in parts.chunk_by(|a, b| (a.level, a.slot) == (b.level, b.slot)) {
        let (first, last) = (group[0].bucket, group[group.len() - 1].bucket);
        let span = params![group[0].level.number(), group[0].slot, first, last];
        let mut rows = find.query(span).map_err(fault::map)?;
        let mut wanted = group.chunk_by(|a, b| a.bucket == b.bucket).peekable();
        while let Some(row) = rows.next().map_err(fault::map)? {
            let bucket: i64 = row.get(0).map_err(fault::map)?;
            while wanted.next_if(|parts| parts[0].bucket < bucket).is_some() {}
            let Some(parts) = wanted.next_if(|parts| parts[0].bucket == bucket) else { continue };
            let latency = if has_latencies { Some(blob(row, 2)?) } else { None };
            for part in parts {
                totals[part.target].add_packed(blob(row, 1)?, latency, part.factor)?;
            }
        }
    }
    Ok(())
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
    if user.is_none() && facets.is_none() {
        let mut totals = Totals::default();
        add_each(connection, &[cover], std::slice::from_mut(&mut totals), false)?;
        return Ok(u64::try_from(totals.sums.0[sum::EVENTS]).unwrap_or(0));
    }
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

/// Adds every sum of a span by facet; the index is the facet's id.
pub(crate) fn add_facet_sums(connection: &Connection, cover: &Cover, sums: &mut Vec<Sums>) -> Result<()> {
    each_row(
        connection,
        "select counts, sums from rollup_facet where level = ?1 and bucket >= ?2 and bucket < ?3",
        cover,
        |row, factor| {
            let mut from = Unpacker::new(blob(row, 0)?);
            let ids = pack::take_ids(&mut from)?;
            let needed = ids.last().map_or(0, |last| *last as usize + 1);
            if sums.len() < needed {
                sums.resize(needed, Sums::default());
            }
            for index in 0..SUMS {
                if index == COUNTS {
                    from = Unpacker::new(blob(row, 1)?);
                }
                pack::take_column(&mut from, ids.len(), |place, value| {
                    sums[ids[place] as usize].0[index] += factor * value;
                })?;
            }
            Ok(())
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
            let factor = factor as i64;
            pack::take_counts(&mut from, ids.len(), |index, count| {
                counts[ids[index] as usize] += factor * count;
            })
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
    if facets.is_some() || user.is_none() {
        let sql = "select bucket, counts from rollup_facet where level = ?1 and bucket >= ?2 and bucket < ?3";
        each_row(connection, sql, &cover, |row, _| {
            let mut from = Unpacker::new(blob(row, 1)?);
            let ids = pack::take_ids(&mut from)?;
            let mut events = 0;
            pack::take_column(&mut from, ids.len(), |index, count| {
                if facets.is_none_or(|facets| facets.contains_key(&ids[index])) {
                    events += count;
                }
            })?;
            note(bucket_of(row)?, events);
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

/// The oldest and the newest bucket of a level with users that hold an event.
pub(crate) fn extent(connection: &Connection, level: Level) -> Result<Option<(i64, i64)>> {
    let ends: (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "select (select min(bucket) from rollup_user where level = ?1),
                    (select max(bucket) from rollup_user where level = ?1)",
        )
        .and_then(|mut find| find.query_row([level.number()], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(fault::map)?;
    Ok(ends.0.zip(ends.1))
}
