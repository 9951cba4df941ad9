//! Refusals of the last days, one entry a day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use steward_core::Result;
use steward_core::event::{EventField, EventFilter};
use steward_core::timeline::{TimelineEntry, TimelineKind};

use super::super::naming::in_words;
use super::super::selection::Selection;
use super::{HIT_DAYS, Writing};
use crate::cache::{Reader, edge, instant};

/// Refusals of one local day.
struct Day {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    count: u64,
    by_feature: BTreeMap<String, u64>,
}

/// From when on refusals are looked for: as far back as there are rows, and no further than some days.
pub(super) fn since(reader: &Reader, as_of: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let since = as_of - TimeDelta::days(HIT_DAYS);
    Ok(edge::read(reader.connection())?.map_or(since, |edge| since.max(instant::to_utc(edge))))
}

pub(super) fn entries(
    writing: &Writing<'_>,
    since: DateTime<Utc>,
    as_of: DateTime<Utc>,
    entries: &mut Vec<TimelineEntry>,
) -> Result<()> {
    let facets = writing.reader.facets()?;
    let selection = Selection::new(
        writing.reader,
        &facets,
        &[
            EventFilter::is(EventField::UserId, Some(&writing.user.to_string())),
            EventFilter::is(EventField::Status, Some("rate_limited")),
        ],
    )?;
    let start = instant::from_utc(since);
    let end = instant::from_utc(as_of).saturating_add(1);
    let mut days: BTreeMap<NaiveDate, Day> = BTreeMap::new();
    selection.quarters(writing.reader, start, end, |quarter| {
        selection.each(writing.reader, quarter, start, end, |_, event| {
            let at = instant::to_utc(event.occurred_at);
            let day = days.entry(at.with_timezone(&writing.zone).date_naive()).or_insert_with(|| Day {
                first: at,
                last: at,
                count: 0,
                by_feature: BTreeMap::new(),
            });
            day.first = day.first.min(at);
            day.last = day.last.max(at);
            day.count += 1;
            let facet = (event.facet as usize).checked_sub(1).and_then(|index| facets.get(index));
            let feature = facet.and_then(|facet| facet.feature.as_deref().or(facet.event_type.as_deref()));
            *day.by_feature.entry(feature.unwrap_or("other").to_owned()).or_default() += 1;
        })?;
        Ok(true)
    })?;
    entries.extend(days.into_iter().map(|(date, day)| {
        let mut features: Vec<(&String, &u64)> = day.by_feature.iter().collect();
        features.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let by_feature: Vec<String> =
            features.iter().map(|(name, count)| format!("{} {count}", in_words(name))).collect();
        let clock = |at: DateTime<Utc>| at.with_timezone(&writing.zone).format("%H:%M").to_string();
        let span = if day.count == 1 {
            String::new()
        } else {
            format!(" · {} to {}", clock(day.first), clock(day.last))
        };
        TimelineEntry {
            at: day.last,
            kind: TimelineKind::LimitHit,
            title: match day.count {
                1 => "1 request refused".to_owned(),
                count => format!("{count} requests refused"),
            },
            detail: format!("{}{span}", by_feature.join(", ")),
            who: None,
            reason: String::new(),
            operation: None,
            key: format!("hit-{date}"),
        }
    }));
    Ok(())
}
