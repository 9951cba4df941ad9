//! The scrub: some rows of the copy against the server with every look, inside the cut, by hash sums (S30).
//!
//! In the cut's snapshot, and with the cut's changes in the open local transaction, both sides are to be equal:
//! a difference is a fact. It is narrowed down, read again and journalled in that same transaction (S31).
//!
//! Map: [`Scrubber`] how much and when · [`ask`] the copy's side, on the writer's thread · [`progress`] how far
//! the round has come.

pub(super) mod ask;
pub(super) mod progress;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use steward_core::sync::{KeySpan, Observed, Reload, Window};
use steward_core::{Dataset, Error, ErrorKind, Result};
use steward_store::cache::verify::local::{self, LocalCheck};
use steward_store::cache::{Applied, Cache, KeyRange};
use steward_store::postgres::{PgConnection, cut, scrub, sums};
use tokio::sync::{mpsc, oneshot};

use super::status;
use crate::command::sync::{DriftRow, VerifyLevel};
use ask::{Ask, Shapes, Target};

/// How much of the server the scrub may use.
#[derive(Debug, Clone, Copy)]
pub struct ScrubBudget {
    /// Share of one core of the server.
    pub share: f64,
    /// Shortest pause between two cuts that compare something.
    pub pause: Duration,
    /// Ranges compared in one cut at most.
    pub ranges: u32,
    /// Time that one range aims at on the server.
    pub aim: Duration,
}

impl Default for ScrubBudget {
    /// Under one percent of a core, and most looks at an idle server compare nothing.
    fn default() -> Self {
        Self { share: 0.01, pause: Duration::from_secs(5), ranges: 3, aim: Duration::from_millis(40) }
    }
}

impl ScrubBudget {
    /// Compares with every cut, as much as it may at once: after a restart of the server, and in tests.
    #[must_use]
    pub fn eager() -> Self {
        Self { share: 1_000_000.0, pause: Duration::ZERO, ..Self::default() }
    }
}

/// Rows of a range at first, at least and at most.
const ROWS: u32 = 4_000;
const ROWS_LEAST: u32 = 500;
const ROWS_MOST: u32 = 50_000;

/// How long a cut may compare when everything is to be compared now.
const URGENT_CUT: Duration = Duration::from_millis(500);

/// How long after the engine's start a copy that never checked itself does so.
const FIRST_CHECK: Duration = Duration::from_secs(600);

/// A range with a difference is cut in so many parts …
const PARTS: u64 = 32;
/// … until one has so few rows; then they are read.
const PART_ROWS: u64 = 1_500;
/// Rows of the server that are added up for one range at most. More than that, and the copy lacks so much that
/// its whole window is read again.
const SUM_ROWS: u64 = 200_000;
/// Rows read again inside one cut at most.
const REPAIR_ROWS: u64 = 50_000;

/// What the copy found out about itself, waiting for a cut to make it right.
pub(super) type Findings = Arc<Mutex<Option<(LocalCheck, DateTime<Utc>)>>>;

/// Decides how much is compared, and carries it out.
#[derive(Debug)]
pub(super) struct Scrubber {
    budget: ScrubBudget,
    began: Instant,
    /// Time on the server that may be spent, in milliseconds.
    credit_ms: f64,
    /// When something was last compared, or the engine began: a command of a moment compares nothing.
    last: Instant,
    rows: u32,
    shapes: Option<Shapes>,
    /// The server that was last looked at.
    node: Option<String>,
    /// Everything is compared as quickly as cuts come, until a round has ended.
    pub(super) is_urgent: bool,
    /// Whether the last cut read something again.
    pub(super) has_repaired: bool,
    wants_anew: bool,
    findings: Findings,
    /// Whether the copy is checked once a day without being asked.
    is_daily: bool,
    check: Option<(tokio::task::JoinHandle<()>, Arc<AtomicBool>)>,
    /// When the last check began.
    checked_at: Option<DateTime<Utc>>,
}

/// The cut that is open.
pub(super) struct Moment<'a> {
    pub(super) observed: &'a Observed,
    /// Datasets that equal the server in this cut.
    pub(super) settled: BTreeSet<Dataset>,
    /// The server the copy was last read from.
    pub(super) last_node: Option<&'a str>,
    pub(super) now: DateTime<Utc>,
}

impl Scrubber {
    pub(super) fn new(budget: ScrubBudget, findings: Findings, is_daily: bool) -> Self {
        Self {
            budget,
            began: Instant::now(),
            credit_ms: 0.0,
            last: Instant::now(),
            node: None,
            rows: ROWS,
            shapes: None,
            is_urgent: false,
            has_repaired: false,
            wants_anew: false,
            findings,
            is_daily,
            check: None,
            checked_at: None,
        }
    }

    /// A round has ended, or not: whoever learns it from the writer says so here.
    pub(super) fn learn(&mut self, has_ended: bool) {
        if has_ended {
            self.is_urgent = false;
        }
    }

    /// From now on everything is compared as quickly as cuts come.
    pub(super) fn begin_anew(&mut self) {
        self.is_urgent = true;
        self.wants_anew = true;
    }

    /// Begins the copy's check of itself when a day has passed (S32); the next cut makes right what it finds.
    pub(super) fn check_daily(&mut self, cache: &Cache, last: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let last = last.max(self.checked_at);
        let is_due = match last {
            Some(last) => now - last >= chrono::Duration::days(1),
            // Not in the minutes of a first load, when everybody waits for the numbers.
            None => self.began.elapsed() >= FIRST_CHECK,
        };
        let is_running = self.check.as_ref().is_some_and(|(task, _)| !task.is_finished());
        if !self.is_daily || !is_due || is_running {
            return;
        }
        let (cache, findings, stop) =
            (cache.clone(), Arc::clone(&self.findings), Arc::<AtomicBool>::default());
        let asked = Arc::clone(&stop);
        let task = tokio::task::spawn_blocking(move || {
            match cache.reader().and_then(|reader| local::check(&reader, &asked)) {
                Ok(found) => *findings.lock().unwrap_or_else(PoisonError::into_inner) = Some((found, now)),
                Err(error) if error.kind() == ErrorKind::Cancelled => {}
                Err(error) => tracing::warn!("the daily check of the copy ended early: {}", error.chain()),
            }
        });
        self.check = Some((task, stop));
        self.checked_at = Some(now);
    }

    /// Ends the check under way, if any.
    pub(super) async fn close(&mut self) {
        if let Some((task, stop)) = self.check.take() {
            stop.store(true, Ordering::Relaxed);
            // A check that panicked has said so already.
            let _ = task.await;
        }
    }

    /// The types of columns are asked for again after the tables changed.
    pub(super) fn forget_shapes(&mut self) {
        self.shapes = None;
    }

    /// Compares what the budget allows. Answers what has to be read again as a whole.
    pub(super) async fn run(
        &mut self,
        connection: &mut PgConnection,
        moment: Moment<'_>,
        asks: &mpsc::Sender<Ask>,
    ) -> Result<BTreeMap<Dataset, Reload>> {
        let mut reloads = BTreeMap::new();
        self.has_repaired = false;
        let found = self.findings.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((found, began_at)) = found {
            let at = moment.now;
            tell(asks, Ask::Mend { found: Box::new(found), began_at, at }).await?;
        }
        // A server that was started anew may have lost what it said was on its disk.
        let last_node = self.node.as_deref().or(moment.last_node);
        if last_node.is_some_and(|node| node != moment.observed.node) {
            self.begin_anew();
        }
        self.node = moment.last_node.map(|_| moment.observed.node.clone());
        if std::mem::take(&mut self.wants_anew) {
            tell(asks, Ask::Restart).await?;
        }
        if moment.settled.is_empty() || !self.may_begin() {
            return Ok(reloads);
        }
        let began = Instant::now();
        let mut count = 0;
        loop {
            let range_began = Instant::now();
            let Some(took) = self.range(connection, &moment, asks, &mut reloads).await? else { break };
            self.credit_ms -= took.as_secs_f64() * 1_000.0;
            // The transaction stays open for the copy's part, too, so both have to be short.
            self.pace(range_began.elapsed());
            count += 1;
            let may_go_on = if self.is_urgent {
                began.elapsed() < URGENT_CUT
            } else {
                count < self.budget.ranges && self.credit_ms >= took.as_secs_f64() * 1_000.0
            };
            if !may_go_on || !reloads.is_empty() {
                break;
            }
        }
        Ok(reloads)
    }

    /// Whether the next cut is to compare something.
    pub(super) fn is_due(&self) -> bool {
        let is_waiting = self.findings.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        is_waiting || self.is_urgent || self.last.elapsed() >= self.budget.pause && self.earned_ms() > 0.0
    }

    /// The credit as it has grown since the last time.
    fn earned_ms(&self) -> f64 {
        // A long absence is no licence for a long cut.
        let most_ms = self.budget.aim.as_secs_f64() * 1_000.0 * f64::from(self.budget.ranges);
        let grown_ms = self.last.elapsed().as_secs_f64() * 1_000.0 * self.budget.share;
        (self.credit_ms + grown_ms).min(most_ms)
    }

    fn may_begin(&mut self) -> bool {
        if !self.is_due() {
            return false;
        }
        self.credit_ms = self.earned_ms();
        self.last = Instant::now();
        self.is_urgent || self.credit_ms > 0.0
    }

    /// Half a step at a time towards what the aim allows.
    fn pace(&mut self, took: Duration) {
        let ratio = (self.budget.aim.as_secs_f64() / took.as_secs_f64().max(0.000_1)).clamp(0.5, 2.0);
        self.rows = ((f64::from(self.rows) * ratio) as u32).clamp(ROWS_LEAST, ROWS_MOST);
    }

    async fn shapes(&mut self, connection: &mut PgConnection) -> Result<Shapes> {
        if let Some(shapes) = &self.shapes {
            return Ok(Arc::clone(shapes));
        }
        let shapes = Arc::new(scrub::shapes(connection).await?);
        self.shapes = Some(Arc::clone(&shapes));
        Ok(shapes)
    }

    /// Compares the next range; answers how long the server took, or nothing when no range was left.
    async fn range(
        &mut self,
        connection: &mut PgConnection,
        moment: &Moment<'_>,
        asks: &mpsc::Sender<Ask>,
        reloads: &mut BTreeMap<Dataset, Reload>,
    ) -> Result<Option<Duration>> {
        let shapes = self.shapes(connection).await?;
        let (target_reply, target) = oneshot::channel();
        let (sum_reply, sum) = oneshot::channel();
        let ask = Ask::Next {
            settled: moment.settled.clone(),
            rows: self.rows,
            shapes: Arc::clone(&shapes),
            target: target_reply,
            sum: sum_reply,
        };
        tell(asks, ask).await?;
        let Some(target) = hear(connection, target).await? else { return Ok(None) };
        if target.is_summed {
            return self.summed(connection, moment, asks, target).await.map(Some);
        }
        let began = Instant::now();
        let ranges = std::slice::from_ref(&target.range);
        let server = scrub::set_sums(connection, target.dataset, ranges, SUM_ROWS).await?;
        let took = began.elapsed();
        let local = hear(connection, sum).await?;
        let server = server.first().copied().unwrap_or_default();
        let mut drift = None;
        if server != local {
            self.has_repaired = true;
            let work = Repair { target: &target, moment, asks, shapes };
            match work.run(connection).await? {
                Outcome::Repaired(row) => drift = Some(row),
                Outcome::TooMuch(reload) => {
                    reloads.insert(target.dataset, reload);
                    drift = Some(moment.drift(&target, Applied::default(), false));
                }
            }
        }
        let snapshot = moment.observed.snapshot.to_string();
        let at = moment.observed.as_of;
        let (reply, done) = oneshot::channel();
        tell(asks, Ask::Done { target, rows: local.rows, at, snapshot, drift, reply }).await?;
        hear(connection, done).await?;
        Ok(Some(took))
    }

    /// A range without rows: the server's sums are read, and take the place of others (S43).
    async fn summed(
        &mut self,
        connection: &mut PgConnection,
        moment: &Moment<'_>,
        asks: &mpsc::Sender<Ask>,
        target: Target,
    ) -> Result<Duration> {
        let KeyRange::TimeBetween { start_us, end_us } = target.range else {
            return Err(Error::internal("Sums have ranges of time."));
        };
        let began = Instant::now();
        let batches = sums::read_spans(connection, &[(start_us, end_us)]).await?;
        let took = began.elapsed();
        let (reply, different) = oneshot::channel();
        tell(asks, Ask::Sums { target: target.clone(), batches, reply }).await?;
        let different = hear(connection, different).await?;
        let drift = (different > 0)
            .then(|| DriftRow { sums: different, ..moment.drift(&target, Applied::default(), true) });
        self.has_repaired |= drift.is_some();
        let snapshot = moment.observed.snapshot.to_string();
        let at = moment.observed.as_of;
        let (reply, done) = oneshot::channel();
        tell(asks, Ask::Done { target, rows: 0, at, snapshot, drift, reply }).await?;
        hear(connection, done).await?;
        Ok(took)
    }
}

impl Moment<'_> {
    fn drift(&self, target: &Target, applied: Applied, is_repaired: bool) -> DriftRow {
        DriftRow {
            found_at: self.observed.as_of,
            dataset: target.dataset,
            range: status::range_words(&target.range),
            missing: applied.inserted,
            extra: applied.deleted,
            different: applied.updated,
            sums: 0,
            found_by: VerifyLevel::Scrub,
            snapshot: Some(self.observed.snapshot.to_string()),
            is_repaired,
        }
    }
}

/// What became of a range that differs.
enum Outcome {
    Repaired(DriftRow),
    /// So much differs that it is read again like a first load.
    TooMuch(Reload),
}

/// Narrows a difference down and reads what differs again, inside the cut that found it.
struct Repair<'a> {
    target: &'a Target,
    moment: &'a Moment<'a>,
    asks: &'a mpsc::Sender<Ask>,
    shapes: Shapes,
}

impl Repair<'_> {
    async fn run(&self, connection: &mut PgConnection) -> Result<Outcome> {
        let dataset = self.target.dataset;
        let mut suspects = VecDeque::from([self.target.range.clone()]);
        let mut wrong: Vec<KeyRange> = Vec::new();
        let mut row_count = 0;
        while let Some(range) = suspects.pop_front() {
            let parts = self.split(connection, range).await?;
            let ranges: Vec<KeyRange> = parts.iter().map(|(range, _)| range.clone()).collect();
            let server = scrub::set_sums(connection, dataset, &ranges, SUM_ROWS).await?;
            for ((range, local), server) in parts.into_iter().zip(server) {
                if local == server {
                    continue;
                }
                let rows = local.rows.max(server.rows);
                if rows <= PART_ROWS || ranges.len() == 1 {
                    row_count += rows;
                    wrong.push(range);
                } else {
                    suspects.push_back(range);
                }
            }
            if row_count > REPAIR_ROWS {
                return Ok(Outcome::TooMuch(self.reload()));
            }
        }
        let mut applied = Applied::default();
        for range in &wrong {
            applied += self.read_again(connection, range).await?;
        }
        let range = hull(&wrong).unwrap_or_else(|| self.target.range.clone());
        let place = Target { range, ..self.target.clone() };
        Ok(Outcome::Repaired(self.moment.drift(&place, applied, true)))
    }

    async fn split(
        &self,
        connection: &mut PgConnection,
        range: KeyRange,
    ) -> Result<Vec<(KeyRange, steward_store::record::SetSum)>> {
        let (reply, parts) = oneshot::channel();
        let target = Target { range, ..self.target.clone() };
        let shapes = Arc::clone(&self.shapes);
        tell(self.asks, Ask::Split { target, parts: PARTS, shapes, reply }).await?;
        hear(connection, parts).await
    }

    async fn read_again(&self, connection: &mut PgConnection, range: &KeyRange) -> Result<Applied> {
        let (out, rows) = mpsc::channel(2);
        let (is_complete, complete) = oneshot::channel();
        let (reply, applied) = oneshot::channel();
        let target = Target { range: range.clone(), ..self.target.clone() };
        tell(self.asks, Ask::Repair { target, rows, complete, reply }).await?;
        scrub::read_range(connection, self.target.dataset, range, &out).await?;
        drop(out);
        let _ = is_complete.send(());
        hear(connection, applied).await
    }

    fn reload(&self) -> Reload {
        const REASON: &str = "A comparison found many rows that differ from the server.";
        match &self.target.range {
            KeyRange::TimeBetween { start_us, end_us } => {
                Reload::windows(REASON, vec![Window::new(*start_us, *end_us)])
            }
            KeyRange::KeysAfter { after, upto } => {
                Reload::keys(REASON, KeySpan { after: after.clone(), upto: upto.clone() })
            }
            KeyRange::All => Reload::whole(REASON),
        }
    }
}

/// The smallest range around some.
fn hull(ranges: &[KeyRange]) -> Option<KeyRange> {
    let mut ranges = ranges.iter();
    let mut hull = ranges.next()?.clone();
    for range in ranges {
        match (&mut hull, range) {
            (
                KeyRange::TimeBetween { start_us, end_us },
                KeyRange::TimeBetween { start_us: start, end_us: end },
            ) => {
                *start_us = (*start_us).min(*start);
                *end_us = (*end_us).max(*end);
            }
            // Keys come in their order.
            (KeyRange::KeysAfter { upto, .. }, KeyRange::KeysAfter { upto: later, .. }) => {
                upto.clone_from(later);
            }
            (hull, _) => *hull = KeyRange::All,
        }
    }
    Some(hull)
}

async fn tell(asks: &mpsc::Sender<Ask>, ask: Ask) -> Result<()> {
    asks.send(ask).await.map_err(|_| gone())
}

/// The copy's answer, however long it takes, with the cut kept open.
async fn hear<T>(connection: &mut PgConnection, reply: oneshot::Receiver<T>) -> Result<T> {
    cut::keep_open(connection, reply).await?.map_err(|_| gone())
}

/// The writer ends early only after a failure of its own, which it reports itself.
fn gone() -> Error {
    Error::new(ErrorKind::Cancelled, "The copy stopped answering.")
}
