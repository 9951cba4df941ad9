//! `plan_list`.

use rusqlite::Row;
use serde_json::Value;
use steward_core::plan::{PlanLimit, PlanList, PlanRow, PlanUnlock};
use steward_core::{Dataset, Result};

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
