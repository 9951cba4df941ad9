//! One transaction of changes: rows, state and rollups together, or nothing.

mod event;
mod key;
mod sums;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::params;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::{Dataset, Error, Result};

pub(in crate::cache) use event::EventRange;
pub use sums::ReplaceSums;
pub(in crate::cache) use table::{Found, RangeSql, RowFinder};

use super::writer::Writer;
use super::{Change, busy, fault, reader, revenue, state};
use crate::row::RowBatch;

/// How many rows a step changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// New rows.
    pub inserted: u64,
    /// Rows that had other values.
    pub updated: u64,
    /// Rows removed.
    pub deleted: u64,
    /// Rows that were already so.
    pub unchanged: u64,
}

impl Applied {
    /// Rows that are different now.
    #[must_use]
    pub fn changed(self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

impl std::ops::AddAssign for Applied {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
    }
}

/// Which rows a reconciliation or a comparison is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRange {
    /// Every row.
    All,
    /// Events that happened in this half-open span, in microseconds since 1970; the extremes are open ends.
    /// For [`Dataset::UsageEvents`] only.
    TimeBetween {
        /// First microsecond inside.
        start_us: i64,
        /// First microsecond after it.
        end_us: i64,
    },
    /// Rows whose key comes after one and not after another, each a JSON object of the key's columns.
    /// Keys are ordered bytewise, so the server has to compare text columns with `collate "C"`.
    /// Not for [`Dataset::UsageEvents`].
    KeysAfter {
        /// The key the range begins after; none begins at the first.
        after: Option<Value>,
        /// The last key inside; none ends at the last.
        upto: Option<Value>,
    },
}

/// One transaction. Dropping it takes everything back.
#[derive(Debug)]
pub struct Batch<'w> {
    writer: &'w mut Writer,
    generation: u64,
    touched: BTreeSet<Dataset>,
    has_billing: bool,
    is_open: bool,
    /// Whether a reconciliation has begun and not ended: rows may be missing then.
    is_reconciling: bool,
}

impl<'w> Batch<'w> {
    pub(super) fn begin(writer: &'w mut Writer) -> Result<Self> {
        writer.connection.execute_batch("begin immediate").map_err(fault::map)?;
        let mut batch = Self {
            writer,
            generation: 0,
            touched: BTreeSet::new(),
            has_billing: false,
            is_open: true,
            is_reconciling: false,
        };
        batch.generation = state::generation(&batch.writer.connection)?;
        Ok(batch)
    }

    /// Makes the rows of a range what the server says they are: fed rows are written, other local rows of
    /// the range are removed.
    ///
    /// # Errors
    /// When the range does not fit the dataset, or the file cannot be read.
    pub fn reconcile(&mut self, dataset: Dataset, range: &KeyRange) -> Result<Reconcile<'_, 'w>> {
        let work = match dataset {
            Dataset::UsageEvents => Work::Events(event::Difference::begin(self, range)?),
            _ => Work::Table(table::Difference::begin(self, dataset, range)?),
        };
        self.is_reconciling = true;
        Ok(Reconcile { batch: self, dataset, work })
    }

    /// Writes rows: new ones are inserted, differing ones changed.
    ///
    /// # Errors
    /// When a value cannot be represented or the file cannot be written.
    pub fn upsert(&mut self, rows: &RowBatch) -> Result<Applied> {
        self.apply_keys(rows.dataset(), &[], rows)
    }

    /// Brings these keys up to date: fetched rows are written, keys that were not fetched are removed.
    ///
    /// # Errors
    /// When a key or a value cannot be represented or the file cannot be written.
    pub fn apply_keys(&mut self, dataset: Dataset, keys: &[Value], rows: &RowBatch) -> Result<Applied> {
        match dataset {
            Dataset::UsageEvents => event::apply(self, keys, rows),
            _ => table::apply(self, dataset, keys, rows),
        }
    }

    /// The file as this transaction sees it.
    pub(in crate::cache) fn connection(&self) -> &rusqlite::Connection {
        &self.writer.connection
    }

    /// The file and the short ids, both at once.
    pub(in crate::cache) fn parts(&mut self) -> Result<(&rusqlite::Connection, &mut super::event::Ids)> {
        self.writer.parts()
    }

    /// Notes that answers about a dataset are others now; rows that change note it by themselves.
    pub fn touch(&mut self, dataset: Dataset) {
        self.touched.insert(dataset);
    }

    /// Notes that answers about billing are others now.
    pub(in crate::cache) fn touch_billing(&mut self) {
        self.has_billing = true;
    }

    /// A state value; none when it was never written.
    ///
    /// # Errors
    /// When the file cannot be read or the value has another shape.
    pub fn state<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        state::get(&self.writer.connection, key)
    }

    /// How many rows each dataset has in this transaction.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn row_counts(&self) -> Result<BTreeMap<Dataset, u64>> {
        reader::row_counts(&self.writer.connection)
    }

    /// [`super::Reader::event_span`] in this transaction.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn event_span(&self) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
        reader::event_span(&self.writer.connection)
    }

    /// Writes a state value in this transaction.
    ///
    /// # Errors
    /// When the value is no JSON or the file cannot be written.
    pub fn put_state(&mut self, key: &str, value: &impl Serialize) -> Result<()> {
        state::put(&self.writer.connection, key, value)
    }

    /// Makes everything lasting and tells the subscribers.
    ///
    /// # Errors
    /// `CacheBusy` when somebody else has committed meanwhile; then nothing was written.
    pub fn commit(mut self) -> Result<u64> {
        if self.is_reconciling {
            return Err(Error::internal("A reconciliation was left open; its batch cannot be committed."));
        }
        revenue::mark(&self.writer.connection, &self.touched)?;
        let next = self.generation + 1;
        let fenced = self
            .writer
            .connection
            .prepare_cached("update identity set generation = ?1 where generation = ?2")
            .and_then(|mut statement| {
                statement.execute(params![next.cast_signed(), self.generation.cast_signed()])
            })
            .map_err(fault::map)?;
        if fenced != 1 {
            return Err(busy());
        }
        self.writer.connection.execute_batch("commit").map_err(fault::map)?;
        self.is_open = false;
        self.writer.has_committed();
        if let Some(ids) = &mut self.writer.ids {
            ids.keep();
        }
        let change = Change {
            datasets: std::mem::take(&mut self.touched).into_iter().collect(),
            has_billing: self.has_billing,
            generation: next,
        };
        // Nobody listening is no failure.
        let _ = self.writer.changes.send(change);
        Ok(next)
    }

    pub(in crate::cache) fn note(&mut self, dataset: Dataset, applied: Applied) -> Result<()> {
        if applied.changed() > 0 {
            self.touched.insert(dataset);
        }
        let growth = applied.inserted.cast_signed() - applied.deleted.cast_signed();
        if growth != 0 {
            self.writer
                .connection
                .prepare_cached("update row_count set rows = rows + ?1 where dataset = ?2")
                .and_then(|mut statement| statement.execute(params![growth, dataset.spec().table]))
                .map_err(fault::map)?;
        }
        Ok(())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // A failed commit may have rolled back already; both ways nothing of the batch remains.
            let _ = self.writer.connection.execute_batch("rollback");
            if let Some(ids) = &mut self.writer.ids {
                ids.forget();
            }
        }
    }
}

#[derive(Debug)]
enum Work {
    Events(event::Difference),
    Table(table::Difference),
}

/// A reconciliation in progress; without [`Reconcile::finish`] it must not be committed.
#[derive(Debug)]
pub struct Reconcile<'b, 'w> {
    batch: &'b mut Batch<'w>,
    dataset: Dataset,
    work: Work,
}

impl Reconcile<'_, '_> {
    /// Feeds rows of the range, in any order.
    ///
    /// # Errors
    /// When a value cannot be represented or the file cannot be written.
    pub fn rows(&mut self, rows: &RowBatch) -> Result<()> {
        match &mut self.work {
            Work::Events(work) => work.rows(self.batch, rows),
            Work::Table(work) => work.rows(self.batch, rows),
        }
    }

    /// Removes the local rows of the range that were not fed, and says what happened.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<Applied> {
        let applied = match self.work {
            Work::Events(work) => work.finish(self.batch)?,
            Work::Table(work) => work.finish(self.batch)?,
        };
        self.batch.is_reconciling = false;
        self.batch.note(self.dataset, applied)?;
        Ok(applied)
    }
}
