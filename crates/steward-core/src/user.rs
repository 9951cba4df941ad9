//! `user_list`, `user_show`, `user_change_plan`.

use crate::id::{IntentId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;
use crate::operation::Outcome;

/// The order of a list of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum UserSort {
    /// E-mail address, A first.
    #[default]
    Email,
    /// Newest first.
    CreatedAt,
    /// Last seen, latest first.
    LastSeenAt,
}

/// Which users.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct UserListReq {
    /// Part of the e-mail address or name, or a whole id; empty for all.
    pub search: String,
    /// Only this plan.
    pub plan_code: Option<String>,
    /// Only this status.
    pub status: Option<String>,
    /// Order.
    pub sort: UserSort,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows wanted, 1 to 1,000; 0 means 200.
    pub limit: u32,
}

/// A user in a list.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserRow {
    /// Id.
    pub id: UserId,
    /// E-mail address.
    pub email: String,
    /// Name.
    pub name: String,
    /// `active`, `suspended`, `erased`.
    pub status: String,
    /// `user` or `admin`.
    pub role: String,
    /// Current plan.
    pub plan_code: String,
    /// Last seen.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Signed up.
    pub created_at: DateTime<Utc>,
}

/// A page of users.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<UserRow>,
    /// How many match in all.
    pub total: u64,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
}

/// One user by id or e-mail address.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserShowReq {
    /// Id or e-mail address.
    pub user: String,
}

/// A counted metric of a user against its limit.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserLimit {
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// `hard` or `soft`.
    pub kind: String,
    /// Allowed now; none is unlimited.
    pub limit: Option<i64>,
    /// When a raise of it ends; none where the plan's limit holds.
    pub raised_until: Option<DateTime<Utc>>,
    /// Used in the current period.
    pub used: i64,
    /// When it starts again at 0; none for `lifetime`.
    pub resets_at: Option<DateTime<Utc>>,
}

/// A subscription of a user.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserSubscription {
    /// Plan.
    pub plan_code: String,
    /// Status.
    pub status: String,
    /// `month` or `year`.
    pub billing_interval: String,
    /// Current period's end.
    pub current_period_end: Option<DateTime<Utc>>,
    /// Whether it is billed at Stripe.
    pub is_billed_at_stripe: bool,
}

/// Everything about one user.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserView {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The user.
    pub user: UserRow,
    /// Teams by name.
    pub teams: Vec<String>,
    /// Limits of the plan with their use.
    pub limits: Vec<UserLimit>,
    /// Subscriptions, newest first.
    pub subscriptions: Vec<UserSubscription>,
    /// Events in the last 30 days up to the as-of.
    pub events_30d: u64,
    /// The last audited changes of this user, newest first.
    pub changes: Vec<crate::audit::AuditRow>,
}

/// Moves users to another plan.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserChangePlanReq {
    /// Made by the caller once per decision; a repeated call answers with the stored result.
    pub intent: IntentId,
    /// Ids or e-mail addresses.
    pub users: Vec<String>,
    /// The new plan's code.
    pub plan_code: String,
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

/// The outcome of `user_change_plan`.
pub type UserChangePlanRes = Outcome;
