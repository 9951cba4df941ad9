//! `month_list`, and what closing a month writes down.

use chrono_tz::Tz;
use rusqlite::{Row, params};
use steward_core::revenue::close::{ClosedMonth, Figures, MonthLateChange, MonthList, adjustments};
use steward_core::revenue::{History, Month, Profile};
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

/// Every closed month, newest first, beside what history gives for it now.
///
/// # Errors
/// When the file cannot be read.
pub fn list(reader: &Reader) -> Result<MonthList> {
    let freshness = freshness(reader, &DATASETS)?;
    let rows: Vec<(String, Option<String>, Option<String>, Option<i64>)> = reader
        .connection()
        .prepare_cached("select month, figures, closed_by, created_at from month_closes order by month desc")
        .and_then(|mut find| {
            find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
        .map_err(fault::map)?;
    let history = reader.revenue()?;
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
        months.push(one(reader, &history, month, figures, closed_by.unwrap_or_default(), closed_at)?);
    }
    Ok(MonthList { freshness, months })
}

fn one(
    reader: &Reader,
    history: &History,
    month: Month,
    figures: Figures,
    closed_by: String,
    closed_at: i64,
) -> Result<ClosedMonth> {
    let end = month.period(figures.zone).end;
    let now = history.figures(month, figures.zone, &figures.profile, end)?;
    let (late, late_total) = late(reader, closed_at, instant::from_utc(end))?;
    Ok(ClosedMonth {
        month,
        closed_at: instant::to_utc(closed_at),
        closed_by,
        adjustments: adjustments(&figures.currencies, &now.currencies),
        figures,
        late,
        late_total,
    })
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
            "select count(*) from subscription_changes where recorded_at > ?1 and occurred_at <= ?2",
        )
        .and_then(|mut count| count.query_row([since, end], |row| row.get(0)))
        .map_err(fault::map)?;
    let mut rows: Vec<MonthLateChange> = connection
        .prepare_cached(
            "select occurred_at, recorded_at, kind, user_id, team_id, plan_code from subscription_changes
             where recorded_at > ?1 and occurred_at <= ?2 order by recorded_at desc, id limit ?3",
        )
        .and_then(|mut find| find.query_map(params![since, end, LATE], read)?.collect())
        .map_err(fault::map)?;
    for row in &mut rows {
        row.name = name(reader, row.customer, row.is_team)?;
    }
    Ok((rows, total.unsigned_abs()))
}
