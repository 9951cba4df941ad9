//! From the rollups: exact, and quick whatever the range.

use rusqlite::Connection;
use steward_core::Result;
use steward_core::event::EventField;
use steward_core::period::Period;
use steward_core::usage::Measure;

use super::super::overview::{active, cover};
use super::tally::{Group, Reading, Span, Tally};
use super::{Question, micros};
use crate::cache::rollup::{Cover, Sums, add_facet_sums, add_totals, add_user_counts, step_totals};

/// Reads every sum of the range once, and of the comparison once.
pub(super) fn read(question: &Question<'_>) -> Result<Reading> {
    let connection = question.reader.connection();
    let range = question.range;
    let mut whole = Summed::default();
    let mut finished = None;
    let mut start = range.period.start;
    // The finished steps come first; what is unfinished is read on top of them, not again.
    if let Some(period) = range.finished() {
        whole.add(question, period)?;
        finished = Some(whole.clone());
        start = period.end;
    }
    whole.add(question, Period { start, end: range.period.end })?;
    let mut before = None;
    if let (Some(_), Some(period)) = (&finished, range.previous_finished()) {
        let mut summed = Summed::default();
        summed.add(question, period)?;
        before = Some(summed);
    }
    let own: Vec<Period> = question.steps.iter().map(|step| step.period).collect();
    let previous: Vec<Period> = question.steps.iter().filter_map(|step| step.previous).collect();
    let mut previous = series(question, connection, &previous)?.into_iter();
    let groups = groups(question, &whole, finished.as_ref(), before.as_ref());
    Ok(Reading {
        groups,
        steps: series(question, connection, &own)?,
        previous: question.steps.iter().map(|step| step.previous.and_then(|_| previous.next())).collect(),
        change: finished.zip(before).map(|(own, before)| (own.span(question), before.span(question))),
        whole: whole.tally(question),
        whole_facets: whole.facets,
        heat: None,
    })
}

/// What the rollups hold of a span.
#[derive(Clone, Default)]
struct Summed {
    facets: Vec<Sums>,
    /// Over everything; of a part of the events no sum knows users and latencies.
    all: Tally,
    users: Vec<i64>,
}

impl Summed {
    fn add(&mut self, question: &Question<'_>, period: Period) -> Result<()> {
        let connection = question.reader.connection();
        let detailed = cover(connection, period)?;
        add_facet_sums(connection, &detailed, &mut self.facets)?;
        if question.selection.is_everything() {
            let (start, end) = micros(period);
            let totals = Cover::of_totals(connection, start, end)?;
            add_totals(connection, &totals, &mut self.all.totals)?;
            add_user_counts(connection, &detailed, &mut self.users)?;
            self.all.has_latencies = true;
            self.all.active_users = Some(active(&self.users));
            return Ok(());
        }
        for (id, sums) in (0..).zip(&mut self.facets) {
            if !question.selection.has_facet(id) {
                *sums = Sums::default();
            }
        }
        Ok(())
    }

    fn tally(&self, question: &Question<'_>) -> Tally {
        if question.selection.is_everything() {
            return self.all.clone();
        }
        Tally::of_facets(question.facets, &self.facets, |_, _| true)
    }

    fn span(self, question: &Question<'_>) -> Span {
        Span { tally: self.tally(question), facets: self.facets }
    }
}

/// The tallies of the steps of a series.
fn series(question: &Question<'_>, connection: &Connection, periods: &[Period]) -> Result<Vec<Tally>> {
    if !question.selection.is_everything() {
        return periods
            .iter()
            .map(|period| {
                let mut summed = Summed::default();
                summed.add(question, *period)?;
                Ok(summed.tally(question))
            })
            .collect();
    }
    let spans: Vec<(i64, i64)> = periods.iter().map(|period| micros(*period)).collect();
    let totals = step_totals(connection, &spans, true)?;
    totals
        .into_iter()
        .zip(periods)
        .map(|(totals, period)| {
            let mut users = Vec::new();
            if question.measure == Measure::ActiveUsers {
                add_user_counts(connection, &cover(connection, *period)?, &mut users)?;
            }
            let active_users = (question.measure == Measure::ActiveUsers).then(|| active(&users));
            Ok(Tally { totals, active_users, has_latencies: true })
        })
        .collect()
}

fn groups(
    question: &Question<'_>,
    whole: &Summed,
    finished: Option<&Summed>,
    before: Option<&Summed>,
) -> Vec<(u32, Group)> {
    match question.grouping.field() {
        // Of a team no sum knows anything, of a user the number of events.
        EventField::TeamId => Vec::new(),
        EventField::UserId => {
            let events = |counts: &[i64], id: u32| {
                let mut tally = Tally::default();
                tally.totals.sums.0[0] = counts.get(id as usize).copied().unwrap_or(0).into();
                tally
            };
            let users = (0..).zip(&whole.users).filter(|(_, events)| **events > 0);
            users
                .map(|(id, _)| {
                    let change = finished
                        .zip(before)
                        .map(|(own, before)| (events(&own.users, id), events(&before.users, id)));
                    (id, Group { whole: events(&whole.users, id), change, has_events_only: true })
                })
                .collect()
        }
        _ => {
            let mut groups = vec![Group::default(); question.grouping.len()];
            let mut fill = |from: &Summed, own: fn(&mut Group) -> &mut Tally| {
                for ((id, facet), sums) in (1..).zip(question.facets).zip(from.facets.iter().skip(1)) {
                    if let Some(group) = groups.get_mut(question.grouping.of_facet(id) as usize) {
                        own(group).totals.add_sums(sums, facet.outcome());
                    }
                }
            };
            fill(whole, |group| &mut group.whole);
            if let (Some(finished), Some(before)) = (finished, before) {
                fill(finished, |group| &mut group.change.get_or_insert_default().0);
                fill(before, |group| &mut group.change.get_or_insert_default().1);
            }
            (0..).zip(groups).collect()
        }
    }
}
