//! `event_list`: the rows behind a number.

use crate::id::{TeamId, UserId};
use crate::period::Period;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::freshness::Freshness;

/// A column that events can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum EventField {
    /// The user's id.
    UserId,
    /// Feature.
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
}

/// Events where a column has one value; none means "has no value".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventFilter {
    /// Which column.
    pub field: EventField,
    /// Which value.
    pub value: Option<String>,
}

/// Which events, from where on.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EventListReq {
    /// Half-open span of `occurred_at`.
    pub period: Period,
    /// All of them hold.
    #[serde(default)]
    pub filters: Vec<EventFilter>,
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
    /// How many rows match in all, from the same aggregates as the card.
    pub total: u64,
    /// Pass as `after` for the next page; none at the end.
    pub next: Option<String>,
}
