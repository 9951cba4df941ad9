//! Takes requests, feeds the machine, publishes the state: the loop of the sync task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use steward_core::sync::{Event, Instruction, Machine, RowWindow, Stage};
use steward_core::{Dataset, Error, ErrorKind, Result};
use steward_store::cache::Cache;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::SyncSnapshot;
use super::engine::{Engine, Gauges, Tally};
use super::slumber::Slumber;
use super::status;
use super::writer_thread::RowsWanted;
use crate::command::sync::{DatasetState, DatasetStatus, SyncPhase, SyncRunRes, SyncStatus, VerifyRes};
use crate::wire::WireError;

/// A request, with where its answer goes.
#[derive(Debug)]
pub(super) enum Command {
    Run(oneshot::Sender<Result<SyncRunRes>>),
    Verify(oneshot::Sender<Result<VerifyRes>>),
    Scrub(oneshot::Sender<Result<VerifyRes>>),
    Rebuild(oneshot::Sender<()>),
    Pause(oneshot::Sender<()>),
    Resume(oneshot::Sender<()>),
    Cancel(oneshot::Sender<()>),
    SetPull(Duration, oneshot::Sender<()>),
    SetKeep(RowWindow, oneshot::Sender<Result<()>>),
    Attend,
}

/// A person's request rides over this many short troubles before it is answered with the error.
const PATIENCE: u32 = 3;

pub(super) struct Desk {
    cache: Cache,
    machine: Machine,
    inbox: mpsc::Receiver<Command>,
    status: watch::Sender<SyncSnapshot>,
    runs: Vec<oneshot::Sender<Result<SyncRunRes>>>,
    verifications: Vec<oneshot::Sender<Result<VerifyRes>>>,
    scrubs: Vec<oneshot::Sender<Result<VerifyRes>>>,
    /// A person asked for a round of the scrub, and the engine was not told yet.
    wants_scrub: bool,
    /// The server is about to be asked for the first time.
    is_due: bool,
    last_error: Option<(WireError, Error)>,
    failures: u32,
    began: Instant,
    rows_wanted: RowsWanted,
    server: String,
    login: String,
}

impl Desk {
    pub(super) fn new(
        cache: Cache,
        machine: Machine,
        inbox: mpsc::Receiver<Command>,
        rows_wanted: RowsWanted,
        is_due: bool,
        server: String,
        login: String,
    ) -> Result<Self> {
        let gauges = Gauges::read(&cache, rows_wanted.get())?;
        let phase = status::phase(&machine, is_due);
        let first = view(&machine, phase, &gauges, None, &cache, &server, &login);
        let (status, _) = watch::channel(first);
        Ok(Self {
            cache,
            machine,
            inbox,
            status,
            runs: Vec::new(),
            verifications: Vec::new(),
            scrubs: Vec::new(),
            wants_scrub: false,
            is_due,
            last_error: None,
            failures: 0,
            began: Instant::now(),
            rows_wanted,
            server,
            login,
        })
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<SyncSnapshot> {
        self.status.subscribe()
    }

    fn publish(&self, engine: &Engine) {
        let last_error = self.last_error.as_ref().map(|(wire, error)| (wire, error.kind()));
        self.status.send_replace(view(
            &self.machine,
            status::phase(&self.machine, self.is_due),
            &engine.gauges,
            last_error,
            &self.cache,
            &self.server,
            &self.login,
        ));
    }

    /// Takes a request; `under_way` breaks off the instruction that runs now.
    fn accept(&mut self, command: Command, under_way: Option<&CancellationToken>) -> Vec<Instruction> {
        // Nobody waits any more when a reply cannot be sent; then nothing is lost.
        match command {
            Command::Run(reply) => {
                self.runs.push(reply);
                self.machine.push(Event::Wake { by_person: true })
            }
            Command::Verify(reply) => {
                self.verifications.push(reply);
                self.machine.push(Event::VerifyRequested)
            }
            Command::Scrub(reply) => {
                self.scrubs.push(reply);
                self.wants_scrub = true;
                self.machine.push(Event::Wake { by_person: true })
            }
            Command::Rebuild(reply) => {
                let _ = reply.send(());
                self.machine.push(Event::RebuildRequested)
            }
            Command::Pause(reply) => {
                let _ = reply.send(());
                if let Some(token) = under_way {
                    token.cancel();
                }
                self.machine.push(Event::PauseRequested)
            }
            Command::Resume(reply) => {
                let _ = reply.send(());
                self.machine.push(Event::ResumeRequested)
            }
            Command::Cancel(reply) => {
                let _ = reply.send(());
                if let Some(token) = under_way {
                    token.cancel();
                }
                Vec::new()
            }
            Command::Attend => self.machine.push(Event::Attended),
            Command::SetKeep(keep, reply) => {
                match self.cache.reader().and_then(|copy| copy.census(keep.rows)) {
                    Ok(census) => {
                        self.rows_wanted.set(keep.rows);
                        self.machine.set_keep(keep);
                        self.machine.set_census(census);
                        let _ = reply.send(Ok(()));
                        self.machine.push(Event::Wake { by_person: false })
                    }
                    Err(error) => {
                        let _ = reply.send(Err(error));
                        Vec::new()
                    }
                }
            }
            Command::SetPull(pull, reply) => {
                let _ = reply.send(());
                self.machine.set_pull_ms(u64::try_from(pull.as_millis()).unwrap_or(u64::MAX));
                Vec::new()
            }
        }
    }

    fn failed(&mut self, error: Error) -> Vec<Instruction> {
        let kind = error.kind();
        self.failures += 1;
        tracing::debug!("a step of sync failed: {}", error.chain());
        if kind == ErrorKind::Cancelled {
            self.last_error = None;
        } else {
            self.last_error = Some((WireError::from_error(&error), error));
        }
        self.machine.push(Event::Failed { kind })
    }

    /// Answers who waits, once the machine rests.
    fn settle(&mut self, engine: &mut Engine) {
        let outcome = match self.machine.stage() {
            Stage::Connecting | Stage::Cutting | Stage::Loading | Stage::CatchingUp | Stage::Comparing => {
                return;
            }
            Stage::Retrying if self.is_short_trouble() => return,
            Stage::Idle => self.finished(engine.tally),
            Stage::Paused => Err(Error::new(ErrorKind::Cancelled, "Sync is paused.")),
            Stage::Retrying | Stage::Stopped => Err(self.trouble()),
        };
        for reply in self.runs.drain(..) {
            let _ = reply.send(outcome.clone());
        }
        let verified = engine.verified.take();
        for reply in self.verifications.drain(..) {
            let answer = match (&outcome, &verified) {
                (_, Some(verified)) => Ok(verified.clone()),
                (Err(error), None) => Err(error.clone()),
                (Ok(_), None) => Err(Error::new(ErrorKind::Cancelled, "Sync was broken off.")),
            };
            let _ = reply.send(answer);
        }
        // A round takes as many cuts as it takes; only a failure ends it early.
        if outcome.is_err() || !engine.gauges.is_urgent && !self.wants_scrub {
            let found = outcome.as_ref().map(|run| status::scrub_res(&engine.gauges, run.as_of));
            for reply in self.scrubs.drain(..) {
                let _ = reply.send(found.clone().map_err(Clone::clone));
            }
        }
        engine.tally = Tally::default();
        self.failures = 0;
    }

    fn finished(&self, tally: Tally) -> Result<SyncRunRes> {
        let position = self.machine.position();
        match &position.cursor {
            Some(cursor) if position.is_consistent() => Ok(SyncRunRes {
                as_of: cursor.as_of,
                rows_read: tally.rows_read,
                rows_changed: tally.rows_changed,
                elapsed_ms: self.began.elapsed().as_secs_f64() * 1_000.0,
            }),
            Some(_) | None => {
                Err(Error::new(ErrorKind::Cancelled, "Sync stopped before the copy was complete."))
            }
        }
    }

    /// Whether nothing is under way and nothing is left to read.
    fn is_resting_whole(&self) -> bool {
        self.machine.stage() == Stage::Idle && self.machine.position().is_consistent()
    }

    /// Whether what went wrong usually passes within moments, so that a person who waits need not know.
    fn is_short_trouble(&self) -> bool {
        let kind = self.machine.trouble().map(|trouble| trouble.kind);
        self.failures < PATIENCE
            && !(self.runs.is_empty() && self.verifications.is_empty())
            && matches!(kind, Some(ErrorKind::LockTimeout | ErrorKind::Timeout | ErrorKind::Identity))
    }

    fn trouble(&self) -> Error {
        let own = self.machine.trouble().and_then(|trouble| Some(Error::new(trouble.kind, trouble.message?)));
        own.or_else(|| self.last_error.as_ref().map(|(_, error)| error.clone()))
            .or_else(|| self.machine.trouble().map(|trouble| Error::new(trouble.kind, trouble.kind.hint())))
            .unwrap_or_else(|| Error::internal("Sync stopped without a reason."))
    }
}

/// When the engine looks at the server without being asked to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Automatic {
    /// Whether it does at all.
    pub(super) is_on: bool,
    /// How long a whole copy waits for the first look.
    pub(super) head_start: Duration,
}

/// Works until shutdown.
pub(super) async fn run(
    mut desk: Desk,
    mut engine: Engine,
    shutdown: CancellationToken,
    automatic: Automatic,
) {
    engine.gauges = Gauges::read(&desk.cache, desk.rows_wanted.get()).unwrap_or_default();
    desk.machine.set_census(engine.gauges.census);
    let mut queue = VecDeque::new();
    let mut wake_at = None;
    let mut release_at = None;
    if automatic.is_on && desk.machine.position().is_consistent() {
        wake_at = Some(Instant::now() + automatic.head_start);
    } else if automatic.is_on {
        queue.extend(desk.machine.push(Event::Wake { by_person: false }));
    }
    while !shutdown.is_cancelled() {
        if std::mem::take(&mut desk.wants_scrub) {
            engine.scrub_all();
        }
        desk.machine.set_wants_scrub(engine.is_scrub_due());
        match queue.pop_front() {
            // Everything is to be compared now: one cut follows the other.
            None if engine.gauges.is_urgent && desk.is_resting_whole() => {
                desk.publish(&engine);
                desk.settle(&mut engine);
                wake_at = None;
                queue.extend(desk.machine.push(Event::Wake { by_person: false }));
            }
            None => {
                // Who gets an answer and asks for the state gets the one that goes with it.
                desk.publish(&engine);
                desk.settle(&mut engine);
                let slumber = Slumber::new(engine.clock());
                let waits = automatic.is_on || !desk.runs.is_empty() || !desk.verifications.is_empty();
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => break,
                    command = desk.inbox.recv() => match command {
                        Some(command) => {
                            if !matches!(command, Command::Attend) {
                                desk.began = Instant::now();
                            }
                            queue.extend(desk.accept(command, None));
                        }
                        None => break,
                    },
                    () = wake(release_at) => {
                        release_at = None;
                        engine.disconnect().await;
                        queue.extend(desk.machine.push(Event::Released));
                    }
                    () = slumber.ended(), if waits => {
                        wake_at = None;
                        desk.began = Instant::now();
                        queue.extend(desk.machine.push(Event::Wake { by_person: false }));
                    }
                    () = wake(wake_at), if waits => {
                        wake_at = None;
                        desk.began = Instant::now();
                        queue.extend(desk.machine.push(Event::Wake { by_person: false }));
                    }
                }
            }
            Some(Instruction::Disconnect) => engine.disconnect().await,
            Some(Instruction::Release { ms }) => {
                release_at = Some(Instant::now() + Duration::from_millis(ms));
            }
            Some(Instruction::Sleep { ms }) => {
                let next = Instant::now() + Duration::from_millis(ms);
                wake_at = Some(wake_at.map_or(next, |at: Instant| at.min(next)));
            }
            Some(instruction) => {
                (wake_at, release_at) = (None, None);
                desk.is_due = false;
                desk.publish(&engine);
                let result = carry_out(&mut desk, &mut engine, instruction, &shutdown).await;
                desk.machine.set_census(engine.gauges.census);
                match result {
                    Ok(event) => {
                        if matches!(
                            event,
                            Event::Committed | Event::ChunkDone { .. } | Event::PageDone { .. }
                        ) {
                            desk.last_error = None;
                            desk.failures = 0;
                        }
                        queue.extend(desk.machine.push(event));
                        if let Some(error) = engine.broke_off() {
                            queue.clear();
                            queue.extend(desk.failed(error));
                        }
                    }
                    Err(error) => {
                        queue.clear();
                        queue.extend(desk.failed(error));
                    }
                }
            }
        }
    }
    engine.close().await;
}

async fn carry_out(
    desk: &mut Desk,
    engine: &mut Engine,
    instruction: Instruction,
    shutdown: &CancellationToken,
) -> Result<Event> {
    let token = shutdown.child_token();
    let position = desk.machine.position().clone();
    let now = engine.clock().now();
    let step = Box::pin(engine.carry_out(instruction, &position, &token));
    tokio::pin!(step);
    // S21: a step that takes longer than two pauses is told, before it has failed.
    let late =
        tokio::time::sleep(Duration::from_millis(desk.machine.pull_ms()).max(Duration::from_secs(1)) * 2);
    tokio::pin!(late);
    loop {
        tokio::select! {
            biased;
            result = &mut step => return result,
            () = &mut late, if !late.is_elapsed() => desk.status.send_modify(|told| {
                told.status = Arc::new(SyncStatus { stalled_since: Some(now), ..told.status.as_ref().clone() });
            }),
            command = desk.inbox.recv() => match command {
                // The machine is busy, so it only notes the wish.
                Some(command) => {
                    desk.accept(command, Some(&token));
                }
                None => {
                    token.cancel();
                    return step.await;
                }
            },
        }
    }
}

async fn wake(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn view(
    machine: &Machine,
    phase: SyncPhase,
    gauges: &Gauges,
    last_error: Option<(&WireError, ErrorKind)>,
    cache: &Cache,
    server: &str,
    login: &str,
) -> SyncSnapshot {
    let position = machine.position();
    let datasets: Vec<DatasetStatus> = Dataset::ALL
        .into_iter()
        .map(|dataset| status::dataset(dataset, machine, gauges, last_error))
        .collect();
    // S16: the whole is not called consistent while a part of it is called blocked.
    let is_each = datasets
        .iter()
        .all(|row| matches!(row.state, DatasetState::Consistent { .. } | DatasetState::Verifying { .. }));
    let status = SyncStatus {
        phase,
        as_of: position.freshness(&[]).as_of,
        is_consistent: is_each && position.is_consistent(),
        is_online: gauges.is_online,
        datasets,
        last_error: last_error.map(|(wire, _)| wire.clone()),
        cut_count: position.cut_count,
        last_cut_ms: gauges.last_cut_ms,
        disk_bytes: cache.disk_bytes(),
        drift: gauges.journal.as_ref().map(|journal| journal.drift.clone()).unwrap_or_default(),
        levels: gauges.journal.as_ref().map(|journal| journal.levels.clone()).unwrap_or_default(),
        scrub: gauges.progress.status(gauges.is_urgent),
        kept: status::kept(gauges, machine.keep(), position.edge),
        keep: machine.keep(),
        rows_since: position.edge.from_us.and_then(DateTime::from_timestamp_micros),
        server: server.to_owned(),
        login: login.to_owned(),
        clock_skew_ms: gauges.clock_skew_ms,
        stalled_since: None,
    };
    SyncSnapshot { status: Arc::new(status), cursor: position.cursor.clone().map(Arc::new) }
}
