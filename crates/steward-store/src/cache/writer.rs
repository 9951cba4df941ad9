//! The one writer of a copy.

use rusqlite::Connection;
use steward_core::Result;
use tokio::sync::broadcast;

use super::batch::Batch;
use super::event::Ids;
use super::lock::FileLock;
use super::{Change, fault, rollup, schema};

/// The one writer; other writers get `CacheBusy` until it is dropped.
#[derive(Debug)]
pub struct Writer {
    pub(super) connection: Connection,
    pub(super) changes: broadcast::Sender<Change>,
    /// Read when the first event is written; a writer of other datasets never needs them.
    pub(super) ids: Option<Ids>,
    _lock: FileLock,
}

impl Writer {
    pub(super) fn new(connection: Connection, lock: FileLock, changes: broadcast::Sender<Change>) -> Self {
        Self { connection, changes, ids: None, _lock: lock }
    }

    /// Begins a transaction. Dropping the batch without a commit takes everything back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(&mut self) -> Result<Batch<'_>> {
        Batch::begin(self)
    }

    /// The same writer, but one that keeps no sums of the events it writes: for measuring what they cost. A
    /// copy made so fails verification.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn without_sums(mut self) -> Result<Self> {
        self.parts()?.1.forgo_sums();
        Ok(self)
    }

    /// Builds the indexes the views need beside the primary keys; called once after the initial load,
    /// harmless later. Usage events have none: they lie in the order in which they are asked for.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn build_indexes(&mut self) -> Result<()> {
        schema::create_indexes(&self.connection)
    }

    /// Derives the sums of one more finished block of days, which long ranges are answered from; false when
    /// none is missing. Changes no answer, only how long it takes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn derive_sums(&mut self) -> Result<bool> {
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(fault::map)?;
        let has_derived = rollup::derive_block(&transaction)?;
        transaction.commit().map_err(fault::map)?;
        Ok(has_derived)
    }

    /// Moves the write-ahead log into the file and empties it as far as readers allow.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn compact_wal(&mut self) -> Result<()> {
        self.connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).map_err(fault::map)
    }

    /// The most pages of 16 KiB the file may have; beyond them writing fails with `DiskFull`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn limit_pages(&mut self, pages: u32) -> Result<()> {
        self.connection
            .query_row(&format!("pragma max_page_count = {pages}"), [], |_| Ok(()))
            .map_err(fault::map)
    }

    /// The connection and the short ids, both at once.
    pub(super) fn parts(&mut self) -> Result<(&Connection, &mut Ids)> {
        let ids = match self.ids.take() {
            Some(ids) => ids,
            None => Ids::load(&self.connection)?,
        };
        Ok((&self.connection, self.ids.insert(ids)))
    }
}
