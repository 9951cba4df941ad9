//! Carries out the machine's instructions: one connection, one writer thread.

mod chunk;
mod page;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use steward_core::sync::keep::QUARTER_US;
use steward_core::sync::{
    AckChain, Catalog, Census, Delta, Event, Expected, Guards, Instruction, Load, Observed, Position, Reach,
    Reload, Snapshot, Window,
};
use steward_core::{Clock, Dataset, Error, ErrorKind, Result};
use steward_store::cache::{Cache, KeyRange};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::cut::Purpose;
use steward_store::postgres::verify::{Compared, Comparison};
use steward_store::postgres::{PgConnection, cut, load, verify};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::journal::Journal;
use super::scrub::ask::Ask;
use super::scrub::progress::ScrubProgress;
use super::scrub::{Moment, Scrubber};
use super::writer_thread::{Decision, Finding, Stored, Work, WriterThread};
use super::{PasswordSource, abort, status};
use crate::command::sync::{DriftRow, LevelRun, VerifyLevel, VerifyRes, VerifyRow};

/// How many batches of a cut may wait between socket and file (S15).
const CHANNEL_DEPTH: usize = 2;

/// What the last run did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) rows_read: u64,
    pub(super) rows_changed: u64,
}

/// What the Sync view shows beside the machine's own state.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    pub(super) row_counts: BTreeMap<Dataset, u64>,
    pub(super) estimates: BTreeMap<Dataset, u64>,
    pub(super) rates: BTreeMap<Dataset, f64>,
    pub(super) last_cut_ms: Option<f64>,
    pub(super) clock_skew_ms: Option<i64>,
    pub(super) is_online: bool,
    pub(super) journal: Option<Journal>,
    pub(super) progress: ScrubProgress,
    pub(super) is_urgent: bool,
    /// The first and the last day with events.
    pub(super) span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What the sums say about the number of events.
    pub(super) census: Option<Census>,
}

impl Gauges {
    /// What the copy itself tells, where so many events shall be kept as rows.
    pub(super) fn read(cache: &Cache, rows: Option<u64>) -> Result<Self> {
        let reader = cache.reader()?;
        Ok(Self {
            row_counts: reader.row_counts()?,
            journal: Some(Journal::read(&reader)?),
            progress: reader.state(ScrubProgress::KEY)?.unwrap_or_default(),
            span: reader.event_span()?,
            census: reader.census(rows)?,
            ..Self::default()
        })
    }
}

pub(super) struct Engine {
    cache: Cache,
    address: Address,
    password: PasswordSource,
    clock: Arc<dyn Clock>,
    writer: WriterThread,
    connection: Option<PgConnection>,
    guards: Guards,
    open: Option<OpenDelta>,
    /// What broke off a run of chunks whose first ones are stored.
    broke_off: Option<Error>,
    head: Option<(Observed, Catalog)>,
    log: Option<cut::Log>,
    cut_began: Option<Instant>,
    scrubber: Scrubber,
    pruned_at: Option<Instant>,
    pub(super) tally: Tally,
    pub(super) gauges: Gauges,
    pub(super) verified: Option<VerifyRes>,
}

/// A local transaction that waits for its position.
struct OpenDelta {
    decide: oneshot::Sender<Decision>,
    stored: oneshot::Receiver<Result<Stored>>,
}

impl Engine {
    pub(super) fn new(
        cache: Cache,
        address: Address,
        password: PasswordSource,
        clock: Arc<dyn Clock>,
        writer: WriterThread,
        guards: Guards,
        scrubber: Scrubber,
    ) -> Self {
        Self {
            cache,
            address,
            password,
            clock,
            writer,
            connection: None,
            guards,
            open: None,
            broke_off: None,
            head: None,
            log: None,
            cut_began: None,
            scrubber,
            pruned_at: None,
            tally: Tally::default(),
            gauges: Gauges::default(),
            verified: None,
        }
    }

    /// Carries out one instruction; a failure leaves nothing open, here or on the server.
    pub(super) async fn carry_out(
        &mut self,
        instruction: Instruction,
        position: &Position,
        token: &CancellationToken,
    ) -> Result<Event> {
        let result = self.step(instruction, position, token).await;
        if let Some(error) = result.as_ref().err().or(self.broke_off.as_ref()) {
            // Dropping the connection ends its transaction on the server, whatever state it was in.
            self.connection = None;
            self.open = None;
            if matches!(error.kind(), ErrorKind::Offline | ErrorKind::NameLookup) {
                self.gauges.is_online = false;
            }
        }
        result
    }

    async fn step(
        &mut self,
        instruction: Instruction,
        position: &Position,
        token: &CancellationToken,
    ) -> Result<Event> {
        match instruction {
            Instruction::Connect => self.connect(token).await,
            Instruction::Peek => self.peek(position, token).await,
            Instruction::OpenCut { may_compare, expected } => {
                let known = position.cursor.as_ref().map(|cursor| &cursor.catalog);
                let client = client_of(position);
                self.open_cut(may_compare, client, expected.as_deref(), known, token).await
            }
            Instruction::ReadDelta { since, reach, may_page } => {
                self.read_delta(&since, reach, may_page, position, token).await
            }
            Instruction::AwaitFlush { lsn, keeps_cut, ack } => {
                self.await_flush(lsn, keeps_cut, ack.as_ref(), token).await
            }
            Instruction::Commit { position } => self.commit(*position).await,
            Instruction::MeasureWindow { dataset, start_us, end_us, since } => {
                let occupied = self.measure(dataset, start_us, end_us, since.as_ref(), token).await?;
                Ok(Event::WindowMeasured { occupied })
            }
            Instruction::ReadPage { page } => Box::pin(self.read_page(page, position, token)).await,
            Instruction::ReadChunk { dataset, chunk, width } => {
                Box::pin(self.read_chunks(dataset, chunk, width, position, token)).await
            }
            Instruction::Compare => Box::pin(self.compare(position.edge.from_us, token)).await,
            Instruction::Disconnect | Instruction::Release { .. } | Instruction::Sleep { .. } => {
                Err(Error::internal("The loop handles this instruction itself."))
            }
        }
    }

    async fn connect(&mut self, token: &CancellationToken) -> Result<Event> {
        if self.connection.is_none() {
            let source = Arc::clone(&self.password);
            // A keyring may ask a person, so it must not hold up the runtime.
            let password = tokio::task::spawn_blocking(move || source())
                .await
                .map_err(|cause| Error::internal("The password source broke off.").with_source(cause))??;
            let connection =
                guard(token, Duration::from_secs(30), connect(&self.address, password.as_ref())).await?;
            self.connection = Some(connection);
        }
        self.gauges.is_online = true;
        Ok(Event::Connected)
    }

    async fn peek(&mut self, position: &Position, token: &CancellationToken) -> Result<Event> {
        self.prune(token).await?;
        self.cut_began = Some(Instant::now());
        let connection = open_connection(&mut self.connection)?;
        let observed =
            guard(token, Duration::from_secs(15), cut::peek(connection, client_of(position))).await?;
        self.gauges.clock_skew_ms = Some((observed.as_of - self.clock.now()).num_milliseconds());
        Ok(Event::Peeked(Box::new(observed)))
    }

    /// Once a day, and never while a transaction is open.
    async fn prune(&mut self, token: &CancellationToken) -> Result<()> {
        const DAY: Duration = Duration::from_secs(86_400);
        if self.pruned_at.is_some_and(|at| at.elapsed() < DAY) {
            return Ok(());
        }
        self.pruned_at = Some(Instant::now());
        let connection = open_connection(&mut self.connection)?;
        match guard(token, Duration::from_secs(90), cut::prune_log(connection)).await {
            Err(failure) if matches!(failure.kind(), ErrorKind::Offline | ErrorKind::Cancelled) => {
                Err(failure)
            }
            Err(failure) => {
                tracing::warn!("the change log was not pruned: {}", failure.chain());
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn open_cut(
        &mut self,
        may_compare: bool,
        client: Option<Uuid>,
        expected: Option<&Expected>,
        known: Option<&Catalog>,
        token: &CancellationToken,
    ) -> Result<Event> {
        let began = Instant::now();
        let purpose = if may_compare { Purpose::Verify } else { Purpose::Cut };
        let guards = self.guards;
        let needs_estimates = self.gauges.estimates.is_empty();
        let connection = open_connection(&mut self.connection)?;
        let (opened, estimates) = guard(token, Duration::from_secs(30), async {
            let opened = cut::open_cut(connection, purpose, guards, client, expected, known).await?;
            let estimates = if needs_estimates { Some(load::estimates(connection).await?) } else { None };
            Ok((opened, estimates))
        })
        .await?;
        let cut::Opened { observed, catalog, log } = opened;
        if let Some(estimates) = estimates {
            self.gauges.estimates = estimates;
        }
        self.gauges.clock_skew_ms = Some((observed.as_of - self.clock.now()).num_milliseconds());
        self.cut_began = Some(began);
        self.head = Some((observed.clone(), catalog.clone()));
        self.log = log;
        abort::point("cut_opened");
        Ok(Event::CutOpened { observed: Box::new(observed), catalog: Box::new(catalog) })
    }

    async fn read_delta(
        &mut self,
        since: &Snapshot,
        reach: Reach,
        may_page: bool,
        position: &Position,
        token: &CancellationToken,
    ) -> Result<Event> {
        let (out, pieces) = mpsc::channel(CHANNEL_DEPTH);
        let (asks, asked) = mpsc::channel(1);
        let (decide, decision) = oneshot::channel();
        let (reply, stored) = oneshot::channel();
        let (_, catalog) = self.head.as_ref().ok_or_else(|| Error::internal("No cut is open."))?;
        self.writer.send(Work::Delta { pieces, asked, decision, reply }).await?;
        let connection = open_connection(&mut self.connection)?;
        let (log, rows_from) = (self.log.take(), position.edge.from_us);
        let delta = cut::read_delta(connection, since, reach, catalog, log, rows_from, may_page, &out);
        let read = guard(token, Duration::from_secs(60), delta).await;
        drop(out);
        let read = match read {
            // S30: with the changes in the open local transaction, both sides are to be equal now.
            Ok(delta) if delta.is_long => Ok(delta),
            Ok(mut delta) => self.scrub(&mut delta, position, &asks, token).await.map(|()| delta),
            Err(error) => Err(error),
        };
        drop(asks);
        match read {
            // S18: too much for one cut; nothing of it is kept, and pages read it later.
            Ok(delta) if delta.is_long => {
                drop(decide);
                let _ = stored.await;
                Ok(Event::DeltaRead(delta))
            }
            Ok(delta) => {
                self.tally.rows_read += delta.row_count;
                self.open = Some(OpenDelta { decide, stored });
                abort::point("delta_read");
                Ok(Event::DeltaRead(delta))
            }
            Err(error) => {
                drop(decide);
                Err(first_cause(error, stored).await)
            }
        }
    }

    /// Compares some rows that equal the server in this cut, unless something is wrong with us or the server.
    async fn scrub(
        &mut self,
        delta: &mut Delta,
        position: &Position,
        asks: &mpsc::Sender<Ask>,
        token: &CancellationToken,
    ) -> Result<()> {
        let (observed, catalog) = self.head.as_ref().ok_or_else(|| Error::internal("No cut is open."))?;
        let Some(cursor) = &position.cursor else { return Ok(()) };
        let reloads = cursor.catalog.reloads(catalog);
        if !reloads.is_empty() {
            self.scrubber.forget_shapes();
        }
        let is_settled =
            |dataset: &Dataset| !reloads.contains_key(dataset) && !delta.reloads.contains_key(dataset);
        let moment = Moment {
            observed,
            settled: position.settled.iter().copied().filter(is_settled).collect(),
            last_node: (!observed.is_standby && !cursor.is_standby).then_some(cursor.node.as_str()),
            now: self.clock.now(),
        };
        let connection = open_connection(&mut self.connection)?;
        let found =
            guard(token, Duration::from_secs(60), self.scrubber.run(connection, moment, asks)).await?;
        // S4: what was read again may not be on the server's disk yet, and the cursor has to know the new server.
        delta.is_empty &= !self.scrubber.has_repaired && cursor.node == observed.node;
        delta.reloads.extend(found);
        let last_check = self.gauges.journal.as_ref().and_then(|journal| journal.last(VerifyLevel::Daily));
        if position.is_consistent() {
            self.scrubber.check_daily(&self.cache, last_check, self.clock.now());
        }
        self.gauges.is_urgent = self.scrubber.is_urgent;
        Ok(())
    }

    /// Whether the next look has to open a cut, because rows are to be compared.
    pub(super) fn is_scrub_due(&self) -> bool {
        self.scrubber.is_due()
    }

    /// Compares every row by sums as quickly as cuts come.
    pub(super) fn scrub_all(&mut self) {
        self.scrubber.begin_anew();
        self.gauges.is_urgent = true;
    }

    async fn await_flush(
        &mut self,
        lsn: Option<u64>,
        keeps_cut: bool,
        ack: Option<&AckChain>,
        token: &CancellationToken,
    ) -> Result<Event> {
        let connection = open_connection(&mut self.connection)?;
        let acked = guard(token, Duration::from_secs(15), async {
            if !keeps_cut {
                let (_, catalog) = self.head.as_ref().ok_or_else(|| Error::internal("No cut is open."))?;
                cut::close_certain(connection, catalog).await?;
            }
            page::settle(connection, lsn, ack).await
        })
        .await?;
        abort::point("flushed");
        Ok(Event::Flushed { acked })
    }

    /// Not to be broken off: the machine must know whether it happened.
    async fn commit(&mut self, position: Position) -> Result<Event> {
        let stored = match self.open.take() {
            Some(open) => {
                let _ = open.decide.send(Decision { position, upto: None });
                answer(open.stored).await?
            }
            None => {
                let (reply, stored) = oneshot::channel();
                self.writer.send(Work::Store { position: Box::new(position), reply }).await?;
                answer(stored).await?
            }
        };
        self.learn(stored);
        self.gauges.last_cut_ms = self.cut_began.take().map(|began| began.elapsed().as_secs_f64() * 1_000.0);
        Ok(Event::Committed)
    }

    /// Every row and every rollup, inside the open cut whose state was just committed here (S13).
    async fn compare(&mut self, rows_from: Option<i64>, token: &CancellationToken) -> Result<Event> {
        let began = Instant::now();
        let (out, mut steps) = mpsc::channel(CHANNEL_DEPTH);
        let (observed, catalog) =
            self.head.as_ref().ok_or_else(|| Error::internal("No cut is open."))?.clone();
        let cache = self.cache.clone();
        let comparing = tokio::task::spawn_blocking(move || {
            let reader = cache.reader()?;
            verify::compare(&reader, &mut steps)
        });
        let connection = open_connection(&mut self.connection)?;
        let reading = verify::read_all(connection, &catalog, rows_from, &out);
        let read = guard(token, Duration::from_secs(900), reading).await;
        drop(out);
        let found = comparing
            .await
            .map_err(|cause| Error::internal("The comparison broke off.").with_source(cause))?;
        let (found, _) = match (found, read) {
            (Ok(found), Ok(count)) => (found, count),
            (Err(error), _) if error.kind() != ErrorKind::Cancelled => return Err(error),
            (_, Err(error)) | (Err(error), Ok(_)) => return Err(error),
        };
        guard(token, Duration::from_secs(15), cut::close(connection)).await?;
        let result = verify_res(&found, observed.as_of, began);
        let drift = drift_of(&found);
        let rows = found.ranges.iter().filter(|range| !range.diff.is_clean());
        let finding = Finding {
            drift: rows
                .map(|range| drift_row(range, &observed))
                .chain(sum_drift(&found.wrong_sums, &observed))
                .collect(),
            verified: result
                .datasets
                .iter()
                .filter(|row| row.missing + row.extra + row.different == 0)
                .map(|row| row.dataset)
                .collect(),
            as_of: observed.as_of,
            run: LevelRun {
                level: VerifyLevel::Full,
                began_at: observed.as_of,
                ended_at: observed.as_of + began.elapsed(),
                rows: result.datasets.iter().map(|row| row.server_rows).sum(),
                differences: result.differences(),
                damage: Vec::new(),
            },
            has_wrong_sums: result.rollup_differences > found.wrong_sums.len() as u64,
        };
        let (reply, stored) = oneshot::channel();
        self.writer.send(Work::Note { finding, reply }).await?;
        let stored = answer(stored).await?;
        self.learn(stored);
        self.verified = Some(result);
        Ok(Event::Compared { drift })
    }

    /// What went wrong after the event of the last instruction; the connection is gone then.
    pub(super) fn broke_off(&mut self) -> Option<Error> {
        self.broke_off.take()
    }

    fn learn(&mut self, stored: Stored) {
        self.tally.rows_changed += stored.applied.changed();
        self.gauges.row_counts = stored.row_counts;
        self.gauges.span = stored.span;
        self.gauges.census = stored.census;
        self.gauges.journal = Some(stored.journal);
        if let Some(learned) = stored.learned {
            self.scrubber.learn(learned.has_ended);
            self.gauges.progress = learned.progress;
        }
        self.gauges.is_urgent = self.scrubber.is_urgent;
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Closes the connection politely.
    pub(super) async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            // A server that does not answer must not hold up what comes next.
            let _ = tokio::time::timeout(Duration::from_secs(2), cut::disconnect(connection)).await;
        }
    }

    pub(super) async fn close(mut self) {
        self.scrubber.close().await;
        self.open = None;
        self.disconnect().await;
        self.writer.close().await;
    }
}

fn open_connection(connection: &mut Option<PgConnection>) -> Result<&mut PgConnection> {
    connection.as_mut().ok_or_else(|| Error::new(ErrorKind::Offline, "No connection is open."))
}

fn client_of(position: &Position) -> Option<Uuid> {
    position.ack.as_ref().map(|chain| chain.client)
}

/// Runs until done, cancelled, or so late that the other side must be gone.
async fn guard<T>(
    token: &CancellationToken,
    limit: Duration,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        () = token.cancelled() => Err(Error::new(ErrorKind::Cancelled, "Sync was broken off.")),
        result = tokio::time::timeout(limit, work) => match result {
            Ok(result) => result,
            Err(_) => Err(Error::new(ErrorKind::Offline, "The server stopped answering.")),
        },
    }
}

async fn answer(stored: oneshot::Receiver<Result<Stored>>) -> Result<Stored> {
    stored.await.map_err(|_| Error::internal("The cache's writer has stopped."))?
}

/// A reader that found its receiver gone only saw the echo of the writer's own failure.
async fn first_cause(error: Error, stored: oneshot::Receiver<Result<Stored>>) -> Error {
    match stored.await {
        Ok(Err(cause)) if cause.kind() != ErrorKind::Cancelled => cause,
        Ok(_) | Err(_) => error,
    }
}

fn verify_res(found: &Comparison, as_of: chrono::DateTime<chrono::Utc>, began: Instant) -> VerifyRes {
    let datasets: Vec<VerifyRow> = Dataset::ALL
        .into_iter()
        .map(|dataset| {
            let mut row = VerifyRow {
                dataset,
                label: dataset.spec().label.to_owned(),
                server_rows: 0,
                local_rows: 0,
                missing: 0,
                extra: 0,
                different: 0,
            };
            for range in found.ranges.iter().filter(|range| range.dataset == dataset) {
                row.server_rows += range.diff.server_rows;
                row.local_rows += range.diff.local_rows;
                row.missing += range.diff.missing;
                row.extra += range.diff.extra;
                row.different += range.diff.different;
            }
            row
        })
        .collect();
    VerifyRes {
        level: VerifyLevel::Full,
        damage: Vec::new(),
        is_clean: found.rollups.different == 0 && found.ranges.iter().all(|range| range.diff.is_clean()),
        as_of,
        datasets,
        rollup_buckets: found.rollups.buckets,
        rollup_differences: found.rollups.different,
        elapsed_ms: began.elapsed().as_secs_f64() * 1_000.0,
    }
}

fn drift_row(range: &Compared, observed: &Observed) -> DriftRow {
    DriftRow {
        found_at: observed.as_of,
        dataset: range.dataset,
        range: status::range_words(&range.range),
        missing: range.diff.missing,
        extra: range.diff.extra,
        different: range.diff.different,
        sums: 0,
        found_by: VerifyLevel::Full,
        snapshot: Some(observed.snapshot.to_string()),
        is_repaired: false,
    }
}

/// Quarter-hours without rows whose sums are not the server's.
fn sum_drift(starts_us: &[i64], observed: &Observed) -> Option<DriftRow> {
    let (first, last) = (*starts_us.first()?, *starts_us.last()?);
    Some(DriftRow {
        found_at: observed.as_of,
        dataset: Dataset::UsageEvents,
        range: status::range_words(&KeyRange::TimeBetween { start_us: first, end_us: last + QUARTER_US }),
        missing: 0,
        extra: 0,
        different: 0,
        sums: starts_us.len() as u64,
        found_by: VerifyLevel::Full,
        snapshot: Some(observed.snapshot.to_string()),
        is_repaired: false,
    })
}

/// What has to be read again: the windows that differ, or the whole table.
fn drift_of(found: &Comparison) -> BTreeMap<Dataset, Reload> {
    let mut drift: BTreeMap<Dataset, Reload> = BTreeMap::new();
    if let (Some(first), Some(last)) = (found.wrong_sums.first(), found.wrong_sums.last()) {
        let windows = vec![Window::new(*first, *last + QUARTER_US)];
        let reason = "A comparison found sums that differ from the server's.";
        drift.insert(Dataset::UsageEvents, Reload::windows(reason, windows));
    }
    for range in found.ranges.iter().filter(|range| !range.diff.is_clean()) {
        let reload = drift.entry(range.dataset).or_insert_with(|| {
            Reload::windows("A comparison found rows that differ from the server.", Vec::new())
        });
        match (&range.range, &mut reload.windows) {
            (KeyRange::TimeBetween { start_us, end_us }, Some(windows)) => {
                windows.push(Window::new(*start_us, *end_us));
            }
            (KeyRange::All | KeyRange::KeysAfter { .. }, _) | (KeyRange::TimeBetween { .. }, None) => {
                reload.windows = None;
            }
        }
    }
    drift
}

/// How much of a load is done, as far as the server's statistics allow to say.
pub(super) fn progress(load: &Load, estimate: Option<u64>) -> Option<f64> {
    let estimate = estimate.filter(|estimate| *estimate > 0)?;
    Some((load.row_count as f64 / estimate as f64).min(0.99))
}
