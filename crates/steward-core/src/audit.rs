//! `audit_list`: who changed what.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::freshness::Freshness;

/// Which entries.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct AuditListReq {
    /// Only this change.
    pub intent: Option<Uuid>,
    /// Only rows whose key holds this text, for example a user's id.
    pub key: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows wanted; 0 means 200.
    pub limit: u32,
}

/// One audited row.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditRow {
    /// Position in the log.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The change it belongs to.
    pub intent: Option<Uuid>,
    /// Database login.
    pub login: String,
    /// Person, where known.
    pub operator: Option<String>,
    /// What was done, for example `change_plan`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// Table.
    pub table: String,
    /// The row's key.
    #[ts(type = "Record<string, unknown>")]
    pub key: serde_json::Value,
    /// How people know the row, where known.
    pub label: Option<String>,
    /// Touched columns before.
    #[ts(type = "Record<string, unknown> | null")]
    pub before: Option<serde_json::Value>,
    /// Touched columns after.
    #[ts(type = "Record<string, unknown> | null")]
    pub after: Option<serde_json::Value>,
}

/// A page of the log, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}
