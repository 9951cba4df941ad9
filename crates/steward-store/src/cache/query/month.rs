//! `month_list`, and what closing a month writes down.

use chrono_tz::Tz;
use rusqlite::{Row, params};
use steward_core::revenue::close::{ClosedMonth, Figures, MonthLateChange, MonthList, adjustments};
use steward_core::revenue::{Book, History, Month, Profile};
use steward_core::{Dataset, Error, ErrorKind, Result};
use uuid::Uuid;

use super::freshness;
use super::revenue::name;
use crate::cache::{Reader, fault, instant};

const DATASETS: [Dataset; 4] =
    [Dataset::MonthCloses, Dataset::Plans, Dataset::Subscriptions, Dataset::SubscriptionChanges];

/// Late changes told with a closed month.
const LATE: i64 = 50;

/// The numbers of a month that is over, as closing writes them down.
///
/// # Errors
/// `Invalid` while the month runs; `NotFound` before the first cut; when the file cannot be read.
pub fn figures(reader: &Reader, month: Month, zone: Tz, profile: &Profile) -> Result<Figures> {
    let freshness = freshness(reader, &DATASETS)?;
    let as_of = freshness.as_of.filter(|_| freshness.is_consistent).ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            "The copy is not complete yet; a month is closed from a complete one.",
        )
    })?;
    reader.revenue()?.figures(month, zone, profile, as_of)
}

/// Month, figures, who and when, as the copy has them.
type Kept = (String, Option<String>, Option<String>, Option<i64>);

/// Every closed month, newest first, beside what history gives for it now.
///
/// # Errors
/// When the file cannot be read.
pub fn list(reader: &Reader) -> Result<MonthList> {
    let freshness = freshness(reader, &DATASETS)?;
    let rows: Vec<Kept> = reader
        .connection()
        .prepare_cached("select month, figures, closed_by, created_at from month_closes order by month desc")
        .and_then(|mut find| {
            find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
        .map_err(fault::map)?;
    let history = reader.revenue()?;
    let mut books = Books::default();
    let mut months = Vec::with_capacity(rows.len());
    for (month, figures, closed_by, created_at) in rows {
        let month: Month = month.parse()?;
        let figures: Figures =
            serde_json::from_str(figures.as_deref().unwrap_or_default()).map_err(|cause| {
                Error::new(ErrorKind::Invalid, "A closed month holds figures this Steward cannot read.")
                    .with_detail(month.to_string())
                    .with_source(cause)
            })?;
        let closed_at = created_at.unwrap_or(i64::MIN);
        let now = history.month_lines(books.of(&history, &figures.profile)?, month, figures.zone)?;
        let end = instant::from_utc(month.period(figures.zone).end);
        let (late, late_total) = late(reader, closed_at, end)?;
        months.push(ClosedMonth {
            month,
            closed_at: instant::to_utc(closed_at),
            closed_by: closed_by.unwrap_or_default(),
            adjustments: adjustments(&figures.currencies, &now),
            figures,
            late,
            late_total,
        });
    }
    Ok(MonthList { freshness, months })
}

/// The history valued once for each definition that months were closed by.
#[derive(Default)]
struct Books(Vec<(Profile, Book)>);

impl Books {
    fn of(&mut self, history: &History, profile: &Profile) -> Result<&Book> {
        let place = match self.0.iter().position(|(known, _)| known == profile) {
            Some(place) => place,
            None => {
                self.0.push((profile.clone(), Book::new(&history.subscriptions, profile)?));
                self.0.len() - 1
            }
        };
        Ok(&self.0[place].1)
    }
}

/// What was written down after an instant and took effect before another.
fn late(reader: &Reader, since: i64, end: i64) -> Result<(Vec<MonthLateChange>, u64)> {
    let read = |row: &Row<'_>| {
        let team: Option<[u8; 16]> = row.get(4)?;
        let user: Option<[u8; 16]> = row.get(3)?;
        Ok(MonthLateChange {
            occurred_at: instant::to_utc(row.get::<_, Option<i64>>(0)?.unwrap_or(i64::MIN)),
            recorded_at: instant::to_utc(row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MIN)),
            kind: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            customer: team.or(user).map(Uuid::from_bytes).unwrap_or_default(),
            is_team: team.is_some(),
            name: None,
            plan: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        })
    };
    let connection = reader.connection();
    let total: i64 = connection
        .prepare_cached(
            "select count(*) from subscription_changes where recorded_at > ?1 and occurred_at < ?2",
        )
        .and_then(|mut count| count.query_row([since, end], |row| row.get(0)))
        .map_err(fault::map)?;
    let mut rows: Vec<MonthLateChange> = connection
        .prepare_cached(
            "select occurred_at, recorded_at, kind, user_id, team_id, plan_code from subscription_changes
             where recorded_at > ?1 and occurred_at < ?2 order by recorded_at desc, occurred_at desc, id limit ?3",
        )
        .and_then(|mut find| find.query_map(params![since, end, LATE], read)?.collect())
        .map_err(fault::map)?;
    for row in &mut rows {
        row.name = name(reader, row.customer, row.is_team)?;
    }
    Ok((rows, total.unsigned_abs()))
}
