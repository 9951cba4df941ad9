//! Charts of a range: steps, labels, subtitles.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use steward_core::chart_spec::{ChartKind, ChartSpec, ChartStep, Series, Unit};
use steward_core::overview::{ActivityPoint, OverviewReq};
use steward_core::period::{Bucket, Compare, Range, RangeSpec};

/// How one range is written.
pub(super) struct Axis {
    steps: Vec<ChartStep>,
    subtitle: String,
}

impl Axis {
    pub(super) fn new(req: &OverviewReq, range: &Range, as_of: DateTime<Utc>) -> Self {
        let is_hourly = matches!(req.range, RangeSpec::Hours(_));
        let steps = range
            .buckets
            .iter()
            .enumerate()
            .map(|(index, bucket)| ChartStep {
                label: label(bucket, range.zone, is_hourly),
                title: title(bucket, range.zone, is_hourly),
                previous_title: range
                    .previous
                    .get(index)
                    .map(|previous| title(previous, range.zone, is_hourly)),
                is_unfinished: bucket.is_unfinished,
            })
            .collect();
        Self { steps, subtitle: subtitle(req, range, as_of, is_hourly) }
    }

    fn chart(
        &self,
        title: &str,
        kind: ChartKind,
        unit: Unit,
        series: Vec<Series>,
        method: &str,
    ) -> ChartSpec {
        ChartSpec {
            title: title.to_owned(),
            subtitle: self.subtitle.clone(),
            kind,
            unit,
            steps: self.steps.clone(),
            series,
            axis_break: 0.0,
            method: method.to_owned(),
        }
    }

    pub(super) fn activity(&self, points: &[ActivityPoint], as_of: DateTime<Utc>) -> ChartSpec {
        let values = points.iter().map(|point| reached(point, as_of).then_some(point.events as f64));
        let mut series = vec![Series {
            label: "Events".to_owned(),
            slot: 1,
            is_previous: false,
            values: values.collect(),
        }];
        if points.iter().any(|point| point.previous_events.is_some()) {
            series.push(Series {
                label: "Before".to_owned(),
                slot: 1,
                is_previous: true,
                values: points.iter().map(|point| point.previous_events.map(|n| n as f64)).collect(),
            });
        }
        self.chart(
            "Activity",
            ChartKind::Bars,
            Unit::Count,
            series,
            "Usage events by the time they happened, counted exactly. A hatched step was still running at the \
             as-of and is left out of changes.",
        )
    }

    /// What one user did, step by step.
    pub(super) fn events_of_user(&self, values: Vec<Option<f64>>) -> ChartSpec {
        let series = Series { label: "Events".to_owned(), slot: 1, is_previous: false, values };
        self.chart(
            "Events",
            ChartKind::Bars,
            Unit::Count,
            vec![series],
            "This user's usage events by the time they happened, failed and refused ones included. A hatched \
             step was still running at the as-of.",
        )
    }

    pub(super) fn latency(&self, points: &[ActivityPoint]) -> ChartSpec {
        let line = |label: &str, slot: u8, value: fn(&ActivityPoint) -> Option<f64>| Series {
            label: label.to_owned(),
            slot,
            is_previous: false,
            values: points.iter().map(value).collect(),
        };
        self.chart(
            "Latency",
            ChartKind::Lines,
            Unit::Milliseconds,
            vec![line("p50", 2, |point| point.latency_p50), line("p95", 3, |point| point.latency_p95)],
            "Percentiles over the events that have a latency, from a histogram with buckets of about 5 %: \
             exact up to 20 ms, within 2.5 % above.",
        )
    }

    pub(super) fn errors(&self, points: &[ActivityPoint]) -> ChartSpec {
        let share = |point: &ActivityPoint| {
            (point.events > 0).then(|| point.errors as f64 * 100.0 / point.events as f64)
        };
        self.chart(
            "Errors",
            ChartKind::Lines,
            Unit::Percent,
            vec![Series {
                label: "Errors".to_owned(),
                slot: 6,
                is_previous: false,
                values: points.iter().map(share).collect(),
            }],
            "Events with status error in percent of all events of the step. Rate limited events are no errors.",
        )
    }
}

/// Whether the step had begun: one that lies ahead has no value, and not the value 0.
fn reached(point: &ActivityPoint, as_of: DateTime<Utc>) -> bool {
    point.period.start <= as_of
}

fn label(bucket: &Bucket, zone: Tz, is_hourly: bool) -> String {
    if is_hourly {
        bucket.period.start.with_timezone(&zone).format("%H:%M").to_string()
    } else {
        bucket.day.format("%-d %b").to_string()
    }
}

fn title(bucket: &Bucket, zone: Tz, is_hourly: bool) -> String {
    if is_hourly {
        bucket.period.start.with_timezone(&zone).format("%a %-d %b %Y, %H:%M").to_string()
    } else {
        bucket.day.format("%a %-d %b %Y").to_string()
    }
}

fn subtitle(req: &OverviewReq, range: &Range, as_of: DateTime<Utc>, is_hourly: bool) -> String {
    let this_year = as_of.with_timezone(&range.zone).year();
    let (Some(first), Some(last)) = (range.buckets.first(), range.buckets.last()) else {
        return String::new();
    };
    // The year is said where it is not this one.
    let has_year = first.day.year() != this_year || last.day.year() != this_year;
    let day = |bucket: &Bucket| bucket.day.format(if has_year { "%-d %b %Y" } else { "%-d %b" }).to_string();
    let at = |bucket: &Bucket, instant: DateTime<Utc>| {
        format!("{} {}", day(bucket), instant.with_timezone(&range.zone).format("%H:%M"))
    };
    let span = if is_hourly {
        format!("{} – {}", at(first, first.period.start), at(last, last.period.start))
    } else if first.day == last.day {
        day(first)
    } else {
        format!("{} – {}", day(first), day(last))
    };
    let step = if is_hourly { "hours" } else { "days" };
    let compared = match req.compare {
        Compare::Weekday => " · compared by weekday",
        Compare::Previous => " · compared with the period before",
        Compare::Year => " · compared with the year before",
        Compare::Off => "",
    };
    format!("{span} · {step} in {}{compared}", range.zone.name())
}
