//! Which buckets a span is the sum of.

use rusqlite::{Connection, params};
use steward_core::Result;

use super::Level;
use crate::cache::fault;

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
    /// Covers a half-open span whose ends lie on quarter-hours by levels that hold every sum.
    ///
    /// Blocks are kept only where they were derived; days stand in for the others.
    pub(crate) fn of(connection: &Connection, start: i64, end: i64) -> Result<Self> {
        Self::climb(&[Level::Quarter, Level::Day, Level::Block], start, end).without_missing(connection)
    }

    /// Covers a half-open span whose ends lie on quarter-hours by the levels that hold totals.
    pub(crate) fn of_totals(connection: &Connection, start: i64, end: i64) -> Result<Self> {
        Self::climb(&Level::ALL, start, end).without_missing(connection)
    }

    /// Covers a step of a series by totals; blocks are too wide for one.
    pub(crate) fn of_step(start: i64, end: i64) -> Self {
        Self::climb(&[Level::Quarter, Level::Hour, Level::Shift, Level::Day], start, end)
    }

    /// Both ends climb from level to level: each moves to the nearest boundary of the wider level, and what
    /// lies between is added or taken back. An edge so costs at most half a wider bucket per level.
    fn climb(levels: &[Level], start: i64, end: i64) -> Self {
        let mut cover = Self::default();
        let (mut start, mut end) = (start, end);
        for (index, level) in levels.iter().enumerate() {
            let wider = levels.get(index + 1).map(|wider| wider.width());
            // A span shorter than half a wider bucket is cheapest without it.
            let Some(width) = wider.filter(|width| end.saturating_sub(start) > width / 2) else {
                cover.push_signed(*level, start, end);
                break;
            };
            let (from, until) = (nearest(start, width), nearest(end, width));
            cover.push_signed(*level, start, from);
            cover.push_signed(*level, until, end);
            (start, end) = (from, until);
        }
        cover
    }

    /// Adds the buckets from `from` to `to`, backwards with a minus.
    fn push_signed(&mut self, level: Level, from: i64, to: i64) {
        let (first, end, factor) = if from <= to { (from, to, 1) } else { (to, from, -1) };
        let (first, end) = (level.bucket(first), level.bucket(end));
        if first < end {
            self.runs.push(Run { level, first, end, factor });
        }
    }

    /// Replaces the blocks that were not derived by their days.
    fn without_missing(self, connection: &Connection) -> Result<Self> {
        let mut cover = Self::default();
        for run in self.runs {
            if run.level != Level::Block {
                cover.runs.push(run);
                continue;
            }
            let mut days_from = run.first;
            let mut days_until = |cover: &mut Self, until: i64| {
                if days_from < until {
                    let (first, end) = (days_from * Level::DAYS_PER_BLOCK, until * Level::DAYS_PER_BLOCK);
                    cover.runs.push(Run { level: Level::Day, first, end, factor: run.factor });
                }
                days_from = until + 1;
            };
            let blocks = blocks(connection, run.first, run.end)?;
            for block in blocks {
                days_until(&mut cover, block);
                match cover.runs.last_mut() {
                    Some(last) if last.level == Level::Block && last.end == block => last.end += 1,
                    Some(_) | None => cover.runs.push(Run { first: block, end: block + 1, ..run }),
                }
            }
            days_until(&mut cover, run.end);
        }
        Ok(cover)
    }
}

/// The derived blocks of a run, ascending.
fn blocks(connection: &Connection, first: i64, end: i64) -> Result<Vec<i64>> {
    connection
        .prepare_cached(
            "select bucket from rollup_user where level = ?1 and bucket >= ?2 and bucket < ?3 order by bucket",
        )
        .and_then(|mut find| {
            find.query_map(params![Level::Block.number(), first, end], |row| row.get(0))?.collect()
        })
        .map_err(fault::map)
}

/// The boundary of a level nearest to an instant.
fn nearest(at: i64, width: i64) -> i64 {
    let below = at.div_euclid(width).saturating_mul(width);
    if at - below >= width / 2 { below.saturating_add(width) } else { below }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const QUARTER: i64 = Level::Quarter.width();

    fn weights(cover: &Cover) -> HashMap<i64, i128> {
        let mut weight: HashMap<i64, i128> = HashMap::new();
        for run in &cover.runs {
            let per = run.level.width() / QUARTER;
            for bucket in run.first * per..run.end * per {
                *weight.entry(bucket).or_default() += run.factor;
            }
        }
        weight
    }

    #[test]
    fn a_cover_is_the_span_and_nothing_else() {
        let spans =
            [(0, 1), (0, 96), (-5, 300), (7, 50), (95, 97), (-200, -3), (40, 41 + 96 * 40), (-9_000, 20_011)];
        for (first, last) in spans {
            let (start, end) = (first * QUARTER, last * QUARTER);
            let detailed = Cover::climb(&[Level::Quarter, Level::Day, Level::Block], start, end);
            for (cover, most) in [
                (Cover::climb(&Level::ALL, start, end), 2 * (2 + 3 + 2 + 16) + 10),
                (Cover::of_step(start, end), 2 * (2 + 3 + 2) + 303),
                (detailed, 2 * (48 + 16) + 10),
            ] {
                let weight = weights(&cover);
                for bucket in first - 4_000..last + 4_000 {
                    let inside = i128::from((first..last).contains(&bucket));
                    assert_eq!(
                        weight.get(&bucket).copied().unwrap_or(0),
                        inside,
                        "{first}..{last} at {bucket}"
                    );
                }
                let parts: i64 = cover.runs.iter().map(|run| run.end - run.first).sum();
                assert!(parts <= most, "{first}..{last} in {parts} parts");
            }
        }
    }
}
