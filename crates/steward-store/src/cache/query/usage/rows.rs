//! From the events themselves: users, percentiles and teams of any part of them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rustc_hash::FxBuildHasher;
use steward_core::Result;
use steward_core::event::{EventField, HourOfWeek};
use steward_core::period::Period;
use steward_core::usage::Measure;

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

    /// One user's sums, of which only these were held.
    fn finish_user(self) -> Tally {
        Tally { active_users: Some(u64::from(self.tally.events() > 0)), ..self.tally }
    }

    fn finish(self) -> Tally {
        Tally { active_users: Some(self.users.len() as u64), has_latencies: true, ..self.tally }
    }
}

/// Groups that are being counted, by the grouping's key.
#[derive(Default)]
struct Groups {
    counts: HashMap<u32, Counting, FxBuildHasher>,
    /// Whether only sums are held: they are users, and there may be a million.
    has_many: bool,
}

impl Groups {
    fn add(&mut self, key: u32, event: &Event, outcome: Status) {
        let group = self.counts.entry(key).or_default();
        if self.has_many {
            group.tally.totals.add_event_sums(event, outcome);
        } else {
            group.add(event, outcome);
        }
    }

    fn take(&mut self, key: u32) -> Tally {
        let counting = self.counts.remove(&key).unwrap_or_default();
        if self.has_many { counting.finish_user() } else { counting.finish() }
    }
}

/// The groups of one answer: over the whole range, over its finished steps, and over what those are compared with.
struct GroupSpans {
    whole: Groups,
    finished: Groups,
    before: Groups,
    /// A user's change is no part of the answer: it would triple what is held for a million of them.
    is_compared: bool,
}

impl GroupSpans {
    fn new(question: &Question<'_>) -> Self {
        let is_of_users = question.grouping.field() == EventField::UserId;
        // Nor are latencies of a million users held, unless they are what is asked for.
        let has_many = is_of_users && !matches!(question.measure, Measure::LatencyP50 | Measure::LatencyP95);
        Self {
            whole: Groups { has_many, ..Groups::default() },
            finished: Groups::default(),
            before: Groups::default(),
            is_compared: !is_of_users,
        }
    }

    fn finish(mut self, has_comparison: bool) -> Vec<(u32, Group)> {
        let keys: Ids = self.whole.counts.keys().chain(self.before.counts.keys()).copied().collect();
        let has_change = has_comparison && self.is_compared;
        keys.into_iter()
            .map(|key| {
                let whole = self.whole.take(key);
                let change = has_change.then(|| (self.finished.take(key), self.before.take(key)));
                (key, Group { whole, change, has_events_only: false })
            })
            .collect()
    }
}

/// A span that is being counted.
#[derive(Default)]
struct CountingSpan {
    counting: Counting,
    facets: Vec<Sums>,
}

impl CountingSpan {
    fn add(&mut self, event: &Event, outcome: Status) {
        self.counting.add(event, outcome);
        let slot = event.facet as usize;
        if self.facets.len() <= slot {
            self.facets.resize(slot + 1, Sums::default());
        }
        self.facets[slot].add(event, 1);
    }

    fn close(self) -> Span {
        Span { tally: self.counting.finish(), facets: self.facets }
    }
}

/// What an event counts as.
struct Reckoning<'a> {
    question: &'a Question<'a>,
    outcomes: Vec<Status>,
}

impl<'a> Reckoning<'a> {
    fn new(question: &'a Question<'a>) -> Self {
        let outcomes = question.facets.iter().map(crate::cache::facet::Facet::outcome);
        Self { question, outcomes: std::iter::once(Status::Other).chain(outcomes).collect() }
    }

    fn outcome(&self, event: &Event) -> Status {
        self.outcomes.get(event.facet as usize).copied().unwrap_or(Status::Other)
    }

    /// The key of its group.
    fn key(&self, event: &Event) -> u32 {
        match self.question.grouping.field() {
            EventField::UserId => event.user,
            EventField::TeamId => event.team,
            _ => self.question.grouping.of_facet(event.facet),
        }
    }
}

fn is_in(period: Option<Period>, at: DateTime<Utc>) -> bool {
    period.is_some_and(|period| period.contains(at))
}

/// The groups alone, of everything: what else there is to say of everything, the sums tell.
pub(super) fn groups(question: &Question<'_>) -> Result<Vec<(u32, Group)>> {
    let range = question.range;
    let reckoning = Reckoning::new(question);
    let mut spans = GroupSpans::new(question);
    let before_period = range.previous_finished();
    let finished_period = range.finished().filter(|_| before_period.is_some() && spans.is_compared);
    scan(question, Some(range.period), |start, event| {
        let (key, outcome) = (reckoning.key(event), reckoning.outcome(event));
        spans.whole.add(key, event, outcome);
        if is_in(finished_period, start) {
            spans.finished.add(key, event, outcome);
        }
    })?;
    scan(question, before_period.filter(|_| finished_period.is_some()), |_, event| {
        spans.before.add(reckoning.key(event), event, reckoning.outcome(event));
    })?;
    Ok(spans.finish(finished_period.is_some()))
}

/// Reads the events of the range, and of the comparison.
pub(super) fn read(question: &Question<'_>) -> Result<Reading> {
    let range = question.range;
    let reckoning = Reckoning::new(question);
    let mut spans = GroupSpans::new(question);
    let is_compared = spans.is_compared;
    let before_period = range.previous_finished();
    let finished_period = range.finished().filter(|_| before_period.is_some());
    let (mut whole, mut finished, mut before) =
        (CountingSpan::default(), CountingSpan::default(), CountingSpan::default());
    let mut steps: Vec<Counting> = question.steps.iter().map(|_| Counting::default()).collect();
    let mut heat = Box::new([0; 168]);
    let own: Vec<(usize, Period)> = question.steps.iter().map(|step| step.period).enumerate().collect();
    scan(question, Some(range.period), |start, event| {
        let (key, outcome) = (reckoning.key(event), reckoning.outcome(event));
        whole.add(event, outcome);
        spans.whole.add(key, event, outcome);
        if is_in(finished_period, start) {
            finished.add(event, outcome);
            if is_compared {
                spans.finished.add(key, event, outcome);
            }
        }
        if let Some(step) = place(&own, start) {
            steps[step].add(event, outcome);
        }
        heat[heat::cell(HourOfWeek::of(range.zone, start))] += 1;
    })?;

    let mut previous: Vec<Option<Counting>> =
        question.steps.iter().map(|step| step.previous.map(|_| Counting::default())).collect();
    let compared: Vec<(usize, Period)> =
        question.steps.iter().enumerate().filter_map(|(index, step)| Some((index, step.previous?))).collect();
    let span = compared
        .iter()
        .map(|(_, period)| *period)
        .reduce(|a, b| Period { start: a.start.min(b.start), end: a.end.max(b.end) });
    scan(question, span, |start, event| {
        let outcome = reckoning.outcome(event);
        if is_in(before_period, start) {
            before.add(event, outcome);
            if is_compared {
                spans.before.add(reckoning.key(event), event, outcome);
            }
        }
        if let Some(counting) = place(&compared, start).and_then(|step| previous[step].as_mut()) {
            counting.add(event, outcome);
        }
    })?;

    let has_comparison = finished_period.is_some();
    Ok(Reading {
        whole: whole.counting.finish(),
        whole_facets: whole.facets,
        change: has_comparison.then(|| (finished.close(), before.close())),
        steps: steps.into_iter().map(Counting::finish).collect(),
        previous: previous.into_iter().map(|counting| counting.map(Counting::finish)).collect(),
        groups: spans.finish(has_comparison),
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
