//! Comparison of the copy with the server, row by row and sum by sum.
//!
//! Map: [`Verifier`] feeds every row of the server · `sums` hash sums of ranges, for comparisons that read
//! nothing but sums · `ranges` where to cut · [`scrub`] both on the open transaction, and repair · [`local`]
//! what the copy can check alone.

mod events;
pub mod local;
mod ranges;
mod rollups;
pub mod scrub;
mod sums;
mod table;

use steward_core::{Dataset, Result};

pub use rollups::{RollupDiff, RollupVerifier};

use super::event::Ids;
use super::{KeyRange, Reader};
use crate::row::RowBatch;

/// How a range of the copy differs from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RangeDiff {
    /// Rows the server has.
    pub server_rows: u64,
    /// Rows the copy has.
    pub local_rows: u64,
    /// Rows only the server has.
    pub missing: u64,
    /// Rows only the copy has.
    pub extra: u64,
    /// Rows both have with different values.
    pub different: u64,
}

impl RangeDiff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_clean(self) -> bool {
        self.missing == 0 && self.extra == 0 && self.different == 0
    }
}

/// Compares; works on a reader, so that a cut's rows are compared with one generation of the copy.
#[derive(Debug)]
pub struct Verifier<'r> {
    reader: &'r Reader,
}

impl<'r> Verifier<'r> {
    /// A comparison with what this reader sees.
    #[must_use]
    pub fn new(reader: &'r Reader) -> Self {
        Self { reader }
    }

    /// Begins the comparison of a range.
    ///
    /// # Errors
    /// When the range does not fit the dataset or the file cannot be read.
    pub fn range(&self, dataset: Dataset, range: &KeyRange) -> Result<RangeVerifier<'r>> {
        let connection = self.reader.connection();
        let work = match dataset {
            Dataset::UsageEvents => {
                Work::Events(events::Comparison::begin(connection, Ids::load_scratch(connection)?, range)?)
            }
            _ => Work::Table(table::Comparison::begin(connection, dataset, range)?),
        };
        Ok(RangeVerifier { reader: self.reader, work })
    }

    /// Begins the comparison of the quarter-hours' sums with the server's own; see [`super::SumKind`].
    /// The span is half-open, in microseconds since 1970, and begins and ends on a quarter-hour.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rollups(&self, start_us: i64, end_us: i64) -> Result<RollupVerifier<'r>> {
        RollupVerifier::begin(self.reader, start_us, end_us)
    }

    /// Compares every sum of every level, latencies included, with a recomputation from the local rows.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rollups_from_rows(&self) -> Result<RollupDiff> {
        rollups::from_rows(self.reader)
    }
}

#[derive(Debug)]
enum Work<'r> {
    Events(events::Comparison),
    Table(table::Comparison<'r>),
}

/// The comparison of one range.
#[derive(Debug)]
pub struct RangeVerifier<'r> {
    reader: &'r Reader,
    work: Work<'r>,
}

impl RangeVerifier<'_> {
    /// Feeds the server's rows of the range, in any order, each once.
    ///
    /// # Errors
    /// When a value cannot be represented or the file cannot be read.
    pub fn rows(&mut self, rows: &RowBatch) -> Result<()> {
        match &mut self.work {
            Work::Events(work) => work.rows(self.reader.connection(), rows),
            Work::Table(work) => work.rows(rows),
        }
    }

    /// What was found.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn finish(self) -> Result<RangeDiff> {
        match self.work {
            Work::Events(work) => work.finish(self.reader.connection()),
            Work::Table(work) => work.finish(),
        }
    }
}
