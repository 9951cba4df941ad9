//! The machine within a cut: whether the server continues the copy, what to read, what to store.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng as _;
use uuid::Uuid;

use super::{Cut, Machine, Move, Seen, Stage, Trouble};
use crate::dataset::Dataset;
use crate::error::ErrorKind;
use crate::sync::ack::{AckChain, Acked};
use crate::sync::catalog::{Catalog, Reload};
use crate::sync::catch_up::{CatchUp, Since};
use crate::sync::cursor::{Cursor, Observed, Position, Verdict};
use crate::sync::event::Delta;
use crate::sync::guard::Guard;
use crate::sync::instruction::{Instruction, Reach};
use crate::sync::load::Load;

impl Machine {
    /// Whether nothing has happened since this connection last looked: then no table has to be read (S17).
    pub(super) fn peeked(&mut self, observed: Observed) -> Vec<Instruction> {
        let is_quiet = match (&mut self.seen, &self.position.cursor) {
            (Some(seen), Some(cursor)) if seen.shows(&observed) && !cursor.is_due(&observed) => {
                let is_quiet = self.position.judge(cursor, &observed) == Verdict::Continues;
                if is_quiet {
                    seen.snapshot = observed.snapshot;
                }
                is_quiet
            }
            (Some(_) | None, _) => false,
        };
        if !is_quiet || !self.config.contract_versions.contains(&observed.contract_version) {
            return self.open_cut();
        }
        let mut next = self.position.clone();
        if let Some(cursor) = &mut next.cursor {
            cursor.as_of = observed.as_of;
        }
        if self.move_edge(&mut next, observed.as_of, Move::Both) && !next.is_consistent() {
            // Rows that are about to be read are newer than what was seen.
            self.seen = None;
        }
        self.quiet_looks = self.quiet_looks.saturating_add(1);
        self.commit(next)
    }

    pub(super) fn commit(&mut self, next: Position) -> Vec<Instruction> {
        self.pending = Some(next.clone());
        vec![Instruction::Commit { position: Box::new(next) }]
    }

    pub(super) fn judge(&mut self, observed: Observed, catalog: Catalog) -> Vec<Instruction> {
        self.must_judge = false;
        let versions = &self.config.contract_versions;
        if observed.contract_version < *versions.start() {
            return self.failed(ErrorKind::SchemaOlder);
        }
        if observed.contract_version > *versions.end() {
            return self.failed(ErrorKind::SchemaNewer);
        }
        let verdict = match (&self.restart, &self.position.cursor) {
            (Some(_), _) | (None, None) => None,
            (None, Some(cursor)) => Some((self.position.judge(cursor, &observed), cursor)),
        };
        let mut reloads = BTreeMap::new();
        let next = match verdict {
            None => Next::Start,
            Some((Verdict::Behind, _)) => {
                self.lost();
                let mut instructions = self.wait(Trouble {
                    kind: ErrorKind::Timeout,
                    message: Some("This standby is behind what the copy already holds."),
                });
                instructions.insert(0, Instruction::Disconnect);
                return instructions;
            }
            Some((Verdict::ReloadAll(reason), _)) => {
                self.restart = Some(Some(reason));
                Next::Start
            }
            Some((Verdict::Continues, cursor)) => {
                reloads = cursor.catalog.reloads(&catalog);
                // S17: transactions of our own change nothing that is read here.
                let seen =
                    self.seen.as_ref().filter(|seen| seen.node == observed.node && !observed.is_standby);
                let is_quiet = seen.is_some_and(|seen| seen.shows(&observed)) && reloads.is_empty();
                if is_quiet && !self.wants_scrub {
                    Next::Nothing
                } else {
                    let reach = Reach::between(cursor.is_standby || observed.is_standby, self.config.guards);
                    // S18: pages reach up to the oldest transaction that runs, so one that was running at the
                    // cursor already leaves them nothing to read.
                    let may_page = observed.snapshot.xmin() > cursor.snapshot.xmin();
                    if may_page && self.is_delta_slow {
                        Next::Pages
                    } else {
                        let since = seen.map_or(&cursor.snapshot, |seen| &seen.snapshot).clone();
                        Next::Delta(Instruction::ReadDelta { since, reach, may_page })
                    }
                }
            }
        };
        let lsn = self.flush_lsn(&observed);
        self.cut = Some(Cut {
            observed,
            catalog,
            reloads,
            is_start: matches!(next, Next::Start),
            compares: false,
            is_empty: false,
            is_reading: matches!(next, Next::Delta(_)),
            is_long: false,
            acked: None,
        });
        match next {
            Next::Start => vec![Instruction::AwaitFlush { lsn, keeps_cut: false, ack: None }],
            Next::Delta(instruction) => vec![instruction],
            Next::Pages => self.delta_read(Delta { is_long: true, ..Delta::default() }),
            Next::Nothing => self.delta_read(Delta::default()),
        }
    }

    pub(super) fn delta_read(&mut self, delta: Delta) -> Vec<Instruction> {
        let is_loaded = self.position.loads.is_empty();
        let wants_verify = self.wants_verify;
        let Some(cut) = &mut self.cut else { return self.failed(ErrorKind::Internal) };
        for (dataset, reload) in delta.reloads {
            reload.join_into(&mut cut.reloads, dataset);
        }
        cut.is_reading = false;
        cut.is_long = delta.is_long;
        cut.compares = wants_verify && is_loaded && cut.reloads.is_empty() && !cut.is_long;
        // S17: where nothing is new the cursor stays, so there is nothing to wait for.
        cut.is_empty = !cut.is_long
            && cut.reloads.is_empty()
            && delta.is_empty
            && self.position.cursor.as_ref().is_some_and(|cursor| {
                cursor.catalog == cut.catalog && !cut.observed.is_standby && !cursor.is_due(&cut.observed)
            });
        let (is_empty, keeps_cut) = (cut.is_empty, cut.compares);
        let may_tell = !is_empty && !keeps_cut && !cut.observed.is_standby;
        let lsn = self.cut.as_ref().filter(|_| !is_empty).and_then(|cut| self.flush_lsn(&cut.observed));
        let ack = self.position.ack.clone().filter(|_| may_tell && self.config.guards.has(Guard::FlushWait));
        vec![Instruction::AwaitFlush { lsn, keeps_cut, ack }]
    }

    pub(super) fn store(&mut self, acked: Option<Acked>) -> Vec<Instruction> {
        let Some(cut) = &mut self.cut else { return self.failed(ErrorKind::Internal) };
        let mut next = self.position.clone();
        cut.acked = acked;
        next.ack = match (next.ack.take(), acked) {
            (Some(chain), Some(acked)) => Some(chain.told(acked)),
            // S20: after a new beginning the server has been told nothing.
            (Some(chain), None) if !cut.is_start => Some(chain),
            (Some(_) | None, _) => {
                let mut word = || Uuid::from_u128(self.random.random());
                Some(AckChain::new(word(), word()))
            }
        };
        if cut.is_long
            && let Some(cursor) = &next.cursor
        {
            let reach = Reach::between(cursor.is_standby || cut.observed.is_standby, self.config.guards);
            let since = Since { snapshot: cursor.snapshot.clone(), reach };
            next.catch_up = Some(CatchUp::new(since, &cut.observed, &cut.catalog));
            next.settled = BTreeSet::new();
            return self.commit(next);
        }
        next.catch_up = None;
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
        let (as_of, is_start) = (cut.observed.as_of, cut.is_start);
        if self.position.catch_up.is_none() {
            // A new beginning reads everything as what it shall be, older rows among it.
            self.move_edge(&mut next, as_of, Move::Both);
        }
        let Some(cut) = &mut self.cut else { return self.failed(ErrorKind::Internal) };
        next.settled = if is_start {
            BTreeSet::new()
        } else {
            Dataset::ALL.into_iter().filter(|dataset| !next.loads.contains_key(dataset)).collect()
        };
        match &mut next.cursor {
            Some(cursor) if cut.is_empty => cursor.as_of = cut.observed.as_of,
            cursor => {
                *cursor = Some(Cursor::new(cut.observed.clone(), cut.catalog.clone()));
                next.reached = None;
            }
        }
        self.commit(next)
    }

    pub(super) fn committed(&mut self) -> Vec<Instruction> {
        let Some(position) = self.pending.take() else { return self.failed(ErrorKind::Internal) };
        self.position = position;
        self.loading_ms = 0;
        self.succeeded();
        // A commit without a cut only stores what a comparison found.
        let Some(cut) = self.cut.take() else { return self.advance() };
        if cut.is_start {
            self.restart = None;
        }
        // A load that is left reads newer rows than the cut, so only a whole copy equals what was seen.
        self.seen = (!cut.observed.is_standby && self.position.is_consistent()).then(|| Seen {
            snapshot: cut.observed.snapshot.clone(),
            node: cut.observed.node.clone(),
            own: cut.acked.iter().map(|acked| acked.xid).collect(),
        });
        self.is_delta_slow = false;
        self.quiet_looks = if cut.is_empty { self.quiet_looks.saturating_add(1) } else { 0 };
        if cut.compares {
            self.stage = Stage::Comparing;
            return vec![Instruction::Compare];
        }
        self.advance()
    }

    pub(super) fn compared(&mut self, drift: BTreeMap<Dataset, Reload>) -> Vec<Instruction> {
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
        self.commit(next)
    }
}

/// What a cut does after its head was judged.
enum Next {
    Start,
    Delta(Instruction),
    Pages,
    Nothing,
}

impl Seen {
    /// Whether the copy, equal to what was seen, equals this snapshot too.
    fn shows(&self, observed: &Observed) -> bool {
        // S5: a standby's snapshot does not tell what has ended.
        !observed.is_standby
            && self.node == observed.node
            && self.snapshot.is_followed_only_by(&observed.snapshot, &self.own)
    }
}
