//! Reading in pages what changed in weeks (S18): each page a short transaction of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, Reload};
use super::cursor::{Moment, Observed, Position};
use super::instruction::{Chunk, Reach};
use super::load::{Load, LoadKind};
use super::snapshot::Snapshot;
use crate::dataset::{Capture, Dataset};

/// How far the pages have come. Stored with each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// What the copy had when it began.
    pub since: Since,
    /// Every transaction before this one has ended: what they logged is complete, and in an order that stays.
    pub horizon: u64,
    /// The last entry of the change log that was read.
    pub after: Option<LogPlace>,
    /// Whether every entry below the horizon was read.
    pub is_log_read: bool,
    /// Rows that are their own log entry, and which of them are left.
    pub rows: BTreeMap<Dataset, Load>,
}

/// What a page or a cut leaves out: everything this snapshot contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// What the copy has.
    pub snapshot: Snapshot,
    /// Which predicate.
    pub reach: Reach,
}

/// An entry of the change log in its order by transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogPlace {
    /// Transaction.
    pub xid: u64,
    /// Number within the log.
    pub seq: i64,
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// The next entries of the change log below the horizon, and the rows under their keys.
    Log {
        /// Behind this entry; none from the first.
        after: Option<LogPlace>,
        /// Every transaction before this one has ended.
        horizon: u64,
        /// As many entries as it takes for this many keys.
        limit: u32,
    },
    /// Rows written since.
    Rows {
        /// Which dataset.
        dataset: Dataset,
        /// Among which rows.
        chunk: Chunk,
    },
}

/// How a page ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PageEnd {
    /// Logged keys or rows it had.
    pub row_count: u64,
    /// The last entry, of a page of the log.
    pub last_entry: Option<LogPlace>,
    /// The key of the last row, of a page of rows in key order.
    pub last_key: Option<serde_json::Value>,
    /// What has to be read in full.
    pub reloads: BTreeMap<Dataset, Reload>,
}

impl CatchUp {
    /// The pages from what the copy has up to the oldest transaction that runs.
    #[must_use]
    pub fn new(since: Since, observed: &Observed, catalog: &Catalog) -> Self {
        let rows = Dataset::ALL
            .into_iter()
            .filter(|dataset| dataset.spec().capture == Capture::WriterColumn)
            .map(|dataset| (dataset, Load::whole(dataset, catalog, None)))
            .collect();
        Self { since, horizon: observed.snapshot.xmin(), after: None, is_log_read: false, rows }
    }

    fn is_done(&self) -> bool {
        self.is_log_read && self.rows.is_empty()
    }
}

impl Position {
    /// The position after a page was read in the transaction `observed`: what the page's local transaction
    /// stores.
    #[must_use]
    pub fn after_page(&self, page: &Page, end: PageEnd, observed: &Observed, catalog: &Catalog) -> Self {
        let mut next = self.clone();
        next.reached = Some(Moment::of(observed));
        if let Some(cursor) = &mut next.cursor {
            // S45: partitions that came since the last cut may be gone at the next one.
            cursor.catalog.note_parts(catalog);
        }
        for (dataset, reload) in end.reloads {
            // S8: what cannot be read key by key is read in full, whenever in the log it happened.
            let load = Load::joined(next.loads.get(&dataset), dataset, catalog, reload);
            next.loads.insert(dataset, load);
        }
        let Some(catch_up) = &mut next.catch_up else { return next };
        match page {
            Page::Log { limit, .. } => {
                catch_up.is_log_read = end.row_count < u64::from(*limit);
                catch_up.after = end.last_entry.or(catch_up.after);
            }
            Page::Rows { dataset, chunk } => {
                if let Some(load) = catch_up.rows.get_mut(dataset)
                    && load.advance(chunk, end.row_count, end.last_key)
                {
                    catch_up.rows.remove(dataset);
                }
            }
        }
        if catch_up.is_done() {
            let horizon = Snapshot::before(catch_up.horizon);
            if let Some(cursor) = &mut next.cursor {
                // Everything below the horizon was read; the next cut reads everything from there on. The
                // fingerprints stay those of the last cut, so that it sees what changed since.
                cursor.snapshot = horizon;
                cursor.is_standby = observed.is_standby;
                cursor.node.clone_from(&observed.node);
                cursor.insert_lsn = observed.insert_lsn;
                cursor.taken_at = observed.as_of;
            }
            next.catch_up = None;
        }
        next
    }
}

impl Load {
    /// Moves on behind a chunk that was read; true when nothing is left.
    pub(super) fn advance(
        &mut self,
        chunk: &Chunk,
        row_count: u64,
        last_key: Option<serde_json::Value>,
    ) -> bool {
        self.row_count += row_count;
        match (&mut self.rest, chunk) {
            (LoadKind::Keys { after, .. }, Chunk::Keys { limit, .. }) => {
                let is_short = row_count < u64::from(*limit);
                *after = last_key.or_else(|| after.take());
                is_short
            }
            (LoadKind::Windows(windows), Chunk::Time { start_us, .. } | Chunk::Sums { start_us, .. }) => {
                if let Some(window) = windows.last_mut() {
                    window.end_us = *start_us;
                }
                windows.retain(|window| window.start_us < window.end_us);
                windows.is_empty()
            }
            // The chunk belongs to a plan that was dropped meanwhile: nothing is known to be done.
            (LoadKind::Keys { .. }, Chunk::Time { .. } | Chunk::Sums { .. })
            | (LoadKind::Windows(_), Chunk::Keys { .. }) => false,
        }
    }
}
