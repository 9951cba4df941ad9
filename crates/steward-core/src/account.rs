//! `user_suspend`, `user_restore`, `user_extend_trial`, `user_reset_usage`: what is done to accounts beside
//! their plan.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::IntentId;

/// Suspends users, or lets suspended ones back in.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserStatusReq {
    /// Made by the caller once per decision; a repeated call answers with the stored result.
    pub intent: IntentId,
    /// Ids or e-mail addresses.
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

/// Moves the end of trials to a later instant.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserExtendTrialReq {
    /// Made by the caller once per decision; a repeated call answers with the stored result.
    pub intent: IntentId,
    /// Ids or e-mail addresses.
    pub users: Vec<String>,
    /// The new end: the first instant the trial is over, within a year.
    pub until: DateTime<Utc>,
    /// Why; goes to the audit log. Needed for more than one user.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm, where the outcome's `confirm` asks for it.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Sets counters back to 0; what they were stays in the history.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserResetUsageReq {
    /// Made by the caller once per decision; a repeated call answers with the stored result.
    pub intent: IntentId,
    /// Ids or e-mail addresses.
    pub users: Vec<String>,
    /// Only this metric; none is every one.
    #[serde(default)]
    pub metric: Option<String>,
    /// `YYYY-MM` or `lifetime`; none is the current month and day (UTC).
    #[serde(default)]
    pub period: Option<String>,
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
