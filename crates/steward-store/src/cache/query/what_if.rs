//! `usage_what_if`: who would have been refused in a month under other limits.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rusqlite::{Row, params};
use steward_core::id::UserId;
use steward_core::limit::{Account, effective};
use steward_core::plan::{PlanLimit, PlanRow};
use steward_core::revenue::Month;
use steward_core::user::UserRow;
use steward_core::what_if::{WhatIf, WhatIfAccount, WhatIfLimit, WhatIfReq};
use steward_core::{Error, Result};
use uuid::Uuid;

use super::{limit, offender, people, plan};
use crate::cache::{Reader, fault};

/// Accounts when the request does not say.
const ROWS: u32 = 200;

/// The most accounts of an answer.
const ROWS_MAX: u32 = 100_000;

/// Who would have been refused in a month.
///
/// # Errors
/// `Invalid` for a month that is none, a plan or a metric nobody knows, or a limit that says too little; when
/// the file cannot be read.
pub fn show(reader: &Reader, req: &WhatIfReq) -> Result<WhatIf> {
    let freshness = super::freshness(reader, &limit::DATASETS)?;
    let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
    let month = req.month(as_of)?;
    let period = month.period(Tz::UTC);
    let is_unfinished = as_of < period.end;
    let plans = plan::list(reader)?.rows;
    check(reader, req, &plans)?;
    let default_plan = limit::default_plan(reader)?.unwrap_or_default();
    // Raises as they held last in the month.
    let question = Question {
        reader,
        accounts: accounts_by_plan(reader, &default_plan)?,
        month,
        is_current: month == Month::of(Tz::UTC, as_of),
        at: as_of.min(period.end - TimeDelta::microseconds(1)),
        default_plan,
        raised: offender::raised(reader)?,
    };
    let (mut limits, mut accounts) = (Vec::new(), Vec::new());
    for plan in &plans {
        let mut lines = plan.limits.clone();
        if let (Some(metric), Some(_)) = (&req.metric, req.limit) {
            let is_there = |line: &PlanLimit| line.metric == *metric && line.period == "month";
            if !lines.iter().any(is_there) {
                lines.push(unlimited(metric));
            }
        }
        for line in lines {
            let Some(supposed) = req.suppose(&plan.code, &line) else { continue };
            let (now, then) = (allowed_to_all(&line), allowed_to_all(&supposed));
            // What is unlimited stays so, however that was once written, where no other limit is supposed.
            let Some(limit) = then.filter(|_| now.is_some() || req.limit.is_some()) else { continue };
            if let Some(keys) = question.keys(&line.period) {
                limits.push(question.judge(plan, &line, &supposed, (now, limit), keys, &mut accounts)?);
            }
        }
    }
    accounts.sort_by(|a: &WhatIfAccount, b: &WhatIfAccount| {
        let share = |account: &WhatIfAccount| account.used as f64 / (account.limit as f64).max(1.0);
        share(b)
            .total_cmp(&share(a))
            .then_with(|| b.beyond.cmp(&a.beyond))
            .then_with(|| (&a.email, &a.metric, &a.period).cmp(&(&b.email, &b.metric, &b.period)))
    });
    let row_count = accounts.len() as u64;
    let account_count = accounts.iter().map(|account| account.user_id).collect::<HashSet<_>>().len() as u64;
    accounts.truncate(if req.rows == 0 { ROWS } else { req.rows.min(ROWS_MAX) } as usize);
    Ok(WhatIf {
        freshness,
        month: month.to_string(),
        period,
        is_unfinished,
        supposed: supposed(req, &plans),
        limits,
        account_count,
        accounts,
        row_count,
    })
}

/// Refuses a plan and a metric nobody knows.
fn check(reader: &Reader, req: &WhatIfReq, plans: &[PlanRow]) -> Result<()> {
    if let Some(code) = req.plan.as_deref().filter(|code| !plans.iter().any(|plan| plan.code == *code)) {
        return Err(Error::invalid("plan", format!("There is no plan '{code}'.")));
    }
    match req.metric.as_deref() {
        Some(metric) if !limit::is_known(reader, metric)? => {
            Err(Error::invalid("metric", format!("There is no metric '{metric}'.")))
        }
        _ => Ok(()),
    }
}

fn supposed(req: &WhatIfReq, plans: &[PlanRow]) -> String {
    let name =
        |code: &str| plans.iter().find(|plan| plan.code == code).map_or(code, |plan| &plan.name).to_owned();
    let plan = req.plan.as_deref().map(name);
    match (plan, req.metric.as_deref(), req.limit) {
        (Some(plan), Some(metric), Some(limit)) => {
            format!("{plan} allows {limit} {metric} a month and refuses what goes beyond.")
        }
        (Some(plan), Some(metric), None) => format!("{plan} refuses {metric} beyond its limits."),
        (Some(plan), None, _) => format!("{plan} refuses whatever goes beyond its limits."),
        (None, Some(metric), _) => format!("Every plan refuses {metric} beyond its limits."),
        (None, None, _) => "Every plan refuses whatever goes beyond its limits.".to_owned(),
    }
}

fn unlimited(metric: &str) -> PlanLimit {
    let text = |word: &str| word.to_owned();
    PlanLimit { metric: text(metric), period: text("month"), kind: text("soft"), limit: None }
}

/// What a limit allows somebody without a raise; none is unlimited.
fn allowed_to_all(line: &PlanLimit) -> Option<i64> {
    let nobody =
        Account { id: UserId(Uuid::nil()), status: "active".to_owned(), is_admin: false, teams: Vec::new() };
    let holds = effective(&nobody, std::slice::from_ref(line), &[], DateTime::UNIX_EPOCH, None);
    holds.first().and_then(|holds| holds.limit)
}

/// One month of counters under supposed limits.
struct Question<'r> {
    reader: &'r Reader,
    month: Month,
    is_current: bool,
    at: DateTime<Utc>,
    default_plan: String,
    /// By plan.
    accounts: HashMap<String, u64>,
    /// Whom somebody raised a limit for; the others are judged by the plan alone.
    raised: HashSet<UserId>,
}

/// Active accounts of a plan that used more than this of a metric. Admins of the product pass every limit. A raise
/// only ever raises, so whoever is beyond what is raised is beyond what is supposed; the counters of a period and
/// metric lead.
macro_rules! beyond {
    ($period:literal) => {
        concat!(
            "select u.id, u.email, u.name, u.status, u.role, u.plan_code, u.last_seen_at, u.created_at, max(c.used)
             from usage_counters c
             cross join users u on u.id = c.user_id and coalesce(u.plan_code, ?4) = ?5
             where c.metric = ?1 and ",
            $period,
            " and c.used > ?6
                 and coalesce(u.status, '') = 'active' and coalesce(u.role, '') <> 'admin'
             group by u.id"
        )
    };
}

/// In one period.
const BEYOND: &str = beyond!("c.period = ?2 and ?3 = ?2");

/// On the fullest day of several.
const BEYOND_A_DAY: &str = beyond!("c.period >= ?2 and c.period <= ?3");

/// Active accounts by plan, admins of the product left out.
fn accounts_by_plan(reader: &Reader, default_plan: &str) -> Result<HashMap<String, u64>> {
    reader
        .connection()
        .prepare_cached(
            "select coalesce(nullif(plan_code, ''), ?1), sum(users) from user_kind
             where status = 'active' and role <> 'admin' group by 1",
        )
        .and_then(|mut count| {
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
            count.query_map([default_plan], row)?.collect()
        })
        .map_err(fault::map)
}

impl Question<'_> {
    /// The first and the last counter of a period in the month; none where what was used is kept nowhere: a
    /// minute is a window of the server's, and of a whole life only what is used by now is known.
    fn keys(&self, period: &str) -> Option<(String, String)> {
        let month = self.month.to_string();
        match period {
            "month" => Some((month.clone(), month)),
            "day" => Some((format!("{month}-01"), format!("{month}-31"))),
            "lifetime" if self.is_current => Some((period.to_owned(), period.to_owned())),
            _ => None,
        }
    }

    fn judge(
        &self,
        plan: &PlanRow,
        line: &PlanLimit,
        supposed: &PlanLimit,
        (limit_now, limit): (Option<i64>, i64),
        (first, last): (String, String),
        accounts: &mut Vec<WhatIfAccount>,
    ) -> Result<WhatIfLimit> {
        let mut found = WhatIfLimit {
            plan_code: plan.code.clone(),
            plan: plan.name.clone(),
            metric: line.metric.clone(),
            period: line.period.clone(),
            kind: line.kind.clone(),
            limit_now,
            limit,
            accounts: self.accounts.get(&plan.code).copied().unwrap_or(0),
            over: 0,
            over_now: 0,
            beyond: 0,
        };
        let sql = if first == last { BEYOND } else { BEYOND_A_DAY };
        let mut find = self.reader.connection().prepare_cached(sql).map_err(fault::map)?;
        let read = |row: &Row<'_>| Ok((people::user_row(row)?, row.get::<_, i64>(8)?));
        let rows = find
            .query_map(params![line.metric, first, last, self.default_plan, plan.code, limit], read)
            .map_err(fault::map)?;
        for row in rows {
            let (user, used) = row.map_err(fault::map)?;
            let (allowed, raised_until) = self.allowed(&user, supposed)?;
            let Some(allowed) = allowed.filter(|allowed| used > *allowed) else { continue };
            found.over += 1;
            found.beyond += used - allowed;
            let (now, _) = self.allowed(&user, line)?;
            found.over_now += u64::from(now.is_some_and(|now| used > now));
            accounts.push(WhatIfAccount {
                user_id: user.id,
                email: user.email,
                name: user.name,
                plan_code: plan.code.clone(),
                metric: line.metric.clone(),
                period: line.period.clone(),
                used,
                limit: allowed,
                beyond: used - allowed,
                raised_until,
            });
        }
        Ok(found)
    }

    /// What a limit allows a user, raises included, and when the raise ends that decides.
    fn allowed(&self, user: &UserRow, line: &PlanLimit) -> Result<(Option<i64>, Option<DateTime<Utc>>)> {
        let mut account =
            Account { id: user.id, status: user.status.clone(), is_admin: false, teams: Vec::new() };
        let mut raises = Vec::new();
        if self.raised.contains(&user.id) {
            account.teams = limit::teams(self.reader, user.id.0)?;
            raises = limit::raises(self.reader, &account)?;
        }
        let holds = effective(&account, std::slice::from_ref(line), &raises, self.at, None);
        Ok(holds.first().map_or((None, None), |holds| (holds.limit, holds.raise.map(|(_, until)| until))))
    }
}
