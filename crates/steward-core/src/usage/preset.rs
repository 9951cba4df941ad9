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

/// What a preset opens with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PresetOpening {
    /// Which one.
    pub preset: Preset,
    /// What it is called.
    pub label: String,
    /// What it shows.
    pub note: String,
    /// The range; none leaves the one that is chosen.
    #[ts(type = "string | null")]
    pub range: Option<RangeSpec>,
    /// Width of the steps; none leaves it to the range.
    pub bucket: Option<BucketSize>,
    /// What the breakdown is by.
    pub by: EventField,
    /// What chart and breakdown show.
    pub measure: Measure,
    /// Which events.
    pub filters: Vec<EventFilter>,
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

    /// The events it counts of those that are asked for: both hold, where filters on one column are
    /// alternatives to each other.
    #[must_use]
    pub fn filters_of(&self, asked: &[EventFilter]) -> Vec<EventFilter> {
        let own = self.filters();
        let is_type = |filter: &&EventFilter| filter.field == EventField::EventType && !filter.is_excluded();
        if own.is_empty() || !asked.iter().any(|filter| is_type(&filter)) {
            return asked.iter().cloned().chain(own).collect();
        }
        let both: Vec<EventFilter> = own.iter().filter(|filter| asked.contains(filter)).cloned().collect();
        let mut filters: Vec<EventFilter> =
            asked.iter().filter(|filter| !is_type(filter)).cloned().chain(both.iter().cloned()).collect();
        if let Some(none) = own.first().filter(|_| both.is_empty()) {
            // No type is asked for by both: this holds for no event.
            filters.extend([none.clone(), EventFilter { exclude: Some(true), ..none.clone() }]);
        }
        filters
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

    /// What it is called, in a word or two and in a sentence.
    #[must_use]
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Activity => ("Activity", "Events, users, limits, latency, tokens and cost"),
            Self::Assistant => ("Assistant", "Chats, uploads, tools and response time of 7 days"),
            Self::Quotas => ("Quotas", "Prompts, E2E runs, bytes and users by month"),
        }
    }

    /// What it opens with.
    #[must_use]
    pub fn opening(self) -> PresetOpening {
        let (label, note) = self.label();
        let mut opening = PresetOpening {
            preset: self,
            label: label.to_owned(),
            note: note.to_owned(),
            range: None,
            bucket: None,
            by: EventField::Feature,
            measure: Measure::Events,
            filters: Vec::new(),
        };
        match self {
            Self::Activity => {}
            Self::Assistant => {
                opening.range = Some(RangeSpec::Days(7));
                opening.bucket = Some(BucketSize::Day);
                let names = CHATS.iter().chain(UPLOADS);
                opening.filters =
                    names.map(|name| EventFilter::is(EventField::EventType, Some(name))).collect();
            }
            Self::Quotas => {
                opening.range = Some(RangeSpec::Days(180));
                opening.bucket = Some(BucketSize::Month);
                opening.by = EventField::PlanCode;
                opening.measure = Measure::ActiveUsers;
            }
        }
        opening
    }
}
