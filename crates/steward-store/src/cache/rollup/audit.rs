//! Sums against the rows they were made of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Connection;
use steward_core::Result;

use super::gather::Gathered;
use super::{Bucket, Level, Signed, Totals};
use crate::cache::event;
use crate::cache::facet::Status;
use crate::cache::fault;

/// Shows every stored bucket of every level beside the one its rows make: exactly what a rebuild would
/// change. Quarter-hours before `edge` have no rows: they are shown beside what their own parts make. Blocks
/// that were not derived are no difference.
pub(crate) fn audit(
    connection: &Connection,
    outcomes: &[Status],
    edge: Option<i64>,
    show: impl FnMut(Level, i64, &Bucket, &Bucket),
) -> Result<()> {
    let mut audit = Audit { connection, stored: HashMap::new(), summed: BTreeSet::new(), block: None, show };
    for level in Level::ALL {
        let stored: BTreeSet<i64> = connection
            .prepare("select bucket from rollup_total where level = ?1")
            .and_then(|mut find| find.query_map([level.number()], |row| row.get(0))?.collect())
            .map_err(fault::map)?;
        audit.stored.insert(level, stored);
    }
    if let (Some(edge), Some(quarters)) = (edge, audit.stored.get(&Level::Quarter)) {
        audit.summed = quarters.range(..Level::Quarter.bucket(edge)).copied().collect();
    }
    let day_of = |signed: &Signed| Level::Day.bucket(signed.event.occurred_at);
    let mut run: Vec<Signed> = Vec::new();
    // Ids go by minute, and a day is whole minutes: its rows come one after another, the newest day first.
    event::each(connection, i64::MIN, i64::MAX, |_, event| {
        let next = Signed { event, sign: 1 };
        if let Some(day) = run.first().map(day_of)
            && day != day_of(&next)
        {
            audit.day(outcomes, day, &run)?;
            run.clear();
        }
        run.push(next);
        Ok(true)
    })?;
    if let Some(day) = run.first().map(day_of) {
        audit.day(outcomes, day, &run)?;
    }
    // What is left has sums alone.
    while let Some(last) = audit.summed.last().copied() {
        audit.day(outcomes, last.div_euclid(per(Level::Day)), &[])?;
    }
    audit.finish()
}

/// How many quarter-hours a bucket of a level has.
fn per(level: Level) -> i64 {
    level.width() / Level::Quarter.width()
}

struct Audit<'c, F> {
    connection: &'c Connection,
    /// Stored buckets nothing was seen of yet.
    stored: HashMap<Level, BTreeSet<i64>>,
    /// Quarter-hours without rows that were not seen yet.
    summed: BTreeSet<i64>,
    /// The block whose days are being seen.
    block: Option<(i64, Gathered)>,
    show: F,
}

impl<F: FnMut(Level, i64, &Bucket, &Bucket)> Audit<'_, F> {
    /// One day: all its rows, and the quarter-hours of it that have none.
    fn day(&mut self, outcomes: &[Status], day: i64, rows: &[Signed]) -> Result<()> {
        let mut order: Vec<(i64, u32)> = rows
            .iter()
            .zip(0..)
            .map(|(row, index)| (Level::Quarter.bucket(row.event.occurred_at), index))
            .collect();
        order.sort_unstable();
        let mut whole = Gathered::default();
        let mut parts: BTreeMap<(Level, i64), Totals> = BTreeMap::new();
        let mut add = |quarter: i64, own: &Bucket| {
            whole.add(own);
            for level in [Level::Hour, Level::Shift] {
                parts.entry((level, quarter.div_euclid(per(level)))).or_default().merge(&own.totals);
            }
        };
        for members in order.chunk_by(|a, b| a.0 == b.0) {
            let mut own = Bucket::of(outcomes, rows, members);
            own.prune();
            add(members[0].0, &own);
            self.compare(Level::Quarter, members[0].0, &own)?;
        }
        let summed: Vec<i64> =
            self.summed.range(day * per(Level::Day)..(day + 1) * per(Level::Day)).copied().collect();
        for quarter in summed {
            self.summed.remove(&quarter);
            let own = Bucket::load(self.connection, Level::Quarter, quarter)?.unwrap_or_default();
            let own = own.by_its_parts(outcomes);
            add(quarter, &own);
            self.compare(Level::Quarter, quarter, &own)?;
        }
        for ((level, number), totals) in parts {
            self.compare(level, number, &Bucket { totals, ..Bucket::default() })?;
        }
        let whole = whole.take();
        self.block_of(day)?.add(&whole);
        self.compare(Level::Day, day, &whole)
    }

    fn block_of(&mut self, day: i64) -> Result<&mut Gathered> {
        let number = day.div_euclid(Level::DAYS_PER_BLOCK);
        if self.block.as_ref().is_some_and(|(open, _)| *open != number) {
            self.close_block()?;
        }
        let (_, gathered) = self.block.get_or_insert_with(|| (number, Gathered::default()));
        Ok(gathered)
    }

    fn close_block(&mut self) -> Result<()> {
        let Some((number, mut gathered)) = self.block.take() else { return Ok(()) };
        let is_derived = self.stored.get(&Level::Block).is_some_and(|blocks| blocks.contains(&number));
        if is_derived { self.compare(Level::Block, number, &gathered.take()) } else { Ok(()) }
    }

    fn compare(&mut self, level: Level, number: i64, own: &Bucket) -> Result<()> {
        if let Some(stored) = self.stored.get_mut(&level) {
            stored.remove(&number);
        }
        let stored = Bucket::load(self.connection, level, number)?.unwrap_or_default();
        (self.show)(level, number, &stored, own);
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        self.close_block()?;
        // What is left has no row at all.
        for (level, numbers) in std::mem::take(&mut self.stored) {
            for number in numbers {
                self.compare(level, number, &Bucket::default())?;
            }
        }
        Ok(())
    }
}
