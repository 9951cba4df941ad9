//! `usage_show`: what was used, from the sums where they tell and from the rows where only they do.
//!
//! Map: `tally` what is added up · `sums` from the rollups · `rows` from the events · `heat` by hour of the
//! week · `group` the breakdown · `tile` the numbers at the top · `chart` the series as charts.

mod chart;
mod group;
mod heat;
mod rows;
mod sums;
mod tally;
mod tile;

use chrono::{DateTime, Utc};
use steward_core::event::EventField;
use steward_core::period::{Period, Range};
use steward_core::usage::{
    BucketSize, Depth, Measure, Preset, Step, Usage, UsageReq, UsageSql, UsageStep, sql, steps,
};
use steward_core::{Dataset, Result};

use super::naming::Plans;
use super::overview;
use super::selection::Selection;
use crate::cache::facet::Facet;
use crate::cache::rollup::sum;
use crate::cache::{Reader, edge, instant};

use group::Grouping;
use tally::Reading;

/// Groups of a breakdown when the request does not say; the others are counted.
const GROUPS: u32 = 200;

/// The most groups of a breakdown.
const GROUPS_MAX: u32 = 100_000;

/// Everything a reading needs to know.
struct Question<'a> {
    reader: &'a Reader,
    facets: &'a [Facet],
    selection: &'a Selection,
    range: &'a Range,
    steps: &'a [Step],
    grouping: &'a Grouping,
    measure: Measure,
}

/// What was used over a range.
///
/// # Errors
/// `Invalid` for a filter or a step width that makes no sense; when the file cannot be read.
pub fn show(reader: &Reader, req: &UsageReq) -> Result<Usage> {
    let freshness = super::freshness(reader, &[Dataset::UsageEvents, Dataset::Users, Dataset::Plans])?;
    // Before the first cut nothing says what time it is at the server but the rows themselves.
    let as_of = match freshness.as_of {
        Some(as_of) => as_of,
        None => overview::newest(reader)?.unwrap_or(DateTime::UNIX_EPOCH),
    };
    let range = req.range.resolve(req.zone, as_of, req.compare);
    let bucket = req.bucket.unwrap_or_else(|| BucketSize::of(req.range, &range));
    let steps = steps(req.range, &range, bucket, as_of)?;
    let facets = reader.facets()?;
    let selection = Selection::new(reader, &facets, &req.filters)?;
    let grouping = Grouping::new(req.by, &facets);
    let question = Question {
        reader,
        facets: &facets,
        selection: &selection,
        range: &range,
        steps: &steps,
        grouping: &grouping,
        measure: req.measure,
    };
    let only_rows_tell = leaves_open(req, &selection);
    // S44: rows tell nothing of a time that has none.
    let is_past = |edge: &i64| reaches_back(&range) < *edge;
    let edge = edge::read(reader.connection())?.filter(is_past);
    if let Some(edge) = edge.filter(|_| !selection.is_by_facet()) {
        return Err(edge::refused("range", edge, "before that no sum knows a user's or a team's part."));
    }
    let reads_rows =
        !selection.is_by_facet() || (only_rows_tell && req.depth == Depth::Rows && edge.is_none());
    let reading = if reads_rows && selection.is_everything() {
        // Only the groups are in no sum.
        Reading { groups: rows::groups(&question)?, ..sums::read(&question)? }
    } else if reads_rows {
        rows::read(&question)?
    } else {
        sums::read(&question)?
    };
    let heat = match &reading.heat {
        Some(events) => heat::cells(req.zone, range.period, as_of, events),
        None => heat::show(&question, req.zone, as_of)?,
    };
    let plans = Plans::read(reader)?;
    let tiles = req.preset.tiles().iter().map(|tile| tile::show(tile, req, &question, &reading, !reads_rows));
    let tiles = tiles.collect();
    let mut breakdown = group::show(&question, &plans, &reading)?;
    let group_count = breakdown.len() as u64;
    breakdown.truncate(if req.groups == 0 { GROUPS } else { req.groups.min(GROUPS_MAX) } as usize);
    group::name(reader, req.by, &mut breakdown)?;
    let series = series(&reading, &steps, req.measure, as_of);
    let axis = chart::Axis::new(req, &steps, bucket, as_of);
    let period = range.period;
    let over = |of: &[Measure]| sql::series(of, bucket, req.zone, period, &req.filters);
    let latencies = [Measure::LatencyP50, Measure::LatencyP95, Measure::LatencyAverage];
    Ok(Usage {
        range: req.range,
        zone: req.zone,
        period,
        previous_period: overview::whole(&range.previous),
        bucket,
        by: req.by,
        measure: req.measure,
        is_complete: reads_rows || !only_rows_tell,
        rows_since: edge.map(instant::to_utc),
        currency: plans.currency,
        totals: reading.whole.sums(),
        admin_events: admin_events(&facets, &reading),
        tiles,
        chart: axis.measure(&series, req.measure),
        latency_chart: axis.latency(&series),
        limit_chart: axis.limit_hits(&series),
        steps: series,
        breakdown,
        group_count,
        heat,
        sql: UsageSql {
            series: over(&[req.measure]),
            breakdown: sql::breakdown(req.measure, req.by, period, &req.filters),
            heat: sql::heat(req.zone, period, &req.filters),
            latency: over(&latencies),
            limit_hits: over(&[Measure::LimitHits]),
        },
        presets: Preset::ALL.iter().map(|preset| preset.opening()).collect(),
        freshness,
    })
}

/// How many of the events that are meant are of admins of the product.
fn admin_events(facets: &[Facet], reading: &Reading) -> u64 {
    // Facet ids start at 1; slot 0 of the sums is empty.
    let own = facets.iter().zip(reading.whole_facets.iter().skip(1));
    overview::count(
        own.filter(|(facet, _)| facet.is_admin == Some(true)).map(|(_, sums)| sums.0[sum::EVENTS]).sum(),
    )
}

/// The first instant that the range or what it is compared with looks at.
fn reaches_back(range: &Range) -> i64 {
    let previous = range.previous.iter().map(|bucket| bucket.period.start).min();
    instant::from_utc(previous.map_or(range.period.start, |start| start.min(range.period.start)))
}

/// Whether the sums leave something open: no sum knows the users or the latencies of a part of the events.
fn leaves_open(req: &UsageReq, selection: &Selection) -> bool {
    let is_of_part = matches!(req.measure, Measure::ActiveUsers | Measure::LatencyP50 | Measure::LatencyP95);
    !selection.is_everything() || matches!(req.by, EventField::UserId | EventField::TeamId) || is_of_part
}

fn series(reading: &Reading, steps: &[Step], measure: Measure, as_of: DateTime<Utc>) -> Vec<UsageStep> {
    steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let own = &reading.steps[index];
            UsageStep {
                day: step.day,
                period: step.period,
                is_unfinished: step.is_unfinished,
                previous_period: step.previous,
                sums: own.sums(),
                // A step that lies ahead has no value, and not the value 0.
                value: own.measure(measure).filter(|_| step.period.start <= as_of),
                previous: reading.previous[index].as_ref().and_then(|tally| tally.measure(measure)),
            }
        })
        .collect()
}

/// A span in microseconds.
fn micros(period: Period) -> (i64, i64) {
    overview::span(period)
}
