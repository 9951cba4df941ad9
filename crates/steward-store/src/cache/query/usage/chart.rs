//! The series as charts.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use steward_core::chart_spec::{ChartKind, ChartSpec, ChartStep, Series, Unit};
use steward_core::period::Compare;
use steward_core::usage::{BucketSize, Measure, Step, UsageReq, UsageStep};

/// How one series of steps is written.
pub(super) struct Axis {
    steps: Vec<ChartStep>,
    subtitle: String,
    as_of: DateTime<Utc>,
}

impl Axis {
    pub(super) fn new(req: &UsageReq, steps: &[Step], size: BucketSize, as_of: DateTime<Utc>) -> Self {
        let shown = steps.iter().map(|step| ChartStep {
            label: label(step.day, step.period.start, req.zone, size),
            title: title(step.day, step.period.start, req.zone, size),
            previous_title: step
                .previous
                .zip(step.previous_day)
                .map(|(period, day)| title(day, period.start, req.zone, size)),
            is_unfinished: step.is_unfinished,
        });
        Self { steps: shown.collect(), subtitle: subtitle(req, steps, size, as_of), as_of }
    }

    fn chart(
        &self,
        title: String,
        kind: ChartKind,
        unit: Unit,
        series: Vec<Series>,
        method: &str,
    ) -> ChartSpec {
        ChartSpec {
            title,
            subtitle: self.subtitle.clone(),
            kind,
            unit,
            steps: self.steps.clone(),
            series,
            axis_break: 0.0,
            method: method.to_owned(),
        }
    }

    /// The measure, with the period before where there is one.
    pub(super) fn measure(&self, steps: &[UsageStep], measure: Measure) -> ChartSpec {
        let mut series = vec![line(measure.label(), 1, steps, |step| step.value)];
        if steps.iter().any(|step| step.previous_period.is_some()) {
            series.push(Series { is_previous: true, ..line("Before", 1, steps, |step| step.previous) });
        }
        // A mean, a rate and a percentile have no parts that a bar could stand for.
        let kind = match measure {
            Measure::ErrorRate | Measure::LatencyAverage | Measure::LatencyP50 | Measure::LatencyP95 => {
                ChartKind::Lines
            }
            _ => ChartKind::Bars,
        };
        let method = format!(
            "{} A hatched step was still running at the as-of and is left out of changes.",
            measure.definition()
        );
        self.chart(measure.label().to_owned(), kind, unit(measure), series, &method)
    }

    pub(super) fn latency(&self, steps: &[UsageStep]) -> ChartSpec {
        let mut series = vec![
            line("p50", 2, steps, |step| step.sums.latency_p50),
            line("p95", 3, steps, |step| step.sums.latency_p95),
        ];
        // Where no percentile is known, the mean is: it is exact for any part of the events.
        if steps.iter().all(|step| step.sums.latency_p95.is_none()) {
            series = vec![line("Average", 4, steps, |step| {
                let sums = &step.sums;
                (sums.latency_count > 0).then(|| sums.latency_ms_sum as f64 / sums.latency_count as f64)
            })];
        }
        self.chart(
            "Latency".to_owned(),
            ChartKind::Lines,
            Unit::Milliseconds,
            series,
            "Percentiles over the events that have a latency, from a histogram with classes of about 5 %: exact \
             up to 20 ms, within 2.5 % above.",
        )
    }

    pub(super) fn limit_hits(&self, steps: &[UsageStep]) -> ChartSpec {
        let has_begun = |step: &UsageStep| step.period.start <= self.as_of;
        let hits = |step: &UsageStep| has_begun(step).then_some(step.sums.limit_hits as f64);
        let series = vec![line("Limit hits", 6, steps, hits)];
        self.chart(
            "Limit hits".to_owned(),
            ChartKind::Bars,
            Unit::Count,
            series,
            Measure::LimitHits.definition(),
        )
    }
}

fn line(label: &str, slot: u8, steps: &[UsageStep], value: impl Fn(&UsageStep) -> Option<f64>) -> Series {
    Series { label: label.to_owned(), slot, is_previous: false, values: steps.iter().map(value).collect() }
}

fn unit(measure: Measure) -> Unit {
    match measure {
        Measure::ErrorRate => Unit::Percent,
        Measure::LatencyAverage | Measure::LatencyP50 | Measure::LatencyP95 => Unit::Milliseconds,
        Measure::BytesOut => Unit::Bytes,
        Measure::Cost => Unit::Money,
        Measure::Events
        | Measure::ActiveUsers
        | Measure::Errors
        | Measure::LimitHits
        | Measure::Quantity
        | Measure::Tokens
        | Measure::Credits => Unit::Count,
    }
}

fn label(day: NaiveDate, start: DateTime<Utc>, zone: Tz, size: BucketSize) -> String {
    match size {
        BucketSize::Hour => start.with_timezone(&zone).format("%H:%M").to_string(),
        BucketSize::Day | BucketSize::Week => day.format("%-d %b").to_string(),
        BucketSize::Month => day.format("%b %Y").to_string(),
    }
}

fn title(day: NaiveDate, start: DateTime<Utc>, zone: Tz, size: BucketSize) -> String {
    match size {
        // The offset tells the two hours apart that the clocks show twice.
        BucketSize::Hour => start.with_timezone(&zone).format("%a %-d %b %Y, %H:%M %:z").to_string(),
        BucketSize::Day => day.format("%a %-d %b %Y").to_string(),
        BucketSize::Week => day.format("Week from %a %-d %b %Y").to_string(),
        BucketSize::Month => day.format("%B %Y, from %-d %b").to_string(),
    }
}

fn subtitle(req: &UsageReq, steps: &[Step], size: BucketSize, as_of: DateTime<Utc>) -> String {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return String::new() };
    let this_year = as_of.with_timezone(&req.zone).year();
    let last_day =
        (last.period.end - chrono::Duration::microseconds(1)).with_timezone(&req.zone).date_naive();
    // The year is said where it is not this one.
    let has_year = first.day.year() != this_year || last_day.year() != this_year;
    let day = |day: NaiveDate| day.format(if has_year { "%-d %b %Y" } else { "%-d %b" }).to_string();
    let span = if first.day == last_day {
        day(first.day)
    } else {
        format!("{} – {}", day(first.day), day(last_day))
    };
    let step = match size {
        BucketSize::Hour => "hours",
        BucketSize::Day => "days",
        BucketSize::Week => "weeks",
        BucketSize::Month => "months",
    };
    let compared = match req.compare {
        Compare::Weekday => " · compared by weekday",
        Compare::Previous => " · compared with the period before",
        Compare::Year => " · compared with the year before",
        Compare::Off => "",
    };
    format!("{span} · {step} in {}{compared}", req.zone.name())
}
