//! What the driver shall do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ack::AckChain;
use super::catch_up::{Page, Since};
use super::cursor::Position;
use super::guard::{Guard, Guards};
use super::pace::Width;
use super::snapshot::Snapshot;
use crate::dataset::Dataset;

/// What the driver shall do. Each is answered by one [`super::Event`] before the next is carried out,
/// except [`Instruction::Sleep`], [`Instruction::Release`] and [`Instruction::Disconnect`].
#[derive(Debug, Clone, PartialEq)]
pub enum Instruction {
    /// Open a connection, unless one is open.
    Connect,
    /// Read the head alone, outside any transaction.
    Peek,
    /// Open a cut: set limits, lock the tables, take the snapshot, read head and catalog.
    OpenCut {
        /// Whether a comparison may follow, which takes longer.
        may_compare: bool,
        /// What most probably comes next, so that one message may ask for all of it.
        expected: Option<Box<Expected>>,
    },
    /// Read everything `since` does not contain into a new local transaction.
    ReadDelta {
        /// What the copy has.
        since: Snapshot,
        /// Which predicate.
        reach: Reach,
        /// Whether more than fits a cut is left to pages.
        may_page: bool,
    },
    /// End the server's transaction, then wait until the server's log is on disk up to here.
    AwaitFlush {
        /// The end of the log in the cut; none on a standby, which only gets what is on disk, and where
        /// nothing is new.
        lsn: Option<u64>,
        /// Whether the server's transaction stays open for a comparison.
        keeps_cut: bool,
        /// What to tell the server, where it takes it: its own commit then is the wait (S20).
        ack: Option<AckChain>,
    },
    /// Commit the local transaction with this position.
    Commit {
        /// The new position.
        position: Box<Position>,
    },
    /// Ask where a window has rows.
    MeasureWindow {
        /// Which dataset.
        dataset: Dataset,
        /// First instant.
        start_us: i64,
        /// First instant beyond.
        end_us: i64,
        /// Only of rows written since; none for all rows.
        since: Option<Since>,
    },
    /// Read one page in a transaction of its own and commit it with the position that follows from it.
    ReadPage {
        /// Which.
        page: Page,
    },
    /// Read one chunk in a transaction of its own and commit it with the position that follows from it; perhaps
    /// those that follow it, too.
    ReadChunk {
        /// Which dataset.
        dataset: Dataset,
        /// Which rows.
        chunk: Chunk,
        /// How wide it is, for those that follow: it learns from each.
        width: Width,
    },
    /// Compare every row and every rollup inside the open cut, then end it.
    Compare,
    /// Close the connection.
    Disconnect,
    /// Close the connection, and say so, once nothing was asked of it for this long.
    Release {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// Wait, then send a wake.
    Sleep {
        /// How long, in milliseconds.
        ms: u64,
    },
}

/// What a cut will read if the server continues the copy's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What the copy has.
    pub since: Snapshot,
    /// Which predicate.
    pub reach: Reach,
    /// The [`super::Catalog::digest`] the copy has; the fingerprints are read only where it differs.
    pub digest: String,
}

/// The rows of one chunk.
#[derive(Debug, Clone, PartialEq)]
pub enum Chunk {
    /// The next rows in key order.
    Keys {
        /// Above this key; none from the first.
        after: Option<Value>,
        /// Up to this key, included; none to the last.
        upto: Option<Value>,
        /// At most this many.
        limit: u32,
    },
    /// The rows of a span of time.
    Time {
        /// First instant.
        start_us: i64,
        /// First instant beyond.
        end_us: i64,
    },
    /// The server's sums of a span of time; both ends lie on quarter-hours.
    Sums {
        /// First instant; `i64::MIN` for "from the beginning".
        start_us: i64,
        /// First instant beyond.
        end_us: i64,
    },
}

/// Which predicate finds what a snapshot does not contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// From `xmax` on, and what was running: right between two snapshots of a primary.
    Exact,
    /// From `xmin` on: needed as soon as a standby is involved (S5).
    Superset,
    /// Like `Exact`, by the highest id seen alone: a mutant of tests, see [`super::Guard::SnapshotCursor`].
    #[cfg(debug_assertions)]
    Number,
    /// Like `Exact`, by the lower 32 bits alone: a mutant of tests, see [`super::Guard::WideXid`].
    #[cfg(debug_assertions)]
    Narrow,
}

impl Reach {
    /// The predicate between two nodes, with these guards.
    #[must_use]
    pub fn between(is_standby_involved: bool, guards: Guards) -> Self {
        #[cfg(debug_assertions)]
        if !guards.has(Guard::SnapshotCursor) {
            return Self::Number;
        } else if !guards.has(Guard::WideXid) {
            return Self::Narrow;
        }
        // S5: a standby's snapshot hides what runs, on either side.
        if is_standby_involved && guards.has(Guard::StandbySuperset) { Self::Superset } else { Self::Exact }
    }
}
