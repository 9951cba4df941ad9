//! Fingerprints of the server's tables: what the change log cannot tell.
//!
//! DETACH, ATTACH and DROP of a partition, a rewrite, a trigger switched off and on again, a changed policy:
//! none of them writes to the log (S7). Each of them changes the catalog, which every cut reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::load::{KeySpan, Window};
use crate::dataset::Dataset;

/// Fingerprints of all synchronised tables in one snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// By dataset.
    pub tables: BTreeMap<Dataset, TablePrint>,
    /// Hash over everything the fingerprints are made of; the same hash means the same fingerprints.
    #[serde(default)]
    pub digest: String,
}

/// The fingerprint of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePrint {
    /// The table's oid.
    pub oid: u32,
    /// Hash over columns, triggers, policies and storage of the table itself.
    pub print: String,
    /// Its partitions by oid; empty for a plain table.
    pub parts: BTreeMap<u32, TablePart>,
}

/// The fingerprint of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePart {
    /// Hash over triggers, storage and membership.
    pub print: String,
    /// First instant it may hold, in microseconds since 1970.
    pub start_us: i64,
    /// First instant it may not hold any more.
    pub end_us: i64,
}

/// What a dataset must read again, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload {
    /// Why, as a sentence for people.
    pub reason: String,
    /// The windows of time affected; none for the whole table, or a span of keys.
    pub windows: Option<Vec<Window>>,
    /// The span of keys affected; none for the whole table, or windows.
    pub keys: Option<KeySpan>,
}

impl Reload {
    /// The whole table.
    #[must_use]
    pub fn whole(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), windows: None, keys: None }
    }

    /// Windows of time.
    #[must_use]
    pub fn windows(reason: impl Into<String>, windows: Vec<Window>) -> Self {
        Self { reason: reason.into(), windows: Some(windows), keys: None }
    }

    /// A span of keys.
    #[must_use]
    pub fn keys(reason: impl Into<String>, keys: KeySpan) -> Self {
        Self { reason: reason.into(), windows: None, keys: Some(keys) }
    }

    /// Adds this to what a dataset has to read again already.
    pub fn join_into(self, reloads: &mut BTreeMap<Dataset, Self>, dataset: Dataset) {
        let Some(earlier) = reloads.get_mut(&dataset) else {
            reloads.insert(dataset, self);
            return;
        };
        earlier.windows = match (earlier.windows.take(), self.windows) {
            (Some(mut windows), Some(more)) => {
                windows.extend(more);
                Some(windows)
            }
            (None, _) | (_, None) => None,
        };
        earlier.keys = match (earlier.keys.take(), self.keys) {
            (Some(one), Some(two)) => Some(one.hull(two, dataset)),
            (None, _) | (_, None) => None,
        };
    }
}

impl Catalog {
    /// The dataset a relation belongs to: a table or one of its partitions.
    #[must_use]
    pub fn dataset_of(&self, oid: u32) -> Option<Dataset> {
        self.tables
            .iter()
            .find(|(_, table)| table.oid == oid || table.parts.contains_key(&oid))
            .map(|(dataset, _)| *dataset)
    }

    /// What to read again after this table was truncated (S8).
    ///
    /// Nothing for a partitioned one: its log does not say which partitions were emptied, but a truncated
    /// partition has new storage, so [`Catalog::reloads`] names exactly those.
    #[must_use]
    pub fn truncated(&self, oid: u32) -> Option<(Dataset, Reload)> {
        let dataset = self.dataset_of(oid)?;
        let is_whole = self.tables.get(&dataset)?.parts.is_empty();
        is_whole.then(|| (dataset, Reload::whole("The table was emptied on the server.")))
    }

    /// Whether every one of these partitions is among those here (S45).
    #[must_use]
    pub fn knows(&self, parts: impl IntoIterator<Item = u32>) -> bool {
        parts.into_iter().all(|oid| self.tables.values().any(|table| table.parts.contains_key(&oid)))
    }

    /// The partitions of all tables.
    pub fn parts(&self) -> impl Iterator<Item = u32> {
        self.tables.values().flat_map(|table| table.parts.keys().copied())
    }

    /// Notes partitions that something was read from since these fingerprints were taken (S45): without a print
    /// of their own, so that the next cut reads their time again, whether they are still there or not.
    pub fn note_parts(&mut self, seen: &Self) {
        for (dataset, table) in &mut self.tables {
            let Some(seen) = seen.tables.get(dataset) else { continue };
            for (oid, part) in &seen.parts {
                if !table.parts.contains_key(oid) {
                    table.parts.insert(*oid, TablePart { print: String::new(), ..part.clone() });
                    // These are nobody's fingerprints any more.
                    self.digest.clear();
                }
            }
        }
    }

    /// What to read again when the tables changed from `self` to `next` (S7).
    #[must_use]
    pub fn reloads(&self, next: &Self) -> BTreeMap<Dataset, Reload> {
        let mut reloads = BTreeMap::new();
        for (dataset, new) in &next.tables {
            let reload = match self.tables.get(dataset) {
                Some(old) if old == new => continue,
                Some(old) if old.oid == new.oid && old.print == new.print => {
                    let windows = changed_parts(old, new);
                    Reload::windows(
                        "A part of the table was added, removed or rewritten on the server.",
                        windows,
                    )
                }
                Some(_) | None => {
                    Reload::whole("The table, its triggers or its policies were changed on the server.")
                }
            };
            reloads.insert(*dataset, reload);
        }
        reloads
    }

    /// The starts of all partitions of a dataset, ascending: places where a load may be split.
    #[must_use]
    pub fn boundaries(&self, dataset: Dataset) -> Vec<i64> {
        let mut starts: Vec<i64> = self
            .tables
            .get(&dataset)
            .map(|table| table.parts.values().flat_map(|part| [part.start_us, part.end_us]).collect())
            .unwrap_or_default();
        starts.sort_unstable();
        starts.dedup();
        starts
    }
}

fn changed_parts(old: &TablePrint, new: &TablePrint) -> Vec<Window> {
    let mut windows = Vec::new();
    for (oid, part) in &new.parts {
        if old.parts.get(oid) != Some(part) {
            windows.push(Window::new(part.start_us, part.end_us));
        }
    }
    // A partition that went, or that covers other instants than before, took its rows along.
    for (oid, part) in &old.parts {
        if new.parts.get(oid) != Some(part) {
            windows.push(Window::new(part.start_us, part.end_us));
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(print: &str, parts: &[(u32, &str, i64, i64)]) -> TablePrint {
        TablePrint {
            oid: 1,
            print: print.to_owned(),
            parts: parts
                .iter()
                .map(|(oid, print, start_us, end_us)| {
                    (*oid, TablePart { print: (*print).to_owned(), start_us: *start_us, end_us: *end_us })
                })
                .collect(),
        }
    }

    fn catalog(table: TablePrint) -> Catalog {
        Catalog { tables: BTreeMap::from([(Dataset::UsageEvents, table)]), digest: String::new() }
    }

    #[test]
    fn s7_a_changed_partition_reloads_its_own_window_only() {
        let before = catalog(table("t", &[(11, "a", 0, 10), (12, "b", 10, 20)]));
        let after = catalog(table("t", &[(11, "a", 0, 10), (12, "b2", 10, 20), (13, "c", 20, 30)]));
        let reload = before.reloads(&after).remove(&Dataset::UsageEvents).expect("it changed");
        assert_eq!(reload.windows, Some(vec![Window::new(10, 20), Window::new(20, 30), Window::new(10, 20)]));
        assert!(after.reloads(&after).is_empty(), "an unchanged catalog reloads nothing");
    }

    #[test]
    fn s7_a_changed_table_reloads_whole() {
        let before = catalog(table("t", &[]));
        let after = catalog(table("t2", &[]));
        let reload = before.reloads(&after).remove(&Dataset::UsageEvents).expect("it changed");
        assert_eq!(reload.windows, None);
    }

    #[test]
    fn s8_a_truncated_table_reloads_whole_and_a_partition_by_its_storage() {
        let before = catalog(table("t", &[(11, "a", 0, 10), (12, "b", 10, 20)]));
        assert!(before.truncated(1).is_none(), "the log of a partitioned table does not say which part");
        let after = catalog(table("t", &[(11, "a", 0, 10), (12, "new storage", 10, 20)]));
        let reload = before.reloads(&after).remove(&Dataset::UsageEvents).expect("storage tells");
        assert!(reload.windows.is_some_and(|windows| windows.contains(&Window::new(10, 20))));
        let plain = catalog(table("t", &[]));
        let (dataset, reload) = plain.truncated(1).expect("known");
        assert_eq!((dataset, reload.windows), (Dataset::UsageEvents, None));
        assert!(plain.truncated(99).is_none(), "a stranger is nobody's table");
    }

    #[test]
    fn s45_a_partition_that_a_page_read_from_is_read_again_whether_it_stays_or_goes() {
        let catalog = |parts: &[(u32, &str, i64, i64)]| Catalog {
            tables: [(Dataset::UsageEvents, table("root", parts))].into(),
            digest: "d".to_owned(),
        };
        let (before, with) = (catalog(&[(2, "a", 0, 10)]), catalog(&[(2, "a", 0, 10), (3, "b", 10, 20)]));
        assert!(before.knows([2]) && !before.knows([2, 3]) && with.knows(with.parts()));
        let mut noted = before.clone();
        noted.note_parts(&before);
        assert_eq!(noted, before, "nothing new");
        noted.note_parts(&with);
        assert_ne!(noted.digest, before.digest, "the server's answer must not be taken for these");
        for next in [&before, &with] {
            let mut windows = noted.reloads(next)[&Dataset::UsageEvents].windows.clone().expect("windows");
            windows.dedup();
            assert_eq!(windows, [Window::new(10, 20)], "{next:?}");
        }
    }
}
