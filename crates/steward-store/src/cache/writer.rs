//! The one writer of a copy.

use std::cell::Cell;

use rusqlite::Connection;
use steward_core::Result;
use tokio::sync::broadcast;

use super::batch::Batch;
use super::event::Ids;
use super::lock::FileLock;
use super::log::LogMover;
use super::{Change, fault, file, rollup, schema};

thread_local! {
    /// Pages in the log after this thread's last commit, which SQLite tells a function that remembers nothing.
    static LOGGED: Cell<u32> = const { Cell::new(0) };
}

/// How much of the file the writer holds in memory, deciphered and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// 8 MB: a load adds pages and seldom comes back to them, and needs the memory itself.
    Little,
    /// 20 MB: changes fall into pages all over the file, and into the same ones again. With less, one pull of a
    /// thousand changes would write its first pages out before its last ones are read.
    Much,
}

/// The one writer; other writers get `CacheBusy` until it is dropped.
#[derive(Debug)]
pub struct Writer {
    pub(super) connection: Connection,
    pub(super) changes: broadcast::Sender<Change>,
    /// Read when the first event is written; a writer of other datasets never needs them.
    pub(super) ids: Option<Ids>,
    mover: LogMover,
    _lock: FileLock,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        mover: LogMover,
        lock: FileLock,
        changes: broadcast::Sender<Change>,
    ) -> Self {
        // In place of SQLite's own rule, by which every so many commits take several times as long.
        connection.wal_hook(Some(|_, pages| {
            LOGGED.set(pages.unsigned_abs());
            Ok(())
        }));
        Self { connection, changes, ids: None, mover, _lock: lock }
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
        schema::create_indexes(&self.connection)?;
        self.has_committed();
        Ok(())
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
        if has_derived {
            self.has_committed();
        }
        Ok(has_derived)
    }

    /// Holds more or less of the file in memory from now on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn hold(&mut self, hold: Hold) -> Result<()> {
        let kibibytes = match hold {
            Hold::Little => file::HELD_KIB,
            Hold::Much => 20 << 10,
        };
        self.connection.pragma_update(None, "cache_size", -kibibytes).map_err(fault::map)
    }

    /// Has a log that has become long moved into the file.
    pub(super) fn has_committed(&self) {
        self.mover.log_has(LOGGED.get(), &self.connection);
    }

    /// Moves the write-ahead log into the file and empties it as far as readers allow.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn compact_wal(&mut self) -> Result<()> {
        self.connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).map_err(fault::map)
    }

    /// The most pages of 8 KiB the file may have; beyond them writing fails with `DiskFull`.
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
