//! `limit_check`, `limit_list`: what an account may use, from the copy.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::Value;
use steward_core::id::{TeamId, UserId};
use steward_core::limit::{
    self, Account, AccountFeature, AccountLimits, EffectiveLimit, LimitCheck, LimitCheckReq, LimitLine,
    LimitListReq, PlanFeature, PlanOffer, Raise, Subject, effective, judge, period_key,
};
use steward_core::user::UserRow;
use steward_core::{Dataset, Error, Result};
use uuid::Uuid;

use super::{plan, user};
use crate::cache::{Reader, fault, instant};

/// What the answers are made of.
pub(super) const DATASETS: [Dataset; 7] = [
    Dataset::Plans,
    Dataset::PlanLimits,
    Dataset::PlanFeatures,
    Dataset::Users,
    Dataset::TeamMembers,
    Dataset::QuotaOverrides,
    Dataset::UsageCounters,
];

/// Whether a user may use so much of a metric, as of the copy.
///
/// # Errors
/// `NotFound` when nobody has this id or address, `Invalid` for a metric nobody knows or a quantity nobody
/// means; when the file cannot be read.
pub fn check(reader: &Reader, req: &LimitCheckReq) -> Result<LimitCheck> {
    let freshness = super::freshness(reader, &DATASETS)?;
    let user = user::find(reader, &req.user)?;
    let metric = req.metric.trim();
    if !is_known(reader, metric)? {
        return Err(Error::invalid("metric", format!("There is no metric '{metric}'.")));
    }
    let found = of(reader, &user, freshness.as_of)?;
    let lines =
        found.lines(req.quantity)?.into_iter().filter(|line| line.metric == metric).collect::<Vec<_>>();
    let verdict = judge(&found.account, lines, req.quantity)?;
    Ok(LimitCheck {
        freshness,
        user_id: user.id,
        email: user.email,
        plan_code: found.plan_code,
        is_admin: found.account.is_admin,
        metric: metric.to_owned(),
        quantity: req.quantity,
        is_allowed: verdict.is_allowed,
        reason: verdict.reason,
        limits: verdict.lines,
    })
}

/// Every limit of a user with its use, and the features of his plan.
///
/// # Errors
/// `NotFound` when nobody has this id or address; when the file cannot be read.
pub fn list(reader: &Reader, req: &LimitListReq) -> Result<AccountLimits> {
    let freshness = super::freshness(reader, &DATASETS)?;
    let user = user::find(reader, &req.user)?;
    let found = of(reader, &user, freshness.as_of)?;
    let limits = found.lines(1)?;
    let features = features(reader, &found)?;
    Ok(AccountLimits {
        freshness,
        user_id: user.id,
        email: user.email,
        status: user.status,
        plan_code: found.plan_code,
        is_admin: found.account.is_admin,
        limits,
        features,
    })
}

/// An account with the limits that hold for it and its counters.
pub(super) struct Found<'r> {
    reader: &'r Reader,
    pub(super) account: Account,
    pub(super) plan_code: String,
    limits: Vec<EffectiveLimit>,
    pub(super) at: DateTime<Utc>,
}

impl Found<'_> {
    /// The limits with what is used of them, asked for `quantity` more.
    pub(super) fn lines(&self, quantity: i64) -> Result<Vec<LimitLine>> {
        let UserId(user) = self.account.id;
        let mut counter = self
            .reader
            .connection()
            .prepare_cached(
                "select used from usage_counters where user_id = ?1 and period = ?2 and metric = ?3",
            )
            .map_err(fault::map)?;
        self.limits
            .iter()
            .map(|limit| {
                let used = match period_key(&limit.period, self.at) {
                    Some(period) => Some(
                        counter
                            .query_row(params![user.as_bytes().as_slice(), period, limit.metric], |row| {
                                row.get(0)
                            })
                            .optional()
                            .map_err(fault::map)?
                            .unwrap_or(0),
                    ),
                    None => None,
                };
                Ok(LimitLine::new(limit, used, quantity, self.at))
            })
            .collect()
    }
}

/// The limits that hold for a user at the copy's time.
pub(super) fn of<'r>(reader: &'r Reader, user: &UserRow, at: Option<DateTime<Utc>>) -> Result<Found<'r>> {
    let UserId(id) = user.id;
    let plan_code = match user.plan_code.as_str() {
        "" => default_plan(reader)?.unwrap_or_default(),
        code => code.to_owned(),
    };
    let account = Account {
        id: user.id,
        status: user.status.clone(),
        is_admin: user.role == "admin",
        teams: teams(reader, id)?,
    };
    let at = at.unwrap_or(DateTime::UNIX_EPOCH);
    let limits =
        effective(&account, &plan::limits(reader, &plan_code)?, &raises(reader, &account)?, at, None);
    Ok(Found { reader, account, plan_code, limits, at })
}

/// Whether a plan limits this metric, or it was ever counted.
pub(super) fn is_known(reader: &Reader, metric: &str) -> Result<bool> {
    reader
        .connection()
        .prepare_cached(
            "select exists (select 1 from plan_limits where metric = ?1)
                 or exists (select 1 from usage_counters where metric = ?1)",
        )
        .and_then(|mut find| find.query_row([metric], |row| row.get(0)))
        .map_err(fault::map)
}

/// The plan of a user who chose none: the lowest on offer to everybody, as the server has it.
pub(super) fn default_plan(reader: &Reader) -> Result<Option<String>> {
    reader
        .connection()
        .prepare_cached(
            "select code from plans where archived_at is null and custom_for_team is null
             order by rank, code limit 1",
        )
        .and_then(|mut find| find.query_row([], |row| row.get(0)).optional())
        .map_err(fault::map)
}

/// The teams a user is a member of.
pub(super) fn teams(reader: &Reader, user: Uuid) -> Result<Vec<TeamId>> {
    reader
        .connection()
        .prepare_cached("select team_id from team_members where user_id = ?1 order by team_id")
        .and_then(|mut find| {
            find.query_map([user.as_bytes().as_slice()], |row| uuid(row, 0))?
                .map(|team| team.map(|team| TeamId(team.unwrap_or_default())))
                .collect()
        })
        .map_err(fault::map)
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

/// The raises for a user, his teams and him as their member; those of keys are nobody's.
pub(super) fn raises(reader: &Reader, account: &Account) -> Result<Vec<Raise>> {
    let read = |row: &Row<'_>| {
        let subject = match (uuid(row, 1)?, uuid(row, 2)?, uuid(row, 3)?) {
            (Some(user), Some(team), _) => Subject::Member(TeamId(team), UserId(user)),
            (Some(user), None, _) => Subject::User(UserId(user)),
            (None, Some(team), _) => Subject::Team(TeamId(team)),
            (None, None, key) => Subject::Key(key.unwrap_or_default()),
        };
        Ok(Raise {
            id: uuid(row, 0)?.unwrap_or_default(),
            subject,
            metric: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            period: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            limit: row.get(6)?,
            starts_at: row.get::<_, Option<i64>>(7)?.map(instant::to_utc),
            until: row.get::<_, Option<i64>>(8)?.map_or(DateTime::UNIX_EPOCH, instant::to_utc),
        })
    };
    let UserId(user) = account.id;
    // They are few: what a company raises by hand.
    reader
        .connection()
        .prepare_cached(
            "select id, user_id, team_id, api_key_id, metric, period, limit_value, starts_at, until
             from quota_overrides where user_id = ?1 or (user_id is null and team_id is not null)",
        )
        .and_then(|mut find| find.query_map([user.as_bytes().as_slice()], read)?.collect())
        .map_err(fault::map)
}

/// What any plan knows, as this account has it.
pub(super) fn features(reader: &Reader, found: &Found<'_>) -> Result<Vec<AccountFeature>> {
    let offers: Vec<PlanOffer> = reader
        .connection()
        .prepare_cached("select code, coalesce(rank, 0), archived_at is not null, custom_for_team from plans")
        .and_then(|mut find| {
            find.query_map([], |row| {
                Ok(PlanOffer {
                    code: row.get(0)?,
                    rank: row.get(1)?,
                    is_archived: row.get(2)?,
                    custom_for_team: uuid(row, 3)?.map(TeamId),
                })
            })?
            .collect()
        })
        .map_err(fault::map)?;
    let settings: Vec<PlanFeature> = reader
        .connection()
        .prepare_cached("select plan_code, key, value from plan_features")
        .and_then(|mut find| {
            find.query_map([], |row| {
                let value: Option<String> = row.get(2)?;
                Ok(PlanFeature {
                    plan_code: row.get(0)?,
                    key: row.get(1)?,
                    // The server's jsonb is JSON; should it ever not be, the text itself is still the truth.
                    value: value.map_or(Value::Null, |text| {
                        serde_json::from_str(&text).unwrap_or(Value::String(text))
                    }),
                })
            })?
            .collect()
        })
        .map_err(fault::map)?;
    Ok(limit::features(&found.account, &found.plan_code, &offers, &settings))
}
