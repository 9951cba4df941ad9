//! Which events a question is about.
//!
//! There is no index by user or by feature over millions of events. The rollups already know in which days,
//! and within a day in which quarter-hours, a user or a facet occurs; only those are looked at.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;
use steward_core::event::{EventField, EventFilter, HourOfWeek};
use steward_core::{Error, Result};
use uuid::Uuid;

use super::people;
use crate::cache::event::{self, Event};
use crate::cache::facet::Facet;
use crate::cache::rollup::{Cover, FacetSet, Level, Run, buckets_with, count_events, extent};
use crate::cache::{Reader, edge, instant};

/// Days whose rollups are looked at together.
const DAYS_AT_ONCE: i64 = 32;

/// Short ids of users or teams; 0 is "none".
#[derive(Debug, Default)]
struct Whose {
    /// One of these; none is anybody's.
    included: Option<HashSet<u32, FxBuildHasher>>,
    excluded: HashSet<u32, FxBuildHasher>,
}

impl Whose {
    fn new(reader: &Reader, filters: &[EventFilter], field: EventField) -> Result<Self> {
        let mut whose = Self::default();
        for filter in filters.iter().filter(|filter| filter.field == field) {
            let id = match &filter.value {
                None => Some(0),
                Some(text) => {
                    let uuid = Uuid::parse_str(text).map_err(|_| {
                        Error::invalid("filters", "A user or a team to filter by is named by its id.")
                    })?;
                    people::short_id(reader, uuid)?
                }
            };
            if filter.is_excluded() {
                whose.excluded.extend(id);
            } else {
                whose.included.get_or_insert_default().extend(id);
            }
        }
        Ok(whose)
    }

    fn holds(&self, id: u32) -> bool {
        self.included.as_ref().is_none_or(|ids| ids.contains(&id)) && !self.excluded.contains(&id)
    }

    fn is_anybody(&self) -> bool {
        self.included.is_none() && self.excluded.is_empty()
    }

    /// The only one, where there is one.
    fn only(&self) -> Option<u32> {
        let included = self.included.as_ref().filter(|ids| ids.len() == 1)?;
        included.iter().next().copied()
    }
}

/// What the filters mean in short ids.
#[derive(Debug)]
pub(super) struct Selection {
    users: Whose,
    teams: Whose,
    facets: Option<FacetSet>,
    hour: Option<HourOfWeek>,
}

impl Selection {
    pub(super) fn new(reader: &Reader, facets: &[Facet], filters: &[EventFilter]) -> Result<Self> {
        let is_of_facet =
            |filter: &&EventFilter| !matches!(filter.field, EventField::UserId | EventField::TeamId);
        let of_facet: Vec<&EventFilter> = filters.iter().filter(is_of_facet).collect();
        let matching =
            || (1..).zip(facets).filter(|(_, facet)| matches(facet, &of_facet)).map(|(id, _)| (id, ()));
        Ok(Self {
            users: Whose::new(reader, filters, EventField::UserId)?,
            teams: Whose::new(reader, filters, EventField::TeamId)?,
            facets: (!of_facet.is_empty()).then(|| matching().collect()),
            hour: None,
        })
    }

    /// Only an hour of the week.
    ///
    /// # Errors
    /// `Invalid` for a weekday or an hour that no week has.
    pub(super) fn in_hour(self, hour: Option<HourOfWeek>) -> Result<Self> {
        if hour.is_some_and(|hour| !(1..=7).contains(&hour.weekday) || hour.hour > 23) {
            return Err(Error::invalid("hour", "A weekday is 1 (Monday) to 7, an hour 0 to 23."));
        }
        Ok(Self { hour, ..self })
    }

    /// Whether nothing is left out.
    pub(super) fn is_everything(&self) -> bool {
        self.facets.is_none() && self.is_by_facet()
    }

    /// Whether the sums by facet tell it.
    pub(super) fn is_by_facet(&self) -> bool {
        self.users.is_anybody() && self.teams.is_anybody() && self.hour.is_none()
    }

    /// Whether events of this facet are among it.
    pub(super) fn has_facet(&self, id: u32) -> bool {
        self.facets.as_ref().is_none_or(|facets| facets.contains_key(&id))
    }

    pub(super) fn facets(&self) -> Option<&FacetSet> {
        self.facets.as_ref()
    }

    /// Whether no event can be among it: nobody here has the id, or no event ever had the value.
    fn is_nothing(&self) -> bool {
        let is_empty = |whose: &Whose| whose.included.as_ref().is_some_and(HashSet::is_empty);
        is_empty(&self.users) || is_empty(&self.teams) || self.facets.as_ref().is_some_and(HashMap::is_empty)
    }

    fn holds(&self, event: &Event) -> bool {
        self.users.holds(event.user) && self.teams.holds(event.team) && self.has_facet(event.facet)
    }

    /// How many events of a span match. From the sums alone, except at edges inside a quarter-hour and for
    /// what no sum knows: a user's events of certain facets, a team's events.
    pub(super) fn count(&self, reader: &Reader, start: i64, end: i64) -> Result<u64> {
        let width = Level::Quarter.width();
        let inner_start = -(-start).div_euclid(width) * width;
        let inner_end = end.div_euclid(width) * width;
        if let Some(inner) = self.count_sums(reader, inner_start, inner_end)? {
            let edges = if inner_start < inner_end {
                self.count_rows(reader, start, inner_start)? + self.count_rows(reader, inner_end, end)?
            } else {
                self.count_rows(reader, start, end)?
            };
            return Ok(inner + edges);
        }
        self.count_rows(reader, start, end)
    }

    /// How many events of the whole quarter-hours of a span match, from the sums; none where no sum knows.
    pub(super) fn count_sums(&self, reader: &Reader, start: i64, end: i64) -> Result<Option<u64>> {
        if start >= end || self.is_nothing() {
            return Ok(Some(0));
        }
        let width = Level::Quarter.width();
        let (start, end) = (-(-start).div_euclid(width) * width, end.div_euclid(width) * width);
        let user = self.users.only();
        let is_summed = self.is_by_facet()
            || (user.is_some()
                && self.users.excluded.is_empty()
                && self.teams.is_anybody()
                && self.facets.is_none()
                && self.hour.is_none());
        if !is_summed {
            return Ok(None);
        }
        let cover = Cover::of(reader.connection(), start, end)?;
        count_events(reader.connection(), &cover, user, self.facets()).map(Some)
    }

    fn count_rows(&self, reader: &Reader, start: i64, end: i64) -> Result<u64> {
        let mut count = 0;
        self.quarters(reader, start, end, |quarter| {
            self.each(reader, quarter, start, end, |_, _| count += 1)?;
            Ok(true)
        })?;
        Ok(count)
    }

    /// Shows the quarter-hours that may hold a match, newest first, until `show` says no. The span begins at the
    /// edge or later (S44): where there are sums alone, no row would look like no event.
    pub(super) fn quarters(
        &self,
        reader: &Reader,
        start: i64,
        end: i64,
        mut show: impl FnMut(i64) -> Result<bool>,
    ) -> Result<()> {
        if start >= end || self.is_nothing() {
            return Ok(());
        }
        let connection = reader.connection();
        if edge::read(connection)?.is_some_and(|edge| start < edge) {
            return Err(Error::internal("Rows were looked for where only sums are kept."));
        }
        let look = |level: Level, first: i64, end: i64| {
            let run = Run { level, first, end, factor: 1 };
            buckets_with(connection, run, self.users.only(), self.facets())
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
                    if self.is_in_hour(quarter) && !show(quarter)? {
                        return Ok(());
                    }
                }
            }
            until = from;
        }
        Ok(())
    }

    /// Whether a quarter-hour lies in the hour of the week; every zone's hours are whole quarter-hours.
    fn is_in_hour(&self, quarter: i64) -> bool {
        self.hour.is_none_or(|hour| {
            let start = quarter.saturating_mul(Level::Quarter.width());
            HourOfWeek::of(hour.zone, instant::to_utc(start)) == hour
        })
    }

    /// Shows the matching events of a quarter-hour that lie in a span.
    pub(super) fn each(
        &self,
        reader: &Reader,
        quarter: i64,
        start: i64,
        end: i64,
        mut show: impl FnMut(i64, &Event),
    ) -> Result<()> {
        let first = quarter.saturating_mul(Level::Quarter.width());
        let (start, end) = (start.max(first), end.min(first.saturating_add(Level::Quarter.width())));
        let (first_id, end_id) = event::id_span(start, end);
        event::each(reader.connection(), first_id, end_id, |id, event| {
            if start <= event.occurred_at && event.occurred_at < end && self.holds(&event) {
                show(id, &event);
            }
            Ok(true)
        })
    }
}

/// Whether the filters on columns of a facet hold.
pub(super) fn matches(facet: &Facet, filters: &[&EventFilter]) -> bool {
    filters.iter().all(|filter| {
        let has_value = |filter: &EventFilter| facet.value(filter.field) == filter.value.as_deref();
        if filter.is_excluded() {
            return !has_value(filter);
        }
        let same = filters.iter().filter(|other| !other.is_excluded() && other.field == filter.field);
        same.into_iter().any(|other| has_value(other))
    })
}
