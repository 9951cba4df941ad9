//! Events by hour of the week.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use steward_core::Result;
use steward_core::event::HourOfWeek;
use steward_core::period::Period;
use steward_core::usage::HeatCell;

use super::super::overview::count;
use super::{Question, micros};
use crate::cache::instant;
use crate::cache::rollup::{Level, Run, buckets_with, step_totals, sum};

/// The place of an hour of the week among the 168.
pub(super) fn cell(hour: HourOfWeek) -> usize {
    usize::from(hour.weekday - 1) * 24 + usize::from(hour.hour)
}

/// Shows every quarter-hour of a span with its place.
fn quarters(zone: Tz, period: Period, mut show: impl FnMut(DateTime<Utc>, usize)) {
    let mut at = period.start;
    while at < period.end {
        show(at, cell(HourOfWeek::of(zone, at)));
        at += Duration::minutes(15);
    }
}

/// The cells with what was counted in them.
pub(super) fn cells(zone: Tz, period: Period, as_of: DateTime<Utc>, events: &[u64; 168]) -> Vec<HeatCell> {
    let mut begun = [0; 168];
    quarters(zone, period, |start, place| begun[place] += u32::from(start <= as_of));
    (1..=7_u8)
        .flat_map(|weekday| (0..24_u8).map(move |hour| (weekday, hour)))
        .zip(events)
        .zip(begun)
        .map(|(((weekday, hour), events), quarters)| HeatCell { weekday, hour, events: *events, quarters })
        .collect()
}

/// The cells from the sums.
pub(super) fn show(question: &Question<'_>, zone: Tz, as_of: DateTime<Utc>) -> Result<Vec<HeatCell>> {
    let connection = question.reader.connection();
    let period = question.range.period;
    let mut events = [0_u64; 168];
    if question.selection.is_everything() {
        // Runs of quarter-hours in the same hour are read as the hours they are.
        let mut spans: Vec<(usize, (i64, i64))> = Vec::new();
        let width = Level::Quarter.width();
        quarters(zone, period, |start, place| {
            let start = instant::from_utc(start);
            match spans.last_mut() {
                Some((last, (_, end))) if *last == place && *end == start => *end += width,
                Some(_) | None => spans.push((place, (start, start + width))),
            }
        });
        let steps: Vec<(i64, i64)> = spans.iter().map(|(_, span)| *span).collect();
        for ((place, _), totals) in spans.iter().zip(step_totals(connection, &steps, false)?) {
            events[*place] += count(totals.sums.0[sum::EVENTS]);
        }
    } else {
        let (start, end) = micros(period);
        let (first, end) = (Level::Quarter.bucket(start), Level::Quarter.bucket(end));
        let run = Run { level: Level::Quarter, first, end, factor: 1 };
        for (quarter, found) in buckets_with(connection, run, None, question.selection.facets())? {
            let start = instant::to_utc(quarter.saturating_mul(Level::Quarter.width()));
            events[cell(HourOfWeek::of(zone, start))] += count(found);
        }
    }
    Ok(cells(zone, period, as_of, &events))
}
