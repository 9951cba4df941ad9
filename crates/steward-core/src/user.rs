//! `user_list`, `user_show`, `user_change_plan`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{Error, Result};
use crate::freshness::Freshness;
use crate::id::{IntentId, TeamId, UserId};
use crate::operation::Outcome;
use crate::period::RangeSpec;

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
    /// Most events in the days of [`UserListReq::usage`] first.
    Usage,
}

/// Which users. Everything that is given holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct UserFilter {
    /// Words of the e-mail address or name, each by its beginning; or a whole id, a user's or Stripe's.
    /// Empty for all.
    pub search: String,
    /// Only this plan; empty is no plan.
    pub plan_code: Option<String>,
    /// Only this status.
    pub status: Option<String>,
    /// Only this role.
    pub role: Option<String>,
    /// Only members of this team.
    pub team: Option<TeamId>,
    /// Only who signed up in these days.
    #[ts(type = "string | null")]
    pub signed_up: Option<RangeSpec>,
    /// Only who was seen, or was not.
    #[ts(type = "string | null")]
    pub last_seen: Option<LastSeen>,
    /// Zone of the days.
    #[ts(type = "string")]
    pub zone: Tz,
}

impl Default for UserFilter {
    fn default() -> Self {
        Self {
            search: String::new(),
            plan_code: None,
            status: None,
            role: None,
            team: None,
            signed_up: None,
            last_seen: None,
            zone: Tz::UTC,
        }
    }
}

/// When somebody was last seen. Text forms: `30d` (a range), `before:30d` (not since it began; who was
/// never seen is among them), `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastSeen {
    /// Within a range.
    Within(RangeSpec),
    /// Not since a range began.
    NotSince(RangeSpec),
    /// Never.
    Never,
}

impl fmt::Display for LastSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within(range) => range.fmt(f),
            Self::NotSince(range) => write!(f, "before:{range}"),
            Self::Never => f.write_str("never"),
        }
    }
}

impl FromStr for LastSeen {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match (text.trim(), text.trim().strip_prefix("before:")) {
            ("never", _) => Ok(Self::Never),
            (_, Some(range)) => range.parse().map(Self::NotSince),
            (range, None) => range.parse().map(Self::Within),
        }
    }
}

impl Serialize for LastSeen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LastSeen {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A page of users.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct UserListReq {
    /// Which users.
    #[serde(flatten)]
    #[ts(flatten)]
    pub filter: UserFilter,
    /// Order.
    pub sort: UserSort,
    /// Days whose events are counted with each user, in the filter's zone; none counts none. The last 30 days
    /// where the order asks for a count and this is none.
    #[ts(type = "string | null")]
    pub usage: Option<RangeSpec>,
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
    /// Events in the days that were asked for; none where none were.
    #[serde(default)]
    pub events: Option<u64>,
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
    /// Ids or e-mail addresses; empty where the filter says who.
    #[serde(default)]
    pub users: Vec<String>,
    /// Everybody who matches, in place of `users`. Who is erased or billed at Stripe is left alone, by name.
    #[serde(default)]
    #[ts(optional)]
    pub filter: Option<UserFilter>,
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
