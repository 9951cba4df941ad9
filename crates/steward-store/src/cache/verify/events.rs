//! Rows of usage events.

use std::collections::HashMap;

use rusqlite::Connection;
use rustc_hash::FxBuildHasher;
use steward_core::Result;

use super::{KeyRange, RangeDiff};
use crate::cache::batch::EventRange;
use crate::cache::event::{self, Event, EventKey, Ids};
use crate::row::RowBatch;

/// Events held until the minutes they lie in are read.
const BUFFER: usize = 65_536;

/// As for tables: every server row is looked up, what the copy has beyond is extra.
#[derive(Debug)]
pub(super) struct Comparison {
    ids: Ids,
    range: EventRange,
    buffer: Vec<Event>,
    diff: RangeDiff,
}

impl Comparison {
    pub(super) fn begin(connection: &Connection, ids: Ids, range: &KeyRange) -> Result<Self> {
        let range = EventRange::new(range)?;
        let mut diff = RangeDiff::default();
        event::each(connection, range.first_id, range.end_id, |_, event| {
            diff.local_rows += u64::from(range.contains(event.occurred_at));
            Ok(true)
        })?;
        Ok(Self { ids, range, buffer: Vec::new(), diff })
    }

    pub(super) fn rows(&mut self, connection: &Connection, rows: &RowBatch) -> Result<()> {
        for row in rows.rows() {
            let event = self.ids.event(connection, row)?;
            self.diff.server_rows += 1;
            if self.range.contains(event.occurred_at) {
                self.buffer.push(event);
            } else {
                // Not a row of this range: the copy cannot have it here.
                self.diff.missing += 1;
            }
            if self.buffer.len() >= BUFFER {
                self.compare(connection)?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, connection: &Connection) -> Result<()> {
        self.buffer.sort_unstable_by_key(|event| event::minute(event.occurred_at));
        let minute = |event: &Event| event::minute(event.occurred_at);
        for run in self.buffer.chunk_by(|a, b| minute(a) == minute(b)) {
            let number = minute(&run[0]);
            let mut local: HashMap<EventKey, Event, FxBuildHasher> = HashMap::default();
            event::each(connection, event::first_id(number), event::end_id(number), |_, event| {
                local.insert(event.identity(), event);
                Ok(true)
            })?;
            for event in run {
                match local.get(&event.identity()) {
                    None => self.diff.missing += 1,
                    Some(own) if own == event => {}
                    Some(_) => self.diff.different += 1,
                }
            }
        }
        self.buffer.clear();
        Ok(())
    }

    pub(super) fn finish(mut self, connection: &Connection) -> Result<RangeDiff> {
        self.compare(connection)?;
        self.diff.extra = self.diff.local_rows.saturating_sub(self.diff.server_rows - self.diff.missing);
        Ok(self.diff)
    }
}
