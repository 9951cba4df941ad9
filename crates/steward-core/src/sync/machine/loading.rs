//! The machine while a dataset is read in full, chunk by chunk.

use super::{KEY_WIDTH, Machine, Stage};
use crate::dataset::Dataset;
use crate::sync::cursor::Position;
use crate::sync::instruction::{Chunk, Instruction};
use crate::sync::load::{Load, LoadKind};

/// Chunks of events aim below this many rows (S11).
const EVENTS_AT_ONCE: u64 = 65_536;

impl Machine {
    /// The dataset to load next: in the order of [`Dataset::ALL`], but the newest events come before
    /// everything that has more rows than a catalogue, so that the first chart is there at once (S10).
    pub(super) fn next_load(&mut self) -> Option<(Dataset, &mut Load)> {
        let loads = &mut self.position.loads;
        let is_fresh = loads.get(&Dataset::UsageEvents).is_some_and(|load| load.row_count == 0);
        let first = loads.keys().next().copied()?;
        let next = if is_fresh && first >= Dataset::Users { Dataset::UsageEvents } else { first };
        loads.get_mut(&next).map(|load| (next, load))
    }

    pub(super) fn load(&mut self) -> Vec<Instruction> {
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

    pub(super) fn chunk_done(
        &mut self,
        position: Position,
        chunk_count: u64,
        elapsed_ms: u64,
        row_count: u64,
    ) -> Vec<Instruction> {
        let dataset = self.next_load().map(|(dataset, _)| dataset);
        let (chunk_ms, chunk_rows) = (elapsed_ms / chunk_count, row_count / chunk_count);
        match dataset {
            // The copy sorts a chunk of events in memory.
            Some(Dataset::UsageEvents) if chunk_rows > EVENTS_AT_ONCE => self.time_width.narrow(),
            Some(Dataset::UsageEvents) if chunk_rows > EVENTS_AT_ONCE / 2 && chunk_ms < 1_000 => {}
            Some(Dataset::UsageEvents) => self.time_width.took(chunk_ms),
            Some(dataset) => {
                let width = self.key_width.entry(dataset).or_insert(KEY_WIDTH);
                // The last, short chunk says nothing about a full one.
                if chunk_rows >= width.value() || chunk_ms > 1_000 {
                    width.took(chunk_ms);
                }
            }
            None => {}
        }
        self.position = position;
        self.loading_ms = self.loading_ms.saturating_add(elapsed_ms);
        self.succeeded();
        self.advance()
    }

    /// Halves the width of the load under way; false when it was as narrow as it gets.
    pub(super) fn narrow(&mut self) -> bool {
        match self.next_load().map(|(dataset, _)| dataset) {
            Some(Dataset::UsageEvents) => self.time_width.timed_out(),
            Some(dataset) => self.key_width.entry(dataset).or_insert(KEY_WIDTH).timed_out(),
            None => false,
        }
    }
}
