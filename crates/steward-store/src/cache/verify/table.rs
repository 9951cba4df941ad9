//! Rows of the tables made from specs.

use rusqlite::{CachedStatement, Connection, params_from_iter};
use steward_core::{Dataset, Result};

use super::{KeyRange, RangeDiff};
use crate::cache::batch::{Found, RangeSql, RowFinder};
use crate::cache::fault;
use crate::row::RowBatch;

/// Every server row is looked up; what the copy has beyond the rows found is extra. Keys are unique on both
/// sides, so counting suffices and no row has to be remembered.
pub(super) struct Comparison<'r> {
    finder: RowFinder<'r>,
    count: CachedStatement<'r>,
    range: RangeSql,
    diff: RangeDiff,
}

impl std::fmt::Debug for Comparison<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Comparison").field("diff", &self.diff).finish_non_exhaustive()
    }
}

impl<'r> Comparison<'r> {
    pub(super) fn begin(connection: &'r Connection, dataset: Dataset, range: &KeyRange) -> Result<Self> {
        let spec = dataset.spec();
        let range = RangeSql::new(spec, range)?;
        let sql = format!("select count(*) from {} where {}", spec.table, range.condition);
        Ok(Self {
            finder: RowFinder::new(connection, spec)?,
            count: connection.prepare_cached(&sql).map_err(fault::map)?,
            range,
            diff: RangeDiff::default(),
        })
    }

    pub(super) fn rows(&mut self, rows: &RowBatch) -> Result<()> {
        for row in rows.rows() {
            let values = self.finder.decode(row)?;
            self.diff.server_rows += 1;
            match self.finder.find(&values)? {
                Found::Same => {}
                Found::Different(_) => self.diff.different += 1,
                Found::Nothing => self.diff.missing += 1,
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<RangeDiff> {
        let rows: i64 = self
            .count
            .query_row(params_from_iter(&self.range.values), |row| row.get(0))
            .map_err(fault::map)?;
        self.diff.local_rows = rows.unsigned_abs();
        self.diff.extra = self.diff.local_rows.saturating_sub(self.diff.server_rows - self.diff.missing);
        Ok(self.diff)
    }
}
