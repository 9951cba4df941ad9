//! Everything around the engine: a primary, what of it is on disk, two standbys, writers, and misfortune.

use std::sync::Arc;

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;
use steward_core::sync::Observed;
use uuid::Uuid;

use super::super::script::{End, KEYS, Script, Step, Write, script};
use super::node::Node;

/// How many transactions may be open at once.
const SLOTS: usize = 4;

/// A transaction under way.
#[derive(Debug, Clone)]
struct Slot {
    /// Given out with the first write.
    xid: Option<u64>,
    script: Script,
    done: usize,
    is_prepared: bool,
}

/// A server that replays what the primary's disk has.
#[derive(Debug, Clone)]
struct Standby {
    node: Arc<Node>,
    start: u64,
}

/// How long things take, by the client's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Milliseconds of loading after which a cut is due.
    pub(super) cut_while_loading_ms: u64,
    /// Milliseconds of a chunk that has events, and of each of them: slow chunks become small.
    pub(super) events_ms: (u64, u64),
}

/// The servers and their writers.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) pace: Pace,
    primary: Arc<Node>,
    /// The primary as its disk has it: what a crash leaves, and what standbys get.
    durable: Arc<Node>,
    standbys: [Standby; 2],
    backup: Option<Arc<Node>>,
    /// Where clients get to: 0 the primary, else a standby.
    route: usize,
    slots: [Option<Slot>; SLOTS],
    starts: u64,
}

/// A running server, as a client finds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) node: &'a Arc<Node>,
    /// Which start of which server.
    pub(super) start: u64,
    /// How far the write-ahead log is on disk; none on a standby.
    pub(super) flush_lsn: Option<u64>,
}

impl Place<'_> {
    /// The head of a transaction there.
    pub(super) fn observe(&self) -> Observed {
        self.node.observe(self.start, self.flush_lsn)
    }
}

/// One event in the world, or one step of the engine.
#[derive(Debug, Clone)]
pub(super) enum Transition {
    /// A writer begins.
    Begin(usize, Script),
    /// A writer takes a step.
    Advance(usize),
    /// The write-ahead log reaches the disk.
    Flush,
    /// A standby gets what is on disk.
    Replicate(usize),
    /// Clients get to another node.
    Route(usize),
    /// The primary dies and starts again with what its disk has.
    Crash,
    /// A standby becomes the primary.
    Promote(usize),
    /// Somebody takes a backup.
    Backup,
    /// The primary is restored from it, and its owner says so.
    Restore,
    /// The log is pruned up to so many percent of the ids given out.
    Prune(u8),
    /// A partition goes or comes.
    TogglePart(usize),
    /// The engine carries out one instruction.
    Client,
    /// The engine's next instruction fails.
    Fail(u8),
    /// The engine's process dies.
    Kill,
    /// A person asks for a comparison.
    Verify,
    /// A person sets for how many days events are kept as rows.
    Keep(Option<u8>),
}

impl Pace {
    /// Slow chunks and cuts between them, which is where most goes wrong that can.
    pub(super) const STEADY: Self = Self { cut_while_loading_ms: 1_500, events_ms: (300, 400) };
}

impl World {
    fn new(next_xid: u64, pace: Pace) -> Self {
        let primary = Arc::new(Node::new(next_xid));
        Self {
            pace,
            durable: Arc::clone(&primary),
            standbys: [1, 2].map(|start| Standby { node: Arc::clone(&primary), start }),
            primary,
            backup: None,
            route: 0,
            slots: [const { None }; SLOTS],
            starts: 3,
        }
    }

    /// The node that clients get to.
    pub(super) fn node(&self) -> Place<'_> {
        match self.route {
            0 => Place { node: &self.primary, start: self.primary.start, flush_lsn: Some(self.durable.lsn) },
            standby => {
                let Standby { node, start } = &self.standbys[standby - 1];
                Place { node, start: *start, flush_lsn: None }
            }
        }
    }

    /// All writers end, everything is written down, clients get to the primary.
    pub(super) fn calm(&mut self) {
        for slot in 0..SLOTS {
            while self.slots[slot].is_some() {
                self.advance(slot);
            }
        }
        self.durable = Arc::clone(&self.primary);
        self.route = 0;
    }

    fn fresh_start(&mut self) -> u64 {
        self.starts += 1;
        self.starts
    }

    fn advance(&mut self, slot: usize) {
        let Some(mut work) = self.slots[slot].take() else { return };
        if let Some(step) = work.script.steps.get(work.done).cloned().filter(|_| !work.is_prepared) {
            work.done += 1;
            match step {
                Step::Write(write) => self.write(&mut work, write),
                Step::Savepoint { writes, is_kept } => {
                    if is_kept {
                        writes.into_iter().for_each(|write| self.write(&mut work, write));
                    }
                    if let Some(xid) = work.xid {
                        Arc::make_mut(&mut self.primary).subtransaction(xid, is_kept);
                    }
                }
                Step::Pause => {}
            }
            self.slots[slot] = Some(work);
            return;
        }
        let Some(xid) = work.xid else { return };
        match work.script.end {
            End::Commit { is_synchronous } => {
                Arc::make_mut(&mut self.primary).finish(xid, true);
                if is_synchronous {
                    self.durable = Arc::clone(&self.primary);
                }
            }
            End::Rollback => Arc::make_mut(&mut self.primary).finish(xid, false),
            End::Prepare { commits } if work.is_prepared => {
                Arc::make_mut(&mut self.primary).finish(xid, commits);
                self.durable = Arc::clone(&self.primary);
            }
            End::Prepare { .. } => {
                Arc::make_mut(&mut self.primary).lsn += 1;
                self.durable = Arc::clone(&self.primary);
                work.is_prepared = true;
                self.slots[slot] = Some(work);
            }
        }
    }

    fn write(&mut self, work: &mut Slot, write: Write) {
        let node = Arc::make_mut(&mut self.primary);
        let xid = *work.xid.get_or_insert_with(|| node.begin());
        // What would wait for somebody else is left out: the writer simply did something else.
        let _ = match write {
            Write::Put(table, key) => node.put(xid, table, i64::from(key)),
            Write::Delete(table, key) => node.delete(xid, table, i64::from(key)),
            Write::Move(table, from, to) => node.rename(xid, table, i64::from(from), i64::from(to)),
            Write::Burst(table, key) => {
                let put = (key % 7..KEYS).step_by(7).filter(|key| node.put(xid, table, i64::from(*key)));
                put.count() > 0
            }
            Write::Truncate(table) => node.truncate(xid, table),
        };
    }

    /// A server that starts on these files: open transactions are gone, prepared ones are not.
    fn started(&mut self, files: &Node) -> Node {
        let mut files = files.clone();
        files.start = self.fresh_start();
        let is_prepared =
            |xid: u64| self.slots.iter().flatten().any(|slot| slot.is_prepared && slot.xid == Some(xid));
        for xid in files.running() {
            if !is_prepared(xid) {
                files.finish(xid, false);
            }
        }
        files
    }

    /// The primary is another one now; writers whose transaction it does not know are gone.
    fn take_over(&mut self, primary: Node) {
        self.slots.iter_mut().for_each(|slot| {
            slot.take_if(|slot| !(slot.is_prepared && slot.xid.is_some_and(|xid| primary.runs(xid))));
        });
        self.primary = Arc::new(primary);
        self.durable = Arc::clone(&self.primary);
    }

    fn rebuild_standbys(&mut self) {
        for standby in 0..2 {
            let start = self.fresh_start();
            self.standbys[standby] = Standby { node: Arc::clone(&self.durable), start };
        }
    }

    fn restore(&mut self) {
        let Some(backup) = self.backup.clone() else { return };
        self.slots = [const { None }; SLOTS];
        let mut primary = self.started(&backup);
        let next = self.fresh_start();
        primary.identity.timeline = i32::try_from(next).expect("few starts");
        primary.identity.epoch = Uuid::from_u128(u128::from(next));
        self.take_over(primary);
        self.rebuild_standbys();
    }
}

fn transition() -> impl Strategy<Value = Transition> {
    prop_oneof![
        60 => Just(Transition::Client),
        20 => (0..SLOTS, script()).prop_map(|(slot, script)| Transition::Begin(slot, script)),
        60 => (0..SLOTS).prop_map(Transition::Advance),
        10 => Just(Transition::Flush),
        6 => (0_usize..2).prop_map(Transition::Replicate),
        2 => prop_oneof![3 => Just(0_usize), 1 => Just(1), 1 => Just(2)].prop_map(Transition::Route),
        2 => Just(Transition::Crash),
        1 => prop_oneof![
            (0_usize..2).prop_map(Transition::Promote),
            Just(Transition::Backup),
            Just(Transition::Restore),
        ],
        1 => (0_u8..=100).prop_map(Transition::Prune),
        1 => (0_usize..3).prop_map(Transition::TogglePart),
        2 => any::<u8>().prop_map(Transition::Fail),
        2 => Just(Transition::Kill),
        1 => Just(Transition::Verify),
        2 => prop::option::of(1_u8..20).prop_map(Transition::Keep),
    ]
}

/// The model of the servers; `WRAPS` begins just below where 32 bits end, `PACED` draws how long things take.
#[derive(Debug)]
pub(super) struct Servers<const WRAPS: bool, const PACED: bool>;

impl<const WRAPS: bool, const PACED: bool> ReferenceStateMachine for Servers<WRAPS, PACED> {
    type State = World;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<World> {
        let next_xid = if WRAPS { (1 << 32) - 25 } else { 700 };
        if !PACED {
            return Just(World::new(next_xid, Pace::STEADY)).boxed();
        }
        let pace = (prop_oneof![Just(1_500), Just(4_000), Just(20_000)], 0_u64..600, 0_u64..600);
        pace.prop_map(move |(cut_while_loading_ms, chunk_ms, row_ms)| {
            World::new(next_xid, Pace { cut_while_loading_ms, events_ms: (chunk_ms, row_ms) })
        })
        .boxed()
    }

    fn transitions(_: &World) -> BoxedStrategy<Transition> {
        // Built once: a case draws hundreds of times from it.
        thread_local! {
            static ALL: BoxedStrategy<Transition> = transition().boxed();
        }
        ALL.with(BoxedStrategy::clone)
    }

    fn apply(mut world: World, transition: &Transition) -> World {
        match transition {
            Transition::Begin(slot, script) => {
                if world.slots[*slot].is_none() {
                    let script = script.clone();
                    world.slots[*slot] = Some(Slot { xid: None, script, done: 0, is_prepared: false });
                }
            }
            Transition::Advance(slot) => world.advance(*slot),
            Transition::Flush => world.durable = Arc::clone(&world.primary),
            Transition::Replicate(standby) => {
                world.standbys[*standby].node = Arc::clone(&world.durable);
            }
            Transition::Route(route) => world.route = *route,
            Transition::Crash => {
                let files = Arc::clone(&world.durable);
                let primary = world.started(&files);
                world.take_over(primary);
            }
            Transition::Promote(standby) => {
                let files = Arc::clone(&world.standbys[*standby].node);
                let mut primary = world.started(&files);
                primary.identity.timeline = i32::try_from(world.fresh_start()).expect("few starts");
                world.take_over(primary);
                world.rebuild_standbys();
            }
            Transition::Backup => world.backup = Some(Arc::clone(&world.durable)),
            Transition::Restore => world.restore(),
            Transition::Prune(percent) => {
                let span = world.primary.last_xid() - world.primary.floor_xid;
                let before = world.primary.floor_xid + span * u64::from(*percent) / 100;
                Arc::make_mut(&mut world.primary).prune(before);
            }
            Transition::TogglePart(part) => Arc::make_mut(&mut world.primary).toggle_part(*part),
            Transition::Client
            | Transition::Fail(_)
            | Transition::Kill
            | Transition::Verify
            | Transition::Keep(_) => {}
        }
        world
    }
}
