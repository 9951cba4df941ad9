//! One consistent look at the copy.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use steward_core::revenue::History;
use steward_core::{Dataset, Result};

use super::facet::Facet;
use super::rollup::{self, Level};
use super::{Inner, fault, instant, state};

/// A look at the copy as one cut left it.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    pool: Arc<Inner>,
}

impl Reader {
    /// A state value written by the sync engine; none when it was never written.
    ///
    /// # Errors
    /// When the file cannot be read or the value has another shape.
    pub fn state<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        state::get(&self.connection, key)
    }

    /// The number of commits so far.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn generation(&self) -> Result<u64> {
        state::generation(&self.connection)
    }

    /// How many rows each dataset has here.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn row_counts(&self) -> Result<BTreeMap<Dataset, u64>> {
        row_counts(&self.connection)
    }

    /// The first and the last day with events, each at its start in UTC; none without events.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn event_span(&self) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
        event_span(&self.connection)
    }

    pub(crate) fn facets(&self) -> Result<Arc<Vec<Facet>>> {
        self.pool.facets.read(&self.connection)
    }

    /// Every subscription there ever was.
    pub(crate) fn revenue(&self) -> Result<Arc<History>> {
        self.pool.revenue.read(&self.connection)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// The first and the last day with events.
pub(super) fn event_span(connection: &Connection) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    let days = rollup::extent(connection, Level::Day)?;
    let start = |day: i64| instant::to_utc(day.saturating_mul(Level::Day.width()));
    Ok(days.map(|(first, last)| (start(first), start(last))))
}

/// How many rows each dataset has.
pub(super) fn row_counts(connection: &Connection) -> Result<BTreeMap<Dataset, u64>> {
    let mut statement =
        connection.prepare_cached("select dataset, rows from row_count").map_err(fault::map)?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
        .map_err(fault::map)?;
    let mut counts = BTreeMap::new();
    for row in rows {
        let (table, count) = row.map_err(fault::map)?;
        if let Some(dataset) = Dataset::from_table(&table) {
            counts.insert(dataset, count.unsigned_abs());
        }
    }
    Ok(counts)
}

/// A [`Reader`] that goes back to the pool when dropped.
#[derive(Debug)]
pub struct ReaderGuard {
    reader: Option<Reader>,
}

impl ReaderGuard {
    pub(super) fn begin(connection: Connection, pool: Arc<Inner>) -> Result<Self> {
        connection.execute_batch("pragma query_only = on; begin").map_err(fault::map)?;
        Ok(Self { reader: Some(Reader { connection, pool }) })
    }
}

impl Deref for ReaderGuard {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        self.reader.as_ref().expect("taken only by drop")
    }
}

impl Drop for ReaderGuard {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take()
            && reader.connection.execute_batch("rollback").is_ok()
        {
            reader.pool.put_back(reader.connection);
        }
    }
}
