//! A PostgreSQL server by the book, in memory: transactions, snapshots, a change log, storage that is not
//! MVCC-safe.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use steward_core::Dataset;
use steward_core::sync::keep::{DAY_US, QUARTER_US};
use steward_core::sync::{Catalog, Identity, Observed, Reach, Snapshot, TablePart, TablePrint};

use super::super::script::Table;

/// The rows of one table: what is stored under each key.
pub(super) type Rows = BTreeMap<i64, u32>;

/// Three partitions of the events, by their first key and the first beyond.
pub(super) const PARTS: [(i64, i64); 3] = [(0, 24), (24, 48), (48, 72)];

/// When the event of a key happened, in microseconds since 1970: four a day, three of them in one quarter-hour.
pub(super) fn time_of(key: i64) -> i64 {
    key.div_euclid(4) * DAY_US + key.rem_euclid(4) * (QUARTER_US / 3)
}

/// A row as one transaction left it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    by: u64,
    /// None where it was deleted.
    row: Option<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    value: u32,
    /// The transaction that inserted it, as the events carry it.
    tx: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    xid: u64,
    table: Table,
    /// None for a TRUNCATE.
    key: Option<i64>,
}

#[derive(Debug, Clone, Default)]
struct Storage {
    /// Changes with every TRUNCATE, like `relfilenode`.
    file: u32,
    rows: BTreeMap<i64, Vec<Version>>,
    /// What a TRUNCATE that is still open will have removed; until it ends the table is locked for all.
    emptied: Option<(u64, Box<Storage>)>,
    /// Rows of partitions that are detached, by partition.
    detached: BTreeMap<usize, BTreeMap<i64, Vec<Version>>>,
    /// How often a partition was attached: a part of its fingerprint.
    attached: [u32; 3],
}

/// One running server.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) identity: Identity,
    /// Which start of the primary.
    pub(super) start: u64,
    pub(super) lsn: u64,
    pub(super) floor_xid: u64,
    next_xid: u64,
    latest_completed: u64,
    /// Open transactions, with the highest id among each one's subtransactions.
    running: BTreeMap<u64, u64>,
    next_file: u32,
    next_value: u32,
    log: Vec<Entry>,
    tables: BTreeMap<Table, Storage>,
}

impl Node {
    /// A server with some rows, whose next transaction has this id.
    pub(super) fn new(next_xid: u64) -> Self {
        let mut node = Self {
            identity: Identity { epoch: uuid::Uuid::nil(), system_identifier: 7, timeline: 1 },
            start: 0,
            lsn: 1,
            floor_xid: 1,
            next_xid,
            latest_completed: next_xid - 1,
            running: BTreeMap::new(),
            next_file: 1,
            next_value: 1,
            log: Vec::new(),
            tables: Table::ALL.into_iter().map(|table| (table, Storage::default())).collect(),
        };
        let xid = node.begin();
        for key in 0..i64::from(super::super::script::KEYS) {
            assert!(node.put(xid, Table::Teams, key));
            assert!(key % 3 != 0 || node.put(xid, Table::Events, key));
        }
        node.finish(xid, true);
        node.log.clear();
        node
    }

    /// Gives out the id of a transaction that writes.
    pub(super) fn begin(&mut self) -> u64 {
        let xid = self.next_xid;
        self.next_xid += 1;
        self.lsn += 1;
        self.running.insert(xid, xid);
        xid
    }

    /// Gives out the id of a subtransaction; one that is rolled back completes at once.
    pub(super) fn subtransaction(&mut self, xid: u64, is_kept: bool) {
        let sub = self.next_xid;
        self.next_xid += 1;
        self.lsn += 1;
        if is_kept {
            self.running.insert(xid, sub);
        } else {
            self.latest_completed = self.latest_completed.max(sub);
        }
    }

    /// Ends a transaction.
    pub(super) fn finish(&mut self, xid: u64, commits: bool) {
        let Some(last_sub) = self.running.remove(&xid) else { return };
        self.lsn += 1;
        self.latest_completed = self.latest_completed.max(last_sub);
        for storage in self.tables.values_mut() {
            if let Some((by, old)) = storage.emptied.take() {
                if by != xid {
                    storage.emptied = Some((by, old));
                } else if !commits {
                    *storage = *old;
                }
            }
            if !commits {
                for rows in storage.everywhere() {
                    rows.values_mut().for_each(|versions| versions.retain(|version| version.by != xid));
                }
            }
            let running = &self.running;
            for rows in storage.everywhere() {
                rows.retain(|_, versions| {
                    vacuum(versions, running);
                    !versions.is_empty()
                });
            }
        }
        if !commits {
            self.log.retain(|entry| entry.xid != xid);
        }
    }

    /// Whether a transaction is open.
    pub(super) fn runs(&self, xid: u64) -> bool {
        self.running.contains_key(&xid)
    }

    /// The open transactions.
    pub(super) fn running(&self) -> Vec<u64> {
        self.running.keys().copied().collect()
    }

    /// The snapshot taken now, as `pg_current_snapshot()` of a primary shows it.
    fn snapshot(&self, is_standby: bool) -> Snapshot {
        let xmax = self.latest_completed + 1;
        let xmin = self.running.keys().next().copied().unwrap_or(xmax).min(xmax);
        // S5: a standby keeps what runs elsewhere and shows an empty list.
        let xip = if is_standby {
            Vec::new()
        } else {
            self.running.keys().copied().filter(|xid| *xid < xmax).collect()
        };
        Snapshot::new(xmin, xmax, xip).expect("a snapshot by the book")
    }

    /// The head of a transaction.
    pub(super) fn observe(&self, start: u64, flush_lsn: Option<u64>) -> Observed {
        let is_standby = flush_lsn.is_none();
        Observed {
            identity: self.identity.clone(),
            snapshot: self.snapshot(is_standby),
            is_standby,
            node: start.to_string(),
            floor_xid: self.floor_xid,
            insert_lsn: (!is_standby).then_some(self.lsn),
            flush_lsn,
            // Time goes on with what happens, so that now and then an hour has passed.
            as_of: DateTime::UNIX_EPOCH
                + TimeDelta::days(18)
                + TimeDelta::minutes(i64::try_from(self.lsn).expect("short")),
            told: None,
            contract_version: 1,
        }
    }

    fn storage(&mut self, table: Table) -> &mut Storage {
        self.tables.get_mut(&table).expect("every table exists")
    }

    /// Whether a reader would wait for this table.
    pub(super) fn is_locked(&self, table: Table) -> bool {
        self.tables[&table].emptied.is_some()
    }

    /// Whether a writer would wait for this row.
    fn is_held(&self, xid: u64, table: Table, key: i64) -> bool {
        let storage = &self.tables[&table];
        let holds = |by: u64| by != xid && self.running.contains_key(&by);
        storage.emptied.as_ref().is_some_and(|(by, _)| holds(*by))
            || storage.rows.get(&key).and_then(|versions| versions.last()).is_some_and(|last| holds(last.by))
            || (table == Table::Events && storage.detached.keys().any(|part| within(*part, key)))
    }

    /// The row as a writer sees it.
    fn newest(&self, table: Table, key: i64) -> Option<Row> {
        self.tables[&table].rows.get(&key)?.last()?.row
    }

    fn write(&mut self, xid: u64, table: Table, key: i64, row: Option<Row>) {
        self.lsn += 1;
        let versions = self.storage(table).rows.entry(key).or_default();
        versions.retain(|version| version.by != xid);
        versions.push(Version { by: xid, row });
    }

    fn note(&mut self, xid: u64, table: Table, key: Option<i64>) {
        self.log.push(Entry { xid, table, key });
    }

    /// Inserts or changes a row; false where that would wait for somebody.
    pub(super) fn put(&mut self, xid: u64, table: Table, key: i64) -> bool {
        if self.is_held(xid, table, key) {
            return false;
        }
        let value = self.next_value;
        self.next_value += 1;
        let old = self.newest(table, key);
        self.write(xid, table, key, Some(Row { value, tx: old.map_or(xid, |row| row.tx) }));
        // Inserted events carry their writer; everything else is logged.
        if old.is_some() || table != Table::Events {
            self.note(xid, table, Some(key));
        }
        true
    }

    /// Deletes a row; false where that would wait, or there is none.
    pub(super) fn delete(&mut self, xid: u64, table: Table, key: i64) -> bool {
        if self.is_held(xid, table, key) || self.newest(table, key).is_none() {
            return false;
        }
        self.write(xid, table, key, None);
        self.note(xid, table, Some(key));
        true
    }

    /// Gives a row another key; false where that would wait, or clash.
    pub(super) fn rename(&mut self, xid: u64, table: Table, from: i64, to: i64) -> bool {
        let (Some(row), None) = (self.newest(table, from), self.newest(table, to)) else { return false };
        if self.is_held(xid, table, from) || self.is_held(xid, table, to) {
            return false;
        }
        self.write(xid, table, from, None);
        self.write(xid, table, to, Some(row));
        self.note(xid, table, Some(from));
        self.note(xid, table, Some(to));
        true
    }

    /// Empties a table; false where somebody else has touched it and is not done.
    pub(super) fn truncate(&mut self, xid: u64, table: Table) -> bool {
        if self.is_touched(table, Some(xid)) || self.tables[&table].emptied.is_some() {
            return false;
        }
        self.lsn += 1;
        let file = self.next_file;
        self.next_file += 1;
        let storage = self.storage(table);
        let old = std::mem::take(storage);
        // A detached partition is a table of its own: this does not reach it.
        *storage =
            Storage { file, detached: old.detached.clone(), attached: old.attached, ..Storage::default() };
        storage.emptied = Some((xid, Box::new(old)));
        self.note(xid, table, None);
        true
    }

    /// Whether a transaction other than this one has written to a table and is open.
    fn is_touched(&self, table: Table, but: Option<u64>) -> bool {
        let open = |by: u64| Some(by) != but && self.running.contains_key(&by);
        let storage = &self.tables[&table];
        storage.emptied.as_ref().is_some_and(|(by, _)| open(*by))
            || storage.rows.values().flatten().any(|version| open(version.by))
    }

    /// Detaches or attaches a partition of the events: nothing of it reaches the log.
    pub(super) fn toggle_part(&mut self, part: usize) {
        if self.is_touched(Table::Events, None) {
            return;
        }
        let xid = self.begin();
        let storage = self.storage(Table::Events);
        match storage.detached.remove(&part) {
            Some(rows) => {
                storage.rows.extend(rows);
                storage.attached[part] += 1;
            }
            None => {
                let all = std::mem::take(&mut storage.rows);
                let (gone, kept) = all.into_iter().partition(|(key, _)| within(part, *key));
                storage.rows = kept;
                storage.detached.insert(part, gone);
            }
        }
        self.finish(xid, true);
    }

    /// Forgets the log of finished transactions below an id, and says so.
    pub(super) fn prune(&mut self, before: u64) {
        let running = &self.running;
        self.log.retain(|entry| entry.xid >= before || running.contains_key(&entry.xid));
        self.floor_xid = self.floor_xid.max(before);
        let xid = self.begin();
        self.finish(xid, true);
    }

    /// The highest id given out so far.
    pub(super) fn last_xid(&self) -> u64 {
        self.next_xid - 1
    }

    /// The fingerprints of all tables.
    pub(super) fn catalog(&self) -> Catalog {
        let prints = Dataset::ALL.into_iter().zip(100..).map(|(dataset, oid)| {
            let storage = table_of(dataset).map(|table| &self.tables[&table]);
            let print = match dataset {
                // Storage is that of the partitions.
                Dataset::UsageEvents => "root".to_owned(),
                _ => storage.map_or_else(String::new, |storage| storage.file.to_string()),
            };
            let parts = match storage {
                Some(storage) if dataset == Dataset::UsageEvents => parts(storage),
                Some(_) | None => BTreeMap::new(),
            };
            (dataset, TablePrint { oid, print, parts })
        });
        let tables: BTreeMap<Dataset, TablePrint> = prints.collect();
        Catalog { digest: format!("{tables:?}"), tables }
    }

    /// The rows that a snapshot of this server taken now sees.
    pub(super) fn rows(&self, dataset: Dataset) -> Rows {
        let Some(table) = table_of(dataset) else { return Rows::new() };
        self.visible(table).map(|(key, row)| (key, row.value)).collect()
    }

    fn visible(&self, table: Table) -> impl Iterator<Item = (i64, Row)> {
        self.tables[&table].rows.iter().filter_map(|(key, versions)| {
            let seen = versions.iter().rev().find(|version| !self.running.contains_key(&version.by))?;
            Some((*key, seen.row?))
        })
    }

    /// Which storage a table has: a reader without a lock would read the wrong one.
    pub(super) fn file(&self, dataset: Dataset) -> Option<u32> {
        Some(self.tables[&table_of(dataset)?].file)
    }

    /// What the log says that a snapshot does not contain: changed keys, none for a TRUNCATE.
    pub(super) fn logged(&self, since: &Snapshot, reach: Reach) -> Vec<(Dataset, Option<i64>)> {
        self.log
            .iter()
            .filter(|entry| !self.running.contains_key(&entry.xid) && asks_for(since, reach, entry.xid))
            .map(|entry| (dataset_of(entry.table), entry.key))
            .collect()
    }

    /// The events whose writer a snapshot does not contain.
    pub(super) fn written(&self, since: &Snapshot, reach: Reach) -> Rows {
        self.visible(Table::Events)
            .filter(|(_, row)| asks_for(since, reach, row.tx))
            .map(|(key, row)| (key, row.value))
            .collect()
    }
}

impl Storage {
    fn everywhere(&mut self) -> impl Iterator<Item = &mut BTreeMap<i64, Vec<Version>>> {
        std::iter::once(&mut self.rows).chain(self.detached.values_mut())
    }
}

/// The predicates of SYNC-SPEC's S3 and S5, and of the two mutants among them.
fn asks_for(since: &Snapshot, reach: Reach, xid: u64) -> bool {
    const LOW: u64 = 0xffff_ffff;
    match reach {
        Reach::Exact => xid >= since.xmax() || since.xip().contains(&xid),
        Reach::Superset => xid >= since.xmin(),
        Reach::Number => xid >= since.xmax(),
        Reach::Narrow => xid & LOW >= since.xmax() & LOW,
    }
}

/// Forgets versions nobody can see any more.
fn vacuum(versions: &mut Vec<Version>, running: &BTreeMap<u64, u64>) {
    if let Some(last) = versions.iter().rposition(|version| !running.contains_key(&version.by)) {
        versions.drain(..last);
    }
    if let [Version { row: None, by }] = versions.as_slice()
        && !running.contains_key(by)
    {
        versions.clear();
    }
}

fn within(part: usize, key: i64) -> bool {
    let (start, end) = PARTS[part];
    (start..end).contains(&key)
}

fn parts(storage: &Storage) -> BTreeMap<u32, TablePart> {
    PARTS
        .into_iter()
        .enumerate()
        .zip(1_000..)
        .filter(|((part, _), _)| !storage.detached.contains_key(part))
        .map(|((part, (first, end)), oid)| {
            let print = format!("{} {}", storage.file, storage.attached[part]);
            (oid, TablePart { print, start_us: time_of(first), end_us: time_of(end) })
        })
        .collect()
}

fn table_of(dataset: Dataset) -> Option<Table> {
    Table::ALL.into_iter().find(|table| dataset_of(*table) == dataset)
}

fn dataset_of(table: Table) -> Dataset {
    match table {
        Table::Teams => Dataset::Teams,
        Table::Counters => Dataset::UsageCounters,
        Table::Events => Dataset::UsageEvents,
    }
}
