//! The engine's own machine over a model server and a copy in memory, one instruction at a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use steward_core::sync::{
    Catalog, Chunk, ChunkEnd, Delta, Event, Guard, Guards, Instruction, Machine, MachineConfig, Occupied,
    Page, PageEnd, Position, Reach, Reload, Snapshot, Stage, Verdict,
};
use steward_core::{Dataset, ErrorKind};

use super::node::{Node, Rows};
use super::world::{Place, World};

/// What would lie in the cache's file.
#[derive(Debug, Clone, Default)]
struct Copy {
    rows: BTreeMap<Dataset, Rows>,
    position: Position,
    generation: u64,
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
    machine: Machine,
    copy: Copy,
    queue: VecDeque<Instruction>,
    /// The start of the server it is connected to.
    connection: Option<u64>,
    cut: Option<Cut>,
    /// The server as a look without a transaction found it.
    peeked: Option<Arc<Node>>,
    /// The local transaction under way.
    open: Option<BTreeMap<Dataset, Rows>>,
    /// How often the instruction at hand found the server's log not written down.
    waits: u32,
    /// What the next instruction fails with.
    fault: Option<ErrorKind>,
    /// The oracle: what the server held at the copy's cursor.
    truth: BTreeMap<Dataset, Rows>,
}

/// Rows the server can send before its time limit.
const ROWS_IN_TIME: usize = 64;

/// What an instruction came to.
type Outcome = Result<Option<Event>, ErrorKind>;

fn machine(position: Position, guards: Guards) -> Machine {
    let config = MachineConfig {
        pull_ms: 5_000,
        cut_while_loading_ms: 20_000,
        contract_versions: 1..=1,
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
    pub(super) fn new(guards: Guards) -> Self {
        let copy = Copy::default();
        Self {
            guards,
            machine: machine(Position::default(), guards),
            copy,
            queue: VecDeque::new(),
            connection: None,
            cut: None,
            peeked: None,
            open: None,
            waits: 0,
            fault: None,
            truth: BTreeMap::new(),
        }
    }

    /// The process dies and another one starts on its copy.
    pub(super) fn kill(&mut self) {
        self.machine = machine(self.copy.position.clone(), self.guards);
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
                let mut keys = rows.range(start_us..end_us).map(|(key, _)| *key);
                let first = keys.next();
                let occupied = first.map_or(Occupied::Nowhere, |first_us| Occupied::Between {
                    first_us,
                    last_us: keys.next_back().unwrap_or(first_us),
                });
                Ok(Some(Event::WindowMeasured { occupied }))
            }
            Instruction::ReadChunk { dataset, chunk } => self.read_chunk(world, dataset, chunk),
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
        let mut rows = self.copy.rows.clone();
        let mut delta = Delta::default();
        for (dataset, key) in cut.frozen.logged(since, reach) {
            delta.is_empty = false;
            let local = rows.entry(dataset).or_default();
            match key {
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
            if tables[&Dataset::UsageEvents].contains_key(&key) {
                events.insert(key, value);
            }
        }
        self.open = Some(rows);
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
        match &page {
            Page::Log { .. } => {
                for (dataset, key) in node.logged(&since.snapshot, since.reach) {
                    let rows = node.rows(dataset);
                    let local = self.copy.rows.entry(dataset).or_default();
                    match key {
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
                local.extend(node.written(&since.snapshot, since.reach));
            }
            Page::Rows { .. } => {}
        }
        let next = position.after_page(&page, end, &observed, &catalog);
        self.copy.position = next.clone();
        self.copy.generation += 1;
        Ok(Some(Event::PageDone { position: Box::new(next), elapsed_ms: 400 }))
    }

    /// S9: rows and position are one, and the generation rises by one.
    fn commit(&mut self, position: &Position) -> Event {
        self.copy = Copy {
            rows: self.open.take().unwrap_or_else(|| self.copy.rows.clone()),
            position: position.clone(),
            generation: self.copy.generation + 1,
        };
        // What the copy is called equal to: the cut, or what a look found unchanged since.
        if let Some(node) = self.cut.take().map(|cut| cut.frozen).or(self.peeked.take()) {
            self.truth = everything(&node);
        }
        Event::Committed
    }

    fn read_chunk(&mut self, world: &World, dataset: Dataset, chunk: Chunk) -> Outcome {
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
            return self.wait(Instruction::ReadChunk { dataset, chunk });
        }
        let all = node.rows(dataset);
        let mut end = ChunkEnd::default();
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
                let fetched = all.range(*start_us..*end_us).map(|(key, value)| (*key, *value)).collect();
                (*start_us, *end_us, fetched)
            }
        };
        // The server's time limit: S11 makes chunks smaller until they fit, so that loads have several.
        if matches!(chunk, Chunk::Keys { .. }) && fetched.len() > ROWS_IN_TIME {
            return Err(ErrorKind::Timeout);
        }
        end.row_count = fetched.len() as u64;
        let row_count = end.row_count;
        let local = self.copy.rows.entry(dataset).or_default();
        local.retain(|key, _| *key < from || *key >= upto);
        local.extend(fetched);
        let next = position.after_chunk(dataset, &chunk, end, &observed);
        self.copy.position = next.clone();
        self.copy.generation += 1;
        // Slow, so that chunks become small and cuts fall between them.
        Ok(Some(Event::ChunkDone { position: Box::new(next), chunk_count: 1, elapsed_ms: 5_000, row_count }))
    }

    fn compare(&mut self) -> Event {
        let mut drift = BTreeMap::new();
        for dataset in Dataset::ALL {
            if self.rows(dataset) != &self.truth[&dataset] {
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
            assert!(rows == truth, "I1: {dataset:?} equals the server at the cursor\n{rows:?}\n{truth:?}");
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
                        assert_eq!(self.rows(dataset), &rows, "I6: {dataset:?} equals the server");
                    }
                    return;
                }
            }
        }
        panic!("I6: no rest after 2,000 steps: {:?} {:?}", self.machine, self.queue);
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

fn key_of(key: &Value) -> i64 {
    key["id"].as_i64().expect("keys are numbers")
}
