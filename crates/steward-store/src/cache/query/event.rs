//! `event_list`: the rows behind a number.
//!
//! There is no index by user or by feature over millions of events. The rollups already know in which days,
//! and within a day in which quarter-hours, a user or a facet occurs; only those are looked at.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use steward_core::event::{EventField, EventFilter, EventList, EventListReq, EventRow};
use steward_core::id::{TeamId, UserId};
use steward_core::{Dataset, Error, Result};
use uuid::Uuid;

use super::{people, wrong_cursor};
use crate::cache::decode::format_nano;
use crate::cache::event::{self, COST, Event, LATENCY};
use crate::cache::facet::Facet;
use crate::cache::rollup::{Cover, FacetSet, Level, Run, buckets_with, count_events, extent};
use crate::cache::{Reader, fault, instant};

/// Days whose rollups are looked at together.
const DAYS_AT_ONCE: i64 = 32;

/// What the filters mean in short ids.
struct Filter {
    start: i64,
    end: i64,
    user: Option<u32>,
    facets: Option<FacetSet>,
}

impl Filter {
    /// None when nothing can match.
    fn new(reader: &Reader, facets: &[Facet], req: &EventListReq) -> Result<Option<Self>> {
        let mut filter = Self {
            start: instant::from_utc(req.period.start),
            end: instant::from_utc(req.period.end),
            user: None,
            facets: None,
        };
        let (users, of_facet): (Vec<_>, Vec<_>) =
            req.filters.iter().partition(|filter| filter.field == EventField::UserId);
        for EventFilter { value, .. } in users {
            // An event without a user does not exist.
            let Some(text) = value else { return Ok(None) };
            let uuid = Uuid::parse_str(text)
                .map_err(|_| Error::invalid("filters", "The user to filter by is no id."))?;
            let Some(id) = people::short_id(reader, uuid)? else { return Ok(None) };
            if filter.user.replace(id).is_some_and(|other| other != id) {
                return Ok(None);
            }
        }
        if !of_facet.is_empty() {
            let matching: FacetSet = (1..)
                .zip(facets)
                .filter(|(_, facet)| {
                    of_facet.iter().all(|filter| facet.value(filter.field) == Some(&filter.value))
                })
                .map(|(id, _)| (id, ()))
                .collect();
            if matching.is_empty() {
                return Ok(None);
            }
            filter.facets = Some(matching);
        }
        Ok((filter.start < filter.end).then_some(filter))
    }

    fn holds(&self, event: &Event) -> bool {
        self.start <= event.occurred_at
            && event.occurred_at < self.end
            && self.user.is_none_or(|user| event.user == user)
            && self.facets.as_ref().is_none_or(|facets| facets.contains_key(&event.facet))
    }

    /// How many match. From the sums alone, except at edges inside a quarter-hour and for a user's
    /// events of certain facets, which no sum knows.
    fn total(&self, reader: &Reader) -> Result<u64> {
        let width = Level::Quarter.width();
        let inner_start = -(-self.start).div_euclid(width) * width;
        let inner_end = self.end.div_euclid(width) * width;
        if inner_start >= inner_end || (self.user.is_some() && self.facets.is_some()) {
            return self.count_rows(reader, self.start, self.end);
        }
        let inner = count_events(
            reader.connection(),
            &Cover::of(reader.connection(), inner_start, inner_end)?,
            self.user,
            self.facets.as_ref(),
        )?;
        Ok(inner
            + self.count_rows(reader, self.start, inner_start)?
            + self.count_rows(reader, inner_end, self.end)?)
    }

    fn count_rows(&self, reader: &Reader, start: i64, end: i64) -> Result<u64> {
        let mut count = 0;
        self.quarters(reader, start, end, |quarter| {
            let rows = self.rows(reader, quarter)?;
            count += rows
                .iter()
                .filter(|(_, event)| start <= event.occurred_at && event.occurred_at < end)
                .count() as u64;
            Ok(true)
        })?;
        Ok(count)
    }

    /// Shows the quarter-hours that may hold a match, newest first, until `show` says no.
    fn quarters(
        &self,
        reader: &Reader,
        start: i64,
        end: i64,
        mut show: impl FnMut(i64) -> Result<bool>,
    ) -> Result<()> {
        if start >= end {
            return Ok(());
        }
        let connection = reader.connection();
        let look = |level: Level, first: i64, end: i64| {
            let run = Run { level, first, end, factor: 1 };
            buckets_with(connection, run, self.user, self.facets.as_ref())
        };
        let per_day = Level::Day.width() / Level::Quarter.width();
        let (first, last) = (Level::Quarter.bucket(start), Level::Quarter.bucket(end - 1));
        // A span of decades has few days with events; the search begins where there is something.
        let first_day = first.div_euclid(per_day);
        let Some((oldest, newest)) = extent(connection, Level::Day)? else {
            return Ok(());
        };
        let mut until = (newest + 1).min(last.div_euclid(per_day) + 1);
        let first_day = first_day.max(oldest);
        while first_day < until {
            let from = first_day.max(until - DAYS_AT_ONCE);
            for (day, _) in look(Level::Day, from, until)? {
                let within = (day * per_day).max(first)..((day + 1) * per_day).min(last + 1);
                for (quarter, _) in look(Level::Quarter, within.start, within.end)? {
                    if !show(quarter)? {
                        return Ok(());
                    }
                }
            }
            until = from;
        }
        Ok(())
    }

    /// The matching events of a quarter-hour, newest first, equal times by id.
    fn rows(&self, reader: &Reader, quarter: i64) -> Result<Vec<(i64, Event)>> {
        let start = quarter.saturating_mul(Level::Quarter.width());
        let end = start.saturating_add(Level::Quarter.width());
        let (first_id, end_id) = event::id_span(start.max(self.start), end.min(self.end));
        let mut rows = Vec::new();
        event::each(reader.connection(), first_id, end_id, |id, event| {
            if self.holds(&event) && start <= event.occurred_at && event.occurred_at < end {
                rows.push((id, event));
            }
            Ok(true)
        })?;
        rows.sort_unstable_by_key(|(id, event)| (std::cmp::Reverse(event.occurred_at), *id));
        Ok(rows)
    }
}

/// A page of events, newest first.
///
/// # Errors
/// When a filter or the cursor cannot be understood or the file cannot be read.
pub fn list(reader: &Reader, req: &EventListReq) -> Result<EventList> {
    let freshness = super::freshness(reader, &[Dataset::UsageEvents])?;
    let after = req.after.as_deref().map(parse_cursor).transpose()?;
    let limit = super::page_rows(req.limit);
    let facets = reader.facets()?;
    let Some(filter) = Filter::new(reader, &facets, req)? else {
        return Ok(EventList { freshness, rows: Vec::new(), total: 0, next: None });
    };
    let mut found: Vec<(i64, Event)> = Vec::new();
    let end = after.map_or(filter.end, |(at, _)| filter.end.min(at.saturating_add(1)));
    filter.quarters(reader, filter.start, end, |quarter| {
        let rows = filter.rows(reader, quarter)?.into_iter().filter(|(id, event)| {
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
    Ok(EventList { freshness, rows, total: filter.total(reader)?, next })
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
