//! `event_list`: the rows behind a number.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use steward_core::event::{EventList, EventListReq, EventRow};
use steward_core::id::{TeamId, UserId};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::selection::Selection;
use super::{people, wrong_cursor};
use crate::cache::decode::format_nano;
use crate::cache::event::{COST, Event, LATENCY};
use crate::cache::facet::Facet;
use crate::cache::rollup::Level;
use crate::cache::{Reader, edge, fault, instant};

/// Users remembered while all events are shown.
const MAX_PEOPLE: usize = 100_000;

/// A page of events, newest first.
///
/// # Errors
/// When a filter or the cursor cannot be understood or the file cannot be read.
pub fn list(reader: &Reader, req: &EventListReq) -> Result<EventList> {
    let freshness = super::freshness(reader, &[Dataset::UsageEvents])?;
    let after = req.after.as_deref().map(parse_cursor).transpose()?;
    let limit = super::page_rows(req.limit);
    let facets = reader.facets()?;
    let selection = Selection::new(reader, &facets, &req.filters)?.in_hour(req.hour)?;
    let (start, end) = (instant::from_utc(req.period.start), instant::from_utc(req.period.end));
    // S44: where there are sums alone no row is looked for, and the list says so.
    let edge = edge::read(reader.connection())?.filter(|edge| start < *edge);
    let older = edge.map(|edge| selection.count_sums(reader, start, end.min(edge))).transpose()?.flatten();
    let start = edge.map_or(start, |edge| start.max(edge));
    let total = selection.count(reader, start, end)?;
    let mut found: Vec<(i64, Event)> = Vec::new();
    let until = after.map_or(end, |(at, _)| end.min(at.saturating_add(1)));
    selection.quarters(reader, start, until, |quarter| {
        let mut rows = Vec::new();
        selection.each(reader, quarter, start, until, |id, event| rows.push((id, *event)))?;
        rows.sort_unstable_by_key(|(id, event)| (std::cmp::Reverse(event.occurred_at), *id));
        let rows = rows.into_iter().filter(|(id, event)| {
            after.is_none_or(|(at, last)| event.occurred_at < at || (event.occurred_at == at && *id > last))
        });
        found.extend(rows);
        Ok(found.len() <= limit)
    })?;
    let next = (found.len() > limit).then(|| {
        found.truncate(limit);
        found.last().map(|(id, event)| format!("{}.{id}", event.occurred_at)).unwrap_or_default()
    });
    let mut people = People::default();
    let rows =
        found.into_iter().map(|(_, event)| people.row(reader, &facets, &event)).collect::<Result<_>>()?;
    Ok(EventList { freshness, rows, total, next, rows_since: edge.map(instant::to_utc), older })
}

/// How many rows match in all.
///
/// # Errors
/// `Invalid` where some of them are here as sums alone: a part is not all.
pub(super) fn count(reader: &Reader, req: &EventListReq) -> Result<u64> {
    let selection = Selection::new(reader, &reader.facets()?, &req.filters)?.in_hour(req.hour)?;
    let (start, end) = whole_span(reader, &selection, req)?;
    selection.count(reader, start, end)
}

/// The span of a request all of whose events are rows, from the edge on.
fn whole_span(reader: &Reader, selection: &Selection, req: &EventListReq) -> Result<(i64, i64)> {
    let (start, end) = super::overview::span(req.period);
    let Some(edge) = edge::read(reader.connection())?.filter(|edge| start < *edge) else {
        return Ok((start, end));
    };
    // The whole quarter-hours around what lies before the edge, which is the start of one.
    let width = Level::Quarter.width();
    let first = start.div_euclid(width).saturating_mul(width);
    let last = (-(-end).div_euclid(width)).saturating_mul(width).min(edge);
    if selection.count_sums(reader, first, last)? == Some(0) {
        return Ok((edge, end));
    }
    Err(edge::refused(
        "period",
        edge,
        "older ones are here as sums alone, and a file of the rest would be cut.",
    ))
}

/// Shows every matching event, newest first; of a quarter-hour at once, so in constant memory.
///
/// # Errors
/// As [`count`], and whatever `show` answers.
pub(super) fn each(
    reader: &Reader,
    req: &EventListReq,
    mut show: impl FnMut(EventRow) -> Result<()>,
) -> Result<()> {
    let facets = reader.facets()?;
    let selection = Selection::new(reader, &facets, &req.filters)?.in_hour(req.hour)?;
    let (start, end) = whole_span(reader, &selection, req)?;
    let mut people = People::default();
    let mut rows = Vec::new();
    selection.quarters(reader, start, end, |quarter| {
        if people.users.len() > MAX_PEOPLE {
            people = People::default();
        }
        rows.clear();
        selection.each(reader, quarter, start, end, |id, event| rows.push((id, *event)))?;
        rows.sort_unstable_by_key(|(id, event)| (std::cmp::Reverse(event.occurred_at), *id));
        for (_, event) in &rows {
            show(people.row(reader, &facets, event)?)?;
        }
        Ok(true)
    })
}

fn parse_cursor(text: &str) -> Result<(i64, i64)> {
    let (at, id) = text.split_once('.').ok_or_else(wrong_cursor)?;
    Ok((at.parse().map_err(|_| wrong_cursor())?, id.parse().map_err(|_| wrong_cursor())?))
}

/// Users and teams of one page, each looked up once.
#[derive(Default)]
struct People {
    users: HashMap<u32, (Uuid, Option<String>), FxBuildHasher>,
    teams: HashMap<u32, Uuid, FxBuildHasher>,
}

impl People {
    fn row(&mut self, reader: &Reader, facets: &[Facet], event: &Event) -> Result<EventRow> {
        let (user, email) = match self.users.get(&event.user) {
            Some(known) => known.clone(),
            None => {
                let uuid = people::uuid(reader, event.user)?;
                let email = people::user(reader, uuid)?.map(|user| user.email);
                self.users.entry(event.user).or_insert((uuid, email)).clone()
            }
        };
        let team = match (event.team, self.teams.get(&event.team)) {
            (0, _) => None,
            (_, Some(team)) => Some(*team),
            (id, None) => Some(*self.teams.entry(id).or_insert(people::uuid(reader, id)?)),
        };
        let facet = (event.facet as usize).checked_sub(1).and_then(|index| facets.get(index));
        let facet = facet.ok_or_else(fault::damaged)?;
        let [quantity, input, _cached, output, reasoning, bytes_out, ..] = event.metrics;
        Ok(EventRow {
            user_id: UserId(user),
            email,
            occurred_at: instant::to_utc(event.occurred_at),
            event_key: Uuid::from_bytes(event.key),
            event_type: facet.event_type.clone().unwrap_or_default(),
            feature: facet.feature.clone(),
            provider: facet.provider.clone(),
            model: facet.model.clone(),
            endpoint: facet.endpoint.clone(),
            plan_code: facet.plan_code.clone(),
            status: facet.status.clone().unwrap_or_default(),
            team_id: team.map(TeamId),
            quantity,
            tokens: input.saturating_add(output).saturating_add(reasoning),
            bytes_out,
            cost: event.metric(COST).map(|nano| format_nano(i128::from(nano))),
            latency_ms: event.metric(LATENCY),
        })
    }
}
