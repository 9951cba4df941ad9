//! `plan_list`: the plans people can be on, and who is on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;

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
