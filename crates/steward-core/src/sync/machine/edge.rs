//! The machine moving the edge between rows and sums (S40).

use chrono::{DateTime, Utc};

use super::{Machine, Move};
use crate::dataset::Dataset;
use crate::sync::catalog::{Catalog, Reload};
use crate::sync::cursor::Position;
use crate::sync::load::{Load, Window};

impl Machine {
    /// Moves the edge of a position to where it is to lie at this moment of the server; false when it lies
    /// there.
    ///
    /// Forward it jumps: what every quarter-hour sums up to stays, its rows go. That is right at every
    /// position, also in the middle of a load: sums are right where rows are, and what is still to be read, or
    /// changed since the cursor, is read again as sums, whole quarter-hours at a time. Backward it follows
    /// the rows, chunk by chunk, and until then only its goal moves.
    pub(super) fn move_edge(&self, next: &mut Position, as_of: DateTime<Utc>, allowed: Move) -> bool {
        let goal = self.config.keep.goal(next.edge.from_us, as_of, self.census);
        if goal >= next.edge.from_us {
            let has_moved = goal > next.edge.from_us || next.edge.is_widening();
            next.edge.from_us = goal;
            next.edge.goal_us = goal;
            return has_moved;
        }
        if allowed == Move::Forward || goal == next.edge.goal_us {
            return false;
        }
        if goal < next.edge.goal_us {
            let none = Catalog::default();
            let catalog = next.cursor.as_ref().map_or(&none, |cursor| &cursor.catalog);
            let window = Window::new(goal.unwrap_or(i64::MIN), next.edge.from_us.unwrap_or(i64::MAX));
            let earlier = next.loads.get(&Dataset::UsageEvents);
            if !earlier.is_some_and(|load| load.covers(window)) {
                let reload = Reload::windows("More events are kept as rows now.", vec![window]);
                let load = Load::joined(earlier, Dataset::UsageEvents, catalog, reload);
                next.loads.insert(Dataset::UsageEvents, load);
                next.settled.remove(&Dataset::UsageEvents);
            }
        }
        next.edge.goal_us = goal;
        true
    }
}
