//! What the scrub asks of the copy's open transaction, and the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use steward_core::{Dataset, Error, ErrorKind, Result};
use steward_store::cache::verify::local::LocalCheck;
use steward_store::cache::{Applied, Batch, KeyRange, SumBatch};
use steward_store::record::{RecordShape, SetSum};
use steward_store::row::RowBatch;
use tokio::sync::{mpsc, oneshot};

use super::progress::{ScrubProgress, Turn};
use crate::command::sync::{DriftRow, LevelRun, VerifyLevel};
use crate::sync_driver::journal::Journal;
use crate::sync_driver::status;

/// Types of the columns of every dataset.
pub(crate) type Shapes = Arc<BTreeMap<Dataset, RecordShape>>;

/// The range whose turn it is.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(super) dataset: Dataset,
    pub(super) range: KeyRange,
    /// Whether it has no rows but the server's sums.
    pub(super) is_summed: bool,
}

/// A question to the open transaction, or an order.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Which range comes next, and then its sum.
    Next {
        /// Datasets that equal the server in this cut.
        settled: BTreeSet<Dataset>,
        rows: u32,
        shapes: Shapes,
        target: oneshot::Sender<Option<Target>>,
        /// Never comes where the range has no rows.
        sum: oneshot::Sender<SetSum>,
    },
    /// Make the sums of a range without rows what the server sends; how many quarter-hours had others.
    Sums { target: Target, batches: Vec<SumBatch>, reply: oneshot::Sender<u64> },
    /// Cut a range; the parts with their sums.
    Split { target: Target, parts: u64, shapes: Shapes, reply: oneshot::Sender<Vec<(KeyRange, SetSum)>> },
    /// Make a range what the server sends.
    Repair {
        target: Target,
        rows: mpsc::Receiver<RowBatch>,
        /// Comes when the server sent them all; else nothing is removed.
        complete: oneshot::Receiver<()>,
        reply: oneshot::Sender<Applied>,
    },
    /// The range was compared.
    Done {
        target: Target,
        rows: u64,
        at: DateTime<Utc>,
        snapshot: String,
        drift: Option<DriftRow>,
        reply: oneshot::Sender<()>,
    },
    /// Make right what the copy found wrong in itself.
    Mend { found: Box<LocalCheck>, began_at: DateTime<Utc>, at: DateTime<Utc> },
    /// Begin the round anew.
    Restart,
}

/// What was learned in one transaction.
#[derive(Debug)]
pub(crate) struct Learned {
    pub(crate) progress: ScrubProgress,
    /// Whether a round over all datasets ended.
    pub(crate) has_ended: bool,
}

/// Answers until nothing more is asked; none when nothing was.
pub(crate) fn answer(batch: &mut Batch<'_>, asks: &mut mpsc::Receiver<Ask>) -> Result<Option<Learned>> {
    let Some(first) = asks.blocking_recv() else { return Ok(None) };
    let mut desk = Desk {
        progress: batch.state(ScrubProgress::KEY)?.unwrap_or_default(),
        journal: Journal::read_in(batch)?,
        has_ended: false,
        is_changed: false,
    };
    desk.one(batch, first)?;
    while let Some(ask) = asks.blocking_recv() {
        desk.one(batch, ask)?;
    }
    if desk.is_changed {
        batch.put_state(ScrubProgress::KEY, &desk.progress)?;
        desk.journal.store(batch)?;
    }
    Ok(Some(Learned { progress: desk.progress, has_ended: desk.has_ended }))
}

struct Desk {
    progress: ScrubProgress,
    journal: Journal,
    has_ended: bool,
    is_changed: bool,
}

impl Desk {
    fn one(&mut self, batch: &mut Batch<'_>, ask: Ask) -> Result<()> {
        // Whoever asked may be gone; then the transaction is dropped anyway.
        match ask {
            Ask::Next { settled, rows, shapes, target, sum } => {
                let next = self.next(batch, &settled, rows)?;
                let _ = target.send(next.clone());
                if let Some(next) = next.filter(|next| !next.is_summed) {
                    let _ = sum.send(set_sum(batch, &next, &next.range, &shapes)?);
                }
            }
            Ask::Sums { target, batches, reply } => {
                let KeyRange::TimeBetween { start_us, end_us } = target.range else {
                    return Err(Error::internal("Sums have ranges of time."));
                };
                let mut replace = batch.replace_sums(&[(start_us, end_us)])?;
                batches.iter().try_for_each(|sums| replace.take(sums))?;
                let _ = reply.send(replace.finish()?.different);
            }
            Ask::Split { target, parts, shapes, reply } => {
                let ranges = batch.split(target.dataset, &target.range, parts)?;
                let sums = ranges
                    .into_iter()
                    .map(|range| Ok((range.clone(), set_sum(batch, &target, &range, &shapes)?)))
                    .collect::<Result<_>>()?;
                let _ = reply.send(sums);
            }
            Ask::Repair { target, mut rows, complete, reply } => {
                let mut reconcile = batch.reconcile(target.dataset, &target.range)?;
                while let Some(rows) = rows.blocking_recv() {
                    reconcile.rows(&rows)?;
                }
                // Rows that were not fed are removed by `finish`: only once the server sent them all.
                complete.blocking_recv().map_err(|_| broken_off())?;
                let _ = reply.send(reconcile.finish()?);
            }
            Ask::Done { target, rows, at, snapshot, drift, reply } => {
                self.done(batch, &target, rows, at, snapshot, drift)?;
                let _ = reply.send(());
            }
            Ask::Mend { found, began_at, at } => self.mend(batch, &found, began_at, at)?,
            Ask::Restart => {
                self.progress.turn = None;
                self.progress.began_at = None;
                self.is_changed = true;
            }
        }
        Ok(())
    }

    /// The next range in the order of datasets; a round ends where the first one would begin again.
    fn next(&mut self, batch: &Batch<'_>, settled: &BTreeSet<Dataset>, rows: u32) -> Result<Option<Target>> {
        let turn = self.progress.turn.clone().unwrap_or(Turn { dataset: Dataset::ALL[0], before: None });
        let start = Dataset::ALL.iter().position(|dataset| *dataset == turn.dataset).unwrap_or(0);
        for dataset in Dataset::ALL.into_iter().skip(start) {
            if !settled.contains(&dataset) {
                continue;
            }
            let before = turn.before.as_ref().filter(|_| dataset == turn.dataset);
            if let Some(range) = batch.range_after(dataset, before, rows)? {
                let is_summed = batch.is_summed(dataset, &range)?;
                return Ok(Some(Target { dataset, range, is_summed }));
            }
        }
        // Everything behind the turn is being read; the next look finds it settled, or begins anew.
        self.progress.turn = None;
        self.progress.began_at = None;
        self.is_changed = true;
        Ok(None)
    }

    fn done(
        &mut self,
        batch: &mut Batch<'_>,
        target: &Target,
        rows: u64,
        at: DateTime<Utc>,
        snapshot: String,
        mut drift: Option<DriftRow>,
    ) -> Result<()> {
        let dataset = target.dataset;
        if dataset == Dataset::UsageEvents {
            let sums = batch.mend_rollups(&target.range)?.different;
            if sums > 0 {
                let found = drift.get_or_insert_with(|| DriftRow {
                    found_at: at,
                    dataset,
                    range: status::range_words(&target.range),
                    missing: 0,
                    extra: 0,
                    different: 0,
                    sums: 0,
                    found_by: VerifyLevel::Scrub,
                    snapshot: Some(snapshot),
                    is_repaired: true,
                });
                found.sums += sums;
            }
        }
        if drift.is_some() {
            batch.recount(dataset)?;
        }
        let counts = batch.row_counts()?;
        let progress = &mut self.progress;
        if progress.began_at.is_none() {
            *progress = ScrubProgress {
                began_at: Some(at),
                total: counts.values().sum(),
                maps: std::mem::take(&mut progress.maps),
                ..ScrubProgress::default()
            };
        }
        let is_first = match &progress.turn {
            Some(turn) => turn.dataset != dataset || turn.before.is_none(),
            None => true,
        };
        let map = progress.maps.entry(dataset).or_default();
        if is_first {
            map.begin(counts.get(&dataset).copied().unwrap_or(0));
        }
        let is_last = is_last(&target.range);
        map.advance(&target.range, rows, at, drift.is_some(), is_last);
        progress.rows += rows;
        if let Some(drift) = drift {
            progress.differences += drift.missing + drift.extra + drift.different + drift.sums;
            self.journal.add(vec![drift]);
        }
        progress.turn = Some(Turn { dataset, before: Some(target.range.clone()) });
        if is_last && dataset == Dataset::ALL[Dataset::ALL.len() - 1] {
            self.journal.ended(LevelRun {
                level: VerifyLevel::Scrub,
                began_at: progress.began_at.unwrap_or(at),
                ended_at: at,
                rows: progress.rows,
                differences: progress.differences,
                damage: Vec::new(),
            });
            progress.turn = None;
            progress.began_at = None;
            self.has_ended = true;
        }
        self.is_changed = true;
        Ok(())
    }

    fn mend(
        &mut self,
        batch: &mut Batch<'_>,
        found: &LocalCheck,
        began_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let mut differences = 0;
        if found.rollups.different > 0 {
            // The sums may have been mended since, or may concern other buckets: they are looked at again.
            let sums = batch.mend_rollups(&KeyRange::All)?.different;
            differences += sums;
            if sums > 0 {
                self.journal.add(vec![own_drift(VerifyLevel::Daily, sums, at)]);
            }
        }
        for dataset in &found.miscounted {
            if batch.recount(*dataset)? {
                differences += 1;
                self.journal
                    .add(vec![DriftRow { dataset: *dataset, ..own_drift(VerifyLevel::Daily, 1, at) }]);
            }
        }
        self.journal.ended(LevelRun {
            level: VerifyLevel::Daily,
            began_at,
            ended_at: at,
            rows: found.rows.values().sum(),
            differences,
            damage: found.damage.clone(),
        });
        self.is_changed = true;
        Ok(())
    }
}

/// Sums of events that were not what the rows say, and are now.
pub(crate) fn own_drift(found_by: VerifyLevel, sums: u64, at: DateTime<Utc>) -> DriftRow {
    DriftRow {
        found_at: at,
        dataset: Dataset::UsageEvents,
        range: "All rows".to_owned(),
        missing: 0,
        extra: 0,
        different: 0,
        sums,
        found_by,
        snapshot: None,
        is_repaired: true,
    }
}

fn is_last(range: &KeyRange) -> bool {
    match range {
        KeyRange::All => true,
        KeyRange::TimeBetween { start_us, .. } => *start_us == i64::MIN,
        KeyRange::KeysAfter { upto, .. } => upto.is_none(),
    }
}

fn set_sum(batch: &Batch<'_>, target: &Target, range: &KeyRange, shapes: &Shapes) -> Result<SetSum> {
    let shape = shapes.get(&target.dataset).ok_or_else(|| Error::internal("A dataset has no shape."))?;
    batch.set_sum(target.dataset, range, shape)
}

fn broken_off() -> Error {
    Error::new(ErrorKind::Cancelled, "The reading broke off; nothing of it was kept.")
}
