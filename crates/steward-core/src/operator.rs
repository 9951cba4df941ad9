//! `operator_list`, `operator_create`, `operator_remove`: the people who use the console.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::IntentId;
use crate::operation::Outcome;

/// Somebody who may use the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OperatorRow {
    /// The database login.
    pub login: String,
    /// The name in the audit log; none for a login nobody named.
    pub name: Option<String>,
    /// `viewer`, `finance`, `support`, `admin`, by what the login may do; none when the login is gone.
    pub role: Option<String>,
    /// Whether the audit log knows a name for the login.
    pub is_named: bool,
    /// Whether the login may connect.
    pub can_log_in: bool,
    /// Whether it is connected now.
    pub is_connected: bool,
    /// When it last changed something.
    pub last_change_at: Option<DateTime<Utc>>,
    /// When its password ends.
    pub valid_until: Option<DateTime<Utc>>,
    /// When a copy of its last told the server what it had read; none where it never did, or did under a
    /// server that does not say.
    #[serde(default)]
    pub last_sync_at: Option<DateTime<Utc>>,
}

/// Everybody who may use the console, from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OperatorList {
    /// By login.
    pub rows: Vec<OperatorRow>,
}

/// Makes a login with a role's rights.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OperatorCreateReq {
    /// Made by the caller once per decision.
    pub intent: IntentId,
    /// The login: small letters, digits and `_`.
    pub login: String,
    /// The name in the audit log.
    pub name: String,
    /// `viewer`, `finance`, `support`, `admin`.
    pub role: String,
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

/// The answer of `operator_create`. No `Debug`: it carries a password.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OperatorCreated {
    /// What was done; in a preview what would be.
    pub outcome: Outcome,
    /// The login's password, this once: nobody can ask for it again. None in a preview, and for a repeated call.
    pub password: Option<String>,
}

/// Removes a login.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OperatorRemoveReq {
    /// Made by the caller once per decision.
    pub intent: IntentId,
    /// The login.
    pub login: String,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// From the preview; without it nothing is applied.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the person typed to confirm: the login.
    #[serde(default)]
    pub confirm: Option<String>,
}
