//! `audit_list`, `audit_verify`: who changed what, and whether the log is whole.

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
    /// Only rows whose key holds this text, for example a user's id; or a user's whole e-mail address.
    pub key: Option<String>,
    /// Only by somebody whose login or name holds this text.
    pub who: Option<String>,
    /// Only this action, for example `change_plan`.
    pub action: Option<String>,
    /// Only rows of this table.
    pub table: Option<String>,
    /// Only since this instant.
    pub since: Option<DateTime<Utc>>,
    /// Only before this instant.
    pub until: Option<DateTime<Utc>>,
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
    /// How many match in all; told with the first page.
    pub total: Option<u64>,
    /// What there is to filter by; told with the first page.
    pub choices: Option<AuditChoices>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}

/// What there is to filter the log by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditChoices {
    /// Actions, by name.
    pub actions: Vec<String>,
    /// Names, or logins without a name.
    pub people: Vec<String>,
    /// Tables.
    pub tables: Vec<String>,
}

/// An entry of the log by its place and its hash: who knows it notices when anything before it is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditHead {
    /// Position in the log.
    pub id: i64,
    /// SHA-256 over the entry and everything before it, in hex.
    pub hash: String,
}

/// An entry that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditProblem {
    /// Position in the log.
    pub id: i64,
    /// What is wrong with it, as a sentence.
    pub problem: String,
}

/// Whether the log is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditVerify {
    /// Whether nothing was found.
    pub is_whole: bool,
    /// What was found; at most a hundred.
    pub problems: Vec<AuditProblem>,
    /// Entries of the server, counted by it.
    pub entries: u64,
    /// The newest entry now.
    pub head: Option<AuditHead>,
    /// Heads this computer has seen before, each compared with the server's entry of the same place.
    pub heads_compared: u64,
    /// When the server answered.
    pub checked_at: DateTime<Utc>,
}
