//! `offender_list`: accounts that limits, failures, refusals or a rise make worth a look.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};
use rustc_hash::FxBuildHasher;
use steward_core::event::{EventField, EventFilter};
use steward_core::id::UserId;
use steward_core::limit::{Account, LimitLine, effective, period_key};
use steward_core::offender::{
    Evidence, NEAR_PERCENT, Offender, OffenderKind, OffenderList, OffenderListReq, OffenderSection,
    is_error_heavy, is_near, is_sudden_rise,
};
use steward_core::period::{Period, Range};
use steward_core::plan::PlanLimit;
use steward_core::user::UserRow;
use steward_core::{Dataset, Result};
use uuid::Uuid;

use super::selection::Selection;
use super::{limit, overview, people};
use crate::cache::facet::Status;
use crate::cache::rollup::add_user_counts;
use crate::cache::{Reader, edge, fault, instant};

/// Rows of a kind when the request does not say.
const ROWS: u32 = 200;

/// The most rows of a kind.
const ROWS_MAX: u32 = 100_000;

/// The accounts to look at, by kind.
///
/// # Errors
/// When the file cannot be read.
pub fn list(reader: &Reader, req: &OffenderListReq) -> Result<OffenderList> {
    let mut datasets = limit::DATASETS.to_vec();
    datasets.push(Dataset::UsageEvents);
    let freshness = super::freshness(reader, &datasets)?;
    let as_of = match freshness.as_of {
        Some(as_of) => as_of,
        None => overview::newest(reader)?.unwrap_or(DateTime::UNIX_EPOCH),
    };
    let range = req.range.resolve(req.zone, as_of, req.compare);
    let most = if req.limit == 0 { ROWS } else { req.limit.min(ROWS_MAX) } as usize;
    let (over, near): (Vec<Limited>, Vec<Limited>) =
        limited(reader, as_of)?.into_iter().partition(|found| found.line.is_over);
    // S44: rows tell nothing of a time that has none.
    let edge = edge::read(reader.connection())?.filter(|edge| overview::span(range.period).0 < *edge);
    let rows_since = edge.map(instant::to_utc);
    let counts = Counts::read(reader, &range, rows_since)?;
    let sections = OffenderKind::ALL.iter().map(|kind| {
        let (total, rows) = match kind {
            OffenderKind::OverLimit => limit_rows(&over, most),
            OffenderKind::NearLimit => limit_rows(&near, most),
            OffenderKind::ErrorHeavy => counts.errors(reader, most)?,
            OffenderKind::SuddenRise => counts.rises(reader, most)?,
            OffenderKind::RateLimited => counts.refusals(reader, most)?,
        };
        Ok(OffenderSection { kind: *kind, label: kind.label().to_owned(), rule: kind.rule(), total, rows })
    });
    Ok(OffenderList {
        sections: sections.collect::<Result<_>>()?,
        range: req.range,
        zone: req.zone,
        period: range.period,
        rows_since,
        freshness,
    })
}

/// A user and a limit of theirs of which most is used.
struct Limited {
    user: UserRow,
    line: LimitLine,
}

fn limit_rows(found: &[Limited], most: usize) -> (u64, Vec<Offender>) {
    let rows = found.iter().take(most).map(|Limited { user, line }| Offender {
        user_id: user.id,
        email: Some(user.email.clone()),
        name: Some(user.name.clone()),
        plan_code: Some(user.plan_code.clone()),
        status: Some(user.status.clone()),
        evidence: Evidence::Limit(line.clone()),
    });
    (found.len() as u64, rows.collect())
}

/// Everybody at or near a limit, the fullest first.
///
/// A raise only ever raises, so whoever has used most of what holds has used most of what the plan says; of
/// those, the few with a raise are judged one by one.
fn limited(reader: &Reader, as_of: DateTime<Utc>) -> Result<Vec<Limited>> {
    let default_plan = limit::default_plan(reader)?.unwrap_or_default();
    let raised = raised(reader)?;
    let mut found = Vec::new();
    // The counters of a period and metric lie side by side; the limits, few, lead.
    let mut find = reader
        .connection()
        .prepare_cached(
            "select u.id, u.email, u.name, u.status, u.role, u.plan_code, u.last_seen_at, u.created_at,
                 l.metric, l.kind, l.limit_value, c.used
             from plan_limits l
             cross join usage_counters c on c.period = ?1 and c.metric = l.metric and c.used > 0
                 and c.used >= (l.limit_value / 100) * ?4 + (l.limit_value % 100) * ?4 / 100
             cross join users u on u.id = c.user_id and coalesce(u.plan_code, ?3) = l.plan_code
             where l.period = ?2 and l.limit_value is not null
                 and coalesce(u.status, '') = 'active' and coalesce(u.role, '') <> 'admin'",
        )
        .map_err(fault::map)?;
    for period in ["day", "month", "lifetime"] {
        let Some(key) = period_key(period, as_of) else { continue };
        let read = |row: &Row<'_>| {
            let limit = PlanLimit {
                metric: row.get(8)?,
                period: period.to_owned(),
                kind: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
                limit: row.get(10)?,
            };
            Ok((people::user_row(row)?, limit, row.get::<_, i64>(11)?))
        };
        let rows = find.query_map(params![key, period, default_plan, NEAR_PERCENT], read);
        for row in rows.map_err(fault::map)? {
            let (user, plan, used) = row.map_err(fault::map)?;
            let line = if raised.contains(&user.id) {
                let lines = limit::of(reader, &user, Some(as_of))?.lines(1)?;
                lines.into_iter().find(|line| line.metric == plan.metric && line.period == plan.period)
            } else {
                let account =
                    Account { id: user.id, status: user.status.clone(), is_admin: false, teams: Vec::new() };
                let limit = effective(&account, std::slice::from_ref(&plan), &[], as_of, None);
                limit.first().map(|limit| LimitLine::new(limit, Some(used), 1, as_of))
            };
            if let Some(line) = line.filter(|line| line.is_over || is_near(line)) {
                found.push(Limited { user, line });
            }
        }
    }
    found.sort_by(|a, b| {
        let share = |found: &Limited| {
            let used = found.line.used.unwrap_or(0) as f64;
            found.line.limit.map_or(0.0, |limit| used / (limit as f64).max(1.0))
        };
        // Who is refused comes before who is only warned.
        let is_soft = |found: &Limited| found.line.kind != "hard";
        is_soft(a)
            .cmp(&is_soft(b))
            .then_with(|| share(b).total_cmp(&share(a)))
            .then_with(|| (&a.user.email, &a.line.metric).cmp(&(&b.user.email, &b.line.metric)))
    });
    Ok(found)
}

/// The users somebody raised a limit for, themselves or through a team.
pub(super) fn raised(reader: &Reader) -> Result<HashSet<UserId>> {
    let read = |row: &Row<'_>| Ok(row.get::<_, Option<[u8; 16]>>(0)?.map(|id| UserId(Uuid::from_bytes(id))));
    let users: Vec<Option<UserId>> = reader
        .connection()
        .prepare_cached(
            "select user_id from quota_overrides where user_id is not null
             union select m.user_id from quota_overrides o join team_members m on m.team_id = o.team_id
                 where o.user_id is null",
        )
        .and_then(|mut find| find.query_map([], read)?.collect())
        .map_err(fault::map)?;
    Ok(users.into_iter().flatten().collect())
}

/// What became of a user's events.
#[derive(Default, Clone, Copy)]
struct Failed {
    errors: u64,
    hits: u64,
}

/// Events by user, short ids.
struct Counts {
    /// Over what of the range there are rows of; the index is the user.
    events: Vec<i64>,
    failed: HashMap<u32, Failed, FxBuildHasher>,
    /// Over the finished days, and over those they are compared with.
    rise: Option<(Vec<i64>, Vec<i64>)>,
}

impl Counts {
    fn read(reader: &Reader, range: &Range, rows_since: Option<DateTime<Utc>>) -> Result<Self> {
        let Period { start, end } = range.period;
        let counted = Period { start: rows_since.unwrap_or(start).min(end), end };
        let of = |period: Period| {
            let mut users = Vec::new();
            add_user_counts(reader.connection(), &overview::cover(reader.connection(), period)?, &mut users)?;
            Ok::<_, steward_core::Error>(users)
        };
        let rise = match (range.finished(), range.previous_finished()) {
            (Some(finished), Some(before)) => Some((of(finished)?, of(before)?)),
            (Some(_), None) | (None, _) => None,
        };
        let facets = reader.facets()?;
        let status = |name| EventFilter::is(EventField::Status, Some(name));
        let selection = Selection::new(reader, &facets, &[status("error"), status("rate_limited")])?;
        let mut failed: HashMap<u32, Failed, FxBuildHasher> = HashMap::default();
        let (start, end) = overview::span(counted);
        selection.quarters(reader, start, end, |quarter| {
            selection.each(reader, quarter, start, end, |_, event| {
                let own = failed.entry(event.user).or_default();
                let facet = (event.facet as usize).checked_sub(1).and_then(|place| facets.get(place));
                match facet.map(crate::cache::facet::Facet::outcome) {
                    Some(Status::Error) => own.errors += 1,
                    Some(Status::RateLimited) => own.hits += 1,
                    Some(Status::Success | Status::Other) | None => {}
                }
            })?;
            Ok(true)
        })?;
        Ok(Self { events: of(counted)?, failed, rise })
    }

    fn events_of(&self, user: u32) -> u64 {
        u64::try_from(self.events.get(user as usize).copied().unwrap_or(0)).unwrap_or(0)
    }

    fn errors(&self, reader: &Reader, most: usize) -> Result<(u64, Vec<Offender>)> {
        let heavy = self.failed.iter().filter_map(|(user, failed)| {
            let events = self.events_of(*user);
            is_error_heavy(events, failed.errors).then_some((failed.errors, *user, events))
        });
        worst(reader, heavy, most, |errors, events| Evidence::Errors { events, errors })
    }

    fn refusals(&self, reader: &Reader, most: usize) -> Result<(u64, Vec<Offender>)> {
        let refused = self.failed.iter().filter(|(_, failed)| failed.hits > 0);
        let refused = refused.map(|(user, failed)| (failed.hits, *user, self.events_of(*user)));
        worst(reader, refused, most, |hits, events| Evidence::Refusals { events, hits })
    }

    fn rises(&self, reader: &Reader, most: usize) -> Result<(u64, Vec<Offender>)> {
        let Some((current, before)) = &self.rise else { return Ok((0, Vec::new())) };
        let count =
            |counts: &[i64], user: usize| u64::try_from(counts.get(user).copied().unwrap_or(0)).unwrap_or(0);
        let risen = (0_u32..).zip(current).filter_map(|(user, _)| {
            let (now, was) = (count(current, user as usize), count(before, user as usize));
            is_sudden_rise(now, was).then(|| (now - was, user, was))
        });
        worst(reader, risen, most, |more, previous| Evidence::Rise { current: previous + more, previous })
    }
}

/// The users with the highest first number, and how many there are in all.
fn worst(
    reader: &Reader,
    found: impl Iterator<Item = (u64, u32, u64)>,
    most: usize,
    evidence: impl Fn(u64, u64) -> Evidence,
) -> Result<(u64, Vec<Offender>)> {
    let mut found: Vec<(u64, u32, u64)> = found.collect();
    found.sort_unstable_by_key(|(amount, user, _)| (Reverse(*amount), *user));
    let total = found.len() as u64;
    let rows = found.into_iter().take(most).map(|(amount, short, other)| {
        let uuid = people::uuid(reader, short)?;
        let user = people::user(reader, uuid)?;
        let told = |of: fn(UserRow) -> String| user.clone().map(of);
        Ok(Offender {
            user_id: UserId(uuid),
            email: told(|user| user.email),
            name: told(|user| user.name),
            plan_code: told(|user| user.plan_code),
            status: told(|user| user.status),
            evidence: evidence(amount, other),
        })
    });
    Ok((total, rows.collect::<Result<_>>()?))
}
