//! Arrangements of the usage view for a question.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{BucketSize, Measure};
use crate::event::{EventField, EventFilter};
use crate::period::RangeSpec;

/// Which numbers stand at the top, and what is shown below when somebody opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Preset {
    /// Everything that was used.
    #[default]
    Activity,
    /// Of an assistant: chats, uploads, the most used tool, how long answers take; the last seven days.
    Assistant,
    /// Of a platform with quotas: prompts, end-to-end runs, bytes out, active users; by month.
    Quotas,
}

/// What a tile asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileSpec {
    /// What it is called.
    pub label: &'static str,
    /// What it measures.
    pub measure: Measure,
    /// Event types it is narrowed to; none is all.
    pub event_types: &'static [&'static str],
    /// Where not the measure but the value of this column that has most of it is shown.
    pub most_of: Option<EventField>,
}

impl TileSpec {
    const fn of(label: &'static str, measure: Measure) -> Self {
        Self { label, measure, event_types: &[], most_of: None }
    }

    /// The events it counts, beside what the request says.
    #[must_use]
    pub fn filters(&self) -> Vec<EventFilter> {
        self.event_types.iter().map(|name| EventFilter::is(EventField::EventType, Some(name))).collect()
    }
}

/// Event types that are a chat with a model.
const CHATS: &[&str] = &["chat", "prompt"];

/// Event types that are an upload.
const UPLOADS: &[&str] = &["upload", "file_upload"];

static ACTIVITY: [TileSpec; 6] = [
    TileSpec::of("Events", Measure::Events),
    TileSpec::of("Active users", Measure::ActiveUsers),
    TileSpec::of("Limit hits", Measure::LimitHits),
    TileSpec::of("Latency, p95", Measure::LatencyP95),
    TileSpec::of("Tokens", Measure::Tokens),
    TileSpec::of("Cost", Measure::Cost),
];

static ASSISTANT: [TileSpec; 4] = [
    TileSpec { event_types: CHATS, ..TileSpec::of("Chats", Measure::Events) },
    TileSpec { event_types: UPLOADS, ..TileSpec::of("File uploads", Measure::Events) },
    TileSpec {
        event_types: CHATS,
        most_of: Some(EventField::Feature),
        ..TileSpec::of("Most used tool", Measure::Events)
    },
    TileSpec { event_types: CHATS, ..TileSpec::of("Average response time", Measure::LatencyAverage) },
];

static QUOTAS: [TileSpec; 4] = [
    TileSpec { event_types: &["prompt"], ..TileSpec::of("Prompts", Measure::Quantity) },
    TileSpec { event_types: &["e2e_run"], ..TileSpec::of("E2E runs", Measure::Quantity) },
    TileSpec::of("Bytes out", Measure::BytesOut),
    TileSpec::of("Active users", Measure::ActiveUsers),
];

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::Activity, Self::Assistant, Self::Quotas];

    /// The numbers at the top.
    #[must_use]
    pub fn tiles(self) -> &'static [TileSpec] {
        match self {
            Self::Activity => &ACTIVITY,
            Self::Assistant => &ASSISTANT,
            Self::Quotas => &QUOTAS,
        }
    }

    /// The range it opens with; none leaves the one that is chosen.
    #[must_use]
    pub fn range(self) -> Option<RangeSpec> {
        match self {
            Self::Activity => None,
            Self::Assistant => Some(RangeSpec::Days(7)),
            Self::Quotas => Some(RangeSpec::Days(180)),
        }
    }

    /// Steps, breakdown, measure and filters it opens with.
    #[must_use]
    pub fn opening(self) -> (Option<BucketSize>, EventField, Measure, Vec<EventFilter>) {
        match self {
            Self::Activity => (None, EventField::Feature, Measure::Events, Vec::new()),
            Self::Assistant => {
                let chats = CHATS.iter().map(|name| EventFilter::is(EventField::EventType, Some(name)));
                (Some(BucketSize::Day), EventField::Feature, Measure::Events, chats.collect())
            }
            Self::Quotas => (Some(BucketSize::Month), EventField::PlanCode, Measure::ActiveUsers, Vec::new()),
        }
    }
}
