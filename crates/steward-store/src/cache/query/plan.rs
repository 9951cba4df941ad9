//! `plan_list`, `plan_effect`.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};
use serde_json::Value;
use steward_core::limit::period_key;
use steward_core::plan::{
    PlanEffect, PlanEffectReq, PlanLimit, PlanLimitEdit, PlanLimitEffect, PlanList, PlanRow, PlanUnlock,
};
use steward_core::revenue::Profile;
use steward_core::revenue::history::ListPrice;
use steward_core::revenue::month::minor;
use steward_core::{Dataset, Error, ErrorKind, Result};

use crate::cache::{Reader, fault, instant};

/// All plans by rank.
///
/// # Errors
/// When the file cannot be read.
pub fn list(reader: &Reader) -> Result<PlanList> {
    let freshness = super::freshness(
        reader,
        &[Dataset::Plans, Dataset::PlanLimits, Dataset::PlanFeatures, Dataset::Users],
    )?;
    let mut rows: Vec<PlanRow> = reader
        .connection()
        .prepare_cached(
            "select code, name, rank, price_month_minor, price_year_minor, currency, seats, archived_at,
                 credits_per_month, projects, integrations, requests_per_minute,
                 (select coalesce(sum(users), 0) from user_kind k where k.plan_code = plans.code and k.status <> 'erased')
             from plans order by rank, code",
        )
        .and_then(|mut statement| statement.query_map([], plan_row)?.collect())
        .map_err(fault::map)?;
    for plan in &mut rows {
        plan.limits = limits(reader, &plan.code)?;
        plan.features = features(reader, &plan.code)?;
    }
    Ok(PlanList { freshness, rows })
}

/// What an edit of a plan would do, before anybody does it.
///
/// # Errors
/// `NotFound` for a plan that is not there; `Invalid` for a price below 0; when the file cannot be read.
pub fn effect(reader: &Reader, req: &PlanEffectReq) -> Result<PlanEffect> {
    let freshness = super::freshness(
        reader,
        &[
            Dataset::Plans,
            Dataset::PlanLimits,
            Dataset::Users,
            Dataset::UsageCounters,
            Dataset::Subscriptions,
            Dataset::SubscriptionChanges,
        ],
    )?;
    let plans = list(reader)?;
    let plan = plans.rows.into_iter().find(|row| row.code == req.plan).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "There is no such plan.").with_field("plan", "Unknown.")
    })?;
    if [req.price_month_minor, req.price_year_minor].iter().flatten().any(|price| *price < 0) {
        return Err(Error::invalid("price", "A price is not below 0."));
    }
    let as_of = freshness.as_of.unwrap_or(DateTime::UNIX_EPOCH);
    let price = ListPrice {
        plan: &plan.code,
        currency: &plan.currency,
        month: req.price_month_minor,
        year: req.price_year_minor,
    };
    let repriced = reader.revenue()?.repriced(&price, as_of, &Profile::default())?;
    let limits = req
        .limits
        .iter()
        .map(|edit| {
            let now = plan.limits.iter().find(|own| own.metric == edit.metric && own.period == edit.period);
            let limit = now.and_then(|now| now.limit);
            Ok(PlanLimitEffect {
                metric: edit.metric.clone(),
                period: edit.period.clone(),
                limit,
                limit_after: edit.limit,
                over: over(reader, &plan.code, edit, limit, as_of)?,
                over_after: over(reader, &plan.code, edit, edit.limit, as_of)?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(PlanEffect {
        freshness,
        customers: repriced.customers.len() as u64,
        untouched_customers: repriced.untouched,
        mrr_minor: minor(repriced.before)?,
        mrr_after_minor: minor(repriced.after)?,
        currency: plan.currency,
        plan: plan.code,
        limits,
    })
}

/// Users of a plan whose counter of the running period is beyond a limit; raised limits are not looked at.
fn over(
    reader: &Reader,
    plan: &str,
    edit: &PlanLimitEdit,
    limit: Option<i64>,
    as_of: DateTime<Utc>,
) -> Result<u64> {
    // Nobody counts by the minute.
    let (Some(limit), Some(period)) = (limit, period_key(&edit.period, as_of)) else { return Ok(0) };
    reader
        .connection()
        .prepare_cached(
            "select count(*) from usage_counters join users on users.id = usage_counters.user_id
             where period = ?1 and metric = ?2 and used > ?3 and users.plan_code = ?4
               and users.status <> 'erased' and coalesce(users.role, '') <> 'admin'",
        )
        .and_then(|mut count| {
            count.query_row(params![period, edit.metric, limit, plan], |row| row.get::<_, i64>(0))
        })
        .map(i64::unsigned_abs)
        .map_err(fault::map)
}

fn plan_row(row: &Row<'_>) -> rusqlite::Result<PlanRow> {
    let text = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    Ok(PlanRow {
        code: text(0)?,
        name: text(1)?,
        rank: row.get::<_, Option<i64>>(2)?.unwrap_or_default(),
        price_month_minor: row.get(3)?,
        price_year_minor: row.get(4)?,
        currency: text(5)?,
        seats: row.get(6)?,
        credits_per_month: row.get(8)?,
        projects: row.get(9)?,
        integrations: row.get(10)?,
        requests_per_minute: row.get(11)?,
        user_count: row.get::<_, i64>(12)?.unsigned_abs(),
        archived_at: row.get::<_, Option<i64>>(7)?.map(instant::to_utc),
        limits: Vec::new(),
        features: Vec::new(),
    })
}

/// What a plan unlocks, by key.
fn features(reader: &Reader, plan_code: &str) -> Result<Vec<PlanUnlock>> {
    let read = |row: &Row<'_>| {
        let text: Option<String> = row.get(1)?;
        let value = text.and_then(|text| serde_json::from_str::<Value>(&text).ok()).unwrap_or(Value::Null);
        Ok(PlanUnlock {
            key: row.get(0)?,
            is_unlocked: value != Value::Bool(false),
            settings: Some(value).filter(|value| !value.is_boolean() && !value.is_null()),
        })
    };
    reader
        .connection()
        .prepare_cached("select key, value from plan_features where plan_code = ?1 order by key")
        .and_then(|mut find| find.query_map([plan_code], read)?.collect())
        .map_err(fault::map)
}

/// The limits of a plan, by metric and period.
pub(super) fn limits(reader: &Reader, plan_code: &str) -> Result<Vec<PlanLimit>> {
    reader
        .connection()
        .prepare_cached(
            "select metric, period, kind, limit_value from plan_limits where plan_code = ?1
             order by metric, period",
        )
        .and_then(|mut statement| {
            let limit = |row: &Row<'_>| {
                Ok(PlanLimit {
                    metric: row.get(0)?,
                    period: row.get(1)?,
                    kind: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                    limit: row.get(3)?,
                })
            };
            statement.query_map([plan_code], limit)?.collect()
        })
        .map_err(fault::map)
}
