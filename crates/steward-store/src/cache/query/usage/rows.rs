//! From the events themselves: users, percentiles and teams of any part of them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rustc_hash::FxBuildHasher;
use steward_core::Result;
use steward_core::event::{EventField, HourOfWeek};
use steward_core::period::Period;

use super::tally::{Group, Reading, Span, Tally};
use super::{Question, heat, micros};
use crate::cache::event::Event;
use crate::cache::facet::Status;
use crate::cache::instant;
use crate::cache::rollup::{Level, Sums};

type Ids = HashSet<u32, FxBuildHasher>;

/// A tally that is being counted.
#[derive(Default)]
struct Counting {
    tally: Tally,
    users: Ids,
}

impl Counting {
    fn add(&mut self, event: &Event, outcome: Status) {
        self.tally.totals.add_event(event, outcome);
        self.users.insert(event.user);
    }

    fn finish(self) -> Tally {
        Tally { active_users: Some(self.users.len() as u64), has_latencies: true, ..self.tally }
    }
}

/// A span that is being counted.
#[derive(Default)]
struct CountingSpan {
    counting: Counting,
    facets: Vec<Sums>,
    groups: HashMap<u32, Counting, FxBuildHasher>,
    /// Whether of the groups only sums are held: they are users, and there may be a million.
    has_many_groups: bool,
}

impl CountingSpan {
    fn add(&mut self, event: &Event, outcome: Status, group: Option<u32>) {
        self.counting.add(event, outcome);
        let slot = event.facet as usize;
        if self.facets.len() <= slot {
            self.facets.resize(slot + 1, Sums::default());
        }
        self.facets[slot].add(event, 1);
        let Some(group) = group.map(|group| self.groups.entry(group).or_default()) else { return };
        if self.has_many_groups {
            group.tally.totals.add_event_sums(event, outcome);
        } else {
            group.add(event, outcome);
        }
    }
}

/// Reads the events of the range, and of the comparison.
pub(super) fn read(question: &Question<'_>) -> Result<Reading> {
    let range = question.range;
    let field = question.grouping.field();
    let outcomes: Vec<Status> = std::iter::once(Status::Other)
        .chain(question.facets.iter().map(crate::cache::facet::Facet::outcome))
        .collect();
    let outcome = |event: &Event| outcomes.get(event.facet as usize).copied().unwrap_or(Status::Other);
    let key = |event: &Event| match field {
        EventField::UserId => event.user,
        EventField::TeamId => event.team,
        _ => question.grouping.of_facet(event.facet),
    };
    // A user's change is no part of the answer: it would triple what is held for a million of them.
    let compares_groups = field != EventField::UserId;

    let is_in = |period: Option<Period>, at: DateTime<Utc>| period.is_some_and(|period| period.contains(at));
    let finished_period = range.finished().filter(|_| range.previous_finished().is_some());
    let mut whole = CountingSpan { has_many_groups: !compares_groups, ..CountingSpan::default() };
    let mut finished = CountingSpan::default();
    let mut steps: Vec<Counting> = question.steps.iter().map(|_| Counting::default()).collect();
    let mut heat = Box::new([0; 168]);
    let own: Vec<(usize, Period)> = question.steps.iter().map(|step| step.period).enumerate().collect();
    scan(question, Some(range.period), |start, event| {
        let outcome = outcome(event);
        whole.add(event, outcome, Some(key(event)));
        if is_in(finished_period, start) {
            finished.add(event, outcome, compares_groups.then(|| key(event)));
        }
        if let Some(step) = place(&own, start) {
            steps[step].add(event, outcome);
        }
        heat[heat::cell(HourOfWeek::of(range.zone, start))] += 1;
    })?;

    let mut before = CountingSpan::default();
    let before_period = range.previous_finished();
    let mut previous: Vec<Option<Counting>> =
        question.steps.iter().map(|step| step.previous.map(|_| Counting::default())).collect();
    let compared: Vec<(usize, Period)> =
        question.steps.iter().enumerate().filter_map(|(index, step)| Some((index, step.previous?))).collect();
    let span = compared
        .iter()
        .map(|(_, period)| *period)
        .reduce(|a, b| Period { start: a.start.min(b.start), end: a.end.max(b.end) });
    scan(question, span, |start, event| {
        let outcome = outcome(event);
        if is_in(before_period, start) {
            before.add(event, outcome, compares_groups.then(|| key(event)));
        }
        if let Some(counting) = place(&compared, start).and_then(|step| previous[step].as_mut()) {
            counting.add(event, outcome);
        }
    })?;

    let has_change = finished_period.is_some() && compares_groups;
    let mut groups: Vec<(u32, Group)> = Vec::with_capacity(whole.groups.len());
    let keys: Ids = whole.groups.keys().chain(before.groups.keys()).copied().collect();
    for key in keys {
        let take = |span: &mut CountingSpan| {
            let counting = span.groups.remove(&key).unwrap_or_default();
            if span.has_many_groups { counting.tally } else { counting.finish() }
        };
        let own = take(&mut whole);
        let change = has_change.then(|| (take(&mut finished), take(&mut before)));
        groups.push((key, Group { whole: own, change, has_events_only: false }));
    }
    let closed = |span: CountingSpan| Span { tally: span.counting.finish(), facets: span.facets };
    Ok(Reading {
        whole: whole.counting.finish(),
        whole_facets: whole.facets,
        change: finished_period.is_some().then(|| (closed(finished), closed(before))),
        steps: steps.into_iter().map(Counting::finish).collect(),
        previous: previous.into_iter().map(|counting| counting.map(Counting::finish)).collect(),
        groups,
        heat: Some(heat),
    })
}

/// Shows the events of a span, each with the start of its quarter-hour: a step and an hour hold whole ones.
fn scan(
    question: &Question<'_>,
    period: Option<Period>,
    mut show: impl FnMut(DateTime<Utc>, &Event),
) -> Result<()> {
    let Some((start, end)) = period.map(micros) else { return Ok(()) };
    question.selection.quarters(question.reader, start, end, |quarter| {
        let first = instant::to_utc(quarter.saturating_mul(Level::Quarter.width()));
        question.selection.each(question.reader, quarter, start, end, |_, event| show(first, event))?;
        Ok(true)
    })
}

/// The step an instant lies in; they are in order.
fn place(steps: &[(usize, Period)], at: DateTime<Utc>) -> Option<usize> {
    let after = steps.partition_point(|(_, period)| period.start <= at);
    let (index, period) = steps.get(after.checked_sub(1)?)?;
    period.contains(at).then_some(*index)
}
