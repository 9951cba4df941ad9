//! The statement that yields a number from the server, for whoever wants to check it or go on from it.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;

use super::{BucketSize, Measure};
use crate::event::{EventField, EventFilter};
use crate::period::Period;

/// A string literal that reads the same under every setting of `standard_conforming_strings`.
#[must_use]
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', r"\\")) } else { format!("'{quoted}'") }
}

fn instant(at: DateTime<Utc>) -> String {
    format!("timestamptz '{}'", at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// A column as the contract names it.
#[must_use]
pub fn column(field: EventField) -> &'static str {
    match field {
        EventField::UserId => "user_id",
        EventField::Feature => "feature",
        EventField::PlanCode => "plan_code",
        EventField::Model => "model",
        EventField::Provider => "provider",
        EventField::Endpoint => "endpoint",
        EventField::Status => "status",
        EventField::EventType => "event_type",
        EventField::TeamId => "team_id",
        EventField::IsAdmin => "is_admin",
    }
}

/// A measure over the rows of a group, under its name. A sum over no row is 0; a mean and a percentile of
/// nothing are null.
#[must_use]
pub fn measure(of: Measure) -> String {
    let name = of.label().to_lowercase().replace(' ', "_");
    format!("{} as {name}", expression(of))
}

fn expression(measure: Measure) -> &'static str {
    match measure {
        Measure::Events => "count(*)",
        Measure::ActiveUsers => "count(distinct user_id)",
        Measure::Errors => "count(*) filter (where status = 'error')",
        Measure::ErrorRate => "count(*) filter (where status = 'error') * 100.0 / nullif(count(*), 0)",
        Measure::LimitHits => "count(*) filter (where status = 'rate_limited')",
        Measure::Quantity => "coalesce(sum(quantity), 0)",
        Measure::Tokens => "coalesce(sum(input_tokens + output_tokens + reasoning_tokens), 0)",
        Measure::BytesOut => "coalesce(sum(bytes_out), 0)",
        Measure::Credits => "coalesce(sum(credits), 0)",
        Measure::Cost => "sum(cost)",
        Measure::LatencyAverage => "avg(latency_ms)",
        Measure::LatencyP50 => "percentile_disc(0.5) within group (order by latency_ms)",
        Measure::LatencyP95 => "percentile_disc(0.95) within group (order by latency_ms)",
    }
}

/// The rows that are meant.
fn rows(period: Period, filters: &[EventFilter]) -> String {
    let mut text = format!(
        "from steward.usage_events\nwhere occurred_at >= {}\n  and occurred_at < {}",
        instant(period.start),
        instant(period.end)
    );
    let mut seen: Vec<EventField> = Vec::new();
    for filter in filters.iter().filter(|filter| !filter.is_excluded()) {
        if seen.contains(&filter.field) {
            continue;
        }
        seen.push(filter.field);
        let name = column(filter.field);
        let same = || filters.iter().filter(|other| !other.is_excluded() && other.field == filter.field);
        let values: Vec<String> = same().filter_map(|other| other.value.as_deref()).map(literal).collect();
        let has_none = same().any(|other| other.value.is_none());
        let listed = (!values.is_empty()).then(|| format!("{name} in ({})", values.join(", ")));
        let _ = match (listed, has_none) {
            (Some(listed), true) => write!(text, "\n  and ({listed} or {name} is null)"),
            (Some(listed), false) => write!(text, "\n  and {listed}"),
            (None, _) => write!(text, "\n  and {name} is null"),
        };
    }
    for filter in filters.iter().filter(|filter| filter.is_excluded()) {
        let name = column(filter.field);
        let _ = match &filter.value {
            Some(value) => write!(text, "\n  and {name} is distinct from {}", literal(value)),
            None => write!(text, "\n  and {name} is not null"),
        };
    }
    text
}

/// One number.
#[must_use]
pub fn total(of: Measure, period: Period, filters: &[EventFilter]) -> String {
    format!("select {}\n{};", measure(of), rows(period, filters))
}

/// The value of a column that has most events, with their number.
#[must_use]
pub fn most(of: EventField, period: Period, filters: &[EventFilter]) -> String {
    let name = column(of);
    format!(
        "select {name}, count(*) as events\n{}\n  and {name} is not null\ngroup by 1 order by 2 desc, 1 limit 1;",
        rows(period, filters)
    )
}

/// Measures per step; steps without a row are not in it.
#[must_use]
pub fn series(of: &[Measure], size: BucketSize, zone: Tz, period: Period, filters: &[EventFilter]) -> String {
    let zone = literal(zone.name());
    let step = match size {
        BucketSize::Hour => format!("date_bin('1 hour', occurred_at, {})", instant(period.start)),
        BucketSize::Day => format!("(occurred_at at time zone {zone})::date"),
        BucketSize::Week => format!("date_trunc('week', occurred_at at time zone {zone})::date"),
        BucketSize::Month => format!("date_trunc('month', occurred_at at time zone {zone})::date"),
    };
    let measures: Vec<String> = of.iter().map(|of| measure(*of)).collect();
    format!(
        "select {step} as step, {}\n{}\ngroup by 1 order by 1;",
        measures.join(", "),
        rows(period, filters)
    )
}

/// A measure by a column, most first.
#[must_use]
pub fn breakdown(of: Measure, by: EventField, period: Period, filters: &[EventFilter]) -> String {
    format!(
        "select {}, {}\n{}\ngroup by 1 order by 2 desc nulls last, 1;",
        column(by),
        measure(of),
        rows(period, filters)
    )
}

/// Events by weekday (1 is Monday) and hour of the zone.
#[must_use]
pub fn heat(zone: Tz, period: Period, filters: &[EventFilter]) -> String {
    let zone = literal(zone.name());
    format!(
        "select extract(isodow from occurred_at at time zone {zone})::int as weekday,\n       \
         extract(hour from occurred_at at time zone {zone})::int as hour, count(*) as events\n{}\n\
         group by 1, 2 order by 1, 2;",
        rows(period, filters)
    )
}
