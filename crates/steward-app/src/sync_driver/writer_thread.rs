//! The thread that owns the cache's writer: one local transaction per cut and per chunk (S9).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use steward_core::stripe::Part;
use steward_core::stripe::pull::Position as StripePosition;
use steward_core::stripe::record::Rows;
use steward_core::sync::{Census, Chunk, Position};
use steward_core::{Dataset, Error, ErrorKind, Result};
use steward_store::cache::verify::RollupDiff;
use steward_store::cache::{Applied, Batch, Hold, KeyRange, SumBatch, Writer};
use steward_store::postgres::cut::Piece;
use steward_store::row::RowReceiver;
use tokio::sync::{mpsc, oneshot};

use super::abort;
use super::journal::Journal;
use super::scrub::ask::{self, Ask, Learned};
use crate::command::sync::{DriftRow, LevelRun, VerifyLevel};

/// What one local transaction did.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) applied: Applied,
    pub(super) row_counts: BTreeMap<Dataset, u64>,
    pub(super) journal: Journal,
    /// The first and the last day with events.
    pub(super) span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What the sums say about the number of events.
    pub(super) census: Option<Census>,
    /// What the scrub learned; none when it did nothing.
    pub(super) learned: Option<Learned>,
    /// Whether the copy equals the server at a cut now.
    is_consistent: bool,
}

/// The end of a transaction: what to store with it. When it never comes, everything is taken back.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) position: Position,
    /// The last key of a chunk in key order; none when it reached the end.
    pub(super) upto: Option<serde_json::Value>,
}

/// What a comparison leaves in the journal.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) drift: Vec<DriftRow>,
    pub(super) verified: Vec<Dataset>,
    pub(super) as_of: DateTime<Utc>,
    pub(super) run: LevelRun,
    /// Whether the server's own sums are others than the copy's.
    pub(super) has_wrong_sums: bool,
}

#[derive(Debug)]
pub(super) enum Work {
    Delta {
        pieces: mpsc::Receiver<Piece>,
        /// What the scrub asks once all pieces are applied.
        asked: mpsc::Receiver<Ask>,
        decision: oneshot::Receiver<Decision>,
        reply: oneshot::Sender<Result<Stored>>,
    },
    Chunk {
        dataset: Dataset,
        chunk: Chunk,
        rows: RowReceiver,
        decision: oneshot::Receiver<Decision>,
        reply: oneshot::Sender<Result<Stored>>,
    },
    /// The server's sums of a span that is kept without rows.
    Sums {
        span: (i64, i64),
        batches: mpsc::Receiver<SumBatch>,
        decision: oneshot::Receiver<Decision>,
        reply: oneshot::Sender<Result<Stored>>,
    },
    Store {
        position: Box<Position>,
        reply: oneshot::Sender<Result<Stored>>,
    },
    Note {
        finding: Finding,
        reply: oneshot::Sender<Result<Stored>>,
    },
    /// A step of the reading of Stripe.
    Stripe {
        step: Box<StripeStep>,
        reply: oneshot::Sender<Result<Applied>>,
    },
}

/// What one local transaction of the reading of Stripe does.
#[derive(Debug)]
pub(super) struct StripeStep {
    /// Whether the rows of another account go first.
    pub(super) clears: bool,
    /// A page of rows.
    pub(super) rows: Option<Rows>,
    /// The list that is whole now: what was not seen goes.
    pub(super) sweep: Option<Part>,
    /// Where the reading is afterwards.
    pub(super) position: StripePosition,
}

/// How many events shall be kept as rows; the highest number stands for any.
#[derive(Debug, Clone)]
pub(super) struct RowsWanted(Arc<AtomicU64>);

impl RowsWanted {
    pub(super) fn new(rows: Option<u64>) -> Self {
        Self(Arc::new(AtomicU64::new(rows.unwrap_or(u64::MAX))))
    }

    pub(super) fn set(&self, rows: Option<u64>) {
        self.0.store(rows.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|rows| *rows != u64::MAX)
    }
}

/// The writer's thread. It is one of the runtime's, which ends no sooner than the thread does: a process that left
/// with a connection open would take the cipher's library away under it.
#[derive(Debug)]
pub(super) struct WriterThread {
    work: mpsc::Sender<Work>,
    thread: tokio::task::JoinHandle<()>,
}

impl WriterThread {
    /// Starts the thread; must be called within a tokio runtime.
    pub(super) fn start(writer: Writer, rows_wanted: RowsWanted) -> Self {
        let (work, inbox) = mpsc::channel(1);
        let desk = Desk { writer, rows_wanted, is_tidy: false };
        Self { work, thread: tokio::task::spawn_blocking(move || desk.run(inbox)) }
    }

    pub(super) async fn send(&self, work: Work) -> Result<()> {
        self.work.send(work).await.map_err(|_| Error::internal("The cache's writer has stopped."))
    }

    /// A way in for who works beside the engine; it keeps no thread alive.
    pub(super) fn door(&self) -> WriterDoor {
        WriterDoor(self.work.downgrade())
    }

    /// Ends the thread and waits for it; the file lock is free afterwards.
    pub(super) async fn close(self) {
        drop(self.work);
        // A writer that panicked has said so already.
        let _ = self.thread.await;
    }
}

/// A way to the writer's thread that does not keep it alive.
#[derive(Debug, Clone)]
pub(super) struct WriterDoor(mpsc::WeakSender<Work>);

impl WriterDoor {
    pub(super) async fn stripe(&self, step: StripeStep) -> Result<Applied> {
        let gone = || Error::new(ErrorKind::Cancelled, "Sync has stopped.");
        let work = self.0.upgrade().ok_or_else(gone)?;
        let (reply, answer) = oneshot::channel();
        work.send(Work::Stripe { step: Box::new(step), reply }).await.map_err(|_| gone())?;
        // The thread ends when nobody is left who could send: not held while the answer is waited for.
        drop(work);
        answer.await.map_err(|_| gone())?
    }
}

struct Desk {
    writer: Writer,
    rows_wanted: RowsWanted,
    /// Whether indexes were built since this thread began.
    is_tidy: bool,
}

impl Desk {
    fn run(mut self, mut inbox: mpsc::Receiver<Work>) {
        while let Some(work) = inbox.blocking_recv() {
            // Whoever asked may be gone; then nobody needs the answer.
            match work {
                Work::Delta { pieces, asked, decision, reply } => {
                    let stored = self.delta(pieces, asked, decision);
                    let at_rest = stored.as_ref().ok().filter(|stored| stored.is_consistent);
                    let applied = at_rest.map(|stored| stored.applied);
                    let _ = reply.send(stored);
                    // Every answer is right without it, so nobody waits for it.
                    if let Some(Err(error)) = applied.map(|applied| self.tidy(applied)) {
                        tracing::warn!(
                            "the copy could not be tidied; the next cut tries again: {}",
                            error.chain()
                        );
                    }
                }
                Work::Chunk { dataset, chunk, rows, decision, reply } => {
                    let _ = reply.send(self.chunk(dataset, &chunk, rows, decision));
                }
                Work::Sums { span, batches, decision, reply } => {
                    let _ = reply.send(self.sums(span, batches, decision));
                }
                Work::Store { position, reply } => {
                    let _ = reply.send(self.store(&position));
                }
                Work::Note { finding, reply } => {
                    let _ = reply.send(self.note(finding));
                }
                Work::Stripe { step, reply } => {
                    let _ = reply.send(self.stripe(&step));
                }
            }
        }
    }

    fn delta(
        &mut self,
        mut pieces: mpsc::Receiver<Piece>,
        mut asked: mpsc::Receiver<Ask>,
        decision: oneshot::Receiver<Decision>,
    ) -> Result<Stored> {
        let mut batch = self.writer.begin()?;
        let mut applied = Applied::default();
        while let Some(piece) = pieces.blocking_recv() {
            applied += match piece {
                Piece::Rows(rows) => batch.upsert(&rows)?,
                Piece::Keys { dataset, keys, rows } => batch.apply_keys(dataset, &keys, &rows)?,
                Piece::Sums { spans, batches } => {
                    let mut replace = batch.replace_sums(&spans)?;
                    batches.iter().try_for_each(|sums| replace.take(sums))?;
                    counted(replace.finish()?)
                }
            };
            abort::point("delta_applied");
        }
        let learned = ask::answer(&mut batch, &mut asked)?;
        abort::point("scrubbed");
        let decision = decision.blocking_recv().map_err(|_| broken_off())?;
        note_repairs(&mut batch, &decision.position)?;
        put(&mut batch, &decision.position)?;
        let is_consistent = decision.position.is_consistent();
        let stored = stored(&batch, applied, &self.rows_wanted)?;
        abort::point("before_cut_commit");
        batch.commit()?;
        abort::point("after_cut_commit");
        Ok(Stored { learned, is_consistent, ..stored })
    }

    /// After the load everything that makes answers fast; later one missing block of sums at a time, so that
    /// no cut waits for many.
    fn tidy(&mut self, applied: Applied) -> Result<()> {
        if !self.is_tidy {
            self.writer.build_indexes()?;
            while self.writer.derive_sums()? {}
            self.writer.compact_wal()?;
            self.writer.hold(Hold::Much)?;
            self.is_tidy = true;
        } else if applied.changed() > 0 {
            self.writer.derive_sums()?;
        }
        Ok(())
    }

    /// Rows are about to come in bulk, and indexes may be missing.
    fn begin_load(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_tidy) {
            self.writer.hold(Hold::Little)?;
        }
        Ok(())
    }

    fn chunk(
        &mut self,
        dataset: Dataset,
        chunk: &Chunk,
        mut rows: RowReceiver,
        decision: oneshot::Receiver<Decision>,
    ) -> Result<Stored> {
        self.begin_load()?;
        let mut batch = self.writer.begin()?;
        let (applied, decision) = match chunk {
            Chunk::Time { start_us, end_us } => {
                let range = KeyRange::TimeBetween { start_us: *start_us, end_us: *end_us };
                if batch.rows_from()? > Some(*start_us) {
                    // S40: where there were sums there are rows now, which bring them along.
                    batch.begin_rows_at((*start_us != i64::MIN).then_some(*start_us))?;
                }
                let mut reconcile = batch.reconcile(dataset, &range)?;
                while let Some(rows) = rows.blocking_recv() {
                    reconcile.rows(&rows)?;
                    abort::point("chunk_rows");
                }
                // Rows that were not fed are removed by `finish`: only once the server sent them all.
                let decision = decision.blocking_recv().map_err(|_| broken_off())?;
                (reconcile.finish()?, decision)
            }
            Chunk::Keys { after, .. } => {
                let mut held = Vec::new();
                while let Some(rows) = rows.blocking_recv() {
                    held.push(rows);
                }
                let decision = decision.blocking_recv().map_err(|_| broken_off())?;
                let range = KeyRange::KeysAfter { after: after.clone(), upto: decision.upto.clone() };
                let mut reconcile = batch.reconcile(dataset, &range)?;
                for rows in &held {
                    reconcile.rows(rows)?;
                }
                abort::point("chunk_rows");
                (reconcile.finish()?, decision)
            }
            Chunk::Sums { .. } => return Err(Error::internal("Sums have no rows.")),
        };
        put(&mut batch, &decision.position)?;
        let stored = stored(&batch, applied, &self.rows_wanted)?;
        abort::point("before_chunk_commit");
        batch.commit()?;
        abort::point("after_chunk_commit");
        Ok(stored)
    }

    /// S41: a span without rows gets the server's sums, or none of them.
    fn sums(
        &mut self,
        span: (i64, i64),
        mut batches: mpsc::Receiver<SumBatch>,
        decision: oneshot::Receiver<Decision>,
    ) -> Result<Stored> {
        self.begin_load()?;
        let mut batch = self.writer.begin()?;
        let mut replace = batch.replace_sums(&[span])?;
        while let Some(sums) = batches.blocking_recv() {
            replace.take(&sums)?;
            abort::point("chunk_sums");
        }
        // Quarter-hours that were not fed lose their sums: only once the server sent them all.
        let decision = decision.blocking_recv().map_err(|_| broken_off())?;
        let applied = counted(replace.finish()?);
        put(&mut batch, &decision.position)?;
        let stored = stored(&batch, applied, &self.rows_wanted)?;
        abort::point("before_sums_commit");
        batch.commit()?;
        abort::point("after_sums_commit");
        Ok(stored)
    }

    fn store(&mut self, position: &Position) -> Result<Stored> {
        let mut batch = self.writer.begin()?;
        note_repairs(&mut batch, position)?;
        put(&mut batch, position)?;
        let stored = stored(&batch, Applied::default(), &self.rows_wanted)?;
        batch.commit()?;
        abort::point("after_store");
        Ok(stored)
    }

    fn note(&mut self, finding: Finding) -> Result<Stored> {
        let mut batch = self.writer.begin()?;
        let mut journal = Journal::read_in(&batch)?;
        journal.add(finding.drift);
        journal.ended(finding.run);
        if finding.has_wrong_sums {
            // Sums of rows that are about to be read again are put right with them; these are wrong by themselves.
            let sums = batch.mend_rollups(&KeyRange::All)?.different;
            if sums > 0 {
                journal.add(vec![ask::own_drift(VerifyLevel::Full, sums, finding.as_of)]);
            }
        }
        for dataset in finding.verified {
            journal.verified_at.insert(dataset, finding.as_of);
        }
        journal.store(&mut batch)?;
        let stored = stored(&batch, Applied::default(), &self.rows_wanted)?;
        batch.commit()?;
        Ok(stored)
    }

    /// Rows and position in one transaction, so that a reading that is interrupted goes on where it was.
    fn stripe(&mut self, step: &StripeStep) -> Result<Applied> {
        let mut batch = self.writer.begin()?;
        if step.clears {
            batch.stripe_clear()?;
        }
        let mut applied = Applied::default();
        if let Some(rows) = &step.rows {
            applied += batch.stripe_rows(rows, step.position.number)?;
        }
        if let Some(part) = step.sweep {
            applied.deleted += batch.stripe_sweep(part, step.position.number)?;
        }
        batch.put_state(StripePosition::KEY, &step.position)?;
        batch.commit()?;
        Ok(applied)
    }
}

/// What the copy tells of itself once the transaction is kept.
fn stored(batch: &Batch<'_>, applied: Applied, rows_wanted: &RowsWanted) -> Result<Stored> {
    Ok(Stored {
        applied,
        row_counts: batch.row_counts()?,
        journal: Journal::read_in(batch)?,
        span: batch.event_span()?,
        census: batch.census(rows_wanted.get())?,
        learned: None,
        is_consistent: false,
    })
}

/// Quarter-hours that got other sums, as changes.
fn counted(replaced: RollupDiff) -> Applied {
    Applied { updated: replaced.different, ..Applied::default() }
}

/// S9: the cursor never moves without its rows, nor the rows without it. S40: nor does the edge.
fn put(batch: &mut Batch<'_>, position: &Position) -> Result<()> {
    let before: Position = batch.state(Position::KEY)?.unwrap_or_default();
    for dataset in position.restated(&before) {
        batch.touch(dataset);
    }
    if let Some(from_us) = position.edge.from_us
        && batch.rows_from()? != Some(from_us)
    {
        batch.drop_rows_before(from_us)?;
        abort::point("rows_dropped");
    }
    batch.put_state(Position::KEY, position)
}

/// A copy that equals the server again has no difference left.
fn note_repairs(batch: &mut Batch<'_>, position: &Position) -> Result<()> {
    if position.is_consistent() {
        let mut journal = Journal::read_in(batch)?;
        if journal.repaired() {
            journal.store(batch)?;
        }
    }
    Ok(())
}

fn broken_off() -> Error {
    Error::new(ErrorKind::Cancelled, "The reading broke off; nothing of it was kept.")
}
