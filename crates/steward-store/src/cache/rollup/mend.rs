//! Sums of a span made right: from its rows, or from the server's where there are none.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rusqlite::Connection;
use steward_core::{ErrorKind, Result};

use super::gather::Gathered;
use super::{Bucket, Level, Signed, Totals, derive};
use crate::cache::event;
use crate::cache::facet::Status;
use crate::cache::fault;

/// How many buckets were looked at, and how many were not what they should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mended {
    pub(crate) buckets: u64,
    pub(crate) different: u64,
}

/// Makes the quarter-hours that lie in a span as a whole what their rows say, and everything of the days that
/// begin in it what their quarter-hours say. Spans that follow each other, the later first, are all of them.
/// Quarter-hours before `edge` have no rows and are left as they are.
pub(crate) fn mend(
    connection: &Connection,
    outcomes: &[Status],
    edge: Option<i64>,
    start: i64,
    end: i64,
) -> Result<Mended> {
    let width = Level::Quarter.width();
    let first = if start == i64::MIN { i64::MIN } else { -(-start).div_euclid(width) };
    let last = if end == i64::MAX { i64::MAX } else { end.div_euclid(width) };
    let mut mend = Mend { connection, mended: Mended::default(), touched: BTreeSet::new() };
    if first < last {
        let within = first..last;
        let rows_from = edge.map_or(i64::MIN, |edge| edge.div_euclid(width));
        let mut days: BTreeSet<i64> = stored(connection, Level::Quarter, within.clone())?
            .into_iter()
            .map(|number| number.div_euclid(quarters_per_day()))
            .collect();
        if rows_from < last {
            days.extend(mend.quarters(outcomes, first.max(rows_from)..last)?);
        }
        days.extend(stored(connection, Level::Day, day_range(&within))?);
        days.retain(|day| day.saturating_mul(quarters_per_day()) >= within.start);
        for day in days {
            mend.day(day)?;
        }
        mend.drop_blocks()?;
    }
    Ok(mend.mended)
}

/// Makes the quarter-hours of spans without rows what the server says, and their days what their
/// quarter-hours say then. Counts quarter-hours alone.
pub(crate) fn replace(
    connection: &Connection,
    spans: &[Range<i64>],
    mut own: BTreeMap<i64, Bucket>,
) -> Result<Mended> {
    let mut mend = Mend { connection, mended: Mended::default(), touched: BTreeSet::new() };
    for span in spans {
        for number in stored(connection, Level::Quarter, span.clone())? {
            own.entry(number).or_default();
        }
    }
    for (number, bucket) in own {
        mend.compare(Level::Quarter, number, bucket)?;
    }
    let replaced = mend.mended;
    for day in mend.touched.clone() {
        mend.day(day)?;
    }
    mend.drop_blocks()?;
    Ok(replaced)
}

struct Mend<'c> {
    connection: &'c Connection,
    mended: Mended,
    /// Days of which something was wrong: blocks made of them may be, too.
    touched: BTreeSet<i64>,
}

impl Mend<'_> {
    fn drop_blocks(&mut self) -> Result<()> {
        for day in std::mem::take(&mut self.touched) {
            derive::drop_block(self.connection, day.div_euclid(Level::DAYS_PER_BLOCK))?;
        }
        Ok(())
    }

    /// Answers the days of the rows in the span.
    fn quarters(&mut self, outcomes: &[Status], within: Range<i64>) -> Result<BTreeSet<i64>> {
        let per_day = quarters_per_day();
        let mut left = stored(self.connection, Level::Quarter, within.clone())?;
        let mut days = BTreeSet::new();
        let edge = |number: i64| number.saturating_mul(Level::Quarter.width());
        let (mut first_id, mut end_id) = event::id_span(edge(within.start), edge(within.end));
        // The extremes are open ends: they hold what happened at ±infinity, too.
        if within.end == i64::MAX {
            first_id = i64::MIN;
        }
        if within.start == i64::MIN {
            end_id = i64::MAX;
        }
        let quarter_of = |signed: &Signed| Level::Quarter.bucket(signed.event.occurred_at);
        let mut run: Vec<Signed> = Vec::new();
        // Written after the reading: both are about the same tables.
        let mut wrong: Vec<(i64, Bucket)> = Vec::new();
        let mut close = |mend: &mut Self, run: &mut Vec<Signed>| -> Result<()> {
            let Some(number) = run.first().map(quarter_of) else { return Ok(()) };
            let members: Vec<_> = (0..).zip(run.iter()).map(|(index, _)| (number, index)).collect();
            let mut own = Bucket::of(outcomes, run, &members);
            own.prune();
            run.clear();
            left.remove(&number);
            days.insert(number.div_euclid(per_day));
            if !mend.is_right(Level::Quarter, number, &own)? {
                wrong.push((number, own));
            }
            Ok(())
        };
        // Ids go by minute, and a quarter-hour is whole minutes: its rows come one after another.
        event::each(self.connection, first_id, end_id, |_, event| {
            let next = Signed { event, sign: 1 };
            if run.first().is_some_and(|first| quarter_of(first) != quarter_of(&next)) {
                close(self, &mut run)?;
            }
            run.push(next);
            Ok(true)
        })?;
        close(self, &mut run)?;
        wrong.extend(left.into_iter().map(|number| (number, Bucket::default())));
        for (number, own) in wrong {
            self.put_right(Level::Quarter, number, own)?;
        }
        Ok(days)
    }

    /// A day, its quarters of a day and its hours, from its quarter-hours.
    fn day(&mut self, day: i64) -> Result<()> {
        let per_day = quarters_per_day();
        let first = day.saturating_mul(per_day);
        let mut whole = Gathered::default();
        let mut totals: [Vec<(i64, Totals)>; 2] = [Vec::new(), Vec::new()];
        for number in first..first.saturating_add(per_day) {
            let Some(quarter) = Bucket::load(self.connection, Level::Quarter, number)? else { continue };
            whole.add(&quarter);
            for (level, totals) in [Level::Hour, Level::Shift].into_iter().zip(&mut totals) {
                let number = number.div_euclid(level.width() / Level::Quarter.width());
                match totals.last_mut() {
                    Some((open, sum)) if *open == number => sum.merge(&quarter.totals),
                    Some(_) | None => totals.push((number, quarter.totals.clone())),
                }
            }
        }
        self.compare(Level::Day, day, whole.take())?;
        for (level, totals) in [Level::Hour, Level::Shift].into_iter().zip(totals) {
            let per = per_day / (level.width() / Level::Quarter.width());
            let mut left: BTreeSet<i64> = stored(self.connection, level, day * per..(day + 1) * per)?;
            for (number, totals) in totals {
                left.remove(&number);
                self.compare(level, number, Bucket { totals, ..Bucket::default() })?;
            }
            for number in left {
                self.compare(level, number, Bucket::default())?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, level: Level, number: i64, own: Bucket) -> Result<()> {
        if self.is_right(level, number, &own)? { Ok(()) } else { self.put_right(level, number, own) }
    }

    fn is_right(&mut self, level: Level, number: i64, own: &Bucket) -> Result<bool> {
        self.mended.buckets += 1;
        match Bucket::load(self.connection, level, number) {
            Ok(stored) => Ok(stored.unwrap_or_default() == *own),
            // One of its parts is missing or cannot be read: it is made anew.
            Err(error) if error.kind() == ErrorKind::CacheCorrupt => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put_right(&mut self, level: Level, number: i64, mut own: Bucket) -> Result<()> {
        self.mended.different += 1;
        self.touched.insert(number.saturating_mul(level.width()).div_euclid(Level::Day.width()));
        own.store(self.connection, level, number)
    }
}

fn quarters_per_day() -> i64 {
    Level::Day.width() / Level::Quarter.width()
}

/// The days that begin from one quarter-hour to before another.
fn day_range(quarters: &Range<i64>) -> Range<i64> {
    let day = |number: i64| match number {
        i64::MIN | i64::MAX => number,
        _ => -(-number).div_euclid(quarters_per_day()),
    };
    day(quarters.start)..day(quarters.end)
}

/// The numbers of the buckets of a level of which anything is stored.
fn stored(connection: &Connection, level: Level, within: Range<i64>) -> Result<BTreeSet<i64>> {
    let mut numbers = BTreeSet::new();
    let slots =
        if matches!(level, Level::Day | Level::Block) { 1 } else { Level::Day.width() / level.width() };
    let mut find = connection
        .prepare_cached(
            "select bucket from rollup_total where level = ?1 and slot = ?2 and bucket >= ?3 and bucket < ?4",
        )
        .map_err(fault::map)?;
    for slot in 0..slots {
        let found = find
            .query_map([level.number(), slot, within.start, within.end], |row| row.get::<_, i64>(0))
            .and_then(|rows| rows.collect::<rusqlite::Result<Vec<_>>>())
            .map_err(fault::map)?;
        numbers.extend(found);
    }
    if level.is_detailed() {
        for table in ["rollup_facet", "rollup_user"] {
            let sql = format!("select bucket from {table} where level = ?1 and bucket >= ?2 and bucket < ?3");
            let found = connection
                .prepare_cached(&sql)
                .and_then(|mut find| {
                    find.query_map([level.number(), within.start, within.end], |row| row.get::<_, i64>(0))?
                        .collect::<rusqlite::Result<Vec<_>>>()
                })
                .map_err(fault::map)?;
            numbers.extend(found);
        }
    }
    Ok(numbers)
}
