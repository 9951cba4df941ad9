//! `user_list`, `user_show`, `user_change_plan`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::audit::AuditRow;
use crate::chart_spec::ChartSpec;
use crate::error::{Error, Result};
use crate::freshness::Freshness;
use crate::id::{IntentId, TeamId, UserId};
use crate::limit::{AccountFeature, LimitForecast, LimitLine};
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
    /// Zone of the days of the chart.
    #[serde(default = "utc")]
    #[ts(type = "string")]
    pub zone: Tz,
    /// Days of the chart; the last 30 where it is not given.
    #[serde(default)]
    #[ts(type = "string")]
    pub range: RangeSpec,
}

fn utc() -> Tz {
    Tz::UTC
}

impl UserShowReq {
    /// A user, with the last 30 days by UTC.
    #[must_use]
    pub fn of(user: impl Into<String>) -> Self {
        Self { user: user.into(), zone: Tz::UTC, range: RangeSpec::default() }
    }
}

/// What is known of a user beside the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserProfile {
    /// ISO 3166 code.
    pub country: Option<String>,
    /// IANA name.
    pub timezone: Option<String>,
    /// Id at Stripe.
    pub stripe_customer_id: Option<String>,
    /// When the trial ends or ended.
    pub trial_end: Option<DateTime<Utc>>,
}

/// The plan that holds for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserPlan {
    /// Code; empty before there is a catalogue.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether it holds because the user has none of his own.
    pub is_default: bool,
}

/// A team of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserTeam {
    /// Id.
    pub id: TeamId,
    /// Name.
    pub name: String,
    /// `owner`, `admin`, `member`.
    pub role: String,
    /// Its members.
    pub members: u64,
}

/// A counted metric of a user against its limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserLimit {
    /// The limit with what is used of it.
    #[serde(flatten)]
    #[ts(flatten)]
    pub line: LimitLine,
    /// When it will be reached: an estimate.
    pub forecast: LimitForecast,
}

/// A limit raised for a user, or for a team of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserRaise {
    /// Id.
    #[ts(type = "string")]
    pub id: Uuid,
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// Allowed; none is unlimited.
    pub limit: Option<i64>,
    /// The first instant it holds.
    pub starts_at: Option<DateTime<Utc>>,
    /// The first instant it no longer holds.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The team it was raised for; none where it is for the user alone.
    pub team: Option<String>,
    /// Whether it holds now.
    pub is_running: bool,
}

/// A subscription of a user, or of a team of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserSubscription {
    /// Id.
    #[ts(type = "string")]
    pub id: Uuid,
    /// The team that holds it; none where the user does.
    pub team: Option<String>,
    /// Plan.
    pub plan_code: String,
    /// Status.
    pub status: String,
    /// `month` or `year`.
    pub billing_interval: String,
    /// How many of them a period lasts.
    pub interval_count: i64,
    /// Seats or units.
    pub quantity: i64,
    /// Price of one for a period, in the currency's minor unit.
    pub unit_amount_minor: Option<i64>,
    /// ISO 4217 code.
    pub currency: String,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When its trial ends.
    pub trial_end: Option<DateTime<Utc>>,
    /// Current period's end.
    pub current_period_end: Option<DateTime<Utc>>,
    /// Whether it ends with the current period.
    pub cancel_at_period_end: bool,
    /// Id at Stripe; none where it is billed by hand.
    pub stripe_subscription_id: Option<String>,
    /// Whether it is billed at Stripe.
    pub is_billed_at_stripe: bool,
}

/// A metric by calendar month (UTC, as limits count).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MetricMonths {
    /// Metric.
    pub metric: String,
    /// The last twelve months, the running one last.
    pub chart: ChartSpec,
    /// What the month's plan allows a month; none is unlimited or not known.
    pub limits: Vec<Option<i64>>,
}

/// Everything about one user, as of the copy.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UserView {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The user.
    pub user: UserRow,
    /// What else is known.
    pub profile: UserProfile,
    /// The plan that holds.
    pub plan: UserPlan,
    /// Teams by name.
    pub teams: Vec<UserTeam>,
    /// Limits with their use, by metric and period.
    pub limits: Vec<UserLimit>,
    /// What of the product is unlocked, by key.
    pub features: Vec<AccountFeature>,
    /// Raised limits, those that hold first, then by their end.
    pub raises: Vec<UserRaise>,
    /// Subscriptions, newest first.
    pub subscriptions: Vec<UserSubscription>,
    /// Use by month, the metric that is closest to its limit first.
    pub months: Vec<MetricMonths>,
    /// Events by day or hour of the range.
    pub days: ChartSpec,
    /// Events in the range.
    pub events: u64,
    /// Events in the last 30 days up to the as-of.
    pub events_30d: u64,
    /// The last audited changes of this user, newest first.
    pub changes: Vec<AuditRow>,
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
