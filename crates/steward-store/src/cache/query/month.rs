//! `month_list`, and what closing a month writes down.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::{Row, params};
use steward_core::revenue::close::{ClosedMonth, Figures, MonthLateChange, MonthList, adjustments};
use steward_core::revenue::kept::{KeptClose, KeptCloses, MonthKept, UnreadableClose};
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

/// The numbers of a month that is over, as closing writes them down, and of when the copy is that gave them.
///
/// # Errors
/// `Invalid` while the month runs; `NotFound` before the first cut; when the file cannot be read.
pub fn figures(
    reader: &Reader,
    month: Month,
    zone: Tz,
    profile: &Profile,
) -> Result<(Figures, DateTime<Utc>)> {
    let freshness = freshness(reader, &DATASETS)?;
    let as_of = freshness.as_of.filter(|_| freshness.is_consistent).ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            "The copy is not complete yet; a month is closed from a complete one.",
        )
    })?;
    Ok((reader.revenue()?.figures(month, zone, profile, as_of)?, as_of))
}

/// Whether the server has a month as closed, as far as the copy knows.
///
/// # Errors
/// When the file cannot be read.
pub fn is_closed(reader: &Reader, month: Month) -> Result<bool> {
    reader
        .connection()
        .prepare_cached("select exists (select 1 from month_closes where month = ?1)")
        .and_then(|mut find| find.query_row([month.to_string()], |row| row.get(0)))
        .map_err(fault::map)
}

/// Month, figures, who and when, as the copy has them.
type InCopy = (String, Option<String>, Option<String>, Option<i64>);

/// Every closed month, newest first, beside what history gives for it now: those of the server, and those that are
/// closed on this computer only.
///
/// # Errors
/// When the file cannot be read.
pub fn list(reader: &Reader, kept: &KeptCloses) -> Result<MonthList> {
    let freshness = freshness(reader, &DATASETS)?;
    let rows: Vec<InCopy> = reader
        .connection()
        .prepare_cached("select month, figures, closed_by, created_at from month_closes order by month desc")
        .and_then(|mut find| {
            find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
        .map_err(fault::map)?;
    let history = reader.revenue()?;
    let mut now = Now { reader, history: &history, books: Books::default() };
    let mut months = Vec::with_capacity(rows.len() + kept.closes.len());
    for (month, figures, closed_by, created_at) in rows {
        let month: Month = month.parse()?;
        let figures: Figures =
            serde_json::from_str(figures.as_deref().unwrap_or_default()).map_err(|cause| {
                Error::new(ErrorKind::Invalid, "A closed month holds figures this Steward cannot read.")
                    .with_detail(month.to_string())
                    .with_source(cause)
            })?;
        let closed_at = created_at.unwrap_or(i64::MIN);
        months.push(now.beside(month, figures, closed_by.unwrap_or_default(), closed_at, closed_at)?);
    }
    let mut unreadable = kept.unreadable.clone();
    for close in &kept.closes {
        match close.figures() {
            Ok(figures) => {
                let here = now.kept(close, figures, &months)?;
                months.push(here);
            }
            Err(cause) => {
                tracing::warn!("a kept month cannot be read: {}", cause.chain());
                unreadable.push(close.month);
            }
        }
    }
    months.sort_by_key(|closed| std::cmp::Reverse((closed.month, closed.kept.is_some())));
    unreadable.sort_unstable_by(|one, other| other.cmp(one));
    Ok(MonthList { freshness, months, unreadable: unreadable.into_iter().map(UnreadableClose::of).collect() })
}

/// What history gives now.
struct Now<'r> {
    reader: &'r Reader,
    history: &'r History,
    books: Books,
}

impl Now<'_> {
    /// A month as it was closed, beside what history gives for it now. Late is what was written down since an instant.
    fn beside(
        &mut self,
        month: Month,
        figures: Figures,
        closed_by: String,
        closed_at: i64,
        since: i64,
    ) -> Result<ClosedMonth> {
        let book = self.books.of(self.history, &figures.profile)?;
        let now = self.history.month_lines(book, month, figures.zone)?;
        let end = instant::from_utc(month.period(figures.zone).end);
        let (late, late_total) = late(self.reader, since, end)?;
        Ok(ClosedMonth {
            month,
            closed_at: instant::to_utc(closed_at),
            closed_by,
            adjustments: adjustments(&figures.currencies, &now),
            figures,
            late,
            late_total,
            kept: None,
        })
    }

    /// A month that is closed on this computer only, beside the server's where it is closed there, too.
    fn kept(&mut self, close: &KeptClose, figures: Figures, server: &[ClosedMonth]) -> Result<ClosedMonth> {
        let on_server = server
            .iter()
            .find(|closed| closed.month == close.month && closed.kept.is_none())
            .map(|closed| adjustments(&figures.currencies, &closed.figures.currencies));
        let (kept_at, as_of) = (instant::from_utc(close.kept_at), instant::from_utc(close.as_of));
        let closed = self.beside(close.month, figures, close.login.clone(), kept_at, as_of)?;
        let (intent, as_of, reason) = (close.intent, close.as_of, close.reason.clone());
        Ok(ClosedMonth { kept: Some(MonthKept { intent, as_of, reason, on_server }), ..closed })
    }
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
