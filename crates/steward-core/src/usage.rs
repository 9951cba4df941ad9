//! `usage_show`: what was used, by anything an event is counted by, compared with the days before.

mod preset;
pub mod sql;
mod step;

use crate::chart_spec::ChartSpec;
use crate::event::{EventField, EventFilter};
use crate::overview::Change;
use crate::period::{Compare, Period, RangeSpec};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::freshness::Freshness;

pub use preset::{Preset, PresetOpening, TileSpec};
pub use step::{BucketSize, Step, steps};

/// What is measured of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Measure {
    /// Number of events.
    #[default]
    Events,
    /// Distinct users.
    ActiveUsers,
    /// Events with status `error`.
    Errors,
    /// Those in percent of all events.
    ErrorRate,
    /// Events with status `rate_limited`: a limit was hit.
    LimitHits,
    /// Sum of `quantity`.
    Quantity,
    /// Input, output and reasoning tokens.
    Tokens,
    /// Sum of `bytes_out`, in bytes.
    BytesOut,
    /// Sum of `credits`.
    Credits,
    /// Sum of the known costs, in the currency's major unit.
    Cost,
    /// Mean latency in milliseconds, exact.
    LatencyAverage,
    /// Median of the latency in milliseconds, within its class of about 5 %.
    LatencyP50,
    /// 95th percentile of the latency in milliseconds, within its class of about 5 %.
    LatencyP95,
}

impl Measure {
    /// Every measure, in the order in which they are offered.
    pub const ALL: [Self; 13] = [
        Self::Events,
        Self::ActiveUsers,
        Self::Quantity,
        Self::Tokens,
        Self::Cost,
        Self::Credits,
        Self::BytesOut,
        Self::Errors,
        Self::ErrorRate,
        Self::LimitHits,
        Self::LatencyAverage,
        Self::LatencyP50,
        Self::LatencyP95,
    ];

    /// What it is called.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Events => "Events",
            Self::ActiveUsers => "Active users",
            Self::Errors => "Errors",
            Self::ErrorRate => "Error rate",
            Self::LimitHits => "Limit hits",
            Self::Quantity => "Quantity",
            Self::Tokens => "Tokens",
            Self::BytesOut => "Bytes out",
            Self::Credits => "Credits",
            Self::Cost => "Cost",
            Self::LatencyAverage => "Average latency",
            Self::LatencyP50 => "Latency p50",
            Self::LatencyP95 => "Latency p95",
        }
    }

    /// What it means, in a sentence or two.
    #[must_use]
    pub fn definition(self) -> &'static str {
        match self {
            Self::Events => {
                "Usage events by the time they happened. An event sent twice under the same key counts once."
            }
            Self::ActiveUsers => {
                "Users with at least one such event, each counted once over the whole span; the parts of a span \
                 therefore do not add up to it."
            }
            Self::Errors => "Events with status error.",
            Self::ErrorRate => {
                "Events with status error in percent of all events. Rate limited events are part of all events, \
                 but no errors."
            }
            Self::LimitHits => "Events with status rate_limited: what a limit or a rate refused.",
            Self::Quantity => {
                "Sum of the quantity of the events: what the counters of the limits are made of, where an event \
                 may stand for more than one."
            }
            Self::Tokens => {
                "Input, output and reasoning tokens. Tokens read from a provider's cache are part of the input \
                 where the provider counts them so."
            }
            Self::BytesOut => "Sum of the bytes sent.",
            Self::Credits => "Sum of the credits charged with the events.",
            Self::Cost => {
                "Sum of the costs recorded with the events, exact to nine decimals. Events without a known price \
                 are not in it and are counted apart."
            }
            Self::LatencyAverage => {
                "Sum of the latencies over the number of events that have one. Exact; a few slow events weigh \
                 more in it than in the median."
            }
            Self::LatencyP50 => {
                "Half of the events that have a latency were at least this fast. From a histogram with classes \
                 of about 5 %: exact up to 20 ms, within 2.5 % above."
            }
            Self::LatencyP95 => {
                "95 of 100 events that have a latency were at least this fast. From a histogram with classes of \
                 about 5 %: exact up to 20 ms, within 2.5 % above."
            }
        }
    }

    /// Whether parts of a span or of the events add up to the whole.
    #[must_use]
    pub fn is_additive(self) -> bool {
        !matches!(
            self,
            Self::ActiveUsers | Self::ErrorRate | Self::LatencyAverage | Self::LatencyP50 | Self::LatencyP95
        )
    }

    /// Whether it is read from the histogram of the latencies.
    #[must_use]
    pub fn is_estimate(self) -> bool {
        matches!(self, Self::LatencyP50 | Self::LatencyP95)
    }
}

/// How far an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Depth {
    /// What the kept sums tell at once; what only the rows tell is left open, and said so.
    Sums,
    /// Everything, reading rows where the sums do not tell.
    #[default]
    Rows,
}

/// Which use is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageReq {
    /// `24h`, `30d`, `2026-10`, `2026-10-01..2026-10-31`.
    #[ts(type = "string")]
    pub range: RangeSpec,
    /// IANA zone of the days, for example `Europe/Berlin`.
    #[ts(type = "string")]
    pub zone: Tz,
    /// How the previous period is found.
    #[serde(default)]
    pub compare: Compare,
    /// Width of the steps; none chooses by the range's length.
    #[serde(default)]
    pub bucket: Option<BucketSize>,
    /// What the events are broken down by.
    #[serde(default)]
    pub by: EventField,
    /// What chart and breakdown show.
    #[serde(default)]
    pub measure: Measure,
    /// Of the same column one has to hold, of different columns all; what is excluded never counts.
    #[serde(default)]
    pub filters: Vec<EventFilter>,
    /// Which numbers stand at the top.
    #[serde(default)]
    pub preset: Preset,
    /// How far the answer goes.
    #[serde(default)]
    pub depth: Depth,
    /// Groups of the breakdown that are wanted, 1 to 100,000; 0 means 200.
    #[serde(default)]
    pub groups: u32,
}

/// Exact sums over events. Of the percentiles and the users only what was counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageSums {
    /// Number of events.
    pub events: u64,
    /// Events with status `error`.
    pub errors: u64,
    /// Events with status `rate_limited`.
    pub limit_hits: u64,
    /// Distinct users; none where they were not counted.
    pub active_users: Option<u64>,
    /// Sum of `quantity`.
    pub quantity: i64,
    /// Input, output and reasoning tokens.
    pub tokens: i64,
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
    /// Median latency in milliseconds; none without a measured event or where it was not counted.
    pub latency_p50: Option<f64>,
    /// 95th percentile of the latency; none likewise.
    pub latency_p95: Option<f64>,
}

/// A number at the top.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageTile {
    /// What it is called.
    pub label: String,
    /// What it measures.
    pub measure: Measure,
    /// Its value; none where nothing was measured, or not counted yet.
    pub value: Option<f64>,
    /// The value of a column that has most of the measure, where the tile asks for that.
    pub text: Option<String>,
    /// Against the previous period, over the finished days; none without comparison.
    pub change: Option<Change>,
    /// Whether the value is approximate.
    pub is_estimate: bool,
    /// Whether the rows have to be read for it first.
    pub is_pending: bool,
    /// What it means.
    pub definition: String,
    /// All filters of the events behind it: its own and those asked for.
    pub filters: Vec<EventFilter>,
    /// The same number from the server.
    pub sql: String,
}

/// One step of the series.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageStep {
    /// First local day in it.
    pub day: NaiveDate,
    /// Its span.
    pub period: Period,
    /// Whether it was still running at the as-of.
    pub is_unfinished: bool,
    /// The span compared with; none without comparison.
    pub previous_period: Option<Period>,
    /// Its sums.
    pub sums: UsageSums,
    /// The measure.
    pub value: Option<f64>,
    /// The measure in the span compared with.
    pub previous: Option<f64>,
}

/// The events that share a value.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageGroup {
    /// The value; none for events without one.
    pub value: Option<String>,
    /// How it is written for people.
    pub label: String,
    /// What else helps to know it: a user's name, a team's plan.
    pub note: Option<String>,
    /// The measure; none where it was not counted.
    pub amount: Option<f64>,
    /// The sums; none where only the events were counted.
    pub sums: Option<UsageSums>,
    /// Events.
    pub events: u64,
    /// The measure over the finished days, and over the days compared with.
    pub change: Option<Change>,
}

/// An hour of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HeatCell {
    /// 1 is Monday, 7 Sunday.
    pub weekday: u8,
    /// Hour of the local day, 0 to 23.
    pub hour: u8,
    /// Events in it, over the whole range.
    pub events: u64,
    /// Quarter-hours of it that had begun by the as-of: where clocks change, an hour has none or twice as many.
    pub quarters: u32,
}

/// The statements that yield the same numbers from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UsageSql {
    /// The measure per step.
    pub series: String,
    /// The measure by the breakdown's column.
    pub breakdown: String,
    /// Events by weekday and hour.
    pub heat: String,
    /// Median, 95th percentile and mean of the latency per step.
    pub latency: String,
    /// Limit hits per step.
    pub limit_hits: String,
}

/// The answer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Usage {
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
    /// Width of the steps.
    pub bucket: BucketSize,
    /// What the breakdown is by.
    pub by: EventField,
    /// What chart and breakdown show.
    pub measure: Measure,
    /// Whether nothing is left open that only rows tell.
    pub is_complete: bool,
    /// Since when events are kept as rows, where the range or what it is compared with reaches back further:
    /// then what only rows tell stays open.
    #[serde(default)]
    pub rows_since: Option<DateTime<Utc>>,
    /// Currency of the costs; none where the catalogue has several.
    pub currency: Option<String>,
    /// Exact sums of everything asked for.
    pub totals: UsageSums,
    /// How many of them are of admins of the product: they are counted unless a filter leaves them out.
    pub admin_events: u64,
    /// The numbers at the top.
    pub tiles: Vec<UsageTile>,
    /// Step by step.
    pub steps: Vec<UsageStep>,
    /// The measure as a chart.
    pub chart: ChartSpec,
    /// The latency as a chart.
    pub latency_chart: ChartSpec,
    /// What was refused, as a chart.
    pub limit_chart: ChartSpec,
    /// By the column asked for, most first; at most as many as were asked for.
    pub breakdown: Vec<UsageGroup>,
    /// How many groups there are in all.
    pub group_count: u64,
    /// By weekday and hour, Monday first: 168 cells.
    pub heat: Vec<HeatCell>,
    /// The same numbers from the server.
    pub sql: UsageSql,
    /// The arrangements on offer.
    pub presets: Vec<PresetOpening>,
}

/// A view somebody kept: the part of an address that says what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SavedView {
    /// Name, unique in the workspace without regard to case.
    pub name: String,
    /// The view it belongs to, as in an address: `/usage`.
    pub path: String,
    /// What the address says after it, as JSON.
    #[ts(type = "Record<string, unknown>")]
    pub search: serde_json::Value,
}

/// The views kept for the current workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SavedViewList {
    /// By name.
    pub views: Vec<SavedView>,
}

/// One of them by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SavedViewRef {
    /// Its name.
    pub name: String,
}
