//! Comparing every row of the copy with the server inside one cut.

use sqlx::PgConnection;
use steward_core::sync::{Catalog, Load, LoadKind};
use steward_core::{Dataset, Result};
use tokio::sync::mpsc;

use super::copy::{pour, send};
use super::sql_text;
use crate::cache::verify::{RangeDiff, Verifier};
use crate::cache::{KeyRange, Reader};
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
}

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
/// found, named and read again by its window of time.
///
/// # Errors
/// When the connection breaks or the receiver is gone.
pub async fn read_all(
    connection: &mut PgConnection,
    catalog: &Catalog,
    out: &mpsc::Sender<CompareStep>,
) -> Result<u64> {
    let mut row_count = 0;
    for dataset in Dataset::ALL {
        for (range, condition) in ranges(dataset, catalog) {
            let spec = dataset.spec();
            let query =
                format!("select {} from steward.{} t where {condition}", sql_text::columns(spec), spec.table);
            send(out, CompareStep::Begin { dataset, range }).await?;
            row_count += pour(connection, dataset, &query, out, CompareStep::Rows).await?;
            send(out, CompareStep::End).await?;
        }
    }
    Ok(row_count)
}

fn ranges(dataset: Dataset, catalog: &Catalog) -> Vec<(KeyRange, String)> {
    match Load::whole(dataset, catalog, None).rest {
        LoadKind::Keys { .. } => vec![(KeyRange::All, "true".to_owned())],
        LoadKind::Windows(windows) => windows
            .into_iter()
            .map(|window| {
                (
                    KeyRange::TimeBetween { start_us: window.start_us, end_us: window.end_us },
                    sql_text::between("occurred_at", window.start_us, window.end_us),
                )
            })
            .collect(),
    }
}

/// Compares what arrives with the copy; blocks, so it runs on a thread of its own.
///
/// # Errors
/// When the copy cannot be read, or the steps end within a range.
pub fn compare(reader: &Reader, steps: &mut mpsc::Receiver<CompareStep>) -> Result<Vec<Compared>> {
    let verifier = Verifier::new(reader);
    let mut found = Vec::new();
    while let Some(step) = steps.blocking_recv() {
        let CompareStep::Begin { dataset, range } = step else { return Err(broken_off()) };
        let mut rows = verifier.range(dataset, &range)?;
        loop {
            match steps.blocking_recv() {
                Some(CompareStep::Rows(batch)) => rows.rows(&batch)?,
                Some(CompareStep::End) => break,
                Some(CompareStep::Begin { .. }) | None => return Err(broken_off()),
            }
        }
        found.push(Compared { dataset, range, diff: rows.finish()? });
    }
    Ok(found)
}

fn broken_off() -> steward_core::Error {
    steward_core::Error::new(steward_core::ErrorKind::Cancelled, "The comparison broke off.")
}
