//! `overview_show`: the state of the company in one answer.

use crate::chart_spec::ChartSpec;
use crate::id::UserId;
use crate::period::{Compare, Period, RangeSpec};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;
use crate::money::Cost;

/// Which days, in which zone, compared with what.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OverviewReq {
    /// `24h`, `30d`, `2026-10`, `2026-10-01..2026-10-31`.
    #[ts(type = "string")]
    pub range: RangeSpec,
    /// IANA zone of the days, for example `Europe/Berlin`.
    #[ts(type = "string")]
    pub zone: Tz,
    /// How the previous period is found.
    #[serde(default)]
    pub compare: Compare,
}

/// A change against the previous period, over the finished days only.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Change {
    /// The value over the finished days of the range.
    pub current: f64,
    /// The value over the days compared with.
    pub previous: f64,
    /// In percent of the previous value; none where that is 0.
    pub percent: Option<f64>,
}

/// Which of the six numbers a card shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CardMetric {
    /// Number of usage events.
    Events,
    /// Distinct users with at least one event.
    ActiveUsers,
    /// Events with status `error`, in percent of all events.
    ErrorRate,
    /// 95th percentile of the latency, in milliseconds, from a histogram with buckets of about 5 %.
    LatencyP95,
    /// Input, output and reasoning tokens.
    Tokens,
    /// Cost of the priced events.
    Cost,
}

/// One of the six numbers.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Card {
    /// Which number.
    pub metric: CardMetric,
    /// Its value over the whole range; none when nothing was measured (no latency, no priced event).
    /// Cost is in the currency's major unit, rounded for display only; [`Overview::totals`] is exact.
    pub value: Option<f64>,
    /// Against the previous period; none without comparison or without a finished day.
    pub change: Option<Change>,
    /// Whether the value is approximate.
    pub is_estimate: bool,
    /// What the number means, in one or two sentences.
    pub definition: String,
}

/// Exact totals of the range, equal to the same sums in SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageTotals {
    /// Number of events.
    pub events: u64,
    /// Events with status `success`.
    pub successes: u64,
    /// Events with status `error`.
    pub errors: u64,
    /// Events with status `rate_limited`.
    pub rate_limited: u64,
    /// Distinct users.
    pub active_users: u64,
    /// Sum of `quantity`.
    pub quantity: i64,
    /// Sum of `input_tokens`.
    pub input_tokens: i64,
    /// Sum of `cached_tokens`.
    pub cached_tokens: i64,
    /// Sum of `output_tokens`.
    pub output_tokens: i64,
    /// Sum of `reasoning_tokens`.
    pub reasoning_tokens: i64,
    /// Sum of `bytes_out`.
    pub bytes_out: i64,
    /// Sum of `credits`.
    pub credits: i64,
    /// Sum of `cost`, exact, with nine decimals.
    pub cost: String,
    /// Events whose cost is not known; they are not in `cost`.
    pub unpriced_events: u64,
    /// Sum of `latency_ms` over the events that have one.
    pub latency_ms_sum: i64,
    /// Number of events with a latency.
    pub latency_count: u64,
}

/// One day or hour of the activity.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ActivityPoint {
    /// Local calendar day.
    pub day: NaiveDate,
    /// Its span.
    pub period: Period,
    /// Whether it was still running at the as-of.
    pub is_unfinished: bool,
    /// Events in it.
    pub events: u64,
    /// Failed events in it.
    pub errors: u64,
    /// Events in the step compared with; none without comparison.
    pub previous_events: Option<u64>,
    /// The day compared with.
    pub previous_day: Option<NaiveDate>,
    /// Median latency in milliseconds, approximate; none without a measured event.
    pub latency_p50: Option<f64>,
    /// 95th percentile of the latency, approximate.
    pub latency_p95: Option<f64>,
}

/// Part of the events that share a value.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Share {
    /// The value; none for events without one.
    pub value: Option<String>,
    /// How it is written for people.
    pub label: String,
    /// Events.
    pub events: u64,
    /// Failed events.
    pub errors: u64,
    /// Exact cost of the priced ones, nine decimals.
    pub cost: String,
    /// Events over the finished days, and of the days compared with.
    pub change: Option<Change>,
}

/// A user among the most active.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TopUser {
    /// The user.
    pub id: UserId,
    /// E-mail address; none where the user was erased or has not arrived yet.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Current plan.
    pub plan_code: Option<String>,
    /// Events in the range.
    pub events: u64,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Overview {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The range asked for, as text.
    #[ts(type = "string")]
    pub range: RangeSpec,
    /// The zone of the days.
    #[ts(type = "string")]
    pub zone: Tz,
    /// The span in instants.
    pub period: Period,
    /// The span compared with.
    pub previous_period: Option<Period>,
    /// Exact totals.
    pub totals: UsageTotals,
    /// How many of the events are of admins of the product: they are counted in every number.
    pub admin_events: u64,
    /// Exact totals of the cost's currency.
    pub cost: Option<Cost>,
    /// The six cards, in order.
    pub cards: Vec<Card>,
    /// Day by day, or hour by hour for ranges in hours.
    pub activity: Vec<ActivityPoint>,
    /// By feature, most used first.
    pub by_feature: Vec<Share>,
    /// By the plan the user had at the time, in the plans' order.
    pub by_plan: Vec<Share>,
    /// By model, most used first.
    pub by_model: Vec<Share>,
    /// The ten most active users.
    pub top_users: Vec<TopUser>,
    /// The activity as a chart, for the screen and for files alike.
    pub activity_chart: ChartSpec,
    /// Latency (p50, p95) as a chart.
    pub latency_chart: ChartSpec,
    /// Errors in percent as a chart.
    pub error_chart: ChartSpec,
    /// When the newest event was recorded.
    pub newest_event: Option<DateTime<Utc>>,
}
