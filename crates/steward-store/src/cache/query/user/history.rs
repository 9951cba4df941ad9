//! A user's use over time: counters by month, events by day.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, NaiveTime, Utc};
use rusqlite::params;
use steward_core::Result;
use steward_core::chart_spec::{ChartKind, ChartSpec, ChartStep, Series, Unit};
use steward_core::id::UserId;
use steward_core::overview::OverviewReq;
use steward_core::period::Compare;
use steward_core::user::{MetricMonths, UserLimit, UserRow, UserShowReq};
use uuid::Uuid;

use super::super::chart::Axis;
use super::super::naming::in_words;
use super::super::{people, plan};
use crate::cache::rollup::{Cover, count_events};
use crate::cache::{Reader, fault, instant};

/// Months of a history, the running one included.
const MONTHS: u32 = 12;

/// A user's events by step of the range, and in all.
pub(super) fn days(
    reader: &Reader,
    user: Uuid,
    req: &UserShowReq,
    as_of: DateTime<Utc>,
) -> Result<(ChartSpec, u64)> {
    let range = req.range.resolve(req.zone, as_of, Compare::Off);
    let short = people::short_id(reader, user)?;
    let connection = reader.connection();
    let mut total = 0;
    let mut values = Vec::with_capacity(range.buckets.len());
    for bucket in &range.buckets {
        let (start, end) = (instant::from_utc(bucket.period.start), instant::from_utc(bucket.period.end));
        let events = match short {
            Some(id) => count_events(connection, &Cover::of(connection, start, end)?, Some(id), None)?,
            None => 0,
        };
        total += events;
        values.push((bucket.period.start <= as_of).then_some(events as f64));
    }
    let axis = OverviewReq { range: req.range, zone: req.zone, compare: Compare::Off };
    Ok((Axis::new(&axis, &range, as_of).events_of_user(values), total))
}

/// Every metric the user is limited in by the month or ever used, by month, with what the plan of the month
/// allows. The metric that is closest to its limit comes first.
pub(super) fn months(
    reader: &Reader,
    user: &UserRow,
    plan_code: &str,
    limits: &[UserLimit],
    as_of: DateTime<Utc>,
) -> Result<Vec<MetricMonths>> {
    let months = last_months(as_of);
    let used = counters(reader, user.id, &months)?;
    let plans = plans_at_end(reader, user, plan_code, &months, as_of)?;
    let now = |metric: &str| {
        limits.iter().map(|limit| &limit.line).find(|line| line.period == "month" && line.metric == metric)
    };
    let mut metrics: Vec<&str> = used.keys().map(|(metric, _)| metric.as_str()).collect();
    metrics
        .extend(limits.iter().filter(|limit| limit.line.period == "month").map(|limit| &*limit.line.metric));
    metrics.sort_unstable();
    metrics.dedup();
    // In thousandths; nothing is closer to a limit than what has none.
    let closeness = |metric: &str| {
        now(metric).and_then(|line| Some(i128::from(line.used?) * 1000 / i128::from(line.limit?.max(1))))
    };
    metrics.sort_by_key(|metric| (std::cmp::Reverse(closeness(metric)), *metric));
    metrics
        .into_iter()
        .map(|metric| {
            let values = months
                .iter()
                .map(|month| {
                    let end = midnight(*month + Months::new(1));
                    let key = (metric.to_owned(), month.format("%Y-%m").to_string());
                    match used.get(&key) {
                        Some(used) => Some(*used as f64),
                        // Nobody uses anything before he is there; after that, nothing counted is nothing used.
                        None => (end > user.created_at).then_some(0.0),
                    }
                })
                .collect();
            let mut allowed = months
                .iter()
                .zip(&plans)
                .map(|(_, plan)| match plan {
                    Some(code) => limit_of(reader, code, metric),
                    None => Ok(None),
                })
                .collect::<Result<Vec<_>>>()?;
            if let (Some(last), Some(line)) = (allowed.last_mut(), now(metric)) {
                *last = line.limit;
            }
            Ok(MetricMonths {
                metric: metric.to_owned(),
                chart: chart(metric, &months, values),
                limits: allowed,
            })
        })
        .collect()
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn last_months(as_of: DateTime<Utc>) -> Vec<NaiveDate> {
    let today = as_of.date_naive();
    let running = today.with_day(1).unwrap_or(today);
    (0..MONTHS).rev().map(|back| running - Months::new(back)).collect()
}

fn counters(
    reader: &Reader,
    UserId(user): UserId,
    months: &[NaiveDate],
) -> Result<BTreeMap<(String, String), i64>> {
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return Ok(BTreeMap::new()) };
    let name = |month: &NaiveDate| month.format("%Y-%m").to_string();
    reader
        .connection()
        .prepare_cached(
            // A day's name is longer than a month's.
            "select metric, period, used from usage_counters
             where user_id = ?1 and period between ?2 and ?3 and length(period) = 7",
        )
        .and_then(|mut find| {
            find.query_map(params![user.as_bytes().as_slice(), name(first), name(last)], |row| {
                Ok(((row.get(0)?, row.get(1)?), row.get::<_, Option<i64>>(2)?.unwrap_or(0)))
            })?
            .collect()
        })
        .map_err(fault::map)
}

/// The plan at the end of each month, or now, as the history of subscriptions tells it; none before the user
/// signed up. Where the history tells nothing, the plan of today stands for all.
fn plans_at_end(
    reader: &Reader,
    user: &UserRow,
    plan_code: &str,
    months: &[NaiveDate],
    as_of: DateTime<Utc>,
) -> Result<Vec<Option<String>>> {
    let UserId(id) = user.id;
    let steps: Vec<(i64, String, String)> = reader
        .connection()
        .prepare_cached(
            "select occurred_at, kind, plan_code from subscription_changes
             where user_id = ?1 or team_id in (select team_id from team_members where user_id = ?1)
             order by occurred_at, id",
        )
        .and_then(|mut find| {
            find.query_map([id.as_bytes().as_slice()], |row| {
                let text =
                    |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
                Ok((row.get::<_, Option<i64>>(0)?.unwrap_or(i64::MIN), text(1)?, text(2)?))
            })?
            .collect()
        })
        .map_err(fault::map)?;
    let default: Option<String> = reader
        .connection()
        .prepare_cached(
            "select code from plans where archived_at is null and custom_for_team is null
             order by rank, code limit 1",
        )
        .and_then(|mut find| find.query_map([], |row| row.get(0))?.next().transpose())
        .map_err(fault::map)?;
    Ok(months
        .iter()
        .map(|month| {
            let end = midnight(*month + Months::new(1)).min(as_of);
            if end <= user.created_at {
                return None;
            }
            if steps.is_empty() {
                return Some(plan_code.to_owned());
            }
            let end = instant::from_utc(end);
            match steps.iter().rev().find(|(at, ..)| *at < end) {
                Some((_, kind, plan)) if kind != "ended" => Some(plan.clone()),
                Some(_) | None => default.clone(),
            }
        })
        .collect())
}

fn limit_of(reader: &Reader, plan_code: &str, metric: &str) -> Result<Option<i64>> {
    Ok(plan::limits(reader, plan_code)?
        .into_iter()
        .find(|limit| limit.metric == metric && limit.period == "month")
        .and_then(|limit| limit.limit))
}

fn chart(metric: &str, months: &[NaiveDate], values: Vec<Option<f64>>) -> ChartSpec {
    let span = match (months.first(), months.last()) {
        (Some(first), Some(last)) => format!("{} – {} · ", first.format("%b %Y"), last.format("%b %Y")),
        _ => String::new(),
    };
    let name = in_words(metric);
    ChartSpec {
        title: format!("{name} by month"),
        subtitle: format!("{span}months in UTC"),
        kind: ChartKind::Bars,
        unit: Unit::Count,
        steps: months
            .iter()
            .map(|month| ChartStep {
                label: month.format("%b").to_string(),
                title: month.format("%b %Y").to_string(),
                previous_title: None,
                is_unfinished: Some(month) == months.last(),
            })
            .collect(),
        series: vec![Series { label: name, slot: 1, is_previous: false, values }],
        axis_break: 0.0,
        method: "The counters that limits are checked against, by calendar month in UTC. The running month is \
                 hatched. The line is what the plan at the end of the month allows, as plans are set today; for \
                 the running month it is what is allowed now, raises included."
            .to_owned(),
    }
}
