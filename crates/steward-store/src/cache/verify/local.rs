//! What the copy can check without the server: its file, its counts, its rows' forms and its sums.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steward_core::{Dataset, Error, ErrorKind, Result};

use super::{RollupDiff, ranges, rollups};
use crate::cache::{KeyRange, Reader, fault};

/// What the copy found out about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LocalCheck {
    /// What the file's own checks say is wrong; empty when it is sound.
    pub damage: Vec<String>,
    /// Rows by dataset, counted.
    pub rows: BTreeMap<Dataset, u64>,
    /// Datasets whose kept count is not the counted one.
    pub miscounted: Vec<Dataset>,
    /// Every sum of both levels against the rows.
    pub rollups: RollupDiff,
}

impl LocalCheck {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.damage.is_empty() && self.miscounted.is_empty() && self.rollups.different == 0
    }
}

/// Checks the authentication of every page and the structure of the file, reads every row, and adds up every
/// sum again. Takes as long as reading the whole copy, and ends early when told to.
///
/// # Errors
/// `CacheCorrupt` when a row cannot be read; `Cancelled` when it was told to end.
pub fn check(reader: &Reader, stop: &Arc<AtomicBool>) -> Result<LocalCheck> {
    let connection = reader.connection();
    let asked = Arc::clone(stop);
    connection.progress_handler(STEPS, Some(move || asked.load(Ordering::Relaxed))).map_err(fault::map)?;
    let found = look(reader);
    // The connection goes back to its pool.
    connection.progress_handler(STEPS, None::<fn() -> bool>).map_err(fault::map)?;
    if stop.load(Ordering::Relaxed) {
        return Err(Error::new(ErrorKind::Cancelled, "The check of the copy was broken off."));
    }
    found
}

/// Steps of SQLite's machine between two looks at the wish to stop: some milliseconds.
const STEPS: i32 = 100_000;

/// Whether the file's own checks find nothing wrong. Takes as long as reading the file.
///
/// # Errors
/// `CacheKey` or `CacheCorrupt` when they cannot even run.
pub fn is_sound(reader: &Reader) -> Result<bool> {
    Ok(damage(reader)?.is_empty())
}

fn damage(reader: &Reader) -> Result<Vec<String>> {
    let mut found = Vec::new();
    // Pages are authenticated one by one, so that rot of the disk shows even where no statement reads.
    for pragma in ["pragma cipher_integrity_check", "pragma quick_check"] {
        let mut statement = reader.connection().prepare(pragma).map_err(fault::map)?;
        let lines = statement
            .query_map([], |row| row.get::<_, String>(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(fault::map)?;
        found.extend(lines.into_iter().filter(|line| line != "ok"));
    }
    Ok(found)
}

fn look(reader: &Reader) -> Result<LocalCheck> {
    let connection = reader.connection();
    let mut found = LocalCheck { damage: damage(reader)?, ..LocalCheck::default() };
    let kept = reader.row_counts()?;
    for dataset in Dataset::ALL {
        let rows = match dataset {
            Dataset::UsageEvents => connection
                .query_row("select count(*) from usage_events", [], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
                .map_err(fault::map)?,
            _ => ranges::count(connection, dataset, &KeyRange::All)?,
        };
        if kept.get(&dataset).copied().unwrap_or(0) != rows {
            found.miscounted.push(dataset);
        }
        found.rows.insert(dataset, rows);
    }
    found.rollups = rollups::from_rows(reader)?;
    Ok(found)
}
