//! What is remembered between runs beside the position: differences found, and when all was well.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use steward_core::{Dataset, Result};
use steward_store::cache::{Batch, Reader};

use crate::command::sync::{DriftRow, LevelRun, VerifyLevel};

/// Differences kept; older ones are forgotten.
const DRIFT_LIMIT: usize = 100;

/// What comparisons found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Journal {
    /// Differences, newest first.
    pub(super) drift: Vec<DriftRow>,
    /// When each dataset was last equal in full, by the server's time.
    pub(super) verified_at: BTreeMap<Dataset, DateTime<Utc>>,
    /// The last comparison of each level, most frequent level first.
    pub(super) levels: Vec<LevelRun>,
}

impl Journal {
    const KEY: &'static str = "sync.journal";

    pub(super) fn read(reader: &Reader) -> Result<Self> {
        Ok(reader.state(Self::KEY)?.unwrap_or_default())
    }

    pub(in crate::sync_driver) fn read_in(batch: &Batch<'_>) -> Result<Self> {
        Ok(batch.state(Self::KEY)?.unwrap_or_default())
    }

    pub(in crate::sync_driver) fn store(&self, batch: &mut Batch<'_>) -> Result<()> {
        batch.put_state(Self::KEY, self)
    }

    /// Adds what a comparison found (S13).
    pub(in crate::sync_driver) fn add(&mut self, found: Vec<DriftRow>) {
        self.drift.splice(0..0, found);
        self.drift.truncate(DRIFT_LIMIT);
    }

    /// Notes that a comparison ended.
    pub(in crate::sync_driver) fn ended(&mut self, run: LevelRun) {
        self.levels.retain(|other| other.level != run.level);
        self.levels.push(run);
        self.levels.sort_unstable_by_key(|run| run.level);
    }

    /// When a comparison of this level last ended.
    pub(super) fn last(&self, level: VerifyLevel) -> Option<DateTime<Utc>> {
        self.levels.iter().find(|run| run.level == level).map(|run| run.ended_at)
    }

    /// Marks everything repaired; true when something was not.
    pub(super) fn repaired(&mut self) -> bool {
        let mut is_changed = false;
        for row in &mut self.drift {
            is_changed |= !row.is_repaired;
            row.is_repaired = true;
        }
        is_changed
    }
}
