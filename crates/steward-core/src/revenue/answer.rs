//! `revenue_show`, `revenue_movements`, `revenue_bridge`: what is asked and what is answered.
//!
//! Amounts are whole minor units of the `currency` beside them, rounded once. Gains are positive and losses negative, so
//! that a column sums to its last line.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::bridge::Rule;
use super::metric::RevenueMetric;
use super::month::Month;
use super::movement::Movement;
use super::profile::Profile;
use crate::chart_spec::ChartSpec;
use crate::freshness::Freshness;
use crate::period::Period;

/// Months of a series when the request does not say.
pub const MONTHS: u32 = 12;

/// The most months of a series: ten years.
pub const MONTHS_MAX: u32 = 120;

/// Which month, in which zone, under which definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueReq {
    /// `2026-10`; none is the month that runs.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub month: Option<Month>,
    /// Months of the series, the one asked for included; 0 is 12.
    #[serde(default)]
    pub months: u32,
    /// IANA zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
    /// ISO 4217 code; none is the one most customers pay in.
    #[serde(default)]
    pub currency: Option<String>,
}

/// One number with what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueFigure {
    /// Which.
    pub metric: RevenueMetric,
    /// Its name.
    pub label: String,
    /// ISO 4217 code.
    pub currency: String,
    /// An amount, in minor units; none where it is no amount or has no value.
    pub amount_minor: Option<i64>,
    /// A share (1 is 100 %), a ratio or a count; none where it is an amount or has no value.
    pub value: Option<f64>,
    /// The amount at the end of the month before.
    pub previous_minor: Option<i64>,
    /// The value of the month before.
    pub previous: Option<f64>,
    /// Why there is no value, where there is none.
    pub without: Option<String>,
    /// How it is computed, under this profile.
    pub definition: String,
}

/// Revenue of one month in one currency; start and all movements are the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueMonth {
    /// `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// Whether it still runs: its end is the as-of then.
    pub is_unfinished: bool,
    /// ISO 4217 code.
    pub currency: String,
    /// MRR when it began.
    pub start_minor: i64,
    /// Of customers who never paid before.
    pub new_minor: i64,
    /// Of customers who pay again.
    pub reactivation_minor: i64,
    /// Of customers who pay more.
    pub expansion_minor: i64,
    /// Of customers who pay less; not above 0.
    pub contraction_minor: i64,
    /// Of customers who pay no longer; not above 0.
    pub churn_minor: i64,
    /// MRR when it ended.
    pub end_minor: i64,
    /// Paying customers when it began.
    pub start_customers: u64,
    /// New ones.
    pub new_customers: u64,
    /// Returned ones.
    pub reactivation_customers: u64,
    /// Those who pay more.
    pub expansion_customers: u64,
    /// Those who pay less.
    pub contraction_customers: u64,
    /// Lost ones.
    pub churn_customers: u64,
    /// Paying customers when it ended.
    pub end_customers: u64,
    /// MRR per paying customer at its end.
    pub arpu_minor: Option<i64>,
    /// Customers lost, of those at the start.
    pub logo_churn: Option<f64>,
    /// Churn and contraction, of the MRR at the start.
    pub gross_churn: Option<f64>,
    /// The same less expansion and reactivation.
    pub net_churn: Option<f64>,
    /// Net retention over the month.
    pub net_retention: Option<f64>,
    /// Gross retention over the month.
    pub gross_retention: Option<f64>,
    /// New and expansion over churn and contraction; none without losses.
    pub quick_ratio: Option<f64>,
}

/// Part of the revenue at the end of the month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueShare {
    /// What its customers have in common: a plan's code, a country, an interval; none where it is not known.
    pub value: Option<String>,
    /// How it is written for people.
    pub label: String,
    /// ISO 4217 code.
    pub currency: String,
    /// What they pay per month.
    pub mrr_minor: i64,
    /// Customers; who pays for two kinds is in both.
    pub customers: u64,
    /// Of the whole, between 0 and 1.
    pub share: f64,
}

/// What is paid in one currency. Currencies are never added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueCurrency {
    /// ISO 4217 code.
    pub currency: String,
    /// Digits of its minor unit.
    pub exponent: u32,
    /// MRR at the end of the month.
    pub mrr_minor: i64,
    /// Paying customers.
    pub customers: u64,
}

/// How one plan's revenue moved in the month; start and everything after is the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanMonth {
    /// Code.
    pub plan: String,
    /// Name.
    pub label: String,
    /// ISO 4217 code.
    pub currency: String,
    /// MRR when the month began.
    pub start_minor: i64,
    /// Of customers who never paid before.
    pub new_minor: i64,
    /// Of customers who pay again.
    pub reactivation_minor: i64,
    /// Of customers who pay more for it.
    pub expansion_minor: i64,
    /// Of customers who pay less for it; not above 0.
    pub contraction_minor: i64,
    /// Of customers who pay for nothing any longer; not above 0.
    pub churn_minor: i64,
    /// Of customers who came from another plan.
    pub moved_in_minor: i64,
    /// Of customers who went to another plan; not above 0.
    pub moved_out_minor: i64,
    /// MRR when it ended.
    pub end_minor: i64,
    /// Customers when it began.
    pub start_customers: u64,
    /// Customers when it ended.
    pub end_customers: u64,
}

/// Customers who went from one plan to another in the month, or stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "RevenuePlanMove")]
pub struct PlanMoveRow {
    /// Code at the start; none for paying nothing.
    pub from: Option<String>,
    /// Code at the end; none for paying nothing.
    pub to: Option<String>,
    /// How many.
    pub customers: u64,
    /// ISO 4217 code.
    pub currency: String,
    /// What they paid in all when the month began.
    pub before_minor: i64,
    /// What they pay in all when it ended.
    pub after_minor: i64,
}

/// What became of trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(export, rename = "RevenueTrials")]
pub struct Trials {
    /// Those that pay.
    pub converted: u64,
    /// Those that pay or left.
    pub decided: u64,
    /// Those that still run: the share may change.
    pub open: u64,
    /// Converted of all; none without any.
    pub share: Option<f64>,
}

/// One month in the life of a cohort: customers who paid for the first time at the end of the same month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CohortCell {
    /// The month they came in, `2026-10`.
    #[ts(type = "string")]
    pub started: Month,
    /// Months since; 0 is that month itself.
    pub age: u64,
    /// ISO 4217 code.
    pub currency: String,
    /// Those who pay.
    pub customers: u64,
    /// What they pay per month.
    pub mrr_minor: i64,
    /// Of the cohort's customers.
    pub logo_retention: Option<f64>,
    /// Of the cohort's first MRR; above 1 where it grew.
    pub revenue_retention: Option<f64>,
    /// Whether the month still runs.
    pub is_unfinished: bool,
}

/// The answer: one month and those before it, in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Revenue {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// The definition all numbers are made by.
    pub profile: Profile,
    /// The definitions to choose from.
    pub profiles: Vec<Profile>,
    /// The month the figures are of.
    #[ts(type = "string")]
    pub month: Month,
    /// Its span; while it runs, to the as-of.
    pub period: Period,
    /// Whether it still runs.
    pub is_unfinished: bool,
    /// The currency shown; none while nobody ever paid.
    pub currency: Option<String>,
    /// Digits of its minor unit.
    pub exponent: u32,
    /// Every currency, most customers first.
    pub currencies: Vec<RevenueCurrency>,
    /// The numbers of the month.
    pub figures: Vec<RevenueFigure>,
    /// The months, oldest first, the one asked for last.
    pub months: Vec<RevenueMonth>,
    /// From the balance of the month's start to that of its end; none while nobody ever paid.
    pub bridge_chart: Option<ChartSpec>,
    /// The balance at the end of each of the months; likewise.
    pub mrr_chart: Option<ChartSpec>,
    /// By plan, dearest first.
    pub by_plan: Vec<RevenueShare>,
    /// By billing interval.
    pub by_interval: Vec<RevenueShare>,
    /// By the country of the customer.
    pub by_country: Vec<RevenueShare>,
    /// By the status of the subscription: past due is revenue at risk.
    pub by_status: Vec<RevenueShare>,
    /// By where the price comes from: how far the numbers can be trusted.
    pub by_price: Vec<RevenueShare>,
    /// Movements of the month plan by plan.
    pub plan_months: Vec<PlanMonth>,
    /// Who went from which plan to which in the month.
    pub plan_moves: Vec<PlanMoveRow>,
    /// By plan at the end of each month.
    pub plan_history: Vec<PlanHistory>,
    /// Of the trials that ended in the month; final once it is over.
    pub trials_ended: Trials,
    /// Of the trials that began in the month.
    pub trials_started: Trials,
    /// Cohorts of the series' months, each month by month.
    pub cohorts: Vec<CohortCell>,
    /// Subscriptions that count but whose price is nowhere: they are in no amount.
    pub unpriced: u64,
}

/// What is paid for a plan at the end of a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlanHistory {
    /// `2026-10`.
    #[ts(type = "string")]
    pub month: Month,
    /// Code.
    pub plan: String,
    /// ISO 4217 code.
    pub currency: String,
    /// What is paid per month.
    pub mrr_minor: i64,
    /// Customers.
    pub customers: u64,
    /// Seats: units of the licensed items of their subscriptions, not members of their teams.
    pub seats: u64,
    /// Of the month's MRR, between 0 and 1.
    pub share: f64,
}

/// Whose movements of a month are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueMovementsReq {
    /// `2026-10`; none is the month that runs.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub month: Option<Month>,
    /// IANA zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    #[serde(default)]
    pub profile: Option<String>,
    /// ISO 4217 code; none is the one most customers pay in.
    #[serde(default)]
    pub currency: Option<String>,
    /// Only this kind.
    #[serde(default)]
    pub movement: Option<Movement>,
    /// Only customers who were or are on this plan.
    #[serde(default)]
    pub plan: Option<String>,
    /// Where a page before ended.
    #[serde(default)]
    pub after: Option<String>,
    /// Rows wanted; 0 is 200, at most 1000.
    #[serde(default)]
    pub limit: u32,
}

/// A single change behind a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueActivity {
    /// When.
    pub at: DateTime<Utc>,
    /// What kind, seen alone.
    pub movement: Movement,
    /// MRR before.
    pub before_minor: i64,
    /// MRR after.
    pub after_minor: i64,
}

/// A customer who moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueMover {
    /// The user's or team's id.
    #[ts(type = "string")]
    pub customer: Uuid,
    /// Whether it is a team.
    pub is_team: bool,
    /// E-mail address or the team's name; none where the row is not here.
    pub name: Option<String>,
    /// What kind, net over the month; none where the month ended as it began.
    pub movement: Option<Movement>,
    /// ISO 4217 code.
    pub currency: String,
    /// MRR when the month began.
    pub start_minor: i64,
    /// MRR when it ended.
    pub end_minor: i64,
    /// The difference.
    pub change_minor: i64,
    /// Every single change, in order of time.
    pub activities: Vec<RevenueActivity>,
}

/// The customers behind a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueMovements {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The definition.
    pub profile: Profile,
    /// The month.
    #[ts(type = "string")]
    pub month: Month,
    /// Its span; while it runs, to the as-of.
    pub period: Period,
    /// The currency; none while nobody ever paid.
    pub currency: Option<String>,
    /// Customers in all.
    pub total: u64,
    /// What they changed in all, rounded once.
    pub change_minor: i64,
    /// The largest change first.
    pub rows: Vec<RevenueMover>,
    /// Where to go on; none at the end.
    pub next: Option<String>,
}

/// Which two definitions, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueBridgeReq {
    /// At the end of this month; none is now.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub month: Option<Month>,
    /// IANA zone of the months.
    #[ts(type = "string")]
    pub zone: Tz,
    /// `stripe`, `chartmogul` or `profitwell`.
    pub from: String,
    /// Likewise.
    pub to: String,
    /// ISO 4217 code; none is the one most customers pay in.
    #[serde(default)]
    pub currency: Option<String>,
}

/// A customer whose value a step changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueBridgeCustomer {
    /// The user's or team's id.
    #[ts(type = "string")]
    pub customer: Uuid,
    /// Whether it is a team.
    pub is_team: bool,
    /// E-mail address or the team's name.
    pub name: Option<String>,
    /// By how much.
    pub difference_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// What adopting one answer of the other definition changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueBridgeStep {
    /// The question.
    pub rule: Rule,
    /// What the other definition does, in words.
    pub label: String,
    /// The change of the total.
    pub difference_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// How many customers it concerns.
    pub customers: u64,
    /// Those it changes most.
    pub largest: Vec<RevenueBridgeCustomer>,
}

/// Why two definitions differ; the steps sum to the difference to the minor unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevenueBridge {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The instant of both totals.
    pub at: DateTime<Utc>,
    /// The first definition.
    pub from: Profile,
    /// The second.
    pub to: Profile,
    /// The currency; none while nobody ever paid.
    pub currency: Option<String>,
    /// Total under the first.
    pub from_minor: i64,
    /// Total under the second.
    pub to_minor: i64,
    /// The second less the first.
    pub difference_minor: i64,
    /// The steps between.
    pub steps: Vec<RevenueBridgeStep>,
}
