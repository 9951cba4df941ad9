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
    /// From a balance to another: the first and the last value are balances and stand on 0, each one between is a
    /// change and begins where the one before it ended. One series.
    Bridge,
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
    /// Where the axis goes on above 0; 0 is an axis without a break. Only a bridge has one, where its changes would
    /// not be seen beside its balances; it is drawn as a break, so that nobody takes a length for an amount.
    #[serde(default)]
    pub axis_break: f64,
    /// Where the numbers come from, for "?".
    pub method: String,
}

/// Where the axis of a bridge goes on, for the balances it passes through: 0 while its changes are seen beside them,
/// else a round number that leaves a foot of every balance below its lowest level.
#[must_use]
pub fn axis_break(levels: impl Iterator<Item = f64>) -> f64 {
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    for level in levels {
        (lowest, highest) = (lowest.min(level), highest.max(level));
    }
    let span = highest - lowest;
    // Four fifths of the height for the changes is what a break gains; with a quarter of it none is needed.
    if !span.is_finite() || span <= 0.0 || lowest <= 0.0 || span >= highest / 4.0 {
        return 0.0;
    }
    let foot = lowest - span / 2.0;
    let mut from = foot;
    // A lower beginning may take wider ticks, which make it a little lower still.
    for _ in 0..2 {
        let step = nice_step(highest - from);
        from = (foot / step).floor() * step;
    }
    from.max(0.0)
}

/// A round distance of which about four make a span.
#[must_use]
pub fn nice_step(span: f64) -> f64 {
    let rough = span / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_broken_only_where_changes_would_not_be_seen() {
        let at = |levels: &[f64]| axis_break(levels.iter().copied());
        assert_eq!(at(&[100.0, 140.0, 120.0]), 0.0, "the changes are seen beside the balances");
        assert_eq!(at(&[0.0, 50.0]), 0.0, "a company that begins");
        assert_eq!(at(&[5_000.0, 5_000.0]), 0.0, "nothing moved");
        assert_eq!(at(&[]), 0.0);
        let from = at(&[100_000.0, 103_000.0, 102_000.0]);
        assert_eq!(from, 98_000.0, "round, and below the lowest balance");
        assert_eq!(at(&[31_347.0, 36_789.0, 30_367.0]), 25_000.0, "a tick like those above it");
    }
}
