//! Sums against the rows they were made of.

use std::collections::{BTreeSet, HashMap};

use rusqlite::Connection;
use steward_core::Result;

use super::gather::Gathered;
use super::{Bucket, Level, Signed};
use crate::cache::event;
use crate::cache::facet::Status;
use crate::cache::fault;

/// Shows every stored bucket of every level beside the one its rows make: exactly what a rebuild would
/// change. Blocks that were not derived are no difference.
pub(crate) fn audit(
    connection: &Connection,
    outcomes: &[Status],
    show: impl FnMut(Level, i64, &Bucket, &Bucket),
) -> Result<()> {
    let mut audit = Audit { connection, stored: HashMap::new(), block: None, show };
    for level in Level::ALL {
        let stored: BTreeSet<i64> = connection
            .prepare("select bucket from rollup_total where level = ?1")
            .and_then(|mut find| find.query_map([level.number()], |row| row.get(0))?.collect())
            .map_err(fault::map)?;
        audit.stored.insert(level, stored);
    }
    let day_of = |signed: &Signed| Level::Day.bucket(signed.event.occurred_at);
    let mut run: Vec<Signed> = Vec::new();
    // Ids go by minute, and a day is whole minutes: its rows come one after another, the newest day first.
    event::each(connection, i64::MIN, i64::MAX, |_, event| {
        let next = Signed { event, sign: 1 };
        if run.first().is_some_and(|first| day_of(first) != day_of(&next)) {
            audit.day(outcomes, &run)?;
            run.clear();
        }
        run.push(next);
        Ok(true)
    })?;
    if !run.is_empty() {
        audit.day(outcomes, &run)?;
    }
    audit.finish()
}

struct Audit<'c, F> {
    connection: &'c Connection,
    /// Stored buckets no row was seen of yet.
    stored: HashMap<Level, BTreeSet<i64>>,
    /// The block whose days are being seen.
    block: Option<(i64, Gathered)>,
    show: F,
}

impl<F: FnMut(Level, i64, &Bucket, &Bucket)> Audit<'_, F> {
    /// All rows of one day.
    fn day(&mut self, outcomes: &[Status], rows: &[Signed]) -> Result<()> {
        for level in [Level::Quarter, Level::Hour, Level::Shift, Level::Day] {
            let mut order: Vec<(i64, u32)> = rows
                .iter()
                .zip(0..)
                .map(|(row, index)| (level.bucket(row.event.occurred_at), index))
                .collect();
            order.sort_unstable();
            for members in order.chunk_by(|a, b| a.0 == b.0) {
                let mut own = Bucket::of(outcomes, rows, members);
                own.prune();
                if level == Level::Day {
                    self.block_of(members[0].0)?.add(&own);
                }
                if !level.is_detailed() {
                    own = Bucket { totals: own.totals, ..Bucket::default() };
                }
                self.compare(level, members[0].0, &own)?;
            }
        }
        Ok(())
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
