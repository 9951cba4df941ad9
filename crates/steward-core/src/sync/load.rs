//! What still has to be read in full: the first load, and every repair.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalog::{Catalog, Reload};
use super::instruction::Chunk;
use super::keep::{self, Edge, QUARTER_US};
use crate::dataset::Dataset;

/// How far the reading of one dataset has come. Stored in the transaction of each chunk (S10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Why it is read; none for the first load.
    pub reason: Option<String>,
    /// Rows read so far.
    pub row_count: u64,
    /// What is left.
    pub rest: LoadKind,
}

/// What is left of a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// Keys above this one, in key order.
    Keys {
        /// The last key read; none at the start.
        after: Option<Value>,
        /// The last key to read; none to the end.
        #[serde(default)]
        upto: Option<Value>,
    },
    /// Windows of time; the last one is read next, from its end backwards.
    Windows(Vec<Window>),
}

/// The rows whose keys lie between two keys, in the order of bytes and numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySpan {
    /// Above this key; none from the first.
    pub after: Option<Value>,
    /// Up to this key, included; none to the last.
    pub upto: Option<Value>,
}

impl KeySpan {
    /// The smallest span that holds both.
    #[must_use]
    pub fn hull(self, other: Self, dataset: Dataset) -> Self {
        let pick = |one: Option<Value>, two: Option<Value>, wanted: Ordering| match (one, two) {
            (Some(one), Some(two)) if key_order(dataset, &one, &two) == wanted => Some(one),
            (Some(_), Some(two)) => Some(two),
            (None, _) | (_, None) => None,
        };
        Self {
            after: pick(self.after, other.after, Ordering::Less),
            upto: pick(self.upto, other.upto, Ordering::Greater),
        }
    }
}

/// How two keys of a dataset lie to each other where copy and server read them in order: text by its bytes,
/// as `collate "C"` has it.
fn key_order(dataset: Dataset, one: &Value, two: &Value) -> Ordering {
    let column = |name: &&str| match (one.get(*name), two.get(*name)) {
        (Some(Value::String(one)), Some(Value::String(two))) => one.as_bytes().cmp(two.as_bytes()),
        (one, two) => one.and_then(Value::as_i64).cmp(&two.and_then(Value::as_i64)),
    };
    dataset.spec().key.iter().map(column).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// A half-open window of time that is read from its end backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First instant, in microseconds since 1970; `i64::MIN` for "from the beginning".
    pub start_us: i64,
    /// First instant beyond; `i64::MAX` for "to the end".
    pub end_us: i64,
    /// Between which instants the server has rows, once asked: a hint that spares empty chunks.
    pub occupied: Option<Occupied>,
}

/// Where in a window the server had rows when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occupied {
    /// Nowhere.
    Nowhere,
    /// From the first to the last instant, both included.
    Between {
        /// The first instant.
        first_us: i64,
        /// The last instant.
        last_us: i64,
    },
}

impl Window {
    /// A window whose contents are not known yet.
    #[must_use]
    pub fn new(start_us: i64, end_us: i64) -> Self {
        Self { start_us, end_us, occupied: None }
    }

    /// The start of the next chunk of about this width: never empty, and the whole rest when little is left.
    #[must_use]
    pub fn chunk_start(&self, width_us: i64) -> i64 {
        match self.occupied {
            Some(Occupied::Between { first_us, last_us }) => {
                let end = self.end_us.min(last_us.saturating_add(1));
                let start = end.saturating_sub(width_us.max(1));
                if start <= first_us { self.start_us } else { start }
            }
            Some(Occupied::Nowhere) | None => self.start_us,
        }
    }
}

/// What comes next of windows of time.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// This chunk is read.
    Chunk(Chunk),
    /// The server is asked where this window has rows.
    Measure(Window),
}

impl Load {
    /// What comes next of windows of time: rows from the edge on, sums before it, each of about its width.
    /// None for a load by keys, and when nothing is left.
    ///
    /// A span of sums reaches outwards to whole quarter-hours: reading more than is due is always right (S41).
    #[must_use]
    pub fn part(&self, edge: Edge, rows_us: i64, sums_us: i64) -> Option<Part> {
        let LoadKind::Windows(windows) = &self.rest else { return None };
        let window = *windows.last()?;
        let (Window { end_us, occupied, .. }, from_us) = (window, edge.from_us.unwrap_or(i64::MIN));
        // S40: rows before the edge are read in the order in which the edge can move back over them.
        let is_widening = edge.is_widening() && end_us == from_us;
        if end_us > from_us || is_widening {
            if occupied.is_none() {
                return Some(Part::Measure(window));
            }
            let start_us = window.chunk_start(rows_us);
            let start_us = if is_widening {
                keep::floor(start_us, QUARTER_US).max(edge.goal_us.unwrap_or(i64::MIN))
            } else {
                start_us.max(from_us)
            };
            return Some(Part::Chunk(Chunk::Time { start_us, end_us }));
        }
        let end_us = keep::ceil(end_us, QUARTER_US).min(from_us);
        // Sums over nothing cost next to nothing, so only what has no beginning is measured.
        let occupied = match occupied {
            None if window.start_us == i64::MIN => return Some(Part::Measure(window)),
            None => Some(Occupied::Between { first_us: window.start_us, last_us: end_us - 1 }),
            known => known,
        };
        let start_us = Window { end_us, occupied, ..window }.chunk_start(sums_us);
        Some(Part::Chunk(Chunk::Sums { start_us: keep::floor(start_us, QUARTER_US), end_us }))
    }

    /// Learns where the window to be read next has rows.
    pub fn measured(&mut self, occupied: Occupied) {
        if let LoadKind::Windows(windows) = &mut self.rest
            && let Some(window) = windows.last_mut()
        {
            window.occupied = Some(occupied);
        }
    }

    /// The load of a whole dataset.
    #[must_use]
    pub fn whole(dataset: Dataset, catalog: &Catalog, reason: Option<String>) -> Self {
        let rest = match dataset {
            Dataset::UsageEvents => LoadKind::Windows(split(catalog.boundaries(dataset))),
            Dataset::Plans
            | Dataset::PlanLimits
            | Dataset::PlanFeatures
            | Dataset::Users
            | Dataset::Operators
            | Dataset::Teams
            | Dataset::TeamMembers
            | Dataset::Subscriptions
            | Dataset::SubscriptionChanges
            | Dataset::QuotaOverrides
            | Dataset::MonthCloses
            | Dataset::UsageCounters
            | Dataset::AuditLog => LoadKind::Keys { after: None, upto: None },
        };
        Self { reason, row_count: 0, rest }
    }

    /// The load a reload asks for, joined with what was left of an earlier one.
    #[must_use]
    pub fn joined(earlier: Option<&Self>, dataset: Dataset, catalog: &Catalog, reload: Reload) -> Self {
        let reason = match earlier {
            // A first load stays a first load in the person's eyes.
            Some(earlier) => earlier.reason.clone(),
            None => Some(reload.reason),
        };
        match (reload.windows, earlier.map(|earlier| &earlier.rest)) {
            (Some(windows), None) => Self { reason, row_count: 0, rest: LoadKind::Windows(merge(windows)) },
            (Some(mut windows), Some(LoadKind::Windows(rest))) => {
                windows.extend(rest);
                Self { reason, row_count: 0, rest: LoadKind::Windows(merge(windows)) }
            }
            (Some(_), Some(LoadKind::Keys { .. })) => Self::whole(dataset, catalog, reason),
            (None, earlier) => match (reload.keys, earlier) {
                (Some(span), None) if dataset != Dataset::UsageEvents => {
                    Self { reason, row_count: 0, rest: LoadKind::Keys { after: span.after, upto: span.upto } }
                }
                (Some(span), Some(LoadKind::Keys { after, upto })) => {
                    let left = KeySpan { after: after.clone(), upto: upto.clone() };
                    let KeySpan { after, upto } = span.hull(left, dataset);
                    Self { reason, row_count: 0, rest: LoadKind::Keys { after, upto } }
                }
                (Some(_) | None, _) => Self::whole(dataset, catalog, reason),
            },
        }
    }

    /// Whether every instant of a window is among what is left.
    #[must_use]
    pub(super) fn covers(&self, window: Window) -> bool {
        let LoadKind::Windows(windows) = &self.rest else { return false };
        let mut upto_us = window.start_us;
        for part in windows {
            if part.start_us <= upto_us {
                upto_us = upto_us.max(part.end_us);
            }
        }
        upto_us >= window.end_us
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(&self.rest, LoadKind::Windows(windows) if windows.is_empty())
    }
}

/// All of time, split at the boundaries, oldest first.
fn split(boundaries: Vec<i64>) -> Vec<Window> {
    let mut edges = vec![i64::MIN];
    edges.extend(boundaries.into_iter().filter(|edge| *edge != i64::MIN && *edge != i64::MAX));
    edges.push(i64::MAX);
    edges.windows(2).map(|pair| Window::new(pair[0], pair[1])).collect()
}

/// The same instants without overlaps, oldest first. What was known of their contents is forgotten.
fn merge(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_unstable_by_key(|window| (window.start_us, window.end_us));
    let mut merged: Vec<Window> = Vec::new();
    for window in windows {
        match merged.last_mut() {
            Some(last) if window.start_us < last.end_us => {
                last.end_us = last.end_us.max(window.end_us);
                last.occupied = None;
            }
            Some(_) | None => merged.push(window),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn s10_a_first_load_covers_all_of_time_newest_first() {
        let windows = split(vec![0, 100]);
        assert_eq!(
            windows,
            [Window::new(i64::MIN, 0), Window::new(0, 100), Window::new(100, i64::MAX)],
            "rows outside every partition may lie in the copy and must go"
        );
    }

    #[test]
    fn s19_spans_of_keys_are_joined_to_the_smallest_that_holds_both() {
        let key = |metric: &str| Some(json!({"user_id": "0a", "period": "2026-10", "metric": metric}));
        let one = KeySpan { after: key("b"), upto: key("m") };
        let two = KeySpan { after: key("Z"), upto: key("f") };
        let hull = one.clone().hull(two.clone(), Dataset::UsageCounters);
        assert_eq!(hull, KeySpan { after: key("Z"), upto: key("m") }, "capitals come first among bytes");
        assert_eq!(two.hull(one.clone(), Dataset::UsageCounters), hull);
        let open = KeySpan { after: None, upto: key("c") };
        assert_eq!(open.hull(one, Dataset::UsageCounters), KeySpan { after: None, upto: key("m") });
    }

    const DAY: i64 = keep::DAY_US;

    /// Reads a load part by part; answers its chunks and the edge it leaves.
    fn read(mut load: Load, mut edge: Edge, width: i64) -> (Vec<Chunk>, Edge) {
        let mut chunks = Vec::new();
        while let Some(part) = load.part(edge, width, width) {
            let LoadKind::Windows(windows) = &mut load.rest else { panic!("windows") };
            match part {
                Part::Measure(window) => {
                    let last = windows.last_mut().expect("one is measured");
                    last.occupied = Some(Occupied::Between {
                        first_us: window.start_us.max(-40 * DAY),
                        last_us: (window.end_us - 1).min(40 * DAY),
                    });
                }
                Part::Chunk(chunk) => {
                    let (Chunk::Time { start_us, .. } | Chunk::Sums { start_us, .. }) = chunk else {
                        panic!("events have no keys")
                    };
                    if matches!(chunk, Chunk::Time { .. }) && edge.from_us > Some(start_us) {
                        edge.from_us = (start_us != i64::MIN).then_some(start_us);
                    }
                    windows.last_mut().expect("it was read").end_us = start_us;
                    windows.retain(|window| window.start_us < window.end_us);
                    chunks.push(chunk);
                    assert!(chunks.len() < 10_000, "it ends");
                }
            }
        }
        (chunks, edge)
    }

    fn load(windows: Vec<Window>) -> Load {
        Load { reason: None, row_count: 0, rest: LoadKind::Windows(windows) }
    }

    #[test]
    fn s40_a_load_reads_rows_down_to_the_edge_and_sums_before_it() {
        let edge = Edge { from_us: Some(7 * DAY), goal_us: Some(7 * DAY) };
        let (chunks, left) = read(load(split(vec![-31 * DAY, 0, 31 * DAY])), edge, 5 * DAY);
        assert_eq!(left, edge);
        let is_before = |chunk: &Chunk| match chunk {
            Chunk::Time { start_us, .. } => *start_us < 7 * DAY,
            Chunk::Sums { end_us, .. } => *end_us > 7 * DAY,
            Chunk::Keys { .. } => true,
        };
        assert!(!chunks.iter().any(is_before), "{chunks:?}");
        let sums: Vec<_> = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Sums { .. })).collect();
        assert_eq!(sums[0], &Chunk::Sums { start_us: 2 * DAY, end_us: 7 * DAY });
        assert!(matches!(sums.last(), Some(Chunk::Sums { start_us: i64::MIN, .. })), "nothing is left over");
    }

    #[test]
    fn s40_rows_before_the_edge_are_read_backwards_from_it_and_no_further_than_the_goal() {
        let edge = Edge { from_us: Some(7 * DAY), goal_us: Some(2 * DAY) };
        let (chunks, left) = read(load(vec![Window::new(2 * DAY, 7 * DAY)]), edge, DAY + 1);
        assert_eq!(left, Edge { from_us: Some(2 * DAY), goal_us: Some(2 * DAY) });
        for (index, chunk) in chunks.iter().enumerate() {
            let Chunk::Time { start_us, end_us } = chunk else { panic!("rows: {chunk:?}") };
            assert_eq!(start_us % QUARTER_US, 0, "the edge lies on a quarter-hour");
            let expected = index.checked_sub(1).map_or(7 * DAY, |before| match chunks[before] {
                Chunk::Time { start_us, .. } => start_us,
                _ => panic!("rows"),
            });
            assert_eq!(*end_us, expected, "one after the other");
        }
        let everything = Edge { from_us: Some(7 * DAY), goal_us: None };
        let (_, left) = read(load(vec![Window::new(i64::MIN, 7 * DAY)]), everything, DAY);
        assert_eq!(left, Edge::default(), "up to the beginning of time");
    }

    #[test]
    fn s41_sums_are_read_by_whole_quarter_hours() {
        let edge = Edge { from_us: Some(7 * DAY), goal_us: Some(7 * DAY) };
        let (chunks, _) = read(load(vec![Window::new(DAY + 1, DAY + 2)]), edge, DAY);
        assert_eq!(chunks, [Chunk::Sums { start_us: DAY, end_us: DAY + QUARTER_US }]);
        let (chunks, _) = read(load(vec![Window::new(7 * DAY - 1, 7 * DAY + 1)]), edge, DAY);
        assert_eq!(
            chunks,
            [
                Chunk::Time { start_us: 7 * DAY, end_us: 7 * DAY + 1 },
                Chunk::Sums { start_us: 7 * DAY - QUARTER_US, end_us: 7 * DAY }
            ],
            "a window across the edge is read as both"
        );
    }

    #[test]
    fn s40_a_load_covers_what_its_windows_hold_together() {
        let load = load(vec![Window::new(0, 10), Window::new(10, 20), Window::new(30, 40)]);
        assert!(load.covers(Window::new(5, 20)) && load.covers(Window::new(30, 31)));
        assert!(!load.covers(Window::new(5, 21)) && !load.covers(Window::new(25, 35)));
    }

    proptest! {
        #[test]
        fn s10_chunks_tile_a_window_whatever_its_width(
            first in -1000i64..1000, length in 0i64..1000, width in 1i64..400, edge in any::<bool>(),
        ) {
            let last = first + length;
            let (start_us, end_us) = if edge { (i64::MIN, i64::MAX) } else { (first - 7, last + 9) };
            let occupied = Some(Occupied::Between { first_us: first, last_us: last });
            let mut window = Window { start_us, end_us, occupied };
            let mut steps = 0;
            while window.end_us > window.start_us {
                let start = window.chunk_start(width);
                prop_assert!(start < window.end_us && start >= window.start_us, "a chunk moves on inside its window");
                window.end_us = start;
                steps += 1;
                prop_assert!(steps <= 1 + (length + 1) / width + 1, "and the number of chunks is bounded");
            }
        }

        #[test]
        fn s10_merged_windows_hold_the_same_instants(
            parts in proptest::collection::vec((0i64..60, 1i64..20), 1..8), probe in 0i64..90,
        ) {
            let windows: Vec<_> = parts.iter().map(|(start, length)| Window::new(*start, start + length)).collect();
            let holds = |windows: &[Window]| windows.iter().filter(|w| w.start_us <= probe && probe < w.end_us).count();
            let merged = merge(windows.clone());
            prop_assert_eq!(holds(&merged) == 1, holds(&windows) > 0);
            prop_assert!(holds(&merged) <= 1, "no instant is read twice");
        }
    }
}
