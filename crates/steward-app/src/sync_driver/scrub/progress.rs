//! How far the scrub has come, as it is kept in the copy.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use steward_core::Dataset;
use steward_store::cache::KeyRange;

use crate::command::sync::{ChunkCheck, ScrubStatus};

/// Parts a dataset's map has at most.
const CELLS: u64 = 48;
/// Rows below which a part is not worth showing.
const CELL_ROWS: u64 = 250;

/// Where the round stands. Stored in the transaction of each cut that compared something, so that a restart
/// goes on where the last one stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ScrubProgress {
    /// The dataset whose turn it is, and its last range that was compared.
    pub(super) turn: Option<Turn>,
    /// When this round began.
    pub(super) began_at: Option<DateTime<Utc>>,
    /// Rows compared in this round.
    pub(super) rows: u64,
    /// Rows and sums that differed in this round.
    pub(super) differences: u64,
    /// Rows of the copy when the round began.
    pub(super) total: u64,
    /// Maps by dataset.
    pub(super) maps: BTreeMap<Dataset, ChunkMap>,
}

/// A dataset whose turn it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Turn {
    pub(super) dataset: Dataset,
    /// None before its first range.
    pub(super) before: Option<KeyRange>,
}

/// When which part of a dataset was compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ChunkMap {
    cells: Vec<ChunkCheck>,
    /// Rows of the dataset when its turn began.
    total: u64,
    /// Rows compared in this turn.
    done: u64,
    /// When the comparison of the part that is not complete began.
    open_at: Option<DateTime<Utc>>,
}

impl ScrubProgress {
    pub(crate) const KEY: &'static str = "sync.scrub";

    /// The round in figures.
    pub(crate) fn status(&self, is_urgent: bool) -> ScrubStatus {
        let share = if self.total == 0 { 0.0 } else { self.rows as f64 / self.total as f64 };
        ScrubStatus { share: share.min(1.0), began_at: self.began_at, rows: self.rows, is_urgent }
    }

    /// The map of a dataset.
    pub(crate) fn chunks(&self, dataset: Dataset) -> Vec<ChunkCheck> {
        self.maps.get(&dataset).map(|map| map.cells.clone()).unwrap_or_default()
    }

    /// The moment since which every row of a dataset was compared at least once.
    pub(crate) fn checked_since(&self, dataset: Dataset) -> Option<DateTime<Utc>> {
        let cells = &self.maps.get(&dataset)?.cells;
        cells.iter().map(|cell| cell.checked_at).min().flatten()
    }
}

impl ChunkMap {
    /// Begins a turn over a dataset that has this many rows; what is known stays, at about the same share.
    pub(super) fn begin(&mut self, total: u64) {
        let count = (total / CELL_ROWS).clamp(1, CELLS) as usize;
        if self.cells.len() != count {
            let old = std::mem::take(&mut self.cells);
            let none = ChunkCheck { checked_at: None, drift_at: None, from: None };
            self.cells = (0..count)
                .map(|index| old.get(index * old.len() / count).cloned().unwrap_or_else(|| none.clone()))
                .collect();
        }
        self.total = total.max(1);
        self.done = 0;
        self.open_at = None;
    }

    /// Notes that the next range was compared.
    pub(super) fn advance(
        &mut self,
        range: &KeyRange,
        rows: u64,
        at: DateTime<Utc>,
        is_drift: bool,
        is_last: bool,
    ) {
        let count = self.cells.len() as u64;
        let cell = |rows: u64| {
            (u128::from(rows) * u128::from(count) / u128::from(self.total)).min(u128::from(count)) as usize
        };
        let (first, after) = (cell(self.done), cell(self.done + rows));
        let end = if is_last { self.cells.len() } else { after };
        let began_at = self.open_at.unwrap_or(at);
        let from = match range {
            KeyRange::TimeBetween { start_us, .. } => DateTime::from_timestamp_micros(*start_us),
            KeyRange::All | KeyRange::KeysAfter { .. } => None,
        };
        for (index, cell) in self.cells.iter_mut().enumerate().take(end).skip(first.min(end)) {
            // A part is as old as the first range in it.
            cell.checked_at = Some(if index == first { began_at } else { at });
            cell.from = from;
        }
        if is_drift {
            let last = end.max(first + 1).min(self.cells.len());
            self.cells[first.min(last.saturating_sub(1))..last]
                .iter_mut()
                .for_each(|cell| cell.drift_at = Some(at));
        }
        self.open_at = if end > first { Some(at) } else { Some(began_at) };
        self.done += rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("an instant")
    }

    #[test]
    fn s31_a_part_is_as_old_as_the_first_range_in_it() {
        let mut map = ChunkMap::default();
        map.begin(1_000);
        assert_eq!(map.cells.len(), 4);
        let checked = |map: &ChunkMap| map.cells.iter().map(|cell| cell.checked_at).collect::<Vec<_>>();
        map.advance(&KeyRange::All, 200, at(1), false, false);
        assert_eq!(checked(&map), [None; 4], "250 rows make a part");
        map.advance(&KeyRange::All, 200, at(2), true, false);
        assert_eq!(checked(&map), [Some(at(1)), None, None, None]);
        assert_eq!(map.cells[0].drift_at, Some(at(2)));
        // Fewer rows than when the turn began: the last range ends the map all the same.
        map.advance(&KeyRange::All, 300, at(3), false, true);
        assert_eq!(checked(&map), [Some(at(1)), Some(at(2)), Some(at(3)), Some(at(3))]);
        map.begin(2_000);
        assert_eq!(map.cells.len(), 8, "a grown dataset has a finer map");
        assert_eq!(map.cells[0].checked_at, Some(at(1)), "which remembers");
    }

    #[test]
    fn s31_every_row_is_checked_since_the_oldest_part() {
        let mut progress = ScrubProgress::default();
        assert_eq!(progress.checked_since(Dataset::Users), None);
        let map = progress.maps.entry(Dataset::Users).or_default();
        map.begin(1_000);
        map.advance(&KeyRange::All, 500, at(1), false, false);
        assert_eq!(progress.checked_since(Dataset::Users), None, "half was never looked at");
        let map = progress.maps.get_mut(&Dataset::Users).expect("begun");
        map.advance(&KeyRange::All, 500, at(9), false, true);
        assert_eq!(progress.checked_since(Dataset::Users), Some(at(1)));
    }
}
