//! What happened, told to the machine.

use std::collections::BTreeMap;

use super::ack::Acked;
use super::catalog::{Catalog, Reload};
use super::cursor::{Observed, Position};
use super::load::Occupied;
use super::pace::Width;
use crate::dataset::Dataset;
use crate::error::ErrorKind;

/// What happened, told to the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The pause is over, or a person asks for a look at the server.
    Wake {
        /// Whether a person asks: then a failure that stopped the engine is tried again.
        by_person: bool,
    },
    /// Somebody looks at the numbers.
    Attended,
    /// A connection is open.
    Connected,
    /// The connection was given back after a long rest.
    Released,
    /// The head of a look without a transaction.
    Peeked(Box<Observed>),
    /// A cut's transaction is open: locks are held, the snapshot is taken.
    CutOpened {
        /// What its head says.
        observed: Box<Observed>,
        /// Fingerprints of the tables in that snapshot.
        catalog: Box<Catalog>,
    },
    /// Everything that changed was read and lies in the open local transaction.
    DeltaRead(Delta),
    /// The server's write-ahead log is on its disk up to the cut.
    Flushed {
        /// That the server was told, where it was.
        acked: Option<Acked>,
    },
    /// The local transaction was committed.
    Committed,
    /// The server was asked where a window has rows.
    WindowMeasured {
        /// The answer.
        occupied: Occupied,
    },
    /// A chunk, and perhaps those that follow it, were read and committed, each with its position.
    ChunkDone {
        /// The position stored with the last one.
        position: Box<Position>,
        /// How long they took together, in milliseconds.
        elapsed_ms: u64,
        /// What was learned from them about the width of the next one.
        width: Width,
    },
    /// A page was read and committed with its position.
    PageDone {
        /// The position stored with it.
        position: Box<Position>,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
    },
    /// The comparison ended.
    Compared {
        /// What has to be read again.
        drift: BTreeMap<Dataset, Reload>,
    },
    /// An instruction failed; the connection is gone and the local transaction was dropped.
    Failed {
        /// How.
        kind: ErrorKind,
    },
    /// A person asks for a comparison of every row.
    VerifyRequested,
    /// A person asks for a new first load.
    RebuildRequested,
    /// A person wants nothing read for now.
    PauseRequested,
    /// A person ends the pause.
    ResumeRequested,
}

/// What a cut read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// Tables that must be read again: truncated, or changed too much for the log.
    pub reloads: BTreeMap<Dataset, Reload>,
    /// Rows read.
    pub row_count: u64,
    /// Whether nothing at all had changed: no key, no row, no table.
    pub is_empty: bool,
    /// Whether it is too much for one cut; then nothing of it was kept, and the cut is closed.
    pub is_long: bool,
}

impl Default for Delta {
    fn default() -> Self {
        Self { reloads: BTreeMap::new(), row_count: 0, is_empty: true, is_long: false }
    }
}
