//! `event_list`: the rows behind a number.

use crate::id::{TeamId, UserId};
use crate::period::Period;
use chrono::{DateTime, Datelike, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::freshness::Freshness;

/// A column that events can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum EventField {
    /// The user's id.
    UserId,
    /// Feature.
    #[default]
    Feature,
    /// Plan at the time.
    PlanCode,
    /// Model.
    Model,
    /// Provider.
    Provider,
    /// Endpoint.
    Endpoint,
    /// `success`, `error`, `rate_limited`.
    Status,
    /// Event type.
    EventType,
    /// The team's id.
    TeamId,
    /// `true` for use by an admin of the product, else `false`.
    IsAdmin,
}

impl EventField {
    /// Every column, in the order in which they are offered.
    pub const ALL: [Self; 10] = [
        Self::EventType,
        Self::Feature,
        Self::Provider,
        Self::Model,
        Self::Endpoint,
        Self::PlanCode,
        Self::Status,
        Self::IsAdmin,
        Self::TeamId,
        Self::UserId,
    ];
}

/// Events where a column has one value, or where it has any other; no value means "has no value".
///
/// Of several filters on the same column one has to hold, of different columns all; what is excluded never
/// counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventFilter {
    /// Which column.
    pub field: EventField,
    /// Which value.
    pub value: Option<String>,
    /// Whether the events that have it are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub exclude: Option<bool>,
}

impl EventFilter {
    /// Events that have this value.
    #[must_use]
    pub fn is(field: EventField, value: Option<&str>) -> Self {
        Self { field, value: value.map(str::to_owned), exclude: None }
    }

    /// Events that do not.
    #[must_use]
    pub fn is_not(field: EventField, value: Option<&str>) -> Self {
        Self { exclude: Some(true), ..Self::is(field, value) }
    }

    /// Whether the events that have the value are left out.
    #[must_use]
    pub fn is_excluded(&self) -> bool {
        self.exclude == Some(true)
    }
}

/// An hour of the week in a zone: what a cell of a heat map stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HourOfWeek {
    /// IANA zone.
    #[ts(type = "string")]
    pub zone: Tz,
    /// 1 is Monday, 7 Sunday.
    pub weekday: u8,
    /// Hour of the local day, 0 to 23.
    pub hour: u8,
}

impl HourOfWeek {
    /// The hour an instant lies in.
    #[must_use]
    pub fn of(zone: Tz, instant: DateTime<Utc>) -> Self {
        let local = instant.with_timezone(&zone);
        let weekday = u8::try_from(local.weekday().number_from_monday()).unwrap_or(1);
        Self { zone, weekday, hour: u8::try_from(local.hour()).unwrap_or(0) }
    }
}

/// Which events, from where on.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventListReq {
    /// Half-open span of `occurred_at`.
    pub period: Period,
    /// Of the same column one has to hold, of different columns all; what is excluded never counts.
    #[serde(default)]
    pub filters: Vec<EventFilter>,
    /// Only this hour of the week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hour: Option<HourOfWeek>,
    /// Where the page before ended; none for the first page.
    #[serde(default)]
    pub after: Option<String>,
    /// Rows wanted, 1 to 1,000.
    #[serde(default = "page_rows")]
    pub limit: u32,
}

fn page_rows() -> u32 {
    200
}

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventRow {
    /// The user.
    pub user_id: UserId,
    /// E-mail address of the user, where known.
    pub email: Option<String>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The producer's key.
    pub event_key: Uuid,
    /// Event type.
    pub event_type: String,
    /// Feature.
    pub feature: Option<String>,
    /// Provider.
    pub provider: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Endpoint.
    pub endpoint: Option<String>,
    /// Plan at the time.
    pub plan_code: Option<String>,
    /// `success`, `error`, `rate_limited`.
    pub status: String,
    /// Team.
    pub team_id: Option<TeamId>,
    /// Quantity.
    pub quantity: i64,
    /// Input and output tokens, reasoning included.
    pub tokens: i64,
    /// Bytes sent.
    pub bytes_out: i64,
    /// Exact cost, nine decimals; none where unpriced.
    pub cost: Option<String>,
    /// Latency in milliseconds.
    pub latency_ms: Option<i64>,
}

/// A page of events, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventList {
    /// How fresh it is.
    pub freshness: Freshness,
    /// The rows.
    pub rows: Vec<EventRow>,
    /// How many rows match in all; with `older`, from the same aggregates as the card.
    pub total: u64,
    /// Pass as `after` for the next page; none at the end.
    pub next: Option<String>,
    /// Since when rows are kept, where the span asked for reaches back further; none where every row is here.
    #[serde(default)]
    pub rows_since: Option<DateTime<Utc>>,
    /// Events of the span before that, which are in the sums alone; none where no sum knows how many match.
    #[serde(default)]
    pub older: Option<u64>,
}
