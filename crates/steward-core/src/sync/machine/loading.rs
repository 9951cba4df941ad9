//! The machine while a dataset is read in full, chunk by chunk, and while it catches up, page by page.

use super::{KEY_WIDTH, Machine, Move, Stage};
use crate::dataset::Dataset;
use crate::error::ErrorKind;
use crate::sync::catch_up::Page;
use crate::sync::cursor::Position;
use crate::sync::instruction::{Chunk, Instruction};
use crate::sync::keep::Edge;
use crate::sync::load::{Load, LoadKind, Occupied, Part, Window};
use crate::sync::pace::Width;

impl Machine {
    /// The dataset to load next: in the order of [`Dataset::ALL`], but the newest events come before
    /// everything that has more rows than a catalogue, so that the first chart is there at once (S10).
    fn next_load(&self) -> Option<Dataset> {
        let loads = &self.position.loads;
        let is_fresh = loads.get(&Dataset::UsageEvents).is_some_and(|load| load.row_count == 0);
        let first = loads.keys().next().copied()?;
        Some(if is_fresh && first >= Dataset::Users { Dataset::UsageEvents } else { first })
    }

    pub(super) fn load(&mut self) -> Vec<Instruction> {
        // S40: a first load finds out by reading how many rows there are.
        let mut moved = self.position.clone();
        if let Some(as_of) = moved.cursor.as_ref().map(|cursor| cursor.as_of)
            && self.move_edge(&mut moved, as_of, Move::Forward)
        {
            self.stage = Stage::Cutting;
            return self.commit(moved);
        }
        self.stage = Stage::Loading;
        let widths = self.widths();
        let edge = self.position.edge;
        let next = self.next_load().and_then(|dataset| Some((dataset, self.position.loads.get(&dataset)?)));
        let Some((dataset, load)) = next else { return self.advance() };
        let key_width = self.key_width.get(&dataset).copied().unwrap_or(KEY_WIDTH);
        let next = next_chunk(load, edge, widths, key_width);
        self.is_summing = matches!(next, Part::Chunk(Chunk::Sums { .. }));
        vec![match next {
            Part::Chunk(chunk) => {
                let width = match chunk {
                    Chunk::Keys { .. } => key_width,
                    Chunk::Time { .. } => self.time_width,
                    Chunk::Sums { .. } => self.sum_width,
                };
                Instruction::ReadChunk { dataset, chunk, width }
            }
            Part::Measure(Window { start_us, end_us, .. }) => {
                Instruction::MeasureWindow { dataset, start_us, end_us, since: None }
            }
        }]
    }

    /// How much time chunks of rows and of sums cover, in microseconds.
    fn widths(&self) -> (i64, i64) {
        let width = |width: Width| i64::try_from(width.value()).unwrap_or(i64::MAX);
        (width(self.time_width), width(self.sum_width))
    }

    /// The next page, first of the change log, then of rows that carry their writer (S18).
    pub(super) fn page(&mut self) -> Vec<Instruction> {
        let Some(catch_up) = &self.position.catch_up else { return self.advance() };
        self.stage = Stage::CatchingUp;
        if !catch_up.is_log_read {
            let limit = u32::try_from(self.page_width.value()).unwrap_or(u32::MAX);
            let page = Page::Log { after: catch_up.after, horizon: catch_up.horizon, limit };
            return vec![Instruction::ReadPage { page }];
        }
        let Some((dataset, load)) = catch_up.rows.iter().next() else {
            // Position::after_page ends the pages with the last of them.
            return self.failed(ErrorKind::Internal);
        };
        let key_width = self.key_width.get(dataset).copied().unwrap_or(KEY_WIDTH);
        // What was written since is read as what is kept now.
        let edge = Edge { goal_us: self.position.edge.from_us, ..self.position.edge };
        let next = next_chunk(load, edge, self.widths(), key_width);
        let (dataset, since) = (*dataset, Some(catch_up.since.clone()));
        self.is_summing = matches!(next, Part::Chunk(Chunk::Sums { .. }));
        vec![match next {
            Part::Chunk(chunk) => Instruction::ReadPage { page: Page::Rows { dataset, chunk } },
            Part::Measure(Window { start_us, end_us, .. }) => {
                Instruction::MeasureWindow { dataset, start_us, end_us, since }
            }
        }]
    }

    pub(super) fn page_done(&mut self, position: Position, elapsed_ms: u64) -> Vec<Instruction> {
        match &self.position.catch_up {
            Some(catch_up) if !catch_up.is_log_read => self.page_width.took(elapsed_ms),
            Some(catch_up) if catch_up.rows.keys().next() == Some(&Dataset::UsageEvents) => {
                if self.is_summing { &mut self.sum_width } else { &mut self.time_width }.took(elapsed_ms);
            }
            Some(_) | None => {}
        }
        self.position = position;
        self.succeeded();
        self.advance()
    }

    /// Learns where the window to be read next has rows.
    pub(super) fn measured(&mut self, occupied: Occupied) {
        let next = self.next_load();
        let load = match &mut self.position.catch_up {
            Some(catch_up) => catch_up.rows.values_mut().next(),
            None => next.and_then(|dataset| self.position.loads.get_mut(&dataset)),
        };
        if let Some(load) = load {
            load.measured(occupied);
        }
    }

    pub(super) fn chunk_done(
        &mut self,
        position: Position,
        elapsed_ms: u64,
        width: Width,
    ) -> Vec<Instruction> {
        match self.next_load() {
            Some(Dataset::UsageEvents) if self.is_summing => self.sum_width = width,
            Some(Dataset::UsageEvents) => self.time_width = width,
            Some(dataset) => drop(self.key_width.insert(dataset, width)),
            None => {}
        }
        self.position = position;
        self.loading_ms = self.loading_ms.saturating_add(elapsed_ms);
        self.succeeded();
        self.advance()
    }

    /// Halves the width of the load under way; false when it was as narrow as it gets.
    pub(super) fn narrow(&mut self) -> bool {
        if let Some(catch_up) = &self.position.catch_up {
            if !catch_up.is_log_read {
                return self.page_width.timed_out();
            }
            return match catch_up.rows.keys().next() {
                Some(Dataset::UsageEvents) if self.is_summing => self.sum_width.timed_out(),
                Some(Dataset::UsageEvents) => self.time_width.timed_out(),
                Some(dataset) => self.key_width.entry(*dataset).or_insert(KEY_WIDTH).timed_out(),
                None => false,
            };
        }
        match self.next_load() {
            Some(Dataset::UsageEvents) if self.is_summing => self.sum_width.timed_out(),
            Some(Dataset::UsageEvents) => self.time_width.timed_out(),
            Some(dataset) => self.key_width.entry(dataset).or_insert(KEY_WIDTH).timed_out(),
            None => false,
        }
    }
}

/// What a load needs next.
fn next_chunk(load: &Load, edge: Edge, (rows_us, sums_us): (i64, i64), key_width: Width) -> Part {
    match &load.rest {
        LoadKind::Keys { after, upto } => {
            let limit = u32::try_from(key_width.value()).unwrap_or(u32::MAX);
            Part::Chunk(Chunk::Keys { after: after.clone(), upto: upto.clone(), limit })
        }
        LoadKind::Windows(_) => load
            .part(edge, rows_us, sums_us)
            .unwrap_or(Part::Chunk(Chunk::Time { start_us: i64::MAX, end_us: i64::MAX })),
    }
}
