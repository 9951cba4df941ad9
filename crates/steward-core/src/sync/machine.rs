//! The sync engine's decisions: events in, instructions out, no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::ack::Acked;
use super::catalog::{Catalog, Reload};
use super::cursor::{Observed, Position};
use super::event::Event;
use super::guard::{Guard, Guards};
use super::instruction::{Expected, Instruction, Reach};
use super::keep::{Census, QUARTER_US, RowWindow};
use super::pace::{Backoff, Width};
use super::snapshot::Snapshot;
use crate::dataset::Dataset;
use crate::error::{ErrorKind, RetryPolicy};

mod cutting;
mod edge;
mod loading;
#[cfg(test)]
mod tests;

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
    /// Which events are kept as rows.
    pub keep: RowWindow,
    /// Seed of the jitter, and of the first words told to the server; random where it matters.
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
    /// Reading page by page what changed in a long time.
    CatchingUp,
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
    /// Whether the connection has waited since it last answered: the server may have closed it meanwhile.
    is_stale: bool,
    seen: Option<Seen>,
    is_paused: bool,
    wants_pull: bool,
    wants_verify: bool,
    /// The next look opens a cut even where nothing happened, since rows are to be compared in it.
    wants_scrub: bool,
    /// Everything is to be read again from a new snapshot, for this reason; the first load has none.
    restart: Option<Option<String>>,
    trouble: Option<Trouble>,
    backoff: Backoff,
    key_width: BTreeMap<Dataset, Width>,
    time_width: Width,
    sum_width: Width,
    /// Whether the chunk or the page that was asked for last is one of sums.
    is_summing: bool,
    /// What the copy's sums say about its events.
    census: Option<Census>,
    page_width: Width,
    loading_ms: u64,
    reload_rounds: u32,
    /// Whether the server has to be judged before anything else is read from it.
    must_judge: bool,
    /// Whether reading what changed ran into the server's time limit.
    is_delta_slow: bool,
    /// Looks in a row that found nothing while nobody looked at the numbers.
    quiet_looks: u32,
    random: ChaCha8Rng,
}

#[derive(Debug)]
struct Cut {
    observed: Observed,
    catalog: Catalog,
    reloads: BTreeMap<Dataset, Reload>,
    is_start: bool,
    compares: bool,
    /// Whether the copy equals this snapshot as it is.
    is_empty: bool,
    /// Whether what changed is being read.
    is_reading: bool,
    /// Whether it is too much for one cut.
    is_long: bool,
    acked: Option<Acked>,
}

/// What this connection has looked at since the cursor was stored, and found equal to the copy (S17).
///
/// Never stored: a server that crashes or is rewound loses the connection, and this with it.
#[derive(Debug)]
struct Seen {
    snapshot: Snapshot,
    node: String,
    /// Transactions of our own, which touch no synchronised table.
    own: BTreeSet<u64>,
}

/// Which way the edge may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    /// To fewer rows: nothing has to be read for it.
    Forward,
    /// To more rows, too, which are read like a repair.
    Both,
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
        let random = ChaCha8Rng::seed_from_u64(config.seed.rotate_left(32));
        Self {
            config,
            stage: Stage::Idle,
            position,
            cut: None,
            pending: None,
            is_connected: false,
            is_stale: false,
            seen: None,
            is_paused: false,
            wants_pull: false,
            wants_verify: false,
            wants_scrub: false,
            restart: None,
            trouble: None,
            backoff,
            key_width: BTreeMap::new(),
            time_width: Width::new(DAY_US, 1_000_000, 400 * DAY_US),
            sum_width: Width::new(DAY_US, QUARTER_US.unsigned_abs(), 64 * DAY_US),
            is_summing: false,
            census: None,
            page_width: PAGE_WIDTH,
            loading_ms: 0,
            reload_rounds: 0,
            must_judge: false,
            is_delta_slow: false,
            quiet_looks: 0,
            random,
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
            Stage::Connecting | Stage::Cutting | Stage::Loading | Stage::CatchingUp | Stage::Comparing => {
                true
            }
            Stage::Idle | Stage::Retrying | Stage::Paused | Stage::Stopped => false,
        }
    }

    /// Whether a comparison was asked for and has not run.
    #[must_use]
    pub fn wants_verify(&self) -> bool {
        self.wants_verify
    }

    /// Whether the next look opens a cut even where nothing happened, so that rows can be compared in it (S30).
    pub fn set_wants_scrub(&mut self, wants_scrub: bool) {
        self.wants_scrub = wants_scrub;
    }

    /// The configured pause between two looks, in milliseconds.
    #[must_use]
    pub fn pull_ms(&self) -> u64 {
        self.config.pull_ms
    }

    /// Changes the pause between two looks.
    pub fn set_pull_ms(&mut self, pull_ms: u64) {
        self.config.pull_ms = pull_ms;
    }

    /// Which events are kept as rows.
    #[must_use]
    pub fn keep(&self) -> RowWindow {
        self.config.keep
    }

    /// Changes which events are kept as rows; the next look brings the copy there.
    pub fn set_keep(&mut self, keep: RowWindow) {
        self.config.keep = keep;
    }

    /// Learns what the copy's sums say about its events.
    pub fn set_census(&mut self, census: Option<Census>) {
        self.census = census;
    }

    /// Tells what happened; answers what to do, in order.
    pub fn push(&mut self, event: Event) -> Vec<Instruction> {
        match event {
            Event::Wake { by_person } => {
                if self.is_paused || (self.stage == Stage::Stopped && !by_person) {
                    return Vec::new();
                }
                if by_person {
                    self.quiet_looks = 0;
                }
                self.wants_pull = true;
                self.start()
            }
            Event::Attended => {
                let was_slow = self.idle_ms() > self.config.pull_ms;
                self.quiet_looks = 0;
                if was_slow && self.stage == Stage::Idle {
                    vec![Instruction::Sleep { ms: self.config.pull_ms }]
                } else {
                    Vec::new()
                }
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
            Event::Released => {
                self.lost();
                Vec::new()
            }
            Event::Peeked(observed) => self.peeked(*observed),
            Event::CutOpened { observed, catalog } => self.judge(*observed, *catalog),
            Event::DeltaRead(delta) => self.delta_read(delta),
            Event::Flushed { acked } => self.store(acked),
            Event::Committed => self.committed(),
            Event::WindowMeasured { occupied } => {
                self.measured(occupied);
                self.advance()
            }
            Event::PageDone { position, elapsed_ms } => self.page_done(*position, elapsed_ms),
            Event::ChunkDone { position, elapsed_ms, width } => self.chunk_done(*position, elapsed_ms, width),
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
        let must_cut = self.position.cursor.is_none() || self.restart.is_some() || self.must_judge;
        let has_loads = !self.position.loads.is_empty();
        let may_load = has_loads && self.reload_rounds < RELOAD_ROUNDS;
        if !must_cut && !may_load && !self.wants_pull && (has_loads || self.position.is_consistent()) {
            return self.rest(Stage::Idle, Some(self.idle_ms()));
        }
        if !self.is_connected {
            self.stage = Stage::Connecting;
            return vec![Instruction::Connect];
        }
        if !must_cut && self.position.catch_up.is_some() {
            return self.page();
        }
        if !must_cut && may_load && self.loading_ms < self.config.cut_while_loading_ms {
            return self.load();
        }
        self.stage = Stage::Cutting;
        // A wish that comes while the cut runs is about a later snapshot and gets a cut of its own.
        self.wants_pull = false;
        let is_quiet_enough = !must_cut && !has_loads && !self.wants_verify && self.position.is_consistent();
        if is_quiet_enough && self.seen.is_some() && !self.wants_scrub {
            return vec![Instruction::Peek];
        }
        self.open_cut()
    }

    fn open_cut(&mut self) -> Vec<Instruction> {
        let expected = match (&self.restart, &self.position.cursor) {
            (Some(_), _) | (None, None) => None,
            (None, Some(cursor)) if !self.is_delta_slow => Some(Box::new(Expected {
                since: self
                    .seen
                    .as_ref()
                    .map_or_else(|| cursor.snapshot.clone(), |seen| seen.snapshot.clone()),
                reach: Reach::between(cursor.is_standby, self.config.guards),
                digest: cursor.catalog.digest.clone(),
            })),
            (None, Some(_)) => None,
        };
        vec![Instruction::OpenCut { may_compare: self.wants_verify, expected }]
    }

    /// The connection is gone, and with it what only it has seen.
    fn lost(&mut self) {
        self.is_connected = false;
        self.is_stale = false;
        self.seen = None;
    }

    /// The pause until the next look: the configured one while something happens or somebody watches, and up
    /// to a minute when it has been quiet for long (S21).
    fn idle_ms(&self) -> u64 {
        let doublings = self.quiet_looks.saturating_sub(QUIET_LOOKS).min(16);
        (self.config.pull_ms << doublings).min(SLOWEST_PULL_MS).max(self.config.pull_ms)
    }

    fn rest(&mut self, stage: Stage, ms: Option<u64>) -> Vec<Instruction> {
        self.stage = stage;
        let mut instructions = Vec::new();
        // S14: a client that waits longer than a minute holds no connection of a small pool.
        if self.is_connected && ms.is_none_or(|ms| ms > RELEASE_MS) {
            instructions.push(Instruction::Release { ms: RELEASE_MS });
        }
        self.is_stale = self.is_connected;
        instructions.extend(ms.map(|ms| Instruction::Sleep { ms }));
        instructions
    }

    /// S4: nothing that the server could still lose is stored here.
    fn flush_lsn(&self, observed: &Observed) -> Option<u64> {
        observed.lsn_to_await().filter(|_| self.config.guards.has(Guard::FlushWait))
    }

    fn succeeded(&mut self) {
        self.is_stale = false;
        self.backoff.reset();
        self.trouble = None;
    }

    fn failed(&mut self, kind: ErrorKind) -> Vec<Instruction> {
        let was_chunked = matches!(self.stage, Stage::Loading | Stage::CatchingUp);
        // S18: what takes longer than the server allows is read in pages.
        self.is_delta_slow |=
            kind == ErrorKind::Timeout && self.cut.as_ref().is_some_and(|cut| cut.is_reading);
        let was_stale = std::mem::take(&mut self.is_stale);
        self.cut = None;
        self.pending = None;
        self.lost();
        // S14: the server may close a connection that waits; that says nothing about the server.
        if kind == ErrorKind::Offline && was_stale && !self.is_paused {
            self.wants_pull = true;
            let mut instructions = vec![Instruction::Disconnect];
            instructions.extend(self.advance());
            return instructions;
        }
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
        let is_retried_smaller = kind == ErrorKind::Timeout && was_chunked && self.narrow();
        // S45: partitions came while rows were read; a cut sees which.
        let has_moved = kind == ErrorKind::Conflict;
        self.must_judge |= has_moved && self.position.cursor.is_some();
        let mut instructions = vec![Instruction::Disconnect];
        let trouble = Trouble { kind, message: None };
        instructions.extend(match kind.retry() {
            _ if self.is_paused => self.rest(Stage::Paused, None),
            _ if is_retried_smaller || has_moved => self.advance(),
            RetryPolicy::Backoff => self.wait(trouble),
            // The next cut judges the server anew and reads everything again if it must.
            RetryPolicy::Person | RetryPolicy::Never if kind == ErrorKind::Identity => {
                self.must_judge = true;
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
}

/// After so many looks that found nothing the pauses grow …
const QUIET_LOOKS: u32 = 30;
/// … up to this.
const SLOWEST_PULL_MS: u64 = 60_000;

/// A connection that nobody used for this long is given back.
const RELEASE_MS: u64 = 60_000;

/// Entries of the change log in a page.
const PAGE_WIDTH: Width = Width::new(5_000, 50, 5_000);

/// Rows of a chunk in key order: they are held in memory until the last key is known.
const KEY_WIDTH: Width = Width::new(2_000, 50, 20_000);
