//! Changes of usage events.

use steward_core::{Dataset, Result};

use super::{Applied, Batch, KeyRange};
use crate::row::RowBatch;

#[derive(Debug)]
pub(super) struct Difference {
    applied: Applied,
}

impl Difference {
    pub(super) fn begin(_batch: &Batch<'_>, _range: &KeyRange) -> Result<Self> {
        Ok(Self { applied: Applied::default() })
    }
    pub(super) fn rows(&mut self, _batch: &Batch<'_>, rows: &RowBatch) -> Result<()> {
        self.applied.inserted += rows.len() as u64;
        Ok(())
    }
    pub(super) fn finish(self, _batch: &Batch<'_>) -> Result<Applied> {
        Ok(self.applied)
    }
}

pub(super) fn apply(batch: &mut Batch<'_>, _keys: &[serde_json::Value], _rows: &RowBatch) -> Result<Applied> {
    batch.note(Dataset::UsageEvents, Applied::default())?;
    Ok(Applied::default())
}
