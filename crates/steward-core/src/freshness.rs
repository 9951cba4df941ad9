//! How fresh an answer is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How fresh an answer is. Every answer computed from the cache carries it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Freshness {
    /// The server's time of the cut the answer was computed from; none before the first one.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether the datasets the answer needs equal the server at that moment. False while a first load
    /// or a repair runs: totals may still be incomplete.
    pub is_consistent: bool,
}
