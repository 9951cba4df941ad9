//! Charts as data: made once, drawn by the screen and by reports alike.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How marks are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ChartKind {
    /// One bar per step, from 0.
    Bars,
    /// Lines over the steps; a missing value is a gap.
    Lines,
    /// What came, then what is expected; after these two, bands around it, low and high in turn, the widest first.
    Fan,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Unit {
    /// Whole things.
    Count,
    /// Percent, 0 to 100.
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// An amount of money in the currency's major unit.
    Money,
}

/// One step of the horizontal axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChartStep {
    /// Short label, for example `21 Nov` or `14:00`.
    pub label: String,
    /// Long label for tooltips, for example `Sat 21 Nov 2026`.
    pub title: String,
    /// Label of the step compared with.
    pub previous_title: Option<String>,
    /// Whether it was still running: drawn hatched and left out of changes.
    pub is_unfinished: bool,
}

/// One series; as many values as there are steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Series {
    /// What it is.
    pub label: String,
    /// Palette slot, 1 to 6; 0 is "Other".
    pub slot: u8,
    /// Whether it is the previous period: same hue, dashed.
    pub is_previous: bool,
    /// Values; none is a gap.
    pub values: Vec<Option<f64>>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChartSpec {
    /// What it shows.
    pub title: String,
    /// Span, zone and bucket in words.
    pub subtitle: String,
    /// Marks.
    pub kind: ChartKind,
    /// Unit of the values.
    pub unit: Unit,
    /// Horizontal axis.
    pub steps: Vec<ChartStep>,
    /// Series in drawing order.
    pub series: Vec<Series>,
    /// Where the numbers come from, for "?".
    pub method: String,
}
