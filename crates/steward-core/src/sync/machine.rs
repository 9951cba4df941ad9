//! The sync engine's decisions: events in, instructions out, no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::catalog::{Catalog, Reload};
use super::cursor::{Cursor, Observed, Position, Verdict};
use super::event::{Delta, Event};
use super::guard::{Guard, Guards};
use super::instruction::{Chunk, Instruction, Reach};
use super::load::{Load, LoadKind};
use super::pace::{Backoff, Width};
use crate::dataset::Dataset;
use crate::error::{ErrorKind, RetryPolicy};

/// What the machine is told once.
#[derive(Debug, Clone)]
pub struct MachineConfig {
    /// Pause between two looks at the server, in milliseconds.
    pub pull_ms: u64,
    /// While loading, a cut is taken after this many milliseconds of chunks, so that the change log of a long
    /// load stays short.
    pub cut_while_loading_ms: u64,
    /// The contract versions this Steward reads.
    pub contract_versions: RangeInclusive<i32>,
    /// Seed of the jitter.
    pub seed: u64,
    /// All of them, outside tests.
    pub guards: Guards,
}

/// What the machine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for the next look.
    Idle,
    /// Opening a connection.
    Connecting,
    /// Opening a cut, reading it, or storing it.
    Cutting,
    /// Reading a dataset in full.
    Loading,
    /// Comparing every row.
    Comparing,
    /// Waiting after a failure.
    Retrying,
    /// Stopped by a person.
    Paused,
    /// Stopped by a failure that needs a person.
    Stopped,
}

/// Why the machine waits or stopped, where no driver error says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: ErrorKind,
    /// In one sentence; none where the driver holds the error itself.
    pub message: Option<&'static str>,
}

/// The sync engine's decisions.
#[derive(Debug)]
pub struct Machine {
    config: MachineConfig,
    stage: Stage,
    position: Position,
    cut: Option<Cut>,
    /// What the commit under way stores.
    pending: Option<Position>,
    is_connected: bool,
    is_paused: bool,
    wants_pull: bool,
    wants_verify: bool,
    /// Everything is to be read again from a new snapshot, for this reason; the first load has none.
    restart: Option<Option<String>>,
    trouble: Option<Trouble>,
    backoff: Backoff,
    key_width: BTreeMap<Dataset, Width>,
    time_width: Width,
    loading_ms: u64,
    reload_rounds: u32,
}

#[derive(Debug)]
struct Cut {
    observed: Observed,
    catalog: Catalog,
    reloads: BTreeMap<Dataset, Reload>,
    is_start: bool,
    compares: bool,
}

const HOUR_US: u64 = 3_600_000_000;
const DAY_US: u64 = 24 * HOUR_US;

/// A table that is emptied again and again must not keep one run busy for ever.
const RELOAD_ROUNDS: u32 = 20;

impl Machine {
    /// A machine for a copy in this position.
    #[must_use]
    pub fn new(config: MachineConfig, position: Position) -> Self {
        let backoff = Backoff::new(500, 60_000, config.seed);
        Self {
            config,
            stage: Stage::Idle,
            position,
            cut: None,
            pending: None,
            is_connected: false,
            is_paused: false,
            wants_pull: false,
            wants_verify: false,
            restart: None,
            trouble: None,
            backoff,
            key_width: BTreeMap::new(),
            time_width: Width::new(7 * DAY_US, 1_000_000, 400 * DAY_US),
            loading_ms: 0,
            reload_rounds: 0,
        }
    }

    /// What the machine is doing.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Where the copy stands.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Why it waits or stopped.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// Whether an instruction is being carried out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        match self.stage {
            Stage::Connecting | Stage::Cutting | Stage::Loading | Stage::Comparing => true,
            Stage::Idle | Stage::Retrying | Stage::Paused | Stage::Stopped => false,
        }
    }

    /// Whether a comparison was asked for and has not run.
    #[must_use]
    pub fn wants_verify(&self) -> bool {
        self.wants_verify
    }

    /// Changes the pause between two looks.
    pub fn set_pull_ms(&mut self, pull_ms: u64) {
        self.config.pull_ms = pull_ms;
    }

    /// Tells what happened; answers what to do, in order.
    pub fn push(&mut self, event: Event) -> Vec<Instruction> {
        match event {
            Event::Wake { by_person } => {
                if self.is_paused || (self.stage == Stage::Stopped && !by_person) {
                    return Vec::new();
                }
                self.wants_pull = true;
                self.start()
            }
            Event::VerifyRequested => {
                self.wants_verify = true;
                self.wants_pull = true;
                self.start()
            }
            Event::RebuildRequested => {
                self.restart = Some(None);
                self.wants_pull = true;
                self.start()
            }
            Event::PauseRequested => {
                self.is_paused = true;
                if self.is_busy() { Vec::new() } else { self.rest(Stage::Paused, None) }
            }
            Event::ResumeRequested => {
                self.is_paused = false;
                self.wants_pull = true;
                self.start()
            }
            Event::Connected => {
                self.is_connected = true;
                self.advance()
            }
            Event::CutOpened { observed, catalog } => self.judge(*observed, *catalog),
            Event::DeltaRead(delta) => self.delta_read(delta),
            Event::Flushed => self.store(),
            Event::Committed => self.committed(),
            Event::WindowMeasured { occupied } => {
                if let Some((_, Load { rest: LoadKind::Windows(windows), .. })) = self.next_load()
                    && let Some(window) = windows.last_mut()
                {
                    window.occupied = Some(occupied);
                }
                self.advance()
            }
            Event::ChunkDone { position, elapsed_ms, row_count } => {
                self.chunk_done(*position, elapsed_ms, row_count)
            }
            Event::Compared { drift } => self.compared(drift),
            Event::Failed { kind } => self.failed(kind),
        }
    }

    fn start(&mut self) -> Vec<Instruction> {
        if self.is_busy() {
            return Vec::new();
        }
        self.reload_rounds = 0;
        self.advance()
    }

    /// The next step after one has ended.
    fn advance(&mut self) -> Vec<Instruction> {
        if self.is_paused {
            return self.rest(Stage::Paused, None);
        }
        let must_cut = self.position.cursor.is_none() || self.restart.is_some();
        let has_loads = !self.position.loads.is_empty();
        let may_load = has_loads && self.reload_rounds < RELOAD_ROUNDS;
        if !must_cut && !may_load && !self.wants_pull && (has_loads || self.position.is_consistent()) {
            return self.rest(Stage::Idle, Some(self.config.pull_ms));
        }
        if !self.is_connected {
            self.stage = Stage::Connecting;
            return vec![Instruction::Connect];
        }
        if !must_cut && may_load && self.loading_ms < self.config.cut_while_loading_ms {
            return self.load();
        }
        self.stage = Stage::Cutting;
        // A wish that comes while the cut runs is about a later snapshot and gets a cut of its own.
        self.wants_pull = false;
        vec![Instruction::OpenCut { may_compare: self.wants_verify }]
    }

    fn rest(&mut self, stage: Stage, ms: Option<u64>) -> Vec<Instruction> {
        self.stage = stage;
        let mut instructions = Vec::new();
        // S14: a client that waits longer than a moment holds no connection of a small pool.
        if self.is_connected && ms.is_none_or(|ms| ms > 10_000) {
            self.is_connected = false;
            instructions.push(Instruction::Disconnect);
        }
        instructions.extend(ms.map(|ms| Instruction::Sleep { ms }));
        instructions
    }

    /// The dataset to load next: they are read in the order of [`Dataset::ALL`].
    fn next_load(&mut self) -> Option<(Dataset, &mut Load)> {
        self.position.loads.iter_mut().next().map(|(dataset, load)| (*dataset, load))
    }

    fn load(&mut self) -> Vec<Instruction> {
        self.stage = Stage::Loading;
        let time_width = i64::try_from(self.time_width.value()).unwrap_or(i64::MAX);
        let Some((dataset, load)) = self.next_load() else { return self.advance() };
        let chunk = match &load.rest {
            LoadKind::Keys { after } => Chunk::Keys { after: after.clone(), limit: 0 },
            LoadKind::Windows(windows) => match windows.last() {
                Some(window) if window.occupied.is_none() => {
                    return vec![Instruction::MeasureWindow {
                        dataset,
                        start_us: window.start_us,
                        end_us: window.end_us,
                    }];
                }
                Some(window) => {
                    Chunk::Time { start_us: window.chunk_start(time_width), end_us: window.end_us }
                }
                None => Chunk::Time { start_us: 0, end_us: 0 },
            },
        };
        let chunk = match chunk {
            Chunk::Keys { after, .. } => {
                let width = self.key_width.entry(dataset).or_insert(KEY_WIDTH);
                Chunk::Keys { after, limit: u32::try_from(width.value()).unwrap_or(u32::MAX) }
            }
            Chunk::Time { .. } => chunk,
        };
        vec![Instruction::ReadChunk { dataset, chunk }]
    }

    fn chunk_done(&mut self, position: Position, elapsed_ms: u64, row_count: u64) -> Vec<Instruction> {
        let dataset = self.next_load().map(|(dataset, _)| dataset);
        match dataset {
            Some(Dataset::UsageEvents) => self.time_width.took(elapsed_ms),
            Some(dataset) => {
                let width = self.key_width.entry(dataset).or_insert(KEY_WIDTH);
                // The last, short chunk says nothing about a full one.
                if row_count >= width.value() || elapsed_ms > 1_000 {
                    width.took(elapsed_ms);
                }
            }
            None => {}
        }
        self.position = position;
        self.loading_ms = self.loading_ms.saturating_add(elapsed_ms);
        self.succeeded();
        self.advance()
    }

    fn judge(&mut self, observed: Observed, catalog: Catalog) -> Vec<Instruction> {
        let versions = &self.config.contract_versions;
        if observed.contract_version < *versions.start() {
            return self.failed(ErrorKind::SchemaOlder);
        }
        if observed.contract_version > *versions.end() {
            return self.failed(ErrorKind::SchemaNewer);
        }
        let verdict = match (&self.restart, &self.position.cursor) {
            (Some(_), _) | (None, None) => None,
            (None, Some(cursor)) => Some((cursor.judge(&observed), cursor)),
        };
        let mut reloads = BTreeMap::new();
        let next = match verdict {
            None => None,
            Some((Verdict::Behind, _)) => {
                self.is_connected = false;
                let mut instructions = self.wait(Trouble {
                    kind: ErrorKind::Timeout,
                    message: Some("This standby is behind what the copy already holds."),
                });
                instructions.insert(0, Instruction::Disconnect);
                return instructions;
            }
            Some((Verdict::ReloadAll(reason), _)) => {
                self.restart = Some(Some(reason));
                None
            }
            Some((Verdict::Continues, cursor)) => {
                reloads = cursor.catalog.reloads(&catalog);
                let reach = Reach::between(cursor.is_standby || observed.is_standby, self.config.guards);
                Some(Instruction::ReadDelta { since: cursor.snapshot.clone(), reach })
            }
        };
        let lsn = self.flush_lsn(&observed);
        let is_start = next.is_none();
        self.cut = Some(Cut { observed, catalog, reloads, is_start, compares: false });
        vec![next.unwrap_or(Instruction::AwaitFlush { lsn, keeps_cut: false })]
    }

    fn delta_read(&mut self, delta: Delta) -> Vec<Instruction> {
        let is_loaded = self.position.loads.is_empty();
        let wants_verify = self.wants_verify;
        let Some(cut) = &mut self.cut else { return self.failed(ErrorKind::Internal) };
        for (dataset, reload) in delta.reloads {
            join_reload(&mut cut.reloads, dataset, reload);
        }
        cut.compares = wants_verify && is_loaded && cut.reloads.is_empty();
        let keeps_cut = cut.compares;
        let lsn = self.cut.as_ref().and_then(|cut| self.flush_lsn(&cut.observed));
        vec![Instruction::AwaitFlush { lsn, keeps_cut }]
    }

    /// S4: nothing that the server could still lose is stored here.
    fn flush_lsn(&self, observed: &Observed) -> Option<u64> {
        observed.insert_lsn.filter(|_| self.config.guards.has(Guard::FlushWait))
    }

    fn store(&mut self) -> Vec<Instruction> {
        let Some(cut) = &mut self.cut else { return self.failed(ErrorKind::Internal) };
        let mut next = self.position.clone();
        if cut.is_start {
            // S10: the first load begins by storing where the change log will be read from.
            let reason = self.restart.clone().flatten();
            next.loads = Dataset::ALL
                .into_iter()
                .map(|dataset| (dataset, Load::whole(dataset, &cut.catalog, reason.clone())))
                .collect();
        } else {
            for (dataset, reload) in std::mem::take(&mut cut.reloads) {
                let load = Load::joined(next.loads.get(&dataset), dataset, &cut.catalog, reload);
                next.loads.insert(dataset, load);
                self.reload_rounds += 1;
            }
            next.loads.retain(|_, load| !load.is_done());
            next.cut_count += 1;
        }
        next.settled = if cut.is_start {
            BTreeSet::new()
        } else {
            Dataset::ALL.into_iter().filter(|dataset| !next.loads.contains_key(dataset)).collect()
        };
        next.cursor = Some(Cursor::new(cut.observed.clone(), cut.catalog.clone()));
        self.pending = Some(next.clone());
        vec![Instruction::Commit { position: Box::new(next) }]
    }

    fn committed(&mut self) -> Vec<Instruction> {
        let Some(position) = self.pending.take() else { return self.failed(ErrorKind::Internal) };
        self.position = position;
        self.loading_ms = 0;
        self.succeeded();
        // A commit without a cut only stores what a comparison found.
        let Some(cut) = self.cut.take() else { return self.advance() };
        if cut.is_start {
            self.restart = None;
        }
        if cut.compares {
            self.stage = Stage::Comparing;
            return vec![Instruction::Compare];
        }
        self.advance()
    }

    fn compared(&mut self, drift: BTreeMap<Dataset, Reload>) -> Vec<Instruction> {
        self.wants_verify = false;
        if drift.is_empty() {
            return self.advance();
        }
        // S13: what differs is read again, by the same routine as a first load.
        let mut next = self.position.clone();
        let catalog = next.cursor.as_ref().map(|cursor| cursor.catalog.clone()).unwrap_or_default();
        for (dataset, reload) in drift {
            let load = Load::joined(next.loads.get(&dataset), dataset, &catalog, reload);
            next.loads.insert(dataset, load);
            next.settled.remove(&dataset);
        }
        self.stage = Stage::Cutting;
        self.pending = Some(next.clone());
        vec![Instruction::Commit { position: Box::new(next) }]
    }

    fn succeeded(&mut self) {
        self.backoff.reset();
        self.trouble = None;
    }

    fn failed(&mut self, kind: ErrorKind) -> Vec<Instruction> {
        let was_loading = self.stage == Stage::Loading;
        self.cut = None;
        self.pending = None;
        self.is_connected = false;
        if kind == ErrorKind::Cancelled {
            self.wants_pull = false;
            self.wants_verify = false;
            let (stage, ms) =
                if self.is_paused { (Stage::Paused, None) } else { (Stage::Idle, Some(self.config.pull_ms)) };
            let mut instructions = self.rest(stage, ms);
            instructions.insert(0, Instruction::Disconnect);
            return instructions;
        }
        // S11: a chunk that took too long is tried again at once, at half its width.
        let is_retried_smaller = kind == ErrorKind::Timeout && was_loading && self.narrow();
        let mut instructions = vec![Instruction::Disconnect];
        let trouble = Trouble { kind, message: None };
        instructions.extend(match kind.retry() {
            _ if self.is_paused => self.rest(Stage::Paused, None),
            _ if is_retried_smaller => self.advance(),
            RetryPolicy::Backoff => self.wait(trouble),
            // The next cut judges the server anew and reads everything again if it must.
            RetryPolicy::Person | RetryPolicy::Never if kind == ErrorKind::Identity => {
                self.loading_ms = u64::MAX;
                self.wants_pull = true;
                self.wait(trouble)
            }
            RetryPolicy::Person | RetryPolicy::Never => {
                self.wants_verify = false;
                self.trouble = Some(trouble);
                self.rest(Stage::Stopped, None)
            }
        });
        instructions
    }

    fn wait(&mut self, trouble: Trouble) -> Vec<Instruction> {
        self.trouble = Some(trouble);
        let ms = self.backoff.next_ms();
        self.rest(Stage::Retrying, Some(ms))
    }

    /// Halves the width of the load under way; false when it was as narrow as it gets.
    fn narrow(&mut self) -> bool {
        match self.next_load().map(|(dataset, _)| dataset) {
            Some(Dataset::UsageEvents) => self.time_width.timed_out(),
            Some(dataset) => self.key_width.entry(dataset).or_insert(KEY_WIDTH).timed_out(),
            None => false,
        }
    }
}

/// Rows of a chunk in key order: they are held in memory until the last key is known.
const KEY_WIDTH: Width = Width::new(2_000, 50, 20_000);

fn join_reload(reloads: &mut BTreeMap<Dataset, Reload>, dataset: Dataset, reload: Reload) {
    match reloads.get_mut(&dataset) {
        None => {
            reloads.insert(dataset, reload);
        }
        Some(earlier) => {
            earlier.windows = match (earlier.windows.take(), reload.windows) {
                (Some(mut windows), Some(more)) => {
                    windows.extend(more);
                    Some(windows)
                }
                (None, _) | (_, None) => None,
            };
        }
    }
}
