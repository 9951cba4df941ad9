//! `overview_show`: one function per number, all from the rollups.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use steward_core::id::UserId;
use steward_core::money::Cost;
use steward_core::overview::{
    ActivityPoint, Card, CardMetric, Change, Overview, OverviewReq, Share, TopUser, UsageTotals,
};
use steward_core::period::{Bucket, Period, Range};
use steward_core::{Dataset, Result};

use super::chart::Axis;
use super::naming::{Plans, in_words};
use super::people;
use crate::cache::decode::format_nano;
use crate::cache::event::{self, Event};
use crate::cache::facet::{Facet, Status};
use crate::cache::rollup::{
    Cover, FacetCount, Level, Totals, add_facet_counts, add_totals, add_user_counts, extent, step_totals, sum,
};
use crate::cache::{Reader, instant};

/// Users shown as the most active.
const TOP_USERS: usize = 10;

/// The state of the company over a range.
///
/// # Errors
/// When the file cannot be read.
pub fn show(reader: &Reader, req: &OverviewReq) -> Result<Overview> {
    let freshness = super::freshness(reader, &[Dataset::UsageEvents, Dataset::Users, Dataset::Plans])?;
    let newest = newest(reader)?;
    // Before the first cut nothing says what time it is at the server but the rows themselves.
    let as_of = freshness.as_of.or(newest).unwrap_or(DateTime::UNIX_EPOCH);
    let range = req.range.resolve(req.zone, as_of, req.compare);
    let sums = RangeSums::read(reader, &range)?;
    let facets = reader.facets()?;
    let plans = Plans::read(reader)?;
    let shares = |value: fn(&Facet) -> &Option<String>| group(&facets, &sums, value);
    let axis = Axis::new(req, &range, as_of);

    let mut by_plan = shares(|facet| &facet.plan_code);
    by_plan.sort_by_key(|share| (plans.rank(share.value.as_deref()), Reverse(share.events)));
    for share in &mut by_plan {
        share.label = match &share.value {
            Some(code) => plans.names.get(code).map_or_else(|| code.clone(), |plan| plan.name.clone()),
            None => "No plan".to_owned(),
        };
    }
    let mut by_feature = shares(|facet| &facet.feature);
    for share in &mut by_feature {
        share.label = share.value.as_deref().map_or_else(|| "No feature".to_owned(), in_words);
    }
    let mut by_model = shares(|facet| &facet.model);
    for share in &mut by_model {
        share.label = share.value.clone().unwrap_or_else(|| "No model".to_owned());
    }

    let totals = sums.totals();
    let cost = plans.currency.map(|currency| Cost { amount: totals.cost.clone(), currency });
    Ok(Overview {
        freshness,
        range: req.range,
        zone: req.zone,
        period: range.period,
        previous_period: whole(&range.previous),
        totals,
        admin_events: sums.admin_events(&facets),
        cost,
        cards: CARDS.iter().map(|metric| sums.card(*metric)).collect(),
        by_feature,
        by_plan,
        by_model,
        top_users: top_users(reader, &sums.users)?,
        activity_chart: axis.activity(&sums.activity, as_of),
        latency_chart: axis.latency(&sums.activity),
        error_chart: axis.errors(&sums.activity),
        activity: sums.activity,
        newest_event: newest,
    })
}

const CARDS: [CardMetric; 6] = [
    CardMetric::Events,
    CardMetric::ActiveUsers,
    CardMetric::ErrorRate,
    CardMetric::LatencyP95,
    CardMetric::Tokens,
    CardMetric::Cost,
];

pub(super) fn whole(buckets: &[Bucket]) -> Option<Period> {
    let start = buckets.iter().map(|bucket| bucket.period.start).min()?;
    let end = buckets.iter().map(|bucket| bucket.period.end).max()?;
    Some(Period { start, end })
}

pub(super) fn span(period: Period) -> (i64, i64) {
    (instant::from_utc(period.start), instant::from_utc(period.end))
}

pub(super) fn cover(connection: &Connection, period: Period) -> Result<Cover> {
    let (start, end) = span(period);
    Cover::of(connection, start, end)
}

fn steps(buckets: &[Bucket]) -> Vec<(i64, i64)> {
    buckets.iter().map(|bucket| span(bucket.period)).collect()
}

/// What one span is compared by.
#[derive(Default)]
struct Compared {
    totals: Totals,
    active_users: u64,
    facets: Vec<FacetCount>,
}

/// Everything read for one answer: each rollup of the range once, each of the comparison once.
struct RangeSums {
    totals: Totals,
    users: Vec<i64>,
    facets: Vec<FacetCount>,
    activity: Vec<ActivityPoint>,
    /// Over the finished steps, and over the steps they are compared with.
    change: Option<(Compared, Compared)>,
}

impl RangeSums {
    fn read(reader: &Reader, range: &Range) -> Result<Self> {
        let connection = reader.connection();
        let finished = range.finished();
        let mut finished_totals = Totals::default();
        let mut totals = Totals::default();
        let mut activity = Vec::with_capacity(range.buckets.len());
        let own = step_totals(connection, &steps(&range.buckets), true)?;
        let previous = step_totals(connection, &steps(&range.previous), false)?;
        for (index, (bucket, step)) in range.buckets.iter().zip(own).enumerate() {
            totals.merge(&step);
            if !bucket.is_unfinished {
                finished_totals.merge(&step);
            }
            activity.push(ActivityPoint {
                day: bucket.day,
                period: bucket.period,
                is_unfinished: bucket.is_unfinished,
                events: count(step.sums.0[sum::EVENTS]),
                errors: count(step.errors),
                previous_events: previous.get(index).map(|totals| count(totals.sums.0[sum::EVENTS])),
                previous_day: range.previous.get(index).map(|previous| previous.day),
                latency_p50: step.latencies.quantile(0.5),
                latency_p95: step.latencies.quantile(0.95),
            });
        }
        // The finished steps come first; what is unfinished is read on top of them, not again.
        let mut users = Vec::new();
        let mut facets = Vec::new();
        let mut finished_sums = None;
        let mut start = range.period.start;
        if let Some(finished) = finished {
            let cover = cover(connection, finished)?;
            add_user_counts(connection, &cover, &mut users)?;
            add_facet_counts(connection, &cover, &mut facets)?;
            finished_sums = Some(Compared {
                totals: finished_totals,
                active_users: active(&users),
                facets: facets.clone(),
            });
            start = finished.end;
        }
        let rest = Period { start, end: range.period.end };
        let rest = cover(connection, rest)?;
        add_user_counts(connection, &rest, &mut users)?;
        add_facet_counts(connection, &rest, &mut facets)?;
        let change = match (finished_sums, range.previous_finished()) {
            (Some(current), Some(previous)) => {
                let mut before = Compared::default();
                let (start, end) = span(previous);
                add_totals(connection, &Cover::of_totals(connection, start, end)?, &mut before.totals)?;
                let cover = cover(connection, previous)?;
                add_facet_counts(connection, &cover, &mut before.facets)?;
                let mut users = Vec::new();
                add_user_counts(connection, &cover, &mut users)?;
                before.active_users = active(&users);
                Some((current, before))
            }
            (Some(_), None) | (None, _) => None,
        };
        Ok(Self { totals, users, facets, activity, change })
    }

    fn totals(&self) -> UsageTotals {
        let Totals { sums, successes, errors, rate_limited, .. } = &self.totals;
        let sum_of = |index: usize| i64::try_from(sums.0[index]).unwrap_or(i64::MAX);
        UsageTotals {
            events: count(sums.0[sum::EVENTS]),
            successes: count(*successes),
            errors: count(*errors),
            rate_limited: count(*rate_limited),
            active_users: active(&self.users),
            quantity: sum_of(sum::QUANTITY),
            input_tokens: sum_of(sum::INPUT_TOKENS),
            cached_tokens: sum_of(sum::CACHED_TOKENS),
            output_tokens: sum_of(sum::OUTPUT_TOKENS),
            reasoning_tokens: sum_of(sum::REASONING_TOKENS),
            bytes_out: sum_of(sum::BYTES_OUT),
            credits: sum_of(sum::CREDITS),
            cost: format_nano(sums.0[sum::COST]),
            unpriced_events: count(sums.0[sum::UNPRICED]),
            latency_ms_sum: sum_of(sum::LATENCY_SUM),
            latency_count: count(sums.0[sum::LATENCY_COUNT]),
        }
    }

    fn admin_events(&self, facets: &[Facet]) -> u64 {
        // Facet ids start at 1; slot 0 of the counts is empty.
        let own = facets.iter().zip(self.facets.iter().skip(1));
        count(own.filter(|(facet, _)| facet.is_admin == Some(true)).map(|(_, counts)| counts.events).sum())
    }

    fn card(&self, metric: CardMetric) -> Card {
        let value = value(metric, &self.totals, active(&self.users));
        let change = self
            .change
            .as_ref()
            .and_then(|(current, before)| change(value_of(metric, current)?, value_of(metric, before)?));
        Card {
            metric,
            value,
            change,
            is_estimate: metric == CardMetric::LatencyP95,
            definition: definition(metric),
        }
    }
}

fn value_of(metric: CardMetric, compared: &Compared) -> Option<f64> {
    value(metric, &compared.totals, compared.active_users)
}

fn value(metric: CardMetric, totals: &Totals, active_users: u64) -> Option<f64> {
    let sums = &totals.sums.0;
    let events = sums[sum::EVENTS];
    match metric {
        CardMetric::Events => Some(events as f64),
        CardMetric::ActiveUsers => Some(active_users as f64),
        CardMetric::ErrorRate => (events > 0).then(|| totals.errors as f64 * 100.0 / events as f64),
        CardMetric::LatencyP95 => totals.latencies.quantile(0.95),
        CardMetric::Tokens => {
            Some((sums[sum::INPUT_TOKENS] + sums[sum::OUTPUT_TOKENS] + sums[sum::REASONING_TOKENS]) as f64)
        }
        CardMetric::Cost => (events > sums[sum::UNPRICED]).then(|| sums[sum::COST] as f64 / 1e9),
    }
}

pub(super) fn change(current: f64, previous: f64) -> Option<Change> {
    let percent = (previous != 0.0).then(|| (current - previous) * 100.0 / previous);
    Some(Change { current, previous, percent })
}

fn definition(metric: CardMetric) -> String {
    match metric {
        CardMetric::Events => {
            "Usage events by the time they happened. An event sent twice under the same key counts once."
        }
        CardMetric::ActiveUsers => {
            "Users with at least one event, each counted once over the whole range. Any event counts, failed \
             ones included."
        }
        CardMetric::ErrorRate => {
            "Events with status error in percent of all events. Rate limited events are part of all events, \
             but no errors."
        }
        CardMetric::LatencyP95 => {
            "95 of 100 events that have a latency were at least this fast. From a histogram with buckets of \
             about 5 %, so approximate."
        }
        CardMetric::Tokens => {
            "Input, output and reasoning tokens. Tokens read from a provider's cache are part of the input \
             where the provider counts them so."
        }
        CardMetric::Cost => {
            "Sum of the costs recorded with the events, exact to nine decimals. Events without a known price \
             are not in it and are counted apart."
        }
    }
    .to_owned()
}

pub(super) fn count(sum: i128) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}

pub(super) fn active(users: &[i64]) -> u64 {
    users.iter().filter(|events| **events > 0).count() as u64
}

/// Groups the facets of a range by one of their columns, most used first.
fn group(facets: &[Facet], sums: &RangeSums, value: fn(&Facet) -> &Option<String>) -> Vec<Share> {
    #[derive(Default)]
    struct Group {
        events: i128,
        errors: i128,
        cost: i128,
        finished: i128,
        before: i128,
    }
    let mut groups: HashMap<&Option<String>, Group> = HashMap::new();
    let (finished, before) = match &sums.change {
        Some((current, before)) => (current.facets.as_slice(), before.facets.as_slice()),
        None => (&[][..], &[][..]),
    };
    // Facet ids start at 1; slot 0 of the counts is empty.
    for (id, facet) in (1..).zip(facets) {
        let at = |counts: &[FacetCount]| counts.get(id).copied().unwrap_or_default();
        let (own, finished, before) = (at(&sums.facets), at(finished), at(before));
        if own.events == 0 && finished.events == 0 && before.events == 0 {
            continue;
        }
        let group = groups.entry(value(facet)).or_default();
        group.events += own.events;
        group.cost += own.cost;
        group.finished += finished.events;
        group.before += before.events;
        if facet.outcome() == Status::Error {
            group.errors += own.events;
        }
    }
    let mut shares: Vec<Share> = groups
        .into_iter()
        // A value that has vanished is shown by its change alone, and only where there is a change.
        .map(|(value, group)| Share {
            value: value.clone(),
            label: String::new(),
            events: count(group.events),
            errors: count(group.errors),
            cost: format_nano(group.cost),
            change: sums.change.as_ref().and_then(|_| change(group.finished as f64, group.before as f64)),
        })
        .collect();
    shares.sort_by(|a, b| (Reverse(a.events), &a.value).cmp(&(Reverse(b.events), &b.value)));
    shares
}

fn top_users(reader: &Reader, counts: &[i64]) -> Result<Vec<TopUser>> {
    let mut busiest: Vec<(i64, u32)> =
        (0..).zip(counts).filter(|(_, events)| **events > 0).map(|(id, events)| (*events, id)).collect();
    let order = |entry: &(i64, u32)| (Reverse(entry.0), entry.1);
    if busiest.len() > TOP_USERS {
        busiest.select_nth_unstable_by_key(TOP_USERS - 1, order);
        busiest.truncate(TOP_USERS);
    }
    busiest.sort_unstable_by_key(order);
    busiest
        .into_iter()
        .map(|(events, id)| {
            let uuid = people::uuid(reader, id)?;
            let user = people::user(reader, uuid)?;
            let (email, name, plan_code) = user
                .map_or((None, None, None), |user| (Some(user.email), Some(user.name), Some(user.plan_code)));
            Ok(TopUser { id: UserId(uuid), email, name, plan_code, events: events.unsigned_abs() })
        })
        .collect()
}

/// When the newest event was recorded.
pub(super) fn newest(reader: &Reader) -> Result<Option<DateTime<Utc>>> {
    let Some((_, quarter)) = extent(reader.connection(), Level::Quarter)? else { return Ok(None) };
    let start = quarter.saturating_mul(Level::Quarter.width());
    let (first_id, end_id) = event::id_span(start, start.saturating_add(Level::Quarter.width()));
    let mut newest: Option<Event> = None;
    let mut minute = None;
    event::each(reader.connection(), first_id, end_id, |id, event| {
        // Minutes come newest first: the newest event lies in the first that has any.
        let own = event::minute_of(id);
        let is_first = *minute.get_or_insert(own) == own;
        if is_first && newest.is_none_or(|known| known.occurred_at < event.occurred_at) {
            newest = Some(event);
        }
        Ok(is_first)
    })?;
    // A copy that has the sums of its newest quarter-hour and not yet its rows knows no better than when it began.
    let recorded = newest.map_or(start, |event| event.recorded_at().unwrap_or(event.occurred_at));
    Ok(Some(instant::to_utc(recorded)))
}
