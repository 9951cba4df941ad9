//! Comparing every row of the copy with the server inside one cut.

use sqlx::PgConnection;
use steward_core::sync::{Catalog, Load, LoadKind};
use steward_core::{Dataset, Error, ErrorKind, Result};
use tokio::sync::mpsc;

use super::copy::{pour, send};
use super::{sql_text, sums};
use crate::cache::verify::{RangeDiff, RollupDiff, Verifier};
use crate::cache::{KeyRange, Reader, SumBatch, SumKind};
use crate::row::RowBatch;

/// A step of a comparison, on its way from the server to the copy.
#[derive(Debug)]
pub enum CompareStep {
    /// Rows of this range follow.
    Begin {
        /// Which dataset.
        dataset: Dataset,
        /// Which of its rows.
        range: KeyRange,
    },
    /// Rows of the range.
    Rows(RowBatch),
    /// The range is complete.
    End,
    /// The server's own sums; they come after the ranges.
    Sums(SumBatch),
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Range by range.
    pub ranges: Vec<Compared>,
    /// The rollups: against the server's sums, and against the copy's own rows.
    pub rollups: RollupDiff,
    /// The starts of the quarter-hours kept without rows whose sums are not the server's, in microseconds
    /// since 1970.
    pub wrong_sums: Vec<i64>,
}

/// Events outside this span have no place in a company's history: 1900 to 2200, on quarter-hours.
const SPAN_US: (i64, i64) = (-2_208_988_800_000_000, 7_258_118_400_000_000);

/// What a comparison found in one range.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Which dataset.
    pub dataset: Dataset,
    /// Which of its rows.
    pub range: KeyRange,
    /// How they differ.
    pub diff: RangeDiff,
}

/// Reads every row of every dataset inside the open cut. Events come by partition, so that what differs is
/// found, named and read again by its window of time; those before `rows_from`, in microseconds since 1970, by
/// their sums alone.
///
/// # Errors
/// When the connection breaks or the receiver is gone.
pub async fn read_all(
    connection: &mut PgConnection,
    catalog: &Catalog,
    rows_from: Option<i64>,
    out: &mpsc::Sender<CompareStep>,
) -> Result<u64> {
    let mut row_count = 0;
    for dataset in Dataset::ALL {
        for (range, condition) in ranges(dataset, catalog, rows_from.unwrap_or(i64::MIN)) {
            let spec = dataset.spec();
            let query =
                format!("select {} from steward.{} t where {condition}", sql_text::columns(spec), spec.table);
            send(out, CompareStep::Begin { dataset, range }).await?;
            row_count += pour(connection, dataset, &query, out, CompareStep::Rows).await?;
            send(out, CompareStep::End).await?;
        }
    }
    for kind in SumKind::ALL {
        let mut rows = sums::open(connection, kind, &[SPAN_US]).await?;
        while let Some(rows) = rows.next().await? {
            send(out, CompareStep::Sums(SumBatch { kind, rows })).await?;
        }
    }
    Ok(row_count)
}

fn ranges(dataset: Dataset, catalog: &Catalog, rows_from: i64) -> Vec<(KeyRange, String)> {
    match Load::whole(dataset, catalog, None).rest {
        LoadKind::Keys { .. } => vec![(KeyRange::All, "true".to_owned())],
        LoadKind::Windows(windows) => windows
            .into_iter()
            .filter(|window| window.end_us > rows_from)
            .map(|window| {
                let start_us = window.start_us.max(rows_from);
                (
                    KeyRange::TimeBetween { start_us, end_us: window.end_us },
                    sql_text::between("occurred_at", start_us, window.end_us),
                )
            })
            .collect(),
    }
}

/// Compares what arrives with the copy; blocks, so it runs on a thread of its own.
///
/// # Errors
/// When the copy cannot be read, or the steps end within a range.
pub fn compare(reader: &Reader, steps: &mut mpsc::Receiver<CompareStep>) -> Result<Comparison> {
    let verifier = Verifier::new(reader);
    let mut found = Comparison::default();
    let mut rollups = verifier.rollups(SPAN_US.0, SPAN_US.1)?;
    while let Some(step) = steps.blocking_recv() {
        match step {
            CompareStep::Begin { dataset, range } => {
                let mut rows = verifier.range(dataset, &range)?;
                loop {
                    match steps.blocking_recv() {
                        Some(CompareStep::Rows(batch)) => rows.rows(&batch)?,
                        Some(CompareStep::End) => break,
                        Some(CompareStep::Begin { .. } | CompareStep::Sums(_)) | None => {
                            return Err(broken_off());
                        }
                    }
                }
                found.ranges.push(Compared { dataset, range, diff: rows.finish()? });
            }
            CompareStep::Sums(batch) => rollups.take(&batch)?,
            CompareStep::Rows(_) | CompareStep::End => return Err(broken_off()),
        }
    }
    (found.rollups, found.wrong_sums) = rollups.finish()?;
    found.rollups += verifier.rollups_from_rows()?;
    Ok(found)
}

fn broken_off() -> Error {
    Error::new(ErrorKind::Cancelled, "The comparison broke off.")
}
