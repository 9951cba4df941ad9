//! `user_list`, `user_show`.

mod list;
mod matching;
mod select;

use chrono::{DateTime, Utc};
use rusqlite::Row;
use steward_core::id::UserId;
use steward_core::user::{UserLimit, UserRow, UserShowReq, UserSubscription, UserView};
use steward_core::{Dataset, Error, ErrorKind, Result};
use uuid::Uuid;

pub use list::list;
pub use select::{Selected, select};

use super::{audit, limit, people};
use crate::cache::rollup::{Cover, Level, count_events};
use crate::cache::{Reader, fault, instant};

/// Audited changes shown with a user.
const CHANGES: usize = 20;

/// Everything about one user, by id or e-mail address.
///
/// # Errors
/// `NotFound` when nobody, `Invalid` when more than one has this address; when the file cannot be read.
pub fn show(reader: &Reader, req: &UserShowReq) -> Result<UserView> {
    let freshness = super::freshness(
        reader,
        &[
            Dataset::Users,
            Dataset::PlanLimits,
            Dataset::QuotaOverrides,
            Dataset::UsageCounters,
            Dataset::Subscriptions,
            Dataset::TeamMembers,
            Dataset::AuditLog,
            Dataset::UsageEvents,
        ],
    )?;
    let user = find(reader, &req.user)?;
    let UserId(uuid) = user.id;
    let as_of = freshness.as_of;
    Ok(UserView {
        teams: teams(reader, uuid)?,
        limits: limits(reader, &user, as_of)?,
        subscriptions: subscriptions(reader, uuid)?,
        events_30d: match as_of {
            Some(as_of) => events_30d(reader, uuid, as_of)?,
            None => 0,
        },
        changes: audit::of_key(reader, &uuid.to_string(), CHANGES)?,
        freshness,
        user,
    })
}

/// A user by id or e-mail address.
///
/// # Errors
/// `NotFound` when nobody, `Invalid` when more than one has this address; when the file cannot be read.
pub fn find(reader: &Reader, text: &str) -> Result<UserRow> {
    let text = text.trim();
    let mut found = match Uuid::parse_str(text) {
        Ok(id) => people::user(reader, id)?.into_iter().collect(),
        Err(_) => people::users_by_email(reader, text)?,
    };
    if found.len() > 1 {
        return Err(Error::invalid("user", "More than one user has this e-mail address; give the id."));
    }
    found.pop().ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "No user has this id or e-mail address.")
            .with_field("user", "Unknown.")
    })
}

fn teams(reader: &Reader, user: Uuid) -> Result<Vec<String>> {
    reader
        .connection()
        .prepare_cached(
            "select teams.name from team_members join teams on teams.id = team_members.team_id
             where team_members.user_id = ?1 order by teams.name, teams.id",
        )
        .and_then(|mut find| find.query_map([user.as_bytes().as_slice()], |row| row.get(0))?.collect())
        .map_err(fault::map)
}

/// What holds for the user now: plan and raises, with what is used.
fn limits(reader: &Reader, user: &UserRow, as_of: Option<DateTime<Utc>>) -> Result<Vec<UserLimit>> {
    let lines = limit::of(reader, user, as_of)?.lines(0)?;
    Ok(lines
        .into_iter()
        .map(|line| UserLimit {
            metric: line.metric,
            period: line.period,
            kind: line.kind,
            limit: line.limit,
            raised_until: line.raised_until,
            // Minutes are counted where requests are admitted and never written down.
            used: line.used.unwrap_or(0),
            resets_at: line.resets_at.filter(|_| line.used.is_some() && as_of.is_some()),
        })
        .collect())
}

fn subscriptions(reader: &Reader, user: Uuid) -> Result<Vec<UserSubscription>> {
    let read = |row: &Row<'_>| {
        let text = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
        Ok(UserSubscription {
            plan_code: text(0)?,
            status: text(1)?,
            billing_interval: text(2)?,
            current_period_end: row.get::<_, Option<i64>>(3)?.map(instant::to_utc),
            is_billed_at_stripe: row.get::<_, Option<String>>(4)?.is_some(),
        })
    };
    reader
        .connection()
        .prepare_cached(
            "select plan_code, status, billing_interval, current_period_end, stripe_subscription_id
             from subscriptions where user_id = ?1 order by created_at desc, id desc",
        )
        .and_then(|mut find| find.query_map([user.as_bytes().as_slice()], read)?.collect())
        .map_err(fault::map)
}

/// Events of the last 30 times 24 hours, to the quarter-hour the as-of lies in.
fn events_30d(reader: &Reader, user: Uuid, as_of: DateTime<Utc>) -> Result<u64> {
    let Some(id) = people::short_id(reader, user)? else { return Ok(0) };
    let width = Level::Quarter.width();
    let end = (Level::Quarter.bucket(instant::from_utc(as_of)) + 1) * width;
    let cover = Cover::of(reader.connection(), end - 30 * Level::Day.width(), end)?;
    count_events(reader.connection(), &cover, Some(id), None)
}
