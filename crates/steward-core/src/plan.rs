//! `plan_list`, `plan_effect`, `plan_edit`: the plans people can be on, who is on them, and what an edit does.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;
use crate::id::IntentId;

/// A limit of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanLimit {
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// `hard` or `soft`.
    pub kind: String,
    /// Allowed; none is unlimited.
    pub limit: Option<i64>,
}

/// What a plan unlocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanUnlock {
    /// Its key.
    pub key: String,
    /// Whether it is unlocked; anything but `false` unlocks.
    pub is_unlocked: bool,
    /// Settings it carries; none for a plain yes or no.
    #[ts(type = "unknown")]
    pub settings: Option<serde_json::Value>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanRow {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Its place among the plans, cheapest first.
    pub rank: i64,
    /// Price of a month in the currency's minor unit; none where it cannot be bought by the month.
    pub price_month_minor: Option<i64>,
    /// Price of a year in the currency's minor unit; none where it cannot be bought by the year.
    pub price_year_minor: Option<i64>,
    /// ISO 4217 code.
    pub currency: String,
    /// Seats; none is unlimited.
    pub seats: Option<i64>,
    /// Credits a month; none where the plan counts none.
    pub credits_per_month: Option<i64>,
    /// Projects; none is unlimited.
    pub projects: Option<i64>,
    /// Integrations; none is unlimited.
    pub integrations: Option<i64>,
    /// Requests a minute; none is unlimited.
    pub requests_per_minute: Option<i64>,
    /// Users on it who are not erased.
    pub user_count: u64,
    /// When it stopped being offered.
    pub archived_at: Option<DateTime<Utc>>,
    /// Its limits, by metric and period.
    pub limits: Vec<PlanLimit>,
    /// What it unlocks, by key.
    pub features: Vec<PlanUnlock>,
}

/// All plans by rank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The plans.
    pub rows: Vec<PlanRow>,
}

/// A limit of a plan as it is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanLimitEdit {
    /// Metric.
    pub metric: String,
    /// `minute`, `day`, `month`, `lifetime`.
    pub period: String,
    /// Allowed from then on; none is unlimited.
    pub limit: Option<i64>,
}

/// What a plan is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanEffectReq {
    /// Code.
    pub plan: String,
    /// Price of a month; none where it cannot be bought by the month.
    pub price_month_minor: Option<i64>,
    /// Price of a year; none where it cannot be bought by the year.
    pub price_year_minor: Option<i64>,
    /// The limits that change.
    #[serde(default)]
    pub limits: Vec<PlanLimitEdit>,
}

/// Changes prices and limits of a plan, or shows the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanEditReq {
    /// Its id; made by whoever asks, before the first preview.
    pub intent: IntentId,
    /// Code.
    pub plan: String,
    /// Price of a month; none where it cannot be bought by the month.
    pub price_month_minor: Option<i64>,
    /// Price of a year; none where it cannot be bought by the year.
    pub price_year_minor: Option<i64>,
    /// The limits that change.
    #[serde(default)]
    pub limits: Vec<PlanLimitEdit>,
    /// Why; goes to the audit log.
    #[serde(default)]
    pub reason: String,
    /// What the preview showed.
    #[serde(default)]
    pub plan_token: Option<String>,
    /// What the preview asked to be typed.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Who a changed limit reaches, by the counters of the running period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanLimitEffect {
    /// Metric.
    pub metric: String,
    /// Period.
    pub period: String,
    /// Allowed now; none is unlimited.
    pub limit: Option<i64>,
    /// Allowed then.
    pub limit_after: Option<i64>,
    /// Users of the plan who have used more than what is allowed now.
    pub over: u64,
    /// Users who have used more than what would be.
    pub over_after: u64,
}

/// What an edit would do, from the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanEffect {
    /// How fresh it is.
    pub freshness: Freshness,
    /// Code.
    pub plan: String,
    /// ISO 4217 code of its price.
    pub currency: String,
    /// Paying customers whose price is the plan's own: theirs changes with it.
    pub customers: u64,
    /// Paying customers with a price of their own or billed at Stripe: theirs does not.
    pub untouched_customers: u64,
    /// What those on the plan's own price pay per month now.
    pub mrr_minor: i64,
    /// What they would pay.
    pub mrr_after_minor: i64,
    /// Who the changed limits reach.
    pub limits: Vec<PlanLimitEffect>,
}
