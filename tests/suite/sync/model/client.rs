//! The engine's own machine over a model server and a copy in memory, one instruction at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use steward_core::sync::keep::{DAY_US, QUARTER_US};
use steward_core::sync::pace::Width;
use steward_core::sync::{
    Catalog, Chunk, ChunkEnd, Delta, Event, Guard, Guards, Instruction, Machine, MachineConfig, Occupied,
    Page, PageEnd, Position, Reach, Reload, RowWindow, Snapshot, Stage, Verdict, Window,
};
use steward_core::{Dataset, ErrorKind};

use super::node::{Node, Rows, time_of};
use super::world::{Pace, Place, World};

/// What would lie in the cache's file.
#[derive(Debug, Clone, Default)]
struct Copy {
    rows: BTreeMap<Dataset, Rows>,
    /// The sums of quarter-hours before the edge, by their starts.
    sums: Sums,
    position: Position,
    generation: u64,
}

/// How many events a quarter-hour has, and what they add up to.
type Sums = BTreeMap<i64, (u32, u64)>;

/// What a local transaction holds.
type Contents = (BTreeMap<Dataset, Rows>, Sums);

/// The sums of the events in a span of time.
fn sums_of(events: &Rows, start_us: i64, end_us: i64) -> Sums {
    let mut sums = Sums::new();
    for (key, value) in events {
        let at = time_of(*key);
        if (start_us..end_us).contains(&at) {
            let sum = sums.entry(quarter(at)).or_default();
            *sum = (sum.0 + 1, sum.1 + u64::from(*value));
        }
    }
    sums
}

fn quarter(at_us: i64) -> i64 {
    at_us.div_euclid(QUARTER_US) * QUARTER_US
}

fn replace(sums: &mut Sums, events: &Rows, start_us: i64, end_us: i64) {
    sums.retain(|start, _| !(start_us..end_us).contains(start));
    sums.extend(sums_of(events, start_us, end_us));
}

/// A cut under way.
#[derive(Debug)]
struct Cut {
    /// The server as the snapshot sees it.
    frozen: Arc<Node>,
    catalog: Catalog,
}

/// An engine and its copy.
#[derive(Debug)]
pub(super) struct Client {
    guards: Guards,
    pace: Pace,
    machine: Machine,
    copy: Copy,
    queue: VecDeque<Instruction>,
    /// The start of the server it is connected to.
    connection: Option<u64>,
    cut: Option<Cut>,
    /// The server as a look without a transaction found it.
    peeked: Option<Arc<Node>>,
    /// The local transaction under way.
    open: Option<Contents>,
    /// How often the instruction at hand found the server's log not written down.
    waits: u32,
    /// What a person wants to be kept as rows.
    keep: RowWindow,
    /// What the next instruction fails with.
    fault: Option<ErrorKind>,
    /// The oracle: what the server held at the copy's cursor.
    truth: BTreeMap<Dataset, Rows>,
}

/// Rows the server can send before its time limit.
const ROWS_IN_TIME: usize = 64;

/// Quarter-hours before the edge that are read again inside the cut.
const QUARTERS_AT_ONCE: usize = 2;

/// What an instruction came to.
type Outcome = Result<Option<Event>, ErrorKind>;

fn machine(position: Position, guards: Guards, keep: RowWindow, pace: Pace) -> Machine {
    let config = MachineConfig {
        pull_ms: 5_000,
        cut_while_loading_ms: pace.cut_while_loading_ms,
        contract_versions: 1..=1,
        keep,
        seed: 1,
        guards,
    };
    Machine::new(config, position)
}

/// The rows of every dataset.
fn everything(node: &Node) -> BTreeMap<Dataset, Rows> {
    Dataset::ALL.into_iter().map(|dataset| (dataset, node.rows(dataset))).collect()
}

impl Client {
    pub(super) fn new(guards: Guards, pace: Pace) -> Self {
        let copy = Copy::default();
        Self {
            guards,
            pace,
            machine: machine(Position::default(), guards, RowWindow::EVERYTHING, pace),
            copy,
            queue: VecDeque::new(),
            connection: None,
            cut: None,
            peeked: None,
            open: None,
            waits: 0,
            keep: RowWindow::EVERYTHING,
            fault: None,
            truth: BTreeMap::new(),
        }
    }

    /// The process dies and another one starts on its copy.
    pub(super) fn kill(&mut self) {
        self.machine = machine(self.copy.position.clone(), self.guards, self.keep, self.pace);
        self.queue.clear();
        self.break_off();
    }

    fn break_off(&mut self) {
        self.connection = None;
        self.cut = None;
        self.peeked = None;
        self.open = None;
        self.waits = 0;
    }

    /// The next instruction fails.
    pub(super) fn fail(&mut self, draw: u8) {
        self.fault =
            Some([ErrorKind::Offline, ErrorKind::Timeout, ErrorKind::LockTimeout][usize::from(draw % 3)]);
    }

    /// A person sets for how many days events are kept as rows.
    pub(super) fn keep(&mut self, days: Option<u32>) {
        self.keep = RowWindow { days, rows: None };
        self.machine.set_keep(self.keep);
    }

    /// A person asks for a comparison.
    pub(super) fn verify(&mut self) {
        let instructions = self.machine.push(Event::VerifyRequested);
        self.queue.extend(instructions);
    }

    /// Carries out one instruction.
    pub(super) fn step(&mut self, world: &World) {
        let Some(instruction) = self.queue.pop_front() else {
            let instructions = self.machine.push(Event::Wake { by_person: true });
            self.queue.extend(instructions);
            return;
        };
        let outcome = match self.fault.take() {
            Some(kind) if !matches!(instruction, Instruction::Disconnect | Instruction::Sleep { .. }) => {
                Err(kind)
            }
            Some(_) | None => self.carry_out(world, instruction),
        };
        let event = match outcome {
            Ok(None) => return,
            Ok(Some(event)) => {
                self.waits = 0;
                event
            }
            Err(kind) => {
                self.queue.clear();
                self.break_off();
                Event::Failed { kind }
            }
        };
        let instructions = self.machine.push(event);
        self.queue.extend(instructions);
    }

    fn carry_out(&mut self, world: &World, instruction: Instruction) -> Outcome {
        let place = world.node();
        match &instruction {
            Instruction::Connect => {
                self.connection = Some(place.start);
                return Ok(Some(Event::Connected));
            }
            Instruction::Disconnect => {
                self.break_off();
                return Ok(None);
            }
            Instruction::Sleep { .. } => return Ok(None),
            Instruction::Release { .. } => {
                self.break_off();
                return Ok(Some(Event::Released));
            }
            // The local commit needs nobody.
            Instruction::Commit { position } => return Ok(Some(self.commit(position))),
            Instruction::Compare => return Ok(Some(self.compare())),
            Instruction::Peek
            | Instruction::OpenCut { .. }
            | Instruction::ReadDelta { .. }
            | Instruction::AwaitFlush { .. }
            | Instruction::MeasureWindow { .. }
            | Instruction::ReadPage { .. }
            | Instruction::ReadChunk { .. } => {}
        }
        // A server that died, or another one behind the same name, ends the connection.
        if self.connection != Some(place.start) {
            return Err(ErrorKind::Offline);
        }
        match instruction {
            Instruction::Peek => {
                self.peeked = Some(Arc::clone(place.node));
                Ok(Some(Event::Peeked(Box::new(place.observe()))))
            }
            Instruction::OpenCut { .. } => self.open_cut(place),
            Instruction::ReadDelta { since, reach, .. } => self.read_delta(place.node, &since, reach),
            Instruction::AwaitFlush { lsn, keeps_cut, ack } => {
                if lsn > place.flush_lsn {
                    return self.wait(Instruction::AwaitFlush { lsn, keeps_cut, ack });
                }
                // This server takes no words, as one does where the login has no right to tell it any.
                Ok(Some(Event::Flushed { acked: None }))
            }
            Instruction::ReadPage { page } => self.read_page(place, page),
            Instruction::MeasureWindow { dataset, start_us, end_us, .. } => {
                let rows = place.node.rows(dataset);
                let times = rows.keys().map(|key| time_of(*key));
                let mut keys = times.filter(|at| (start_us..end_us).contains(at));
                let first = keys.next();
                let occupied = first.map_or(Occupied::Nowhere, |first_us| Occupied::Between {
                    first_us,
                    last_us: keys.next_back().unwrap_or(first_us),
                });
                Ok(Some(Event::WindowMeasured { occupied }))
            }
            Instruction::ReadChunk { dataset, chunk, width } => self.read_chunk(world, dataset, chunk, width),
            Instruction::Connect
            | Instruction::Disconnect
            | Instruction::Sleep { .. }
            | Instruction::Release { .. }
            | Instruction::Commit { .. }
            | Instruction::Compare => unreachable!("carried out above"),
        }
    }

    /// The instruction is tried again with the next step, a few times.
    fn wait(&mut self, instruction: Instruction) -> Outcome {
        self.waits += 1;
        if self.waits > 6 {
            return Err(ErrorKind::Timeout);
        }
        self.queue.push_front(instruction);
        Ok(None)
    }

    fn open_cut(&mut self, place: Place<'_>) -> Outcome {
        let node = place.node;
        self.peeked = None;
        if self.guards.has(Guard::TableLock) && super::TABLES.iter().any(|table| node.is_locked(*table)) {
            return Err(ErrorKind::LockTimeout);
        }
        let catalog = node.catalog();
        let observed = Box::new(place.observe());
        self.cut = Some(Cut { frozen: Arc::clone(node), catalog: catalog.clone() });
        Ok(Some(Event::CutOpened { observed, catalog: Box::new(catalog) }))
    }

    fn read_delta(&mut self, node: &Node, since: &Snapshot, reach: Reach) -> Outcome {
        let cut = self.cut.as_ref().expect("a cut is open");
        let read = |dataset| {
            // S1: who holds no lock finds the new, empty storage, whatever the snapshot says.
            if !self.guards.has(Guard::TableLock) && node.file(dataset) != cut.frozen.file(dataset) {
                return Rows::new();
            }
            cut.frozen.rows(dataset)
        };
        let tables: BTreeMap<Dataset, Rows> = [Dataset::Teams, Dataset::UsageCounters, Dataset::UsageEvents]
            .map(|dataset| (dataset, read(dataset)))
            .into();
        let (mut rows, mut sums) = (self.copy.rows.clone(), self.copy.sums.clone());
        let mut delta = Delta::default();
        let mut past = BTreeSet::new();
        for (dataset, key) in cut.frozen.logged(since, reach) {
            delta.is_empty = false;
            let local = rows.entry(dataset).or_default();
            match key {
                Some(key) if self.is_past(dataset, key) => {
                    past.insert(quarter(time_of(key)));
                    None
                }
                Some(key) => match tables[&dataset].get(&key) {
                    Some(value) => local.insert(key, *value),
                    None => local.remove(&key),
                },
                None => {
                    let oid = cut.catalog.tables[&dataset].oid;
                    if let Some((dataset, reload)) = cut.catalog.truncated(oid) {
                        delta.reloads.insert(dataset, reload);
                    }
                    None
                }
            };
        }
        let events = rows.entry(Dataset::UsageEvents).or_default();
        for (key, value) in cut.frozen.written(since, reach) {
            delta.is_empty = false;
            if self.is_past(Dataset::UsageEvents, key) {
                past.insert(quarter(time_of(key)));
            } else if tables[&Dataset::UsageEvents].contains_key(&key) {
                events.insert(key, value);
            }
        }
        match days_of(&past) {
            Some(reload) => reload.join_into(&mut delta.reloads, Dataset::UsageEvents),
            None => past.into_iter().for_each(|start| {
                replace(&mut sums, &tables[&Dataset::UsageEvents], start, start + QUARTER_US);
            }),
        }
        self.open = Some((rows, sums));
        Ok(Some(Event::DeltaRead(delta)))
    }

    /// S18: what is left of the log below the horizon, or of rows written since; a page here holds all of it.
    fn read_page(&mut self, place: Place<'_>, page: Page) -> Outcome {
        let node = place.node;
        if self.guards.has(Guard::TableLock) && super::TABLES.iter().any(|table| node.is_locked(*table)) {
            return Err(ErrorKind::LockTimeout);
        }
        let observed = place.observe();
        let position = self.machine.position().clone();
        match position.judge(position.cursor.as_ref().expect("pages have a cursor"), &observed) {
            Verdict::Continues => {}
            Verdict::Behind => return Err(ErrorKind::Timeout),
            Verdict::ReloadAll(_) => return Err(ErrorKind::Identity),
        }
        let must_wait =
            self.guards.has(Guard::FlushWait) && place.flush_lsn.is_some_and(|flushed| node.lsn > flushed);
        if must_wait {
            return self.wait(Instruction::ReadPage { page });
        }
        let since = position.catch_up.as_ref().expect("pages have a beginning").since.clone();
        let catalog = node.catalog();
        let mut end = PageEnd::default();
        let mut past = BTreeSet::new();
        let edge_us = position.edge.from_us.unwrap_or(i64::MIN);
        match &page {
            Page::Log { .. } => {
                for (dataset, key) in node.logged(&since.snapshot, since.reach) {
                    let rows = node.rows(dataset);
                    let local = self.copy.rows.entry(dataset).or_default();
                    match key {
                        Some(key) if dataset == Dataset::UsageEvents && time_of(key) < edge_us => {
                            past.insert(quarter(time_of(key)));
                            None
                        }
                        Some(key) => match rows.get(&key) {
                            Some(value) => local.insert(key, *value),
                            None => local.remove(&key),
                        },
                        None => {
                            if let Some((dataset, reload)) = catalog.truncated(catalog.tables[&dataset].oid) {
                                end.reloads.insert(dataset, reload);
                            }
                            None
                        }
                    };
                }
            }
            Page::Rows { dataset: Dataset::UsageEvents, .. } => {
                let local = self.copy.rows.entry(Dataset::UsageEvents).or_default();
                let written = node.written(&since.snapshot, since.reach);
                past.extend(written.keys().map(|key| time_of(*key)).filter(|at| *at < edge_us).map(quarter));
                local.extend(written.into_iter().filter(|(key, _)| time_of(*key) >= edge_us));
            }
            Page::Rows { .. } => {}
        }
        match days_of(&past) {
            Some(reload) => reload.join_into(&mut end.reloads, Dataset::UsageEvents),
            None => past.into_iter().for_each(|start| {
                replace(&mut self.copy.sums, &node.rows(Dataset::UsageEvents), start, start + QUARTER_US);
            }),
        }
        let next = position.after_page(&page, end, &observed, &catalog);
        self.copy.position = next.clone();
        self.copy.generation += 1;
        Ok(Some(Event::PageDone { position: Box::new(next), elapsed_ms: 400 }))
    }

    /// S9: rows and position are one, and the generation rises by one.
    fn commit(&mut self, position: &Position) -> Event {
        let here = || (self.copy.rows.clone(), self.copy.sums.clone());
        let (mut rows, mut sums) = self.open.take().unwrap_or_else(here);
        if let Some(edge_us) = position.edge.from_us {
            // S40: rows go, their sums stay.
            let events = rows.entry(Dataset::UsageEvents).or_default();
            let old_us = self.copy.position.edge.from_us.unwrap_or(i64::MIN);
            assert!(old_us <= edge_us, "I4: the edge moves back with rows only");
            sums.extend(sums_of(events, old_us, edge_us));
            events.retain(|key, _| time_of(*key) >= edge_us);
        }
        self.copy = Copy { rows, sums, position: position.clone(), generation: self.copy.generation + 1 };
        // What the copy is called equal to: the cut, or what a look found unchanged since.
        if let Some(node) = self.cut.take().map(|cut| cut.frozen).or(self.peeked.take()) {
            self.truth = everything(&node);
        }
        Event::Committed
    }

    fn read_chunk(&mut self, world: &World, dataset: Dataset, chunk: Chunk, mut width: Width) -> Outcome {
        let place = world.node();
        let node = place.node;
        if self.guards.has(Guard::TableLock) && super::TABLES.iter().any(|table| node.is_locked(*table)) {
            return Err(ErrorKind::LockTimeout);
        }
        let observed = place.observe();
        let position = self.machine.position().clone();
        match position.judge(position.cursor.as_ref().expect("a load has a cursor"), &observed) {
            Verdict::Continues => {}
            Verdict::Behind => return Err(ErrorKind::Timeout),
            Verdict::ReloadAll(_) => return Err(ErrorKind::Identity),
        }
        let must_wait =
            self.guards.has(Guard::FlushWait) && place.flush_lsn.is_some_and(|flushed| node.lsn > flushed);
        if must_wait {
            return self.wait(Instruction::ReadChunk { dataset, chunk, width });
        }
        // S45
        let known = &position.cursor.as_ref().expect("a load has a cursor").catalog;
        if !known.knows(node.catalog().parts()) {
            return Err(ErrorKind::Conflict);
        }
        let all = node.rows(dataset);
        let mut end = ChunkEnd::default();
        let edge_us = position.edge.from_us.unwrap_or(i64::MIN);
        if let Chunk::Sums { start_us, end_us } = chunk {
            let is_whole = |at: i64| at == i64::MIN || at % QUARTER_US == 0;
            assert!(end_us <= edge_us && is_whole(start_us) && is_whole(end_us), "S41: {chunk:?} {edge_us}");
            replace(&mut self.copy.sums, &all, start_us, end_us);
            end.row_count = self.copy.sums.range(start_us..end_us).count() as u64;
        }
        let (from, upto, fetched): (i64, i64, Rows) = match &chunk {
            Chunk::Keys { after, limit, .. } => {
                let from = after.as_ref().map_or(i64::MIN, |after| key_of(after) + 1);
                let limit = usize::try_from(*limit).expect("a small number");
                let fetched: Rows =
                    all.range(from..).take(limit).map(|(key, value)| (*key, *value)).collect();
                end.last_key = fetched.keys().next_back().map(|key| json!({ "id": key }));
                let is_full = fetched.len() >= limit;
                let upto = fetched.keys().next_back().filter(|_| is_full).map_or(i64::MAX, |key| key + 1);
                (from, upto, fetched)
            }
            Chunk::Time { start_us, end_us } => {
                assert!(*end_us >= edge_us, "S40: rows join those that are there");
                let within = |key: &i64| (*start_us..*end_us).contains(&time_of(*key));
                self.copy.sums.retain(|start, _| start < start_us);
                let events = self.copy.rows.entry(dataset).or_default();
                events.retain(|key, _| !within(key));
                (0, 0, all.into_iter().filter(|(key, _)| within(key)).collect())
            }
            Chunk::Sums { .. } => (0, 0, Rows::new()),
        };
        // The server's time limit: S11 makes chunks smaller until they fit, so that loads have several.
        if matches!(chunk, Chunk::Keys { .. }) && fetched.len() > ROWS_IN_TIME {
            return Err(ErrorKind::Timeout);
        }
        end.row_count += fetched.len() as u64;
        let row_count = end.row_count;
        let local = self.copy.rows.entry(dataset).or_default();
        local.retain(|key, _| *key < from || *key >= upto);
        local.extend(fetched);
        let next = position.after_chunk(dataset, &chunk, end, &observed);
        self.copy.position = next.clone();
        self.copy.generation += 1;
        // Slow, so that chunks become small and cuts fall between them; but days without rows are skipped.
        let (chunk_ms, row_ms) = self.pace.events_ms;
        let events_ms = row_count.min(1) * chunk_ms + row_ms * row_count;
        let elapsed_ms = if dataset == Dataset::UsageEvents { events_ms } else { 1_000 };
        width.learn(&chunk, elapsed_ms, row_count);
        Ok(Some(Event::ChunkDone { position: Box::new(next), elapsed_ms, width }))
    }

    fn compare(&mut self) -> Event {
        let mut drift = BTreeMap::new();
        for dataset in Dataset::ALL {
            if self.differs(dataset, &self.truth[&dataset]) {
                drift.insert(dataset, Reload::whole("It differs."));
            }
        }
        assert!(drift.is_empty(), "I12: with this log a difference is a bug: {drift:?}");
        Event::Compared { drift }
    }

    /// I1, I4 and I5, at every moment.
    pub(super) fn check(&self) {
        let stored = &self.copy.position;
        let held = self.machine.position();
        assert_eq!(
            (&stored.cursor, &stored.settled, stored.cut_count),
            (&held.cursor, &held.settled, held.cut_count),
            "I4: the machine thinks of nothing that is not stored"
        );
        for dataset in &stored.settled {
            assert!(!stored.loads.contains_key(dataset), "I5: {dataset:?} is still read and not consistent");
            let (rows, truth) = (self.rows(*dataset), &self.truth[dataset]);
            assert!(
                !self.differs(*dataset, truth),
                "I1: {dataset:?} equals the server at the cursor\n{rows:?}\n{:?}\n{truth:?}",
                self.copy.sums
            );
        }
        let is_whole = Dataset::ALL.iter().all(|dataset| stored.settled.contains(dataset));
        assert_eq!(stored.is_consistent(), is_whole, "I5: consistent means every dataset");
    }

    /// I6: when the writers stop, the copy becomes equal to the server within a bounded number of steps.
    pub(super) fn converge(&mut self, world: &World) {
        self.fault = None;
        let mut looks = 0;
        for _ in 0..2_000 {
            self.step(world);
            self.check();
            let is_resting = self.queue.is_empty() && self.machine.stage() == Stage::Idle;
            if is_resting && self.copy.position.is_consistent() {
                looks += 1;
                // The first rest may be that of a look that was already under way.
                if looks == 2 {
                    for (dataset, rows) in everything(world.node().node) {
                        assert!(!self.differs(dataset, &rows), "I6: {dataset:?} equals the server");
                    }
                    return;
                }
            }
        }
        panic!("I6: no rest after 2,000 steps: {:?} {:?}", self.machine, self.queue);
    }

    /// Whether a key is one of a time that is kept as sums.
    fn is_past(&self, dataset: Dataset, key: i64) -> bool {
        let edge_us = self.copy.position.edge.from_us.unwrap_or(i64::MIN);
        dataset == Dataset::UsageEvents && time_of(key) < edge_us
    }

    /// Whether the copy of a dataset is another one than what the server has: rows from the edge on, sums
    /// before it, and nothing of both.
    fn differs(&self, dataset: Dataset, truth: &Rows) -> bool {
        if dataset != Dataset::UsageEvents {
            return self.rows(dataset) != truth;
        }
        let edge_us = self.copy.position.edge.from_us.unwrap_or(i64::MIN);
        let recent: Rows = truth
            .iter()
            .filter(|(key, _)| time_of(**key) >= edge_us)
            .map(|(key, value)| (*key, *value))
            .collect();
        self.rows(dataset) != &recent || self.copy.sums != sums_of(truth, i64::MIN, edge_us)
    }

    fn rows(&self, dataset: Dataset) -> &Rows {
        static NONE: Rows = Rows::new();
        self.copy.rows.get(&dataset).unwrap_or(&NONE)
    }

    /// Commits so far.
    pub(super) fn generation(&self) -> u64 {
        self.copy.generation
    }
}

/// The days of quarter-hours that are too many for one cut.
fn days_of(quarters: &BTreeSet<i64>) -> Option<Reload> {
    (quarters.len() > QUARTERS_AT_ONCE).then(|| {
        let days = quarters.iter().map(|start| start.div_euclid(DAY_US) * DAY_US);
        Reload::windows("Much changed.", days.map(|day| Window::new(day, day + DAY_US)).collect())
    })
}

fn key_of(key: &Value) -> i64 {
    key["id"].as_i64().expect("keys are numbers")
}
