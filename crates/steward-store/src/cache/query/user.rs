//! `user_list`, `user_show`.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};
use serde::de::DeserializeOwned;
use steward_core::id::UserId;
use steward_core::user::{
    UserLimit, UserList, UserListReq, UserRow, UserShowReq, UserSort, UserSubscription, UserView,
};
use steward_core::{Dataset, Error, ErrorKind, Result};
use uuid::Uuid;

use super::people::{self, user_row};
use super::{audit, limit, wrong_cursor};
use crate::cache::rollup::{Cover, Level, count_events};
use crate::cache::{Reader, fault, instant};

/// Audited changes shown with a user.
const CHANGES: usize = 20;

/// What a list is narrowed by; the same in every order.
macro_rules! narrowed {
    ($page:literal) => {
        concat!(
            "select id, email, name, status, role, plan_code, last_seen_at, created_at from users
             where (?1 is null or plan_code = ?1)
               and (?2 is null or status = ?2)
               and (?3 = '' or instr(fold(email), ?3) > 0 or instr(fold(name), ?3) > 0)
               and (?4 is null or id = ?4) ",
            $page
        )
    };
}

/// A page of users.
///
/// # Errors
/// When the cursor is none of ours or the file cannot be read.
pub fn list(reader: &Reader, req: &UserListReq) -> Result<UserList> {
    let freshness = super::freshness(reader, &[Dataset::Users])?;
    let limit = super::page_rows(req.limit);
    let search = req.search.trim();
    // A whole id names one user and nothing else.
    let id = Uuid::parse_str(search).ok().map(Uuid::into_bytes);
    let search = if id.is_some() { String::new() } else { search.to_lowercase() };
    let id = id.as_ref().map(<[u8; 16]>::as_slice);
    let wanted = limit as i64 + 1;
    let after = req.after.as_deref();
    let connection = reader.connection();
    let found: rusqlite::Result<Vec<UserRow>> = match req.sort {
        UserSort::Email => {
            let (email, last) = after.map(cursor::<String>).transpose()?.unzip();
            connection
                .prepare_cached(narrowed!(
                    "and (?5 is null or (lower(email), id) > (?5, ?6)) order by lower(email), id limit ?7"
                ))
                .and_then(|mut page| {
                    let given =
                        params![req.plan_code, req.status, search, id, email, bytes(last.as_ref()), wanted];
                    page.query_map(given, user_row)?.collect()
                })
        }
        UserSort::CreatedAt => {
            let (at, last) = after.map(cursor::<i64>).transpose()?.unzip();
            connection
                .prepare_cached(narrowed!(
                    "and (?5 is null or (created_at, id) < (?5, ?6)) order by created_at desc, id desc limit ?7"
                ))
                .and_then(|mut page| {
                    let given =
                        params![req.plan_code, req.status, search, id, at, bytes(last.as_ref()), wanted];
                    page.query_map(given, user_row)?.collect()
                })
        }
        UserSort::LastSeenAt => {
            let (at, last) = after.map(cursor::<i64>).transpose()?.unzip();
            connection
                .prepare_cached(narrowed!(
                    "and (?5 is null
                          or (coalesce(last_seen_at, -9223372036854775808), id) < (?5, ?6))
                     order by coalesce(last_seen_at, -9223372036854775808) desc, id desc limit ?7"
                ))
                .and_then(|mut page| {
                    let given =
                        params![req.plan_code, req.status, search, id, at, bytes(last.as_ref()), wanted];
                    page.query_map(given, user_row)?.collect()
                })
        }
    };
    let mut rows = found.map_err(fault::map)?;
    let next = if rows.len() > limit {
        rows.truncate(limit);
        rows.last().map(|user| next_cursor(req.sort, user))
    } else {
        None
    };
    let total: i64 = connection
        .prepare_cached(
            "select count(*) from users
             where (?1 is null or plan_code = ?1)
               and (?2 is null or status = ?2)
               and (?3 = '' or instr(fold(email), ?3) > 0 or instr(fold(name), ?3) > 0)
               and (?4 is null or id = ?4)",
        )
        .and_then(|mut count| {
            count.query_row(params![req.plan_code, req.status, search, id], |row| row.get(0))
        })
        .map_err(fault::map)?;
    Ok(UserList { freshness, rows, total: total.unsigned_abs(), next })
}

fn bytes(id: Option<&Uuid>) -> Option<&[u8]> {
    id.map(|id| id.as_bytes().as_slice())
}

fn cursor<T: DeserializeOwned>(text: &str) -> Result<(T, Uuid)> {
    serde_json::from_str(text).map_err(|_| wrong_cursor())
}

fn next_cursor(sort: UserSort, user: &UserRow) -> String {
    let last_seen = user.last_seen_at.map_or(i64::MIN, instant::from_utc);
    match sort {
        // SQLite's lower() knows ASCII only, and so does this.
        UserSort::Email => serde_json::json!([user.email.to_ascii_lowercase(), user.id]),
        UserSort::CreatedAt => serde_json::json!([instant::from_utc(user.created_at), user.id]),
        UserSort::LastSeenAt => serde_json::json!([last_seen, user.id]),
    }
    .to_string()
}

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
        changes: audit::find(reader, None, Some(&uuid.to_string()), i64::MAX, CHANGES)?,
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
