//! The numbers at the top.

use std::collections::BTreeMap;

use steward_core::event::{EventField, EventFilter};
use steward_core::usage::{Measure, TileSpec, UsageReq, UsageTile, sql};

use super::super::naming::in_words;
use super::super::overview;
use super::super::selection::matches;
use super::Question;
use super::tally::{Reading, Tally};
use crate::cache::rollup::{Sums, sum};

/// One number; `is_from_sums` says that no row was read.
pub(super) fn show(
    spec: &TileSpec,
    req: &UsageReq,
    question: &Question<'_>,
    reading: &Reading,
    is_from_sums: bool,
) -> UsageTile {
    let own = spec.filters();
    let narrowed: Vec<&EventFilter> = own.iter().collect();
    let of = |tally: &Tally, sums: &[Sums]| {
        if own.is_empty() {
            return tally.clone();
        }
        Tally::of_facets(question.facets, sums, |_, facet| matches(facet, &narrowed))
    };
    let whole = of(&reading.whole, &reading.whole_facets);
    let change = reading.change.as_ref().filter(|_| spec.most_of.is_none()).and_then(|(now, before)| {
        let value = |tally: &Tally, sums: &[Sums]| of(tally, sums).measure(spec.measure);
        overview::change(value(&now.tally, &now.facets)?, value(&before.tally, &before.facets)?)
    });
    let filters = spec.filters_of(&req.filters);
    let period = question.range.period;
    let mut tile = UsageTile {
        label: spec.label.to_owned(),
        measure: spec.measure,
        value: whole.measure(spec.measure),
        text: None,
        change,
        is_estimate: spec.measure.is_estimate(),
        is_pending: is_from_sums
            && whole.events() > 0
            && matches!(spec.measure, Measure::ActiveUsers | Measure::LatencyP50 | Measure::LatencyP95)
            && !question.selection.is_everything(),
        definition: spec.measure.definition().to_owned(),
        sql: sql::total(spec.measure, period, &filters),
        filters,
    };
    if let Some(field) = spec.most_of {
        most(&mut tile, field, question, reading, &narrowed);
        tile.sql = sql::most(field, period, &tile.filters);
    }
    tile
}

/// Makes the tile show the value of a column that has most events.
fn most(
    tile: &mut UsageTile,
    field: EventField,
    question: &Question<'_>,
    reading: &Reading,
    narrowed: &[&EventFilter],
) {
    let mut by_value: BTreeMap<&str, i128> = BTreeMap::new();
    for (facet, sums) in question.facets.iter().zip(reading.whole_facets.iter().skip(1)) {
        if let Some(value) = facet.value(field).filter(|_| matches(facet, narrowed)) {
            *by_value.entry(value).or_default() += sums.0[sum::EVENTS];
        }
    }
    // Of equal ones the first by name, as the statement for the server orders them.
    let found =
        by_value.into_iter().filter(|(_, events)| *events > 0).rev().max_by_key(|(_, events)| *events);
    tile.value = found.map(|(_, events)| events as f64);
    tile.text = found.map(|(value, _)| in_words(value));
    tile.definition = "The value that most of these events have, with their number.".to_owned();
    if let Some((value, _)) = found {
        tile.filters.push(EventFilter::is(field, Some(value)));
    }
}
