//! What is remembered between runs beside the position: differences found, and when all was well.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use steward_core::{Dataset, Result};
use steward_store::cache::{Batch, Reader};

use crate::command::sync::DriftRow;

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
}

impl Journal {
    const KEY: &'static str = "sync.journal";

    pub(super) fn read(reader: &Reader) -> Result<Self> {
        Ok(reader.state(Self::KEY)?.unwrap_or_default())
    }

    pub(super) fn read_in(batch: &Batch<'_>) -> Result<Self> {
        Ok(batch.state(Self::KEY)?.unwrap_or_default())
    }

    pub(super) fn store(&self, batch: &mut Batch<'_>) -> Result<()> {
        batch.put_state(Self::KEY, self)
    }

    /// Adds what a comparison found (S13).
    pub(super) fn add(&mut self, found: Vec<DriftRow>) {
        self.drift.splice(0..0, found);
        self.drift.truncate(DRIFT_LIMIT);
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
