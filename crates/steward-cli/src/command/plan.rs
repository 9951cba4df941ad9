//! `plans edit`.

use std::fmt::Write as _;

use steward_app::table::row;
use steward_core::plan::{PlanEditReq, PlanEffect, PlanEffectReq};
use steward_core::{Error, ErrorKind, Result};

use super::change::{new_intent, reviewed};
use crate::args::PlanEditArgs;
use crate::client::{Answer, Client};
use crate::render::number::{grouped, money};
use crate::render::style::Tone;

pub(crate) async fn edit(client: &Client, args: PlanEditArgs) -> Result<Answer> {
    let PlanEditArgs { plan, price_month, price_year, limits } = args;
    let plans = client.ask::<row::plan_list>(()).await?;
    let known = plans.rows.into_iter().find(|row| row.code == plan).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("There is no plan `{plan}`."))
            .with_field("plan", "Unknown; `steward plans list` shows them.")
    })?;
    let price_month_minor = price_month.map_or(known.price_month_minor, |price| price.0);
    let price_year_minor = price_year.map_or(known.price_year_minor, |price| price.0);
    let request =
        PlanEffectReq { plan: plan.clone(), price_month_minor, price_year_minor, limits: limits.clone() };
    let effect = client.ask::<row::plan_effect>(request).await?;
    if !client.global.json {
        client.note(&said(&effect));
    }
    let request = PlanEditReq {
        intent: new_intent(),
        plan,
        price_month_minor,
        price_year_minor,
        limits,
        reason: client.reason(),
        plan_token: None,
        confirm: None,
    };
    reviewed::<row::plan_edit>(client, request, |request, token, confirm| {
        request.plan_token = Some(token);
        request.confirm = confirm;
    })
    .await
}

/// What it does, before it is done.
fn said(effect: &PlanEffect) -> String {
    let count = |count: u64| grouped(i128::from(count));
    let mut text = format!(
        "{} {} on the plan's own price: {} a month now, {} then; {} with a price of their own keep it.",
        Tone::Strong.paint(count(effect.customers)),
        if effect.customers == 1 { "customer" } else { "customers" },
        money(effect.mrr_minor, &effect.currency),
        Tone::Strong.paint(money(effect.mrr_after_minor, &effect.currency)),
        count(effect.untouched_customers),
    );
    for limit in &effect.limits {
        let _ = write!(
            text,
            "\n{} a {}: {} users are over it now, {} would be.",
            limit.metric,
            limit.period,
            count(limit.over),
            count(limit.over_after)
        );
    }
    text
}
