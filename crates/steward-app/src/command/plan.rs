//! `plan_list`, `plan_effect`, `plan_edit`.

use serde_json::json;
use steward_core::operation::Outcome;
use steward_core::plan::{PlanEditReq, PlanEffect, PlanEffectReq, PlanList};
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::query;
use steward_store::postgres::actions::Action;

use super::operation::reviewed;
use crate::context::Steward;
use crate::table::Mode;

pub(crate) async fn plan_list(steward: &Steward, (): ()) -> Result<PlanList> {
    steward.cache().await?.read(query::plan::list).await
}

pub(crate) async fn plan_effect(steward: &Steward, request: PlanEffectReq) -> Result<PlanEffect> {
    steward.cache().await?.read(move |reader| query::plan::effect(reader, &request)).await
}

pub(crate) async fn plan_edit(steward: &Steward, request: PlanEditReq, mode: Mode) -> Result<Outcome> {
    let PlanEditReq {
        intent,
        plan,
        price_month_minor,
        price_year_minor,
        limits,
        reason,
        plan_token,
        confirm,
    } = request;
    let plans = steward.cache().await?.read(query::plan::list).await?;
    let known = plans.rows.into_iter().find(|row| row.code == plan).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "There is no such plan.").with_field("plan", "Unknown.")
    })?;
    let mut changes = json!({
        "limits": limits
            .iter()
            .map(|edit| json!({ "metric": edit.metric, "period": edit.period, "limit_value": edit.limit }))
            .collect::<Vec<_>>(),
    });
    // Only what differs is sent: a price nobody touched may have moved meanwhile, and stays.
    let mut expect = json!({});
    for (column, new, old) in [
        ("price_month_minor", price_month_minor, known.price_month_minor),
        ("price_year_minor", price_year_minor, known.price_year_minor),
    ] {
        if new != old {
            changes[column] = json!(new);
            expect[column] = json!(old);
        }
    }
    let action = Action::EditPlan { intent, plan, changes, expect, reason };
    reviewed(steward, action, plan_token, confirm, mode).await
}
