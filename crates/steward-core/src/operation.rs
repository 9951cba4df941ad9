//! `operation_revert`, and what every change answers with.

use crate::id::IntentId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One row that a change touches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RowChange {
    /// Table.
    pub table: String,
    /// The row's key by column.
    #[ts(type = "Record<string, unknown>")]
    pub key: serde_json::Value,
    /// How people know the row: an e-mail address, a name.
    pub label: String,
    /// The touched columns before; none for a new row.
    #[ts(type = "Record<string, unknown> | null")]
    pub before: Option<serde_json::Value>,
    /// The touched columns after; none for a removed row.
    #[ts(type = "Record<string, unknown> | null")]
    pub after: Option<serde_json::Value>,
}

/// A row that was left alone, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SkippedRow {
    /// How people know the row.
    pub label: String,
    /// Why it was left alone.
    pub reason: String,
}

/// What a change did, or in a preview would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Outcome {
    /// The change's id; what `operation_revert` takes.
    pub intent: IntentId,
    /// Whether it was carried out; false for a preview.
    pub is_applied: bool,
    /// Every row it touches, as the audit log has it.
    pub rows: Vec<RowChange>,
    /// Rows left alone.
    pub skipped: Vec<SkippedRow>,
    /// Proves what was previewed; apply needs it.
    pub plan_token: String,
    /// What has to be typed before this may be applied; none when nothing has to.
    pub confirm: Option<String>,
    /// The server's transaction id; the change is confirmed once a cut contains it.
    pub xid: Option<String>,
}

/// Writes the rows of a change back as they were, where they have not moved since.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OperationRevertReq {
    /// The id of this revert.
    pub intent: IntentId,
    /// The change to take back.
    pub operation: IntentId,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm.
    #[serde(default)]
    pub confirm: Option<String>,
}
