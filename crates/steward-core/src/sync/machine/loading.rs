//! The machine while a dataset is read in full, chunk by chunk.

use super::{KEY_WIDTH, Machine, Stage};
use crate::dataset::Dataset;
use crate::sync::cursor::Position;
use crate::sync::instruction::{Chunk, Instruction};
use crate::sync::load::{Load, LoadKind};

impl Machine {
    /// The dataset to load next: they are read in the order of [`Dataset::ALL`].
    pub(super) fn next_load(&mut self) -> Option<(Dataset, &mut Load)> {
        self.position.loads.iter_mut().next().map(|(dataset, load)| (*dataset, load))
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
        elapsed_ms: u64,
        row_count: u64,
    ) -> Vec<Instruction> {
        let dataset = self.next_load().map(|(dataset, _)| dataset);
        match dataset {
            Some(Dataset::UsageEvents) => self.time_width.took(elapsed_ms),
            Some(dataset) => {
                let width = self.key_width.entry(dataset).or_insert(KEY_WIDTH);
                // The last, short chunk says nothing about a full one.
                if row_count >= width.value() || elapsed_ms > 1_000 {
                    width.took(elapsed_ms);
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
