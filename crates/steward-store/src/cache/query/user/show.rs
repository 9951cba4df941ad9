//! `user_show`: an account on one page.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};
use steward_core::id::{TeamId, UserId};
use steward_core::limit::forecast;
use steward_core::user::{
    UserLimit, UserPlan, UserProfile, UserRaise, UserRow, UserShowReq, UserSubscription, UserTeam, UserView,
};
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::super::{limit, people, timeline};
use super::history;
use crate::cache::rollup::{Cover, Level, count_events};
use crate::cache::{Reader, fault, instant};

/// Audited changes shown with a user.
const CHANGES: usize = 20;

/// Everything about one user, by id or e-mail address.
///
/// # Errors
/// `NotFound` when nobody, `Invalid` when more than one has this address; when the file cannot be read.
pub fn show(reader: &Reader, req: &UserShowReq) -> Result<UserView> {
    let freshness = super::super::freshness(
        reader,
        &[
            Dataset::Users,
            Dataset::Plans,
            Dataset::PlanLimits,
            Dataset::PlanFeatures,
            Dataset::QuotaOverrides,
            Dataset::UsageCounters,
            Dataset::Subscriptions,
            Dataset::SubscriptionChanges,
            Dataset::Teams,
            Dataset::TeamMembers,
            Dataset::AuditLog,
            Dataset::UsageEvents,
        ],
    )?;
    let user = super::find(reader, &req.user)?;
    let UserId(uuid) = user.id;
    let as_of = freshness.as_of;
    let found = limit::of(reader, &user, as_of)?;
    let limits: Vec<UserLimit> = found
        .lines(1)?
        .into_iter()
        .map(|mut line| {
            // Before the first cut nothing says what time it is at the server.
            line.resets_at = line.resets_at.filter(|_| as_of.is_some());
            UserLimit { forecast: forecast(&line, user.created_at, found.at), line }
        })
        .collect();
    let (days, events) = history::days(reader, uuid, req, found.at)?;
    Ok(UserView {
        profile: profile(reader, uuid)?,
        plan: plan(reader, &user, &found.plan_code)?,
        teams: teams(reader, uuid)?,
        features: limit::features(reader, &found)?,
        raises: raises(reader, uuid, found.at)?,
        subscriptions: subscriptions(reader, uuid)?,
        months: history::months(reader, &user, &found.plan_code, &limits, found.at)?,
        days,
        events,
        events_30d: match as_of {
            Some(as_of) => events_30d(reader, uuid, as_of)?,
            None => 0,
        },
        changes: timeline::changes(reader, uuid)?.into_iter().take(CHANGES).collect(),
        limits,
        freshness,
        user,
    })
}

fn profile(reader: &Reader, user: Uuid) -> Result<UserProfile> {
    reader
        .connection()
        .prepare_cached("select country, timezone, stripe_customer_id, trial_end from users where id = ?1")
        .and_then(|mut find| {
            find.query_row([user.as_bytes().as_slice()], |row| {
                Ok(UserProfile {
                    country: row.get(0)?,
                    timezone: row.get(1)?,
                    stripe_customer_id: row.get(2)?,
                    trial_end: instant_of(row, 3)?,
                })
            })
        })
        .map_err(fault::map)
}

fn plan(reader: &Reader, user: &UserRow, code: &str) -> Result<UserPlan> {
    let name: Option<String> = reader
        .connection()
        .prepare_cached("select name from plans where code = ?1")
        .and_then(|mut find| {
            find.query_map([code], |row| row.get(0))?.next().transpose().map(Option::flatten)
        })
        .map_err(fault::map)?;
    Ok(UserPlan {
        code: code.to_owned(),
        name: name.unwrap_or_else(|| code.to_owned()),
        is_default: user.plan_code.is_empty(),
    })
}

fn teams(reader: &Reader, user: Uuid) -> Result<Vec<UserTeam>> {
    reader
        .connection()
        .prepare_cached(
            "select teams.id, teams.name, own.role,
                 (select count(*) from team_members others where others.team_id = teams.id)
             from team_members own join teams on teams.id = own.team_id
             where own.user_id = ?1 order by teams.name, teams.id",
        )
        .and_then(|mut find| {
            find.query_map([user.as_bytes().as_slice()], |row| {
                Ok(UserTeam {
                    id: TeamId(Uuid::from_bytes(row.get(0)?)),
                    name: text(row, 1)?,
                    role: text(row, 2)?,
                    members: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            })?
            .collect()
        })
        .map_err(fault::map)
}

fn raises(reader: &Reader, user: Uuid, at: DateTime<Utc>) -> Result<Vec<UserRaise>> {
    let read = |row: &Row<'_>| {
        let starts_at = instant_of(row, 4)?;
        let until = instant_of(row, 5)?.unwrap_or(DateTime::UNIX_EPOCH);
        Ok(UserRaise {
            id: Uuid::from_bytes(row.get(0)?),
            metric: text(row, 1)?,
            period: text(row, 2)?,
            limit: row.get(3)?,
            starts_at,
            until,
            reason: text(row, 6)?,
            team: row.get(7)?,
            is_running: starts_at.is_none_or(|start| start <= at) && at < until,
        })
    };
    let mut raises: Vec<UserRaise> = reader
        .connection()
        .prepare_cached(
            "select id, metric, period, limit_value, starts_at, until, reason,
                 (select name from teams where teams.id = quota_overrides.team_id)
             from quota_overrides
             where (user_id = ?1 or user_id is null)
               and (team_id is null or team_id in (select team_id from team_members where user_id = ?1))
               and api_key_id is null",
        )
        .and_then(|mut find| find.query_map([user.as_bytes().as_slice()], read)?.collect())
        .map_err(fault::map)?;
    raises.sort_by_key(|raise| (!raise.is_running, std::cmp::Reverse(raise.until), raise.id));
    Ok(raises)
}

fn subscriptions(reader: &Reader, user: Uuid) -> Result<Vec<UserSubscription>> {
    let read = |row: &Row<'_>| {
        let stripe_subscription_id: Option<String> = row.get(14)?;
        Ok(UserSubscription {
            id: Uuid::from_bytes(row.get(0)?),
            team: row.get(1)?,
            plan_code: text(row, 2)?,
            status: text(row, 3)?,
            billing_interval: text(row, 4)?,
            interval_count: row.get::<_, Option<i64>>(5)?.unwrap_or(1),
            quantity: row.get::<_, Option<i64>>(6)?.unwrap_or(1),
            unit_amount_minor: row.get(7)?,
            currency: text(row, 8)?,
            started_at: instant_of(row, 9)?,
            ended_at: instant_of(row, 10)?,
            trial_end: instant_of(row, 11)?,
            current_period_end: instant_of(row, 12)?,
            cancel_at_period_end: row.get::<_, Option<bool>>(13)?.unwrap_or(false),
            is_billed_at_stripe: stripe_subscription_id.is_some(),
            stripe_subscription_id,
        })
    };
    reader
        .connection()
        .prepare_cached(
            "select id, (select name from teams where teams.id = subscriptions.team_id), plan_code, status,
                 billing_interval, interval_count, quantity, unit_amount_minor, currency, started_at, ended_at,
                 trial_end, current_period_end, cancel_at_period_end, stripe_subscription_id
             from subscriptions
             where user_id = ?1 or team_id in (select team_id from team_members where user_id = ?1)
             order by created_at desc, id desc",
        )
        .and_then(|mut find| find.query_map(params![user.as_bytes().as_slice()], read)?.collect())
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

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    row.get::<_, Option<String>>(column).map(Option::unwrap_or_default)
}

fn instant_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<DateTime<Utc>>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(instant::to_utc))
}
