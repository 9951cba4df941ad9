//! How much of each dataset is here.

use steward_core::{Dataset, Result};

use crate::cache::{Reader, fault};

/// Rows per dataset, kept with every change and therefore free to ask.
///
/// # Errors
/// When the file cannot be read.
pub fn row_counts(reader: &Reader) -> Result<Vec<(Dataset, u64)>> {
    let mut find = reader
        .connection()
        .prepare_cached("select rows from row_count where dataset = ?1")
        .map_err(fault::map)?;
    Dataset::ALL
        .into_iter()
        .map(|dataset| {
            let rows: i64 = find.query_row([dataset.spec().table], |row| row.get(0)).map_err(fault::map)?;
            Ok((dataset, rows.unsigned_abs()))
        })
        .collect()
}
