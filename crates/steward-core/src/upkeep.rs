//! `usage_cleanup`, `usage_recount`, `quality_show`: keeping usage in order.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::IntentId;
use crate::operation::Outcome;

/// Removes usage before so many whole months.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageCleanupReq {
    /// Made by the caller once per decision; a repeated call goes on with it.
    pub intent: IntentId,
    /// Whole months kept before the current one, 1 to 1,200.
    pub keep_months: i32,
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

/// What a cleanup removes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CleanupPlan {
    /// Whole months kept before the current one.
    pub keep_months: i32,
    /// Everything before goes.
    pub cutoff: DateTime<Utc>,
    /// Events before the cutoff.
    pub events: u64,
    /// Counters of months and days before the cutoff.
    pub counters: u64,
    /// Partitions that are dropped whole.
    pub partitions: Vec<String>,
    /// Their bytes, free at once; the space of single rows is used again.
    pub bytes: u64,
    /// The oldest event now.
    pub oldest: Option<DateTime<Utc>>,
    /// The oldest event that is kept.
    pub oldest_kept: Option<DateTime<Utc>>,
    /// A cleanup that was interrupted and has to be finished first.
    pub unfinished: Option<CleanupProgress>,
}

/// How far a cleanup is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CleanupProgress {
    /// The cleanup.
    pub intent: IntentId,
    /// Events it was decided to remove.
    pub events_planned: u64,
    /// Events removed so far.
    pub events_removed: u64,
    /// Counters removed so far.
    pub counters_removed: u64,
    /// Partitions dropped so far.
    pub partitions_dropped: Vec<String>,
    /// Whether nothing is left to do.
    pub is_done: bool,
}

/// The answer of `usage_cleanup`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CleanupRes {
    /// What it removes.
    pub plan: CleanupPlan,
    /// The decision; in a preview what it would be.
    pub outcome: Outcome,
    /// What was removed; none in a preview.
    pub progress: Option<CleanupProgress>,
}

/// Counts a month's counters again from its events.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageRecountReq {
    /// Made by the caller once per decision; a repeated call answers with the stored result.
    pub intent: IntentId,
    /// The month, `YYYY-MM` (UTC).
    pub period: String,
    /// Ids or e-mail addresses; empty for everybody.
    #[serde(default)]
    pub users: Vec<String>,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm, where the outcome's `confirm` asks for it.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// How far back the report looks.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct QualityReq {
    /// Days up to today (UTC), 1 to 3,660.
    #[serde(default = "quarter")]
    pub days: i32,
}

fn quarter() -> i32 {
    90
}

/// One thing that may be wrong with the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct QualityCheck {
    /// `gaps`, `future`, `orphans`, `duplicates`, `negative`, `late`, `unpriced`, `unmetered`, `counters`,
    /// `unpartitioned`.
    pub check: String,
    /// In words.
    pub label: String,
    /// How often it was found.
    pub count: u64,
    /// Up to five of them; one about a user has `user_id` and, where the user is there, `email`.
    #[ts(type = "unknown[]")]
    pub examples: Vec<serde_json::Value>,
}

/// The data-quality report, from the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Quality {
    /// The first instant it covers.
    pub since: DateTime<Utc>,
    /// When the server answered.
    pub as_of: DateTime<Utc>,
    /// Every check.
    pub checks: Vec<QualityCheck>,
}
