//! Checking and repairing parts of the copy inside its open transaction.
//!
//! A cut's changes are in the transaction already, so its rows are to equal the server's in the cut's
//! snapshot: what differs is a fact, not a matter of timing (S30).

use rusqlite::params;
use steward_core::{Dataset, Result};

use super::{KeyRange, RollupDiff, ranges, sums};
use crate::cache::{Batch, edge, fault, instant, rollup};
use crate::record::{RecordShape, SetSum};

impl Batch<'_> {
    /// The sum over the rows of a range, made from what is stored.
    ///
    /// # Errors
    /// `CacheCorrupt` when a stored value has no form the server could have sent.
    pub fn set_sum(&self, dataset: Dataset, range: &KeyRange, shape: &RecordShape) -> Result<SetSum> {
        sums::of_range(self.connection(), dataset, range, shape)
    }

    /// The range of about `rows` rows after `before`; none after the last. Events come newest first by whole
    /// minutes down to the edge, and then by quarter-hours of that many events that are kept as sums; other rows
    /// in the order of their keys. The first and the last range are open, so that all ranges together hold
    /// whatever the server may have.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn range_after(
        &self,
        dataset: Dataset,
        before: Option<&KeyRange>,
        rows: u32,
    ) -> Result<Option<KeyRange>> {
        ranges::next(self.connection(), dataset, before, rows)
    }

    /// Cuts a range into at most `parts` of about equal size; a single one when it cannot be cut.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn split(&self, dataset: Dataset, range: &KeyRange, parts: u64) -> Result<Vec<KeyRange>> {
        ranges::split(self.connection(), dataset, range, parts)
    }

    /// Whether a range of events has no rows but the server's sums.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_summed(&self, dataset: Dataset, range: &KeyRange) -> Result<bool> {
        let rows_from = self.rows_from()?;
        Ok(match range {
            KeyRange::TimeBetween { end_us, .. } => {
                dataset == Dataset::UsageEvents && Some(*end_us) <= rows_from
            }
            KeyRange::All | KeyRange::KeysAfter { .. } => false,
        })
    }

    /// Compares the sums of every quarter-hour that lies in a range of events as a whole with the rows, those of
    /// every day that begins in it with its quarter-hours, and makes right what differs.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn mend_rollups(&mut self, range: &KeyRange) -> Result<RollupDiff> {
        let (start, end) = match range {
            KeyRange::TimeBetween { start_us, end_us } => (
                if *start_us == i64::MIN { i64::MIN } else { instant::from_unix(*start_us) },
                if *end_us == i64::MAX { i64::MAX } else { instant::from_unix(*end_us) },
            ),
            KeyRange::All | KeyRange::KeysAfter { .. } => (i64::MIN, i64::MAX),
        };
        let (connection, ids) = self.parts()?;
        let mended = rollup::mend(connection, ids.outcomes(), edge::read(connection)?, start, end)?;
        if mended.different > 0 {
            self.touch(Dataset::UsageEvents);
        }
        Ok(RollupDiff { buckets: mended.buckets, different: mended.different })
    }

    /// Counts the rows of a dataset and corrects the count that is kept; true when it was wrong.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn recount(&mut self, dataset: Dataset) -> Result<bool> {
        let table = dataset.spec().table;
        let rows: i64 = self
            .connection()
            .query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))
            .map_err(fault::map)?;
        let changed = self
            .connection()
            .execute("update row_count set rows = ?1 where dataset = ?2 and rows <> ?1", params![rows, table])
            .map_err(fault::map)?;
        Ok(changed > 0)
    }
}
