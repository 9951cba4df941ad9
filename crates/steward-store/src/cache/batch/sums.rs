//! Quarter-hours that are kept as the server's sums, without rows (S41).

use std::ops::Range;

use steward_core::{Dataset, Error, Result};

use super::Batch;
use crate::cache::rollup::{self, Level};
use crate::cache::sums::{Assembly, SumBatch};
use crate::cache::verify::RollupDiff;
use crate::cache::{edge, instant};

/// A replacement in progress; without [`ReplaceSums::finish`] nothing was replaced.
#[derive(Debug)]
pub struct ReplaceSums<'b, 'w> {
    batch: &'b mut Batch<'w>,
    spans: Vec<Range<i64>>,
    assembly: Assembly,
}

impl<'w> Batch<'w> {
    /// Makes the sums of spans what the server says they are: quarter-hours it does not mention have none.
    /// The spans are half-open, in microseconds since 1970 on quarter-hours, and lie before the edge.
    ///
    /// # Errors
    /// When there are rows in a span, or the file cannot be read.
    pub fn replace_sums(&mut self, spans: &[(i64, i64)]) -> Result<ReplaceSums<'_, 'w>> {
        let edge = edge::read(self.connection())?.map_or(i64::MIN, |edge| Level::Quarter.bucket(edge));
        let quarter = |us: i64| {
            if us == i64::MIN { i64::MIN } else { Level::Quarter.bucket(instant::from_unix(us)) }
        };
        let spans: Vec<_> = spans.iter().map(|(start, end)| quarter(*start)..quarter(*end)).collect();
        if spans.iter().any(|span| span.end > edge) {
            return Err(Error::internal("Sums came for a time that is kept as rows."));
        }
        Ok(ReplaceSums { batch: self, spans, assembly: Assembly::default() })
    }
}

impl ReplaceSums<'_, '_> {
    /// Feeds the server's answers, in any order.
    ///
    /// # Errors
    /// When a row has another shape or the file cannot be written.
    pub fn take(&mut self, sums: &SumBatch) -> Result<()> {
        let (connection, ids) = self.batch.parts()?;
        self.assembly.take(connection, ids, sums)
    }

    /// Replaces the sums; answers how many quarter-hours were looked at, and how many had other sums.
    ///
    /// # Errors
    /// When the server spoke of another time, or the file cannot be written.
    pub fn finish(self) -> Result<RollupDiff> {
        let Self { batch, spans, assembly } = self;
        let (connection, ids) = batch.parts()?;
        let own = assembly.finish(ids);
        if own.keys().any(|quarter| !spans.iter().any(|span| span.contains(quarter))) {
            return Err(Error::internal("The server sent sums from outside the span asked for."));
        }
        let replaced = rollup::replace(connection, &spans, own)?;
        if replaced.different > 0 {
            batch.touch(Dataset::UsageEvents);
        }
        Ok(RollupDiff { buckets: replaced.buckets, different: replaced.different })
    }
}
