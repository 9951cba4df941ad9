//! Where the copy stands, and whether a server continues it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ack::{AckChain, Acked, Told};
use super::catalog::Catalog;
use super::catch_up::CatchUp;
use super::instruction::Chunk;
use super::keep::Edge;
use super::load::Load;
use super::snapshot::Snapshot;
use crate::dataset::Dataset;
use crate::freshness::Freshness;

/// Which history of which server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Of the change log; rotated by an owner after a restore.
    pub epoch: Uuid,
    /// Of the database cluster.
    pub system_identifier: i64,
    /// Changes at every failover and point-in-time recovery.
    pub timeline: i32,
}

/// What the head of a transaction says about the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Which history.
    pub identity: Identity,
    /// The transaction's snapshot.
    pub snapshot: Snapshot,
    /// Whether it is a standby.
    pub is_standby: bool,
    /// Which running server: two standbys differ here.
    pub node: String,
    /// The change log is complete for transactions from this one on.
    pub floor_xid: u64,
    /// The end of the write-ahead log on a primary.
    pub insert_lsn: Option<u64>,
    /// Up to where the log is on the server's disk, on a primary; read after the snapshot and the end.
    pub flush_lsn: Option<u64>,
    /// The server's time before the snapshot was taken.
    pub as_of: DateTime<Utc>,
    /// What the server was told of this copy.
    pub told: Option<Told>,
    /// Version of the installed contract.
    pub contract_version: i32,
}

/// The state of the server which the copy holds, except where a [`Load`] is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What the copy has seen.
    pub snapshot: Snapshot,
    /// Whether it was read from a standby.
    pub is_standby: bool,
    /// From which running server.
    pub node: String,
    /// When the copy was last found equal to the server, by the server's time.
    pub as_of: DateTime<Utc>,
    /// When the snapshot was taken, by the server's time.
    #[serde(default)]
    pub taken_at: DateTime<Utc>,
    /// Which history.
    pub identity: Identity,
    /// The end of the write-ahead log of the cut, on a primary.
    pub insert_lsn: Option<u64>,
    /// Fingerprints of the tables.
    pub catalog: Catalog,
}

/// When something was read, on a server's own scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// What was visible.
    pub snapshot: Snapshot,
    /// Whether it was read from a standby.
    pub is_standby: bool,
    /// From which running server.
    pub node: String,
    /// The end of the write-ahead log, on a primary.
    pub insert_lsn: Option<u64>,
}

/// Everything the copy knows about its own state; one value, stored with every chunk and every cut (S9).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The last cut, or the snapshot a first load began with; none in an empty copy.
    pub cursor: Option<Cursor>,
    /// Datasets that are not read in full.
    pub loads: BTreeMap<Dataset, Load>,
    /// When the last chunk since that cut was read: the next cut must not be older (S5).
    #[serde(default)]
    pub reached: Option<Moment>,
    /// Datasets for which a cut was taken since they were read in full: those equal the server at the cursor.
    pub settled: BTreeSet<Dataset>,
    /// Cuts taken.
    pub cut_count: u64,
    /// Pages that are left before a cut can be taken again.
    #[serde(default)]
    pub catch_up: Option<CatchUp>,
    /// What the server was told; none in a copy that was never stored.
    #[serde(default)]
    pub ack: Option<AckChain>,
    /// From when on events are rows.
    #[serde(default)]
    pub edge: Edge,
}

/// How a chunk ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChunkEnd {
    /// Rows it had.
    pub row_count: u64,
    /// The key of its last row, where rows come in key order.
    pub last_key: Option<serde_json::Value>,
}

/// Whether a server continues the copy's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Continues,
    /// It does not: everything is read again.
    ReloadAll(String),
    /// It is behind what the copy has; a later look may succeed.
    Behind,
}

impl Observed {
    /// Up to where the server's log has to be on disk before anything read here is stored (S4); none where
    /// it already is.
    #[must_use]
    pub fn lsn_to_await(&self) -> Option<u64> {
        match (self.insert_lsn, self.flush_lsn) {
            (Some(insert), Some(flush)) if flush >= insert => None,
            (insert, _) => insert,
        }
    }
}

impl Position {
    /// The key under which the position lies in the cache's state.
    pub const KEY: &'static str = "sync.position";

    /// The position after a chunk was read: what the chunk's transaction stores (S10).
    #[must_use]
    pub fn after_chunk(&self, dataset: Dataset, chunk: &Chunk, end: ChunkEnd, observed: &Observed) -> Self {
        let mut next = self.clone();
        next.reached = Some(Moment::of(observed));
        next.settled.remove(&dataset);
        if let Chunk::Time { start_us, .. } = chunk
            && next.edge.from_us > Some(*start_us)
        {
            // S40: these rows lie before the edge, which moves with them.
            next.edge.from_us = (*start_us != i64::MIN).then_some(*start_us);
        }
        let Some(load) = next.loads.get_mut(&dataset) else { return next };
        if load.advance(chunk, end.row_count, end.last_key) {
            next.loads.remove(&dataset);
        }
        next
    }

    /// The position once the server was told of it, where it was.
    #[must_use]
    pub fn after_ack(mut self, acked: Option<Acked>) -> Self {
        if let (Some(chain), Some(acked)) = (&self.ack, acked) {
            self.ack = Some(chain.told(acked));
        }
        self
    }

    /// Whether the whole copy equals the server at the cursor.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.settled.len() == Dataset::ALL.len()
    }

    /// How fresh answers are that need these datasets.
    ///
    /// A first load has a cursor from its beginning on (S10), but nothing equals the server at that moment
    /// before the first cut.
    #[must_use]
    pub fn freshness(&self, datasets: &[Dataset]) -> Freshness {
        Freshness {
            as_of: self.cursor.as_ref().filter(|_| self.cut_count > 0).map(|cursor| cursor.as_of),
            is_consistent: datasets.iter().all(|dataset| self.settled.contains(dataset)),
        }
    }

    /// The datasets whose answers are others than at the position before although no row of theirs changed: there are
    /// totals since the first cut, and a dataset equals the server or no longer does.
    pub fn restated(&self, before: &Self) -> impl Iterator<Item = Dataset> {
        let is_first_cut = (self.cut_count > 0) != (before.cut_count > 0);
        Dataset::ALL.into_iter().filter(move |dataset| {
            is_first_cut || self.settled.contains(dataset) != before.settled.contains(dataset)
        })
    }
}

impl Position {
    /// Whether the server continues what the copy holds: the cursor, chunks read since, and what the server
    /// was told.
    #[must_use]
    pub fn judge(&self, cursor: &Cursor, observed: &Observed) -> Verdict {
        let verdict = match (cursor.judge(observed), &self.reached) {
            // S5: rows of a chunk may be newer than the cursor, and a cut must not be older than they are.
            (Verdict::Continues, Some(reached)) => reached.judge(observed),
            (verdict, _) => verdict,
        };
        // S20: a standby may not have heard yet what the primary was told.
        let asks = verdict == Verdict::Continues && !observed.is_standby;
        match &self.ack {
            Some(chain) if asks && !chain.is_known_to(observed.told.as_ref()) => Verdict::ReloadAll(
                "The server does not know what this copy has told it: it was put back to an earlier state, or \
                 is a copy itself."
                    .to_owned(),
            ),
            Some(_) | None => verdict,
        }
    }
}

impl Moment {
    /// When a transaction with this head reads.
    #[must_use]
    pub fn of(observed: &Observed) -> Self {
        Self {
            snapshot: observed.snapshot.clone(),
            is_standby: observed.is_standby,
            node: observed.node.clone(),
            insert_lsn: observed.insert_lsn,
        }
    }

    /// Whether a server of the same history has everything this moment had.
    fn judge(&self, observed: &Observed) -> Verdict {
        if self.is_standby || observed.is_standby {
            // S5: the same running server moves forward; another one must have passed all we have seen.
            let is_ahead = if self.node == observed.node && self.is_standby == observed.is_standby {
                observed.snapshot.xmax() >= self.snapshot.xmax()
                    && observed.snapshot.xmin() >= self.snapshot.xmin()
            } else {
                observed.snapshot.xmin() >= self.snapshot.xmax()
            };
            if !is_ahead {
                return Verdict::Behind;
            }
        } else if observed.snapshot.xmax() < self.snapshot.xmax()
            || observed.snapshot.xmin() < self.snapshot.xmin()
            || matches!((self.insert_lsn, observed.insert_lsn), (Some(old), Some(new)) if new < old)
        {
            // S6: a volume clone or a rewind on the same timeline.
            return Verdict::ReloadAll("The server went back in time.".to_owned());
        }
        Verdict::Continues
    }
}

impl Cursor {
    fn moment(&self) -> Moment {
        Moment {
            snapshot: self.snapshot.clone(),
            is_standby: self.is_standby,
            node: self.node.clone(),
            insert_lsn: self.insert_lsn,
        }
    }

    /// The cursor a transaction's head and its catalog make.
    #[must_use]
    pub fn new(observed: Observed, catalog: Catalog) -> Self {
        Self {
            snapshot: observed.snapshot,
            is_standby: observed.is_standby,
            node: observed.node,
            as_of: observed.as_of,
            taken_at: observed.as_of,
            identity: observed.identity,
            insert_lsn: observed.insert_lsn,
            catalog,
        }
    }

    /// Whether the copy certainly holds what this transaction wrote.
    #[must_use]
    pub fn confirms(&self, xid: u64) -> bool {
        // S5: a standby's snapshot does not list what runs.
        if self.is_standby { xid < self.snapshot.xmin() } else { self.snapshot.contains(xid) }
    }

    /// Whether the snapshot should move on although nothing is new: it was taken long ago, so that pruning
    /// could overtake it (S12), or by a server that was restarted since.
    #[must_use]
    pub fn is_due(&self, observed: &Observed) -> bool {
        self.node != observed.node || observed.as_of - self.taken_at > TimeDelta::hours(1)
    }

    /// Whether the server continues the history the copy was read from.
    #[must_use]
    pub fn judge(&self, observed: &Observed) -> Verdict {
        // S6: another epoch, cluster or timeline is another history, whatever its numbers say.
        if self.identity != observed.identity {
            return Verdict::ReloadAll("The server was restored, replaced or failed over.".to_owned());
        }
        match self.moment().judge(observed) {
            Verdict::Continues => {}
            verdict => return verdict,
        }
        // S12: what was pruned cannot be asked for. A floor ahead of every transaction came with a dump of
        // another server and says nothing here.
        if self.snapshot.xmin() < observed.floor_xid && observed.floor_xid <= observed.snapshot.xmax() {
            return Verdict::ReloadAll(
                "The server has dropped the changes made since the last look.".to_owned(),
            );
        }
        Verdict::Continues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(snapshot: &str) -> Observed {
        Observed {
            identity: Identity { epoch: Uuid::nil(), system_identifier: 7, timeline: 1 },
            snapshot: snapshot.parse().expect("valid"),
            is_standby: false,
            node: "a".to_owned(),
            floor_xid: 1,
            insert_lsn: Some(100),
            flush_lsn: Some(100),
            as_of: DateTime::UNIX_EPOCH,
            told: None,
            contract_version: 1,
        }
    }

    fn cursor(snapshot: &str) -> Cursor {
        Cursor::new(observed(snapshot), Catalog::default())
    }

    #[test]
    fn s6_another_epoch_cluster_or_timeline_reloads_everything() {
        let cursor = cursor("10:20:10");
        for change in 0..3 {
            let mut next = observed("30:30:");
            match change {
                0 => next.identity.epoch = Uuid::max(),
                1 => next.identity.system_identifier = 8,
                _ => next.identity.timeline = 2,
            }
            assert!(matches!(cursor.judge(&next), Verdict::ReloadAll(_)), "change {change}");
        }
        assert_eq!(cursor.judge(&observed("30:30:")), Verdict::Continues);
    }

    #[test]
    fn s6_a_rewind_on_the_same_timeline_reloads_everything() {
        assert!(matches!(cursor("10:20:10").judge(&observed("9:19:")), Verdict::ReloadAll(_)));
        let mut next = observed("30:30:");
        next.insert_lsn = Some(99);
        assert!(matches!(cursor("10:20:10").judge(&next), Verdict::ReloadAll(_)));
    }

    #[test]
    fn s10_nothing_has_a_moment_before_the_first_cut() {
        let mut position = Position { cursor: Some(cursor("10:20:10")), ..Position::default() };
        assert_eq!(position.freshness(&Dataset::ALL), Freshness { as_of: None, is_consistent: false });
        position.cut_count = 1;
        position.settled = [Dataset::Users].into();
        let users = position.freshness(&[Dataset::Users]);
        assert!(users.as_of.is_some() && users.is_consistent);
        assert!(!position.freshness(&[Dataset::Users, Dataset::UsageEvents]).is_consistent);
    }

    #[test]
    fn s10_what_a_cut_makes_whole_is_answered_anew() {
        let loaded = Position { cursor: Some(cursor("10:20:10")), ..Position::default() };
        let mut cut = loaded.clone();
        cut.cut_count = 1;
        assert!(cut.restated(&loaded).eq(Dataset::ALL), "there are totals now");
        let mut settled = cut.clone();
        settled.cut_count = 2;
        settled.settled = [Dataset::Users].into();
        assert!(settled.restated(&cut).eq([Dataset::Users]));
        assert!(cut.restated(&settled).eq([Dataset::Users]), "and when it no longer equals the server");
        assert_eq!(settled.restated(&settled).count(), 0, "an idle look changes no answer");
    }

    #[test]
    fn s12_a_pruned_log_reloads_everything() {
        let mut next = observed("30:30:");
        next.floor_xid = 11;
        assert!(matches!(cursor("10:20:10").judge(&next), Verdict::ReloadAll(_)));
        next.floor_xid = 10;
        assert_eq!(cursor("10:20:10").judge(&next), Verdict::Continues);
        next.floor_xid = 31;
        assert_eq!(cursor("10:20:10").judge(&next), Verdict::Continues, "another server's floor");
    }

    #[test]
    fn s5_a_lagging_standby_never_rolls_the_copy_back() {
        let cursor = cursor("10:20:10");
        let mut next = observed("19:25:");
        next.is_standby = true;
        next.node = "b".to_owned();
        assert_eq!(cursor.judge(&next), Verdict::Behind, "19 may be running there and finished here");
        next.snapshot = "20:25:".parse().expect("valid");
        assert_eq!(cursor.judge(&next), Verdict::Continues);
    }

    #[test]
    fn s5_a_cut_is_never_older_than_a_chunk() {
        let mut position = Position { cursor: Some(cursor("10:20:10")), ..Position::default() };
        let cursor = cursor("10:20:10");
        let mut standby = observed("20:25:");
        standby.is_standby = true;
        standby.node = "b".to_owned();
        assert_eq!(position.judge(&cursor, &standby), Verdict::Continues);
        // A chunk came from the primary since, with rows of transactions that standby has not got.
        position.reached = Some(Moment::of(&observed("28:30:28")));
        assert_eq!(position.judge(&cursor, &standby), Verdict::Behind);
        standby.snapshot = "30:31:".parse().expect("valid");
        assert_eq!(position.judge(&cursor, &standby), Verdict::Continues);
        assert!(matches!(position.judge(&cursor, &observed("27:29:")), Verdict::ReloadAll(_)), "a rewind");
    }

    #[test]
    fn s5_a_standby_confirms_only_below_its_xmin() {
        let mut cursor = cursor("10:20:");
        assert!(cursor.confirms(15));
        cursor.is_standby = true;
        assert!(!cursor.confirms(15), "it may still run there");
        assert!(cursor.confirms(9));
    }
}
